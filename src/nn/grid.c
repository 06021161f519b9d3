#include "nn/grid.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/narrow.h"

/* Floats of the tiles of a task, 640 KB: with a block of values they stay in the second-level
 * cache. */
#define TASK_FLOATS 163840

int64_t tyto_grid_stride(const tyto_kernels *kernels, int64_t columns)
{
    return tyto_row_stride(tyto_round_up(columns, 16) + tyto_round_up(kernels->lanes, 16));
}

/* Whether values and weights are multiplied in bf16. */
static bool in_pairs(const tyto_exec *exec)
{
    return exec->precision != TYTO_PRECISION_FP32 && exec->kernels->bf16->attend_grid;
}

typedef void (*attend_grid_fn)(const tyto_grid_job *job);
typedef int64_t (*attend_grid_scratch_fn)(int64_t qk_channels, int64_t v_channels, int64_t runs);

static attend_grid_fn attend_of(const tyto_exec *exec)
{
    const tyto_kernels *kernels = exec->kernels;
    return in_pairs(exec)   ? kernels->bf16->attend_grid
           : kernels->parts ? kernels->parts->attend_grid
                            : kernels->attend_grid;
}

static attend_grid_scratch_fn scratch_of(const tyto_exec *exec)
{
    const tyto_kernels *kernels = exec->kernels;
    return in_pairs(exec)   ? kernels->bf16->attend_grid_scratch
           : kernels->parts ? kernels->parts->attend_grid_scratch
                            : kernels->attend_grid_scratch;
}

int64_t tyto_grid_strips_floats(const tyto_exec *exec, int64_t keys, int64_t channels)
{
    const int64_t all = tyto_round_up(channels, exec->kernels->attention_channels);
    return in_pairs(exec) ? (keys + 1) / 2 * all : keys * all;
}

static void fill_floats(int64_t strip, int64_t keys, int64_t channels, const float *v, int64_t ldv,
                        float *strips)
{
    for (int64_t c = 0; c < channels; c += strip) {
        for (int64_t j = 0; j < keys; j++) {
            for (int64_t i = 0; i < strip; i++) {
                strips[c * keys + j * strip + i] = c + i < channels ? v[j * ldv + c + i] : 0.0f;
            }
        }
    }
}

static void fill_pairs(int64_t strip, int64_t keys, int64_t channels, const float *v, int64_t ldv,
                       uint16_t *strips)
{
    const int64_t all = (keys + 1) / 2 * 2;
    for (int64_t c = 0; c < channels; c += strip) {
        for (int64_t j = 0; j < all; j++) {
            uint16_t *pair = strips + c * all + j / 2 * 2 * strip + j % 2;
            for (int64_t i = 0; i < strip; i++) {
                const float value = c + i < channels && j < keys ? v[j * ldv + c + i] : 0.0f;
                pair[2 * i] = tyto_f32_to_bf16(value);
            }
        }
    }
}

void tyto_grid_strips(tyto_exec *exec, int64_t keys, int64_t channels, const float *v, int64_t ldv,
                      float *strips)
{
    const int64_t strip = exec->kernels->attention_channels;
    if (in_pairs(exec)) {
        fill_pairs(strip, keys, channels, v, ldv, (uint16_t *)(void *)strips);
    } else {
        fill_floats(strip, keys, channels, v, ldv, strips);
    }
}

typedef struct grid_job {
    const tyto_grid_attention_args *args;
    const tyto_kernels *kernels;
    void (*attend)(const tyto_grid_job *job);
    int64_t per_tile; /* runs of a tile */
    int64_t tiles, tasks;
    tyto_grid_run *runs;
    int64_t count;
    float *lines;   /* [lines][keys], or NULL: each run gathers its own tables */
    int64_t floats; /* of a worker's scratch */
    float *scratch;
    const float *zeros; /* [keys] */
} grid_job;

static int64_t width_of(const tyto_grid *grid)
{
    return grid->dims[grid->rank - 1];
}

static int64_t position_of(const tyto_grid_attention_args *args, int64_t query)
{
    return args->indices ? args->indices[query] : args->first + query;
}

/* target[keys] = what the line of a position adds: the entries of all axes but the last. */
static void fill_line(const tyto_grid *grid, int64_t keys, int64_t line, float *target)
{
    memset(target, 0, (size_t)keys * sizeof(float));
    for (int a = grid->rank - 2; a >= 0; a--) {
        const float *source = grid->outer[a] + line % grid->dims[a] * keys;
        for (int64_t j = 0; j < keys; j++) {
            target[j] += source[j];
        }
        line /= grid->dims[a];
    }
}

/* Finds runs of neighbours within a line. They begin at multiples of a vector where they can, so
 * that runs of several lines read the same entries. False when there are more than `most` runs, or
 * more than `most_lines` lines: the queries come in no such order. */
static bool find_runs(grid_job *job, int64_t most, int64_t most_lines)
{
    const tyto_grid_attention_args *args = job->args;
    const int64_t W = width_of(args->grid), lanes = job->kernels->lanes;
    int64_t lines = 0, line = -1, next = -1;
    job->count = 0;
    for (int64_t i = 0; i < args->queries; i++) {
        const int64_t at = position_of(args, i);
        if (at == next && at / W == line && at % W % lanes != 0) {
            job->runs[job->count - 1].queries++;
            next++;
            continue;
        }
        if (at / W != line && lines++ == most_lines) {
            return false;
        }
        if (at / W != line) {
            fill_line(args->grid, args->keys, at / W, job->lines + (lines - 1) * args->keys);
        }
        if (job->count == most) {
            return false;
        }
        line = at / W;
        next = at + 1;
        job->runs[job->count++] = (tyto_grid_run){.first = i,
                                                  .queries = 1,
                                                  .column = args->grid->last + at % W,
                                                  .line = job->lines + (lines - 1) * args->keys};
    }
    return true;
}

/* Sorts runs by the column that they read, so that those which read the same entries follow one
 * another. Runs of one column keep their order. */
static void sort_runs(const tyto_grid_run *source, int64_t count, tyto_grid_run *target,
                      int64_t width, const float *last, int64_t *starts)
{
    memset(starts, 0, (size_t)(width + 1) * sizeof(*starts));
    for (int64_t i = 0; i < count; i++) {
        starts[source[i].column - last + 1]++;
    }
    for (int64_t c = 0; c < width; c++) {
        starts[c + 1] += starts[c];
    }
    for (int64_t i = 0; i < count; i++) {
        target[starts[source[i].column - last]++] = source[i];
    }
}

/* target[keys][lanes] = everything that the tables add for the queries of a run, wherever they lie.
 */
static void gather_run(const grid_job *job, const tyto_grid_run *run, float *target)
{
    const tyto_grid_attention_args *args = job->args;
    const tyto_grid *grid = args->grid;
    const int64_t W = width_of(grid), keys = args->keys, lanes = job->kernels->lanes;
    for (int64_t i = 0; i < run->queries; i++) {
        int64_t at = position_of(args, run->first + i);
        const float *column = grid->last + at % W;
        for (int64_t j = 0; j < keys; j++) {
            target[j * lanes + i] = column[j * grid->stride];
        }
        at /= W;
        for (int a = grid->rank - 2; a >= 0; a--) {
            const float *entries = grid->outer[a] + at % grid->dims[a] * keys;
            for (int64_t j = 0; j < keys; j++) {
                target[j * lanes + i] += entries[j];
            }
            at /= grid->dims[a];
        }
    }
}

static void grid_task(void *context, int64_t index, int worker)
{
    const grid_job *job = context;
    const tyto_grid_attention_args *args = job->args;
    const int64_t first = index * job->tiles / job->tasks * job->per_tile,
                  end = tyto_min_i64(job->count,
                                     (index + 1) * job->tiles / job->tasks * job->per_tile);
    float *scratch = job->scratch + worker * job->floats;
    tyto_grid_job attend = {.keys = args->keys,
                            .qk_channels = args->qk_channels,
                            .v_channels = args->v_channels,
                            .runs = job->runs + first,
                            .count = end - first,
                            .q = args->q,
                            .factor = args->factor,
                            .k = args->k,
                            .v = args->strips,
                            .v_pairs = (const uint16_t *)(const void *)args->strips,
                            .q_stride = args->ldq,
                            .k_stride = args->ldk,
                            .column_stride = args->grid->stride,
                            .out = args->out,
                            .out_stride = args->ldo,
                            .scratch = scratch};
    if (!job->lines) {
        /* Each task is one tile. */
        float *tables = scratch + job->floats - job->per_tile * args->keys * job->kernels->lanes;
        for (int64_t i = first; i < end; i++) {
            job->runs[i].column = tables + (i - first) * args->keys * job->kernels->lanes;
            job->runs[i].line = job->zeros;
            gather_run(job, &job->runs[i], tables + (i - first) * args->keys * job->kernels->lanes);
        }
        attend.column_stride = job->kernels->lanes;
    }
    job->attend(&attend);
}

/* Cuts the runs into tasks. A task has as many tiles as stay in the cache, and each thread gets as
 * many tasks. */
static void cut(grid_job *job, int threads)
{
    const tyto_grid_attention_args *args = job->args;
    const int64_t each = args->qk_channels + args->v_channels + 4,
                  fit = TASK_FLOATS / (each * job->kernels->attention_queries),
                  most = job->lines ? tyto_max_i64(1, tyto_min_i64(fit, TYTO_ATTEND_TILES)) : 1;
    job->tiles = (job->count + job->per_tile - 1) / job->per_tile;
    job->tasks = tyto_round_up((job->tiles + most - 1) / most, threads);
    job->tasks = tyto_min_i64(job->tasks, job->tiles);
}

/* Takes the scratch. *most = the largest number of runs there can be, *most_lines = that of their
 * lines. */
static tyto_status take_scratch(tyto_exec *exec, grid_job *job, tyto_grid_run **sorted,
                                int64_t **starts, int64_t *most, int64_t *most_lines)
{
    const tyto_grid_attention_args *args = job->args;
    const int64_t lanes = exec->kernels->lanes, n = args->queries, all = (n + lanes - 1) / lanes,
                  width = width_of(args->grid);
    *most = 2 * all + 2;
    *most_lines = n / 8 + 2;
    const int64_t tables = job->per_tile * args->keys * lanes;
    float *zeros;
    job->floats = tyto_round_up(scratch_of(exec)(args->qk_channels, args->v_channels,
                                                 TYTO_ATTEND_TILES * job->per_tile),
                                16) +
                  tables;
    job->runs = tyto_arena_take(exec->arena, (size_t)*most, sizeof(**sorted));
    *sorted = tyto_arena_take(exec->arena, (size_t)*most, sizeof(**sorted));
    *starts = tyto_arena_take(exec->arena, (size_t)width + 1, sizeof(**starts));
    if (!job->runs || !*sorted || !*starts) {
        return tyto_fail_memory(exec->err, "scratch");
    }
    TYTO_TRY(tyto_exec_floats(exec, *most_lines * args->keys, &job->lines));
    TYTO_TRY(tyto_exec_floats(exec, args->keys, &zeros));
    job->zeros = zeros;
    TYTO_TRY(tyto_exec_floats(exec, job->floats * tyto_pool_threads(exec->pool), &job->scratch));
    memset(zeros, 0, (size_t)args->keys * sizeof(float));
    return TYTO_OK;
}

tyto_status tyto_grid_attention(tyto_exec *exec, const tyto_grid_attention_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int threads = tyto_pool_threads(exec->pool);
    grid_job job = {.args = args,
                    .kernels = kernels,
                    .attend = attend_of(exec),
                    .per_tile = kernels->attention_queries / kernels->lanes};
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_grid_run *sorted;
    int64_t *starts, most, most_lines;
    if (args->queries == 0) {
        return TYTO_OK;
    }
    TYTO_TRY(take_scratch(exec, &job, &sorted, &starts, &most, &most_lines));
    const double start = tyto_exec_clock(exec);
    if (find_runs(&job, most, most_lines)) {
        sort_runs(job.runs, job.count, sorted, width_of(args->grid), args->grid->last, starts);
        job.runs = sorted;
    } else {
        job.lines = NULL;
        job.count = 0;
        for (int64_t i = 0; i < args->queries; i += kernels->lanes) {
            job.runs[job.count++] = (tyto_grid_run){
                .first = i, .queries = tyto_min_i64(kernels->lanes, args->queries - i)};
        }
    }
    cut(&job, threads);
    tyto_pool_run(exec->pool, job.tasks, grid_task, &job);
    /* In bf16 some scores are products of floats; they are counted with the others. */
    tyto_exec_account_as(exec, "grid attention",
                         in_pairs(exec) ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32, start,
                         2.0 * (double)args->queries * (double)args->keys *
                             (double)(args->qk_channels + args->v_channels));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
