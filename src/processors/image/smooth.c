#include "processors/image/smooth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"
#include "processors/image/filter.h"
#include "processors/image/image_processor.h"

/* Below this nothing is blurred. */
#define SIGMA_LEAST 1e-15
#define SIGMA_MOST 16384.0

/* X(dtype, C type, lowest, highest) of whole numbers */
#define WHOLE_TYPES(X)                                                                             \
    X(TYTO_U8, uint8_t, 0, UINT8_MAX)                                                              \
    X(TYTO_I8, int8_t, INT8_MIN, INT8_MAX)                                                         \
    X(TYTO_U16, uint16_t, 0, UINT16_MAX)                                                           \
    X(TYTO_I16, int16_t, INT16_MIN, INT16_MAX)                                                     \
    X(TYTO_U32, uint32_t, 0, UINT32_MAX)                                                           \
    X(TYTO_I32, int32_t, INT32_MIN, INT32_MAX)                                                     \
    X(TYTO_U64, uint64_t, 0, UINT64_MAX)                                                           \
    X(TYTO_I64, int64_t, INT64_MIN, INT64_MAX)

#define READ(dtype, type, lowest, highest)                                                         \
    case dtype: {                                                                                  \
        type value;                                                                                \
        memcpy(&value, (const char *)data + (size_t)i * sizeof(value), sizeof(value));             \
        return (double)value;                                                                      \
    }

/* Data may stand at any address. */
static double read_number(const void *data, tyto_dtype dtype, int64_t i)
{
    switch ((int)dtype) {
        WHOLE_TYPES(READ)
        READ(TYTO_F32, float, 0, 0)
        READ(TYTO_F64, double, 0, 0)
    default:
        return 0.0;
    }
}

/* A whole number loses its fraction. */
#define WRITE(dtype, type, lowest, highest)                                                        \
    case dtype: {                                                                                  \
        const type whole = value <= (double)(lowest)    ? (type)(lowest)                           \
                           : value >= (double)(highest) ? (type)(highest)                          \
                                                        : (type)value;                             \
        memcpy((char *)data + (size_t)i * sizeof(whole), &whole, sizeof(whole));                   \
        break;                                                                                     \
    }

static void write_number(void *data, tyto_dtype dtype, int64_t i, double value)
{
    const float single = (float)value;
    switch ((int)dtype) {
        WHOLE_TYPES(WRITE)
    case TYTO_F32:
        memcpy((char *)data + (size_t)i * sizeof(single), &single, sizeof(single));
        break;
    case TYTO_F64:
        memcpy((char *)data + (size_t)i * sizeof(value), &value, sizeof(value));
        break;
    default:
        break;
    }
}

static bool is_floating(tyto_dtype dtype)
{
    return dtype == TYTO_F32 || dtype == TYTO_F64;
}

/* ---------------------------------------------------------------------------------- the blur */

/* One axis of a picture: lines of `count` samples, `step` elements apart. */
typedef struct blur_job {
    void *data;
    tyto_dtype dtype;
    int64_t count, step;
    const double *kernel; /* [2·radius + 1] */
    int64_t radius;
    double *lines; /* per worker: [count] */
} blur_job;

/* A line through the gaussian. Centre first, then pairs from the outside in: the order in which
 * the reference adds, which decides where a sum just below a whole number is cut. */
static void blur_line(void *context, int64_t index, int worker)
{
    const blur_job *job = context;
    double *line = job->lines + worker * job->count;
    const int64_t start = index / job->step * job->step * job->count + index % job->step;
    for (int64_t i = 0; i < job->count; i++) {
        line[i] = read_number(job->data, job->dtype, start + i * job->step);
    }
    for (int64_t i = 0; i < job->count; i++) {
        double sum = line[i] * job->kernel[job->radius];
        for (int64_t d = job->radius; d > 0; d--) {
            const bool inside = i >= d && i + d < job->count;
            const double pair = inside ? line[i - d] + line[i + d]
                                       : line[tyto_mirror(i - d, job->count)] +
                                             line[tyto_mirror(i + d, job->count)];
            sum += pair * job->kernel[job->radius - d];
        }
        write_number(job->data, job->dtype, start + i * job->step, sum);
    }
}

static tyto_status blur(const tyto_tensor *image, int axis, double sigma, tyto_pool *pool,
                        tyto_error *err)
{
    if (sigma <= SIGMA_LEAST) {
        return TYTO_OK;
    }
    const int64_t radius = tyto_gaussian_radius(sigma), count = image->shape[axis];
    double *kernel = tyto_alloc((size_t)(2 * radius + 1), sizeof(*kernel));
    double *lines = tyto_alloc((size_t)count, (size_t)tyto_pool_threads(pool) * sizeof(*lines));
    const bool ready = kernel && lines;
    if (ready) {
        tyto_gaussian(sigma, kernel);
        blur_job job = {.data = image->data,
                        .dtype = image->dtype,
                        .count = count,
                        .step = 1,
                        .kernel = kernel,
                        .radius = radius,
                        .lines = lines};
        for (int i = axis + 1; i < image->rank; i++) {
            job.step *= image->shape[i];
        }
        tyto_pool_run(pool, tyto_tensor_elements(image) / count, blur_line, &job);
    }
    free(kernel);
    free(lines);
    return ready ? TYTO_OK : tyto_fail_memory(err, "resize");
}

/* ------------------------------------------------------------------------------- the sampling */

typedef struct sample_job {
    const tyto_tensor *image;
    tyto_tensor *out;
    double lowest, highest; /* of the picture before it was blurred */
} sample_job;

static void sample_row(void *context, int64_t y, int worker)
{
    const sample_job *job = context;
    const tyto_dtype dtype = job->image->dtype;
    const int64_t H = job->image->shape[0], W = job->image->shape[1], C = job->image->shape[2],
                  h = job->out->shape[0], w = job->out->shape[1];
    const double at_y = tyto_sample_position(y, H, h), top = floor(at_y), ty = at_y - top;
    const int64_t upper = (int64_t)top * W * C, lower = tyto_mirror((int64_t)top + 1, H) * W * C;
    const void *data = job->image->data;
    (void)worker;
    for (int64_t x = 0; x < w; x++) {
        const double at_x = tyto_sample_position(x, W, w), left = floor(at_x), tx = at_x - left;
        const int64_t x0 = (int64_t)left * C, x1 = tyto_mirror((int64_t)left + 1, W) * C;
        for (int64_t c = 0; c < C; c++) {
            double value = read_number(data, dtype, upper + x0 + c) * (1.0 - ty) * (1.0 - tx) +
                           read_number(data, dtype, upper + x1 + c) * (1.0 - ty) * tx +
                           read_number(data, dtype, lower + x0 + c) * ty * (1.0 - tx) +
                           read_number(data, dtype, lower + x1 + c) * ty * tx;
            if (!is_floating(dtype)) {
                value += value > 0.0 ? 0.5 : -0.5;
            }
            value = value < job->lowest ? job->lowest : value > job->highest ? job->highest : value;
            write_number(job->out->data, dtype, (y * w + x) * C + c, value);
        }
    }
}

/* The lowest and the highest number, passing over NaN. */
static void find_range(const tyto_tensor *image, double *lowest, double *highest)
{
    const int64_t count = tyto_tensor_elements(image);
    *lowest = INFINITY;
    *highest = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        const double value = read_number(image->data, image->dtype, i);
        *lowest = value < *lowest ? value : *lowest;
        *highest = value > *highest ? value : *highest;
    }
}

/* ------------------------------------------------------------------------------------ the call */

tyto_status tyto_resize_check(const tyto_tensor *image, int64_t channels, const tyto_tensor *out,
                              tyto_error *err)
{
    if (image->rank != 3 || out->rank != 3 || image->shape[2] < 1 || image->shape[2] > channels) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "resize: required pictures of three dimensions, height, width and 1 to "
                         "%lld channels",
                         (long long)channels);
    }
    if (out->shape[2] != image->shape[2] || out->dtype != image->dtype) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "resize: got an output of other channels or another type, required the "
                         "picture's");
    }
    if (out->shape[0] < 1 || out->shape[1] < 1 || out->shape[0] > TYTO_PROCESSOR_SIDE_MAX ||
        out->shape[1] > TYTO_PROCESSOR_SIDE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "resize: got %lldx%lld, required 1 to %d a side",
                         (long long)out->shape[1], (long long)out->shape[0],
                         TYTO_PROCESSOR_SIDE_MAX);
    }
    TYTO_TRY(tyto_image_check_size("resize", (uint64_t)tyto_max_i64(image->shape[1], 0),
                                   (uint64_t)tyto_max_i64(image->shape[0], 0), err));
    TYTO_REQUIRE(err, image->data);
    TYTO_REQUIRE(err, out->data);
    return TYTO_OK;
}

static tyto_status check_sigma(const double *sigma, tyto_error *err)
{
    for (int axis = 0; sigma && axis < 3; axis++) {
        if (!(sigma[axis] >= 0.0 && sigma[axis] <= SIGMA_MOST)) {
            return tyto_fail(err, TYTO_E_RANGE, "resize: got a sigma of %g, required 0 to %g",
                             sigma[axis], SIGMA_MOST);
        }
    }
    return TYTO_OK;
}

static bool is_number(tyto_dtype dtype)
{
    return dtype != TYTO_F16 && dtype != TYTO_BF16 && dtype != TYTO_BOOL &&
           tyto_dtype_bytes(dtype) > 0;
}

tyto_status tyto_smooth(const tyto_tensor *image, const double *sigma, tyto_pool *pool,
                        tyto_tensor *out, tyto_error *err)
{
    TYTO_TRY(tyto_resize_check(image, TYTO_IMAGE_SIDE_MAX, out, err));
    TYTO_TRY(check_sigma(sigma, err));
    if (!is_number(image->dtype)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "resize: got %s, required whole numbers, F32 or F64",
                         tyto_dtype_name(image->dtype));
    }
    tyto_status status = TYTO_OK;
    tyto_tensor blurred = *image;
    sample_job job = {.image = &blurred, .out = out};
    const size_t bytes = tyto_dtype_bytes(image->dtype);
    blurred.data = tyto_alloc((size_t)tyto_tensor_elements(image), bytes);
    if (!blurred.data) {
        return tyto_fail_memory(err, "resize");
    }
    memcpy(blurred.data, image->data, (size_t)tyto_tensor_elements(image) * bytes);
    find_range(image, &job.lowest, &job.highest);
    for (int axis = 0; axis < 3; axis++) {
        TYTO_CHECK(
            blur(&blurred, axis,
                 sigma ? sigma[axis] : tyto_gaussian_sigma(image->shape[axis], out->shape[axis]),
                 pool, err));
    }
    tyto_pool_run(pool, out->shape[0], sample_row, &job);
cleanup:
    free(blurred.data);
    return status;
}
