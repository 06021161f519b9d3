/** Attention of queries on a grid, whose scores are a product and two tables. Included once per
 *  instruction set, after attend.h, from which its tiles are: a run of queries lies in each vector,
 *  so a key's table entries for it are one load and one broadcast. Values come in strips that are
 *  read from one end to the other. */
#ifndef TYTO_KERNELS_VECTOR_GRID_H
#define TYTO_KERNELS_VECTOR_GRID_H

#include "kernels/vector/attend.h"

/* A tile, and what its queries read of the tables. */
typedef struct grid_tile {
    attend_tile state;
    int64_t index; /* in its job */
    float *factor; /* [ATTEND_QUERIES] */
    const float *column[ATTEND_VECTORS], *line[ATTEND_VECTORS];
} grid_tile;

static inline int64_t grid_v_channels(int64_t v_channels)
{
    return (v_channels + ATTEND_ROWS - 1) / ATTEND_ROWS * ATTEND_ROWS;
}

static inline int64_t attend_grid_scratch(int64_t qk_channels, int64_t v_channels, int64_t runs)
{
    const int64_t tiles = (runs + ATTEND_VECTORS - 1) / ATTEND_VECTORS,
                  rows = qk_channels + grid_v_channels(v_channels) + 4;
    return (tiles * rows + TYTO_ATTEND_KEYS) * ATTEND_QUERIES;
}

/* The runs' queries into lanes; lanes without a query read the tables of the first run. */
static inline void grid_start(const tyto_grid_job *job, const tyto_grid_run *runs, int64_t count,
                              float *memory, grid_tile *tile)
{
    const int64_t D = job->qk_channels, V = grid_v_channels(job->v_channels);
    float *q = memory;
    *tile = (grid_tile){.state = {.q = q,
                                  .o = q + D * ATTEND_QUERIES,
                                  .most = q + (D + V) * ATTEND_QUERIES,
                                  .sum = q + (D + V + 1) * ATTEND_QUERIES,
                                  .part = q + (D + V + 2) * ATTEND_QUERIES},
                        .factor = q + (D + V + 3) * ATTEND_QUERIES};
    for (int64_t i = 0; i < (D + V + 4) * ATTEND_QUERIES; i++) {
        memory[i] = 0.0f;
    }
    for (int64_t i = 0; i < ATTEND_QUERIES; i++) {
        tile->state.most[i] = -FLT_MAX;
    }
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const tyto_grid_run *run = &runs[v < count ? v : 0];
        tile->column[v] = run->column;
        tile->line[v] = run->line;
        for (int64_t i = 0; v < count && i < run->queries; i++) {
            const float *source = job->q + (run->first + i) * job->q_stride;
            tile->factor[v * VF_LANES + i] = job->factor[run->first + i];
            for (int64_t d = 0; d < D; d++) {
                q[d * ATTEND_QUERIES + v * VF_LANES + i] = source[d];
            }
        }
    }
}

/* Adds what the tables have for some keys, from `key` on, to their scores. */
static inline __attribute__((always_inline)) void grid_tables(const tyto_grid_job *job,
                                                              const grid_tile *tile, int rows,
                                                              int64_t key,
                                                              vf sum[ATTEND_ROWS][ATTEND_VECTORS])
{
#pragma GCC unroll 8
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const vf factor = vf_load(tile->factor + v * VF_LANES);
        const float *column = tile->column[v] + key * job->column_stride;
#pragma GCC unroll 8
        for (int r = 0; r < ATTEND_ROWS && r < rows; r++) {
            const vf table =
                vf_add(vf_load(column + r * job->column_stride), vf_set(tile->line[v][key + r]));
            sum[r][v] = vf_fma(factor, table, sum[r][v]);
        }
    }
}

static inline __attribute__((always_inline)) void grid_weigh(const tyto_grid_job *job,
                                                             const grid_tile *tile, int rows,
                                                             int64_t key, int64_t done,
                                                             float *scores)
{
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    attend_take(rows, NULL, sum);
    attend_product(rows, job->qk_channels, job->k + key * job->k_stride, job->k_stride, 1,
                   tile->state.q, sum);
    grid_tables(job, tile, rows, key, sum);
    attend_exponents(&tile->state, rows, grid_v_channels(job->v_channels), done, sum, scores);
}

/* scores[keys][ATTEND_QUERIES] = exponentials of a block of keys, and their sums. */
static inline void grid_weights(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                                int64_t keys, float *scores)
{
    int64_t j = 0;
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->state.part[q] = 0.0f;
    }
    for (; j + ATTEND_ROWS <= keys; j += ATTEND_ROWS) {
        grid_weigh(job, tile, ATTEND_ROWS, key + j, j, scores + j * ATTEND_QUERIES);
    }
    for (; j < keys; j++) {
        grid_weigh(job, tile, 1, key + j, j, scores + j * ATTEND_QUERIES);
    }
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->state.sum[q] += tile->state.part[q];
    }
}

/* o[V][ATTEND_QUERIES] += the values of a block of keys, strip by strip. */
static inline void grid_add_values(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                                   int64_t keys, float *scores)
{
    for (int64_t c = 0; c < job->v_channels; c += ATTEND_ROWS) {
        vf sum[ATTEND_ROWS][ATTEND_VECTORS];
        attend_take(ATTEND_ROWS, NULL, sum);
        attend_product(ATTEND_ROWS, keys, job->v + c * job->keys + key * ATTEND_ROWS, 1,
                       ATTEND_ROWS, scores, sum);
        attend_give(ATTEND_ROWS, sum, tile->state.o + c * ATTEND_QUERIES, true);
    }
}

static inline void grid_end(const tyto_grid_job *job, const tyto_grid_run *runs, int64_t count,
                            const grid_tile *tile)
{
    for (int64_t v = 0; v < ATTEND_VECTORS && v < count; v++) {
        const vf factor = vf_div(vf_set(1.0f), vf_load(tile->state.sum + v * VF_LANES));
        unpack_columns(ATTEND_QUERIES, job->v_channels, tile->state.o + v * VF_LANES, factor,
                       runs[v].queries, job->out + runs[v].first * job->out_stride,
                       job->out_stride);
    }
}

/* What a job's tiles do with a block of keys. */
typedef void (*grid_step)(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                          int64_t keys, float *scores);

/* Takes the tiles of a job through all blocks of keys: `weigh` makes a block's weights, and
 * `add_values` multiplies them with the values. */
static inline __attribute__((always_inline)) void grid_run(const tyto_grid_job *job, float *scores,
                                                           grid_step weigh, grid_step add_values)
{
    const int64_t rows = job->qk_channels + grid_v_channels(job->v_channels) + 4,
                  tiles = (job->count + ATTEND_VECTORS - 1) / ATTEND_VECTORS;
    grid_tile all[TYTO_ATTEND_TILES];
    float *next = scores + TYTO_ATTEND_KEYS * ATTEND_QUERIES;
    for (int64_t t = 0; t < tiles; t++) {
        grid_start(job, job->runs + t * ATTEND_VECTORS, job->count - t * ATTEND_VECTORS, next,
                   &all[t]);
        all[t].index = t;
        next += rows * ATTEND_QUERIES;
    }
    for (int64_t key = 0; key < job->keys; key += TYTO_ATTEND_KEYS) {
        const int64_t left = job->keys - key,
                      keys = left < TYTO_ATTEND_KEYS ? left : TYTO_ATTEND_KEYS;
        for (int64_t t = 0; t < tiles; t++) {
            weigh(job, &all[t], key, keys, scores);
            add_values(job, &all[t], key, keys, scores);
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        grid_end(job, job->runs + t * ATTEND_VECTORS, job->count - t * ATTEND_VECTORS, &all[t]);
    }
}

static inline void attend_grid(const tyto_grid_job *job)
{
    grid_run(job, job->scratch, grid_weights, grid_add_values);
}

#endif
