/** Attention with the queries in the vector lanes. Included once per instruction set.
 *
 *  Scores are computed transposed, Sᵀ = K·Qᵀ, so the softmax's maximum, exponential and sum run
 *  down rows with no horizontal step; then Oᵀ += Vᵀ·Pᵀ. K and V are read where they lie, one float
 *  broadcast at a time; only Q is packed, with scale·log2(e) folded in. The running maximum and
 *  sum are those of Milakov and Gimelshein 2018; division is left to the end. */
#ifndef TYTO_KERNELS_VECTOR_ATTEND_H
#define TYTO_KERNELS_VECTOR_ATTEND_H

#include <float.h>

#include "kernels/vector/math.h"
#include "kernels/vector/pack.h"

#define ATTEND_QUERIES (ATTEND_VECTORS * VF_LANES)

/* State of one tile of queries in scratch. */
typedef struct attend_tile {
    float *q;    /* [D][ATTEND_QUERIES] */
    float *o;    /* [V][ATTEND_QUERIES] */
    float *most; /* [ATTEND_QUERIES] running maximum */
    float *sum;  /* [ATTEND_QUERIES] running sum of exponentials */
    float *part; /* [ATTEND_QUERIES] the sum of the current block: sums of sums keep accuracy */
} attend_tile;

static inline int64_t attend_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t tile = (qk_channels + v_channels + 3) * ATTEND_QUERIES;
    return TYTO_ATTEND_TILES * tile + TYTO_ATTEND_KEYS * ATTEND_QUERIES;
}

/* sum[r] += Σ a[r][i]·b[i][ATTEND_QUERIES] over i < n, where a[r][i] lies at a[r·row + i·step].
 * `rows` is a constant at each call, so that sum stays in registers. */
static inline __attribute__((always_inline)) void
attend_product(int rows, int64_t n, const float *a, int64_t row, int64_t step, const float *b,
               vf sum[ATTEND_ROWS][ATTEND_VECTORS])
{
    for (int64_t i = 0; i < n; i++) {
        vf column[ATTEND_VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            column[v] = vf_load(b + v * VF_LANES);
        }
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            const vf one = vf_set(a[r * row]);
#pragma GCC unroll 8
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                sum[r][v] = vf_fma(one, column[v], sum[r][v]);
            }
        }
        a += step;
        b += ATTEND_QUERIES;
    }
}

/* c[rows][ATTEND_QUERIES] into registers (0 when c is NULL), and back. */
static inline __attribute__((always_inline)) void attend_take(int rows, const float *c,
                                                              vf sum[ATTEND_ROWS][ATTEND_VECTORS])
{
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            sum[r][v] = c ? vf_load(c + r * ATTEND_QUERIES + v * VF_LANES) : vf_set(0.0f);
        }
    }
}

static inline __attribute__((always_inline)) void
attend_give(int rows, vf sum[ATTEND_ROWS][ATTEND_VECTORS], float *c, bool add)
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

/* How far, in powers of two, scores may rise above the maximum that was subtracted before: the
 * division at the end takes it out again, and nothing overflows. */
#define ATTEND_RISE 24.0f

/* The maximum rises to that of scores[rows][ATTEND_QUERIES]; what was summed below the lower one,
 * the `done` rows before `scores` among it, shrinks. */
static __attribute__((noinline)) void attend_raise(const attend_tile *tile, int rows, int64_t done,
                                                   int64_t channels, float *scores)
{
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        float *column = scores + v * VF_LANES, *total = tile->sum + v * VF_LANES,
              *part = tile->part + v * VF_LANES;
        const vf before = vf_load(tile->most + v * VF_LANES);
        vf most = before;
        for (int r = 0; r < rows; r++) {
            most = vf_max(vf_load(column + r * ATTEND_QUERIES), most);
        }
        const vf shrink = vf_exp2(vf_sub(before, most));
        vf_store(tile->most + v * VF_LANES, most);
        vf_store(total, vf_shrunk(vf_load(total), shrink));
        vf_store(part, vf_shrunk(vf_load(part), shrink));
        for (int64_t c = 0; c < channels; c++) {
            float *o = tile->o + c * ATTEND_QUERIES + v * VF_LANES;
            vf_store(o, vf_shrunk(vf_load(o), shrink));
        }
        for (int64_t j = 1; j <= done; j++) {
            float *earlier = column - j * ATTEND_QUERIES;
            vf_store(earlier, vf_shrunk(vf_load(earlier), shrink));
        }
    }
}

/* Stores the exponentials of some keys' scores, which are in registers, below those of `done` keys
 * before them. */
static inline __attribute__((always_inline)) void
attend_exponents(const attend_tile *tile, int rows, int64_t channels, int64_t done,
                 vf sum[ATTEND_ROWS][ATTEND_VECTORS], float *scores)
{
    bool rises = false;
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        vf most = sum[0][v];
#pragma GCC unroll 8
        for (int r = 1; r < ATTEND_ROWS && r < rows; r++) {
            most = vf_max(sum[r][v], most);
        }
        const vf limit = vf_add(vf_load(tile->most + v * VF_LANES), vf_set(ATTEND_RISE));
        rises = vf_any_above(most, limit) || rises;
    }
    if (__builtin_expect(rises, 0)) {
        attend_give(rows, sum, scores, false);
        attend_raise(tile, rows, done, channels, scores);
        attend_take(rows, scores, sum);
    }
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf most = vf_load(tile->most + v * VF_LANES);
        float *part = tile->part + v * VF_LANES;
        vf all = vf_load(part);
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            const vf e = vf_exp2_bounded(vf_sub(sum[r][v], most));
            vf_store(scores + r * ATTEND_QUERIES + v * VF_LANES, e);
            all = vf_add(all, e);
        }
        vf_store(part, all);
    }
}

/* The exponentials of some keys' scores, while those are in registers. */
static inline __attribute__((always_inline)) void attend_weigh(const tyto_attend_job *job,
                                                               const attend_tile *tile, int rows,
                                                               const float *k, int64_t done,
                                                               float *scores)
{
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    attend_take(rows, NULL, sum);
    attend_product(rows, job->qk_channels, k, job->k_stride, 1, tile->q, sum);
    attend_exponents(tile, rows, job->v_channels, done, sum, scores);
}

/* scores[keys][ATTEND_QUERIES] = exponentials of a block of keys that all queries see. */
static inline void attend_weights(const tyto_attend_job *job, const attend_tile *tile, int64_t key,
                                  int64_t keys, float *scores)
{
    const float *k = job->k + key * job->k_stride;
    int64_t j = 0;
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->part[q] = 0.0f;
    }
    for (; j + ATTEND_ROWS <= keys; j += ATTEND_ROWS) {
        attend_weigh(job, tile, ATTEND_ROWS, k + j * job->k_stride, j, scores + j * ATTEND_QUERIES);
    }
    for (; j < keys; j++) {
        attend_weigh(job, tile, 1, k + j * job->k_stride, j, scores + j * ATTEND_QUERIES);
    }
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->sum[q] += tile->part[q];
    }
}

/* c[total][ATTEND_QUERIES] = (add ? c : 0) + a·b, where a[r][i] lies at a[r·row + i·step]. */
static inline void attend_rows(int64_t total, int64_t n, const float *a, int64_t row, int64_t step,
                               const float *b, float *c, bool add)
{
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    int64_t r = 0;
    for (; r + ATTEND_ROWS <= total; r += ATTEND_ROWS) {
        float *target = c + r * ATTEND_QUERIES;
        attend_take(ATTEND_ROWS, NULL, sum);
        attend_product(ATTEND_ROWS, n, a + r * row, row, step, b, sum);
        attend_give(ATTEND_ROWS, sum, target, add);
    }
    for (; r < total; r++) {
        float *target = c + r * ATTEND_QUERIES;
        attend_take(1, NULL, sum);
        attend_product(1, n, a + r * row, row, step, b, sum);
        attend_give(1, sum, target, add);
    }
}

/* Adds the most negative float to hidden scores[keys][ATTEND_QUERIES]. */
static inline void attend_hide(const tyto_attend_job *job, int64_t first_query, int64_t first_key,
                               int64_t keys, float *scores)
{
    for (int64_t j = 0; j < keys; j++) {
        float *row = scores + j * ATTEND_QUERIES;
        const int64_t key = first_key + j;
        if (job->key_mask && !job->key_mask[key]) {
            for (int q = 0; q < ATTEND_QUERIES; q++) {
                row[q] += -FLT_MAX;
            }
        }
        for (int q = 0; job->causal && q < ATTEND_QUERIES && first_query + q < key; q++) {
            row[q] += -FLT_MAX;
        }
    }
}

/* scores → exponentials below the running maximum; sum and o follow when the maximum rises. */
static inline void attend_softmax(const attend_tile *tile, int64_t keys, int64_t channels,
                                  float *scores)
{
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        float *column = scores + v * VF_LANES;
        const vf before = vf_load(tile->most + v * VF_LANES);
        vf most = before;
        for (int64_t j = 0; j < keys; j++) {
            most = vf_max(most, vf_load(column + j * ATTEND_QUERIES));
        }
        vf sum = vf_set(0.0f);
        for (int64_t j = 0; j < keys; j++) {
            const vf e = vf_exp2(vf_sub(vf_load(column + j * ATTEND_QUERIES), most));
            vf_store(column + j * ATTEND_QUERIES, e);
            sum = vf_add(sum, e);
        }
        const vf shrink = vf_exp2(vf_sub(before, most));
        float *total = tile->sum + v * VF_LANES;
        vf_store(total, vf_fma(vf_load(total), shrink, sum));
        vf_store(tile->most + v * VF_LANES, most);
        if (vf_sum(vf_abs(vf_sub(before, most))) == 0.0f) {
            continue;
        }
        for (int64_t c = 0; c < channels; c++) {
            float *o = tile->o + c * ATTEND_QUERIES + v * VF_LANES;
            vf_store(o, vf_shrunk(vf_load(o), shrink));
        }
    }
}

/* q[D][ATTEND_QUERIES] of queries first … of the job; missing ones are 0. */
static inline void attend_start(const tyto_attend_job *job, int64_t first, const attend_tile *tile)
{
    const vf factor = vf_set(job->scale * LOG2_E);
    const int64_t left = job->queries - first;
    pack_rows(ATTEND_QUERIES, job->qk_channels, job->q + first * job->q_stride, job->q_stride,
              left < ATTEND_QUERIES ? (int)left : ATTEND_QUERIES, tile->q);
    for (int64_t i = 0; i < job->qk_channels * ATTEND_QUERIES; i += VF_LANES) {
        vf_store(tile->q + i, vf_mul(vf_load(tile->q + i), factor));
    }
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->most[q] = -FLT_MAX;
        tile->sum[q] = 0.0f;
    }
    for (int64_t i = 0; i < job->v_channels * ATTEND_QUERIES; i++) {
        tile->o[i] = 0.0f;
    }
}

static inline void attend_end(const tyto_attend_job *job, int64_t first, const attend_tile *tile)
{
    for (int q = 0; q < ATTEND_QUERIES && first + q < job->queries; q += VF_LANES) {
        const vf factor = vf_div(vf_set(1.0f), vf_load(tile->sum + q));
        unpack_columns(ATTEND_QUERIES, job->v_channels, tile->o + q, factor,
                       job->queries - first - q, job->out + (first + q) * job->out_stride,
                       job->out_stride);
    }
}

static inline void attend(const tyto_attend_job *job)
{
    const int64_t D = job->qk_channels, V = job->v_channels;
    const int64_t tiles = (job->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
    attend_tile all[TYTO_ATTEND_TILES];
    float *scores = job->scratch, *next = scores + TYTO_ATTEND_KEYS * ATTEND_QUERIES;
    for (int64_t t = 0; t < tiles; t++) {
        all[t] = (attend_tile){.q = next,
                               .o = next + D * ATTEND_QUERIES,
                               .most = next + (D + V) * ATTEND_QUERIES,
                               .sum = next + (D + V + 1) * ATTEND_QUERIES,
                               .part = next + (D + V + 2) * ATTEND_QUERIES};
        next += (D + V + 3) * ATTEND_QUERIES;
        attend_start(job, t * ATTEND_QUERIES, &all[t]);
    }
    for (int64_t key = 0; key < job->keys; key += TYTO_ATTEND_KEYS) {
        const int64_t left = job->keys - key,
                      keys = left < TYTO_ATTEND_KEYS ? left : TYTO_ATTEND_KEYS;
        for (int64_t t = 0; t < tiles; t++) {
            if (job->causal || job->key_mask) {
                attend_rows(keys, D, job->k + key * job->k_stride, job->k_stride, 1, all[t].q,
                            scores, false);
                attend_hide(job, job->first_query + t * ATTEND_QUERIES, key, keys, scores);
                attend_softmax(&all[t], keys, V, scores);
            } else {
                attend_weights(job, &all[t], key, keys, scores);
            }
            attend_rows(V, keys, job->v + key * job->v_stride, 1, job->v_stride, scores, all[t].o,
                        true);
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        attend_end(job, t * ATTEND_QUERIES, &all[t]);
    }
}

#endif
