/** What the kernels of learning compute: the gradients of a loss, each formula in double, plain and
 *  slow. `dy` is the loss's gradient by what a forward gave, `dx` by what it was given. The
 *  forwards are those of scalar/definitions.h; tests/checkkernels/check_backward.c holds these
 *  formulas against differences of them. */
#ifndef TYTO_KERNELS_SCALAR_BACKWARD_DEFINITIONS_H
#define TYTO_KERNELS_SCALAR_BACKWARD_DEFINITIONS_H

#include "kernels/scalar/definitions.h"

/** y[rows,n] = x[rows,k]·w[n,k]ᵀ + bias[n]:
 *      dx = dy·w    dw += dyᵀ·x    db += Σ_rows dy */
static inline void tyto_define_linear_backward(int64_t rows, int64_t n, int64_t k, const float *x,
                                               const float *w, const double *dy, double *dx,
                                               double *dw, double *db)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < k; c++) {
            dx[r * k + c] = 0.0;
            for (int64_t i = 0; i < n; i++) {
                dx[r * k + c] += dy[r * n + i] * (double)w[i * k + c];
                dw[i * k + c] += dy[r * n + i] * (double)x[r * k + c];
            }
        }
        for (int64_t i = 0; i < n; i++) {
            db[i] += dy[r * n + i];
        }
    }
}

/** y = act(z): dz = dy·act′(z) */
static inline double tyto_define_activate_backward(tyto_activation activation, float z, double dy)
{
    return dy * tyto_activation_slope(activation, (double)z);
}

/** y = x̂·gamma + beta with x̂ = (x − mean)·rstd and rstd = 1/√(variance + eps):
 *      g = dy·gamma    dx = rstd·(g − mean(g) − x̂·mean(g·x̂))
 *      dgamma += dy·x̂    dbeta += dy */
static inline void tyto_define_layer_norm_backward(int64_t columns, const float *x,
                                                   const float *gamma, float eps, const double *dy,
                                                   double *dx, double *dgamma, double *dbeta)
{
    double mean = 0.0, variance = 0.0, mean_g = 0.0, mean_gx = 0.0;
    for (int64_t c = 0; c < columns; c++) {
        mean += (double)x[c] / (double)columns;
    }
    for (int64_t c = 0; c < columns; c++) {
        variance += ((double)x[c] - mean) * ((double)x[c] - mean) / (double)columns;
    }
    const double rstd = 1.0 / sqrt(variance + (double)eps);
    for (int64_t c = 0; c < columns; c++) {
        const double normal = ((double)x[c] - mean) * rstd, g = dy[c] * (double)gamma[c];
        mean_g += g / (double)columns;
        mean_gx += g * normal / (double)columns;
        dgamma[c] += dy[c] * normal;
        dbeta[c] += dy[c];
    }
    for (int64_t c = 0; c < columns; c++) {
        const double normal = ((double)x[c] - mean) * rstd, g = dy[c] * (double)gamma[c];
        dx[c] = rstd * (g - mean_g - normal * mean_gx);
    }
}

/** y[columns] = x/(L + eps) with L = |x| */
static inline void tyto_define_normalize(int64_t columns, const float *x, double eps, double *y)
{
    const double length = sqrt(tyto_define_product(columns, x, 1, x, 1));
    for (int64_t c = 0; c < columns; c++) {
        y[c] = (double)x[c] / (length + eps);
    }
}

/** The same: dx = dy/(L + eps) − x·(x·dy)/(L·(L + eps)²); where x is 0 the last term is too. */
static inline void tyto_define_normalize_backward(int64_t columns, const float *x, double eps,
                                                  const double *dy, double *dx)
{
    const double length = sqrt(tyto_define_product(columns, x, 1, x, 1)), below = length + eps;
    double along = 0.0;
    for (int64_t c = 0; c < columns; c++) {
        along += (double)x[c] * dy[c];
    }
    for (int64_t c = 0; c < columns; c++) {
        const double bend = length > 0.0 ? (double)x[c] * along / (length * below * below) : 0.0;
        dx[c] = dy[c] / below - bend;
    }
}

/** The gradients of a job of attention, dense: o = P·v with P = softmax(scale·q·kᵀ + mask):
 *      dv += Pᵀ·do    dP = do·vᵀ    dS = P·(dP − Σ_keys P·dP)
 *      dq = scale·dS·k    dk += scale·dSᵀ·q
 *  A hidden key has P = 0 and gets nothing; where all are hidden they weigh the same, and get
 *  gradients as any.
 *  shapes  d_out[queries,V] → dq[queries,D] dk[keys,D] dv[keys,V]; weights[keys] and out[V] are
 *          scratch */
static inline void tyto_define_attend_backward(const tyto_attend_job *job, const double *d_out,
                                               double *dq, double *dk, double *dv, double *weights,
                                               double *out)
{
    const int64_t D = job->qk_channels, V = job->v_channels;
    for (int64_t i = 0; i < job->queries; i++) {
        const double *dy = d_out + i * V;
        double mean = 0.0; /* Σ_keys P·dP, which is o·do */
        tyto_define_attend(job, i, weights, out);
        for (int64_t c = 0; c < V; c++) {
            mean += out[c] * dy[c];
        }
        for (int64_t c = 0; c < D; c++) {
            dq[i * D + c] = 0.0;
        }
        for (int64_t j = 0; j < job->keys; j++) {
            double slope = 0.0;
            for (int64_t c = 0; c < V; c++) {
                slope += dy[c] * (double)job->v[j * job->v_stride + c];
                dv[j * V + c] += weights[j] * dy[c];
            }
            const double ds = (double)job->scale * weights[j] * (slope - mean);
            for (int64_t c = 0; c < D; c++) {
                dq[i * D + c] += ds * (double)job->k[j * job->k_stride + c];
                dk[j * D + c] += ds * (double)job->q[i * job->q_stride + c];
            }
        }
    }
}

#endif
