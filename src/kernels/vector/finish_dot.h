/** The epilogue of a product whose result is the operand of another one, in bf16. Included once per
 *  instruction set that multiplies pairs, after its vb_*. */
#ifndef TYTO_KERNELS_VECTOR_FINISH_DOT_H
#define TYTO_KERNELS_VECTOR_FINISH_DOT_H

#include "kernels/vector/gemm_sums.h"
#include "kernels/vector/math.h"

/* One row whose columns are all there, with `activation` known at compile time. */
static inline __attribute__((always_inline)) void finish_pairs(const float *acc, const float *bias,
                                                               const float *residual,
                                                               tyto_activation activation,
                                                               uint16_t *y)
{
    vf x[GEMM_VECTORS + 1];
#pragma GCC unroll 8
    for (int v = 0; v < GEMM_VECTORS; v++) {
        const int at = v * VF_LANES;
        x[v] = vf_load(acc + at);
        x[v] = vf_activate(activation, bias ? vf_add(x[v], vf_load(bias + at)) : x[v]);
        x[v] = residual ? vf_add(x[v], vf_load(residual + at)) : x[v];
    }
    x[GEMM_VECTORS] = x[GEMM_VECTORS - 1];
#pragma GCC unroll 8
    for (int v = 0; v < GEMM_VECTORS; v += 2) {
        const vb pair = vb_neighbours(x[v], x[v + 1]);
        if (v + 1 < GEMM_VECTORS) {
            vb_store(y + v * VF_LANES, pair);
        } else {
            memcpy(y + v * VF_LANES, &pair, VF_LANES * sizeof(uint16_t));
        }
    }
}

/* One row some of whose columns are missing goes through memory: beyond it may lie another
 * thread's. */
static void finish_pairs_part(const float *acc, int columns, const float *bias,
                              const float *residual, tyto_activation activation, uint16_t *y)
{
    float sums[GEMM_COLUMNS] = {0.0f}, added[GEMM_COLUMNS] = {0.0f}, more[GEMM_COLUMNS] = {0.0f};
    uint16_t result[GEMM_COLUMNS];
    const size_t bytes = (size_t)columns * sizeof(float);
    memcpy(sums, acc, bytes);
    if (bias) {
        memcpy(added, bias, bytes);
    }
    if (residual) {
        memcpy(more, residual, bytes);
    }
    switch (activation) {
#define FINISH(id, name, formula)                                                                  \
    case TYTO_ACT_##id:                                                                            \
        finish_pairs(sums, added, more, TYTO_ACT_##id, result);                                    \
        break;
        TYTO_ACTIVATION_LIST(FINISH)
#undef FINISH
    }
    memcpy(y, result, (size_t)columns * sizeof(uint16_t));
}

static inline __attribute__((always_inline)) void
finish_pairs_rows(const float *acc, int rows, const tyto_epilogue *e, tyto_activation activation)
{
    for (int r = 0; r < rows; r++) {
        finish_pairs(acc + r * GEMM_COLUMNS, e->bias,
                     e->residual ? e->residual + r * e->residual_stride : NULL, activation,
                     (uint16_t *)e->y + r * e->y_stride);
    }
}

static void gemm_finish_pairs(const float *acc, int rows, int columns, const tyto_epilogue *e)
{
    if (columns < GEMM_COLUMNS) {
        for (int r = 0; r < rows; r++) {
            finish_pairs_part(acc + r * GEMM_COLUMNS, columns, e->bias,
                              e->residual ? e->residual + r * e->residual_stride : NULL,
                              e->activation, (uint16_t *)e->y + r * e->y_stride);
        }
        return;
    }
    switch (e->activation) {
#define FINISH(id, name, formula)                                                                  \
    case TYTO_ACT_##id:                                                                            \
        finish_pairs_rows(acc, rows, e, TYTO_ACT_##id);                                            \
        return;
        TYTO_ACTIVATION_LIST(FINISH)
#undef FINISH
    }
}

#endif
