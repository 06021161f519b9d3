#include "nn/gather.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Tasks per thread, so that none waits long for the last one; and the most parts that inputs are
 * cut into. */
#define TASKS_PER_THREAD 8
#define PARTS_MAX 8
/* Rows of a tile's state besides those of its sources: the maxima, the sums of weights, and the
 * same sums of the current line. */
enum { MOST, SUM, LINE, EXTRA_ROWS };

int64_t tyto_gather_rows(const tyto_gather_source *source)
{
    int64_t rows = source->channels;
    for (int a = 0; a < source->rank; a++) {
        rows += source->dims[a];
    }
    return rows;
}

/* The state of a tile for one part of the inputs: EXTRA_ROWS rows, then the rows of the sources. */
static float *tile_state(const tyto_exec *exec, const tyto_gather *gather, int64_t part,
                         int64_t tile)
{
    return gather->state + (part * gather->tiles + tile) * (gather->rows + EXTRA_ROWS) *
                               exec->kernels->attention_queries;
}

tyto_status tyto_gather_start(tyto_exec *exec, int64_t queries, tyto_gather_source *sources,
                              int count, tyto_gather *out)
{
    const int64_t R = exec->kernels->attention_queries,
                  wanted = TASKS_PER_THREAD * tyto_pool_threads(exec->pool);
    *out = (tyto_gather){.queries = queries, .tiles = (queries + R - 1) / R};
    out->parts = tyto_min_i64(PARTS_MAX, (wanted + out->tiles - 1) / out->tiles);
    for (int i = 0; i < count; i++) {
        sources[i].row = out->rows;
        out->rows += tyto_gather_rows(&sources[i]);
        TYTO_TRY(tyto_exec_floats(exec, out->tiles * sources[i].channels * R, &sources[i].q));
        for (int a = 0; a < sources[i].rank; a++) {
            TYTO_TRY(
                tyto_exec_floats(exec, out->tiles * sources[i].dims[a] * R, &sources[i].tables[a]));
        }
    }
    const int64_t floats = out->parts * out->tiles * (out->rows + EXTRA_ROWS) * R;
    TYTO_TRY(tyto_exec_floats(exec, floats, &out->state));
    memset(out->state, 0, (size_t)floats * sizeof(float));
    for (int64_t i = 0; i < out->parts * out->tiles * R; i++) {
        tile_state(exec, out, 0, i / R)[MOST * R + i % R] = -FLT_MAX;
    }
    return TYTO_OK;
}

void tyto_gather_set(tyto_exec *exec, const tyto_gather *gather, const tyto_gather_source *source,
                     int axis, const float *values, int64_t ld)
{
    const int64_t R = exec->kernels->attention_queries,
                  rows = axis < 0 ? source->channels : source->dims[axis];
    float *target = axis < 0 ? source->q : source->tables[axis];
    memset(target, 0, (size_t)(gather->tiles * rows * R) * sizeof(float));
    for (int64_t i = 0; i < gather->queries; i++) {
        float *lane = target + i / R * rows * R + i % R;
        for (int64_t r = 0; r < rows; r++) {
            lane[r * R] = axis < 0 ? values[i * ld + r] : values[r * ld + i];
        }
    }
}

typedef struct gather_job {
    tyto_exec *exec;
    const tyto_gather *gather;
    const tyto_gather_source *source;
    int64_t first, n, ldx;
    const float *x, *factor;
    const tyto_gather_kernels *kernels; /* NULL: x is read where it lies */
    char *packed;                       /* x for these */
    float *scratch;                     /* of each worker: the kernel's, and a line */
    int64_t floats;                     /* of it */
} gather_job;

/* The kernels for the precision that take x packed, or NULL when there are none. */
static const tyto_gather_kernels *kernels_of(const tyto_exec *exec)
{
    return exec->precision == TYTO_PRECISION_FP32 ? NULL : exec->kernels->bf16->gather;
}

/* line[R] = what the tables of all axes but the last add to a line. */
static void fill_line(const gather_job *job, int64_t tile, int64_t line, float *target)
{
    const tyto_gather_source *source = job->source;
    const int64_t R = job->exec->kernels->attention_queries;
    memset(target, 0, (size_t)R * sizeof(float));
    for (int a = source->rank - 2; a >= 0; a--) {
        const float *entries =
            source->tables[a] + (tile * source->dims[a] + line % source->dims[a]) * R;
        for (int64_t i = 0; i < R; i++) {
            target[i] += entries[i];
        }
        line /= source->dims[a];
    }
}

/* Adds the sum of a line to the rows of its indices, on all axes but the last. */
static void add_line(const gather_job *job, int64_t line, const float *sum, float *state)
{
    const tyto_gather_source *source = job->source;
    const int64_t R = job->exec->kernels->attention_queries;
    for (int a = source->rank - 2; a >= 0; a--) {
        int64_t row = source->channels + line % source->dims[a];
        for (int before = 0; before < a; before++) {
            row += source->dims[before];
        }
        for (int64_t i = 0; i < R; i++) {
            state[row * R + i] += sum[i];
        }
        line /= source->dims[a];
    }
}

/* Attends to inputs begin … end−1 of the piece, one line of the grid at a time. */
static void gather_lines(const gather_job *job, int64_t tile, int64_t begin, int64_t end,
                         float *state, float *scratch)
{
    const tyto_gather_source *source = job->source;
    const int64_t R = job->exec->kernels->attention_queries, rank = source->rank,
                  width = rank ? source->dims[rank - 1] : 0;
    float *own = state + (EXTRA_ROWS + source->row) * R, *line = scratch,
          *columns = own + (tyto_gather_rows(source) - width) * R;
    void (*run)(const tyto_gather_job *) =
        job->kernels ? job->kernels->attend : job->exec->kernels->attend_gather;
    tyto_gather_job attend = {.channels = source->channels,
                              .x_stride = job->ldx,
                              .q = source->q + tile * source->channels * R,
                              .line = line,
                              .most = state + MOST * R,
                              .sum = state + SUM * R,
                              .o = own,
                              .line_sum = state + LINE * R,
                              .state = state + LINE * R,
                              .rows = job->gather->rows + EXTRA_ROWS - LINE,
                              .scratch = scratch + R,
                              .packed = job->packed};
    while (begin < end) {
        const int64_t at = job->first + begin, left = rank ? width - at % width : end - begin;
        attend.keys = tyto_min_i64(left, end - begin);
        attend.x = job->x + begin * job->ldx;
        attend.first = begin;
        if (rank) {
            attend.factor = job->factor + begin;
            attend.column = source->tables[rank - 1] + (tile * width + at % width) * R;
            attend.column_sums = columns + at % width * R;
            fill_line(job, tile, at / width, line);
            memset(attend.line_sum, 0, (size_t)R * sizeof(float));
        }
        run(&attend);
        if (rank) {
            add_line(job, at / width, attend.line_sum, own);
        }
        begin += attend.keys;
    }
}

static void pack_task(void *context, int64_t index, int worker)
{
    const gather_job *job = context;
    const int64_t C = job->source->channels, first = index * TYTO_GATHER_KEYS;
    (void)worker;
    job->kernels->pack(tyto_min_i64(TYTO_GATHER_KEYS, job->n - first), C, job->x + first * job->ldx,
                       job->ldx, job->packed + index * job->kernels->packed_bytes(C));
}

static void gather_task(void *context, int64_t index, int worker)
{
    const gather_job *job = context;
    const tyto_gather *gather = job->gather;
    const int64_t part = index / gather->tiles, tile = index % gather->tiles;
    gather_lines(job, tile, job->n * part / gather->parts, job->n * (part + 1) / gather->parts,
                 tile_state(job->exec, gather, part, tile), job->scratch + worker * job->floats);
}

tyto_status tyto_gather_add(tyto_exec *exec, const tyto_gather *gather,
                            const tyto_gather_source *source, int64_t first, int64_t n,
                            const float *x, int64_t ldx, const float *factor)
{
    const int64_t R = exec->kernels->attention_queries, C = source->channels,
                  steps = (n + TYTO_GATHER_KEYS - 1) / TYTO_GATHER_KEYS;
    gather_job job = {.exec = exec,
                      .gather = gather,
                      .source = source,
                      .first = first,
                      .n = n,
                      .ldx = ldx,
                      .x = x,
                      .factor = factor,
                      .kernels = kernels_of(exec)};
    size_t mark = tyto_arena_mark(exec->arena);
    job.floats = tyto_round_up(
        R + (job.kernels ? job.kernels->scratch(C) : TYTO_GATHER_SCRATCH_ROWS * R), 16);
    TYTO_TRY(tyto_exec_floats(exec, job.floats * tyto_pool_threads(exec->pool), &job.scratch));
    if (job.kernels) {
        job.packed =
            tyto_arena_take(exec->arena, (size_t)steps, (size_t)job.kernels->packed_bytes(C));
        if (!job.packed) {
            return tyto_fail_memory(exec->err, "scratch");
        }
    }
    const double start = tyto_exec_clock(exec);
    if (job.kernels) {
        tyto_pool_run(exec->pool, steps, pack_task, &job);
    }
    tyto_pool_run(exec->pool, gather->tiles * gather->parts, gather_task, &job);
    tyto_exec_account_as(exec, "gather", job.kernels ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32,
                         start, 4.0 * (double)gather->queries * (double)n * (double)C);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

void tyto_gather_finish(tyto_exec *exec, const tyto_gather *gather, float *out)
{
    const int64_t R = exec->kernels->attention_queries, rows = gather->rows;
    for (int64_t i = 0; i < gather->queries; i++) {
        const float *parts[PARTS_MAX];
        double factors[PARTS_MAX], sum = 0.0;
        float most = -FLT_MAX;
        for (int64_t p = 0; p < gather->parts; p++) {
            parts[p] = tile_state(exec, gather, p, i / R) + i % R;
            most = fmaxf(most, parts[p][MOST * R]);
        }
        for (int64_t p = 0; p < gather->parts; p++) {
            factors[p] = exp2((double)parts[p][MOST * R] - (double)most);
            sum += factors[p] * (double)parts[p][SUM * R];
        }
        for (int64_t r = 0; r < rows; r++) {
            double total = 0.0;
            for (int64_t p = 0; p < gather->parts; p++) {
                total += factors[p] * (double)parts[p][(EXTRA_ROWS + r) * R];
            }
            out[i * rows + r] = (float)(total / sum);
        }
    }
}
