/** What the kernels compute: each formula in double, plain and slow. tests/checkkernels/ holds
 *  every table against these. Shapes and masks are those of kernels/kernels.h. */
#ifndef TYTO_KERNELS_SCALAR_DEFINITIONS_H
#define TYTO_KERNELS_SCALAR_DEFINITIONS_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

/** The bf16 nearest to x, the even one of two, as its bits; what is not a number stays so. */
static inline uint16_t tyto_define_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return (uint16_t)((isnan(x) ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

/** The number that bits of a bf16 are. */
static inline float tyto_define_widen(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float x;
    memcpy(&x, &wide, sizeof(x));
    return x;
}

/** x as a product in bf16 sees it. */
static inline double tyto_define_round(float x)
{
    return (double)tyto_define_widen(tyto_define_bf16(x));
}

/** Σ a[i·a_step]·b[i·b_step] over i < n */
static inline double tyto_define_product(int64_t n, const float *a, int64_t a_step, const float *b,
                                         int64_t b_step)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        sum += (double)a[i * a_step] * (double)b[i * b_step];
    }
    return sum;
}

/** act(sum + bias[column]) + residual[row][column] */
static inline double tyto_define_finish(double sum, const tyto_epilogue *e, int row, int column)
{
    const double bias = e->bias ? (double)e->bias[column] : 0.0;
    const double residual =
        e->residual ? (double)e->residual[row * e->residual_stride + column] : 0.0;
    return tyto_activation_value(e->activation, sum + bias) + residual;
}

/** y[columns] = (x − mean)/√(variance + eps)·gamma + beta */
static inline void tyto_define_layer_norm(int64_t columns, const float *x, const float *gamma,
                                          const float *beta, float eps, double *y)
{
    double mean = 0.0, variance = 0.0;
    for (int64_t c = 0; c < columns; c++) {
        mean += (double)x[c] / (double)columns;
    }
    for (int64_t c = 0; c < columns; c++) {
        variance += ((double)x[c] - mean) * ((double)x[c] - mean) / (double)columns;
    }
    for (int64_t c = 0; c < columns; c++) {
        y[c] = ((double)x[c] - mean) / sqrt(variance + (double)eps) * (double)gamma[c] +
               (double)beta[c];
    }
}

/** scale·q·k + mask for one query and one key of a job */
static inline double tyto_define_score(const tyto_attend_job *job, int64_t query, int64_t key)
{
    const double product = tyto_define_product(job->qk_channels, job->q + query * job->q_stride, 1,
                                               job->k + key * job->k_stride, 1);
    const bool later = job->causal && key > job->first_query + query;
    const bool masked = job->key_mask && !job->key_mask[key];
    return (double)job->scale * product - (later ? (double)FLT_MAX : 0.0) -
           (masked ? (double)FLT_MAX : 0.0);
}

/** weights[keys] = softmax of one query's scores, given in weights; out[V] = weights·v */
static inline void tyto_define_weigh(const tyto_attend_job *job, double *weights, double *out)
{
    double most = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < job->keys; j++) {
        most = fmax(most, weights[j]);
    }
    for (int64_t j = 0; j < job->keys; j++) {
        weights[j] = exp(weights[j] - most);
        sum += weights[j];
    }
    for (int64_t c = 0; c < job->v_channels; c++) {
        out[c] = 0.0;
    }
    for (int64_t j = 0; j < job->keys; j++) {
        weights[j] /= sum;
        for (int64_t c = 0; c < job->v_channels; c++) {
            out[c] += weights[j] * (double)job->v[j * job->v_stride + c];
        }
    }
}

/** s[keys] of query i of a run of a grid, in powers of two; out[V] = softmax₂(s)·v */
static inline void tyto_define_attend_grid(const tyto_grid_job *job, int strip,
                                           const tyto_grid_run *run, int64_t i, double *weights,
                                           double *out)
{
    const int64_t query = run->first + i;
    double most = -INFINITY, sum = 0.0;
    for (int64_t j = 0; j < job->keys; j++) {
        weights[j] = tyto_define_product(job->qk_channels, job->q + query * job->q_stride, 1,
                                         job->k + j * job->k_stride, 1) +
                     (double)job->factor[query] *
                         ((double)run->column[j * job->column_stride + i] + (double)run->line[j]);
        most = fmax(most, weights[j]);
    }
    for (int64_t j = 0; j < job->keys; j++) {
        weights[j] = exp2(weights[j] - most);
        sum += weights[j];
    }
    for (int64_t c = 0; c < job->v_channels; c++) {
        out[c] = 0.0;
        for (int64_t j = 0; j < job->keys; j++) {
            out[c] +=
                weights[j] / sum * (double)job->v[(c / strip * job->keys + j) * strip + c % strip];
        }
    }
}

/** The score of key j of a job of pieces for query i of its tile of R, in powers of two. */
static inline double tyto_define_gather(const tyto_gather_job *job, int64_t R, int64_t i, int64_t j)
{
    const double product =
        tyto_define_product(job->channels, job->x + j * job->x_stride, 1, job->q + i, R);
    return job->factor ? product + (double)job->factor[j] *
                                       ((double)job->column[j * R + i] + (double)job->line[i])
                       : product;
}

/** out[V] of one query; weights[keys] is scratch. */
static inline void tyto_define_attend(const tyto_attend_job *job, int64_t query, double *weights,
                                      double *out)
{
    for (int64_t j = 0; j < job->keys; j++) {
        weights[j] = tyto_define_score(job, query, j);
    }
    tyto_define_weigh(job, weights, out);
}

/** The same in bf16: q·scale·log2(e) and k are rounded; that weights and values are too is the
 *  kernels' tolerance. */
static inline void tyto_define_attend_bf16(const tyto_attend_job *job, int64_t query,
                                           double *weights, double *out)
{
    const float factor = job->scale * 1.44269504088896340736f;
    const tyto_attend_job masks = {
        .causal = job->causal, .first_query = job->first_query, .key_mask = job->key_mask};
    for (int64_t j = 0; j < job->keys; j++) {
        double product = 0.0;
        for (int64_t c = 0; c < job->qk_channels; c++) {
            product += tyto_define_round(job->q[query * job->q_stride + c] * factor) *
                       tyto_define_round(job->k[j * job->k_stride + c]);
        }
        weights[j] = product * 0.69314718055994530942 + tyto_define_score(&masks, query, j);
    }
    tyto_define_weigh(job, weights, out);
}

#endif
