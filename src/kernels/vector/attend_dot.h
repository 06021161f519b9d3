/** Attention in bf16 with the queries in the vector lanes, where the CPU multiplies pairs itself.
 *  Included by dot.h.
 *
 *  As in attend.h scores are transposed, Sᵀ = K·Qᵀ and Oᵀ += Vᵀ·Pᵀ; pairs run along the channels
 *  in the first product and along the keys in the second. A block of keys and values becomes bf16
 *  once for all tiles of queries. What is summed of the weights is what the second product
 *  multiplies: the rounded ones.
 *
 *  Where the instruction set looks powers of two up in a table (VB_FIXED), all weights are 2⁻⁶⁴ of
 *  what they are elsewhere; the division at the end doesn't see it. */
#ifndef TYTO_KERNELS_VECTOR_ATTEND_DOT_H
#define TYTO_KERNELS_VECTOR_ATTEND_DOT_H

#include "kernels/vector/attend.h"
#include "kernels/vector/pack.h"

/* State of one tile of queries in scratch. */
typedef struct pairs_tile {
    uint16_t *q; /* [⌈D/2⌉][ATTEND_QUERIES][2], times scale·log2(e) */
    float *o;    /* [V][ATTEND_QUERIES] */
    float *most; /* [ATTEND_QUERIES] what was subtracted from all scores up to now */
    float *sum;  /* [ATTEND_QUERIES] running sum of the weights */
} pairs_tile;

/* A block of keys in scratch. */
typedef struct pairs_block {
    int64_t stride;    /* channels of a key, even */
    uint16_t *k;       /* [keys][stride] */
    uint16_t *v;       /* [keys/2][V][2] */
    uint16_t *weights; /* [keys/2][ATTEND_QUERIES][2] */
    float *scores;     /* [keys][ATTEND_QUERIES] of masked jobs */
} pairs_block;

typedef vf pairs_sums[ATTEND_ROWS][ATTEND_VECTORS];

/* Floats that hold so many bf16, up to a whole vector. */
static int64_t pairs_floats(int64_t count)
{
    return (count + VB_LANES - 1) / VB_LANES * VF_LANES;
}

static int64_t attend_pairs_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t even = qk_channels + qk_channels % 2;
    const int64_t tile =
        pairs_floats(even * ATTEND_QUERIES) + (v_channels + 2) * (int64_t)ATTEND_QUERIES;
    return TYTO_ATTEND_TILES * tile + pairs_floats(TYTO_ATTEND_KEYS * even) +
           pairs_floats(TYTO_ATTEND_KEYS * v_channels) +
           pairs_floats(TYTO_ATTEND_KEYS * ATTEND_QUERIES) +
           TYTO_ATTEND_KEYS * (int64_t)ATTEND_QUERIES;
}

/* sum[r] += Σ a[r][i]·b[i][ATTEND_QUERIES] over n pairs, where pair i of row r lies at
 * a[r·row + i·step]. `rows` is a constant at each call, so that sum stays in registers. */
static inline __attribute__((always_inline)) void pairs_product(int rows, int64_t n,
                                                                const uint16_t *a, int64_t row,
                                                                int64_t step, const uint16_t *b,
                                                                pairs_sums sum)
{
    for (int64_t i = 0; i < n; i++) {
        vb column[ATTEND_VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            column[v] = vb_load(b + v * VB_LANES);
        }
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            const vb one = vb_set(a + r * row);
#pragma GCC unroll 8
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                sum[r][v] = vb_dot(one, column[v], sum[r][v]);
            }
        }
        a += step;
        b += 2 * ATTEND_QUERIES;
    }
}

#ifdef VB_FIXED
#define PAIRS_SHIFT (-64.0f)
#else
#define PAIRS_SHIFT 0.0f
#endif
/* Added to a score and what is subtracted from it: the power of two that its weight has, as
 * pairs_exp2 takes it. */
#define PAIRS_FROM (PAIRS_SHIFT - 0.5f)

/* All rows of sum[r] = PAIRS_FROM − start (0 when start is NULL). */
static inline __attribute__((always_inline)) void pairs_start(int rows, const float *start,
                                                              pairs_sums sum)
{
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf first =
            start ? vf_sub(vf_set(PAIRS_FROM), vf_load(start + v * VF_LANES)) : vf_set(0.0f);
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            sum[r][v] = first;
        }
    }
}

static inline __attribute__((always_inline)) void pairs_give(int rows, pairs_sums sum, float *c,
                                                             bool add)
{
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            float *target = c + r * ATTEND_QUERIES + v * VF_LANES;
            vf_store(target, add ? vf_add(vf_load(target), sum[r][v]) : sum[r][v]);
        }
    }
}

/* c[total][ATTEND_QUERIES] = (add ? c : 0) + a·b over n pairs. */
static void pairs_rows(int64_t total, int64_t n, const uint16_t *a, int64_t row, int64_t step,
                       const uint16_t *b, float *c, bool add)
{
    pairs_sums sum;
    int64_t r = 0;
    for (; r + ATTEND_ROWS <= total; r += ATTEND_ROWS) {
        pairs_start(ATTEND_ROWS, NULL, sum);
        pairs_product(ATTEND_ROWS, n, a + r * row, row, step, b, sum);
        pairs_give(ATTEND_ROWS, sum, c + r * ATTEND_QUERIES, add);
    }
    for (; r < total; r++) {
        pairs_start(1, NULL, sum);
        pairs_product(1, n, a + r * row, row, step, b, sum);
        pairs_give(1, sum, c + r * ATTEND_QUERIES, add);
    }
}

/* Added to |x| < 2²², it leaves the whole number nearest to x in the lowest bits. */
#define PAIRS_WHOLE 12582912.0f

/* 2^(x + 1/2), and half a unit in the last place of bf16 more: cut off, it is rounded. A polynomial
 * of degree 3 (minimax, 7.5e-5 relative) gives 2^(rest + 1/2), which lies in [1, 2], for the rest
 * in [−1/2, 1/2]. x ≤ 126; below −126 it stays there. */
static inline vf pairs_exp2(vf x)
{
    x = vf_max(vf_set(-126.0f), x);
    const vf whole = vf_add(x, vf_set(PAIRS_WHOLE));
    const vf rest = vf_sub(x, vf_sub(whole, vf_set(PAIRS_WHOLE)));
    vf p = vf_set(7.802452264047906e-2f);
    p = vf_fma(p, rest, vf_set(3.4310393938820233e-1f));
    p = vf_fma(p, rest, vf_set(9.804190879025957e-1f));
    p = vf_fma(p, rest, vf_set(1.4141118429970225f + 0x1p-8f));
    return vf_raise(p, whole);
}

/* Subtracts from now on what scores[rows][ATTEND_QUERIES] reach; what was summed shrinks. */
static __attribute__((noinline)) void pairs_raise(const pairs_tile *tile, int64_t rows,
                                                  int64_t channels, const float *scores)
{
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        float *total = tile->sum + v * VF_LANES;
        const vf before = vf_load(tile->most + v * VF_LANES);
        vf most = before;
        for (int64_t r = 0; r < rows; r++) {
            most = vf_max(vf_load(scores + r * ATTEND_QUERIES + v * VF_LANES), most);
        }
        const vf shrink = vf_exp2(vf_sub(before, most));
        vf_store(tile->most + v * VF_LANES, most);
        vf_store(total, vf_shrunk(vf_load(total), shrink));
        for (int64_t c = 0; c < channels; c++) {
            float *o = tile->o + c * ATTEND_QUERIES + v * VF_LANES;
            vf_store(o, vf_shrunk(vf_load(o), shrink));
        }
    }
}

/* weights[rows/2][ATTEND_QUERIES][2] of differences in registers, and their sum. */
static inline __attribute__((always_inline)) void pairs_weigh(int rows, pairs_sums sum,
                                                              float *total, uint16_t *weights)
{
    const vb ones = vb_ones();
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        vf all = vf_load(total + v * VF_LANES);
#pragma GCC unroll 8
        for (int r = 0; r + 1 < ATTEND_ROWS && r < rows; r += 2) {
            const vb pair = vb_cut(pairs_exp2(sum[r][v]),
                                   r + 1 < rows ? pairs_exp2(sum[r + 1][v]) : vf_set(0.0f));
            vb_store(weights + r * ATTEND_QUERIES + v * VB_LANES, pair);
            all = vb_dot(pair, ones, all);
        }
        vf_store(total + v * VF_LANES, all);
    }
}

#ifdef VB_FIXED
/* A score − most + PAIRS_BIAS in [0, 128) becomes a fixed-point number in the lowest bits of a
 * float; its whole part is the exponent of the weight. What lies below counts as 0. */
#define PAIRS_BIAS (PAIRS_SHIFT + 127.0f)

/* Sums start at 0: they are scores alone. */
static inline __attribute__((always_inline)) void pairs_first(int rows, const pairs_tile *tile,
                                                              pairs_sums sum)
{
    (void)tile;
    pairs_start(rows, NULL, sum);
}

/* The weights of scores, from a table. False when a score is too far above what is subtracted. */
static inline __attribute__((always_inline)) bool pairs_quick(const pairs_tile *tile, int rows,
                                                              pairs_sums sum, uint16_t *weights)
{
    vb any = vb_none();
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf base = vf_sub(vf_set(VB_FIXED + PAIRS_BIAS), vf_load(tile->most + v * VF_LANES));
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            sum[r][v] = vf_max(vf_set(VB_FIXED), vf_add(sum[r][v], base));
        }
#pragma GCC unroll 8
        for (int r = 0; r + 1 < ATTEND_ROWS && r < rows; r += 2) {
            any = vb_fixed_or(any, sum[r][v], sum[r + 1 < rows ? r + 1 : r][v]);
        }
    }
    if (__builtin_expect(vb_fixed_above(any), 0)) {
        return false;
    }
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        vf all = vf_load(tile->sum + v * VF_LANES);
#pragma GCC unroll 8
        for (int r = 0; r + 1 < ATTEND_ROWS && r < rows; r += 2) {
            const vb pair =
                vb_fixed_exp2(sum[r][v], r + 1 < rows ? sum[r + 1][v] : vf_set(VB_FIXED));
            vb_store(weights + r * ATTEND_QUERIES + v * VB_LANES, pair);
            all = vb_dot(pair, vb_ones(), all);
        }
        vf_store(tile->sum + v * VF_LANES, all);
    }
    return true;
}
#else
/* How far, in powers of two, scores may rise above what is subtracted: the division at the end
 * takes it out again, and nothing overflows. */
#define PAIRS_RISE 24.0f

/* Whether any of the differences is above what they may rise to. */
static inline __attribute__((always_inline)) bool pairs_rise(int rows, pairs_sums sum)
{
    vf most = sum[0][0];
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            most = vf_max(sum[r][v], most);
        }
    }
    return vf_any_above(most, vf_set(PAIRS_RISE));
}

/* Sums start where the difference is what comes out. */
static inline __attribute__((always_inline)) void pairs_first(int rows, const pairs_tile *tile,
                                                              pairs_sums sum)
{
    pairs_start(rows, tile->most, sum);
}

/* The weights of differences. False when a score is too far above what is subtracted. */
static inline __attribute__((always_inline)) bool pairs_quick(const pairs_tile *tile, int rows,
                                                              pairs_sums sum, uint16_t *weights)
{
    if (__builtin_expect(pairs_rise(rows, sum), 0)) {
        return false;
    }
    pairs_weigh(rows, sum, tile->sum, weights);
    return true;
}
#endif

/* Weights of some keys that all queries see. False, with nothing done, when what is subtracted has
 * to rise first and may not: weights that were made before wait for their values. */
static inline __attribute__((always_inline)) bool pairs_score(const pairs_tile *tile,
                                                              const pairs_block *block, int rows,
                                                              int64_t key, int64_t channels,
                                                              bool may_rise)
{
    const uint16_t *k = block->k + key * block->stride;
    uint16_t *weights = block->weights + key * ATTEND_QUERIES;
    pairs_sums sum;
    pairs_first(rows, tile, sum);
    pairs_product(rows, block->stride / 2, k, block->stride, 2, tile->q, sum);
    if (pairs_quick(tile, rows, sum, weights)) {
        return true;
    }
    if (!may_rise) {
        return false;
    }
    pairs_start(rows, NULL, sum);
    pairs_product(rows, block->stride / 2, k, block->stride, 2, tile->q, sum);
    pairs_give(rows, sum, block->scores, false);
    pairs_raise(tile, rows, channels, block->scores);
    pairs_start(rows, tile->most, sum);
    pairs_product(rows, block->stride / 2, k, block->stride, 2, tile->q, sum);
    pairs_weigh(rows, sum, tile->sum, weights);
    return true;
}

/* Weights of keys first … until the end of the block, or until what is subtracted has to rise;
 * `keys` counts those that are there. Returns the key after the last. */
static int64_t pairs_weights(const pairs_tile *tile, const pairs_block *block, int64_t first,
                             int64_t keys, int64_t channels)
{
    int64_t j = first;
    for (; j + ATTEND_ROWS <= keys; j += ATTEND_ROWS) {
        if (!pairs_score(tile, block, ATTEND_ROWS, j, channels, j == first)) {
            return j;
        }
    }
    for (; j + 2 <= keys; j += 2) {
        if (!pairs_score(tile, block, 2, j, channels, j == first)) {
            return j;
        }
    }
    if (j < keys && pairs_score(tile, block, 1, j, channels, j == first)) {
        j += 2;
    }
    return j;
}

/* Weights of a block of keys some of which are hidden. */
static void pairs_hidden_weights(const tyto_attend_job *job, const pairs_tile *tile,
                                 const pairs_block *block, int64_t first_query, int64_t first_key,
                                 int64_t keys)
{
    float *scores = block->scores;
    pairs_rows(keys, block->stride / 2, block->k, block->stride, 2, tile->q, scores, false);
    attend_hide(job, first_query, first_key, keys, scores);
    pairs_raise(tile, keys, job->v_channels, scores);
    for (int64_t j = 0; j < keys; j += 2) {
        const int rows = j + 1 < keys ? 2 : 1;
        pairs_sums sum;
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                const float *source = scores + (j + r) * ATTEND_QUERIES + v * VF_LANES;
                const vf below = vf_sub(vf_load(source), vf_load(tile->most + v * VF_LANES));
                sum[r][v] = vf_add(below, vf_set(PAIRS_FROM));
            }
        }
        pairs_weigh(rows, sum, tile->sum, block->weights + j * ATTEND_QUERIES);
    }
}

/* One float rounded to bf16. */
static inline uint16_t pairs_round(float value)
{
    uint16_t pair[VB_LANES];
    vb_store(pair, vb_pair(vf_set(value), vf_set(value)));
    return pair[0];
}

/* target[D] = row, with a 0 after an odd D. */
static void pairs_key(const float *row, int64_t D, uint16_t *target)
{
    int64_t c = 0;
    for (; c + VB_LANES <= D; c += VB_LANES) {
        vb_store(target + c, vb_neighbours(vf_load(row + c), vf_load(row + c + VF_LANES)));
    }
    for (; c < D; c++) {
        target[c] = pairs_round(row[c]);
    }
    if (D % 2 != 0) {
        target[D] = 0;
    }
}

/* target[V][2] = the values of two keys; the second may be missing. */
static void pairs_values(const float *first, const float *second, int64_t V, uint16_t *target)
{
    int64_t c = 0;
    for (; c + VF_LANES <= V; c += VF_LANES) {
        const vf other = second ? vf_load(second + c) : vf_set(0.0f);
        vb_store(target + 2 * c, vb_pair(vf_load(first + c), other));
    }
    for (; c < V; c++) {
        target[2 * c] = pairs_round(first[c]);
        target[2 * c + 1] = second ? pairs_round(second[c]) : 0;
    }
}

/* Keys and values first … of the job. */
static void pairs_read(const tyto_attend_job *job, int64_t first, int64_t keys,
                       const pairs_block *block)
{
    for (int64_t j = 0; j < keys; j++) {
        pairs_key(job->k + (first + j) * job->k_stride, job->qk_channels,
                  block->k + j * block->stride);
    }
    for (int64_t j = 0; j < keys; j += 2) {
        const float *v = job->v + (first + j) * job->v_stride;
        pairs_values(v, j + 1 < keys ? v + job->v_stride : NULL, job->v_channels,
                     block->v + j * job->v_channels);
    }
}

/* The same where they are bf16 already. */
static void pairs_copy(const tyto_attend_job *job, int64_t first, int64_t keys,
                       const pairs_block *block)
{
    const int64_t D = job->qk_channels, V = job->v_channels;
    for (int64_t j = 0; j < keys; j++) {
        uint16_t *target = block->k + j * block->stride;
        memcpy(target, job->k_bf16 + (first + j) * job->k_stride, (size_t)D * sizeof(uint16_t));
        if (D % 2 != 0) {
            target[D] = 0;
        }
    }
    for (int64_t j = 0; j < keys; j++) {
        const uint16_t *v = job->v_bf16 + (first + j) * job->v_stride;
        uint16_t *target = block->v + j / 2 * 2 * V + j % 2;
        for (int64_t c = 0; c < V; c++) {
            target[2 * c] = v[c];
        }
    }
    for (int64_t c = 0; keys % 2 != 0 && c < V; c++) {
        block->v[(keys - 1) * V + 2 * c + 1] = 0;
    }
}

/* A tile of queries, from `next` on; returns what follows it. */
static float *pairs_begin(const tyto_attend_job *job, int64_t first, int64_t stride, float *next,
                          pairs_tile *tile)
{
    const int64_t left = job->queries - first, q_floats = pairs_floats(stride * ATTEND_QUERIES);
    *tile = (pairs_tile){.q = (void *)next,
                         .o = next + q_floats,
                         .most = next + q_floats + job->v_channels * ATTEND_QUERIES,
                         .sum = next + q_floats + (job->v_channels + 1) * ATTEND_QUERIES};
    const int there = left < ATTEND_QUERIES ? (int)left : ATTEND_QUERIES;
    const int64_t offset = first * job->q_stride;
    if (job->q_bf16) {
        pack_pairs(ATTEND_QUERIES, FROM_BF16, job->qk_channels, job->q_bf16 + offset, job->q_stride,
                   there, job->scale * LOG2_E, tile->q);
    } else {
        pack_pairs(ATTEND_QUERIES, FROM_FLOATS, job->qk_channels, job->q + offset, job->q_stride,
                   there, job->scale * LOG2_E, tile->q);
    }
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->most[q] = -FLT_MAX;
        tile->sum[q] = 0.0f;
    }
    for (int64_t i = 0; i < job->v_channels * ATTEND_QUERIES; i++) {
        tile->o[i] = 0.0f;
    }
    return next + q_floats + (job->v_channels + 2) * ATTEND_QUERIES;
}

/* out[rows][V] = VF_LANES columns of o[V][ATTEND_QUERIES] times their lanes of `factor`, rounded.
 */
static void pairs_give_out(int64_t V, const float *o, vf factor, int64_t rows, uint16_t *out,
                           int64_t stride)
{
    float part[VF_LANES * VB_LANES] = {0.0f};
    for (int64_t c = 0; c < V; c += VB_LANES) {
        const int64_t columns = V - c < VB_LANES ? V - c : VB_LANES;
        unpack_columns(ATTEND_QUERIES, columns, o + c * ATTEND_QUERIES, factor, rows, part,
                       VB_LANES);
        for (int64_t r = 0; r < rows && r < VF_LANES; r++) {
            uint16_t rounded[VB_LANES];
            const float *row = part + r * VB_LANES;
            vb_store(rounded, vb_neighbours(vf_load(row), vf_load(row + VF_LANES)));
            memcpy(out + r * stride + c, rounded, (size_t)columns * sizeof(uint16_t));
        }
    }
}

static void pairs_end(const tyto_attend_job *job, int64_t first, const pairs_tile *tile)
{
    for (int q = 0; q < ATTEND_QUERIES && first + q < job->queries; q += VF_LANES) {
        const vf factor = vf_div(vf_set(1.0f), vf_load(tile->sum + q));
        const int64_t rows = job->queries - first - q, place = (first + q) * job->out_stride;
        if (job->out_bf16) {
            pairs_give_out(job->v_channels, tile->o + q, factor, rows, job->out_bf16 + place,
                           job->out_stride);
        } else {
            unpack_columns(ATTEND_QUERIES, job->v_channels, tile->o + q, factor, rows,
                           job->out + place, job->out_stride);
        }
    }
}

/* One block of keys for one tile: weights, then their values. */
static void pairs_step(const tyto_attend_job *job, const pairs_tile *tile, const pairs_block *block,
                       int64_t first_query, int64_t first_key, int64_t keys)
{
    const int64_t V = job->v_channels;
    for (int64_t done = 0, end; done < keys; done = end) {
        if (job->causal || job->key_mask) {
            pairs_hidden_weights(job, tile, block, first_query, first_key, keys);
            end = keys + keys % 2;
        } else {
            end = pairs_weights(tile, block, done, keys, V);
        }
        pairs_rows(V, (end - done) / 2, block->v + done * V, 2, 2 * V,
                   block->weights + done * ATTEND_QUERIES, tile->o, true);
    }
}

static void attend_pairs(const tyto_attend_job *job)
{
    const int64_t D = job->qk_channels, V = job->v_channels, stride = D + D % 2;
    const int64_t tiles = (job->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
    float *next = job->scratch;
    pairs_tile all[TYTO_ATTEND_TILES];
    pairs_block block = {.stride = stride};
    block.k = (void *)next;
    next += pairs_floats(TYTO_ATTEND_KEYS * stride);
    block.v = (void *)next;
    next += pairs_floats(TYTO_ATTEND_KEYS * V);
    block.weights = (void *)next;
    next += pairs_floats(TYTO_ATTEND_KEYS * ATTEND_QUERIES);
    block.scores = next;
    next += TYTO_ATTEND_KEYS * ATTEND_QUERIES;
    for (int64_t t = 0; t < tiles; t++) {
        next = pairs_begin(job, t * ATTEND_QUERIES, stride, next, &all[t]);
    }
    for (int64_t key = 0; key < job->keys; key += TYTO_ATTEND_KEYS) {
        const int64_t left = job->keys - key,
                      keys = left < TYTO_ATTEND_KEYS ? left : TYTO_ATTEND_KEYS;
        (job->k_bf16 ? pairs_copy : pairs_read)(job, key, keys, &block);
        for (int64_t t = 0; t < tiles; t++) {
            pairs_step(job, &all[t], &block, job->first_query + t * ATTEND_QUERIES, key, keys);
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        pairs_end(job, t * ATTEND_QUERIES, &all[t]);
    }
}

#endif
