#include "models/perceiver/split.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

/* Rows of one task. */
#define TASK_ROWS 64

bool tyto_perceiver_splits(const tyto_perceiver_input *input)
{
    return input->part && !input->part->add_pos &&
           tyto_perceiver_positions_separate(&input->positions);
}

static void add_sums(int64_t n, const float *values, double sums[2])
{
    for (int64_t i = 0; i < n; i++) {
        sums[0] += (double)values[i];
        sums[1] += (double)values[i] * (double)values[i];
    }
}

tyto_status tyto_perceiver_split_prepare(tyto_perceiver_split *split, tyto_exec *exec)
{
    const tyto_perceiver_positions *positions = split->positions;
    const int64_t size = positions->size;
    split->padding_sums[0] = split->padding_sums[1] = 0.0;
    for (int a = 0; a < positions->rank; a++) {
        const int64_t n = positions->dims[a];
        TYTO_TRY(tyto_exec_floats(exec, n * size, &split->axes[a]));
        split->sums[a] = tyto_arena_take(exec->arena, (size_t)n, 2 * sizeof(double));
        if (!split->sums[a]) {
            return tyto_fail_memory(exec->err, "scratch");
        }
        if (!tyto_exec_planning(exec)) {
            tyto_perceiver_positions_axis(positions, a, split->axes[a]);
        }
        for (int64_t i = 0; !tyto_exec_planning(exec) && i < n; i++) {
            split->sums[a][2 * i] = split->sums[a][2 * i + 1] = 0.0;
            add_sums(size, split->axes[a] + i * size, split->sums[a] + 2 * i);
        }
    }
    if (!tyto_exec_planning(exec)) {
        add_sums(split->channels - split->content_channels - size, split->padding,
                 split->padding_sums);
    }
    return TYTO_OK;
}

typedef struct rows_job {
    const tyto_perceiver_split *split;
    int64_t first;
    const int64_t *indices;
    int64_t n;
    float *rows, *factors;
} rows_job;

/* The sums of content, in parts that lie side by side, which compilers turn into vectors. */
static void add_content(int64_t n, const float *values, double sums[2])
{
    enum { PARTS = 8 };
    float sum[PARTS] = {0}, squares[PARTS] = {0};
    int64_t c = 0;
    for (; c + PARTS <= n; c += PARTS) {
        for (int i = 0; i < PARTS; i++) {
            sum[i] += values[c + i];
            squares[i] += values[c + i] * values[c + i];
        }
    }
    for (int i = 0; i < PARTS; i++) {
        sums[0] += (double)sum[i];
        sums[1] += (double)squares[i];
    }
    add_sums(n - c, values + c, sums);
}

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const tyto_perceiver_split *split = job->split;
    const int64_t C = split->content_channels, end = tyto_min_i64(job->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        int64_t at = job->indices ? job->indices[i] : job->first + i;
        float *row = job->rows + i * (C + 2);
        double sums[2] = {split->padding_sums[0], split->padding_sums[1]};
        for (int a = split->positions->rank - 1; a >= 0; a--) {
            const double *of = split->sums[a] + at % split->positions->dims[a] * 2;
            sums[0] += of[0];
            sums[1] += of[1];
            at /= split->positions->dims[a];
        }
        add_content(C, row, sums);
        const double mean = sums[0] / (double)split->channels,
                     variance = fmax(0.0, sums[1] / (double)split->channels - mean * mean),
                     rstd = 1.0 / sqrt(variance + (double)TYTO_PERCEIVER_EPS);
        const float factor = (float)rstd;
        for (int64_t c = 0; c < C; c++) {
            row[c] *= factor;
        }
        row[C] = (float)(rstd * mean);
        row[C + 1] = 1.0f;
        job->factors[i] = factor;
    }
}

tyto_status tyto_perceiver_split_rows(const tyto_perceiver_split *split, tyto_exec *exec, int64_t b,
                                      int64_t first, const int64_t *indices, int64_t n, float *rows,
                                      float *factors)
{
    rows_job job = {split, first, indices, n, rows, factors};
    if (split->content) {
        TYTO_TRY(tyto_perceiver_input_content(split->content, exec, b, first, n, rows,
                                              tyto_perceiver_split_row(split)));
    }
    if (!tyto_exec_planning(exec)) {
        const double start = tyto_exec_clock(exec);
        tyto_pool_run(exec->pool, (n + TASK_ROWS - 1) / TASK_ROWS, rows_task, &job);
        tyto_exec_account(exec, "norm", start, 0.0);
    }
    return TYTO_OK;
}
