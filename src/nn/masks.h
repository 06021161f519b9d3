/** Operators by truth values and by heads: rows that are kept, cleared or
 *  replaced, heads that are scaled. */
#ifndef TYTO_NN_MASKS_H
#define TYTO_NN_MASKS_H

#include "nn/exec.h"

/** Whether any of flags[n] is not 0. */
bool tyto_mask_any(const uint8_t *flags, int64_t n);

/** The values of an attention mask, 0 to 1: as integers or as floats; the other pointer is NULL. */
typedef struct tyto_mask_values {
    const int64_t *whole;
    const float *real;
} tyto_mask_values;

static inline float tyto_mask_value(const tyto_mask_values *mask, int64_t i)
{
    return mask->whole ? (float)mask->whole[i] : mask->real[i];
}
/** The first of count values that isn't in [0,1], or −1. */
int64_t tyto_mask_find_outside(const tyto_mask_values *mask, int64_t count);
/** seen[i] = whether 1 − m[i] is the least that any has, of the n values m from `first` on.
 *  Returns whether that least is above 0, which is when no value is 1. */
bool tyto_mask_highest(const tyto_mask_values *mask, int64_t first, int64_t n, uint8_t *seen);

/** valid[g,i] = i < counts[g] and x[s·stride] > 0, where s = counts[0] + … + counts[g−1] + i: items
 *  lie one after another, counts[g] of them in group g.
 *  shapes  counts[groups] valid[groups,most]
 *  x       NULL: all items are valid */
void tyto_mask_groups(int64_t groups, int64_t most, const int64_t *counts, const int64_t *x,
                      int64_t stride, uint8_t *valid);

/** Moves those of rows[n,cols] whose flag is not 0 to the front, in their order; returns how many
 *  they are. The rows behind them are left as they come. */
int64_t tyto_keep_rows(int64_t n, int64_t cols, const uint8_t *flags, float *rows);

/** x[r,c] = 0 in rows whose flags[r·stride] is not 0; stride 0: one flag for all rows. */
TYTO_NODISCARD tyto_status tyto_clear_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                           const uint8_t *flags, int64_t stride, float *x);

/** y[r,c] = x[c] in rows whose flags[r] is not 0; rows of y lie ldy floats apart. */
TYTO_NODISCARD tyto_status tyto_replace_rows(tyto_exec *exec, int64_t rows, int64_t cols,
                                             const uint8_t *flags, const float *x, float *y,
                                             int64_t ldy);

/** x[outer,heads,inner] *= factors[heads]
 *  threads  rows of `inner` numbers go round the pool */
TYTO_NODISCARD tyto_status tyto_scale_heads(tyto_exec *exec, int64_t outer, int64_t heads,
                                            int64_t inner, const float *factors, float *x);

#endif
