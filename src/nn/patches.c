#include "nn/patches.h"

#include <string.h>

typedef struct patches_job {
    const float *pixels;
    int64_t channels, height, width, patch;
    float *rows;
} patches_job;

/* One line of patches. */
static void patches_task(void *context, int64_t y, int worker)
{
    (void)worker;
    const patches_job *job = context;
    const int64_t P = job->patch, C = job->channels, across = job->width / P;
    float *target = job->rows + y * across * C * P * P;
    for (int64_t x = 0; x < across; x++) {
        for (int64_t c = 0; c < C; c++) {
            for (int64_t r = 0; r < P; r++) {
                const int64_t line = c * job->height + y * P + r;
                memcpy(target, job->pixels + line * job->width + x * P, (size_t)P * sizeof(float));
                target += P;
            }
        }
    }
}

tyto_status tyto_patches(tyto_exec *exec, const float *pixels, int64_t channels, int64_t height,
                         int64_t width, int64_t patch, float *rows)
{
    patches_job job = {pixels, channels, height, width, patch, rows};
    const double start = tyto_exec_clock(exec);
    tyto_pool_run(exec->pool, height / patch, patches_task, &job);
    tyto_exec_account(exec, "patches", start, 0.0);
    return TYTO_OK;
}
