#include "nn/linear.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/calibration.h"

/* Deepest block of a product, in bytes of a column. A panel of such a block streams through the
 * first-level cache and stays in the second; deeper, more of the sums are finished in registers. */
#define DEPTH_BYTES 4096
/* Products of one sum: what is rounded grows with a sum's length, so sums of floats are made of
 * four parts, or more when those would be longer than this, and none so short that adding them up
 * costs time. */
#define PART_MIN 8
#define PART_MAX 128
/* Bytes of a chunk: its packed rows, and its unfinished sums when there is more than one block,
 * stay in the second-level cache beside two panels. */
#define CHUNK_BYTES 524288
/* Most outputs of a task that keeps unfinished sums. */
#define GROUP_COLUMNS 1024
/* Tasks per thread, so that none waits long for the last one. */
#define TASKS_PER_THREAD 4
/* Where registers of tiles multiply, reading the weights shows: tasks are few and have many rows,
 * and a chunk of them takes half of the second-level cache that such CPUs have. */
#define TASKS_OF_TILES 2
#define ROWS_OF_TILES 1024
#define CHUNK_BYTES_OF_TILES (2 * CHUNK_BYTES)
/* Where floats are split into parts, some panels are split at once and stay in the second-level
 * cache, that many bytes of them, while all rows of a task go by; those are many, but not too many
 * bytes, so that splitting the panels anew for each task shows little. */
#define PANELS_BYTES_OF_PARTS (2 * CHUNK_BYTES)
#define CHUNK_BYTES_OF_PARTS (16 * CHUNK_BYTES)
#define DEPTH_OF_PARTS 1536
/* Of k that make a step of registers. */
#define STEPS_OF_PARTS 32
/* Bytes and floats of a cache line. */
#define LINE_BYTES 64
#define LINE_FLOATS 16

static int64_t panels_of(const tyto_packed_matrix *matrix)
{
    return (matrix->n + matrix->columns - 1) / matrix->columns;
}

/* A product cut into tasks of `tiles` row tiles × `panels` panels: a chunk of rows by a group of
 * outputs. Rows are packed by the task itself, or, when several groups need the same ones, by all
 * threads before. */
typedef struct linear_job {
    const tyto_linear_args *args;
    const tyto_kernels *kernels;
    int64_t rows;           /* of a tile */
    int64_t k;              /* of the packed weight */
    int64_t steps;          /* of k that lie side by side in the weight */
    int64_t a_steps;        /* and in packed rows */
    int64_t a_step, b_step; /* bytes of a step of k in a packed tile of rows, and in a panel */
    int64_t tail;           /* bytes after a packed tile: its rows' scales, when they have some */
    int64_t fetches;        /* bytes of the next panel that a step of k asks for */
    int64_t part;           /* most steps of k of one sum */
    int64_t depth;          /* of a block */
    int64_t inner;          /* steps of k whose part of a panel serves all rows of a task in turn */
    bool unfinished;        /* sums wait for the next block or part while other tiles have turns */
    const tyto_parts_kernels *parts; /* floats are split into parts, or NULL */
    void (*begin)(void);             /* around a task, or NULL */
    void (*end)(void);
    int64_t tiles, panels; /* of a task */
    int64_t resident;      /* panels that are split at once */
    int64_t chunks, groups;
    char *packed;                         /* [tile][k][rows of a tile] of all rows, or NULL */
    int64_t a_bytes, b_bytes, sum_floats; /* of a worker's scratch */
    float *scratch;
} linear_job;

/* Bytes of a packed tile of so many steps. */
static int64_t tile_bytes(const linear_job *job, int64_t depth)
{
    return tyto_round_up(depth, job->a_steps) * job->a_step + job->tail;
}

/* Packs `tiles` tiles from first_tile on, columns at … at+depth−1 of x; tiles lie `stride` bytes
 * apart. */
static void pack_tiles(const linear_job *job, int64_t first_tile, int64_t tiles, int64_t at,
                       int64_t depth, char *packed, int64_t stride)
{
    const tyto_linear_args *args = job->args;
    const tyto_kernels *kernels = job->kernels;
    const int64_t R = job->rows, own = tyto_min_i64(depth, args->weight->k - at);
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t row = (first_tile + t) * R;
        const int64_t first = row * args->ldx + at;
        const float *x = args->x ? args->x + first : NULL;
        const int rows = (int)tyto_min_i64(R, args->rows - row);
        if (args->weight->dtype == TYTO_I8) {
            char *tile = packed + t * stride;
            args->weight->int8->pack(own, x, args->ldx, rows, args->weight->smooth, (uint8_t *)tile,
                                     (float *)(tile + tile_bytes(job, depth) - job->tail));
        } else if (args->x_bf16) {
            kernels->bf16->gemm_pack_bf16(own, args->x_bf16 + first, args->ldx, rows,
                                          packed + t * stride);
        } else if (args->weight->dtype == TYTO_BF16) {
            kernels->bf16->gemm_pack(own, x, args->ldx, rows, packed + t * stride);
        } else if (job->parts) {
            job->parts->gemm_pack(own, x, args->ldx, rows, packed + t * stride);
        } else {
            kernels->gemm_pack(own, x, args->ldx, rows, (float *)(packed + t * stride));
        }
    }
}

/* A tile of whole numbers: steps at … at+depth−1 of a packed tile and of a panel whose first column
 * is `column`. sum holds whole numbers until the last step. */
static void multiply_int8(const linear_job *job, int64_t at, int64_t depth, const char *tile,
                          const char *panel, int64_t column, float *sum, const char *ahead)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const tyto_int8_kernels *int8 = weight->int8;
    const char *scales_of_rows = tile + tile_bytes(job, job->k) - job->tail;
    const tyto_int8_scales scales = {.rows = (const float *)scales_of_rows,
                                     .columns = weight->scales + column,
                                     .sums = weight->sums + column};
    const uint8_t *a = (const uint8_t *)(tile + at * job->a_step);
    const int8_t *b = (const int8_t *)(panel + at * job->b_step);
    const int64_t groups = depth / TYTO_INT8_GROUP;
    if (depth == job->k) {
        int8->tile(groups, a, b, &scales, sum, ahead);
        return;
    }
    int32_t *whole = (int32_t *)(void *)sum;
    int8->part(groups, a, b, whole, at > 0, ahead);
    if (at + depth == job->k) {
        int8->finish(whole, &scales, sum);
    }
}

/* sum = (add ? sum : 0) + a·b over `depth` steps of k. */
static void multiply_tile(const linear_job *job, int64_t depth, const char *a, const char *b,
                          float *sum, bool add, const char *ahead)
{
    const tyto_kernels *kernels = job->kernels;
    if (job->args->weight->dtype == TYTO_BF16) {
        kernels->bf16->gemm_tile(depth, a, (const uint16_t *)b, sum, add, ahead);
    } else {
        kernels->gemm_tile(depth, (const float *)a, (const float *)b, sum, add,
                           (const float *)ahead);
    }
}

static void pack_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const linear_job *job = context;
    const int64_t stride = tile_bytes(job, job->k);
    pack_tiles(job, index, 1, 0, job->k, job->packed + index * stride, stride);
}

/* What follows a tile whose sum is complete. */
static tyto_epilogue epilogue_of(const tyto_linear_args *args, int64_t row, int64_t column)
{
    const int64_t group = args->group ? args->group : args->weight->n,
                  at = column / group * args->group_stride + row * args->ldy + column % group;
    return (tyto_epilogue){
        .bias = args->bias ? args->bias + column : NULL,
        .activation = args->activation,
        .residual = args->residual ? args->residual + row * args->ldr + column : NULL,
        .residual_stride = args->ldr,
        .y = args->y_bf16 ? (void *)(args->y_bf16 + at) : (void *)(args->y + at),
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
        if (args->y_bf16) {
            job->kernels->bf16->gemm_finish(sum + c, rows, part, &epilogue);
        } else {
            job->kernels->gemm_finish(sum + c, rows, part, &epilogue);
        }
    }
}

/* A tile of rows and a panel. */
typedef struct tile_place {
    const char *a;     /* packed rows, from a block's first step on */
    const char *panel; /* from step 0 on; its parts from a block's first step on */
    int64_t row, column;
    int rows, columns; /* that are there */
} tile_place;

/* Asks for the lines that the epilogue will touch, a whole tile's arithmetic before it does. */
static void fetch_outputs(const tyto_epilogue *epilogue, int width, int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        const char *y = (const char *)epilogue->y + r * epilogue->y_stride * width;
        for (int c = 0; c < columns * width; c += LINE_BYTES) {
            __builtin_prefetch(y + c, 1);
        }
        for (int c = 0; epilogue->residual && epilogue->residual != epilogue->y && c < columns;
             c += LINE_FLOATS) {
            __builtin_prefetch(epilogue->residual + r * epilogue->residual_stride + c, 0);
        }
    }
}

/* Steps at … at+depth−1 of one tile of rows times those of a panel; what is finished goes on
 * through the epilogue. `block` is where the packed rows begin. */
static void multiply_part(const linear_job *job, const tile_place *place, int64_t block, int64_t at,
                          int64_t depth, float *sum, const char *ahead)
{
    const tyto_linear_args *args = job->args;
    const bool finishes = at + depth == job->k;
    if (finishes) {
        const tyto_epilogue epilogue = epilogue_of(args, place->row, place->column);
        fetch_outputs(&epilogue, args->y_bf16 ? sizeof(uint16_t) : sizeof(float), place->rows,
                      place->columns);
    }
    if (args->weight->dtype == TYTO_I8) {
        multiply_int8(job, at, depth, place->a, place->panel, place->column, sum, ahead);
    } else if (job->parts) {
        job->parts->gemm_tile(depth, place->a + (at - block) * job->a_step, place->panel, sum,
                              at > 0, ahead);
    } else {
        for (int64_t i = 0; i < depth; i += job->part) {
            multiply_tile(job, tyto_min_i64(job->part, depth - i),
                          place->a + (at + i - block) * job->a_step,
                          place->panel + (at + i) * job->b_step, sum, at + i > 0,
                          ahead ? ahead + i * job->fetches : NULL);
        }
    }
    if (finishes) {
        finish_tile(job, place->row, place->rows, place->column, place->columns, sum);
    }
}

/* One block of a task: columns at … of x against the same of each panel. */
static void multiply_block(const linear_job *job, int64_t first_tile, int64_t tiles,
                           int64_t first_panel, int64_t panels, int64_t at, int64_t depth,
                           const char *a, int64_t stride, float *sums)
{
    const tyto_linear_args *args = job->args;
    const int64_t R = job->rows, N = job->kernels->gemm_columns, K = job->k;
    const int64_t fetched = depth * job->fetches; /* by one tile */
    const int64_t end = at + depth;
    for (int64_t p = 0; p < panels; p++) {
        const char *panel = (const char *)args->weight->data + (first_panel + p) * K * job->b_step;
        const int64_t column = (first_panel + p) * N;
        for (int64_t i = at; i < end; i += job->inner) {
            const int64_t inner = tyto_min_i64(job->inner, end - i);
            for (int64_t t = 0; t < tiles; t++) {
                const int64_t row = (first_tile + t) * R;
                const tile_place place = {
                    .a = a + t * stride,
                    .panel = panel,
                    .row = row,
                    .rows = (int)tyto_min_i64(R, args->rows - row),
                    .column = column,
                    .columns = (int)tyto_min_i64(N, args->weight->n - column),
                };
                const int64_t kept = (job->depth < K ? p * job->tiles : 0) + t;
                float *sum = job->unfinished ? sums + kept * R * N : sums;
                /* The next panel comes while this one is used: each call fetches a part of it. */
                const bool fetches = p + 1 < panels && t * fetched < depth * job->b_step;
                const int64_t asked = t * fetched + (i - at) * job->fetches;
                const char *ahead = fetches ? panel + (K + at) * job->b_step + asked : NULL;
                multiply_part(job, &place, at, i, inner, sum, ahead);
            }
        }
    }
}

/* A task whose panels are split, some at once. */
static void multiply_split(const linear_job *job, int64_t first_tile, int64_t tiles,
                           int64_t first_panel, int64_t panels, const char *a, float *sums,
                           char *parts)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const int64_t R = job->rows, N = weight->columns, K = job->k, stride = tile_bytes(job, K);
    for (int64_t at = 0; at < K; at += job->depth) {
        const int64_t depth = tyto_min_i64(job->depth, K - at), bytes = tyto_parts_bytes(depth, N);
        const int64_t steps = (depth + STEPS_OF_PARTS - 1) / STEPS_OF_PARTS;
        const int64_t fetched = steps * job->fetches, wanted = depth * job->a_step;
        for (int64_t p = 0; p < panels; p++) {
            const float *panel = (const float *)weight->data + (first_panel + p) * K * N;
            job->parts->gemm_split(depth, panel + at * N, parts + p * bytes);
        }
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t row = (first_tile + t) * R;
            for (int64_t p = 0; p < panels; p++) {
                const int64_t column = (first_panel + p) * N;
                const tile_place place = {
                    .a = a + t * stride + at * job->a_step,
                    .panel = parts + p * bytes,
                    .row = row,
                    .rows = (int)tyto_min_i64(R, job->args->rows - row),
                    .column = column,
                    .columns = (int)tyto_min_i64(N, weight->n - column),
                };
                float *sum = job->unfinished ? sums + (t * job->resident + p) * R * N : sums;
                const bool fetches = t + 1 < tiles && p * fetched < wanted;
                multiply_part(job, &place, at, at, depth, sum,
                              fetches ? place.a + stride + p * fetched : NULL);
            }
        }
    }
}

/* Of a worker. */
static int64_t scratch_floats(const linear_job *job)
{
    return job->sum_floats + (job->a_bytes + job->b_bytes) / (int64_t)sizeof(float);
}

static void linear_task(void *context, int64_t index, int worker)
{
    const linear_job *job = context;
    const tyto_linear_args *args = job->args;
    const int64_t R = job->rows, K = job->k;
    const int64_t first_tile = index / job->groups * job->tiles,
                  first_panel = index % job->groups * job->panels;
    const int64_t tiles = tyto_min_i64(job->tiles, (args->rows + R - 1) / R - first_tile),
                  panels = tyto_min_i64(job->panels, panels_of(args->weight) - first_panel);
    float *sums = job->scratch + worker * scratch_floats(job);
    char *a = (char *)(sums + job->sum_floats), *parts = a + job->a_bytes;
    tyto_call(job->begin);
    if (job->parts) {
        const int64_t stride = tile_bytes(job, K);
        if (!job->packed) {
            pack_tiles(job, first_tile, tiles, 0, K, a, stride);
        }
        for (int64_t p = 0; p < panels; p += job->resident) {
            multiply_split(job, first_tile, tiles, first_panel + p,
                           tyto_min_i64(job->resident, panels - p),
                           job->packed ? job->packed + first_tile * stride : a, sums, parts);
        }
    }
    for (int64_t at = 0; !job->parts && at < K; at += job->depth) {
        const int64_t depth = tyto_min_i64(job->depth, K - at);
        const char *rows = a;
        int64_t stride = tile_bytes(job, depth);
        if (job->packed) {
            stride = tile_bytes(job, K);
            rows = job->packed + first_tile * stride + at * job->a_step;
        } else {
            pack_tiles(job, first_tile, tiles, at, depth, a, stride);
        }
        multiply_block(job, first_tile, tiles, first_panel, panels, at, depth, rows, stride, sums);
    }
    tyto_call(job->end);
}

/* The kernels for parts, if a product of floats with so many rows uses them. */
static const tyto_parts_kernels *parts_of(const tyto_kernels *kernels,
                                          const tyto_packed_matrix *weight, int64_t rows)
{
    const bool pays =
        weight->dtype == TYTO_F32 && kernels->parts && rows >= kernels->parts->rows_min;
    return pays ? kernels->parts : NULL;
}

static int64_t tile_rows(const tyto_kernels *kernels, const tyto_packed_matrix *weight,
                         int64_t rows)
{
    const tyto_parts_kernels *parts = parts_of(kernels, weight, rows);
    return weight->dtype == TYTO_I8     ? weight->int8->rows
           : weight->dtype == TYTO_BF16 ? kernels->bf16->rows
           : parts                      ? parts->rows
                                        : kernels->gemm_rows;
}

int64_t tyto_linear_tile_rows(const tyto_kernels *kernels, const tyto_packed_matrix *weight)
{
    return tile_rows(kernels, weight, INT64_MAX);
}

/* How the weight's type is laid out. */
static linear_job lay_out(const tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t R = tile_rows(kernels, args->weight, args->rows), N = kernels->gemm_columns,
                  K = tyto_packed_k(args->weight);
    linear_job job = {.args = args,
                      .kernels = kernels,
                      .parts = parts_of(kernels, args->weight, args->rows),
                      .rows = R,
                      .k = K};
    int64_t inner = 0;
    if (args->weight->dtype == TYTO_I8) {
        const tyto_int8_kernels *int8 = args->weight->int8;
        job.steps = TYTO_INT8_GROUP;
        job.a_steps = int8->steps;
        job.a_step = R;
        job.b_step = N;
        job.tail = R * (int64_t)sizeof(float);
        job.begin = int8->begin;
        job.end = int8->end;
        job.fetches = int8->fetches;
        inner = int8->depth;
    } else if (args->weight->dtype == TYTO_BF16) {
        job.steps = 2;
        job.a_steps = kernels->bf16->a_steps;
        job.a_step = R * kernels->bf16->a_bytes;
        job.b_step = N * (int64_t)sizeof(uint16_t);
        job.part = tyto_max_i64(2, K); /* rounding of the operands is what shows */
        job.begin = kernels->bf16->begin;
        job.end = kernels->bf16->end;
        job.fetches = kernels->bf16->fetches;
        inner = kernels->bf16->depth;
    } else if (job.parts) {
        job.steps = 1;
        job.a_steps = STEPS_OF_PARTS;
        job.a_step = tyto_parts_bytes(job.a_steps, R) / job.a_steps;
        job.b_step = N * (int64_t)sizeof(float);
        job.begin = job.parts->begin;
        job.end = job.parts->end;
        job.fetches = job.parts->fetches;
    } else {
        job.steps = job.a_steps = 1;
        job.fetches = LINE_BYTES;
        job.a_step = R * (int64_t)sizeof(float);
        job.b_step = N * (int64_t)sizeof(float);
        job.part = tyto_max_i64(PART_MIN, tyto_min_i64(PART_MAX, (K + 3) / 4));
    }
    job.inner = inner && inner < K ? inner : tyto_max_i64(1, K);
    return job;
}

/* Makes the tasks even, and none of them empty. */
static void even_parts(linear_job *job, int64_t tiles, int64_t panels)
{
    job->tiles = (tiles + job->chunks - 1) / job->chunks;
    job->chunks = (tiles + job->tiles - 1) / job->tiles;
    job->panels = (panels + job->groups - 1) / job->groups;
    job->groups = (panels + job->panels - 1) / job->panels;
}

/* Tasks of a product whose panels are split. */
static void cut_split(const tyto_exec *exec, linear_job *job)
{
    const linear_job whole = *job;
    const int64_t R = job->rows, N = job->kernels->gemm_columns, K = job->k,
                  panels = panels_of(job->args->weight), tiles = (job->args->rows + R - 1) / R;
    const int64_t blocks = tyto_max_i64(1, (K + DEPTH_OF_PARTS - 1) / DEPTH_OF_PARTS),
                  most = tyto_max_i64(1, CHUNK_BYTES_OF_PARTS / tile_bytes(&whole, K)),
                  wanted = TASKS_OF_TILES * (int64_t)tyto_pool_threads(exec->pool);
    job->depth = tyto_max_i64(1, tyto_round_up((K + blocks - 1) / blocks, job->a_steps));
    job->chunks =
        tyto_max_i64((tiles + most - 1) / most,
                     tyto_min_i64((job->args->rows + ROWS_OF_TILES - 1) / ROWS_OF_TILES, wanted));
    job->groups = tyto_min_i64((wanted + job->chunks - 1) / job->chunks, panels);
    even_parts(job, tiles, panels);
    const int64_t bytes = tyto_parts_bytes(job->depth, N),
                  fit = tyto_max_i64(1, PANELS_BYTES_OF_PARTS / bytes),
                  turns = (job->panels + fit - 1) / fit;
    job->resident = (job->panels + turns - 1) / turns;
    job->unfinished = job->depth < K;
    job->a_bytes = job->groups > 1 ? 0 : job->tiles * tile_bytes(&whole, K);
    job->b_bytes = job->resident * bytes;
    job->sum_floats = R * N * (job->unfinished ? job->tiles * job->resident : 1);
}

/* Chooses the tasks: all outputs of a chunk of rows together, unless the chunks don't go round. */
static linear_job cut(const tyto_exec *exec, const tyto_linear_args *args)
{
    linear_job job = lay_out(exec, args);
    if (job.parts) {
        cut_split(exec, &job);
        return job;
    }
    const int64_t R = job.rows, N = job.kernels->gemm_columns, K = job.k,
                  panels = panels_of(args->weight), tiles = (args->rows + R - 1) / R;
    const int64_t depth_max =
        args->weight->dtype == TYTO_I8 ? TYTO_INT8_DEPTH_MAX : DEPTH_BYTES * N / job.b_step;
    const int64_t blocks = tyto_max_i64(1, (K + depth_max - 1) / depth_max);
    const int64_t even = tyto_max_i64(job.steps, job.a_steps);
    job.depth = blocks > 1 ? tyto_round_up((K + blocks - 1) / blocks, even) : tyto_max_i64(1, K);
    job.groups = blocks > 1 ? (panels * N + GROUP_COLUMNS - 1) / GROUP_COLUMNS : 1;
    job.panels = (panels + job.groups - 1) / job.groups;
    const int64_t tile_sums = blocks > 1 ? job.panels * R * N * (int64_t)sizeof(float) : 0;
    const int64_t chunk = job.begin ? CHUNK_BYTES_OF_TILES : CHUNK_BYTES,
                  most = tyto_max_i64(1, chunk / (tile_bytes(&job, job.depth) + tile_sums));
    job.chunks = (tiles + most - 1) / most;
    const int64_t threads = tyto_pool_threads(exec->pool);
    if (threads > 1) {
        const int64_t wanted = (job.begin ? TASKS_OF_TILES : TASKS_PER_THREAD) * threads;
        const int64_t split = job.begin ? (args->rows + ROWS_OF_TILES - 1) / ROWS_OF_TILES : tiles;
        job.chunks = tyto_max_i64(job.chunks, tyto_min_i64(split, wanted));
        job.groups =
            tyto_max_i64(job.groups, tyto_min_i64((wanted + job.chunks - 1) / job.chunks, panels));
    }
    even_parts(&job, tiles, panels);
    job.a_bytes =
        job.groups > 1 ? 0 : tyto_round_up(job.tiles * tile_bytes(&job, job.depth), LINE_BYTES);
    job.unfinished = job.depth < K || job.inner < K;
    const int64_t kept = (job.unfinished ? job.tiles : 1) * (blocks > 1 ? job.panels : 1);
    job.sum_floats = tyto_round_up(R * N * kept, LINE_FLOATS);
    return job;
}

bool tyto_linear_in_bf16(const tyto_exec *exec, const tyto_packed_matrix *weight)
{
    return weight->dtype == TYTO_BF16 && exec->kernels->bf16->gemm_pack_bf16 && !exec->calibration;
}

tyto_status tyto_linear_between(tyto_exec *exec, const tyto_packed_matrix *second, int64_t rows,
                                tyto_between *out)
{
    const bool in_bf16 = tyto_linear_in_bf16(exec, second);
    *out =
        (tyto_between){.apart = in_bf16 && second->k % 2 == 0 ? 2 * tyto_row_stride(second->k / 2)
                                                              : tyto_row_stride(second->k)};
    const int64_t count = rows * out->apart;
    TYTO_TRY(tyto_exec_floats(exec, in_bf16 ? (count + 1) / 2 : count, &out->floats));
    if (in_bf16) {
        out->bf16 = (uint16_t *)(void *)out->floats;
        out->floats = NULL;
    }
    return TYTO_OK;
}

static tyto_precision precision_of(tyto_dtype dtype)
{
    return dtype == TYTO_I8     ? TYTO_PRECISION_INT8
           : dtype == TYTO_BF16 ? TYTO_PRECISION_BF16
                                : TYTO_PRECISION_FP32;
}

tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *args)
{
    const tyto_packed_matrix *weight = args->weight;
    if (args->rows == 0) {
        return TYTO_OK;
    }
    linear_job job = cut(exec, args);
    const int64_t R = job.rows, tiles = (args->rows + R - 1) / R;
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(
        tyto_exec_floats(exec, scratch_floats(&job) * tyto_pool_threads(exec->pool), &job.scratch));
    if (job.groups > 1) {
        float *packed;
        TYTO_TRY(tyto_exec_floats(
            exec, tiles * tile_bytes(&job, job.k) / (int64_t)sizeof(float) + 1, &packed));
        job.packed = (char *)packed;
    }
    if (!tyto_exec_planning(exec)) {
        if (exec->calibration) {
            tyto_calibration_note(exec->calibration, weight, args->x, args->ldx, args->rows);
        }
        const double start = tyto_exec_clock(exec);
        if (job.packed) {
            tyto_pool_run(exec->pool, tiles, pack_task, &job);
        }
        tyto_pool_run(exec->pool, job.chunks * job.groups, linear_task, &job);
        tyto_exec_account_as(exec, "linear", precision_of(weight->dtype), start,
                             2.0 * (double)args->rows * (double)weight->n * (double)weight->k);
    }
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
