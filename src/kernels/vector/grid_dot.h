/** Attention of queries on a grid with values in bf16, where the CPU multiplies pairs itself.
 *  Included by dot.h. Scores are those of floats; what is summed of the weights is what multiplies
 *  the values: the rounded ones. */
#ifndef TYTO_KERNELS_VECTOR_GRID_DOT_H
#define TYTO_KERNELS_VECTOR_GRID_DOT_H

#include "kernels/vector/grid.h"

/* Pairs of a block's weights lie in front of the rest. */
#define GRID_PAIRS_FLOATS (TYTO_ATTEND_KEYS * ATTEND_QUERIES / 2)

static inline int64_t attend_grid_pairs_scratch(int64_t qk_channels, int64_t v_channels,
                                                int64_t runs)
{
    return GRID_PAIRS_FLOATS + attend_grid_scratch(qk_channels, v_channels, runs);
}

/* weights[⌈keys/2⌉][ATTEND_QUERIES][2] of a block's exponentials, and their sum, added up already,
 * in place of that of the exponentials. */
static void grid_pair_weights(const attend_tile *tile, int64_t keys, const float *scores,
                              uint16_t *weights)
{
    const vb ones = vb_ones();
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        float *sum = tile->sum + v * VF_LANES;
        const float *source = scores + v * VF_LANES;
        vf all = vf_sub(vf_load(sum), vf_load(tile->part + v * VF_LANES));
        for (int64_t j = 0; j < keys; j += 2) {
            const float *even = source + j * ATTEND_QUERIES;
            const vb pair = vb_pair(vf_load(even),
                                    j + 1 < keys ? vf_load(even + ATTEND_QUERIES) : vf_set(0.0f));
            vb_store(weights + j * ATTEND_QUERIES + v * VB_LANES, pair);
            all = vb_dot(pair, ones, all);
        }
        vf_store(sum, all);
    }
}

static void grid_add_pairs(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                           int64_t keys, float *scores)
{
    uint16_t *weights = (uint16_t *)(void *)job->scratch;
    const int64_t all = (job->keys + 1) / 2 * 2;
    grid_pair_weights(&tile->state, keys, scores, weights);
    for (int64_t c = 0; c < job->v_channels; c += ATTEND_ROWS) {
        pairs_sums sum;
        pairs_start(ATTEND_ROWS, NULL, sum);
        pairs_product(ATTEND_ROWS, (keys + 1) / 2, job->v_pairs + c * all + key * ATTEND_ROWS, 2,
                      2 * ATTEND_ROWS, weights, sum);
        pairs_give(ATTEND_ROWS, sum, tile->state.o + c * ATTEND_QUERIES, true);
    }
}

static inline void attend_grid_pairs(const tyto_grid_job *job)
{
    grid_run(job, job->scratch + GRID_PAIRS_FLOATS, grid_weights, grid_add_pairs);
}

#endif
