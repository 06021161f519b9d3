/* Pillow's resizing of pictures that aren't RGB: three channels at a time, and alpha apart. */
#include <string.h>
#include <tyto/image.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/resample.h"
#include "processors/image/smooth.h"

/* a · b / 255, rounded. */
static uint8_t weighted(uint8_t value, uint8_t alpha)
{
    const unsigned product = (unsigned)value * alpha + 128U;
    return (uint8_t)(((product >> 8) + product) >> 8);
}

static uint8_t unweighted(uint8_t value, uint8_t alpha)
{
    if (alpha == 0 || alpha == 255) {
        return value;
    }
    const unsigned whole = 255U * value / alpha;
    return (uint8_t)(whole < 255U ? whole : 255U);
}

/* An RGB picture of the colours (grey three times), or of the alpha three times. */
static tyto_status take(const tyto_tensor *image, bool alpha, bool weigh, tyto_image *out,
                        tyto_error *err)
{
    const int64_t C = image->shape[2], colours = C < 3 ? 1 : 3;
    TYTO_TRY(tyto_image_make(image->shape[1], image->shape[0], out, err));
    const uint8_t *pixel = image->data;
    for (int64_t i = 0; i < image->shape[0] * image->shape[1]; i++, pixel += C) {
        for (int64_t c = 0; c < 3; c++) {
            const uint8_t value = pixel[alpha ? colours : c % colours];
            out->data[3 * i + c] = weigh ? weighted(value, pixel[colours]) : value;
        }
    }
    return TYTO_OK;
}

tyto_status tyto_resample_tensor(const tyto_tensor *image, tyto_resample_filter filter,
                                 tyto_pool *pool, tyto_tensor *out, tyto_error *err)
{
    TYTO_TRY(tyto_resize_check(image, 4, out, err));
    if (image->dtype != TYTO_U8) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "resize: got %s, required U8",
                         tyto_dtype_name(image->dtype));
    }
    const int64_t h = out->shape[0], w = out->shape[1], C = image->shape[2],
                  colours = C < 3 ? 1 : 3;
    if (h == image->shape[0] && w == image->shape[1]) {
        memcpy(out->data, image->data, (size_t)(h * w * C));
        return TYTO_OK;
    }
    const bool has_alpha = C > colours, weigh = has_alpha && filter != TYTO_RESAMPLE_NEAREST;
    tyto_status status = TYTO_OK;
    tyto_image source[2] = {{0}}, target[2] = {{0}};
    for (int part = 0; part < (has_alpha ? 2 : 1); part++) {
        TYTO_CHECK(take(image, part == 1, weigh && part == 0, &source[part], err));
        TYTO_CHECK(tyto_resample(&source[part], filter, w, h, pool, &target[part], err));
    }
    uint8_t *pixel = out->data;
    for (int64_t i = 0; i < h * w; i++, pixel += C) {
        const uint8_t alpha = has_alpha ? target[1].data[3 * i] : 255;
        for (int64_t c = 0; c < colours; c++) {
            const uint8_t value = target[0].data[3 * i + c];
            pixel[c] = weigh ? unweighted(value, alpha) : value;
        }
        if (has_alpha) {
            pixel[colours] = alpha;
        }
    }
cleanup:
    for (int part = 0; part < 2; part++) {
        tyto_image_clear(&source[part]);
        tyto_image_clear(&target[part]);
    }
    return status;
}
