#include <string.h>

#include "base/memory.h"
#include "nn/linear.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"

/* Steps of k that lie side by side. */
static int64_t steps_of(tyto_dtype dtype)
{
    return dtype == TYTO_BF16 ? 2 : 1;
}

int64_t tyto_packed_k(const tyto_packed_matrix *matrix)
{
    return tyto_round_up(matrix->k, steps_of(matrix->dtype));
}

size_t tyto_packed_bytes(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n, int64_t k)
{
    const int64_t columns = kernels->gemm_columns, steps = steps_of(dtype);
    size_t count;
    if (n > INT64_MAX - columns || k > INT64_MAX - steps ||
        !tyto_mul_size((size_t)tyto_round_up(n, columns), (size_t)tyto_round_up(k, steps),
                       &count) ||
        !tyto_mul_size(count, tyto_dtype_bytes(dtype), &count)) {
        return 0;
    }
    return count;
}

tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n,
                                    int64_t k, void *data)
{
    return (tyto_packed_matrix){
        .n = n, .k = k, .columns = kernels->gemm_columns, .dtype = dtype, .data = data};
}

typedef struct fill_job {
    const tyto_packed_matrix *matrix;
    int64_t row, rows, stride, first_panel;
    const char *source;
    tyto_dtype dtype;
} fill_job;

/* Columns of the source that are converted at once: a block of a panel stays in the cache. Even,
 * so that pairs stay together. */
#define FILL_K 64

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
    for (int64_t at = 0; at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        for (int64_t n = first; n < end; n++) {
            const size_t offset = (size_t)((n - job->row) * job->stride + at) * bytes;
            const int64_t block = (panel * padded + at) * columns, column = n % columns;
            if (matrix->dtype == TYTO_BF16) {
                uint16_t values[FILL_K], *to = (uint16_t *)matrix->data + block + 2 * column;
                tyto_narrow(values, TYTO_BF16, job->source + offset, job->dtype, count);
                for (int64_t i = 0; i < count; i++) {
                    to[i / 2 * 2 * columns + i % 2] = values[i];
                }
            } else {
                float values[FILL_K], *to = (float *)matrix->data + block + column;
                tyto_convert(values, TYTO_F32, job->source + offset, job->dtype, count);
                for (int64_t i = 0; i < count; i++) {
                    to[i * columns] = values[i];
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
