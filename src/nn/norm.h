/** Layer norm, and rows of length 1. */
#ifndef TYTO_NN_NORM_H
#define TYTO_NN_NORM_H

#include "nn/exec.h"

/** y[rows,cols] = (x − mean)/√(variance + eps)·gamma + beta, row by row; y may be x.
 *  source  Ba, Kiros and Hinton 2016 */
TYTO_NODISCARD tyto_status tyto_layer_norm(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const float *x, const float *gamma, const float *beta,
                                           float eps, float *y);

/** y = x / (|x| + eps), row by row; y may be x. */
TYTO_NODISCARD tyto_status tyto_normalize_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                               const float *x, float eps, float *y);

#endif
