/** Attention of a tile of queries to keys that come piece by piece, whose products are multiplied
 * in AMX's registers of tiles. A piece's keys are packed once for all tiles of queries: as rows for
 *  their scores, and transposed as the values that they are too. What the tables add, weights and
 *  their sums are those of gather.h; what is summed is what multiplies the values. */
#ifndef TYTO_KERNELS_X86_GATHER_AMX_H
#define TYTO_KERNELS_X86_GATHER_AMX_H

#include "kernels/x86/columns_amx.h"

#include "kernels/vector/gather.h"

_Static_assert(TYTO_GATHER_KEYS == VB_LANES, "keys that are packed together are a step");

/* Where the values of packed keys begin. */
static inline int64_t gather_amx_values(int64_t channels)
{
    return columns_keys_bytes(VB_LANES, channels);
}

/* What columns_keys makes, and [⌈C/16⌉][16 channels][32 keys]. */
static int64_t gather_amx_bytes(int64_t channels)
{
    return gather_amx_values(channels) + (channels + TILE_ROWS - 1) / TILE_ROWS * TILE_SIZE;
}

static void gather_amx_pack(int64_t keys, int64_t channels, const float *x, int64_t ldx,
                            void *packed)
{
    char *target = (char *)packed + gather_amx_values(channels);
    columns_keys(VB_LANES, keys, channels, x, ldx, packed);
    for (int64_t c = 0; c < channels; c += VF_LANES) {
        const __mmask16 lanes = amx_lanes(channels, c);
        vf v[VF_LANES];
#pragma GCC unroll 16
        for (int64_t i = 0; i < VF_LANES; i++) {
            const float *even = x + 2 * i * ldx + c;
            vf first = vf_set(0.0f), second = vf_set(0.0f);
            if (2 * i < keys) {
                first = _mm512_maskz_loadu_ps(lanes, even);
            }
            if (2 * i + 1 < keys) {
                second = _mm512_maskz_loadu_ps(lanes, even + ldx);
            }
            v[i] = vb_as_vf(vb_pair(first, second));
        }
        vf_transpose(v);
#pragma GCC unroll 16
        for (int i = 0; i < VF_LANES; i++, target += TILE_BYTES) {
            vb_store(target, vf_bits(v[i]));
        }
    }
}

/* Rows of a block's scores, of its pairs of weights and of pairs of queries, and part sums. */
static int64_t gather_amx_scratch(int64_t channels)
{
    return (TYTO_ATTEND_KEYS + TYTO_ATTEND_KEYS / 2 +
            (channels + VB_LANES - 1) / VB_LANES * 2 * TILE_ROWS + 1) *
           ATTEND_QUERIES;
}

/* What a call has in scratch. */
typedef struct gather_amx_work {
    const tyto_gather_job *job;
    attend_tile tile;
    float *scores;
    uint16_t *weights, *queries;
    const char *block;    /* of packed keys */
    int64_t key;          /* the job's first key counts from the block's first as −key */
    int64_t begin, limit; /* keys of the block that are the job's */
} gather_amx_work;

/* Scores of 16 keys. */
static inline __attribute__((always_inline)) void gather_amx_score(const void *context,
                                                                   int64_t first)
{
    const gather_amx_work *work = context;
    const int64_t channels = work->job->channels, step = first / VB_LANES;
    columns_scores((channels + VB_LANES - 1) / VB_LANES,
                   work->block + step * gather_amx_bytes(channels) + first % VB_LANES * TILE_BYTES,
                   2 * TILE_SIZE, (const char *)work->queries,
                   work->scores + first * ATTEND_QUERIES);
}

/* Scores of `rows` keys become weights. */
static inline __attribute__((always_inline)) void gather_amx_weigh(const void *context, int rows,
                                                                   int64_t at)
{
    const gather_amx_work *work = context;
    float *scores = work->scores + at * ATTEND_QUERIES;
    vf sum[ATTEND_ROWS][ATTEND_VECTORS];
    attend_take(rows, scores, sum);
    if (work->job->factor) {
        gather_tables(work->job, rows, work->key + at, sum);
    }
    attend_exponents(&work->tile, rows, work->job->rows, at - work->begin, sum, scores);
}

/* Weights of a block's keys, rounded as they will multiply the values. */
static void gather_amx_round(const gather_amx_work *work)
{
    const int64_t end = work->limit * ATTEND_QUERIES;
    for (int64_t i = work->begin * ATTEND_QUERIES; i < end; i += VF_LANES) {
        float *weight = work->scores + i;
        const vf wide = vf_load(weight);
        vf_store(weight, columns_wide(vb_neighbours(wide, wide), 0));
    }
}

/* What the block's weights add to sums. */
static void gather_amx_add(const gather_amx_work *work)
{
    const tyto_gather_job *job = work->job;
    const int64_t C = job->channels, steps = (work->limit + VB_LANES - 1) / VB_LANES;
    const size_t row = ATTEND_QUERIES * sizeof(float);
    memset(work->scores, 0, (size_t)work->begin * row);
    memset(work->scores + work->limit * ATTEND_QUERIES, 0,
           (size_t)(steps * VB_LANES - work->limit) * row);
    if (job->factor) {
        gather_amx_round(work);
        gather_sums(job, work->key + work->begin, work->limit - work->begin,
                    work->scores + work->begin * ATTEND_QUERIES);
    }
    grid_pair_weights(&work->tile, steps * VB_LANES, work->scores, work->weights);
    const char *values = work->block + gather_amx_values(C);
    for (int64_t c = 0; c < C; c += TILE_ROWS, values += TILE_SIZE) {
        columns_values(C - c < TILE_ROWS ? C - c : TILE_ROWS, steps, values, gather_amx_bytes(C),
                       (const char *)work->weights, job->o + c * ATTEND_QUERIES);
    }
}

static void attend_gather_amx(const tyto_gather_job *job)
{
    float *scores = job->scratch, *weights = scores + TYTO_ATTEND_KEYS * ATTEND_QUERIES,
          *part = weights + TYTO_ATTEND_KEYS / 2 * ATTEND_QUERIES;
    gather_amx_work work = {
        .job = job,
        .tile = {.o = job->state, .most = job->most, .sum = job->sum, .part = part},
        .scores = scores,
        .weights = (uint16_t *)(void *)weights,
        .queries = (uint16_t *)(void *)(part + ATTEND_QUERIES)};
    const int64_t end = job->first + job->keys;
    tyto_amx_begin();
    columns_queries(job->channels, job->q, work.queries);
    for (int64_t at = job->first / VB_LANES * VB_LANES; at < end; at += TYTO_ATTEND_KEYS) {
        work.block = (const char *)job->packed + at / VB_LANES * gather_amx_bytes(job->channels);
        work.key = at - job->first;
        work.begin = at < job->first ? job->first - at : 0;
        work.limit = end - at < TYTO_ATTEND_KEYS ? end - at : TYTO_ATTEND_KEYS;
        columns_weights(&work.tile, work.begin, work.limit, &work, gather_amx_score,
                        gather_amx_weigh);
        gather_amx_add(&work);
    }
    tyto_amx_end();
}

#endif
