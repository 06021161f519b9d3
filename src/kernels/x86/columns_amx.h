/** Products of bf16 in AMX's registers of tiles whose columns are queries, three registers of them:
 *  scores of keys, and sums of values.
 *
 *  Scores are the products of two parts of each operand, a number in bf16 and what that leaves, but
 *  for the two rests': a channel that all keys share, such as a constant, would be rounded the same
 *  way for all queries, and shift their weights. */
#ifndef TYTO_KERNELS_X86_COLUMNS_AMX_H
#define TYTO_KERNELS_X86_COLUMNS_AMX_H

#include "kernels/x86/tiles_amx.h"

#include "kernels/vector/dot.h"

_Static_assert(ATTEND_VECTORS == 3 && 2 * ATTEND_ROWS == TILE_ROWS, "as registers are dealt out");

/* Bytes of a row of either operand's pairs or of sums, and of a step's columns. */
#define COLUMNS_STRIDE (ATTEND_QUERIES * 4)
#define COLUMNS_STEP (TILE_ROWS * COLUMNS_STRIDE)
/* Bytes of a register. */
#define TILE_SIZE (TILE_ROWS * TILE_BYTES)

/* Registers 0 to 2 += a·b over `steps` steps of 32; those of a are `apart` bytes apart. */
static inline __attribute__((always_inline)) void columns_steps(int64_t steps, const char *a,
                                                                int64_t apart, const char *b)
{
    for (int64_t i = 0; i < steps; i++) {
        tile_load(3, a, TILE_BYTES);
        tile_load(4, b, COLUMNS_STRIDE);
        _tile_dpbf16ps(0, 3, 4);
        tile_load(5, b + TILE_BYTES, COLUMNS_STRIDE);
        _tile_dpbf16ps(1, 3, 5);
        tile_load(6, b + 2 * TILE_BYTES, COLUMNS_STRIDE);
        _tile_dpbf16ps(2, 3, 6);
        a += apart;
        b += COLUMNS_STEP;
    }
}

static inline __attribute__((always_inline)) void columns_give(float *sums)
{
    char *target = (char *)sums;
    _tile_stored(0, target, COLUMNS_STRIDE);
    _tile_stored(1, target + TILE_BYTES, COLUMNS_STRIDE);
    _tile_stored(2, target + 2 * TILE_BYTES, COLUMNS_STRIDE);
}

/* scores[16 keys][ATTEND_QUERIES] = keys·queries. Steps of a part of 16 keys are `apart` bytes
 * apart, and the rests begin `steps` of them further; so do those of queries. */
static inline __attribute__((always_inline)) void
columns_scores(int64_t steps, const char *keys, int64_t apart, const char *queries, float *scores)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    columns_steps(steps, keys + steps * apart, apart, queries);
    columns_steps(steps, keys, apart, queries + steps * COLUMNS_STEP);
    columns_steps(steps, keys, apart, queries);
    columns_give(scores);
}

/* sums[rows][ATTEND_QUERIES] += values·weights for up to 16 channels. */
static inline void columns_values(int64_t rows, int64_t steps, const char *values, int64_t apart,
                                  const char *weights, float *sums)
{
    float part[TILE_ROWS * ATTEND_QUERIES] __attribute__((aligned(64)));
    const size_t bytes = (size_t)rows * COLUMNS_STRIDE;
    float *target = sums;
    if (rows < TILE_ROWS) {
        memset((char *)part + bytes, 0, sizeof(part) - bytes);
        memcpy(part, sums, bytes);
        target = part;
    }
    tile_load(0, (char *)target, COLUMNS_STRIDE);
    tile_load(1, (char *)target + TILE_BYTES, COLUMNS_STRIDE);
    tile_load(2, (char *)target + 2 * TILE_BYTES, COLUMNS_STRIDE);
    columns_steps(steps, values, apart, weights);
    columns_give(target);
    if (target == part) {
        memcpy(sums, part, bytes);
    }
}

/* The lower or upper half of 32 numbers as floats. */
static inline vf columns_wide(vb both, int upper)
{
    const __m256i half = upper ? _mm512_extracti64x4_epi64(both, 1) : _mm512_castsi512_si256(both);
    return vb_as_vf(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* What rounding to bf16 leaves of pairs' numbers. */
static inline vf columns_even_rest(vf even, vb pair)
{
    return vf_sub(even, vb_as_vf(_mm512_slli_epi32(pair, 16)));
}
static inline vf columns_odd_rest(vf odd, vb pair)
{
    return vf_sub(odd, vb_as_vf(_mm512_and_si512(pair, _mm512_set1_epi32((int)0xffff0000))));
}

/* pairs[2 parts][⌈D/32⌉][16][ATTEND_QUERIES][2] of q[D][ATTEND_QUERIES]; missing channels are 0. */
static void columns_queries(int64_t channels, const float *q, uint16_t *pairs)
{
    const int64_t all = (channels + VB_LANES - 1) / VB_LANES * VB_LANES;
    for (int64_t c = 0; c < all; c += 2) {
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            const float *source = q + c * ATTEND_QUERIES + v * VF_LANES;
            uint16_t *target = pairs + c * ATTEND_QUERIES + v * VB_LANES;
            const vf even = c < channels ? vf_load(source) : vf_set(0.0f),
                     odd = c + 1 < channels ? vf_load(source + ATTEND_QUERIES) : vf_set(0.0f);
            const vb pair = vb_pair(even, odd);
            vb_store(target, pair);
            vb_store(target + all * ATTEND_QUERIES,
                     vb_pair(columns_even_rest(even, pair), columns_odd_rest(odd, pair)));
        }
    }
}

/* Bytes of what columns_keys makes. */
static inline int64_t columns_keys_bytes(int64_t all, int64_t channels)
{
    return (channels + VB_LANES - 1) / VB_LANES * all * 2 * TILE_BYTES;
}

/* rows[2 parts][⌈D/32⌉][all][32] of k[keys][D], rows ldk elements apart, of which there are `keys`
 * of `all`; missing keys and channels are 0. */
static void columns_keys(int64_t all, int64_t keys, int64_t channels, const float *k, int64_t ldk,
                         char *rows)
{
    char *rests = rows + columns_keys_bytes(all, channels) / 2;
    for (int64_t c = 0; c < channels; c += VB_LANES) {
        const __mmask16 low = amx_lanes(channels, c), high = amx_lanes(channels, c + VF_LANES);
        for (int64_t j = 0; j < all; j++, rows += TILE_BYTES, rests += TILE_BYTES) {
            const float *source = k + j * ldk + c;
            vf first = vf_set(0.0f), second = vf_set(0.0f);
            if (j < keys) {
                first = _mm512_maskz_loadu_ps(low, source);
                second = _mm512_maskz_loadu_ps(high, source + VF_LANES);
            }
            const vb both = vb_neighbours(first, second);
            vb_store(rows, both);
            vb_store(rests, vb_neighbours(vf_sub(first, columns_wide(both, 0)),
                                          vf_sub(second, columns_wide(both, 1))));
        }
    }
}

/* A block's keys begin … limit−1 become weights: products of 16 keys run while those before do.
 * score    has 16 keys' scores multiplied, from a multiple of 16 on
 * weigh    makes weights of the scores of ATTEND_ROWS keys or of one */
static inline __attribute__((always_inline)) void
columns_weights(const attend_tile *tile, int64_t begin, int64_t limit, const void *context,
                void (*score)(const void *context, int64_t first),
                void (*weigh)(const void *context, int rows, int64_t key))
{
    int64_t at = begin;
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->part[q] = 0.0f;
    }
    score(context, at / TILE_ROWS * TILE_ROWS);
    while (at < limit) {
        const int64_t next = (at / TILE_ROWS + 1) * TILE_ROWS, end = next < limit ? next : limit;
        if (next < limit) {
            score(context, next);
        }
        for (; at + ATTEND_ROWS <= end; at += ATTEND_ROWS) {
            weigh(context, ATTEND_ROWS, at);
        }
        for (; at < end; at++) {
            weigh(context, 1, at);
        }
    }
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->sum[q] += tile->part[q];
    }
}

#endif
