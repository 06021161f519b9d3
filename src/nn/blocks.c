#include "nn/blocks.h"

#include "base/memory.h"

/* Rows of one task. */
#define TASK_ROWS 64

int64_t tyto_blocks_channels(const tyto_blocks *blocks)
{
    return blocks->frame_block * blocks->space_block * blocks->space_block *
           ((blocks->planes + blocks->plane_step - 1) / blocks->plane_step);
}

typedef struct blocks_job {
    const tyto_blocks *blocks;
    const float *x;
    int64_t first, n;
    float *y;
    int64_t ldy;
} blocks_job;

static void block_row(const tyto_blocks *blocks, const float *pixels, int64_t block, float *y)
{
    const int64_t column = block % blocks->grid[2] * blocks->space_step,
                  line = block / blocks->grid[2] % blocks->grid[1] * blocks->space_step,
                  frame = block / blocks->grid[2] / blocks->grid[1] * blocks->frame_step,
                  area = blocks->height * blocks->width, side = blocks->space_block;
    for (int64_t t = 0; t < blocks->frame_block; t++) {
        for (int64_t i = 0; i < side * side; i++) {
            const float *pixel = pixels + (frame + t) * blocks->planes * area +
                                 (line + i / side) * blocks->width + column + i % side;
            for (int64_t c = 0; c < blocks->planes; c += blocks->plane_step) {
                *y++ = pixel[c * area];
            }
        }
    }
}

static void blocks_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const blocks_job *job = context;
    const int64_t end = tyto_min_i64(job->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        block_row(job->blocks, job->x, job->first + i, job->y + i * job->ldy);
    }
}

tyto_status tyto_block_rows(tyto_exec *exec, const tyto_blocks *blocks, const float *x,
                            int64_t first, int64_t n, float *y, int64_t ldy)
{
    blocks_job job = {blocks, x, first, n, y, ldy};
    tyto_pool_run(exec->pool, (n + TASK_ROWS - 1) / TASK_ROWS, blocks_task, &job);
    return TYTO_OK;
}
