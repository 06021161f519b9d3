/** Which of some numbers is the largest, the first out of bounds, or the best candidate.
 *  errors  none */
#ifndef TYTO_NN_FIND_H
#define TYTO_NN_FIND_H

#include <stdbool.h>
#include <stdint.h>

/** The first index i of a largest x[i]; count is at least 1. */
int64_t tyto_find_largest(int64_t count, const int64_t *x);
/** The first index i where x[i] < 0 or x[i] ≥ end, or −1: all of x are indices of `end` things. */
int64_t tyto_find_outside(int64_t count, const int64_t *x, int64_t end);
/** The first index i of a largest merit[i] among those where score[i] isn't below `least`; −1 when
 *  no candidate's merit is above −∞. */
int64_t tyto_find_best(int64_t count, const float *merit, const float *score, float least);
/** max(0, max_i x[i]), NaN left out. */
float tyto_largest_positive(int64_t count, const float *x);
/** Whether all of x are finite. */
bool tyto_all_finite(int64_t count, const double *x);

#endif
