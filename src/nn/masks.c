#include "nn/masks.h"

#include <string.h>

#include "base/memory.h"

/* Numbers of one task, so that few of them don't wake the threads. */
#define TASK_NUMBERS 16384

bool tyto_mask_any(const uint8_t *flags, int64_t n)
{
    bool found = false;
    for (int64_t i = 0; !found && i < n; i++) {
        found = flags[i] != 0;
    }
    return found;
}

int64_t tyto_mask_find_outside(const tyto_mask_values *mask, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float value = tyto_mask_value(mask, i);
        if (!(value >= 0.0f && value <= 1.0f)) {
            return i;
        }
    }
    return -1;
}

bool tyto_mask_highest(const tyto_mask_values *mask, int64_t first, int64_t n, uint8_t *seen)
{
    float least = 1.0f;
    for (int64_t i = 0; i < n; i++) {
        const float missing = 1.0f - tyto_mask_value(mask, first + i);
        least = missing < least ? missing : least;
    }
    for (int64_t i = 0; i < n; i++) {
        seen[i] = 1.0f - tyto_mask_value(mask, first + i) <= least;
    }
    return least > 0.0f;
}

void tyto_mask_groups(int64_t groups, int64_t most, const int64_t *counts, const int64_t *x,
                      int64_t stride, uint8_t *valid)
{
    int64_t s = 0;
    for (int64_t g = 0; g < groups; g++) {
        for (int64_t i = 0; i < most; i++) {
            const bool item = i < counts[g];
            valid[g * most + i] = item && (!x || x[s * stride] > 0);
            s += item;
        }
    }
}

int64_t tyto_keep_rows(int64_t n, int64_t cols, const uint8_t *flags, float *rows)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (flags[i]) {
            if (kept < i) {
                memcpy(rows + kept * cols, rows + i * cols, (size_t)cols * sizeof(float));
            }
            kept++;
        }
    }
    return kept;
}

tyto_status tyto_clear_rows(tyto_exec *exec, int64_t rows, int64_t cols, const uint8_t *flags,
                            int64_t stride, float *x)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        if (flags[r * stride]) {
            memset(x + r * cols, 0, (size_t)cols * sizeof(float));
        }
    }
    return TYTO_OK;
}

tyto_status tyto_replace_rows(tyto_exec *exec, int64_t rows, int64_t cols, const uint8_t *flags,
                              const float *x, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        if (flags[r]) {
            memcpy(y + r * ldy, x, (size_t)cols * sizeof(float));
        }
    }
    return TYTO_OK;
}

typedef struct heads_job {
    int64_t rows, rows_of_task, heads, inner;
    const float *factors;
    float *x;
} heads_job;

static void heads_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const heads_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * job->rows_of_task);
    for (int64_t r = index * job->rows_of_task; r < end; r++) {
        const float factor = job->factors[r % job->heads];
        for (int64_t i = 0; i < job->inner; i++) {
            job->x[r * job->inner + i] *= factor;
        }
    }
}

tyto_status tyto_scale_heads(tyto_exec *exec, int64_t outer, int64_t heads, int64_t inner,
                             const float *factors, float *x)
{
    heads_job job = {.rows = outer * heads,
                     .rows_of_task = tyto_max_i64(1, TASK_NUMBERS / inner),
                     .heads = heads,
                     .inner = inner,
                     .factors = factors,
                     .x = x};
    tyto_pool_run(exec->pool, (job.rows + job.rows_of_task - 1) / job.rows_of_task, heads_task,
                  &job);
    return TYTO_OK;
}
