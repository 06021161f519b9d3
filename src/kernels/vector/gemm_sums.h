/** Sums of a tile of the matrix product, in registers. Included once per instruction set. */
#ifndef TYTO_KERNELS_VECTOR_GEMM_SUMS_H
#define TYTO_KERNELS_VECTOR_GEMM_SUMS_H

#include <stdbool.h>

#define GEMM_COLUMNS (GEMM_VECTORS * VF_LANES)
#define CACHE_LINE 64

static inline __attribute__((always_inline)) void gemm_start(vf sum[GEMM_ROWS][GEMM_VECTORS])
{
#pragma GCC unroll 16
    for (int r = 0; r < GEMM_ROWS; r++) {
#pragma GCC unroll 16
        for (int v = 0; v < GEMM_VECTORS; v++) {
            sum[r][v] = vf_set(0.0f);
        }
    }
}

/* acc = (add ? acc : 0) + sum. All loops over rows and vectors have constant bounds: unrolled,
 * `sum` lives in registers. */
static inline __attribute__((always_inline)) void gemm_give(vf sum[GEMM_ROWS][GEMM_VECTORS],
                                                            float *acc, bool add)
{
#pragma GCC unroll 16
    for (int r = 0; r < GEMM_ROWS; r++) {
#pragma GCC unroll 16
        for (int v = 0; v < GEMM_VECTORS; v++) {
            float *target = acc + r * GEMM_COLUMNS + v * VF_LANES;
            vf_store(target, add ? vf_add(vf_load(target), sum[r][v]) : sum[r][v]);
        }
    }
}

#endif
