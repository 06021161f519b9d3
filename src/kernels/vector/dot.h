/** Products and attention in bf16 where the CPU multiplies pairs itself. Included once per such
 *  instruction set, after its vb_*. Without DOT_KERNELS there is attention alone. */
#ifndef TYTO_KERNELS_VECTOR_DOT_H
#define TYTO_KERNELS_VECTOR_DOT_H

#include "kernels/kernels.h"
#include "kernels/vector/finish_dot.h"

/* bf16 in a vector */
#define VB_LANES (2 * VF_LANES)

/* What pack_pairs packs: floats to be rounded, or bf16. */
typedef enum pairs_source { FROM_FLOATS, FROM_BF16 } pairs_source;

/* VB_LANES steps of VF_LANES rows, of which `rows` are there: neighbours in a row are the pairs, so
 * a transpose of pairs is all. Writes whole vectors: what lands beyond the R rows belongs to the
 * next pair, which comes after. */
static inline __attribute__((always_inline)) void pack_pairs_block(int R, pairs_source source,
                                                                   const void *x, int64_t ldx,
                                                                   int rows, float scale,
                                                                   uint16_t *packed)
{
    vf v[VF_LANES];
#pragma GCC unroll 16
    for (int r = 0; r < VF_LANES; r++) {
        if (r >= rows) {
            v[r] = vf_set(0.0f);
        } else if (source == FROM_BF16) {
            const vb row = vb_load((const uint16_t *)x + r * ldx);
            v[r] = vb_as_vf(scale == 1.0f ? row
                                          : vb_pair(vf_mul(vb_even(row), vf_set(scale)),
                                                    vf_mul(vb_odd(row), vf_set(scale))));
        } else {
            const float *row = (const float *)x + r * ldx;
            v[r] = vb_as_vf(vb_neighbours(vf_mul(vf_load(row), vf_set(scale)),
                                          vf_mul(vf_load(row + VF_LANES), vf_set(scale))));
        }
    }
    vf_transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < VF_LANES; i++) {
        memcpy(packed + i * 2 * R, &v[i], sizeof(v[i]));
    }
}

/* packed[⌈k/2⌉][R][2] = x[rows][k]·scale; missing rows and the step after an odd k
 * are 0. R, a constant at each call, is below VF_LANES or a multiple of it. Blocks of steps while a
 * later one overwrites what they write too much; the last steps go through memory that has room. */
static inline __attribute__((always_inline)) void pack_pairs(int R, pairs_source source, int64_t k,
                                                             const void *x, int64_t ldx, int rows,
                                                             float scale, uint16_t *packed)
{
    enum { ROOM = 64 };
    const size_t width = source == FROM_BF16 ? sizeof(uint16_t) : sizeof(float);
    const char *bytes = x;
    uint16_t last[VB_LANES * ROOM + VB_LANES];
    char tail[ROOM * VB_LANES * sizeof(float)] __attribute__((aligned(64)));
    int64_t i = 0;
    for (; i + VB_LANES < k; i += VB_LANES) {
        for (int r = 0; r < R; r += VF_LANES) {
            pack_pairs_block(R, source, bytes + (size_t)(r * ldx + i) * width, ldx, rows - r, scale,
                             packed + i * R + 2 * r);
        }
    }
    memset(tail, 0, (size_t)(rows * VB_LANES) * width);
    for (int r = 0; r < rows; r++) {
        memcpy(tail + (size_t)(r * VB_LANES) * width, bytes + (size_t)(r * ldx + i) * width,
               (size_t)(k - i) * width);
    }
    for (int r = 0; r < R; r += VF_LANES) {
        pack_pairs_block(R, source, tail + (size_t)(r * VB_LANES) * width, VB_LANES, rows - r,
                         scale, last + 2 * r);
    }
    memcpy(packed + i * R, last, (size_t)((k - i + 1) / 2 * 2 * R) * sizeof(uint16_t));
}

static void widen(int64_t count, const uint16_t *x, float *y)
{
    int64_t i = 0;
    for (; i + VF_LANES <= count; i += VF_LANES) {
        vf_store(y + i, vf_widened(x + i));
    }
    for (; i < count; i++) {
        const uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(y + i, &bits, sizeof(bits));
    }
}

#ifdef DOT_KERNELS
static void gemm_pack_pairs(int64_t k, const float *x, int64_t ldx, int rows, void *packed)
{
    pack_pairs(GEMM_ROWS, FROM_FLOATS, k, x, ldx, rows, 1.0f, packed);
}

static void gemm_pack_bf16(int64_t k, const uint16_t *x, int64_t ldx, int rows, void *packed)
{
    pack_pairs(GEMM_ROWS, FROM_BF16, k, x, ldx, rows, 1.0f, packed);
}

/* sum += a·b, as in gemm_steps. */
static inline __attribute__((always_inline)) void pairs_steps(int64_t k, const uint16_t *a,
                                                              const uint16_t *b,
                                                              vf sum[GEMM_ROWS][GEMM_VECTORS],
                                                              bool fetches, const char *ahead)
{
    for (int64_t i = 0; i < k / 2; i++) {
        vb column[GEMM_VECTORS];
        if (fetches) {
            __builtin_prefetch(ahead + i * CACHE_LINE, 0, 2);
        }
#pragma GCC unroll 16
        for (int v = 0; v < GEMM_VECTORS; v++) {
            column[v] = vb_load(b + v * VB_LANES);
        }
#pragma GCC unroll 16
        for (int r = 0; r < GEMM_ROWS; r++) {
            const vb row = vb_set(a + 2 * r);
#pragma GCC unroll 16
            for (int v = 0; v < GEMM_VECTORS; v++) {
                sum[r][v] = vb_dot(row, column[v], sum[r][v]);
            }
        }
        a += 2 * GEMM_ROWS;
        b += 2 * GEMM_COLUMNS;
    }
}

/* All loops over rows and vectors have constant bounds: unrolled, `sum` lives in registers. */
static void gemm_tile_pairs(int64_t k, const void *a, const uint16_t *b, float *acc, bool add,
                            const void *ahead)
{
    vf sum[GEMM_ROWS][GEMM_VECTORS];
    gemm_start(sum);
    if (ahead) {
        pairs_steps(k, a, b, sum, true, ahead);
    } else {
        pairs_steps(k, a, b, sum, false, NULL);
    }
    gemm_give(sum, acc, add);
}

/* Chains enough to hide the latency of a product of pairs. */
#define DOT_CHAINS 20

static double dot_rounds(int64_t rounds)
{
    static const uint16_t half[2] = {0x3f00, 0x3e80}; /* 1/2 and 1/4: sums stay finite */
    vf sum[DOT_CHAINS];
    vb pair = vb_set(half);
    /* All different, so that no chain stands for another. */
#pragma GCC unroll 20
    for (int i = 0; i < DOT_CHAINS; i++) {
        sum[i] = vf_set((float)i);
    }
    for (int64_t n = 0; n < rounds; n++) {
#pragma GCC unroll 20
        for (int i = 0; i < DOT_CHAINS; i++) {
            sum[i] = vb_dot(pair, pair, sum[i]);
        }
    }
    vf all = sum[0];
    for (int i = 1; i < DOT_CHAINS; i++) {
        all = vf_add(all, sum[i]);
    }
    volatile float keep = vf_sum(all);
    (void)keep;
    return (double)rounds * DOT_CHAINS * 2.0 * VB_LANES;
}

#endif

#include "kernels/vector/attend_dot.h"
#include "kernels/vector/grid_dot.h"

#ifdef DOT_KERNELS
const tyto_bf16_kernels DOT_KERNELS = {
    .dot = true,
    .rows = GEMM_ROWS,
    .a_bytes = sizeof(uint16_t),
    .a_interleave = 2,
    .prefetch_bytes = CACHE_LINE / 2,
    .gemm_pack = gemm_pack_pairs,
    .gemm_pack_bf16 = gemm_pack_bf16,
    .widen = widen,
    .gemm_tile = gemm_tile_pairs,
    .gemm_finish = gemm_finish_pairs,
    .attend = attend_pairs,
    .attend_scratch = attend_pairs_scratch,
    .attend_grid = attend_grid_pairs,
    .attend_grid_scratch = attend_grid_pairs_scratch,
    .dot_rounds = dot_rounds,
};
#endif

#endif
