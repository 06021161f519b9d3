/* A picture file of any format. */
#include <tyto/image.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image;
    if (tyto_image_decode(data, size, "input", NULL, &image, &err) != TYTO_OK) {
        if (!err.message) {
            __builtin_trap();
        }
        tyto_error_clear(&err);
        return 0;
    }
    if (image.width_px < 1 || image.height_px < 1 ||
        image.width_px * image.height_px > TYTO_IMAGE_PIXELS_MAX) {
        __builtin_trap();
    }
    /* The first and last pixel are there. */
    volatile uint8_t sum = image.data[0];
    sum = (uint8_t)(sum + image.data[image.width_px * image.height_px * 3 - 1]);
    tyto_image_clear(&image);
    return 0;
}
