/* Owlv2ImageProcessor: rescale, pad to a square, resize, normalise.
 *
 * Gaussian blur and linear sampling are one banded filter per axis, and both keep constants: with
 * p the padding's value, resize(image) = p + filter(image − p), where the padding contributes
 * nothing. So only the photo's own pixels are ever read. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/bytes.h"
#include "processors/image/filter.h"
#include "processors/image/image_processor.h"

/* The reference pads with this value, whatever the scale of the pixels. */
#define PADDING 0.5

typedef struct resize_job {
    const tyto_image *image;
    int64_t height, width;   /* of the output */
    tyto_filter down, along; /* rows and columns */
    const float *levels;     /* [256] of a byte, minus the padding */
    float padding;
    float mean[3], std[3]; /* normalisation: (value − mean)/std */
    float *rows;           /* per worker: one filtered row, [width of the photo][3] */
    float *out;            /* [3,height,width] */
} resize_job;

/* row[3·width] = the photo's rows under output row y, weighted. */
static void filter_down(const resize_job *job, int64_t y, float *row)
{
    const int64_t count = 3 * job->image->width_px;
    const int64_t first = job->down.first[y], taps = job->down.taps[y];
    const float *levels = job->levels;
    memset(row, 0, (size_t)count * sizeof(float));
    for (int64_t t = 0; t < taps; t++) {
        const uint8_t *pixels = job->image->data + (first + t) * count;
        const float weight = job->down.weights[y * job->down.stride + t];
        const float step = (levels[255] - levels[0]) / 255.0f * weight, base = levels[0] * weight;
        for (int64_t i = 0; i < count; i++) {
            row[i] += (float)pixels[i] * step + base;
        }
    }
}

static void resize_row(void *context, int64_t y, int worker)
{
    const resize_job *job = context;
    const tyto_filter *along = &job->along;
    const int64_t plane = job->height * job->width;
    float *row = job->rows + worker * 3 * job->image->width_px;
    float *out = job->out + y * job->width;
    filter_down(job, y, row);
    for (int64_t x = 0; x < job->width; x++) {
        const float *pixels = row + 3 * along->first[x],
                    *weights = along->weights + x * along->stride;
        float r = 0.0f, g = 0.0f, b = 0.0f;
        for (int64_t t = 0; t < along->taps[x]; t++) {
            r += weights[t] * pixels[3 * t];
            g += weights[t] * pixels[3 * t + 1];
            b += weights[t] * pixels[3 * t + 2];
        }
        out[x] = (r + job->padding - job->mean[0]) / job->std[0];
        out[x + plane] = (g + job->padding - job->mean[1]) / job->std[1];
        out[x + 2 * plane] = (b + job->padding - job->mean[2]) / job->std[2];
    }
}

/* (value − mean)/std, or the value itself. */
static void normalisation(const tyto_image_processor *processor, float mean[3], float std[3])
{
    for (int c = 0; c < 3; c++) {
        mean[c] = processor->do_normalize ? (float)processor->mean[c] : 0.0f;
        std[c] = processor->do_normalize ? (float)processor->std[c] : 1.0f;
    }
}

static tyto_status resize(const tyto_image_processor *processor, tyto_pool *pool,
                          const tyto_image *image, const float levels[256], float padding,
                          float *out, tyto_error *err)
{
    const int64_t side = tyto_max_i64(image->width_px, image->height_px);
    resize_job job = {.image = image,
                      .height = processor->height,
                      .width = processor->width,
                      .levels = levels,
                      .padding = padding,
                      .out = out};
    tyto_status status = TYTO_OK;
    normalisation(processor, job.mean, job.std);
    TYTO_CHECK(tyto_filter_create(processor->do_pad ? side : image->height_px, processor->height,
                                  image->height_px, &job.down, err));
    TYTO_CHECK(tyto_filter_create(processor->do_pad ? side : image->width_px, processor->width,
                                  image->width_px, &job.along, err));
    job.rows =
        tyto_alloc((size_t)image->width_px * 3, (size_t)tyto_pool_threads(pool) * sizeof(float));
    if (!job.rows) {
        status = tyto_fail_memory(err, "resize");
        goto cleanup;
    }
    tyto_pool_run(pool, job.height, resize_row, &job);
cleanup:
    free(job.rows);
    tyto_filter_clear(&job.down);
    tyto_filter_clear(&job.along);
    return status;
}

/* Padding and normalisation without resizing. */
static void copy(const tyto_image_processor *processor, const tyto_image *image,
                 const float levels[256], float padding, float *out)
{
    float mean[3], std[3];
    int64_t shape[3];
    tyto_image_processor_shape(processor, image->width_px, image->height_px, shape);
    normalisation(processor, mean, std);
    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) {
        const int64_t x = i % shape[2], y = i / shape[2] % shape[1], c = i / shape[2] / shape[1];
        const bool inside = x < image->width_px && y < image->height_px;
        const float value =
            inside ? levels[image->data[3 * (y * image->width_px + x) + c]] + padding : padding;
        out[i] = (value - mean[c]) / std[c];
    }
}

tyto_status tyto_owlv2_process(const tyto_image_processor *processor, tyto_pool *pool,
                               const tyto_image *image, float *out, tyto_error *err)
{
    float levels[256];
    const double unit = processor->do_rescale ? processor->rescale_factor : 1.0,
                 padding = processor->do_rescale ? PADDING : TYTO_BYTE_PADDING;
    for (int i = 0; i < 256; i++) {
        levels[i] = (float)(i * unit - padding);
    }
    if (processor->do_resize && processor->do_rescale) {
        return resize(processor, pool, image, levels, (float)padding, out, err);
    }
    tyto_image resized = {0};
    if (processor->do_resize) {
        TYTO_TRY(tyto_resize_bytes(processor, image, pool, &resized, err));
        image = &resized;
    }
    copy(processor, image, levels, (float)padding, out);
    tyto_image_clear(&resized);
    return TYTO_OK;
}
