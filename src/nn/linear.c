#include "nn/linear.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/linear_job.h"

/* Deepest block of a product, in bytes of a column. A panel of such a block streams through the
 * first-level cache and stays in the second; deeper, more of the sums are finished in registers. */
#define DEPTH_BYTES 4096
/* The same of digits, in k: a panel of them stays in the second-level cache. */
#define DEPTH_OF_DIGITS 1536
/* Products of one sum: what is rounded grows with a sum's length, so sums of floats are made of
 * four parts, or more when those would be longer than this, and none so short that adding them up
 * costs time. */
#define PART_MIN 8
#define PART_MAX 128
/* k of floats whose part of a panel serves all rows of a task in turn, from the
 * first-level cache where that holds it. */
#define INNER_OF_FLOATS 384
/* Most outputs of a task that keeps unfinished sums. */
#define GROUP_COLUMNS 1024
/* Tasks per thread, so that none waits long for the last one. */
#define TASKS_PER_THREAD 4
/* Tasks per thread, and most rows of a task, where registers of tiles multiply: reading the weights
 * shows, so tasks are few and have many rows. */
#define TASKS_OF_TILES 2
#define ROWS_OF_TILES 1024

/* Bytes of a tile of all blocks, packed one after the other. */
static int64_t blocks_bytes(const tyto_linear_job *job)
{
    const int64_t whole = job->k / job->kc;
    return whole * tyto_linear_tile_bytes(job, job->kc) +
           (whole * job->kc < job->k ? tyto_linear_tile_bytes(job, job->k - whole * job->kc) : 0);
}

/* Of a worker. */
static int64_t scratch_floats(const tyto_linear_job *job)
{
    return job->sum_floats + job->a_bytes / (int64_t)sizeof(float) + job->row_floats;
}

/* A worker's memory: unfinished sums, a tile's rows, and packed rows. */
static float *sums_of(const tyto_linear_job *job, int worker)
{
    return job->scratch + worker * scratch_floats(job);
}

static float *rows_of(const tyto_linear_job *job, int worker)
{
    return sums_of(job, worker) + job->sum_floats;
}

static void pack_task(void *context, int64_t index, int worker)
{
    const tyto_linear_job *job = context;
    char *packed = job->packs + index * blocks_bytes(job);
    for (int64_t at = 0; at < job->k; at += job->kc) {
        const int64_t depth = tyto_min_i64(job->kc, job->k - at);
        tyto_linear_pack(job, index, 1, at, depth, rows_of(job, worker), packed, 0);
        packed += tyto_linear_tile_bytes(job, depth);
    }
}

/* One block of a task: columns at … of x against the same of each panel. */
static void multiply_block(const tyto_linear_job *job, int64_t first_tile, int64_t tiles,
                           int64_t first_panel, int64_t panels, int64_t at, int64_t depth,
                           const char *a, int64_t stride, float *sums)
{
    const tyto_linear_args *args = job->args;
    const int64_t R = job->rows, N = job->kernels->gemm_columns, K = job->k;
    const int64_t fetched = depth * job->prefetch_bytes; /* by one tile */
    const int64_t end = at + depth;
    for (int64_t p = 0; p < panels; p++) {
        const char *panel =
            (const char *)args->weight->data + (first_panel + p) * K * job->b_k_bytes;
        for (int64_t i = at; i < end; i += job->kc_inner) {
            const int64_t inner = tyto_min_i64(job->kc_inner, end - i);
            for (int64_t t = 0; t < tiles; t++) {
                tyto_linear_place place =
                    tyto_linear_place_at(job, first_tile + t, first_panel + p);
                place.a = a + t * stride;
                place.panel = panel;
                const int64_t kept = (job->kc < K ? p * job->tiles : 0) + t;
                float *sum = job->unfinished ? sums + kept * R * N : sums;
                /* The next panel comes while this one is used: each call fetches a part of it. */
                const bool fetches = p + 1 < panels && t * fetched < depth * job->b_k_bytes;
                const int64_t asked = t * fetched + (i - at) * job->prefetch_bytes;
                const char *ahead = fetches ? panel + (K + at) * job->b_k_bytes + asked : NULL;
                tyto_linear_multiply(job, &place, at, i, inner, sum, ahead);
            }
        }
    }
}

/* Rows and panels of a task, and a worker's memory. */
typedef struct linear_share {
    int64_t first_tile, tiles, first_panel, panels;
    float *sums, *rows;
    char *a;
} linear_share;

static linear_share share_of(const tyto_linear_job *job, int64_t index, int worker)
{
    const int64_t first_tile = index / job->groups * job->tiles,
                  first_panel = index % job->groups * job->panels,
                  tiles = (job->args->rows + job->rows - 1) / job->rows;
    float *rows = rows_of(job, worker);
    return (linear_share){
        .first_tile = first_tile,
        .tiles = tyto_min_i64(job->tiles, tiles - first_tile),
        .first_panel = first_panel,
        .panels = tyto_min_i64(job->panels, tyto_linear_panels(job->args->weight) - first_panel),
        .sums = sums_of(job, worker),
        .rows = rows,
        .a = (char *)(rows + job->row_floats),
    };
}

static void linear_task(void *context, int64_t index, int worker)
{
    const tyto_linear_job *job = context;
    const linear_share share = share_of(job, index, worker);
    tyto_call(job->begin);
    for (int64_t at = 0; at < job->k; at += job->kc) {
        const int64_t depth = tyto_min_i64(job->kc, job->k - at);
        const char *rows = share.a;
        int64_t stride = tyto_linear_tile_bytes(job, depth);
        if (job->packed) {
            const int64_t block = tyto_linear_tile_bytes(job, job->kc);
            rows = job->packed + share.first_tile * blocks_bytes(job) + at / job->kc * block;
            stride = blocks_bytes(job);
        } else {
            tyto_linear_pack(job, share.first_tile, share.tiles, at, depth, share.rows, share.a,
                             stride);
        }
        multiply_block(job, share.first_tile, share.tiles, share.first_panel, share.panels, at,
                       depth, rows, stride, share.sums);
    }
    tyto_call(job->end);
}

int64_t tyto_linear_tile_rows(const tyto_kernels *kernels, const tyto_packed_matrix *weight)
{
    return weight->digits               ? weight->digits->rows
           : weight->dtype == TYTO_I8   ? weight->int8->rows
           : weight->dtype == TYTO_BF16 ? kernels->bf16->rows
                                        : kernels->gemm_rows;
}

/* How the weight's type is laid out. */
static tyto_linear_job lay_out(const tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t R = tyto_linear_tile_rows(kernels, args->weight), N = kernels->gemm_columns,
                  K = tyto_packed_k(args->weight);
    tyto_linear_job job = {.args = args, .kernels = kernels, .rows = R, .k = K};
    int64_t inner = 0;
    if (args->weight->dtype == TYTO_I8) {
        const tyto_int8_kernels *int8 = args->weight->int8;
        job.interleave = TYTO_INT8_INTERLEAVE;
        job.a_interleave = int8->a_interleave;
        job.a_k_bytes = R;
        job.b_k_bytes = N;
        job.tail = R * (int64_t)sizeof(float);
        job.begin = int8->begin;
        job.end = int8->end;
        job.prefetch_bytes = int8->prefetch_bytes;
        inner = int8->kc;
    } else if (args->weight->dtype == TYTO_BF16) {
        job.interleave = 2;
        job.a_interleave = kernels->bf16->a_interleave;
        job.a_k_bytes = R * kernels->bf16->a_bytes;
        job.b_k_bytes = N * (int64_t)sizeof(uint16_t);
        job.kc_sum = tyto_max_i64(2, K); /* rounding of the operands is what shows */
        job.begin = kernels->bf16->begin;
        job.end = kernels->bf16->end;
        job.prefetch_bytes = kernels->bf16->prefetch_bytes;
        inner = kernels->bf16->kc;
    } else if (args->weight->digits) {
        const tyto_digits_kernels *digits = args->weight->digits;
        job.interleave = job.a_interleave = TYTO_DIGITS_INTERLEAVE;
        job.a_k_bytes = R * TYTO_DIGITS;
        job.b_k_bytes = N * TYTO_DIGITS;
        job.tail = tyto_round_up((R + 1) * (int64_t)sizeof(float), TYTO_LINE_BYTES);
        job.begin = digits->begin;
        job.end = digits->end;
        job.prefetch_bytes = digits->prefetch_bytes;
        inner = digits->kc;
    } else {
        job.interleave = job.a_interleave = 1;
        job.prefetch_bytes = TYTO_LINE_BYTES;
        job.a_k_bytes = R * (int64_t)sizeof(float);
        job.b_k_bytes = N * (int64_t)sizeof(float);
        job.kc_sum = tyto_max_i64(PART_MIN, tyto_min_i64(PART_MAX, (K + 3) / 4));
        inner = INNER_OF_FLOATS;
    }
    job.kc_inner = tyto_max_i64(1, K);
    if (inner && inner < K) {
        const int64_t parts = (K + inner - 1) / inner;
        job.kc_inner =
            tyto_round_up((K + parts - 1) / parts, tyto_max_i64(job.interleave, job.a_interleave));
    }
    return job;
}

/* Makes the tasks even, and none of them empty. */
static void even_tasks(tyto_linear_job *job, int64_t tiles, int64_t panels)
{
    job->tiles = (tiles + job->chunks - 1) / job->chunks;
    job->chunks = (tiles + job->tiles - 1) / job->tiles;
    job->panels = (panels + job->groups - 1) / job->groups;
    job->groups = (panels + job->panels - 1) / job->panels;
}

/* Tries more groups of outputs, and keeps the division with which all threads finish soonest, each
 * taking one task after the other. */
static tyto_linear_job with_groups(tyto_linear_job job, int64_t tiles, int64_t panels,
                                   int64_t threads)
{
    tyto_linear_job best = job;
    int64_t least = INT64_MAX;
    for (int64_t more = 0; more < threads && job.groups + more <= panels; more++) {
        tyto_linear_job even = job;
        even.groups += more;
        even_tasks(&even, tiles, panels);
        const int64_t rounds = (even.chunks * even.groups + threads - 1) / threads,
                      work = rounds * even.tiles * even.panels;
        if (work < least) {
            least = work;
            best = even;
        }
    }
    return best;
}

/* Bytes of a chunk: its packed rows, and its unfinished sums when there is more than one block,
 * fill half of the second-level cache and leave the other to panels. Of digits the leading ones
 * alone are read as a rule. */
static int64_t chunk_bytes(const tyto_exec *exec, const tyto_linear_args *args)
{
    const int64_t half = tyto_pool_cache_bytes(exec->pool) / 2;
    return args->weight->digits ? half / TYTO_DIGITS_LEADING * TYTO_DIGITS : half;
}

/* Chooses the tasks: all outputs of a chunk of rows together, unless the chunks don't go round.
 * Groups of outputs rather than smaller chunks then: each chunk reads all weights of its group. */
static tyto_linear_job cut(const tyto_exec *exec, const tyto_linear_args *args)
{
    tyto_linear_job job = lay_out(exec, args);
    const int64_t R = job.rows, N = job.kernels->gemm_columns, K = job.k,
                  panels = tyto_linear_panels(args->weight), tiles = (args->rows + R - 1) / R;
    const int64_t depth_max = args->weight->dtype == TYTO_I8 ? TYTO_INT8_DEPTH_MAX
                              : args->weight->digits         ? DEPTH_OF_DIGITS
                                                             : DEPTH_BYTES * N / job.b_k_bytes;
    const int64_t blocks = tyto_max_i64(1, (K + depth_max - 1) / depth_max);
    const int64_t even = tyto_max_i64(job.interleave, job.a_interleave);
    job.kc = blocks > 1 ? tyto_round_up((K + blocks - 1) / blocks, even) : tyto_max_i64(1, K);
    job.groups = blocks > 1 ? (panels * N + GROUP_COLUMNS - 1) / GROUP_COLUMNS : 1;
    job.panels = (panels + job.groups - 1) / job.groups;
    const int64_t tile_sums = blocks > 1 ? job.panels * R * N * (int64_t)sizeof(float) : 0;
    const int64_t tiles_max = tyto_max_i64(
        1, chunk_bytes(exec, args) / (tyto_linear_tile_bytes(&job, job.kc) + tile_sums));
    job.chunks = (tiles + tiles_max - 1) / tiles_max;
    const int64_t threads = tyto_pool_threads(exec->pool);
    if (threads > 1) {
        const int64_t wanted = (job.begin ? TASKS_OF_TILES : TASKS_PER_THREAD) * threads;
        if (job.begin) {
            const int64_t split = (args->rows + ROWS_OF_TILES - 1) / ROWS_OF_TILES;
            job.chunks = tyto_max_i64(job.chunks, tyto_min_i64(split, wanted));
        }
        job.groups =
            tyto_max_i64(job.groups, tyto_min_i64((wanted + job.chunks - 1) / job.chunks, panels));
    }
    if (threads > 1 && job.groups > 1 && !job.begin) {
        job = with_groups(job, tiles, panels, threads);
    } else {
        even_tasks(&job, tiles, panels);
    }
    job.a_bytes =
        job.groups > 1 || args->x_tiled
            ? 0
            : tyto_round_up(job.tiles * tyto_linear_tile_bytes(&job, job.kc), TYTO_LINE_BYTES);
    job.unfinished = job.kc < K || job.kc_inner < K;
    const int64_t kept = (job.unfinished ? job.tiles : 1) * (blocks > 1 ? job.panels : 1);
    job.sum_floats = tyto_round_up(R * N * kept, TYTO_LINE_FLOATS);
    const bool widens = args->weight->dtype == TYTO_I8 && args->x_bf16,
               stays = args->norm.gamma || widens;
    job.row_floats = stays ? tyto_round_up(R * args->weight->k, TYTO_LINE_FLOATS) : 0;
    return job;
}

bool tyto_linear_takes_bf16(const tyto_exec *exec, const tyto_packed_matrix *weight)
{
    return weight->dtype != TYTO_F32 && exec->kernels->bf16->dot && !exec->observer;
}

bool tyto_linear_tiles(const tyto_exec *exec, const tyto_packed_matrix *producer,
                       const tyto_packed_matrix *consumer)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t N = kernels->gemm_columns;
    return tyto_linear_takes_bf16(exec, consumer) && consumer->dtype == TYTO_BF16 &&
           kernels->bf16->a_interleave == N && consumer->k % N == 0 &&
           tyto_linear_tile_rows(kernels, producer) == tyto_linear_tile_rows(kernels, consumer);
}

static tyto_precision precision_of(tyto_dtype dtype)
{
    return dtype == TYTO_I8     ? TYTO_PRECISION_INT8
           : dtype == TYTO_BF16 ? TYTO_PRECISION_BF16
                                : TYTO_PRECISION_FP32;
}

/* The norm first and then the product, for those who want to see what is multiplied. */
static tyto_status norm_then_multiply(tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_norm *norm = &args->norm;
    const int64_t k = args->weight->k;
    tyto_linear_args rest = *args;
    size_t mark = tyto_arena_mark(exec->arena);
    float *normed;
    TYTO_TRY(tyto_exec_floats(exec, args->rows * k, &normed));
    TYTO_TRY(
        tyto_layer_norm(exec, args->rows, k, args->x, norm->gamma, norm->beta, norm->eps, normed));
    rest.x = normed;
    rest.ldx = k;
    rest.norm = (tyto_norm){0};
    TYTO_TRY(tyto_linear(exec, &rest));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_packed_matrix *weight = args->weight;
    if (args->rows == 0) {
        return TYTO_OK;
    }
    if (exec->observer && args->norm.gamma) {
        return norm_then_multiply(exec, args);
    }
    tyto_linear_job job = cut(exec, args);
    const int64_t R = job.rows, tiles = (args->rows + R - 1) / R;
    size_t mark = tyto_arena_mark(exec->arena);
    const int64_t threads = tyto_pool_threads(exec->pool);
    TYTO_TRY(tyto_exec_floats(exec, scratch_floats(&job) * threads, &job.scratch));
    if (args->x_tiled) {
        job.packed = (const char *)args->x_bf16;
    } else if (job.groups > 1) {
        float *packed;
        TYTO_TRY(tyto_exec_floats(exec, tiles * blocks_bytes(&job) / (int64_t)sizeof(float) + 1,
                                  &packed));
        job.packed = job.packs = (char *)packed;
    }
    if (exec->observer) {
        exec->observer->product(exec->observer->user, weight, args->x, args->ldx, args->rows);
    }
    const double start = tyto_exec_clock(exec);
    if (job.packs) {
        tyto_pool_run(exec->pool, tiles, pack_task, &job);
    }
    tyto_pool_run(exec->pool, job.chunks * job.groups, linear_task, &job);
    tyto_exec_account_as(exec, "linear", precision_of(weight->dtype), start,
                         2.0 * (double)args->rows * (double)weight->n * (double)weight->k);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_matmul_nt(tyto_exec *exec, int64_t m, int64_t n, int64_t k, const float *a,
                           int64_t lda, const float *b, int64_t ldb, float *y, int64_t ldy)
{
    const size_t bytes = tyto_packed_bytes(exec->kernels, TYTO_F32, n, k);
    if (!bytes) {
        return tyto_fail(exec->err, TYTO_E_SHAPE, "matmul: got %lld by %lld, which overflows",
                         (long long)n, (long long)k);
    }
    size_t mark = tyto_arena_mark(exec->arena);
    float *data;
    TYTO_TRY(tyto_exec_floats(exec, (int64_t)(bytes / sizeof(float)), &data));
    const tyto_packed_matrix packed = tyto_packed_over(exec->kernels, TYTO_F32, n, k, data);
    memset(data, 0, bytes);
    tyto_packed_fill(&packed, 0, n, b, ldb, TYTO_F32, exec->pool);
    TYTO_TRY(tyto_linear(
        exec,
        &(tyto_linear_args){.x = a, .ldx = lda, .rows = m, .weight = &packed, .y = y, .ldy = ldy}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
