#include "processors/image/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/filter.h"

/* Samples of one line of a picture: `count` of them, `step` bytes apart. */
typedef struct line {
    uint8_t *data;
    int64_t count, step;
} line;

/* The line through the gaussian, each sum cut to a byte. Centre first, then pairs from the outside
 * in: the order in which the reference adds, which decides where a sum just below a whole number
 * is cut. */
static void blur_line(const line *along, const double *kernel, int64_t radius, uint8_t *scratch)
{
    for (int64_t i = 0; i < along->count; i++) {
        scratch[i] = along->data[i * along->step];
    }
    for (int64_t i = 0; i < along->count; i++) {
        double sum = scratch[i] * kernel[radius];
        for (int64_t d = radius; d > 0; d--) {
            const double pair = (double)scratch[tyto_mirror(i - d, along->count)] +
                                (double)scratch[tyto_mirror(i + d, along->count)];
            sum += pair * kernel[radius - d];
        }
        along->data[i * along->step] = (uint8_t)sum;
    }
}

/* Blurs all lines of one direction for `length` samples that shall become `outputs`. */
static tyto_status blur(tyto_image *image, bool down, int64_t outputs, tyto_error *err)
{
    const int64_t W = image->width_px, H = image->height_px, length = down ? H : W;
    const int64_t radius = tyto_gaussian_radius(length, outputs);
    if (length <= outputs) {
        return TYTO_OK;
    }
    double *kernel = tyto_alloc((size_t)(2 * radius + 1), sizeof(*kernel));
    uint8_t *scratch = tyto_alloc((size_t)length, 1);
    const bool ready = kernel && scratch;
    if (ready) {
        tyto_gaussian(length, outputs, kernel);
        for (int64_t i = 0; i < 3 * (down ? W : H); i++) {
            const line along = {.data = image->data + (down ? i : i / 3 * 3 * W + i % 3),
                                .count = length,
                                .step = down ? 3 * W : 3};
            blur_line(&along, kernel, radius, scratch);
        }
    }
    free(kernel);
    free(scratch);
    return ready ? TYTO_OK : tyto_fail_memory(err, "resize");
}

/* Linear sampling in both directions, rounded to bytes. */
static void sample(const tyto_image *source, tyto_image *out)
{
    const int64_t W = source->width_px, H = source->height_px;
    for (int64_t y = 0; y < out->height_px; y++) {
        const double at_y = tyto_sample_position(y, H, out->height_px), top = floor(at_y);
        const int64_t y0 = (int64_t)top, y1 = tyto_mirror(y0 + 1, H);
        for (int64_t i = 0; i < 3 * out->width_px; i++) {
            const double at_x = tyto_sample_position(i / 3, W, out->width_px), left = floor(at_x);
            const int64_t x0 = 3 * (int64_t)left + i % 3,
                          x1 = 3 * tyto_mirror((int64_t)left + 1, W) + i % 3;
            const double ty = at_y - top, tx = at_x - left;
            const uint8_t *upper = source->data + 3 * W * y0, *lower = source->data + 3 * W * y1;
            const double value = (1.0 - ty) * (1.0 - tx) * upper[x0] + (1.0 - ty) * tx * upper[x1] +
                                 ty * (1.0 - tx) * lower[x0] + ty * tx * lower[x1];
            out->data[3 * out->width_px * y + i] = (uint8_t)(value + 0.5);
        }
    }
}

tyto_status tyto_resize_bytes(const tyto_image_processor *processor, const tyto_image *image,
                              tyto_image *out, tyto_error *err)
{
    const int64_t side = tyto_max_i64(image->width_px, image->height_px);
    tyto_image padded;
    TYTO_TRY(tyto_image_make(processor->do_pad ? side : image->width_px,
                             processor->do_pad ? side : image->height_px, &padded, err));
    for (int64_t y = 0; y < image->height_px; y++) {
        memcpy(padded.data + 3 * padded.width_px * y, image->data + 3 * image->width_px * y,
               (size_t)image->width_px * 3);
    }
    tyto_status status = blur(&padded, true, processor->height, err);
    if (status == TYTO_OK) {
        status = blur(&padded, false, processor->width, err);
    }
    if (status == TYTO_OK) {
        status = tyto_image_make(processor->width, processor->height, out, err);
    }
    if (status == TYTO_OK) {
        sample(&padded, out);
    }
    tyto_image_clear(&padded);
    return status;
}
