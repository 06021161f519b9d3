/** Attention of queries on a grid in bf16 in AMX's registers of tiles. What the tables add, weights
 *  and their sums are those of grid_dot.h; Sᵀ = K·Qᵀ and Oᵀ += Vᵀ·Pᵀ, where pairs of weights are
 * the second operand as they lie. A block's keys and values are packed once for all tiles of
 * queries. */
#ifndef TYTO_KERNELS_X86_GRID_AMX_H
#define TYTO_KERNELS_X86_GRID_AMX_H

#include "kernels/x86/columns_amx.h"

/* Pairs of keys of a block, and those of a register. */
#define GRID_PAIRS (TYTO_ATTEND_KEYS / 2)
#define GRID_STEP TILE_ROWS

/* In front of a job's own scratch. */
typedef struct grid_amx {
    int64_t key; /* of the block whose keys and values are there, or −1 */
    uint16_t weights[TYTO_ATTEND_KEYS * ATTEND_QUERIES] __attribute__((aligned(64)));
    char operands[]; /* keys as columns_keys makes them; values [⌈V/16⌉][GRID_PAIRS/16][16
                        channels][16] pairs; queries of each tile as columns_queries does */
} grid_amx;

static inline grid_amx *grid_amx_of(const tyto_grid_job *job)
{
    return (void *)job->scratch;
}

static inline int64_t grid_amx_depth(int64_t channels)
{
    return (channels + VB_LANES - 1) / VB_LANES;
}

static inline int64_t grid_amx_keys_bytes(int64_t qk_channels)
{
    return columns_keys_bytes(TYTO_ATTEND_KEYS, qk_channels);
}

static inline int64_t grid_amx_values_bytes(int64_t v_channels)
{
    return (v_channels + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS * GRID_PAIRS * 4;
}

static int64_t grid_amx_floats(int64_t qk_channels, int64_t v_channels, int64_t runs)
{
    const int64_t tiles = (runs + ATTEND_VECTORS - 1) / ATTEND_VECTORS;
    return ((int64_t)sizeof(grid_amx) + grid_amx_keys_bytes(qk_channels) +
            grid_amx_values_bytes(v_channels) +
            tiles * grid_amx_depth(qk_channels) * 2 * COLUMNS_STEP) /
           (int64_t)sizeof(float);
}

static int64_t attend_grid_amx_scratch(int64_t qk_channels, int64_t v_channels, int64_t runs)
{
    return grid_amx_floats(qk_channels, v_channels, runs) +
           attend_grid_scratch(qk_channels, v_channels, runs);
}

/* Values of a block: 16 channels of 16 pairs at a time. */
static void grid_transpose(const tyto_grid_job *job, int64_t key, int64_t pairs, char *target)
{
    const int64_t all = (job->keys + 1) / 2,
                  strips = grid_v_channels(job->v_channels) / ATTEND_ROWS;
    for (int64_t s = 0; s < strips; s += 2) {
        const uint16_t *low = job->v_pairs + (s * all + key / 2) * 2 * ATTEND_ROWS,
                       *high = low + all * 2 * ATTEND_ROWS;
        for (int64_t p = 0; p < GRID_PAIRS; p += GRID_STEP) {
            vf v[VF_LANES];
#pragma GCC unroll 16
            for (int64_t i = 0; i < VF_LANES; i++) {
                __m512i both = _mm512_setzero_si512();
                if (p + i < pairs) {
                    const int64_t at = (p + i) * 2 * ATTEND_ROWS;
                    both = _mm512_maskz_loadu_epi32(0xff, low + at);
                    if (s + 1 < strips) {
                        both = _mm512_inserti64x4(
                            both, _mm256_loadu_si256((const __m256i *)(const void *)(high + at)),
                            1);
                    }
                }
                v[i] = _mm512_castsi512_ps(both);
            }
            vf_transpose(v);
#pragma GCC unroll 16
            for (int64_t i = 0; i < VF_LANES; i++, target += TILE_BYTES) {
                vb_store(target, vf_bits(v[i]));
            }
        }
    }
}

/* What a block of keys is weighed with. */
typedef struct grid_amx_work {
    const tyto_grid_job *job;
    const grid_tile *tile;
    int64_t key; /* the block's first */
    const char *keys, *queries;
    float *scores;
} grid_amx_work;

static inline __attribute__((always_inline)) void grid_amx_score(const void *context, int64_t first)
{
    const grid_amx_work *work = context;
    columns_scores(grid_amx_depth(work->job->qk_channels), work->keys + first * TILE_BYTES,
                   TYTO_ATTEND_KEYS * TILE_BYTES, work->queries,
                   work->scores + first * ATTEND_QUERIES);
}

static inline __attribute__((always_inline)) void grid_amx_weigh(const void *context, int rows,
                                                                 int64_t at)
{
    const grid_amx_work *work = context;
    const tyto_grid_job *job = work->job;
    float *scores = work->scores + at * ATTEND_QUERIES;
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    attend_take(rows, scores, sum);
    grid_tables(job, work->tile, rows, work->key + at, sum);
    attend_exponents(&work->tile->state, rows, grid_v_channels(job->v_channels), at, sum, scores);
}

static void grid_amx_weights(const tyto_grid_job *job, const grid_tile *tile, int64_t key,
                             int64_t keys, float *scores)
{
    grid_amx *own = grid_amx_of(job);
    const int64_t D = job->qk_channels;
    char *values = own->operands + grid_amx_keys_bytes(D),
         *queries = values + grid_amx_values_bytes(job->v_channels) +
                    tile->index * grid_amx_depth(D) * 2 * COLUMNS_STEP;
    const grid_amx_work work = {.job = job,
                                .tile = tile,
                                .key = key,
                                .keys = own->operands,
                                .queries = queries,
                                .scores = scores};
    if (key == 0) {
        columns_queries(D, tile->state.q, (uint16_t *)(void *)queries);
    }
    if (own->key != key) {
        columns_keys(TYTO_ATTEND_KEYS, keys, D, job->k + key * job->k_stride, job->k_stride,
                     own->operands);
        grid_transpose(job, key, (keys + 1) / 2, values);
        own->key = key;
    }
    columns_weights(&tile->state, 0, keys, &work, grid_amx_score, grid_amx_weigh);
}

static void grid_amx_add(const tyto_grid_job *job, const grid_tile *tile, int64_t key, int64_t keys,
                         float *scores)
{
    grid_amx *own = grid_amx_of(job);
    const int64_t V = grid_v_channels(job->v_channels), pairs = (keys + 1) / 2,
                  whole = (pairs + GRID_STEP - 1) / GRID_STEP * GRID_STEP;
    const char *values = own->operands + grid_amx_keys_bytes(job->qk_channels);
    (void)key;
    grid_pair_weights(&tile->state, keys, scores, own->weights);
    memset(own->weights + pairs * 2 * ATTEND_QUERIES, 0,
           (size_t)((whole - pairs) * COLUMNS_STRIDE));
    for (int64_t c = 0; c < V; c += TILE_ROWS) {
        columns_values(V - c < TILE_ROWS ? V - c : TILE_ROWS, whole / GRID_STEP, values, TILE_SIZE,
                       (const char *)own->weights, tile->state.o + c * ATTEND_QUERIES);
        values += TILE_ROWS * GRID_PAIRS * 4;
    }
}

static void attend_grid_amx(const tyto_grid_job *job)
{
    grid_amx_of(job)->key = -1;
    tyto_amx_begin();
    grid_run(job, job->scratch + grid_amx_floats(job->qk_channels, job->v_channels, job->count),
             grid_amx_weights, grid_amx_add);
    tyto_amx_end();
}

#endif
