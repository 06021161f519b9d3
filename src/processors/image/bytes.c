#include "processors/image/bytes.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/smooth.h"

static tyto_tensor tensor_of(const tyto_image *image)
{
    return (tyto_tensor){.dtype = TYTO_U8,
                         .rank = 3,
                         .shape = {image->height_px, image->width_px, 3},
                         .data = image->data};
}

tyto_status tyto_resize_bytes(const tyto_image_processor *processor, const tyto_image *image,
                              tyto_pool *pool, tyto_image *out, tyto_error *err)
{
    const int64_t side = tyto_max_i64(image->width_px, image->height_px);
    tyto_status status = TYTO_OK;
    tyto_image padded = {0}, resized = {0};
    if (processor->do_pad) {
        TYTO_CHECK(tyto_image_make(side, side, &padded, err));
        memset(padded.data, (int)TYTO_BYTE_PADDING, (size_t)(3 * side * side));
        for (int64_t y = 0; y < image->height_px; y++) {
            memcpy(padded.data + 3 * side * y, image->data + 3 * image->width_px * y,
                   (size_t)image->width_px * 3);
        }
        image = &padded;
    }
    TYTO_CHECK(tyto_image_make(processor->width, processor->height, &resized, err));
    const tyto_tensor source = tensor_of(image);
    tyto_tensor target = tensor_of(&resized);
    TYTO_CHECK(tyto_smooth(&source, NULL, pool, &target, err));
    *out = resized;
    resized = (tyto_image){0};
cleanup:
    tyto_image_clear(&padded);
    tyto_image_clear(&resized);
    return status;
}
