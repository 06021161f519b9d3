/** Attention of a tile of queries to keys that come piece by piece and lie on a grid. Included once
 *  per instruction set, after attend.h, from which its tiles are. */
#ifndef TYTO_KERNELS_VECTOR_GATHER_H
#define TYTO_KERNELS_VECTOR_GATHER_H

#include "kernels/vector/attend.h"

/* Adds what the tables have for some keys, from `key` on, to their scores. */
static inline __attribute__((always_inline)) void gather_tables(const tyto_gather_job *job,
                                                                int rows, int64_t key,
                                                                vf sum[ATTEND_ROWS][ATTEND_VECTORS])
{
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf line = vf_load(job->line + v * VF_LANES);
        const float *column = job->column + key * ATTEND_QUERIES + v * VF_LANES;
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            const vf table = vf_add(vf_load(column + r * ATTEND_QUERIES), line);
            sum[r][v] = vf_fma(vf_set(job->factor[key + r]), table, sum[r][v]);
        }
    }
}

static inline __attribute__((always_inline)) void gather_weigh(const tyto_gather_job *job,
                                                               const attend_tile *tile, int rows,
                                                               int64_t key, int64_t done,
                                                               float *scores)
{
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    attend_take(rows, NULL, sum);
    attend_product(rows, job->channels, job->x + key * job->x_stride, job->x_stride, 1, tile->q,
                   sum);
    if (job->factor) {
        gather_tables(job, rows, key, sum);
    }
    attend_exponents(tile, rows, job->rows, done, sum, scores);
}

/* Adds up what a block of keys weighs, times their factors. */
static inline void gather_sums(const tyto_gather_job *job, int64_t key, int64_t keys,
                               const float *scores)
{
    vf total[ATTEND_VECTORS];
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        total[v] = vf_set(0.0f);
    }
    for (int64_t j = 0; j < keys; j++) {
        const vf factor = vf_set(job->factor[key + j]);
        float *column = job->column_sums + (key + j) * ATTEND_QUERIES;
#pragma GCC unroll 8
        for (int v = 0; v < ATTEND_VECTORS; v++) {
            const vf w = vf_mul(factor, vf_load(scores + j * ATTEND_QUERIES + v * VF_LANES));
            vf_store(column + v * VF_LANES, vf_add(vf_load(column + v * VF_LANES), w));
            total[v] = vf_add(total[v], w);
        }
    }
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        float *line = job->line_sum + v * VF_LANES;
        vf_store(line, vf_add(vf_load(line), total[v]));
    }
}

static inline void attend_gather(const tyto_gather_job *job)
{
    const attend_tile tile = {.q = (float *)(uintptr_t)job->q,
                              .o = job->state,
                              .most = job->most,
                              .sum = job->sum,
                              .part = job->scratch + TYTO_ATTEND_KEYS * ATTEND_QUERIES};
    float *scores = job->scratch;
    for (int64_t key = 0; key < job->keys; key += TYTO_ATTEND_KEYS) {
        const int64_t left = job->keys - key,
                      keys = left < TYTO_ATTEND_KEYS ? left : TYTO_ATTEND_KEYS;
        int64_t j = 0;
        for (int q = 0; q < ATTEND_QUERIES; q++) {
            tile.part[q] = 0.0f;
        }
        for (; j + ATTEND_ROWS <= keys; j += ATTEND_ROWS) {
            gather_weigh(job, &tile, ATTEND_ROWS, key + j, j, scores + j * ATTEND_QUERIES);
        }
        for (; j < keys; j++) {
            gather_weigh(job, &tile, 1, key + j, j, scores + j * ATTEND_QUERIES);
        }
        for (int q = 0; q < ATTEND_QUERIES; q++) {
            tile.sum[q] += tile.part[q];
        }
        if (job->factor) {
            gather_sums(job, key, keys, scores);
        }
        attend_rows(job->channels, keys, job->x + key * job->x_stride, 1, job->x_stride, scores,
                    job->o, true);
    }
}

#endif
