#include "nn/convolution.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Rows of windows that are laid out at once: a few megabytes at the most. */
#define WINDOWS_TOGETHER 4096
/* Rows of one task of an elementwise operator. */
#define TASK_ROWS 64

int64_t tyto_window_count(int64_t n, int64_t kernel, int64_t stride, int64_t padding)
{
    return n + 2 * padding < kernel ? 0 : (n + 2 * padding - kernel) / stride + 1;
}

typedef struct windows_job {
    const tyto_convolution_args *args;
    int64_t across; /* windows of a line */
    int64_t first;  /* window of the first row */
    float *rows;    /* [n, C·k·k] */
} windows_job;

/* One window as a row: channel by channel, line by line, zeros outside the picture. */
static void windows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const windows_job *job = context;
    const tyto_convolution_args *a = job->args;
    const int64_t k = a->kernel, window = job->first + index;
    const int64_t top = window / job->across * a->stride - a->padding,
                  left = window % job->across * a->stride - a->padding;
    float *target = job->rows + index * a->channels * k * k;
    for (int64_t c = 0; c < a->channels; c++) {
        for (int64_t y = top; y < top + k; y++) {
            const float *line = a->x + (c * a->height + y) * a->width;
            const bool inside = y >= 0 && y < a->height;
            for (int64_t x = left; x < left + k; x++) {
                *target++ = inside && x >= 0 && x < a->width ? line[x] : 0.0f;
            }
        }
    }
}

tyto_status tyto_convolution(tyto_exec *exec, const tyto_convolution_args *args)
{
    const int64_t down = tyto_window_count(args->height, args->kernel, args->stride, args->padding),
                  across =
                      tyto_window_count(args->width, args->kernel, args->stride, args->padding),
                  floats = args->channels * args->kernel * args->kernel, total = down * across;
    if (total == 0 || floats != args->weight->k) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "convolution: got %lldx%lld pixels of %lld channels, required at least "
                         "%lldx%lld of %lld",
                         (long long)args->height, (long long)args->width, (long long)args->channels,
                         (long long)(args->kernel - 2 * args->padding),
                         (long long)(args->kernel - 2 * args->padding),
                         (long long)(args->weight->k / (args->kernel * args->kernel)));
    }
    const int64_t together = tyto_min_i64(WINDOWS_TOGETHER, total), outs = args->weight->n;
    windows_job job = {.args = args, .across = across};
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, together * floats, &job.rows));
    for (; job.first < total; job.first += together) {
        const int64_t n = tyto_min_i64(together, total - job.first);
        tyto_pool_run(exec->pool, n, windows_task, &job);
        TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = job.rows,
                                                       .ldx = floats,
                                                       .rows = n,
                                                       .weight = args->weight,
                                                       .bias = args->bias,
                                                       .y = args->y + job.first * outs,
                                                       .ldy = outs}));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

typedef struct batch_norm_job {
    const tyto_batch_norm_args *args;
    const tyto_kernels *kernels;
    const float *scale, *shift;
} batch_norm_job;

static void batch_norm_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const batch_norm_job *job = context;
    const tyto_batch_norm_args *a = job->args;
    const int64_t first = index * TASK_ROWS, end = tyto_min_i64(a->rows, first + TASK_ROWS);
    for (int64_t r = first; r < end; r++) {
        float *row = a->x + r * a->channels;
        for (int64_t c = 0; c < a->channels; c++) {
            row[c] = row[c] * job->scale[c] + job->shift[c];
        }
    }
    job->kernels->activate(a->activation, a->x + first * a->channels, (end - first) * a->channels);
}

tyto_status tyto_batch_norm(tyto_exec *exec, const tyto_batch_norm_args *args)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *scale, *shift;
    TYTO_TRY(tyto_exec_floats(exec, args->channels, &scale));
    TYTO_TRY(tyto_exec_floats(exec, args->channels, &shift));
    for (int64_t c = 0; c < args->channels; c++) {
        const double factor =
            (double)args->gamma[c] / sqrt((double)args->variance[c] + (double)args->eps);
        scale[c] = (float)factor;
        shift[c] = (float)((double)args->beta[c] - (double)args->mean[c] * factor);
    }
    batch_norm_job job = {args, exec->kernels, scale, shift};
    tyto_pool_run(exec->pool, (args->rows + TASK_ROWS - 1) / TASK_ROWS, batch_norm_task, &job);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

typedef struct max_pool_job {
    const float *x;
    int64_t width, channels, kernel, stride, across;
    float *y;
} max_pool_job;

/* One line of the result. */
static void max_pool_task(void *context, int64_t row, int worker)
{
    (void)worker;
    const max_pool_job *job = context;
    const int64_t C = job->channels, k = job->kernel;
    for (int64_t at = 0; at < job->across; at++) {
        float *target = job->y + (row * job->across + at) * C;
        const float *corner = job->x + (row * job->width + at) * job->stride * C;
        memcpy(target, corner, (size_t)C * sizeof(float));
        for (int64_t i = 1; i < k * k; i++) {
            const float *source = corner + (i / k * job->width + i % k) * C;
            for (int64_t c = 0; c < C; c++) {
                target[c] = source[c] > target[c] ? source[c] : target[c];
            }
        }
    }
}

tyto_status tyto_max_pool(tyto_exec *exec, const float *x, int64_t height, int64_t width,
                          int64_t channels, int64_t kernel, int64_t stride, float *y)
{
    const int64_t down = tyto_window_count(height, kernel, stride, 0),
                  across = tyto_window_count(width, kernel, stride, 0);
    if (down == 0 || across == 0) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "max pool: got %lldx%lld pixels, required at least %lldx%lld",
                         (long long)height, (long long)width, (long long)kernel, (long long)kernel);
    }
    max_pool_job job = {x, width, channels, kernel, stride, across, y};
    tyto_pool_run(exec->pool, down, max_pool_task, &job);
    return TYTO_OK;
}
