/** Layer norm, and rows of length 1. */
#ifndef TYTO_NN_NORM_H
#define TYTO_NN_NORM_H

#include "nn/exec.h"

/** What a layer norm multiplies and adds, cols of each, and its epsilon; gamma NULL: none. */
typedef struct tyto_norm {
    const float *gamma, *beta;
    float eps;
} tyto_norm;

/** y[rows,cols] = (x − mean)/√(variance + eps)·gamma + beta, row by row; y may be x.
 *  source  Ba, Kiros and Hinton 2016 */
TYTO_NODISCARD tyto_status tyto_layer_norm(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const float *x, const float *gamma, const float *beta,
                                           float eps, float *y);

/** x = x/√(Σx²/count + eps), the first `cols` of each row, rows `stride` apart, in place: layer
 * norm of numbers whose mean is 0 already. `count` of them were there before a rotation left
 * `cols`. */
TYTO_NODISCARD tyto_status tyto_rms_norm(tyto_exec *exec, int64_t rows, int64_t cols,
                                         int64_t stride, int64_t count, float eps, float *x);

/** y = x / (|x| + eps), row by row; y may be x. */
TYTO_NODISCARD tyto_status tyto_normalize_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                               const float *x, float eps, float *y);

#endif
