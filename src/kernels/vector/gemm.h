/** Tiles of the matrix product. Included once per instruction set. */
#ifndef TYTO_KERNELS_VECTOR_GEMM_H
#define TYTO_KERNELS_VECTOR_GEMM_H

#include "kernels/vector/gemm_sums.h"
#include "kernels/vector/math.h"
#include "kernels/vector/pack.h"

static void gemm_pack(int64_t k, const float *x, int64_t ldx, int rows, float *packed)
{
    pack_rows(GEMM_ROWS, k, x, ldx, rows, packed);
}

/* sum += a·b; whether it fetches is known at compile time: asking for what is there costs time. */
static inline __attribute__((always_inline)) void gemm_steps(int64_t k, const float *a,
                                                             const float *b,
                                                             vf sum[GEMM_ROWS][GEMM_VECTORS],
                                                             bool fetches, const char *ahead)
{
    for (int64_t i = 0; i < k; i++) {
        vf column[GEMM_VECTORS];
        if (fetches) {
            __builtin_prefetch(ahead + i * CACHE_LINE, 0, 2);
        }
#pragma GCC unroll 16
        for (int v = 0; v < GEMM_VECTORS; v++) {
            column[v] = vf_load(b + v * VF_LANES);
        }
#pragma GCC unroll 16
        for (int r = 0; r < GEMM_ROWS; r++) {
            const vf row = vf_set(a[r]);
#pragma GCC unroll 16
            for (int v = 0; v < GEMM_VECTORS; v++) {
                sum[r][v] = vf_fma(row, column[v], sum[r][v]);
            }
        }
        a += GEMM_ROWS;
        b += GEMM_COLUMNS;
    }
}

static void gemm_tile(int64_t k, const float *a, const float *b, float *acc, bool add,
                      const float *ahead)
{
    vf sum[GEMM_ROWS][GEMM_VECTORS];
    gemm_start(sum);
    if (ahead) {
        gemm_steps(k, a, b, sum, true, (const char *)ahead);
    } else {
        gemm_steps(k, a, b, sum, false, NULL);
    }
    gemm_give(sum, acc, add);
}

/* One row of a tile with `activation` known at compile time. */
static inline void finish_row(const float *acc, int columns, const tyto_epilogue *e,
                              tyto_activation activation, int row)
{
    float padded[GEMM_COLUMNS];
    const float *residual = e->residual ? e->residual + row * e->residual_stride : NULL;
    float *y = (float *)e->y + row * e->y_stride;
    for (int v = 0; v < GEMM_VECTORS; v++) {
        const int first = v * VF_LANES;
        const bool whole = first + VF_LANES <= columns;
        if (first >= columns) {
            return;
        }
        if (whole) {
            vf x = vf_load(acc + first);
            x = vf_activate(activation, e->bias ? vf_add(x, vf_load(e->bias + first)) : x);
            vf_store(y + first, residual ? vf_add(x, vf_load(residual + first)) : x);
            continue;
        }
        /* The last, partial vector goes through memory: beyond it may lie another thread's. */
        for (int c = first; c < columns; c++) {
            padded[c] = acc[c] + (e->bias ? e->bias[c] : 0.0f);
        }
        for (int c = columns; c < first + VF_LANES; c++) {
            padded[c] = 0.0f;
        }
        vf_store(padded + first, vf_activate(activation, vf_load(padded + first)));
        for (int c = first; c < columns; c++) {
            y[c] = padded[c] + (residual ? residual[c] : 0.0f);
        }
    }
}

/* Rows of a tile whose columns are all there. */
static inline void finish_whole(const float *acc, int rows, const tyto_epilogue *e,
                                tyto_activation activation)
{
    vf bias[GEMM_VECTORS];
    for (int v = 0; v < GEMM_VECTORS; v++) {
        bias[v] = e->bias ? vf_load(e->bias + v * VF_LANES) : vf_set(0.0f);
    }
    for (int r = 0; r < rows; r++) {
        const float *residual = e->residual ? e->residual + r * e->residual_stride : NULL;
        float *y = (float *)e->y + r * e->y_stride;
        for (int v = 0; v < GEMM_VECTORS; v++) {
            const int at = v * VF_LANES;
            vf x = vf_add(vf_load(acc + r * GEMM_COLUMNS + at), bias[v]);
            x = vf_activate(activation, x);
            vf_store(y + at, residual ? vf_add(x, vf_load(residual + at)) : x);
        }
    }
}

static void gemm_finish(const float *acc, int rows, int columns, const tyto_epilogue *e)
{
    switch (e->activation) {
#define FINISH(id, name, formula)                                                                  \
    case TYTO_ACT_##id:                                                                            \
        if (columns == GEMM_COLUMNS) {                                                             \
            finish_whole(acc, rows, e, TYTO_ACT_##id);                                             \
            return;                                                                                \
        }                                                                                          \
        for (int r = 0; r < rows; r++) {                                                           \
            finish_row(acc + r * GEMM_COLUMNS, columns, e, TYTO_ACT_##id, r);                      \
        }                                                                                          \
        return;
        TYTO_ACTIVATION_LIST(FINISH)
#undef FINISH
    }
}

#endif
