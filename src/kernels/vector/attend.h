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

#define ATTEND_QUERIES (ATTEND_VECTORS * VF_LANES)

/* State of one tile of queries in scratch. */
typedef struct attend_tile {
    float *q;    /* [D][ATTEND_QUERIES] */
    float *o;    /* [V][ATTEND_QUERIES] */
    float *most; /* [ATTEND_QUERIES] running maximum */
    float *sum;  /* [ATTEND_QUERIES] running sum of exponentials */
} attend_tile;

static int64_t attend_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t tile = (qk_channels + v_channels + 2) * ATTEND_QUERIES;
    return TYTO_ATTEND_TILES * tile + TYTO_ATTEND_KEYS * ATTEND_QUERIES;
}

/* c[rows][ATTEND_QUERIES] = (add ? c : 0) + a·b, where a[r][i] lies at a[r·row + i·step].
 * `rows` is a constant at each call. */
static inline __attribute__((always_inline)) void attend_product(int rows, int64_t n,
                                                                 const float *a, int64_t row,
                                                                 int64_t step, const float *b,
                                                                 float *c, bool add)
{
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            sum[r][v] = add ? vf_load(c + r * ATTEND_QUERIES + v * VF_LANES) : vf_set(0.0f);
        }
    }
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
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            vf_store(c + r * ATTEND_QUERIES + v * VF_LANES, sum[r][v]);
        }
    }
}

/* attend_product over any number of rows of c. */
static void attend_rows(int64_t total, int64_t n, const float *a, int64_t row, int64_t step,
                        const float *b, float *c, bool add)
{
    int64_t r = 0;
    for (; r + ATTEND_ROWS <= total; r += ATTEND_ROWS) {
        attend_product(ATTEND_ROWS, n, a + r * row, row, step, b, c + r * ATTEND_QUERIES, add);
    }
    for (; r < total; r++) {
        attend_product(1, n, a + r * row, row, step, b, c + r * ATTEND_QUERIES, add);
    }
}

/* Adds the most negative float to hidden scores[keys][ATTEND_QUERIES]. */
static void attend_hide(const tyto_attend_job *job, int64_t first_query, int64_t first_key,
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
static void attend_softmax(const attend_tile *tile, int64_t keys, int64_t channels, float *scores)
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
            vf_store(o, vf_mul(vf_load(o), shrink));
        }
    }
}

/* q[D][ATTEND_QUERIES] of queries first … of the job; missing ones are 0. */
static void attend_start(const tyto_attend_job *job, int64_t first, const attend_tile *tile)
{
    const float factor = job->scale * LOG2_E;
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        const bool there = first + q < job->queries;
        const float *from = job->q + (there ? first + q : 0) * job->q_stride;
        for (int64_t c = 0; c < job->qk_channels; c++) {
            tile->q[c * ATTEND_QUERIES + q] = there ? from[c] * factor : 0.0f;
        }
        tile->most[q] = -FLT_MAX;
        tile->sum[q] = 0.0f;
    }
    for (int64_t i = 0; i < job->v_channels * ATTEND_QUERIES; i++) {
        tile->o[i] = 0.0f;
    }
}

static void attend_end(const tyto_attend_job *job, int64_t first, const attend_tile *tile)
{
    for (int q = 0; q < ATTEND_QUERIES && first + q < job->queries; q++) {
        const float factor = 1.0f / tile->sum[q];
        float *out = job->out + (first + q) * job->out_stride;
        for (int64_t c = 0; c < job->v_channels; c++) {
            out[c] = tile->o[c * ATTEND_QUERIES + q] * factor;
        }
    }
}

static void attend(const tyto_attend_job *job)
{
    const int64_t D = job->qk_channels, V = job->v_channels;
    const int64_t tiles = (job->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
    attend_tile all[TYTO_ATTEND_TILES];
    float *scores = job->scratch, *next = scores + TYTO_ATTEND_KEYS * ATTEND_QUERIES;
    for (int64_t t = 0; t < tiles; t++) {
        all[t] = (attend_tile){.q = next,
                               .o = next + D * ATTEND_QUERIES,
                               .most = next + (D + V) * ATTEND_QUERIES,
                               .sum = next + (D + V + 1) * ATTEND_QUERIES};
        next += (D + V + 2) * ATTEND_QUERIES;
        attend_start(job, t * ATTEND_QUERIES, &all[t]);
    }
    for (int64_t key = 0; key < job->keys; key += TYTO_ATTEND_KEYS) {
        const int64_t left = job->keys - key,
                      keys = left < TYTO_ATTEND_KEYS ? left : TYTO_ATTEND_KEYS;
        for (int64_t t = 0; t < tiles; t++) {
            attend_rows(keys, D, job->k + key * job->k_stride, job->k_stride, 1, all[t].q, scores,
                        false);
            if (job->causal || job->key_mask) {
                attend_hide(job, job->first_query + t * ATTEND_QUERIES, key, keys, scores);
            }
            attend_softmax(&all[t], keys, V, scores);
            attend_rows(V, keys, job->v + key * job->v_stride, 1, job->v_stride, scores, all[t].o,
                        true);
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        attend_end(job, t * ATTEND_QUERIES, &all[t]);
    }
}

#endif
