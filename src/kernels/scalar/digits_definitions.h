/** What the kernels of kernels/digits.h compute, number by number. */
#ifndef TYTO_KERNELS_SCALAR_DIGITS_DEFINITIONS_H
#define TYTO_KERNELS_SCALAR_DIGITS_DEFINITIONS_H

#include <math.h>

#include "kernels/digits.h"

/** The digits of what a number counts as, the most significant first. */
static inline void tyto_define_digits(int64_t count, int8_t digits[TYTO_DIGITS])
{
    for (int d = TYTO_DIGITS - 1; d >= 0; d--) {
        digits[d] = (int8_t)(((count & 0xff) ^ 0x80) - 0x80);
        count = (count - digits[d]) / 256;
    }
}

/** What a row's number counts as, and a column's. */
static inline int64_t tyto_define_row_count(float x, float size)
{
    return size > 0.0f ? llrintf(x * (float)tyto_digits_inverse(size)) : 0;
}
static inline int64_t tyto_define_column_count(float x, float size)
{
    return size > 0.0f ? llrint((double)x * tyto_digits_inverse(size)) : 0;
}

/** Of the sums of all pairs of digits of each weight, the greatest weight first: what they come to
 *  with scales of a row and a column. */
static inline float tyto_define_digits_sum(const int32_t sums[TYTO_DIGITS], float row, float column)
{
    float sum = (float)sums[TYTO_DIGITS - 1];
    for (int i = TYTO_DIGITS - 2; i >= 0; i--) {
        sum = fmaf(sum, 0x1p-8f, (float)sums[i]);
    }
    return sum * row * column;
}

#endif
