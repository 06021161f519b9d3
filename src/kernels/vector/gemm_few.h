/** The product with a few outputs. Included once per instruction set. */
#ifndef TYTO_KERNELS_VECTOR_GEMM_FEW_H
#define TYTO_KERNELS_VECTOR_GEMM_FEW_H

#include "kernels/vector/math.h"

/* Rows and outputs of a block: their sums lie in registers. */
#define FEW_ROWS 4
#define FEW_COLUMNS 3

/* y[rows][columns] of one block; both are constants at each call. */
static inline __attribute__((always_inline)) void few_block(int rows, int columns, int64_t k,
                                                            const float *x, int64_t ldx,
                                                            const float *w, float *y, int64_t ldy)
{
    vf sum[FEW_ROWS][FEW_COLUMNS];
    int64_t i = 0;
#pragma GCC unroll 4
    for (int r = 0; r < FEW_ROWS && r < rows; r++) {
#pragma GCC unroll 4
        for (int c = 0; c < FEW_COLUMNS && c < columns; c++) {
            sum[r][c] = vf_set(0.0f);
        }
    }
    for (; i + VF_LANES <= k; i += VF_LANES) {
        vf weight[FEW_COLUMNS];
#pragma GCC unroll 4
        for (int c = 0; c < FEW_COLUMNS && c < columns; c++) {
            weight[c] = vf_load(w + c * k + i);
        }
#pragma GCC unroll 4
        for (int r = 0; r < FEW_ROWS && r < rows; r++) {
            const vf value = vf_load(x + r * ldx + i);
#pragma GCC unroll 4
            for (int c = 0; c < FEW_COLUMNS && c < columns; c++) {
                sum[r][c] = vf_fma(value, weight[c], sum[r][c]);
            }
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
            float total = vf_sum(sum[r][c]);
            for (int64_t j = i; j < k; j++) {
                total += x[r * ldx + j] * w[c * k + j];
            }
            y[r * ldy + c] = total;
        }
    }
}

static void gemm_few(int64_t rows, int64_t n, int64_t k, const float *x, int64_t ldx,
                     const float *w, float *y, int64_t ldy)
{
    int64_t r = 0;
    for (; r + FEW_ROWS <= rows; r += FEW_ROWS) {
        const float *source = x + r * ldx;
        float *target = y + r * ldy;
        int64_t c = 0;
        for (; c + FEW_COLUMNS <= n; c += FEW_COLUMNS) {
            few_block(FEW_ROWS, FEW_COLUMNS, k, source, ldx, w + c * k, target + c, ldy);
        }
        for (; c < n; c++) {
            few_block(FEW_ROWS, 1, k, source, ldx, w + c * k, target + c, ldy);
        }
    }
    for (; r < rows; r++) {
        for (int64_t c = 0; c < n; c++) {
            few_block(1, 1, k, x + r * ldx, ldx, w + c * k, y + r * ldy + c, ldy);
        }
    }
}

#endif
