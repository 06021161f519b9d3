#include "nn/linear.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/convert.h"

/* Depth of one block: a panel of it (16 KB for AVX2) stays in the first-level cache. */
#define BLOCK_K 256
/* Rows of x that are packed together: a block of them stays in the second-level cache. */
#define CHUNK_ROWS 72
/* Most outputs of a task: its unfinished sums (288 KB) stay there too. */
#define GROUP_COLUMNS 1024
/* Tasks per thread, so that none waits long for the last one. */
#define TASKS_PER_THREAD 4

static int64_t panels_of(const tyto_packed_matrix *matrix)
{
    return (matrix->n + matrix->columns - 1) / matrix->columns;
}

size_t tyto_packed_bytes(const tyto_kernels *kernels, int64_t n, int64_t k)
{
    const int64_t columns = kernels->gemm_columns;
    size_t count;
    if (n > INT64_MAX - columns ||
        !tyto_mul_size((size_t)tyto_round_up(n, columns), (size_t)k, &count) ||
        !tyto_mul_size(count, sizeof(float), &count)) {
        return 0;
    }
    return count;
}

tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, int64_t n, int64_t k, void *data)
{
    return (tyto_packed_matrix){.n = n, .k = k, .columns = kernels->gemm_columns, .data = data};
}

typedef struct fill_job {
    const tyto_packed_matrix *matrix;
    int64_t row, rows, stride, first_panel;
    const char *source;
    tyto_dtype dtype;
} fill_job;

/* Columns of the source that are converted at once: a block of a panel stays in the cache. */
#define FILL_K 64

static void fill_panel(void *context, int64_t index, int worker)
{
    (void)worker;
    const fill_job *job = context;
    const tyto_packed_matrix *matrix = job->matrix;
    const int64_t columns = matrix->columns, k = matrix->k, panel = job->first_panel + index;
    const int64_t first = tyto_max_i64(job->row, panel * columns),
                  end = tyto_min_i64(job->row + job->rows, (panel + 1) * columns);
    const size_t bytes = tyto_dtype_bytes(job->dtype);
    for (int64_t at = 0; at < k; at += FILL_K) {
        const int64_t count = tyto_min_i64(FILL_K, k - at);
        for (int64_t n = first; n < end; n++) {
            float values[FILL_K];
            float *to = matrix->data + (panel * k + at) * columns + n % columns;
            const size_t offset = (size_t)((n - job->row) * job->stride + at) * bytes;
            tyto_convert(values, TYTO_F32, job->source + offset, job->dtype, count);
            for (int64_t i = 0; i < count; i++) {
                to[i * columns] = values[i];
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

/* A product cut into tasks of `tiles` row tiles × `panels` panels. */
typedef struct linear_job {
    const tyto_linear_args *args;
    const tyto_kernels *kernels;
    int64_t tiles, panels;        /* of a task */
    int64_t groups;               /* of panels: tasks per chunk of rows */
    int64_t a_floats, sum_floats; /* of a worker's scratch */
    float *scratch;
} linear_job;

/* packed[tile][k][rows of a tile] from x[rows,k]; missing rows are 0. */
static void pack_rows(const float *x, int64_t ldx, int64_t rows, int64_t k, int64_t tile_rows,
                      float *packed)
{
    for (int64_t r = 0; r < tyto_round_up(rows, tile_rows); r++) {
        float *to = packed + r / tile_rows * tile_rows * k + r % tile_rows;
        const float *from = x + r * ldx;
        for (int64_t i = 0; i < k; i++) {
            to[i * tile_rows] = r < rows ? from[i] : 0.0f;
        }
    }
}

/* What follows a tile whose sum is complete. */
static void finish_tile(const linear_job *job, int64_t row, int64_t column, const float *sum)
{
    const tyto_linear_args *args = job->args;
    const tyto_epilogue epilogue = {
        .bias = args->bias ? args->bias + column : NULL,
        .activation = args->activation,
        .residual = args->residual ? args->residual + row * args->ldr + column : NULL,
        .residual_stride = args->ldr,
        .y = args->y + row * args->ldy + column,
        .y_stride = args->ldy,
    };
    job->kernels->gemm_finish(
        sum, (int)tyto_min_i64(job->kernels->gemm_rows, args->rows - row),
        (int)tyto_min_i64(job->kernels->gemm_columns, args->weight->n - column), &epilogue);
}

static void linear_task(void *context, int64_t index, int worker)
{
    const linear_job *job = context;
    const tyto_linear_args *args = job->args;
    const int64_t R = job->kernels->gemm_rows, N = job->kernels->gemm_columns, K = args->weight->k;
    const int64_t first_row = index / job->groups * job->tiles * R,
                  first_panel = index % job->groups * job->panels;
    const int64_t rows = tyto_min_i64(job->tiles * R, args->rows - first_row),
                  tiles = (rows + R - 1) / R,
                  panels = tyto_min_i64(job->panels, panels_of(args->weight) - first_panel);
    float *a = job->scratch + worker * (job->a_floats + job->sum_floats), *sums = a + job->a_floats;
    for (int64_t at = 0; at < K; at += BLOCK_K) {
        const int64_t depth = tyto_min_i64(BLOCK_K, K - at);
        pack_rows(args->x + first_row * args->ldx + at, args->ldx, rows, depth, R, a);
        for (int64_t p = 0; p < panels; p++) {
            const float *panel = args->weight->data + ((first_panel + p) * K + at) * N;
            for (int64_t t = 0; t < tiles; t++) {
                float *sum = sums + (p * job->tiles + t) * R * N;
                job->kernels->gemm_tile(depth, a + t * R * depth, panel, sum, at > 0);
                if (at + depth == K) {
                    finish_tile(job, first_row + t * R, (first_panel + p) * N, sum);
                }
            }
        }
    }
}

/* Chooses the tasks: wide groups of panels reuse a packed chunk, but every thread needs work. */
static linear_job cut(const tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t R = kernels->gemm_rows, N = kernels->gemm_columns,
                  panels = panels_of(args->weight);
    linear_job job = {.args = args, .kernels = kernels};
    job.tiles = tyto_max_i64(1, tyto_min_i64(CHUNK_ROWS / R, (args->rows + R - 1) / R));
    const int64_t chunks = (args->rows + job.tiles * R - 1) / (job.tiles * R);
    const int64_t wanted = (TASKS_PER_THREAD * tyto_pool_threads(exec->pool) + chunks - 1) / chunks;
    job.groups = tyto_max_i64((panels * N + GROUP_COLUMNS - 1) / GROUP_COLUMNS,
                              tyto_min_i64(wanted, panels));
    job.panels = (panels + job.groups - 1) / job.groups;
    job.groups = (panels + job.panels - 1) / job.panels;
    job.a_floats = tyto_round_up(job.tiles * R * tyto_min_i64(BLOCK_K, args->weight->k), 16);
    job.sum_floats = tyto_round_up(job.tiles * R * job.panels * N, 16);
    return job;
}

tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_packed_matrix *weight = args->weight;
    if (args->rows == 0) {
        return TYTO_OK;
    }
    linear_job job = cut(exec, args);
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, (job.a_floats + job.sum_floats) * tyto_pool_threads(exec->pool),
                              &job.scratch));
    if (!tyto_exec_planning(exec)) {
        const int64_t rows = job.tiles * exec->kernels->gemm_rows,
                      chunks = (args->rows + rows - 1) / rows;
        const double start = tyto_exec_clock(exec);
        tyto_pool_run(exec->pool, chunks * job.groups, linear_task, &job);
        tyto_exec_account(exec, "linear", start,
                          2.0 * (double)args->rows * (double)weight->n * (double)weight->k);
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_matmul_nt(tyto_exec *exec, int64_t m, int64_t n, int64_t k, const float *a,
                           int64_t lda, const float *b, int64_t ldb, float *y, int64_t ldy)
{
    const size_t bytes = tyto_packed_bytes(exec->kernels, n, k);
    if (!bytes) {
        return tyto_fail(exec->err, TYTO_E_SHAPE, "matmul: got %lld by %lld, which overflows",
                         (long long)n, (long long)k);
    }
    size_t mark = tyto_arena_mark(exec->arena);
    float *data;
    TYTO_TRY(tyto_exec_floats(exec, (int64_t)(bytes / sizeof(float)), &data));
    const tyto_packed_matrix packed = tyto_packed_over(exec->kernels, n, k, data);
    if (!tyto_exec_planning(exec)) {
        memset(data, 0, bytes);
        tyto_packed_fill(&packed, 0, n, b, ldb, TYTO_F32, exec->pool);
    }
    TYTO_TRY(tyto_linear(
        exec,
        &(tyto_linear_args){.x = a, .ldx = lda, .rows = m, .weight = &packed, .y = y, .ldy = ldy}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
