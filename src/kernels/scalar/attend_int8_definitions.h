/** What attention in whole numbers computes, number by number. */
#ifndef TYTO_KERNELS_SCALAR_ATTEND_INT8_DEFINITIONS_H
#define TYTO_KERNELS_SCALAR_ATTEND_INT8_DEFINITIONS_H

#include "kernels/scalar/int8_definitions.h"

/** Keys `first` … of a job that share a mean and the steps of their values. */
typedef struct tyto_int8_block {
    const tyto_attend_job *job;
    int64_t first, keys;
} tyto_int8_block;

static inline float tyto_define_key_mean(const tyto_int8_block *block, int64_t channel)
{
    float sum = 0.0f;
    for (int64_t j = 0; j < block->keys; j++) {
        sum += block->job->k[(block->first + j) * block->job->k_stride + channel];
    }
    return sum * (1.0f / (float)block->keys);
}

/** The step of a channel of the block's values. */
static inline tyto_int8_step tyto_define_value_step(const tyto_int8_block *block, int64_t channel)
{
    float most = 0.0f;
    for (int64_t j = 0; j < block->keys; j++) {
        const float v = block->job->v[(block->first + j) * block->job->v_stride + channel];
        most = !isfinite(v) || !isfinite(most) ? INFINITY : fmaxf(most, fabsf(v));
    }
    return tyto_int8_step_of(most);
}

/** scores[keys of the block] of one query, in powers of two: with q' = scale·log2(e)·q and the
 * keys' mean m, s = [q']·[k − m] + q'·m, where [] are whole numbers of steps, a row's own. q and
 * row have qk_channels floats of scratch. */
static inline void tyto_define_int8_scores(const tyto_int8_block *block, int64_t query, float *q,
                                           float *row, double *scores)
{
    const tyto_attend_job *job = block->job;
    const int64_t D = job->qk_channels;
    double base = 0.0;
    for (int64_t c = 0; c < D; c++) {
        q[c] = job->q[query * job->q_stride + c] * (job->scale * 1.44269504088896340736f);
        base += (double)q[c] * (double)tyto_define_key_mean(block, c);
    }
    const tyto_int8_step q_step = tyto_int8_step_of(tyto_define_most(D, q, NULL));
    for (int64_t j = 0; j < block->keys; j++) {
        int64_t product = 0;
        for (int64_t c = 0; c < D; c++) {
            row[c] =
                job->k[(block->first + j) * job->k_stride + c] - tyto_define_key_mean(block, c);
        }
        const tyto_int8_step step = tyto_int8_step_of(tyto_define_most(D, row, NULL));
        for (int64_t c = 0; c < D; c++) {
            product += tyto_define_quantised(q, NULL, c, q_step) *
                       tyto_define_quantised(row, NULL, c, step);
        }
        scores[j] = base + (double)product * (double)q_step.scale * (double)step.scale;
    }
}

/** out[V] of one query: of each block, weights are whole numbers, `weight_most` that of its largest
 *  score, and values whole numbers of their channel's step.
 *  scratch  scores[keys], floats[2·qk_channels] */
static inline void tyto_define_attend_int8(const tyto_attend_job *job, int weight_most,
                                           int64_t query, double *scores, float *floats,
                                           double *out)
{
    double all = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < job->keys; j += TYTO_INT8_ATTEND_KEYS) {
        const int64_t left = job->keys - j;
        const tyto_int8_block block = {job, j,
                                       left < TYTO_INT8_ATTEND_KEYS ? left : TYTO_INT8_ATTEND_KEYS};
        tyto_define_int8_scores(&block, query, floats, floats + job->qk_channels, scores + j);
        for (int64_t i = 0; i < block.keys; i++) {
            all = fmax(all, scores[j + i]);
        }
    }
    for (int64_t c = 0; c < job->v_channels; c++) {
        out[c] = 0.0;
    }
    for (int64_t j = 0; j < job->keys; j += TYTO_INT8_ATTEND_KEYS) {
        const int64_t left = job->keys - j;
        const tyto_int8_block block = {job, j,
                                       left < TYTO_INT8_ATTEND_KEYS ? left : TYTO_INT8_ATTEND_KEYS};
        double most = -INFINITY;
        for (int64_t i = 0; i < block.keys; i++) {
            most = fmax(most, scores[j + i]);
        }
        for (int64_t i = 0; i < block.keys; i++) {
            scores[j + i] = rint(weight_most * exp2(scores[j + i] - most));
            sum += exp2(most - all) * scores[j + i];
        }
        for (int64_t c = 0; c < job->v_channels; c++) {
            const tyto_int8_step step = tyto_define_value_step(&block, c);
            double product = 0.0;
            for (int64_t i = 0; i < block.keys; i++) {
                const float *v = job->v + (j + i) * job->v_stride;
                product += scores[j + i] * tyto_define_quantised(v, NULL, c, step);
            }
            out[c] += exp2(most - all) * product * (double)step.scale;
        }
    }
    for (int64_t c = 0; c < job->v_channels; c++) {
        out[c] /= sum;
    }
}

#endif
