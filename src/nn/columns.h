/** Operators with a number for each row of a matrix.
 *
 *  Matrices are rows × cols with the number of elements between rows (ldx, ldy); numbers of rows
 *  lie as far apart as the docstring says.
 *  errors  none */
#ifndef TYTO_NN_COLUMNS_H
#define TYTO_NN_COLUMNS_H

#include "nn/exec.h"

/** y[r] = Σ_c x[r,c], summed in double. */
TYTO_NODISCARD tyto_status tyto_sum_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                         const float *x, int64_t ldx, double *y);
/** y[r·ldy] = Σ_c x[r,c]·v[c], summed in double. */
TYTO_NODISCARD tyto_status tyto_dot_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                         const float *x, int64_t ldx, const float *v, float *y,
                                         int64_t ldy);
/** The same summed in single precision, column by column; rows go round the pool. */
TYTO_NODISCARD tyto_status tyto_dot_rows_single(tyto_exec *exec, int64_t rows, int64_t cols,
                                                const float *x, int64_t ldx, const float *v,
                                                float *y, int64_t ldy);
/** y[c] = Σ_r (x[r,c] / rows), in single precision, row by row. */
TYTO_NODISCARD tyto_status tyto_mean_rows_single(tyto_exec *exec, int64_t rows, int64_t cols,
                                                 const float *x, int64_t ldx, float *y);
/** y[r,c] += x[r·ldx] */
TYTO_NODISCARD tyto_status tyto_add_column(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const float *x, int64_t ldx, float *y, int64_t ldy);
/** y[r,c] += a[r]·b[c], a product that is rounded to single precision; `round_first`: a is rounded
 *  before. */
TYTO_NODISCARD tyto_status tyto_add_outer(tyto_exec *exec, int64_t rows, int64_t cols,
                                          const double *a, bool round_first, const float *b,
                                          float *y, int64_t ldy);

#endif
