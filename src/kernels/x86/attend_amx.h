/** Attention in bf16 in AMX's registers of tiles.
 *
 *  Scores are S = Q·Kᵀ, rows of queries, in tiles of 32 queries and steps of 32 keys; then
 *  O += P·V. A query's 32 scores are two vectors, which become whole numbers, one vector of 16 bits
 *  and from there its bf16 weights: a row of P as the second product reads it, but for the order of
 *  the keys, in which the values are packed. Products run beside the vectors' instructions, so the
 *  weights of one step are made between the products of the next.
 *
 *  Keys that no query sees are left out when a block of keys and values is packed, once for all
 *  tiles of queries. What few jobs can't be done this way go to attend_pairs: some query sees no
 *  key, or numbers are so large, infinite or none that scores may leave the range of whole numbers.
 *
 *  As there, all weights are 2⁻⁶⁴ of what the scores say, and the division at the end doesn't see
 *  it; what is summed of them is what multiplies the values. */
#ifndef TYTO_KERNELS_X86_ATTEND_AMX_H
#define TYTO_KERNELS_X86_ATTEND_AMX_H

#include <float.h>

#include "kernels/x86/tiles_amx.h"

#include "kernels/vector/dot.h"

/* Keys of a step; steps of a chunk, whose scores are held, and of a block, whose keys and values
 * are packed. */
#define AMX_KEYS VB_LANES
#ifndef AMX_CHUNK
#define AMX_CHUNK 2
#endif
#ifndef AMX_STEPS
#define AMX_STEPS 8
#endif
#define AMX_BLOCK_KEYS (AMX_STEPS * AMX_KEYS)
/* Elements of a tile of a product's operand and of its sums. */
#define AMX_OPERAND (STEP_BYTES / 2)
#define AMX_SUMS (TILES_ROWS * TILES_COLUMNS)
/* More tiles than a job has. */
#define AMX_TILES (TYTO_ATTEND_TILES * ATTEND_QUERIES / TILES_ROWS)

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
    uint16_t *q; /* [⌈D/32⌉][TILES_ROWS][32], times scale·log2(e)·AMX_UNITS */
    float *from; /* [TILES_ROWS][16]: what sums of scores start from, AMX_LEVEL − most·AMX_UNITS */
    float *sum;               /* [TILES_ROWS][16] running sums of weights */
    float *o;                 /* [⌈V/32⌉][TILES_ROWS][TILES_COLUMNS] */
    int64_t seen[TILES_ROWS]; /* how many of the keys that are not left out a query sees */
    bool fresh;               /* nothing has been subtracted */
} amx_tile;

/* A block of keys in scratch. */
typedef struct amx_block {
    int64_t first, keys;   /* counted without those left out */
    int64_t depth, groups; /* ⌈D/32⌉ and ⌈V/32⌉ */
    uint16_t *k;           /* [AMX_STEPS][depth][16][32 keys][2] */
    uint16_t *v;           /* [groups][AMX_STEPS][16][32 channels][2] */
} amx_block;

/* A tile and a chunk of a block's keys. */
typedef struct amx_item {
    amx_tile *tile;
    int64_t first, steps; /* of the block's */
} amx_item;

/* What a thread is at. */
typedef struct amx_work {
    amx_block block;
    amx_item item;     /* whose scores are there; without a tile there is none */
    float *scores;     /* [AMX_CHUNK][TILES_ROWS][32] */
    float *spare;      /* as many */
    uint16_t *weights; /* [AMX_CHUNK][TILES_ROWS][32] */
    char *held;        /* where the sums in the registers belong */
} amx_work;

static int64_t attend_amx_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t depth = (qk_channels + 31) / 32, groups = (v_channels + 31) / 32,
                  operand = AMX_OPERAND / 2;
    const int64_t tile = depth * operand + 2 * (int64_t)TILES_ROWS * VF_LANES + groups * AMX_SUMS;
    const int64_t block =
        AMX_STEPS * (depth + groups) * operand + AMX_CHUNK * (2 * AMX_SUMS + operand);
    const int64_t all = AMX_TILES * tile + block,
                  other = attend_pairs_scratch(qk_channels, v_channels);
    return all > other ? all : other;
}

/* The lanes of a vector at `at` that are among the first n. */
static inline __mmask16 amx_lanes(int64_t n, int64_t at)
{
    return (__mmask16)(n - at >= VF_LANES ? 0xffff : n > at ? (1u << (n - at)) - 1 : 0);
}

/* Channels c … c + 31 of a row of n, times factor; the largest bits of a number without its sign
 * go to `most`. */
static inline __attribute__((always_inline)) vb amx_narrow(const float *row, int64_t c, int64_t n,
                                                           vf factor, vb *most)
{
    const vf low = vf_mul(_mm512_maskz_loadu_ps(amx_lanes(n, c), row + c), factor),
             high = vf_mul(_mm512_maskz_loadu_ps(amx_lanes(n, c + VF_LANES), row + c + VF_LANES),
                           factor);
    *most = _mm512_max_epu32(*most, _mm512_max_epu32(vf_bits(vf_abs(low)), vf_bits(vf_abs(high))));
    return vb_neighbours(low, high);
}

static void amx_pack_queries(const tyto_attend_job *job, int64_t first, const amx_tile *tile,
                             vb *most)
{
    const vf factor = vf_set(job->scale * LOG2_E * AMX_UNITS);
    const int64_t D = job->qk_channels;
    for (int64_t c = 0; c < D; c += VB_LANES) {
        uint16_t *to = tile->q + c * TILES_ROWS;
        for (int64_t r = 0; r < TILES_ROWS; r++) {
            const float *row = job->q + (first + r) * job->q_stride;
            vb_store(to + r * VB_LANES, first + r < job->queries
                                            ? amx_narrow(row, c, D, factor, most)
                                            : _mm512_setzero_si512());
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
            uint16_t *to = packed + c * TILES_COLUMNS + 2 * half;
            vf v[VF_LANES];
#pragma GCC unroll 16
            for (int j = 0; j < VF_LANES; j++) {
                v[j] = vf_set(0.0f);
                if (half + j < keys) {
                    const float *row = job->k + index[half + j] * job->k_stride;
                    v[j] = vb_as_vf(amx_narrow(row, c, D, vf_set(1.0f), most));
                }
            }
            vf_transpose(v);
#pragma GCC unroll 16
            for (int i = 0; i < VF_LANES; i++) {
                vb_store(to + i * 2 * TILES_COLUMNS, vf_bits(v[i]));
            }
        }
    }
}

/* A step of values. Weights come out of the packing of their whole numbers by fours of the first
 * and of the last 16 keys in turn. */
static void amx_pack_values(const tyto_attend_job *job, const int64_t *index, int64_t keys,
                            uint16_t *packed)
{
    const int64_t V = job->v_channels;
    for (int64_t pair = 0; pair < AMX_KEYS / 2; pair++) {
        const int64_t j = 2 * pair, half = pair % 8, row = 2 * half - half % 2 + (pair < 8 ? 0 : 2);
        for (int64_t c = 0; c < V; c += VF_LANES) {
            const __mmask16 even = j < keys ? amx_lanes(V, c) : 0,
                            odd = j + 1 < keys ? amx_lanes(V, c) : 0;
            const float *first = job->v + (even ? index[j] * job->v_stride : 0) + c,
                        *second = job->v + (odd ? index[j + 1] * job->v_stride : 0) + c;
            uint16_t *to = packed + c / TILES_COLUMNS * AMX_STEPS * AMX_OPERAND +
                           row * 2 * TILES_COLUMNS + 2 * (c % TILES_COLUMNS);
            vb_store(to, vb_pair(_mm512_maskz_loadu_ps(even, first),
                                 _mm512_maskz_loadu_ps(odd, second)));
        }
    }
}

/* Keys of a block from `*next` on that are not left out. */
static void amx_pack_block(const tyto_attend_job *job, int64_t *next, amx_block *block, vb *most)
{
    int64_t index[AMX_BLOCK_KEYS];
    block->first += block->keys;
    block->keys = 0;
    for (; *next < job->keys && block->keys < AMX_BLOCK_KEYS; ++*next) {
        if (!job->key_mask || job->key_mask[*next]) {
            index[block->keys++] = *next;
        }
    }
    for (int64_t s = 0; s * AMX_KEYS < block->keys; s++) {
        const int64_t left = block->keys - s * AMX_KEYS;
        amx_pack_keys(job, index + s * AMX_KEYS, left, block->k + s * block->depth * AMX_OPERAND,
                      most);
        amx_pack_values(job, index + s * AMX_KEYS, left, block->v + s * AMX_OPERAND);
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
    /* 256·(2^f − 1 − f) + AMX_ROUND − 1/2 at f = n/64 + AMX_ROUND/256 to the nearest, beyond f = 1
     * as below it: the average rounds up. */
    static const uint8_t corrections[64] __attribute__((aligned(64))) = {
        22, 21, 21, 19, 19, 18, 17, 16, 16, 15, 14, 14, 13, 13, 12, 12, 11, 11, 11, 10, 10, 10,
        10, 10, 10, 9,  9,  10, 10, 10, 10, 10, 10, 11, 11, 12, 12, 12, 13, 14, 14, 15, 16, 16,
        18, 18, 19, 20, 22, 22, 24, 25, 26, 28, 29, 30, 31, 30, 29, 27, 27, 25, 24, 23};
    const float *from = rows->scores;
    const vb whole = _mm512_maskz_packus_epi32(seen, _mm512_cvtps_epi32(vf_load(from)),
                                               _mm512_cvtps_epi32(vf_load(from + VF_LANES)));
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

/* Scores that lie before `end`. */
static inline __attribute__((always_inline)) void amx_weigh_until(amx_rows *rows, const float *end)
{
    while (rows->left && rows->scores < end) {
        amx_weigh_some(rows);
    }
}

/* Whether a score was above what exponents hold. */
static inline bool amx_above(const amx_rows *rows)
{
    return _mm512_test_epi16_mask(rows->any, _mm512_set1_epi16((short)0x8000)) != 0;
}

/* Sums of one of a product's registers go where they belong, and others begin. Stores that come
 * after the products of the next sums would hold those up. */
#define AMX_TURN(tile, to, from, stride)                                                           \
    do {                                                                                           \
        _tile_stored(tile, to, SUMS_STRIDE);                                                       \
        tile_load(tile, from, stride);                                                             \
    } while (0)

/* The first step of a product whose sums begin as from[2·TILE_ROWS], of which the second half of
 * the columns is `beside` behind the first. */
#define AMX_FIRST_STEP(held, from, beside, stride, a, b, other)                                    \
    do {                                                                                           \
        tile_load(4, a, TILE_BYTES);                                                               \
        tile_load(6, b, 2 * TILE_BYTES);                                                           \
        AMX_TURN(0, held, from, stride);                                                           \
        _tile_dpbf16ps(0, 4, 6);                                                                   \
        other;                                                                                     \
        tile_load(7, (b) + TILE_BYTES, 2 * TILE_BYTES);                                            \
        AMX_TURN(1, (held) + TILE_BYTES, (from) + (beside), stride);                               \
        _tile_dpbf16ps(1, 4, 7);                                                                   \
        other;                                                                                     \
        tile_load(5, (a) + TILE_ROWS * TILE_BYTES, TILE_BYTES);                                    \
        AMX_TURN(2, (held) + TILE_ROWS * SUMS_STRIDE, (from) + TILE_ROWS * (stride), stride);      \
        _tile_dpbf16ps(2, 5, 6);                                                                   \
        other;                                                                                     \
        AMX_TURN(3, (held) + TILE_ROWS * SUMS_STRIDE + TILE_BYTES,                                 \
                 (from) + TILE_ROWS * (stride) + (beside), stride);                                \
        _tile_dpbf16ps(3, 5, 7);                                                                   \
        other;                                                                                     \
    } while (0)

/* The registers' sums go where they belong. */
static void amx_give(amx_work *work)
{
    tiles_give(work->held);
    work->held = (char *)work->spare;
}

/* Scores of an item; those of `rows`, which are in the same place, become weights before. */
static inline __attribute__((always_inline)) void amx_score(amx_work *work, const amx_item *item,
                                                            float *scores, amx_rows *rows)
{
    const int64_t depth = work->block.depth;
    const char *b = (const char *)(work->block.k + item->first * depth * AMX_OPERAND),
               *from = (const char *)item->tile->from;
    for (int64_t s = 0; s < item->steps; s++) {
        const char *a = (const char *)item->tile->q;
        AMX_FIRST_STEP(work->held, from, 0, TILE_BYTES, a, b, amx_weigh_some(rows));
        a += STEP_BYTES;
        b += STEP_BYTES;
        for (int64_t d = 1; d < depth; d++) {
            TILES_STEP_WITH(_tile_dpbf16ps, a, b, amx_weigh_some(rows));
            a += STEP_BYTES;
            b += STEP_BYTES;
        }
        amx_weigh_until(rows, scores + (s + 1) * AMX_SUMS);
        work->held = (char *)(scores + s * AMX_SUMS);
    }
}

/* The same alone. */
static __attribute__((noinline)) void amx_score_only(amx_work *work, const amx_item *item,
                                                     float *scores)
{
    amx_rows none = {.left = 0};
    amx_score(work, item, scores, &none);
    amx_give(work);
}

/* Which of a step's scores row r sees. */
static inline uint32_t amx_seen(const amx_tile *tile, int r, int64_t first_key)
{
    const int64_t seen = tile->seen[r] - first_key;
    return seen >= AMX_KEYS ? 0xffffffffu : seen <= 0 ? 0 : (1u << seen) - 1;
}

/* The same as bits of the 16-bit numbers, whose order is that of amx_pack_values. */
static inline uint32_t amx_seen_packed(const amx_tile *tile, int r, int64_t first_key)
{
    const uint32_t seen = amx_seen(tile, r, first_key);
    uint32_t packed = 0;
    for (int i = 0; i < 4; i++) {
        packed |= (seen >> 4 * i & 15) << 8 * i | (seen >> (16 + 4 * i) & 15) << (8 * i + 4);
    }
    return packed;
}

static amx_rows amx_rows_of(const amx_work *work)
{
    return (amx_rows){.scores = work->scores,
                      .weights = work->weights,
                      .left = work->item.steps * TILES_ROWS,
                      .any = _mm512_setzero_si512()};
}

/* The first key of a step of an item, without those left out. */
static inline int64_t amx_key(const amx_work *work, const amx_item *item, int64_t step)
{
    return work->block.first + (item->first + step) * AMX_KEYS;
}

/* Weights of an item of which rows see a part. */
static __attribute__((noinline)) void amx_weigh_part(const amx_work *work, const amx_item *item,
                                                     amx_rows *rows)
{
    for (int64_t s = 0; s < item->steps; s++) {
        for (int r = 0; r < TILES_ROWS; r++) {
            amx_weigh_row(rows, amx_seen_packed(item->tile, r, amx_key(work, item, s)));
        }
    }
}

static bool amx_whole(const amx_work *work, const amx_item *item)
{
    return item->tile->seen[0] >= amx_key(work, item, item->steps);
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
            vf sum = vf_load(totals->sum);
            for (int64_t s = 0; s < totals->steps; s++) {
                sum = vb_dot(vb_load(totals->weights + s * TILES_ROWS * AMX_KEYS), vb_ones(), sum);
            }
            vf_store(totals->sum, sum);
            totals->sum += VF_LANES;
            totals->weights += AMX_KEYS;
        }
        totals->left -= 2;
    }
}

/* O += P·V of an item, and the sums of its weights. */
static inline __attribute__((always_inline)) void amx_values(amx_work *work, const amx_item *item)
{
    const amx_block *block = &work->block;
    amx_totals totals = {
        .weights = work->weights, .sum = item->tile->sum, .left = TILES_ROWS, .steps = item->steps};
    for (int64_t g = 0; g < block->groups; g++) {
        char *o = (char *)(item->tile->o + g * AMX_SUMS);
        const char *a = (const char *)work->weights,
                   *b = (const char *)(block->v + (g * AMX_STEPS + item->first) * AMX_OPERAND);
        AMX_FIRST_STEP(work->held, o, TILE_BYTES, SUMS_STRIDE, a, b, amx_add_some(&totals));
        for (int64_t s = 1; s < item->steps; s++) {
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

/* The highest of a step's scores that each of 16 rows sees. */
static vf amx_highest(const amx_tile *tile, const float *scores, int first_row, int64_t first_key)
{
    vf v[VF_LANES];
    for (int r = 0; r < VF_LANES; r++) {
        const float *row = scores + (first_row + r) * AMX_KEYS;
        const uint32_t seen = amx_seen(tile, first_row + r, first_key);
        const vf least = vf_set(-FLT_MAX);
        v[r] = vf_max(_mm512_mask_loadu_ps(least, (__mmask16)seen, row),
                      _mm512_mask_loadu_ps(least, (__mmask16)(seen >> 16), row + VF_LANES));
    }
    vf_transpose(v);
    for (int r = 1; r < VF_LANES; r++) {
        v[0] = vf_max(v[0], v[r]);
    }
    return v[0];
}

/* Subtracts from now on what the scores of an item reach; what was summed shrinks. At first that is
 * nothing, and what is subtracted may sink. */
static __attribute__((noinline)) void amx_raise(amx_work *work, const amx_item *item)
{
    amx_tile *tile = item->tile;
    float rise[TILES_ROWS], shrink[TILES_ROWS];
    amx_score_only(work, item, work->spare);
    for (int r = 0; r < TILES_ROWS; r += VF_LANES) {
        vf most = vf_set(-FLT_MAX);
        for (int64_t s = 0; s < item->steps; s++) {
            most = vf_max(most,
                          amx_highest(tile, work->spare + s * AMX_SUMS, r, amx_key(work, item, s)));
        }
        vf above = vf_sub(most, vf_set(AMX_LEVEL));
        above = tile->fresh ? above : vf_max(above, vf_set(0.0f));
        vf_store(rise + r, above);
        vf_store(shrink + r, vf_exp2(vf_mul(above, vf_set(-1.0f / AMX_UNITS))));
    }
    for (int64_t r = 0; r < TILES_ROWS; r++) {
        float *from = tile->from + r * VF_LANES, *sum = tile->sum + r * VF_LANES;
        vf_store(from, vf_sub(vf_load(from), vf_set(rise[r])));
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

/* The item of before becomes weights, while the scores of the next, if any, are computed, and then
 * values. */
static void amx_go_on(amx_work *work, const amx_item *next)
{
    const amx_item item = work->item;
    amx_rows rows = amx_rows_of(work);
    const bool whole = amx_whole(work, &item);
    if (!whole) {
        amx_weigh_part(work, &item, &rows);
    }
    if (next) {
        amx_score(work, next, work->scores, &rows);
    }
    while (rows.left) {
        amx_weigh_some(&rows);
    }
    if (__builtin_expect(amx_above(&rows), 0)) {
        amx_give(work);
        amx_raise(work, &item);
        amx_score_only(work, &item, work->scores);
        rows = amx_rows_of(work);
        if (!whole) {
            amx_weigh_part(work, &item, &rows);
        }
        while (rows.left) {
            amx_weigh_some(&rows);
        }
        if (next) {
            amx_score_only(work, next, work->scores);
        }
    }
    amx_values(work, &item);
    work->item = next ? *next : (amx_item){0};
}

/* All keys of the block for one tile; the last of them wait for what comes next. */
static void amx_attend_tile(amx_work *work, amx_tile *tile)
{
    const amx_block *block = &work->block;
    const int64_t seen = tile->seen[TILES_ROWS - 1] - block->first,
                  keys = seen < block->keys ? seen : block->keys,
                  steps = (keys + AMX_KEYS - 1) / AMX_KEYS;
    for (int64_t s = 0; s < steps; s += AMX_CHUNK) {
        const amx_item next = {
            .tile = tile, .first = s, .steps = steps - s < AMX_CHUNK ? steps - s : AMX_CHUNK};
        if (tile->fresh) {
            amx_give(work);
            amx_raise(work, &next);
        }
        if (work->item.tile) {
            amx_go_on(work, &next);
        } else {
            amx_score_only(work, &next, work->scores);
            work->item = next;
        }
    }
}

/* A tile of queries, from `next` on; returns what follows it. */
static float *amx_begin_tile(const tyto_attend_job *job, int64_t first, const amx_block *block,
                             float *next, amx_tile *tile, vb *most)
{
    tile->q = (void *)next;
    next += block->depth * AMX_OPERAND / 2;
    tile->from = next;
    next += TILES_ROWS * VF_LANES;
    tile->sum = next;
    next += TILES_ROWS * VF_LANES;
    tile->o = next;
    next += block->groups * AMX_SUMS;
    tile->fresh = true;
    for (int64_t i = 0; i < TILES_ROWS * VF_LANES; i++) {
        tile->from[i] = AMX_LEVEL;
        tile->sum[i] = 0.0f;
    }
    for (int64_t i = 0; i < block->groups * AMX_SUMS; i++) {
        tile->o[i] = 0.0f;
    }
    amx_pack_queries(job, first, tile, most);
    return next;
}

static void amx_end_tile(const tyto_attend_job *job, int64_t first, const amx_tile *tile)
{
    const int64_t V = job->v_channels;
    for (int64_t r = 0; r < TILES_ROWS && first + r < job->queries; r++) {
        const vf factor = vf_set(1.0f / vf_sum(vf_load(tile->sum + r * VF_LANES)));
        for (int64_t c = 0; c < V; c += VF_LANES) {
            const vf o = vf_load(tile->o + c / TILES_COLUMNS * AMX_SUMS + r * TILES_COLUMNS +
                                 c % TILES_COLUMNS);
            _mm512_mask_storeu_ps(job->out + (first + r) * job->out_stride + c, amx_lanes(V, c),
                                  vf_mul(o, factor));
        }
    }
}

/* How many keys that are not left out each query of a tile sees, where those before `*next`, of
 * which there are `*seen`, are counted already. A missing query sees what the last one does. */
static void amx_look(const tyto_attend_job *job, int64_t first, int64_t *next, int64_t *seen,
                     amx_tile *tile)
{
    for (int64_t r = 0; r < TILES_ROWS; r++) {
        const int64_t query = first + r < job->queries ? first + r : job->queries - 1,
                      end = job->first_query + query + 1;
        for (; *next < job->keys && (!job->causal || *next < end); ++*next) {
            *seen += !job->key_mask || job->key_mask[*next];
        }
        tile->seen[r] = *seen;
    }
}

/* False, with nothing given out, when the job can't be done this way. */
static bool amx_attend(const tyto_attend_job *job)
{
    const int64_t tiles = (job->queries + TILES_ROWS - 1) / TILES_ROWS,
                  depth = (job->qk_channels + 31) / 32, groups = (job->v_channels + 31) / 32;
    amx_tile all[AMX_TILES];
    amx_work work = {.block = {.depth = depth, .groups = groups}};
    float *next = job->scratch;
    work.block.k = (void *)next;
    next += AMX_STEPS * depth * AMX_OPERAND / 2;
    work.block.v = (void *)next;
    next += AMX_STEPS * groups * AMX_OPERAND / 2;
    work.weights = (void *)next;
    next += AMX_CHUNK * AMX_OPERAND / 2;
    work.scores = next;
    next += AMX_CHUNK * AMX_SUMS;
    work.spare = next;
    next += AMX_CHUNK * AMX_SUMS;
    work.held = (char *)work.spare;
    vb q_most = _mm512_setzero_si512(), k_most = _mm512_setzero_si512();
    int64_t looked = 0, seen = 0;
    for (int64_t t = 0; t < tiles; t++) {
        amx_look(job, t * TILES_ROWS, &looked, &seen, &all[t]);
        if (all[t].seen[0] == 0) {
            return false;
        }
        next = amx_begin_tile(job, t * TILES_ROWS, &work.block, next, &all[t], &q_most);
    }
    for (int64_t key = 0; key < job->keys;) {
        amx_pack_block(job, &key, &work.block, &k_most);
        const vf most =
            vf_mul(vf_set((float)job->qk_channels), vf_mul(vb_as_vf(q_most), vb_as_vf(k_most)));
        if (_mm512_cmp_ps_mask(most, vf_set(AMX_UNITS_MOST), _CMP_NLT_UQ)) {
            return false;
        }
        for (int64_t t = 0; t < tiles; t++) {
            amx_attend_tile(&work, &all[t]);
        }
        if (work.item.tile) {
            amx_go_on(&work, NULL);
        }
    }
    amx_give(&work);
    for (int64_t t = 0; t < tiles; t++) {
        amx_end_tile(job, t * TILES_ROWS, &all[t]);
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
