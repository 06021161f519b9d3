/** Attention of queries on a grid whose values are multiplied in AMX's registers of tiles. Scores,
 *  weights and their sums are those of grid_dot.h; Oᵀ += Vᵀ·Pᵀ, where pairs of weights are the
 *  second operand as they lie, and a block of values is transposed once for all tiles of queries.
 */
#ifndef TYTO_KERNELS_X86_GRID_AMX_H
#define TYTO_KERNELS_X86_GRID_AMX_H

#include "kernels/x86/tiles_amx.h"

#include "kernels/vector/dot.h"

_Static_assert(ATTEND_VECTORS == 3 && 2 * ATTEND_ROWS == TILE_ROWS, "as registers are dealt out");

/* Pairs of keys of a block, and those of a register. */
#define GRID_PAIRS (TYTO_ATTEND_KEYS / 2)
#define GRID_STEP TILE_ROWS
/* Bytes of a row of weights or of sums. */
#define GRID_STRIDE (ATTEND_QUERIES * 4)

/* Values of a block lie in scratch behind its weights, [⌈V/16⌉][GRID_PAIRS/16][16 channels][16]
 * pairs, and in front of them which block it is. */
static inline int64_t *grid_values_key(const tyto_grid_job *job)
{
    return (void *)(job->scratch + GRID_PAIRS_FLOATS);
}

static int64_t grid_values_floats(int64_t v_channels)
{
    return TILE_ROWS + (v_channels + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS * GRID_PAIRS;
}

static int64_t attend_grid_amx_scratch(int64_t qk_channels, int64_t v_channels, int64_t runs)
{
    return grid_values_floats(v_channels) +
           attend_grid_pairs_scratch(qk_channels, v_channels, runs);
}

/* Values of a block: 16 channels of 16 pairs at a time. */
static void grid_transpose(const tyto_grid_job *job, int64_t key, int64_t pairs, uint32_t *to)
{
    const int64_t all = (job->keys + 1) / 2,
                  strips = grid_v_channels(job->v_channels) / ATTEND_ROWS;
    for (int64_t s = 0; s < strips; s += 2) {
        const uint16_t *low = job->v_pairs + (s * all + key / 2) * 2 * ATTEND_ROWS,
                       *high = low + all * 2 * ATTEND_ROWS;
        for (int64_t p = 0; p < GRID_PAIRS; p += GRID_STEP) {
            vf v[VF_LANES];
#pragma GCC unroll 16
            for (int64_t i = 0; i < VF_LANES; i++) {
                __m512i both = _mm512_setzero_si512();
                if (p + i < pairs) {
                    const int64_t at = (p + i) * 2 * ATTEND_ROWS;
                    both = _mm512_maskz_loadu_epi32(0xff, low + at);
                    if (s + 1 < strips) {
                        both = _mm512_inserti64x4(
                            both, _mm256_loadu_si256((const __m256i *)(const void *)(high + at)),
                            1);
                    }
                }
                v[i] = _mm512_castsi512_ps(both);
            }
            vf_transpose(v);
#pragma GCC unroll 16
            for (int64_t i = 0; i < VF_LANES; i++) {
                vb_store(to, vf_bits(v[i]));
                to += GRID_STEP;
            }
        }
    }
}

/* sums[16][ATTEND_QUERIES] += 16 channels' values times weights */
static void grid_product(const uint32_t *values, const uint16_t *weights, int64_t pairs,
                         float *sums)
{
    const char *a = (const char *)values, *b = (const char *)weights;
    char *to = (char *)sums;
    tile_load(0, to, GRID_STRIDE);
    tile_load(1, to + TILE_BYTES, GRID_STRIDE);
    tile_load(2, to + 2 * TILE_BYTES, GRID_STRIDE);
    for (int64_t p = 0; p < pairs; p += GRID_STEP) {
        tile_load(3, a, TILE_BYTES);
        tile_load(4, b, GRID_STRIDE);
        _tile_dpbf16ps(0, 3, 4);
        tile_load(5, b + TILE_BYTES, GRID_STRIDE);
        _tile_dpbf16ps(1, 3, 5);
        tile_load(6, b + 2 * TILE_BYTES, GRID_STRIDE);
        _tile_dpbf16ps(2, 3, 6);
        a += TILE_ROWS * TILE_BYTES;
        b += GRID_STEP * GRID_STRIDE;
    }
    _tile_stored(0, to, GRID_STRIDE);
    _tile_stored(1, to + TILE_BYTES, GRID_STRIDE);
    _tile_stored(2, to + 2 * TILE_BYTES, GRID_STRIDE);
}

static void grid_add_tiles(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                           int64_t keys, const float *scores)
{
    uint16_t *weights = (uint16_t *)(void *)job->scratch;
    uint32_t *v = (void *)(job->scratch + GRID_PAIRS_FLOATS + TILE_ROWS);
    const int64_t V = grid_v_channels(job->v_channels), pairs = (keys + 1) / 2,
                  whole = (pairs + GRID_STEP - 1) / GRID_STEP * GRID_STEP;
    if (*grid_values_key(job) != key) {
        grid_transpose(job, key, pairs, v);
        *grid_values_key(job) = key;
    }
    grid_pair_weights(tile, keys, scores, weights);
    memset(weights + pairs * 2 * ATTEND_QUERIES, 0, (size_t)((whole - pairs) * GRID_STRIDE));
    for (int64_t c = 0; c < V; c += TILE_ROWS) {
        float *o = tile->state.o + c * ATTEND_QUERIES;
        if (c + TILE_ROWS <= V) {
            grid_product(v, weights, whole, o);
        } else {
            float half[TILE_ROWS * ATTEND_QUERIES] __attribute__((aligned(64))) = {0};
            memcpy(half, o, sizeof(half) / 2);
            grid_product(v, weights, whole, half);
            memcpy(o, half, sizeof(half) / 2);
        }
        v += TILE_ROWS * GRID_PAIRS;
    }
}

static void attend_grid_amx(const tyto_grid_job *job)
{
    *grid_values_key(job) = -1;
    tyto_amx_begin();
    grid_run(job, job->scratch + GRID_PAIRS_FLOATS + grid_values_floats(job->v_channels),
             grid_add_tiles);
    tyto_amx_end();
}

#endif
