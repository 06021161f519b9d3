/* PerceiverImageProcessor: crop the centre, resize, rescale, normalise. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"
#include "processors/image/resample.h"

/* One direction of the crop: `length` samples of the picture, from `source_start` on, go to
 * `out_start` of `size`; the rest is zeros. */
typedef struct cut {
    int64_t source_start, out_start, length, size;
} cut;

/* The centre `wanted` of `have` samples. Where more are wanted than there are, the picture stands
 * in the middle of zeros, which lack a last sample when they can't be shared evenly. */
static cut centre(int64_t have, int64_t wanted)
{
    if (wanted <= have) {
        const int64_t start = (have - wanted) / 2;
        return (cut){start, 0, wanted, wanted};
    }
    const int64_t missing = wanted - have;
    return (cut){0, missing / 2, have, wanted - missing % 2};
}

/* The picture's shorter side, times how much smaller the size is than the crop. */
static void find_cuts(const tyto_image_processor *processor, int64_t width_px, int64_t height_px,
                      cut *rows, cut *columns)
{
    const double shorter = (double)tyto_min_i64(width_px, height_px);
    const double height = (double)processor->height / (double)processor->crop_height * shorter;
    const double width = (double)processor->width / (double)processor->crop_width * shorter;
    *rows = centre(height_px, (int64_t)height);
    *columns = centre(width_px, (int64_t)width);
}

void tyto_perceiver_process_shape(const tyto_image_processor *processor, int64_t width_px,
                                  int64_t height_px, int64_t shape[3])
{
    cut rows = {.size = height_px}, columns = {.size = width_px};
    if (processor->do_center_crop) {
        find_cuts(processor, width_px, height_px, &rows, &columns);
    }
    shape[0] = 3;
    shape[1] = processor->do_resize ? processor->height : rows.size;
    shape[2] = processor->do_resize ? processor->width : columns.size;
}

static tyto_status crop(const tyto_image_processor *processor, const tyto_image *image,
                        tyto_image *out, tyto_error *err)
{
    cut rows, columns;
    find_cuts(processor, image->width_px, image->height_px, &rows, &columns);
    if (rows.size < 1 || columns.size < 1) {
        return tyto_fail(
            err, TYTO_E_RANGE,
            "image: got %lldx%lld pixels, of which the crop leaves %lldx%lld, required "
            "1 or more a side",
            (long long)image->width_px, (long long)image->height_px, (long long)columns.size,
            (long long)rows.size);
    }
    TYTO_TRY(tyto_image_make(columns.size, rows.size, out, err));
    memset(out->data, 0, (size_t)(3 * columns.size * rows.size));
    for (int64_t y = 0; y < rows.length; y++) {
        memcpy(out->data + 3 * ((rows.out_start + y) * columns.size + columns.out_start),
               image->data + 3 * ((rows.source_start + y) * image->width_px + columns.source_start),
               (size_t)(3 * columns.length));
    }
    return TYTO_OK;
}

/* A byte times a whole number, in the narrowest integers that hold the number (NumPy's rule). */
static double whole_product(int64_t byte, double factor)
{
    const double product = (double)byte * factor;
    if (factor >= 0.0 && factor < 256.0) {
        return (double)((int64_t)product & 0xFF);
    }
    if (factor >= 256.0 && factor < 65536.0) {
        return (double)((int64_t)product & 0xFFFF);
    }
    return factor < 0.0 && factor >= -32768.0 ? (double)(int16_t)((int64_t)product & 0xFFFF)
                                              : product;
}

/* levels[256][3]: what a byte becomes in each channel. */
static void find_levels(const tyto_image_processor *processor, float (*levels)[3])
{
    for (int byte = 0; byte < 256; byte++) {
        float value = (float)byte;
        if (processor->do_rescale) {
            value =
                (float)(processor->is_whole_factor ? whole_product(byte, processor->rescale_factor)
                                                   : byte * processor->rescale_factor);
        }
        for (int c = 0; c < 3; c++) {
            levels[byte][c] = processor->do_normalize
                                  ? (value - (float)processor->mean[c]) / (float)processor->std[c]
                                  : value;
        }
    }
}

static void spread(const tyto_image *image, const float (*levels)[3], float *out)
{
    const int64_t plane = image->width_px * image->height_px;
    for (int64_t i = 0; i < plane; i++) {
        for (int c = 0; c < 3; c++) {
            out[c * plane + i] = levels[image->data[3 * i + c]][c];
        }
    }
}

tyto_status tyto_perceiver_process(const tyto_image_processor *processor, tyto_pool *pool,
                                   const tyto_image *image, float *out, tyto_error *err)
{
    float levels[256][3];
    tyto_image cropped = {0}, resized = {0};
    tyto_status status = TYTO_OK;
    if (processor->do_center_crop) {
        TYTO_CHECK(crop(processor, image, &cropped, err));
        image = &cropped;
    }
    if (processor->do_resize) {
        TYTO_CHECK(tyto_resample(image, (tyto_resample_filter)processor->resample, processor->width,
                                 processor->height, pool, &resized, err));
        image = &resized;
    }
    find_levels(processor, levels);
    spread(image, (const float(*)[3])levels, out);
cleanup:
    tyto_image_clear(&cropped);
    tyto_image_clear(&resized);
    return status;
}
