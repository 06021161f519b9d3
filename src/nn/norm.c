#include "nn/norm.h"

#include <math.h>

#include "base/memory.h"

/* Rows of one task. */
#define TASK_ROWS 32

typedef struct norm_job {
    const tyto_kernels *kernels;
    int64_t rows, cols, stride, count;
    const float *x, *gamma, *beta;
    float eps;
    float *y;
} norm_job;

static void layer_norm_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const norm_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * TASK_ROWS);
    for (int64_t r = index * TASK_ROWS; r < end; r++) {
        job->kernels->layer_norm(job->cols, job->x + r * job->cols, job->gamma, job->beta, job->eps,
                                 job->y + r * job->cols);
    }
}

static void normalize_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const norm_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * TASK_ROWS);
    for (int64_t r = index * TASK_ROWS; r < end; r++) {
        const float *x = job->x + r * job->cols;
        float *y = job->y + r * job->cols;
        double sum = 0.0;
        for (int64_t c = 0; c < job->cols; c++) {
            sum += (double)x[c] * (double)x[c];
        }
        const float length = (float)sqrt(sum) + job->eps;
        for (int64_t c = 0; c < job->cols; c++) {
            y[c] = x[c] / length;
        }
    }
}

/* Σx² in parts that lie side by side, which compilers turn into vectors. */
static double sum_of_squares(int64_t cols, const float *x)
{
    enum { PARTS = 16 };
    float parts[PARTS] = {0};
    double sum = 0.0;
    int64_t c = 0;
    for (; c + PARTS <= cols; c += PARTS) {
        for (int i = 0; i < PARTS; i++) {
            parts[i] += x[c + i] * x[c + i];
        }
    }
    for (; c < cols; c++) {
        sum += (double)x[c] * (double)x[c];
    }
    for (int i = 0; i < PARTS; i++) {
        sum += (double)parts[i];
    }
    return sum;
}

static void rms_norm_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const norm_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * TASK_ROWS);
    for (int64_t r = index * TASK_ROWS; r < end; r++) {
        float *x = job->y + r * job->stride;
        const double mean = sum_of_squares(job->cols, x) / (double)job->count;
        const float factor = (float)(1.0 / sqrt(mean + (double)job->eps));
        for (int64_t c = 0; c < job->cols; c++) {
            x[c] *= factor;
        }
    }
}

static tyto_status run(tyto_exec *exec, norm_job *job, tyto_task_fn task)
{
    const double start = tyto_exec_clock(exec);
    tyto_pool_run(exec->pool, (job->rows + TASK_ROWS - 1) / TASK_ROWS, task, job);
    tyto_exec_account(exec, "norm", start, 0.0);
    return TYTO_OK;
}

tyto_status tyto_layer_norm(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                            const float *gamma, const float *beta, float eps, float *y)
{
    norm_job job = {.kernels = exec->kernels,
                    .rows = rows,
                    .cols = cols,
                    .x = x,
                    .gamma = gamma,
                    .beta = beta,
                    .eps = eps,
                    .y = y};
    return run(exec, &job, layer_norm_task);
}

tyto_status tyto_rms_norm(tyto_exec *exec, int64_t rows, int64_t cols, int64_t stride,
                          int64_t count, float eps, float *x)
{
    norm_job job = {.kernels = exec->kernels,
                    .rows = rows,
                    .cols = cols,
                    .stride = stride,
                    .count = count,
                    .eps = eps,
                    .y = x};
    return run(exec, &job, rms_norm_task);
}

tyto_status tyto_normalize_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                                float eps, float *y)
{
    norm_job job = {.rows = rows, .cols = cols, .x = x, .eps = eps, .y = y};
    return run(exec, &job, normalize_task);
}
