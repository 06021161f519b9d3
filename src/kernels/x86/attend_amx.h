/** Attention in bf16 in AMX's registers of tiles.
 *
 *  Scores are S = Q·Kᵀ in tiles of 32 queries and steps of 32 keys; then O += P·V for a few steps
 * at once. A query's 32 scores of a step are two vectors, which become whole numbers, one vector of
 * 16 bits and from there its bf16 weights: a row of P as the second product reads it, but for the
 *  order of the keys, in which the values are packed.
 *
 *  Products run beside the instructions of vectors as long as enough of both are in sight, so a
 * step becomes weights between the products of the step after the next, whatever tile that is of.
 * Sums are stored where the next product's begin: before, they would hold its instructions up.
 *
 *  Keys that no query sees are left out when a block of keys and values is packed, once for all
 *  tiles of queries. What few jobs can't be done this way go to attend_pairs: some query sees no
 *  key, or numbers are so large, infinite or none that scores may leave the range of whole numbers.
 *
 *  As there, all weights are 2⁻⁶⁴ of what the scores say, and the division at the end doesn't see
 *  it; what is summed of them is what multiplies the values. */
#ifndef TYTO_KERNELS_X86_ATTEND_AMX_H
#define TYTO_KERNELS_X86_ATTEND_AMX_H

#include "kernels/x86/softmax_amx.h"

/* Steps whose values are added at once. */
#define AMX_CHUNK 2
/* Steps of a block, whose keys and values are packed: at most, and beyond a chunk only while it has
 * no more operands of a product than this. */
#define AMX_STEPS 16
#define AMX_BLOCK_OPERANDS 64
/* Elements of a tile of a product's operand. */
#define AMX_OPERAND (STEP_BYTES / 2)
/* A unit of a score; a power of two has so many. */
#define AMX_UNITS 256.0f
/* A score that equals what is subtracted from it comes out of the product as this. Its whole part
 * is the exponent of the weight, and AMX_ROUND is what the table of corrections is above. */
#define AMX_ROUND 32.0f
#define AMX_LEVEL (63.0f * AMX_UNITS - AMX_ROUND)
/* Scores below this many units are far from the ends of whole numbers, with any of them
 * subtracted. */
#define AMX_UNITS_MOST 0x1p28f

/* A tile of queries in scratch. */
typedef struct amx_tile {
    uint16_t *q;  /* [⌈D/32⌉][TILES_ROWS][32], times scale·log2(e)·AMX_UNITS */
    float *start; /* [TILES_ROWS][16]: what sums of scores start from, AMX_LEVEL at first */
    float *sum;   /* [TILES_ROWS][16] running sums of weights */
    float *o;     /* [⌈V/32⌉][TILES_ROWS][TILES_COLUMNS] */
    int64_t seen[TILES_ROWS]; /* how many of the keys that are not left out a query sees */
    bool fresh;               /* nothing has been subtracted */
} amx_tile;

/* A block of keys in scratch. */
typedef struct amx_block {
    int64_t first, keys;   /* counted without those left out */
    int64_t depth, groups; /* ⌈D/32⌉ and ⌈V/32⌉ */
    int64_t most;          /* steps */
    uint16_t *k;           /* [most][depth][16][32 keys][2] */
    uint16_t *v;           /* [groups][most][16][32 channels][2] */
} amx_block;

/* A tile and a step of the block's keys. */
typedef struct amx_step {
    amx_tile *tile;
    int64_t index;
    bool last; /* of its chunk */
} amx_step;

/* What a thread is at. */
typedef struct amx_work {
    amx_block block;
    amx_step waiting[2]; /* steps whose scores are there, by turns; without a tile there is none */
    float *scores[2];    /* [TILES_ROWS][32] of them */
    int turn;            /* of the older one, where the next one goes */
    float *spare;        /* [TILES_ROWS][32] */
    uint16_t *weights;   /* [AMX_CHUNK][TILES_ROWS][32] */
    vb any;              /* all bits of the chunk's whole numbers */
    char *held;          /* where the sums in the registers belong */
} amx_work;

static int64_t amx_block_steps(int64_t depth, int64_t groups)
{
    const int64_t fit = AMX_BLOCK_OPERANDS / (depth + groups) / AMX_CHUNK * AMX_CHUNK;
    return fit > AMX_STEPS ? AMX_STEPS : fit > AMX_CHUNK ? fit : AMX_CHUNK;
}

static int64_t attend_amx_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t depth = (qk_channels + 31) / 32, groups = (v_channels + 31) / 32,
                  operand = AMX_OPERAND / 2;
    const int64_t tile = depth * operand + 2 * (int64_t)TILES_ROWS * VF_LANES + groups * AMX_SUMS;
    const int64_t block = amx_block_steps(depth, groups) * (depth + groups) * operand +
                          AMX_CHUNK * operand + 3 * (int64_t)AMX_SUMS;
    const int64_t all = AMX_TILES * tile + block,
                  other = attend_pairs_scratch(qk_channels, v_channels);
    return all > other ? all : other;
}

/* The largest bits of a number without its sign go to `most`. */
static inline vb amx_noted(vb numbers, vb *most)
{
    *most = _mm512_max_epu16(*most, _mm512_and_si512(numbers, _mm512_set1_epi16(0x7fff)));
    return numbers;
}

/* Channels c … c+31 of D of a row as bf16; those beyond are 0. */
static inline vb amx_narrow(const float *row, int64_t c, int64_t D)
{
    return vb_neighbours(_mm512_maskz_loadu_ps(amx_lanes(D, c), row + c),
                         _mm512_maskz_loadu_ps(amx_lanes(D, c + VF_LANES), row + c + VF_LANES));
}

static inline vb amx_read(const uint16_t *row, int64_t c, int64_t D)
{
    return _mm512_maskz_loadu_epi16(amx_lanes_bf16(D, c), row + c);
}

/* The same times a factor. */
static inline vb amx_narrow_times(const float *row, int64_t c, int64_t D, vf factor)
{
    return vb_neighbours(
        vf_mul(_mm512_maskz_loadu_ps(amx_lanes(D, c), row + c), factor),
        vf_mul(_mm512_maskz_loadu_ps(amx_lanes(D, c + VF_LANES), row + c + VF_LANES), factor));
}

static inline vb amx_read_times(const uint16_t *row, int64_t c, int64_t D, vf factor)
{
    const vb both = amx_read(row, c, D);
    return vb_pair(vf_mul(vb_even(both), factor), vf_mul(vb_odd(both), factor));
}

/* The largest of those numbers; not a number when one of them was none. */
static float amx_largest(vb most)
{
    uint16_t bits[VB_LANES], largest = 0;
    float number;
    vb_store(bits, most);
    for (int i = 0; i < VB_LANES; i++) {
        largest = bits[i] > largest ? bits[i] : largest;
    }
    const uint32_t wide = (uint32_t)largest << 16;
    memcpy(&number, &wide, sizeof(number));
    return number;
}

static void amx_pack_queries(const tyto_attend_job *job, int64_t first, const amx_tile *tile,
                             vb *most)
{
    const vf factor = vf_set(job->scale * LOG2_E * AMX_UNITS);
    const int64_t D = job->qk_channels;
    for (int64_t c = 0; c < D; c += VB_LANES) {
        uint16_t *target = tile->q + c * TILES_ROWS;
        for (int64_t r = 0; r < TILES_ROWS; r++) {
            const int64_t place = (first + r) * job->q_stride;
            vb both = _mm512_setzero_si512();
            if (first + r < job->queries) {
                both = job->q_bf16 ? amx_read_times(job->q_bf16 + place, c, D, factor)
                                   : amx_narrow_times(job->q + place, c, D, factor);
            }
            vb_store(target + r * VB_LANES, amx_noted(both, most));
        }
    }
}

/* A step of keys, which lie in the rows `index`; missing ones are 0. */
static void amx_pack_keys(const tyto_attend_job *job, const int64_t *index, int64_t keys,
                          uint16_t *packed, vb *most)
{
    const int64_t D = job->qk_channels;
    for (int64_t c = 0; c < D; c += VB_LANES) {
        for (int64_t half = 0; half < AMX_KEYS; half += VF_LANES) {
            uint16_t *target = packed + c * TILES_COLUMNS + 2 * half;
            vf v[VF_LANES];
#pragma GCC unroll 16
            for (int j = 0; j < VF_LANES; j++) {
                v[j] = vf_set(0.0f);
                if (half + j < keys) {
                    const int64_t place = index[half + j] * job->k_stride;
                    const vb both = job->k_bf16 ? amx_read(job->k_bf16 + place, c, D)
                                                : amx_narrow(job->k + place, c, D);
                    v[j] = vb_as_vf(amx_noted(both, most));
                }
            }
            vf_transpose(v);
#pragma GCC unroll 16
            for (int i = 0; i < VF_LANES; i++) {
                vb_store(target + i * 2 * TILES_COLUMNS, vf_bits(v[i]));
            }
        }
    }
}

/* 16 channels of a key's values as pairs with those of the next key, where these are among those
 * that are there. */
static inline vb amx_pair(const tyto_attend_job *job, const int64_t *index, int64_t key,
                          int64_t keys, int64_t c, __mmask16 lanes)
{
    const __mmask16 even = key < keys ? lanes : 0, odd = key + 1 < keys ? lanes : 0;
    const int64_t first = even ? index[key] * job->v_stride + c : 0,
                  second = odd ? index[key + 1] * job->v_stride + c : 0;
    if (job->v_bf16) {
        const __m512i low = _mm512_cvtepu16_epi32(
                          _mm256_maskz_loadu_epi16(even, job->v_bf16 + first)),
                      high = _mm512_cvtepu16_epi32(
                          _mm256_maskz_loadu_epi16(odd, job->v_bf16 + second));
        return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
    }
    return vb_pair(_mm512_maskz_loadu_ps(even, job->v + first),
                   _mm512_maskz_loadu_ps(odd, job->v + second));
}

/* A step of values; groups of channels are `stride` apart. Weights come out of the packing of their
 * whole numbers by fours of the first and of the last 16 keys in turn. */
static void amx_pack_values(const tyto_attend_job *job, const int64_t *index, int64_t keys,
                            int64_t stride, uint16_t *packed)
{
    const int64_t V = job->v_channels;
    for (int64_t c = 0; c < V; c += VF_LANES) {
        const __mmask16 lanes = amx_lanes(V, c);
        uint16_t *target = packed + c / TILES_COLUMNS * stride + 2 * (c % TILES_COLUMNS);
        for (int64_t pair = 0; pair < AMX_KEYS / 2; pair++) {
            const int64_t row = 2 * (pair % 8) - pair % 2 + (pair < 8 ? 0 : 2);
            vb_store(target + row * 2 * TILES_COLUMNS,
                     amx_pair(job, index, 2 * pair, keys, c, lanes));
        }
    }
}

/* Keys of a block from `*next` on that are not left out. */
static void amx_pack_block(const tyto_attend_job *job, int64_t *next, amx_block *block, vb *most)
{
    int64_t index[AMX_STEPS * AMX_KEYS];
    block->first += block->keys;
    block->keys = amx_shown(job, next, block->most * AMX_KEYS, index);
    for (int64_t s = 0; s * AMX_KEYS < block->keys; s++) {
        const int64_t left = block->keys - s * AMX_KEYS;
        amx_pack_keys(job, index + s * AMX_KEYS, left, block->k + s * block->depth * AMX_OPERAND,
                      most);
        amx_pack_values(job, index + s * AMX_KEYS, left, block->most * AMX_OPERAND,
                        block->v + s * AMX_OPERAND);
    }
}

/* Rows of scores that become weights while products run. */
typedef struct amx_rows {
    const float *scores;
    uint16_t *weights;
    int64_t left;
    vb any; /* all bits of their whole numbers */
} amx_rows;

/* The weights of 32 scores: of a number of 8.8 bits, the exponent and the fraction f of a power of
 * two, half is the exponent and significand of a bf16 but for the curve of 2^f, which six bits of f
 * find in a table. `seen` of the scores count, the others weigh 0. */
static inline __attribute__((always_inline)) void amx_weigh_row(amx_rows *rows, __mmask32 seen)
{
    /* Near 256·(2^f − 1 − f) + AMX_ROUND − 1/2 for f = (n + 3/8)/64 + AMX_ROUND/256, less 1 where
     * that is more: the best whole numbers for the four fractions of each. The average rounds up.
     */
    static const uint8_t corrections[64] __attribute__((aligned(64))) = {
        22, 21, 21, 19, 19, 18, 17, 16, 16, 15, 14, 14, 13, 13, 12, 12, 11, 11, 11, 10, 10, 10,
        10, 10, 10, 9,  9,  10, 10, 10, 10, 10, 10, 11, 11, 12, 12, 12, 13, 14, 14, 15, 16, 16,
        18, 18, 19, 20, 22, 22, 24, 25, 26, 28, 29, 30, 31, 30, 29, 27, 27, 25, 24, 23};
    const float *source = rows->scores;
    const vb whole = _mm512_maskz_packus_epi32(seen, _mm512_cvtps_epi32(vf_load(source)),
                                               _mm512_cvtps_epi32(vf_load(source + VF_LANES)));
    const vb correction = _mm512_maskz_permutexvar_epi8(
        0x5555555555555555u, _mm512_srli_epi16(whole, 2), _mm512_load_si512(corrections));
    vb_store(rows->weights, _mm512_avg_epu16(whole, correction));
    rows->any = _mm512_or_si512(rows->any, whole);
    rows->scores += AMX_KEYS;
    rows->weights += AMX_KEYS;
    rows->left--;
}

static inline __attribute__((always_inline)) void amx_weigh_some(amx_rows *rows)
{
    if (rows->left) {
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            amx_weigh_row(rows, 0xffffffffu);
        }
    }
}

/* Whether a score was above what exponents hold. */
static inline bool amx_above(vb any)
{
    return _mm512_test_epi16_mask(any, _mm512_set1_epi16((short)0x8000)) != 0;
}

/* Sums of one of a product's registers go where they belong, and others begin. Stores that come
 * after the products of the next sums would hold those up. */
#define AMX_TURN(tile, target, source, stride)                                                     \
    do {                                                                                           \
        _tile_stored(tile, target, SUMS_STRIDE);                                                   \
        tile_load(tile, source, stride);                                                           \
    } while (0)

/* The first step of a product whose sums begin as source[2·TILE_ROWS], of which the second half of
 * the columns is `beside` behind the first. */
#define AMX_FIRST_STEP(held, source, beside, stride, a, b, other)                                  \
    do {                                                                                           \
        tile_load(4, a, TILE_BYTES);                                                               \
        tile_load(6, b, 2 * TILE_BYTES);                                                           \
        AMX_TURN(0, held, source, stride);                                                         \
        _tile_dpbf16ps(0, 4, 6);                                                                   \
        other;                                                                                     \
        tile_load(7, (b) + TILE_BYTES, 2 * TILE_BYTES);                                            \
        AMX_TURN(1, (held) + TILE_BYTES, (source) + (beside), stride);                             \
        _tile_dpbf16ps(1, 4, 7);                                                                   \
        other;                                                                                     \
        tile_load(5, (a) + TILE_ROWS * TILE_BYTES, TILE_BYTES);                                    \
        AMX_TURN(2, (held) + TILE_ROWS * SUMS_STRIDE, (source) + TILE_ROWS * (stride), stride);    \
        _tile_dpbf16ps(2, 5, 6);                                                                   \
        other;                                                                                     \
        AMX_TURN(3, (held) + TILE_ROWS * SUMS_STRIDE + TILE_BYTES,                                 \
                 (source) + TILE_ROWS * (stride) + (beside), stride);                              \
        _tile_dpbf16ps(3, 5, 7);                                                                   \
        other;                                                                                     \
    } while (0)

/* Seen scores as bits of the 16-bit numbers, whose order is that of amx_pack_values. */
static inline uint32_t amx_in_order(uint32_t seen)
{
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++) {
        bits |= (seen >> 4 * i & 15) << 8 * i | (seen >> (16 + 4 * i) & 15) << (8 * i + 4);
    }
    return bits;
}

/* The registers' sums go where they belong. */
static void amx_give(amx_work *work)
{
    tiles_give(work->held);
    work->held = (char *)work->spare;
}

/* Scores of a step; `rows` become weights on the way. */
static inline __attribute__((always_inline)) void
amx_score(amx_work *work, const amx_tile *tile, int64_t index, float *scores, amx_rows *rows)
{
    const int64_t depth = work->block.depth;
    const char *a = (const char *)tile->q, *source = (const char *)tile->start,
               *b = (const char *)(work->block.k + index * depth * AMX_OPERAND);
    char *held = work->held;
    AMX_FIRST_STEP(held, source, 0, TILE_BYTES, a, b, amx_weigh_some(rows));
    for (int64_t d = 1; d < depth; d++) {
        a += STEP_BYTES;
        b += STEP_BYTES;
        TILES_STEP_WITH(_tile_dpbf16ps, a, b, amx_weigh_some(rows));
    }
    work->held = (char *)scores;
}

/* The same alone. */
static __attribute__((noinline)) void amx_score_only(amx_work *work, const amx_tile *tile,
                                                     int64_t index, float *scores)
{
    amx_rows none = {.left = 0};
    amx_score(work, tile, index, scores, &none);
    amx_give(work);
}

/* The first key of a step, without those left out. */
static inline int64_t amx_key(const amx_work *work, int64_t index)
{
    return work->block.first + index * AMX_KEYS;
}

static inline amx_rows amx_rows_of(const amx_work *work, const amx_step *step, const float *scores)
{
    return (amx_rows){.scores = scores,
                      .weights = work->weights + step->index % AMX_CHUNK * AMX_OPERAND,
                      .left = TILES_ROWS,
                      .any = work->any};
}

/* Weights of a step some of whose scores some queries don't see. */
static __attribute__((noinline)) void amx_weigh_part(const amx_work *work, const amx_step *step,
                                                     amx_rows *rows)
{
    const int64_t first_key = amx_key(work, step->index);
    uint32_t before = 0, bits = 0;
    for (int r = 0; r < TILES_ROWS; r++) {
        const uint32_t seen = amx_seen(step->tile->seen, r, first_key);
        if (seen != before) {
            bits = amx_in_order(seen);
            before = seen;
        }
        amx_weigh_row(rows, bits);
    }
}

static inline bool amx_whole(const amx_work *work, const amx_step *step)
{
    return step->tile->seen[0] >= amx_key(work, step->index + 1);
}

/* Weights of a step alone. */
static void amx_weigh(amx_work *work, const amx_step *step, const float *scores)
{
    amx_rows rows = amx_rows_of(work, step, scores);
    if (!amx_whole(work, step)) {
        amx_weigh_part(work, step, &rows);
    }
    while (rows.left) {
        amx_weigh_some(&rows);
    }
    work->any = rows.any;
}

/* Rows whose weights are added up while products run. */
typedef struct amx_totals {
    const uint16_t *weights;
    float *sum;
    int64_t left, steps;
} amx_totals;

static inline __attribute__((always_inline)) void amx_add_some(amx_totals *totals)
{
    if (totals->left) {
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
            const uint16_t *weights = totals->weights + i * AMX_KEYS;
            float *target = totals->sum + i * VF_LANES;
            vf sum = vf_load(target);
#pragma GCC unroll 4
            for (int s = 0; s < AMX_CHUNK; s++) {
                if (s < totals->steps) {
                    sum = vb_dot(vb_load(weights + s * AMX_OPERAND), vb_ones(), sum);
                }
            }
            vf_store(target, sum);
        }
        totals->sum += 2 * VF_LANES;
        totals->weights += 2 * AMX_KEYS;
        totals->left -= 2;
    }
}

/* O += P·V of the chunk that ends with a step, and the sums of its weights. */
static inline __attribute__((always_inline)) void amx_values(amx_work *work, const amx_step *last)
{
    const amx_block *block = &work->block;
    const int64_t first = last->index / AMX_CHUNK * AMX_CHUNK, steps = last->index + 1 - first;
    amx_totals totals = {
        .weights = work->weights, .sum = last->tile->sum, .left = TILES_ROWS, .steps = steps};
    for (int64_t g = 0; g < block->groups; g++) {
        char *o = (char *)(last->tile->o + g * AMX_SUMS), *held = work->held;
        const char *a = (const char *)work->weights,
                   *b = (const char *)(block->v + (g * block->most + first) * AMX_OPERAND);
        AMX_FIRST_STEP(held, o, TILE_BYTES, SUMS_STRIDE, a, b, amx_add_some(&totals));
        for (int64_t s = 1; s < steps; s++) {
            a += STEP_BYTES;
            b += STEP_BYTES;
            TILES_STEP_WITH(_tile_dpbf16ps, a, b, amx_add_some(&totals));
        }
        work->held = o;
    }
    while (totals.left) {
        amx_add_some(&totals);
    }
}

/* Subtracts from now on what the scores of steps first … end − 1 reach; what was summed shrinks. At
 * first that is nothing, and what is subtracted may sink. */
static __attribute__((noinline)) void amx_raise(amx_work *work, amx_tile *tile, int64_t first,
                                                int64_t end)
{
    vf most[2] = {vf_set(-FLT_MAX), vf_set(-FLT_MAX)};
    float rise[TILES_ROWS], shrink[TILES_ROWS];
    amx_give(work);
    for (int64_t s = first; s < end; s++) {
        amx_score_only(work, tile, s, work->spare);
        for (int half = 0; half < 2; half++) {
            most[half] = vf_max(most[half], amx_highest(tile->seen, work->spare, half * VF_LANES,
                                                        amx_key(work, s)));
        }
    }
    for (int half = 0; half < 2; half++) {
        vf above = vf_sub(most[half], vf_set(AMX_LEVEL));
        above = tile->fresh ? above : vf_max(above, vf_set(0.0f));
        vf_store(rise + half * VF_LANES, above);
        vf_store(shrink + half * VF_LANES, vf_exp2(vf_mul(above, vf_set(-1.0f / AMX_UNITS))));
    }
    for (int64_t r = 0; r < TILES_ROWS; r++) {
        float *source = tile->start + r * VF_LANES, *sum = tile->sum + r * VF_LANES;
        vf_store(source, vf_sub(vf_load(source), vf_set(rise[r])));
        if (tile->fresh || rise[r] == 0.0f) {
            continue;
        }
        const vf factor = vf_set(shrink[r]);
        vf_store(sum, vf_mul(vf_load(sum), factor));
        for (int64_t c = 0; c < work->block.groups * TILES_COLUMNS; c += VF_LANES) {
            float *o =
                tile->o + c / TILES_COLUMNS * AMX_SUMS + r * TILES_COLUMNS + c % TILES_COLUMNS;
            vf_store(o, vf_mul(vf_load(o), factor));
        }
    }
    tile->fresh = false;
}

/* What is subtracted was too little for the chunk that ends with a step: its weights once more, and
 * the scores that wait. */
static __attribute__((noinline)) void amx_redo(amx_work *work, const amx_step *last)
{
    const int64_t first = last->index / AMX_CHUNK * AMX_CHUNK;
    amx_raise(work, last->tile, first, last->index + 1);
    for (int64_t s = first; s <= last->index; s++) {
        const amx_step step = {.tile = last->tile, .index = s};
        amx_score_only(work, step.tile, s, work->spare);
        amx_weigh(work, &step, work->spare);
    }
    for (int i = 0; i < 2; i++) {
        if (work->waiting[i].tile == last->tile) {
            amx_score_only(work, last->tile, work->waiting[i].index, work->scores[i]);
        }
    }
}

/* After the weights of a step: those of a whole chunk meet their values. */
static inline __attribute__((always_inline)) void amx_finish(amx_work *work, const amx_step *step)
{
    if (step->last) {
        if (__builtin_expect(amx_above(work->any), 0)) {
            amx_redo(work, step);
        }
        work->any = _mm512_setzero_si512();
        amx_values(work, step);
    }
}

/* Scores of the next step, while the older of those that wait becomes weights. */
static void amx_go_on(amx_work *work, const amx_step *next)
{
    float *scores = work->scores[work->turn];
    const amx_step step = work->waiting[work->turn];
    amx_rows rows = {.left = 0};
    if (step.tile) {
        rows = amx_rows_of(work, &step, scores);
        if (!amx_whole(work, &step)) {
            amx_weigh_part(work, &step, &rows);
        }
    }
    amx_score(work, next->tile, next->index, scores, &rows);
    work->waiting[work->turn] = *next;
    work->turn = !work->turn;
    if (step.tile) {
        while (rows.left) {
            amx_weigh_some(&rows);
        }
        work->any = rows.any;
        amx_finish(work, &step);
    }
}

/* What waits becomes weights and values. */
static __attribute__((noinline)) void amx_end(amx_work *work)
{
    amx_give(work);
    for (int i = 0; i < 2; i++) {
        const amx_step step = work->waiting[work->turn];
        work->waiting[work->turn].tile = NULL;
        if (step.tile) {
            amx_weigh(work, &step, work->scores[work->turn]);
            amx_finish(work, &step);
        }
        work->turn = !work->turn;
    }
}

/* All keys of the block for one tile; the last of them wait for what comes next. */
static void amx_attend_tile(amx_work *work, amx_tile *tile)
{
    const amx_block *block = &work->block;
    const int64_t seen = tile->seen[TILES_ROWS - 1] - block->first,
                  keys = seen < block->keys ? seen : block->keys,
                  steps = (keys + AMX_KEYS - 1) / AMX_KEYS;
    if (tile->fresh) {
        amx_raise(work, tile, 0, 1);
    }
    for (int64_t s = 0; s < steps; s++) {
        const amx_step next = {
            .tile = tile, .index = s, .last = s % AMX_CHUNK == AMX_CHUNK - 1 || s == steps - 1};
        amx_go_on(work, &next);
    }
}

/* A tile of queries, from `next` on; returns what follows it. */
static float *amx_begin_tile(const tyto_attend_job *job, int64_t first, const amx_block *block,
                             float *next, amx_tile *tile, vb *most)
{
    tile->q = (void *)next;
    next += block->depth * AMX_OPERAND / 2;
    tile->start = next;
    next += TILES_ROWS * VF_LANES;
    tile->sum = next;
    next += TILES_ROWS * VF_LANES;
    tile->o = next;
    next += block->groups * AMX_SUMS;
    tile->fresh = true;
    for (int64_t i = 0; i < TILES_ROWS * VF_LANES; i++) {
        tile->start[i] = AMX_LEVEL;
        tile->sum[i] = 0.0f;
    }
    for (int64_t i = 0; i < block->groups * AMX_SUMS; i++) {
        tile->o[i] = 0.0f;
    }
    amx_pack_queries(job, first, tile, most);
    return next;
}

/* Places what a thread is at in a job's scratch; returns what follows it. */
static float *amx_begin(const tyto_attend_job *job, amx_work *work)
{
    float *next = job->scratch;
    amx_block *block = &work->block;
    block->depth = (job->qk_channels + 31) / 32;
    block->groups = (job->v_channels + 31) / 32;
    block->most = amx_block_steps(block->depth, block->groups);
    block->k = (void *)next;
    next += block->most * block->depth * AMX_OPERAND / 2;
    block->v = (void *)next;
    next += block->most * block->groups * AMX_OPERAND / 2;
    work->weights = (void *)next;
    next += AMX_CHUNK * AMX_OPERAND / 2;
    work->scores[0] = next;
    work->scores[1] = next + AMX_SUMS;
    work->spare = next + 2 * AMX_SUMS;
    work->held = (char *)work->spare;
    work->any = _mm512_setzero_si512();
    return next + 3 * AMX_SUMS;
}

/* False, with nothing given out, when the job can't be done this way. */
static bool amx_attend(const tyto_attend_job *job)
{
    const int64_t tiles = (job->queries + TILES_ROWS - 1) / TILES_ROWS;
    amx_tile all[AMX_TILES];
    amx_work work = {.turn = 0};
    vb q_most = _mm512_setzero_si512(), k_most = _mm512_setzero_si512();
    int64_t looked = 0, seen = 0;
    float *next = amx_begin(job, &work);
    for (int64_t t = 0; t < tiles; t++) {
        amx_look(job, t * TILES_ROWS, &looked, &seen, all[t].seen);
        if (all[t].seen[0] == 0) {
            return false;
        }
        next = amx_begin_tile(job, t * TILES_ROWS, &work.block, next, &all[t], &q_most);
    }
    for (int64_t key = 0; key < job->keys;) {
        amx_pack_block(job, &key, &work.block, &k_most);
        if (!((float)job->qk_channels * amx_largest(q_most) * amx_largest(k_most) <
              AMX_UNITS_MOST)) {
            return false;
        }
        for (int64_t t = 0; t < tiles; t++) {
            amx_attend_tile(&work, &all[t]);
        }
        amx_end(&work);
    }
    amx_give(&work);
    for (int64_t t = 0; t < tiles; t++) {
        amx_give_out(job, t * TILES_ROWS, all[t].sum, all[t].o);
    }
    return true;
}

static void attend_amx(const tyto_attend_job *job)
{
    tyto_amx_begin();
    const bool done = amx_attend(job);
    tyto_amx_end();
    if (!done) {
        attend_pairs(job);
    }
}

#endif
