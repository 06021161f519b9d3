/* A .flo file: what is read is drawn. */
#include <tyto/flow.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_field flow;
    tyto_image image;
    double mean, longest;
    if (tyto_flow_field_decode(data, size, "input", &flow, &err) != TYTO_OK) {
        if (!err.message) {
            __builtin_trap();
        }
        tyto_error_clear(&err);
        return 0;
    }
    tyto_flow_field_measure(&flow, &mean, &longest);
    if (!(mean >= 0.0 && mean <= longest * (1.0 + 1e-9))) {
        __builtin_trap();
    }
    if (tyto_flow_field_draw(&flow, 0.0, &image, NULL) != TYTO_OK) {
        __builtin_trap();
    }
    tyto_image_clear(&image);
    tyto_flow_field_clear(&flow);
    return 0;
}
