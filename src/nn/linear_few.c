#include "base/memory.h"
#include "nn/linear.h"

/* Rows of one task. */
#define TASK_ROWS 64

typedef struct few_job {
    const tyto_linear_few_args *args;
    const tyto_kernels *kernels;
} few_job;

static void few_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const few_job *job = context;
    const tyto_linear_few_args *args = job->args;
    const int64_t first = index * TASK_ROWS, rows = tyto_min_i64(TASK_ROWS, args->rows - first);
    float *y = args->y + first * args->ldy;
    job->kernels->gemm_few(rows, args->n, args->k, args->x + first * args->ldx, args->ldx,
                           args->weight, y, args->ldy);
    for (int64_t r = 0; r < rows; r++) {
        const float *more = args->more + (first + r) * args->ldm;
        for (int64_t c = 0; c < args->n; c++) {
            y[r * args->ldy + c] += args->bias[c] + more[c];
        }
    }
}

tyto_status tyto_linear_few(tyto_exec *exec, const tyto_linear_few_args *args)
{
    few_job job = {args, exec->kernels};
    const double start = tyto_exec_clock(exec);
    tyto_pool_run(exec->pool, (args->rows + TASK_ROWS - 1) / TASK_ROWS, few_task, &job);
    tyto_exec_account(exec, "linear", start,
                      2.0 * (double)args->rows * (double)args->n * (double)args->k);
    return TYTO_OK;
}
