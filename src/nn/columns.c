#include "nn/columns.h"

#include <string.h>

#include "base/memory.h"

/* Numbers of one task, so that few of them don't wake the threads. */
#define TASK_NUMBERS 16384

tyto_status tyto_sum_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                          double *y)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        y[r] = 0.0;
        for (int64_t c = 0; c < cols; c++) {
            y[r] += (double)x[r * ldx + c];
        }
    }
    return TYTO_OK;
}

tyto_status tyto_dot_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                          const float *v, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0.0;
        for (int64_t c = 0; c < cols; c++) {
            sum += (double)x[r * ldx + c] * (double)v[c];
        }
        y[r * ldy] = (float)sum;
    }
    return TYTO_OK;
}

typedef struct dot_job {
    int64_t rows, rows_of_task, cols;
    const float *x;
    int64_t ldx;
    const float *v;
    float *y;
    int64_t ldy;
} dot_job;

static void dot_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const dot_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * job->rows_of_task);
    for (int64_t r = index * job->rows_of_task; r < end; r++) {
        float sum = 0.0f;
        for (int64_t c = 0; c < job->cols; c++) {
            sum += job->v[c] * job->x[r * job->ldx + c];
        }
        job->y[r * job->ldy] = sum;
    }
}

tyto_status tyto_dot_rows_single(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                                 int64_t ldx, const float *v, float *y, int64_t ldy)
{
    dot_job job = {.rows = rows,
                   .rows_of_task = tyto_max_i64(1, TASK_NUMBERS / tyto_max_i64(1, cols)),
                   .cols = cols,
                   .x = x,
                   .ldx = ldx,
                   .v = v,
                   .y = y,
                   .ldy = ldy};
    tyto_pool_run(exec->pool, (rows + job.rows_of_task - 1) / job.rows_of_task, dot_task, &job);
    return TYTO_OK;
}

tyto_status tyto_mean_rows_single(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                                  int64_t ldx, float *y)
{
    (void)exec;
    memset(y, 0, (size_t)cols * sizeof(*y));
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c++) {
            y[c] += x[r * ldx + c] / (float)rows;
        }
    }
    return TYTO_OK;
}

tyto_status tyto_add_column(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                            int64_t ldx, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c++) {
            y[r * ldy + c] += x[r * ldx];
        }
    }
    return TYTO_OK;
}

tyto_status tyto_add_outer(tyto_exec *exec, int64_t rows, int64_t cols, const double *a,
                           bool round_first, const float *b, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        const double factor = round_first ? (double)(float)a[r] : a[r];
        for (int64_t c = 0; c < cols; c++) {
            y[r * ldy + c] += (float)(factor * (double)b[c]);
        }
    }
    return TYTO_OK;
}
