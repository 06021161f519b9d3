/** Queries, keys and values of attention in whole numbers of steps. Included by attend_int8.h.
 *
 *  A block of keys and values becomes bytes once for all tiles of queries: each key, less the
 *  block's mean of all keys, in steps of its own; each channel of the values in steps of its own.
 *
 *  Which four channels share 32 bits is free, as long as queries and keys agree: every fourth part
 *  of them gives one, so that vectors of neighbouring channels need no transposing. */
#ifndef TYTO_KERNELS_VECTOR_ATTEND_INT8_STEPS_H
#define TYTO_KERNELS_VECTOR_ATTEND_INT8_STEPS_H

#include <float.h>

#include "kernels/vector/pack.h"

#define ATTEND_QUERIES (ATTEND_VECTORS * VF_LANES)
#define ATTEND_KEYS TYTO_INT8_ATTEND_KEYS
/* Bytes of a group for all queries of a tile. */
#define ATTEND_GROUP (ATTEND_QUERIES * TYTO_INT8_INTERLEAVE)

/* State of one tile of queries in scratch. */
typedef struct whole_tile {
    float *q;      /* [D][ATTEND_QUERIES], times scale·log2(e) */
    int8_t *whole; /* [groups][ATTEND_QUERIES][4], of q in steps */
    int32_t *sums; /* [ATTEND_QUERIES] of `whole` over the channels */
    float *step;   /* [ATTEND_QUERIES], not a number where a query has such */
    float *o;      /* [values' channels][ATTEND_QUERIES] */
    float *most;   /* [ATTEND_QUERIES] of all scores up to now */
    float *sum;    /* [ATTEND_QUERIES] of the weights */
} whole_tile;

/* A block of keys in scratch, and what one tile makes of it. */
typedef struct whole_block {
    int64_t channels, groups; /* of a key */
    int64_t values;           /* channels of a value, up to whole vectors */
    int64_t stride;           /* bytes of a key */
    uint8_t *k;               /* [keys][stride] */
    float *steps;             /* [keys] */
    float *mean;              /* [channels] */
    int8_t *v;                /* [keys/4][values][4] */
    float *v_steps;           /* [values] */
    float *rows;              /* [VF_LANES][whole_row] keys less the mean, and zeros */
    float invalid;            /* 0, or not a number when a key has such */
    float *scores;            /* [keys][ATTEND_QUERIES] in steps of a query */
    float *base;              /* [ATTEND_QUERIES] what the mean adds to them */
    float *block_most;        /* [ATTEND_QUERIES] the largest of them */
    float *shares;            /* [ATTEND_QUERIES] what a step of the weights is worth */
    uint8_t *weights;         /* [keys/4][ATTEND_QUERIES][4] */
} whole_block;

static inline int64_t whole_round(int64_t count, int64_t multiple)
{
    return (count + multiple - 1) / multiple * multiple;
}

/* Floats that hold so many bytes, up to a whole vector. */
static inline int64_t whole_floats(int64_t bytes)
{
    return whole_round(bytes, VF_LANES * (int64_t)sizeof(float)) / (int64_t)sizeof(float);
}

static inline int64_t whole_groups(int64_t channels)
{
    return (channels + TYTO_INT8_INTERLEAVE - 1) / TYTO_INT8_INTERLEAVE;
}

/* Of a padded row: the last group's vector reads that far. */
static inline int64_t whole_row(int64_t channels)
{
    const int64_t groups = whole_groups(channels);
    return whole_round((TYTO_INT8_INTERLEAVE - 1) * groups + whole_round(groups, VF_LANES),
                       VF_LANES);
}

static inline int64_t whole_stride(int64_t channels)
{
    return whole_round(whole_groups(channels), VF_LANES) * TYTO_INT8_INTERLEAVE;
}

/* Four ones in each lane, as the side of a product that has no sign, or as the other. */
static inline vi vi_ones(void)
{
    static const uint8_t ones[TYTO_INT8_INTERLEAVE] = {1, 1, 1, 1};
    return vi_spread(ones);
}

static inline vi vi_none(void)
{
    static const int32_t none[VF_LANES];
    return vi_start(none);
}

/* Bytes of numbers in [−127, 127], four vectors side by side: raised by the offset. */
static inline vi whole_bytes(const vf x[TYTO_INT8_INTERLEAVE])
{
    const vf offset = vf_set(INT8_OFFSET);
    return vi_bytes(vi_round(vf_add(x[0], offset)), vi_round(vf_add(x[1], offset)),
                    vi_round(vf_add(x[2], offset)), vi_round(vf_add(x[3], offset)));
}

/* The queries of a tile in steps, and their sums. One that counts as zeros has steps of 1. */
static inline void whole_queries(const whole_tile *tile, int64_t channels)
{
    const int64_t groups = whole_groups(channels);
    for (int v = 0; v < ATTEND_VECTORS; v++) {
        const float *q = tile->q + v * VF_LANES;
        float *steps = tile->step + v * VF_LANES, inverses[VF_LANES];
        vf most = vf_set(0.0f);
        for (int64_t c = 0; c < channels; c++) {
            most = vf_max_bits(most, vf_abs(vf_load(q + c * ATTEND_QUERIES)));
        }
        vf_store(steps, most);
        for (int i = 0; i < VF_LANES; i++) {
            const tyto_int8_step step = tyto_int8_step_of(steps[i]);
            inverses[i] = step.inverse;
            steps[i] = step.scale == 0.0f ? 1.0f : step.scale;
        }
        const vf inverse = vf_load(inverses);
        vi sum = vi_none();
        for (int64_t g = 0; g < groups; g++) {
            vf x[TYTO_INT8_INTERLEAVE];
            for (int i = 0; i < TYTO_INT8_INTERLEAVE; i++) {
                const int64_t c = g + i * groups;
                x[i] =
                    c < channels ? vf_mul(vf_load(q + c * ATTEND_QUERIES), inverse) : vf_set(0.0f);
            }
            const vi bytes = vi_signed(whole_bytes(x));
            vi_store(tile->whole + g * ATTEND_GROUP + v * VF_LANES * TYTO_INT8_INTERLEAVE, bytes);
            sum = vi_dot(sum, vi_ones(), bytes);
        }
        vi_store(tile->sums + v * VF_LANES, sum);
    }
}

/* Queries first … of the job; missing ones are 0. */
static void whole_start(const tyto_attend_job *job, int64_t first, int64_t values,
                        const whole_tile *tile)
{
    const int64_t left = job->queries - first;
    pack_rows(ATTEND_QUERIES, job->qk_channels, job->q + first * job->q_stride, job->q_stride,
              left < ATTEND_QUERIES ? (int)left : ATTEND_QUERIES, tile->q);
    for (int64_t i = 0; i < job->qk_channels * ATTEND_QUERIES; i += VF_LANES) {
        vf_store(tile->q + i, vf_mul(vf_load(tile->q + i), vf_set(job->scale * LOG2_E)));
    }
    whole_queries(tile, job->qk_channels);
    for (int q = 0; q < ATTEND_QUERIES; q++) {
        tile->most[q] = -FLT_MAX;
        tile->sum[q] = 0.0f;
    }
    memset(tile->o, 0, (size_t)(values * ATTEND_QUERIES) * sizeof(float));
}

static inline void whole_means(const tyto_attend_job *job, int64_t first, int64_t keys,
                               const whole_block *block)
{
    const int64_t D = job->qk_channels;
    const float *k = job->k + first * job->k_stride, share = 1.0f / (float)keys;
    int64_t c = 0;
    for (; c + VF_LANES <= D; c += VF_LANES) {
        vf sum = vf_set(0.0f);
        for (int64_t j = 0; j < keys; j++) {
            sum = vf_add(sum, vf_load(k + j * job->k_stride + c));
        }
        vf_store(block->mean + c, vf_mul(sum, vf_set(share)));
    }
    for (; c < D; c++) {
        float sum = 0.0f;
        for (int64_t j = 0; j < keys; j++) {
            sum += k[j * job->k_stride + c];
        }
        block->mean[c] = sum * share;
    }
}

/* row[D] = key − mean; returns the largest magnitudes of its lanes. What lies after D stays. */
static inline vf whole_centre(int64_t D, const float *key, const float *mean, float *row)
{
    vf most = vf_set(0.0f);
    int64_t c = 0;
    for (; c + VF_LANES <= D; c += VF_LANES) {
        const vf x = vf_sub(vf_load(key + c), vf_load(mean + c));
        vf_store(row + c, x);
        most = vf_max_bits(most, vf_abs(x));
    }
    for (; c < D; c++) {
        row[c] = key[c] - mean[c];
    }
    return D % VF_LANES ? vf_max_bits(most, vf_abs(vf_load(row + D / VF_LANES * VF_LANES))) : most;
}

/* The block's keys in steps, less their mean, a vector of keys at a time. After the last key it
 * stands again, up to whole vectors. */
static __attribute__((noinline)) void whole_keys(const tyto_attend_job *job, int64_t first,
                                                 int64_t keys, whole_block *block)
{
    const int64_t D = job->qk_channels, groups = block->groups, length = whole_row(D);
    whole_means(job, first, keys, block);
    for (int64_t j = 0; j < keys; j += VF_LANES) {
        vf most[VF_LANES];
        float inverses[VF_LANES];
        for (int i = 0; i < VF_LANES; i++) {
            const int64_t key = first + (j + i < keys ? j + i : keys - 1);
            most[i] = whole_centre(D, job->k + key * job->k_stride, block->mean,
                                   block->rows + i * length);
        }
        vf_transpose(most);
        for (int i = 1; i < VF_LANES; i++) {
            most[0] = vf_max_bits(most[0], most[i]);
        }
        vf_store(inverses, most[0]);
        for (int i = 0; i < VF_LANES; i++) {
            const tyto_int8_step step = tyto_int8_step_of(inverses[i]);
            inverses[i] = step.inverse;
            block->steps[j + i] = step.scale;
            block->invalid += 0.0f * step.scale;
        }
        for (int i = 0; i < VF_LANES; i++) {
            const float *row = block->rows + i * length;
            const vf inverse = vf_set(inverses[i]);
            for (int64_t g = 0; g < groups; g += VF_LANES) {
                vf x[TYTO_INT8_INTERLEAVE];
#pragma GCC unroll 4
                for (int n = 0; n < TYTO_INT8_INTERLEAVE; n++) {
                    x[n] = vf_mul(vf_load(row + g + n * groups), inverse);
                }
                vi_store(block->k + (j + i) * block->stride + g * TYTO_INT8_INTERLEAVE,
                         whole_bytes(x));
            }
        }
    }
}

/* A vector of a row that has `channels` more. */
static inline vf whole_load(const float *source, int64_t channels)
{
    float part[VF_LANES] = {0};
    if (channels >= VF_LANES) {
        return vf_load(source);
    }
    memcpy(part, source, (size_t)channels * sizeof(float));
    return vf_load(part);
}

/* The block's values in steps of their channels. */
static __attribute__((noinline)) void whole_values(const tyto_attend_job *job, int64_t first,
                                                   int64_t keys, const whole_block *block)
{
    for (int64_t c = 0; c < block->values; c += VF_LANES) {
        const int64_t channels = job->v_channels - c;
        const float *v = job->v + first * job->v_stride + c;
        float *steps = block->v_steps + c, inverses[VF_LANES];
        vf most = vf_set(0.0f);
        for (int64_t j = 0; j < keys; j++) {
            most = vf_max_bits(most, vf_abs(whole_load(v + j * job->v_stride, channels)));
        }
        vf_store(steps, most);
        for (int i = 0; i < VF_LANES; i++) {
            const tyto_int8_step step = tyto_int8_step_of(steps[i]);
            inverses[i] = step.inverse;
            steps[i] = step.scale;
        }
        const vf inverse = vf_load(inverses);
        for (int64_t j = 0; j < keys; j += TYTO_INT8_INTERLEAVE) {
            vf x[TYTO_INT8_INTERLEAVE];
            for (int i = 0; i < TYTO_INT8_INTERLEAVE; i++) {
                x[i] = j + i < keys
                           ? vf_mul(whole_load(v + (j + i) * job->v_stride, channels), inverse)
                           : vf_set(0.0f);
            }
            vi_store(block->v +
                         (j / TYTO_INT8_INTERLEAVE * block->values + c) * TYTO_INT8_INTERLEAVE,
                     vi_signed(whole_bytes(x)));
        }
    }
}

#endif
