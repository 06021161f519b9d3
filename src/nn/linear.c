#include "nn/linear.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/convert.h"

/* Deepest block of a product. A panel of such a block streams through the first-level cache and
 * stays in the second; deeper, more of the sums are finished in registers. */
#define DEPTH_MAX 1024
/* Products of one sum: what is rounded grows with a sum's length, so sums are made of four parts,
 * or more when those would be longer than this, and none so short that adding them up costs time.
 */
#define PART_MIN 8
#define PART_MAX 128
/* Floats of a chunk, 512 KB: its packed rows, and its unfinished sums when there is more than one
 * block, stay in the second-level cache beside two panels. */
#define CHUNK_FLOATS 131072
/* Most outputs of a task that keeps unfinished sums. */
#define GROUP_COLUMNS 1024
/* Tasks per thread, so that none waits long for the last one. */
#define TASKS_PER_THREAD 4
/* Floats of a cache line. */
#define LINE_FLOATS 16

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

/* A product cut into tasks of `tiles` row tiles × `panels` panels: a chunk of rows by a group of
 * outputs. Rows are packed by the task itself, or, when several groups need the same ones, by all
 * threads before. */
typedef struct linear_job {
    const tyto_linear_args *args;
    const tyto_kernels *kernels;
    int64_t depth;         /* of a block */
    int64_t tiles, panels; /* of a task */
    int64_t chunks, groups;
    float *packed;                /* [tile][k][rows of a tile] of all rows, or NULL */
    int64_t a_floats, sum_floats; /* of a worker's scratch */
    float *scratch;
} linear_job;

/* Packs `tiles` tiles from first_tile on, columns at … at+depth−1 of x; tiles lie `stride` floats
 * apart. */
static void pack_tiles(const linear_job *job, int64_t first_tile, int64_t tiles, int64_t at,
                       int64_t depth, float *packed, int64_t stride)
{
    const tyto_linear_args *args = job->args;
    const int64_t R = job->kernels->gemm_rows;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t row = (first_tile + t) * R;
        job->kernels->gemm_pack(depth, args->x + row * args->ldx + at, args->ldx,
                                (int)tyto_min_i64(R, args->rows - row), packed + t * stride);
    }
}

static void pack_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const linear_job *job = context;
    const int64_t K = job->args->weight->k, stride = K * job->kernels->gemm_rows;
    pack_tiles(job, index, 1, 0, K, job->packed + index * stride, stride);
}

/* What follows a tile whose sum is complete. */
static tyto_epilogue epilogue_of(const tyto_linear_args *args, int64_t row, int64_t column)
{
    const int64_t group = args->group ? args->group : args->weight->n;
    return (tyto_epilogue){
        .bias = args->bias ? args->bias + column : NULL,
        .activation = args->activation,
        .residual = args->residual ? args->residual + row * args->ldr + column : NULL,
        .residual_stride = args->ldr,
        .y = args->y + column / group * args->group_stride + row * args->ldy + column % group,
        .y_stride = args->ldy,
    };
}

/* The epilogue of a tile, group by group. */
static void finish_tile(const linear_job *job, int64_t row, int rows, int64_t column, int columns,
                        const float *sum)
{
    const tyto_linear_args *args = job->args;
    int part;
    for (int c = 0; c < columns; c += part) {
        part = columns - c;
        if (args->group) {
            part = (int)tyto_min_i64(part, args->group - (column + c) % args->group);
        }
        const tyto_epilogue epilogue = epilogue_of(args, row, column + c);
        job->kernels->gemm_finish(sum + c, rows, part, &epilogue);
    }
}

/* Asks for the lines that the epilogue will touch, a whole tile's arithmetic before it does. */
static void fetch_outputs(const tyto_epilogue *epilogue, int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c += LINE_FLOATS) {
            __builtin_prefetch(epilogue->y + r * epilogue->y_stride + c, 1);
            if (epilogue->residual && epilogue->residual != epilogue->y) {
                __builtin_prefetch(epilogue->residual + r * epilogue->residual_stride + c, 0);
            }
        }
    }
}

/* One block of a task: columns at … of x against the same of each panel. */
static void multiply_block(const linear_job *job, int64_t first_tile, int64_t tiles,
                           int64_t first_panel, int64_t panels, int64_t at, int64_t depth,
                           const float *a, int64_t stride, float *sums)
{
    const tyto_linear_args *args = job->args;
    const tyto_kernels *kernels = job->kernels;
    const int64_t R = kernels->gemm_rows, N = kernels->gemm_columns, K = args->weight->k;
    const bool finishes = at + depth == K;
    const int64_t part = tyto_max_i64(PART_MIN, tyto_min_i64(PART_MAX, (K + 3) / 4));
    for (int64_t p = 0; p < panels; p++) {
        const float *panel = args->weight->data + ((first_panel + p) * K + at) * N;
        const int64_t column = (first_panel + p) * N;
        const int columns = (int)tyto_min_i64(N, args->weight->n - column);
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t row = (first_tile + t) * R;
            const int rows = (int)tyto_min_i64(R, args->rows - row);
            float *sum = depth == K ? sums : sums + (p * job->tiles + t) * R * N;
            /* The next panel comes while this one is used: each call fetches a part of it. */
            const bool fetches = p + 1 < panels && t * LINE_FLOATS < N;
            const float *ahead = fetches ? panel + (K * N + t * LINE_FLOATS * depth) : panel;
            if (finishes) {
                const tyto_epilogue epilogue = epilogue_of(args, row, column);
                fetch_outputs(&epilogue, rows, columns);
            }
            for (int64_t i = 0; i < depth; i += part) {
                kernels->gemm_tile(tyto_min_i64(part, depth - i), a + t * stride + i * R,
                                   panel + i * N, sum, at + i > 0, ahead + i * LINE_FLOATS);
            }
            if (finishes) {
                finish_tile(job, row, rows, column, columns, sum);
            }
        }
    }
}

static void linear_task(void *context, int64_t index, int worker)
{
    const linear_job *job = context;
    const tyto_linear_args *args = job->args;
    const int64_t R = job->kernels->gemm_rows, K = args->weight->k;
    const int64_t first_tile = index / job->groups * job->tiles,
                  first_panel = index % job->groups * job->panels;
    const int64_t tiles = tyto_min_i64(job->tiles, (args->rows + R - 1) / R - first_tile),
                  panels = tyto_min_i64(job->panels, panels_of(args->weight) - first_panel);
    float *a = job->scratch + worker * (job->a_floats + job->sum_floats), *sums = a + job->a_floats;
    for (int64_t at = 0; at < K; at += job->depth) {
        const int64_t depth = tyto_min_i64(job->depth, K - at);
        const float *rows = a;
        int64_t stride = depth * R;
        if (job->packed) {
            stride = K * R;
            rows = job->packed + first_tile * stride + at * R;
        } else {
            pack_tiles(job, first_tile, tiles, at, depth, a, stride);
        }
        multiply_block(job, first_tile, tiles, first_panel, panels, at, depth, rows, stride, sums);
    }
}

/* Chooses the tasks: all outputs of a chunk of rows together, unless the chunks don't go round. */
static linear_job cut(const tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t R = kernels->gemm_rows, N = kernels->gemm_columns, K = args->weight->k,
                  panels = panels_of(args->weight), tiles = (args->rows + R - 1) / R;
    linear_job job = {.args = args, .kernels = kernels};
    const int64_t blocks = tyto_max_i64(1, (K + DEPTH_MAX - 1) / DEPTH_MAX);
    job.depth = tyto_max_i64(1, (K + blocks - 1) / blocks);
    job.groups = blocks > 1 ? (panels * N + GROUP_COLUMNS - 1) / GROUP_COLUMNS : 1;
    job.panels = (panels + job.groups - 1) / job.groups;
    const int64_t tile_floats = R * (job.depth + (blocks > 1 ? job.panels * N : 0));
    job.chunks = (tiles + tyto_max_i64(1, CHUNK_FLOATS / tile_floats) - 1) /
                 tyto_max_i64(1, CHUNK_FLOATS / tile_floats);
    const int64_t threads = tyto_pool_threads(exec->pool);
    if (threads > 1) {
        const int64_t wanted = TASKS_PER_THREAD * threads;
        job.chunks = tyto_max_i64(job.chunks, tyto_min_i64(tiles, wanted));
        job.groups =
            tyto_max_i64(job.groups, tyto_min_i64((wanted + job.chunks - 1) / job.chunks, panels));
    }
    /* Even parts, none of them empty. */
    job.tiles = (tiles + job.chunks - 1) / job.chunks;
    job.chunks = (tiles + job.tiles - 1) / job.tiles;
    job.panels = (panels + job.groups - 1) / job.groups;
    job.groups = (panels + job.panels - 1) / job.panels;
    job.a_floats = job.groups > 1 ? 0 : tyto_round_up(job.tiles * R * job.depth, LINE_FLOATS);
    job.sum_floats = tyto_round_up(R * N * (blocks > 1 ? job.tiles * job.panels : 1), LINE_FLOATS);
    return job;
}

tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_packed_matrix *weight = args->weight;
    if (args->rows == 0) {
        return TYTO_OK;
    }
    linear_job job = cut(exec, args);
    const int64_t R = exec->kernels->gemm_rows, tiles = (args->rows + R - 1) / R;
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, (job.a_floats + job.sum_floats) * tyto_pool_threads(exec->pool),
                              &job.scratch));
    if (job.groups > 1) {
        TYTO_TRY(tyto_exec_floats(exec, tiles * R * weight->k, &job.packed));
    }
    if (!tyto_exec_planning(exec)) {
        const double start = tyto_exec_clock(exec);
        if (job.packed) {
            tyto_pool_run(exec->pool, tiles, pack_task, &job);
        }
        tyto_pool_run(exec->pool, job.chunks * job.groups, linear_task, &job);
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
