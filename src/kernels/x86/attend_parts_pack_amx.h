/** The parts of queries, keys and values for attend_parts_amx.h. Those of keys and values are made
 * a block of keys at a time, for all tiles of queries. */
#ifndef TYTO_KERNELS_X86_ATTEND_PARTS_PACK_AMX_H
#define TYTO_KERNELS_X86_ATTEND_PARTS_PACK_AMX_H

#include "kernels/x86/parts_amx.h"
#include "kernels/x86/softmax_amx.h"

/* Steps of a block at most, and beyond one only while it has no more operands of a product. */
#define PARTS_BLOCK_STEPS 16
#define PARTS_BLOCK_OPERANDS 64
/* Queries, keys and values may be so large, and so small before they count as 0. The largest value
 * is to be well above that. */
#define PARTS_MOST 0x1p48f
#define PARTS_NUMBER_LEAST 0x1p-96f
#define PARTS_VALUE_LEAST 0x1p-64f

/* A block of keys in scratch. */
typedef struct parts_block {
    int64_t first, keys;   /* counted without those left out */
    int64_t depth, groups; /* ⌈D/32⌉ and ⌈V/32⌉ */
    int64_t most;          /* steps */
    char *k;               /* the parts of [most][depth] steps */
    char *v;               /* [groups][most] */
} parts_block;

static int64_t parts_block_steps(int64_t depth, int64_t groups)
{
    const int64_t fit = PARTS_BLOCK_OPERANDS / (depth + groups);
    return fit > PARTS_BLOCK_STEPS ? PARTS_BLOCK_STEPS : fit > 1 ? fit : 1;
}

/* Numbers on their way to their parts; the largest bits without the sign go to `most`. What is
 * smaller than the least is 0: its parts would leave the range of normal floats. */
static inline __attribute__((always_inline)) vf parts_take(vf a, vb *most)
{
    const vb bits = vf_bits(vf_abs(a));
    *most = _mm512_max_epu32(*most, bits);
    return _mm512_maskz_mov_ps(_mm512_cmpge_epu32_mask(bits, vf_bits(vf_set(PARTS_NUMBER_LEAST))),
                               a);
}

/* The largest of those numbers; not a number when one of them was none. */
static float parts_largest(vb most)
{
    const uint32_t bits = _mm512_reduce_max_epu32(most);
    float number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

/* 32 channels of a tile's queries at a time, from the job's `first` on; missing ones are 0. */
static void parts_pack_queries(const tyto_attend_job *job, int64_t first, char *packed, vb *most)
{
    const vf factor = vf_set(job->scale * LOG2_E);
    const int64_t D = job->qk_channels;
    for (int64_t c = 0; c < D; c += VB_LANES, packed += PARTS_STEP_BYTES) {
        const __mmask16 low = amx_lanes(D, c), high = amx_lanes(D, c + VF_LANES);
        for (int64_t r = 0; r < TILES_ROWS; r++) {
            const float *row = job->q + (first + r) * job->q_stride + c;
            vf a = vf_set(0.0f), b = a;
            if (first + r < job->queries) {
                a = vf_mul(_mm512_maskz_loadu_ps(low, row), factor);
                b = vf_mul(_mm512_maskz_loadu_ps(high, row + VF_LANES), factor);
            }
            parts_split(parts_take(a, most), parts_take(b, most), packed + r * TILE_BYTES);
        }
    }
}

/* A step of keys, which lie in the rows `index`; missing ones are 0. */
static void parts_pack_keys(const tyto_attend_job *job, const int64_t *index, int64_t keys,
                            char *packed, vb *most)
{
    const int64_t D = job->qk_channels;
    for (int64_t c = 0; c < D; c += VB_LANES, packed += PARTS_STEP_BYTES) {
        const __mmask16 low = amx_lanes(D, c), high = amx_lanes(D, c + VF_LANES);
        for (int64_t half = 0; half < AMX_KEYS; half += VF_LANES) {
            vf a[VF_LANES], b[VF_LANES];
#pragma GCC unroll 16
            for (int j = 0; j < VF_LANES; j++) {
                a[j] = b[j] = vf_set(0.0f);
                if (half + j < keys) {
                    const float *row = job->k + index[half + j] * job->k_stride + c;
                    a[j] = parts_take(_mm512_maskz_loadu_ps(low, row), most);
                    b[j] = parts_take(_mm512_maskz_loadu_ps(high, row + VF_LANES), most);
                }
            }
            vf_transpose(a);
            vf_transpose(b);
#pragma GCC unroll 16
            for (int i = 0; i < VF_LANES; i++) {
                parts_split(a[i], b[i], packed + i * 2 * TILE_BYTES + half * (int)sizeof(float));
            }
        }
    }
}

static inline vf parts_value(const tyto_attend_job *job, const int64_t *index, int64_t j,
                             int64_t keys, int64_t c)
{
    return j < keys ? _mm512_maskz_loadu_ps(amx_lanes(job->v_channels, c),
                                            job->v + index[j] * job->v_stride + c)
                    : vf_set(0.0f);
}

/* A step of values; groups of channels are `stride` apart. */
static void parts_pack_values(const tyto_attend_job *job, const int64_t *index, int64_t keys,
                              int64_t stride, char *packed, vb *most)
{
    for (int64_t g = 0; g * TILES_COLUMNS < job->v_channels; g++, packed += stride) {
        for (int64_t j = 0; j < TILE_ROWS; j++) {
            for (int64_t c = 0; c < TILES_COLUMNS; c += VF_LANES) {
                const vf a = parts_value(job, index, j, keys, g * TILES_COLUMNS + c),
                         b = parts_value(job, index, j + TILE_ROWS, keys, g * TILES_COLUMNS + c);
                parts_split(parts_take(a, most), parts_take(b, most),
                            packed + j * 2 * TILE_BYTES + c * (int)sizeof(float));
            }
        }
    }
}

/* Keys of a block from `*next` on that are not left out. */
static void parts_pack_block(const tyto_attend_job *job, int64_t *next, parts_block *block,
                             vb *k_most, vb *v_most)
{
    int64_t index[PARTS_BLOCK_STEPS * AMX_KEYS];
    block->first += block->keys;
    block->keys = amx_shown(job, next, block->most * AMX_KEYS, index);
    for (int64_t s = 0; s * AMX_KEYS < block->keys; s++) {
        const int64_t left = block->keys - s * AMX_KEYS;
        parts_pack_keys(job, index + s * AMX_KEYS, left,
                        block->k + s * block->depth * PARTS_STEP_BYTES, k_most);
        parts_pack_values(job, index + s * AMX_KEYS, left, block->most * PARTS_STEP_BYTES,
                          block->v + s * PARTS_STEP_BYTES, v_most);
    }
}

/* Whether numbers are within what the parts of them can do. */
static bool parts_fit(vb q_most, vb k_most, vb v_most)
{
    const float q = parts_largest(q_most), k = parts_largest(k_most), v = parts_largest(v_most);
    return q < PARTS_MOST && k < PARTS_MOST && v < PARTS_MOST &&
           (v == 0.0f || v >= PARTS_VALUE_LEAST);
}

#endif
