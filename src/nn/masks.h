/** Operators by truth values and by heads: rows that are kept, cleared or
 *  replaced, heads that are scaled. */
#ifndef TYTO_NN_MASKS_H
#define TYTO_NN_MASKS_H

#include "nn/exec.h"

/** Whether any of flags[n] is not 0. */
bool tyto_mask_any(const uint8_t *flags, int64_t n);

/** Moves those of rows[n,cols] whose flag is not 0 to the front, in their order; returns how many
 *  they are. The rows behind them are left as they come. */
int64_t tyto_keep_rows(int64_t n, int64_t cols, const uint8_t *flags, float *rows);

/** x[r,c] = 0 in rows whose flags[r·step] is not 0; step 0: one flag for all rows. */
TYTO_NODISCARD tyto_status tyto_clear_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const uint8_t *flags, int64_t step, float *x);

/** y[r,c] = x[c] in rows whose flags[r] is not 0; rows of y lie ldy floats apart. */
TYTO_NODISCARD tyto_status tyto_replace_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                             const uint8_t *flags, const float *x, float *y,
                                             int64_t ldy);

/** x[outer,heads,inner] *= factors[heads]
 *  threads  rows of `inner` numbers go round the pool */
TYTO_NODISCARD tyto_status tyto_scale_heads(tyto_exec *exec, int64_t outer, int64_t heads,
                                            int64_t inner, const float *factors, float *x);

#endif
