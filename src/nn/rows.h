/** Operators on the numbers of matrices, one by one: rows that are copied, chosen, added, scaled.
 *
 *  Matrices are given as rows × cols with the number of elements between rows (ldx, ldy), which may
 *  be more than cols. Where ldx may be 0, the one row x[cols] goes with every row of y.
 *  memory   x and y don't overlap, unless they are the same matrix
 *  threads  rows go round the pool; what a number comes to depends on no other row
 *  errors   none but those of memory */
#ifndef TYTO_NN_ROWS_H
#define TYTO_NN_ROWS_H

#include <stdint.h>
#include <tyto/tensor.h>

#include "nn/exec.h"

/** y[r,c] = x[r,c]; ldx may be 0. */
TYTO_NODISCARD tyto_status tyto_copy_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                          const float *x, int64_t ldx, float *y, int64_t ldy);
/** y[r,c] = x[indices[r],c] */
TYTO_NODISCARD tyto_status tyto_select_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                            const float *x, int64_t ldx, const int64_t *indices,
                                            float *y, int64_t ldy);
/** y[r,c] = table[indices[r],c], of a dense table of any float type. */
TYTO_NODISCARD tyto_status tyto_embed_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const void *table, tyto_dtype dtype,
                                           const int64_t *indices, float *y, int64_t ldy);
/** y[r,c] = value */
TYTO_NODISCARD tyto_status tyto_fill_rows(tyto_exec *exec, int64_t rows, int64_t cols, float value,
                                          float *y, int64_t ldy);
/** y[c,r] = x[r,c]; x has `rows` rows of `cols` numbers. */
TYTO_NODISCARD tyto_status tyto_transpose(tyto_exec *exec, int64_t rows, int64_t cols,
                                          const float *x, int64_t ldx, float *y, int64_t ldy);

/** y[r,c] += x[r,c]; ldx may be 0. */
TYTO_NODISCARD tyto_status tyto_add_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                         const float *x, int64_t ldx, float *y, int64_t ldy);
/** y[r,c] −= x[r], a number for each row; numbers lie ldx apart. */
TYTO_NODISCARD tyto_status tyto_subtract_column(tyto_exec *exec, int64_t rows, int64_t cols,
                                                const float *x, int64_t ldx, float *y, int64_t ldy);
/** y[r,c] *= x[r,c]; ldx may be 0. */
TYTO_NODISCARD tyto_status tyto_multiply_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                              const float *x, int64_t ldx, float *y, int64_t ldy);
/** y[r,c] = (y[r,c] + shift[r])·scale[r], a number of each for each row. */
TYTO_NODISCARD tyto_status tyto_shift_scale_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                                 const float *shift, const float *scale, float *y,
                                                 int64_t ldy);
/** y[r,c] = value where seen[c] is 0. */
TYTO_NODISCARD tyto_status tyto_mask_columns(tyto_exec *exec, int64_t rows, int64_t cols,
                                             const uint8_t *seen, float value, float *y,
                                             int64_t ldy);
/** y[c] = Σ_r x[r,c] / rows, summed in double. */
TYTO_NODISCARD tyto_status tyto_mean_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                          const float *x, int64_t ldx, float *y);

/** x[i] *= factor */
TYTO_NODISCARD tyto_status tyto_scale(tyto_exec *exec, int64_t count, float factor, float *x);
/** x[i] /= divisor */
TYTO_NODISCARD tyto_status tyto_divide(tyto_exec *exec, int64_t count, float divisor, float *x);
/** x[i] = activation(x[i]), by the kernel that products use. */
TYTO_NODISCARD tyto_status tyto_activate(tyto_exec *exec, tyto_activation activation, int64_t count,
                                         float *x);
/** x[i] = elu(x[i]) + 1, which is above 0: x + 1 where x > 0, else eˣ. */
TYTO_NODISCARD tyto_status tyto_elu_plus_one(tyto_exec *exec, int64_t count, float *x);
/** x[i] = 1/(1 + e^−x[i]), in single precision as the reference has it. */
TYTO_NODISCARD tyto_status tyto_sigmoid(tyto_exec *exec, int64_t count, float *x);

#endif
