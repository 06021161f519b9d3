#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/linear.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"

/* Smallest k of a matrix in digits: below it, most of the interleaved numbers would be padding. */
#define DIGITS_K_MIN 32

/* The digits that a matrix is packed in, or NULL: it is packed as its dtype says. A matrix of one
 * panel is not packed in digits, since those of the rows would cost more than the products save. */
static const tyto_digits_kernels *digits_of(const tyto_kernels *kernels, tyto_dtype dtype,
                                            int64_t n, int64_t k)
{
    return dtype == TYTO_F32 && n > kernels->gemm_columns && k >= DIGITS_K_MIN ? kernels->digits
                                                                               : NULL;
}

/* Neighbours along k that lie side by side. */
static int64_t interleave_of(const tyto_digits_kernels *digits, tyto_dtype dtype)
{
    return digits               ? TYTO_DIGITS_INTERLEAVE
           : dtype == TYTO_I8   ? TYTO_INT8_INTERLEAVE
           : dtype == TYTO_BF16 ? 2
                                : 1;
}

int64_t tyto_packed_k(const tyto_packed_matrix *matrix)
{
    return tyto_round_up(matrix->k, interleave_of(matrix->digits, matrix->dtype));
}

int64_t tyto_packed_panel_bytes(const tyto_packed_matrix *matrix)
{
    /* The digits of a float take as many bytes as the float. */
    return tyto_packed_k(matrix) * matrix->columns * (int64_t)tyto_dtype_bytes(matrix->dtype);
}

/* In a matrix that has arrays beside its panels, the panels and each array begin at a multiple of
 * TYTO_ALIGN. */
static size_t aligned(size_t bytes)
{
    return (size_t)tyto_round_up((int64_t)bytes, TYTO_ALIGN);
}

size_t tyto_packed_bytes(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n, int64_t k)
{
    const tyto_digits_kernels *digits = digits_of(kernels, dtype, n, k);
    const int64_t columns = kernels->gemm_columns, interleave = interleave_of(digits, dtype);
    size_t count, bytes;
    if (n > INT32_MAX - columns || k > INT32_MAX - interleave ||
        !tyto_mul_size((size_t)tyto_round_up(n, columns), (size_t)tyto_round_up(k, interleave),
                       &count) ||
        !tyto_mul_size(count, tyto_dtype_bytes(dtype), &bytes)) {
        return 0;
    }
    if (dtype == TYTO_I8) {
        const size_t outputs = (size_t)tyto_round_up(n, columns);
        bytes = aligned(bytes) + aligned(outputs * sizeof(float)) +
                aligned(outputs * sizeof(int32_t)) + (size_t)k * sizeof(float);
    } else if (digits) {
        bytes = aligned(bytes) + (size_t)tyto_round_up(n, columns) * sizeof(float);
    }
    return bytes;
}

tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n,
                                    int64_t k, void *data)
{
    tyto_packed_matrix matrix = {
        .n = n, .k = k, .columns = kernels->gemm_columns, .dtype = dtype, .data = data};
    matrix.digits = digits_of(kernels, dtype, n, k);
    const size_t outputs = (size_t)tyto_round_up(n, matrix.columns),
                 panels = outputs / (size_t)matrix.columns;
    char *scales = (char *)data + aligned(panels * (size_t)tyto_packed_panel_bytes(&matrix)),
         *after = scales + aligned(outputs * sizeof(float));
    if (dtype == TYTO_I8) {
        matrix.int8 = tyto_int8_select(kernels);
        matrix.scales = (float *)(void *)scales;
        matrix.sums = (int32_t *)(void *)after;
    } else if (matrix.digits) {
        matrix.scales = (float *)(void *)scales;
    }
    return matrix;
}

/* The smoothing of an I8 matrix; zeros when it isn't smoothed. */
static float *smooth_of(const tyto_packed_matrix *matrix)
{
    const size_t outputs = (size_t)tyto_round_up(matrix->n, matrix->columns);
    char *after = (char *)matrix->sums + aligned(outputs * sizeof(int32_t));
    return (float *)(void *)after;
}

void tyto_packed_resume(tyto_packed_matrix *matrix)
{
    if (matrix->dtype == TYTO_I8 && matrix->k > 0) {
        float *smooth = smooth_of(matrix);
        matrix->smooth = smooth[0] != 0.0f ? smooth : NULL;
    }
}

void tyto_packed_smooth(tyto_packed_matrix *matrix, const void *factors)
{
    matrix->smooth = smooth_of(matrix);
    memcpy(matrix->smooth, factors, (size_t)matrix->k * sizeof(float));
}

typedef struct fill_job {
    const tyto_packed_matrix *matrix;
    int64_t row, rows, stride, first_panel;
    const char *source;
    tyto_dtype dtype;
} fill_job;

/* Columns of the source that are converted at once: a block of a panel stays in the cache. Even,
 * so that pairs and groups stay together. */
#define FILL_K TYTO_DIGITS_INTERLEAVE

/* values[count] = row n of the source from k = `at` on, as they are to be quantised. */
static void read_row(const fill_job *job, int64_t n, int64_t at, int64_t count, float *values)
{
    const size_t offset =
        (size_t)((n - job->row) * job->stride + at) * tyto_dtype_bytes(job->dtype);
    tyto_convert(values, TYTO_F32, job->source + offset, job->dtype, count);
    for (int64_t i = 0; job->matrix->smooth && i < count; i++) {
        values[i] /= job->matrix->smooth[at + i];
    }
}

/* Quantises one output. The scale of a row that is not finite is NaN. */
static void fill_int8(const fill_job *job, int64_t n)
{
    const tyto_packed_matrix *matrix = job->matrix;
    const int64_t columns = matrix->columns, k = matrix->k;
    int8_t *target = (int8_t *)matrix->data + n / columns * columns * tyto_packed_k(matrix) +
                     n % columns * TYTO_INT8_INTERLEAVE;
    float values[FILL_K], most = 0.0f;
    int32_t sum = 0;
    for (int64_t at = 0; at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        read_row(job, n, at, count, values);
        for (int64_t i = 0; i < count; i++) {
            const float size = fabsf(values[i]);
            most = size > most || !isfinite(size) ? size : most;
        }
    }
    const bool counts = isfinite(most) && most >= TYTO_INT8_LEAST;
    const float inverse = counts ? TYTO_INT8_MOST / most : 0.0f;
    matrix->scales[n] = counts ? most / TYTO_INT8_MOST : isfinite(most) ? 0.0f : NAN;
    for (int64_t at = 0; counts && at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        read_row(job, n, at, count, values);
        for (int64_t i = 0; i < count; i++) {
            const int value = (int)rintf(values[i] * inverse);
            target[(at + i) / TYTO_INT8_INTERLEAVE * columns * TYTO_INT8_INTERLEAVE +
                   i % TYTO_INT8_INTERLEAVE] = (int8_t)value;
            sum += value;
        }
    }
    matrix->sums[n] = sum;
}

/* Packs one output in digits. */
static void fill_digits(const fill_job *job, int64_t n)
{
    const tyto_packed_matrix *matrix = job->matrix;
    const int64_t k = matrix->k, panel = n / matrix->columns;
    char *target = (char *)matrix->data + panel * tyto_packed_panel_bytes(matrix);
    float values[FILL_K], most = 0.0f;
    for (int64_t at = 0; at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        read_row(job, n, at, count, values);
        const float size = matrix->digits->most(count, values);
        most = size > most || !isfinite(size) ? size : most;
    }
    const float column = tyto_digits_size(most);
    matrix->scales[n] = column;
    for (int64_t at = 0; column > 0.0f && at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        read_row(job, n, at, count, values);
        matrix->digits->pack_column(k, at, values, column, (int)(n % matrix->columns), target);
    }
}

static void fill_panel(void *context, int64_t index, int worker)
{
    (void)worker;
    const fill_job *job = context;
    const tyto_packed_matrix *matrix = job->matrix;
    const int64_t columns = matrix->columns, k = matrix->k, panel = job->first_panel + index,
                  padded = tyto_packed_k(matrix);
    const int64_t first = tyto_max_i64(job->row, panel * columns),
                  end = tyto_min_i64(job->row + job->rows, (panel + 1) * columns);
    const size_t bytes = tyto_dtype_bytes(job->dtype);
    const bool by_rows = matrix->dtype == TYTO_I8 || matrix->digits;
    for (int64_t n = first; by_rows && n < end; n++) {
        (matrix->digits ? fill_digits : fill_int8)(job, n);
    }
    for (int64_t at = 0; !by_rows && at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        for (int64_t n = first; n < end; n++) {
            const size_t offset = (size_t)((n - job->row) * job->stride + at) * bytes;
            const int64_t block = (panel * padded + at) * columns, column = n % columns;
            if (matrix->dtype == TYTO_BF16) {
                uint16_t values[FILL_K], *target = (uint16_t *)matrix->data + block + 2 * column;
                tyto_narrow(values, TYTO_BF16, job->source + offset, job->dtype, count);
                for (int64_t i = 0; i < count; i++) {
                    target[i / 2 * 2 * columns + i % 2] = values[i];
                }
            } else {
                float values[FILL_K], *target = (float *)matrix->data + block + column;
                tyto_convert(values, TYTO_F32, job->source + offset, job->dtype, count);
                for (int64_t i = 0; i < count; i++) {
                    target[i * columns] = values[i];
                }
            }
        }
    }
}

void tyto_packed_fill(const tyto_packed_matrix *matrix, int64_t row, int64_t rows,
                      const void *source, int64_t stride, tyto_dtype dtype, tyto_pool *pool)
{
    fill_job job = {.matrix = matrix,
                    .row = row,
                    .rows = rows,
                    .stride = stride,
                    .first_panel = row / matrix->columns,
                    .source = source,
                    .dtype = dtype};
    const int64_t end_panel = (row + rows + matrix->columns - 1) / matrix->columns;
    tyto_pool_run(pool, end_panel - job.first_panel, fill_panel, &job);
}
