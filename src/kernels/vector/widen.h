/** Products with weights in bf16 where the CPU multiplies floats alone: half the memory, the same
 *  arithmetic. Included once per instruction set. */
#ifndef TYTO_KERNELS_VECTOR_WIDEN_H
#define TYTO_KERNELS_VECTOR_WIDEN_H

#include "kernels/vector/gemm.h"

/* As gemm_pack, rounded; an odd k gets a step of zeros. */
static void gemm_pack_rounded(int64_t k, const float *x, int64_t ldx, int rows, void *packed)
{
    float *target = packed;
    const int64_t count = k * GEMM_ROWS;
    int64_t i = 0;
    pack_rows(GEMM_ROWS, k, x, ldx, rows, target);
    for (; i + VF_LANES <= count; i += VF_LANES) {
        vf_store(target + i, vf_to_bf16(vf_load(target + i)));
    }
    for (; i < count; i++) {
        float lane[VF_LANES];
        vf_store(lane, vf_to_bf16(vf_set(target[i])));
        target[i] = lane[0];
    }
    for (int r = 0; k % 2 != 0 && r < GEMM_ROWS; r++) {
        target[count + r] = 0.0f;
    }
}

static void gemm_tile_widened(int64_t k, const void *packed, const uint16_t *b, float *acc,
                              bool add, const void *ahead)
{
    const float *a = packed;
    vf sum[GEMM_ROWS][GEMM_VECTORS];
    gemm_start(sum);
    for (int64_t i = 0; i < k; i += 2) {
        vf even[GEMM_VECTORS], odd[GEMM_VECTORS];
        if (ahead) {
            __builtin_prefetch((const char *)ahead + i / 2 * CACHE_LINE, 0, 2);
        }
#pragma GCC unroll 16
        for (int v = 0; v < GEMM_VECTORS; v++) {
            const vb pairs = vb_load(b + v * 2 * VF_LANES);
            even[v] = vb_even(pairs);
            odd[v] = vb_odd(pairs);
        }
#pragma GCC unroll 16
        for (int r = 0; r < GEMM_ROWS; r++) {
            const vf first = vf_set(a[r]);
#pragma GCC unroll 16
            for (int v = 0; v < GEMM_VECTORS; v++) {
                sum[r][v] = vf_fma(first, even[v], sum[r][v]);
            }
        }
#pragma GCC unroll 16
        for (int r = 0; r < GEMM_ROWS; r++) {
            const vf second = vf_set(a[GEMM_ROWS + r]);
#pragma GCC unroll 16
            for (int v = 0; v < GEMM_VECTORS; v++) {
                sum[r][v] = vf_fma(second, odd[v], sum[r][v]);
            }
        }
        a += 2 * GEMM_ROWS;
        b += 2 * GEMM_COLUMNS;
    }
    gemm_give(sum, acc, add);
}

#endif
