/** Attention of queries on a grid whose values are multiplied in AMX's registers of tiles, by three
 *  parts of each float as in parts_amx.h. Scores and weights are those of grid.h; Oᵀ += Vᵀ·Pᵀ,
 * where weights are the second operand nearly as they lie, and the parts of a block of values are
 * made once for all tiles of queries. */
#ifndef TYTO_KERNELS_X86_GRID_PARTS_AMX_H
#define TYTO_KERNELS_X86_GRID_PARTS_AMX_H

#include "kernels/x86/columns_amx.h"
#include "kernels/x86/parts_amx.h"

#include "kernels/vector/grid.h"

/* Steps of a block of keys. */
#define GRID_PARTS_STEPS (TYTO_ATTEND_KEYS / VB_LANES)
/* Bytes of all parts of a step of weights. */
#define GRID_WEIGHTS_STEP (PARTS * COLUMNS_STEP)

/* In front of a job's own scratch. */
typedef struct grid_parts {
    int64_t key; /* of the block whose values are there, or −1 */
    float sums[TILE_ROWS * ATTEND_QUERIES] __attribute__((aligned(64)));
    char weights[GRID_PARTS_STEPS * GRID_WEIGHTS_STEP] __attribute__((aligned(64)));
    char values[]; /* [⌈V/32⌉][GRID_PARTS_STEPS][PARTS][32 channels][32 keys] in bf16 */
} grid_parts;

static int64_t grid_parts_floats(int64_t v_channels)
{
    return (int64_t)(sizeof(grid_parts) + (size_t)((v_channels + TILES_ROWS - 1) / TILES_ROWS *
                                                   GRID_PARTS_STEPS * PARTS_STEP_BYTES)) /
           (int64_t)sizeof(float);
}

static int64_t attend_grid_parts_scratch(int64_t qk_channels, int64_t v_channels, int64_t runs)
{
    return grid_parts_floats(v_channels) + attend_grid_scratch(qk_channels, v_channels, runs);
}

/* v[channel] = 16 channels from c on of 16 keys from `key` on, of which `keys` are there. */
static inline void grid_parts_read(const tyto_grid_job *job, int64_t c, int64_t key, int64_t keys,
                                   vf *v)
{
    const bool both = c + ATTEND_ROWS < job->v_channels;
    const float *low = job->v + c * job->keys + key * ATTEND_ROWS,
                *high = low + job->keys * ATTEND_ROWS;
#pragma GCC unroll 16
    for (int64_t i = 0; i < VF_LANES; i++) {
        v[i] = vf_set(0.0f);
        if (i < keys) {
            const __m512 first = _mm512_castps256_ps512(_mm256_loadu_ps(low + i * ATTEND_ROWS));
            v[i] = both ? _mm512_insertf32x8(first, _mm256_loadu_ps(high + i * ATTEND_ROWS), 1)
                        : _mm512_maskz_mov_ps(0xff, first);
        }
    }
    vf_transpose(v);
}

/* The parts of a block's values. */
static void grid_parts_values(const tyto_grid_job *job, int64_t key, int64_t keys, char *target)
{
    for (int64_t c = 0; c < job->v_channels; c += TILE_ROWS) {
        for (int64_t step = 0; step * VB_LANES < keys; step++) {
            const int64_t left = keys - step * VB_LANES;
            char *at = target + (c / TILES_ROWS * GRID_PARTS_STEPS + step) * PARTS_STEP_BYTES +
                       c % TILES_ROWS * TILE_BYTES;
            vf first[VF_LANES], second[VF_LANES];
            grid_parts_read(job, c, key + step * VB_LANES, left, first);
            grid_parts_read(job, c, key + step * VB_LANES + VF_LANES, left - VF_LANES, second);
#pragma GCC unroll 16
            for (int i = 0; i < TILE_ROWS; i++) {
                parts_split(first[i], second[i], at + i * TILE_BYTES);
            }
        }
    }
}

/* The parts of a block's weights: keys i and i + 16 of 32 lie side by side. */
static void grid_parts_weights(int64_t keys, const float *scores, char *target)
{
    for (int64_t step = 0; step * VB_LANES < keys; step++, target += GRID_WEIGHTS_STEP) {
        for (int64_t i = 0; i < TILE_ROWS; i++) {
            const int64_t j = step * VB_LANES + i;
            for (int64_t q = 0; q < ATTEND_QUERIES; q += VF_LANES) {
                const float *first = scores + j * ATTEND_QUERIES + q;
                parts_split_apart(j < keys ? vf_load(first) : vf_set(0.0f),
                                  j + TILE_ROWS < keys ? vf_load(first + TILE_ROWS * ATTEND_QUERIES)
                                                       : vf_set(0.0f),
                                  target + i * COLUMNS_STRIDE + q * (int)sizeof(float),
                                  COLUMNS_STEP);
            }
        }
    }
}

/* A part of a step's weights, in three registers, and its products with values in another one. */
#define GRID_PARTS_WEIGHTS(b, part)                                                                \
    do {                                                                                           \
        tile_load(4, (b) + (part)*COLUMNS_STEP, COLUMNS_STRIDE);                                   \
        tile_load(5, (b) + (part)*COLUMNS_STEP + TILE_BYTES, COLUMNS_STRIDE);                      \
        tile_load(6, (b) + (part)*COLUMNS_STEP + 2 * TILE_BYTES, COLUMNS_STRIDE);                  \
    } while (0)
#define GRID_PARTS_THREE(values)                                                                   \
    do {                                                                                           \
        _tile_dpbf16ps(0, values, 4);                                                              \
        _tile_dpbf16ps(1, values, 5);                                                              \
        _tile_dpbf16ps(2, values, 6);                                                              \
    } while (0)

/* sums[16][ATTEND_QUERIES] = 16 channels' values times weights */
static void grid_parts_product(const char *a, const char *b, int64_t steps, float *sums)
{
    char *target = (char *)sums;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (int64_t step = 0; step < steps; step++) {
        tile_load(3, a + 2 * STEP_BYTES, TILE_BYTES);
        tile_load(7, a + STEP_BYTES, TILE_BYTES);
        GRID_PARTS_WEIGHTS(b, 0);
        GRID_PARTS_THREE(3);
        GRID_PARTS_THREE(7);
        tile_load(3, a, TILE_BYTES);
        GRID_PARTS_THREE(3);
        GRID_PARTS_WEIGHTS(b, 1);
        GRID_PARTS_THREE(7);
        GRID_PARTS_THREE(3);
        GRID_PARTS_WEIGHTS(b, 2);
        GRID_PARTS_THREE(3);
        a += PARTS_STEP_BYTES;
        b += GRID_WEIGHTS_STEP;
    }
    _tile_stored(0, target, COLUMNS_STRIDE);
    _tile_stored(1, target + TILE_BYTES, COLUMNS_STRIDE);
    _tile_stored(2, target + 2 * TILE_BYTES, COLUMNS_STRIDE);
}

static void grid_add_parts(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                           int64_t keys, float *scores)
{
    grid_parts *parts = (void *)job->scratch;
    const int64_t V = grid_v_channels(job->v_channels), steps = (keys + VB_LANES - 1) / VB_LANES;
    if (parts->key != key) {
        grid_parts_values(job, key, keys, parts->values);
        parts->key = key;
    }
    grid_parts_weights(keys, scores, parts->weights);
    for (int64_t c = 0; c < V; c += TILE_ROWS) {
        float *o = tile->state.o + c * ATTEND_QUERIES;
        const int64_t rows = V - c < TILE_ROWS ? V - c : TILE_ROWS;
        grid_parts_product(parts->values + c / TILES_ROWS * GRID_PARTS_STEPS * PARTS_STEP_BYTES +
                               c % TILES_ROWS * TILE_BYTES,
                           parts->weights, steps, parts->sums);
        for (int64_t i = 0; i < rows * ATTEND_QUERIES; i += VF_LANES) {
            vf_store(o + i, vf_add(vf_load(o + i), vf_load(parts->sums + i)));
        }
    }
}

static void attend_grid_parts(const tyto_grid_job *job)
{
    ((grid_parts *)(void *)job->scratch)->key = -1;
    tyto_amx_begin();
    grid_run(job, job->scratch + grid_parts_floats(job->v_channels), grid_weights, grid_add_parts);
    tyto_amx_end();
}

#endif
