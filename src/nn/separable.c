#include "nn/separable.h"

#include <math.h>

#include "base/memory.h"

/* Rows of one task. */
#define TASK_ROWS 64
/* Long rows are filled up to so many numbers: kernels take them together. */
#define STRIP 8

static void add_sums(int64_t n, const float *values, double sums[2])
{
    for (int64_t i = 0; i < n; i++) {
        sums[0] += (double)values[i];
        sums[1] += (double)values[i] * (double)values[i];
    }
}

void tyto_separable_sums(int64_t n, int64_t channels, const float *rows, double *sums)
{
    for (int64_t i = 0; i < n; i++) {
        sums[2 * i] = sums[2 * i + 1] = 0.0;
        add_sums(channels, rows + i * channels, sums + 2 * i);
    }
}

/* v[o,c] of v = (weight[n,k], bias[n]). */
static double augmented(int64_t k, const float *weight, const float *bias, int64_t o, int64_t c)
{
    return (double)(c < k ? weight[o * k + c] : bias[o]);
}

void tyto_separable_moments(int64_t n, int64_t k, const float *weight, const float *bias,
                            float *moments)
{
    const int64_t all = k + 1;
    for (int64_t i = 0; i < (all + 1) * all; i++) {
        const int64_t a = i / all - 1, b = i % all;
        double sum = 0.0;
        for (int64_t o = 0; o < n; o++) {
            sum +=
                augmented(k, weight, bias, o, b) * (a < 0 ? 1.0 : augmented(k, weight, bias, o, a));
        }
        moments[i] = (float)sum;
    }
}

int64_t tyto_separable_columns(const tyto_separable *separable)
{
    const int64_t columns = separable->raw + 2 + separable->table_channels;
    return separable->table_channels > 0 ? tyto_round_up(columns, STRIP) : columns;
}

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

/* The sums of content by the moments of its product with few inputs. */
static void add_moments(int64_t raw, const float *values, const float *moments, double sums[2])
{
    for (int64_t a = 0; a <= raw; a++) {
        const double one = a < raw ? (double)values[a] : 1.0;
        sums[0] += one * (double)moments[a];
        for (int64_t b = 0; b <= raw; b++) {
            const double other = b < raw ? (double)values[b] : 1.0;
            sums[1] += one * other * (double)moments[(a + 1) * (raw + 1) + b];
        }
    }
}

static void add_position(const tyto_separable *separable, int64_t position, double sums[2])
{
    if (separable->table_channels > 0) {
        sums[0] += (double)separable->table_sums[2 * position];
        sums[1] += (double)separable->table_sums[2 * position + 1];
        return;
    }
    for (int a = separable->rank - 1; a >= 0; a--) {
        const double *axis = separable->axis_sums[a] + position % separable->dims[a] * 2;
        sums[0] += axis[0];
        sums[1] += axis[1];
        position /= separable->dims[a];
    }
}

typedef struct rows_job {
    const tyto_separable *separable;
    const tyto_separable_args *args;
} rows_job;

static void make_row(const tyto_separable *separable, const tyto_separable_args *args, int64_t i)
{
    const int64_t R = separable->raw, T = separable->table_channels,
                  D = tyto_separable_columns(separable),
                  position = args->indices ? args->indices[i] : args->first + i;
    float *row = args->rows + i * D;
    double sums[2] = {separable->padding_sums[0], separable->padding_sums[1]};
    add_position(separable, position, sums);
    if (args->moments) {
        add_moments(R, row, args->moments, sums);
    } else {
        add_content(separable->content_channels,
                    args->content ? args->content + i * args->ldc : row, sums);
    }
    const double mean = sums[0] / (double)separable->channels,
                 variance = fmax(0.0, sums[1] / (double)separable->channels - mean * mean),
                 rstd = 1.0 / sqrt(variance + (double)separable->eps);
    const float factor = (float)rstd;
    for (int64_t c = 0; c < R; c++) {
        row[c] *= factor;
    }
    row[R] = (float)(rstd * mean);
    row[R + 1] = T > 0 ? factor : 1.0f;
    for (int64_t c = 0; c < T; c++) {
        row[R + 2 + c] = separable->table[position * T + c] * factor;
    }
    for (int64_t c = R + 2 + T; c < D; c++) {
        row[c] = 0.0f;
    }
    args->factors[i] = factor;
}

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const int64_t end = tyto_min_i64(job->args->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        make_row(job->separable, job->args, i);
    }
}

tyto_status tyto_separable_rows(tyto_exec *exec, const tyto_separable *separable,
                                const tyto_separable_args *args)
{
    rows_job job = {separable, args};
    const double start = tyto_exec_clock(exec);
    tyto_pool_run(exec->pool, (args->n + TASK_ROWS - 1) / TASK_ROWS, rows_task, &job);
    tyto_exec_account(exec, "norm", start, 0.0);
    return TYTO_OK;
}
