/* preprocessor_config.json, and a small picture through what it describes. */
#include <stdlib.h>
#include <tyto/processor.h>

#include "fuzz.h"

/* Largest output that is made: a search needs many runs more than it needs large ones. */
#define FLOATS_MAX (3 * 64 * 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t pixels[5 * 7 * 3] = {255, 1, 2, 3, 200};
    const tyto_image image = {7, 5, (uint8_t *)(uintptr_t)pixels};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    (void)fuzz_file("preprocessor_config.json", data, size);
    if (tyto_image_processor_open(fuzz_folder(), &processor, &err) == TYTO_OK) {
        int64_t shape[3];
        tyto_image_processor_shape(processor, image.width_px, image.height_px, shape);
        if (shape[0] != 3 || shape[1] < 0 || shape[2] < 0) {
            __builtin_trap();
        }
        const int64_t count = shape[0] * shape[1] * shape[2];
        float *out = count <= FLOATS_MAX ? malloc((size_t)count * sizeof(*out)) : NULL;
        /* A crop may leave nothing of it, or grow beyond all limits before it is resized. */
        const tyto_status status =
            out ? tyto_image_processor_run(processor, NULL, &image, out, &err) : TYTO_OK;
        if (status != TYTO_OK && status != TYTO_E_RANGE && status != TYTO_E_LIMIT) {
            __builtin_trap();
        }
        free(out);
    } else if (!err.message) {
        __builtin_trap();
    }
    tyto_image_processor_destroy(processor);
    tyto_error_clear(&err);
    return 0;
}
