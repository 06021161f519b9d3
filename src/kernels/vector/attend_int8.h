/** Attention in whole numbers, with the queries in the vector lanes. Included by int8.h where the
 *  CPU sums products of bytes itself.
 *
 *  As in attend.h scores are transposed, Sᵀ = K·Qᵀ and Oᵀ += Vᵀ·Pᵀ; four channels lie side by side
 *  in the first product, four keys in the second. What the mean of a block's keys adds to a query's
 *  scores is summed in floats. Weights are counted in steps of the block's largest for that query,
 *  and what is summed of them is the rounded ones. Definition: tyto_define_attend_int8. */
#ifndef TYTO_KERNELS_VECTOR_ATTEND_INT8_H
#define TYTO_KERNELS_VECTOR_ATTEND_INT8_H

#include "kernels/vector/attend_int8_steps.h"

typedef vi whole_sums[ATTEND_ROWS][ATTEND_VECTORS];

static inline int64_t whole_tile_floats(int64_t channels, int64_t values)
{
    return (channels + values + 4) * ATTEND_QUERIES +
           whole_floats(whole_groups(channels) * ATTEND_GROUP);
}

static int64_t attend_int8_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t values = whole_round(v_channels, VF_LANES);
    return TYTO_ATTEND_TILES * whole_tile_floats(qk_channels, values) +
           (ATTEND_KEYS + 3) * ATTEND_QUERIES + whole_floats(ATTEND_KEYS * ATTEND_QUERIES) +
           whole_floats(ATTEND_KEYS * whole_stride(qk_channels)) + ATTEND_KEYS +
           whole_round(qk_channels, VF_LANES) + whole_floats(ATTEND_KEYS * values) + values +
           VF_LANES * whole_row(qk_channels);
}

/* sum[r] += Σ a[r][i]·b[i][ATTEND_QUERIES] over n groups of four bytes, where group i of row r lies
 * at a[r·row + i·step]. The products have the bytes without sign first: `a` or, of weights, `b`. */
static inline __attribute__((always_inline)) void whole_product(bool weights, int64_t n,
                                                                const uint8_t *a, int64_t row,
                                                                int64_t step, const uint8_t *b,
                                                                whole_sums sum)
{
    for (int64_t i = 0; i < n; i++) {
        vi column[ATTEND_VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            column[v] = vi_load((const int8_t *)b + v * VF_LANES * TYTO_INT8_INTERLEAVE);
        }
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS; r++) {
            const vi one = vi_spread(a + r * row);
#pragma GCC unroll 8
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                sum[r][v] =
                    weights ? vi_dot(sum[r][v], column[v], one) : vi_dot(sum[r][v], one, column[v]);
                vi_keep(sum[r][v]);
            }
        }
        a += step;
        b += ATTEND_GROUP;
    }
}

/* Before a conversion, which could read sums from memory, where gcc 12 would keep them then. */
static inline __attribute__((always_inline)) void whole_keep(whole_sums sum)
{
#pragma GCC unroll 8
    for (int r = 0; r < ATTEND_ROWS; r++) {
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            vi_keep(sum[r][v]);
        }
    }
}

/* What the mean of the keys adds to a tile's scores, in steps of the queries. */
static __attribute__((noinline)) void whole_base(const whole_tile *tile, const whole_block *block)
{
    vf sum[ATTEND_VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        sum[v] = vf_set(0.0f);
    }
    for (int64_t c = 0; c < block->channels; c++) {
        const vf mean = vf_set(block->mean[c]);
#pragma GCC unroll 4
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            sum[v] = vf_fma(vf_load(tile->q + c * ATTEND_QUERIES + v * VF_LANES), mean, sum[v]);
        }
    }
#pragma GCC unroll 4
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        vf_store(block->base + v * VF_LANES, vf_div(sum[v], vf_load(tile->step + v * VF_LANES)));
    }
}

/* Scores of the block and their maxima. */
static __attribute__((noinline)) void whole_scores(const whole_tile *tile, int64_t keys,
                                                   const whole_block *block)
{
    const int64_t padded = whole_round(keys, ATTEND_ROWS);
    float *target = block->scores;
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        block->block_most[q] = -FLT_MAX;
    }
    for (int64_t j = 0; j < padded; j += ATTEND_ROWS, target += ATTEND_ROWS * ATTEND_QUERIES) {
        whole_sums sum;
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS; r++) {
#pragma GCC unroll 8
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                sum[r][v] = vi_start(tile->sums + v * VF_LANES);
            }
        }
        whole_product(false, block->groups, block->k + j * block->stride, block->stride,
                      TYTO_INT8_INTERLEAVE, (const uint8_t *)tile->whole, sum);
        whole_keep(sum);
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            const vf base = vf_load(block->base + v * VF_LANES);
            vf most = vf_load(block->block_most + v * VF_LANES);
#pragma GCC unroll 8
            for (int r = 0; r < ATTEND_ROWS; r++) {
                const vf s = vf_fma(vi_float(sum[r][v]), vf_set(block->steps[j + r]), base);
                vf_store(target + r * ATTEND_QUERIES + v * VF_LANES, s);
                most = vf_max(s, most);
            }
            vf_store(block->block_most + v * VF_LANES, most);
        }
    }
    for (int64_t i = keys * ATTEND_QUERIES; i < padded * ATTEND_QUERIES; i++) {
        block->scores[i] = -FLT_MAX;
    }
}

/* The power of two that is the weight of the largest score: 255, or 127 where bytes have a sign. */
#define WHOLE_LARGEST (INT8_OFFSET ? 7.9943534368588575f : 6.9886846867721664f)
/* Added to |x| < 2²², it leaves the whole number nearest to x in the lowest bits. */
#define WHOLE_NEAREST 12582912.0f

/* 2^x by a polynomial of degree 3 (minimax, 1e-4 relative); below 2⁻¹⁰ it stays there, which is
 * less than half a step. */
static inline vf whole_exp2(vf x)
{
    x = vf_max(vf_set(-10.0f), x);
    const vf whole = vf_add(x, vf_set(WHOLE_NEAREST));
    const vf rest = vf_sub(x, vf_sub(whole, vf_set(WHOLE_NEAREST)));
    vf p = vf_set(5.517166914e-2f);
    p = vf_fma(p, rest, vf_set(2.426111246e-1f));
    p = vf_fma(p, rest, vf_set(6.932609855e-1f));
    p = vf_fma(p, rest, vf_set(9.999280737e-1f));
    return vi_raise(p, whole);
}

/* Weights of the block in steps of its largest for each query; the tile's sums follow. */
static __attribute__((noinline)) void whole_weights(const whole_tile *tile, int64_t keys,
                                                    const whole_block *block)
{
    const int64_t padded = whole_round(keys, TYTO_INT8_INTERLEAVE);
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf step = vf_load(tile->step + v * VF_LANES),
                 most = vf_load(block->block_most + v * VF_LANES);
        vi total = vi_none();
        for (int64_t j = 0; j < padded; j += TYTO_INT8_INTERLEAVE) {
            const float *source = block->scores + j * ATTEND_QUERIES + v * VF_LANES;
            vi w[TYTO_INT8_INTERLEAVE];
#pragma GCC unroll 4
            for (int i = 0; i < TYTO_INT8_INTERLEAVE; i++) {
                const vf below = vf_sub(vf_load(source + i * ATTEND_QUERIES), most);
                w[i] = vi_round(whole_exp2(vf_fma(below, step, vf_set(WHOLE_LARGEST))));
            }
            const vi bytes = vi_bytes(w[0], w[1], w[2], w[3]);
            vi_store(block->weights + j * ATTEND_QUERIES + v * VF_LANES * TYTO_INT8_INTERLEAVE,
                     bytes);
            total = vi_dot(total, bytes, vi_ones());
        }
        const vf before = vf_load(tile->most + v * VF_LANES), score = vf_mul(most, step),
                 now = vf_max(score, before), share = vf_exp2(vf_sub(score, now));
        vf sum = vf_load(tile->sum + v * VF_LANES);
        if (vf_any_above(now, before)) {
            const vf shrink = vf_exp2(vf_sub(before, now));
            sum = vf_shrunk(sum, shrink);
            for (int64_t c = 0; c < block->values; c++) {
                float *o = tile->o + c * ATTEND_QUERIES + v * VF_LANES;
                vf_store(o, vf_shrunk(vf_load(o), shrink));
            }
            vf_store(tile->most + v * VF_LANES, now);
        }
        vf_store(tile->sum + v * VF_LANES, vf_fma(vi_float(total), share, sum));
        vf_store(block->shares + v * VF_LANES, share);
    }
}

/* o += values·weights·shares */
static __attribute__((noinline)) void whole_outputs(const whole_tile *tile, int64_t keys,
                                                    const whole_block *block)
{
    const int64_t groups = (keys + TYTO_INT8_INTERLEAVE - 1) / TYTO_INT8_INTERLEAVE;
    for (int64_t c = 0; c < block->values; c += ATTEND_ROWS) {
        whole_sums sum;
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS; r++) {
#pragma GCC unroll 8
            for (int v = 0; v < ATTEND_VECTORS; v++) {
                sum[r][v] = vi_none();
            }
        }
        whole_keep(sum);
        whole_product(true, groups, (const uint8_t *)block->v + c * TYTO_INT8_INTERLEAVE,
                      TYTO_INT8_INTERLEAVE, block->values * TYTO_INT8_INTERLEAVE, block->weights,
                      sum);
        whole_keep(sum);
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            const vf share = vf_load(block->shares + v * VF_LANES);
#pragma GCC unroll 8
            for (int r = 0; r < ATTEND_ROWS; r++) {
                float *o = tile->o + (c + r) * ATTEND_QUERIES + v * VF_LANES;
                const vf x = vf_mul(vi_float(sum[r][v]), vf_set(block->v_steps[c + r]));
                vf_store(o, vf_fma(x, share, vf_load(o)));
            }
        }
    }
}

static void whole_end(const tyto_attend_job *job, int64_t first, const whole_tile *tile,
                      float invalid)
{
    for (int q = 0; q < ATTEND_QUERIES && first + q < job->queries; q += VF_LANES) {
        const vf bad = vf_fma(vf_load(tile->step + q), vf_set(0.0f), vf_set(invalid)),
                 factor = vf_add(vf_div(vf_set(1.0f), vf_load(tile->sum + q)), bad);
        unpack_columns(ATTEND_QUERIES, job->v_channels, tile->o + q, factor,
                       job->queries - first - q, job->out + (first + q) * job->out_stride,
                       job->out_stride);
    }
}

/* The next `floats` of scratch. */
static inline float *whole_take(float **scratch, int64_t floats)
{
    float *taken = *scratch;
    *scratch += floats;
    return taken;
}

static void attend_int8(const tyto_attend_job *job)
{
    const int64_t D = job->qk_channels,
                  tiles = (job->queries + ATTEND_QUERIES - 1) / ATTEND_QUERIES;
    float *next = job->scratch;
    whole_block block = {.channels = D, .groups = whole_groups(D)};
    block.values = whole_round(job->v_channels, VF_LANES);
    block.stride = whole_stride(D);
    block.scores = whole_take(&next, ATTEND_KEYS * ATTEND_QUERIES);
    block.base = whole_take(&next, ATTEND_QUERIES);
    block.block_most = whole_take(&next, ATTEND_QUERIES);
    block.shares = whole_take(&next, ATTEND_QUERIES);
    block.weights = (uint8_t *)whole_take(&next, whole_floats(ATTEND_KEYS * ATTEND_QUERIES));
    block.k = (uint8_t *)whole_take(&next, whole_floats(ATTEND_KEYS * block.stride));
    block.steps = whole_take(&next, ATTEND_KEYS);
    block.mean = whole_take(&next, whole_round(D, VF_LANES));
    block.v = (int8_t *)whole_take(&next, whole_floats(ATTEND_KEYS * block.values));
    block.v_steps = whole_take(&next, block.values);
    block.rows = whole_take(&next, VF_LANES * whole_row(D));
    memset(block.rows, 0, (size_t)(VF_LANES * whole_row(D)) * sizeof(float));
    whole_tile all[TYTO_ATTEND_TILES];
    for (int64_t t = 0; t < tiles; t++) {
        all[t].q = whole_take(&next, D * ATTEND_QUERIES);
        all[t].o = whole_take(&next, block.values * ATTEND_QUERIES);
        all[t].sums = (int32_t *)(void *)whole_take(&next, ATTEND_QUERIES);
        all[t].step = whole_take(&next, ATTEND_QUERIES);
        all[t].most = whole_take(&next, ATTEND_QUERIES);
        all[t].sum = whole_take(&next, ATTEND_QUERIES);
        all[t].whole = (int8_t *)whole_take(&next, whole_floats(block.groups * ATTEND_GROUP));
        whole_start(job, t * ATTEND_QUERIES, block.values, &all[t]);
    }
    for (int64_t key = 0; key < job->keys; key += ATTEND_KEYS) {
        const int64_t left = job->keys - key, keys = left < ATTEND_KEYS ? left : ATTEND_KEYS;
        whole_keys(job, key, keys, &block);
        whole_values(job, key, keys, &block);
        for (int64_t t = 0; t < tiles; t++) {
            whole_base(&all[t], &block);
            whole_scores(&all[t], keys, &block);
            whole_weights(&all[t], keys, &block);
            whole_outputs(&all[t], keys, &block);
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        whole_end(job, t * ATTEND_QUERIES, &all[t], block.invalid);
    }
}

#endif
