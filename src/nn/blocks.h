/** Videos and pictures as rows of blocks of pixels. */
#ifndef TYTO_NN_BLOCKS_H
#define TYTO_NN_BLOCKS_H

#include "nn/exec.h"

/** How x[frames,planes,height,width] is cut: block (t,y,x) of grid[3] begins at frame t·frame_step,
 *  line y·space_step and column x·space_step, and has frame_block frames of space_block² pixels, of
 *  which every plane_step-th plane is taken. Blocks lie inside of x. */
typedef struct tyto_blocks {
    int64_t frames, planes, height, width;
    int64_t grid[3];
    int64_t frame_step, plane_step, space_step;
    int64_t frame_block, space_block;
} tyto_blocks;

/** Numbers of a block. */
int64_t tyto_blocks_channels(const tyto_blocks *blocks);
/** y[n,channels] = blocks first … first+n−1 in row-major order: pixel by pixel in time, lines and
 *  columns, the planes of a pixel adjacent; rows of y lie ldy floats apart.
 *  threads  rows go round the pool */
TYTO_NODISCARD tyto_status tyto_block_rows(tyto_exec *exec, const tyto_blocks *blocks,
                                           const float *x, int64_t first, int64_t n, float *y,
                                           int64_t ldy);

#endif
