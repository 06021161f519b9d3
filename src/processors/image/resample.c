#include "processors/image/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Bits of a weight's fraction: of 32, 8 are the sample's and 2 keep sums of weights that are
 * negative or above 1 from overflowing. */
#define FRACTION_BITS (32 - 8 - 2)

static double sinc(double x)
{
    const double at = x * M_PI;
    return x == 0.0 ? 1.0 : sin(at) / at;
}

static double box(double x)
{
    return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

static double bilinear(double x)
{
    return fabs(x) < 1.0 ? 1.0 - fabs(x) : 0.0;
}

/* The window's two factors are floats there. */
static double hamming(double x)
{
    const double at = fabs(x) * M_PI;
    if (x == 0.0) {
        return 1.0;
    }
    return fabs(x) < 1.0 ? sin(at) / at * ((double)0.54f + (double)0.46f * cos(at)) : 0.0;
}

/* Keys, with a = -0.5. */
static double bicubic(double x)
{
    const double a = -0.5, d = fabs(x);
    if (d < 1.0) {
        return ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
    }
    return d < 2.0 ? (((d - 5.0) * d + 8.0) * d - 4.0) * a : 0.0;
}

static double lanczos(double x)
{
    return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
}

/* NEAREST has no weights. */
static const struct {
    double (*at)(double);
    double support;
} filters[TYTO_RESAMPLE_FILTERS] = {
    [TYTO_RESAMPLE_LANCZOS] = {lanczos, 3.0}, [TYTO_RESAMPLE_BILINEAR] = {bilinear, 1.0},
    [TYTO_RESAMPLE_BICUBIC] = {bicubic, 2.0}, [TYTO_RESAMPLE_BOX] = {box, 0.5},
    [TYTO_RESAMPLE_HAMMING] = {hamming, 1.0},
};

/* Output o is the sum over t < taps[o] of weights[o*stride + t] * input[first[o] + t]. */
typedef struct bank {
    int64_t outputs, stride;
    int64_t *first, *taps;
    int32_t *weights;
} bank;

static void bank_clear(bank *b)
{
    free(b->first);
    free(b->taps);
    free(b->weights);
}

/* The weights of one output, in floating point and then in fixed. */
static void weigh(bank *b, int64_t o, int64_t length, tyto_resample_filter filter, double *row)
{
    const double scale = (double)length / (double)b->outputs, wide = scale < 1.0 ? 1.0 : scale;
    const double support = filters[filter].support * wide, centre = ((double)o + 0.5) * scale;
    const double narrow = 1.0 / wide;
    const int64_t first = tyto_max_i64((int64_t)(centre - support + 0.5), 0);
    const int64_t taps = tyto_min_i64((int64_t)(centre + support + 0.5), length) - first;
    double sum = 0.0;
    for (int64_t t = 0; t < taps; t++) {
        row[t] = filters[filter].at(((double)(t + first) - centre + 0.5) * narrow);
        sum += row[t];
    }
    b->first[o] = first;
    b->taps[o] = taps;
    for (int64_t t = 0; t < taps; t++) {
        const double weight = (sum != 0.0 ? row[t] / sum : row[t]) * (1 << FRACTION_BITS);
        b->weights[o * b->stride + t] = (int32_t)(weight < 0.0 ? weight - 0.5 : weight + 0.5);
    }
}

static tyto_status bank_create(int64_t length, int64_t outputs, tyto_resample_filter filter,
                               bank *b, tyto_error *err)
{
    const double scale = (double)length / (double)outputs;
    const double support = filters[filter].support * (scale < 1.0 ? 1.0 : scale);
    size_t count = 0;
    *b = (bank){.outputs = outputs, .stride = (int64_t)ceil(support) * 2 + 1};
    double *row = tyto_alloc((size_t)b->stride, sizeof(*row));
    b->first = tyto_alloc((size_t)outputs, sizeof(*b->first));
    b->taps = tyto_alloc((size_t)outputs, sizeof(*b->taps));
    if (tyto_mul_size((size_t)outputs, (size_t)b->stride, &count)) {
        b->weights = tyto_alloc(count, sizeof(*b->weights));
    }
    const bool ready = row && b->first && b->taps && b->weights;
    for (int64_t o = 0; ready && o < outputs; o++) {
        weigh(b, o, length, filter, row);
    }
    free(row);
    return ready ? TYTO_OK : tyto_fail_memory(err, "resize");
}

static uint8_t to_byte(int32_t sum)
{
    const int32_t value = sum >> FRACTION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

typedef struct pass {
    const tyto_image *source;
    tyto_image *out;
    const bank *weights;
} pass;

static void across_row(void *context, int64_t y, int worker)
{
    const pass *job = context;
    const uint8_t *row = job->source->data + 3 * job->source->width_px * y;
    uint8_t *out = job->out->data + 3 * job->out->width_px * y;
    (void)worker;
    for (int64_t x = 0; x < job->weights->outputs; x++) {
        const int32_t *weights = job->weights->weights + x * job->weights->stride;
        const uint8_t *in = row + 3 * job->weights->first[x];
        int32_t r = 1 << (FRACTION_BITS - 1), g = r, b = r;
        for (int64_t t = 0; t < job->weights->taps[x]; t++) {
            r += in[3 * t] * weights[t];
            g += in[3 * t + 1] * weights[t];
            b += in[3 * t + 2] * weights[t];
        }
        out[3 * x] = to_byte(r);
        out[3 * x + 1] = to_byte(g);
        out[3 * x + 2] = to_byte(b);
    }
}

static void down_row(void *context, int64_t y, int worker)
{
    enum { AT_ONCE = 64 };
    const pass *job = context;
    const int64_t count = 3 * job->source->width_px, taps = job->weights->taps[y];
    const int32_t *weights = job->weights->weights + y * job->weights->stride;
    const uint8_t *in = job->source->data + count * job->weights->first[y];
    uint8_t *out = job->out->data + count * y;
    (void)worker;
    for (int64_t start = 0; start < count; start += AT_ONCE) {
        const int64_t n = tyto_min_i64(AT_ONCE, count - start);
        int32_t sums[AT_ONCE];
        for (int64_t i = 0; i < n; i++) {
            sums[i] = 1 << (FRACTION_BITS - 1);
        }
        for (int64_t t = 0; t < taps; t++) {
            for (int64_t i = 0; i < n; i++) {
                sums[i] += in[t * count + start + i] * weights[t];
            }
        }
        for (int64_t i = 0; i < n; i++) {
            out[start + i] = to_byte(sums[i]);
        }
    }
}

/* One direction, or a copy where that length stays. */
static tyto_status run_pass(const tyto_image *image, tyto_resample_filter filter, bool down,
                            int64_t outputs, tyto_pool *pool, tyto_image *out, tyto_error *err)
{
    const int64_t length = down ? image->height_px : image->width_px;
    bank weights = {0};
    TYTO_TRY(tyto_image_make(down ? image->width_px : outputs, down ? outputs : image->height_px,
                             out, err));
    if (length == outputs) {
        memcpy(out->data, image->data, (size_t)(3 * image->width_px * image->height_px));
        return TYTO_OK;
    }
    const tyto_status status = bank_create(length, outputs, filter, &weights, err);
    if (status == TYTO_OK) {
        pass job = {image, out, &weights};
        tyto_pool_run(pool, out->height_px, down ? down_row : across_row, &job);
    } else {
        tyto_image_clear(out);
    }
    bank_clear(&weights);
    return status;
}

/* Sample places are added up step by step there, which decides where rounding puts one. */
static tyto_status nearest(const tyto_image *image, int64_t width_px, int64_t height_px,
                           tyto_image *out, tyto_error *err)
{
    const double step_x = (double)image->width_px / (double)width_px;
    const double step_y = (double)image->height_px / (double)height_px;
    int64_t *columns = tyto_alloc((size_t)width_px, sizeof(*columns));
    tyto_status status =
        columns ? tyto_image_make(width_px, height_px, out, err) : tyto_fail_memory(err, "resize");
    if (status != TYTO_OK) {
        free(columns);
        return status;
    }
    double at_x = step_x * 0.5, at_y = step_y * 0.5;
    for (int64_t x = 0; x < width_px; x++, at_x += step_x) {
        columns[x] = (int64_t)at_x;
    }
    memset(out->data, 0, (size_t)(3 * width_px * height_px));
    for (int64_t y = 0; y < height_px; y++, at_y += step_y) {
        const uint8_t *row = image->data + 3 * image->width_px * (int64_t)at_y;
        uint8_t *pixels = out->data + 3 * width_px * y;
        for (int64_t x = 0; x < width_px && (int64_t)at_y < image->height_px; x++) {
            if (columns[x] < image->width_px) {
                memcpy(pixels + 3 * x, row + 3 * columns[x], 3);
            }
        }
    }
    free(columns);
    return TYTO_OK;
}

/* Rows go first where they get much fewer: since version 13, before which columns always did. */
static bool rows_first(const tyto_image *image, int64_t width_px, int64_t height_px)
{
    const int64_t fewer = image->height_px - height_px;
    return fewer > 0 && fewer > 2 * (image->width_px - width_px);
}

tyto_status tyto_resample(const tyto_image *image, tyto_resample_filter filter, int64_t width_px,
                          int64_t height_px, tyto_pool *pool, tyto_image *out, tyto_error *err)
{
    tyto_image between;
    if (filter == TYTO_RESAMPLE_NEAREST) {
        return nearest(image, width_px, height_px, out, err);
    }
    const bool down = rows_first(image, width_px, height_px);
    TYTO_TRY(run_pass(image, filter, down, down ? height_px : width_px, pool, &between, err));
    const tyto_status status =
        run_pass(&between, filter, !down, down ? width_px : height_px, pool, out, err);
    tyto_image_clear(&between);
    return status;
}
