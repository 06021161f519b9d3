/** What the kernels of kernels/int8.h compute, number by number. */
#ifndef TYTO_KERNELS_SCALAR_INT8_DEFINITIONS_H
#define TYTO_KERNELS_SCALAR_INT8_DEFINITIONS_H

#include <math.h>

#include "kernels/int8.h"

/** How a row is quantised: q = round(x·inverse), x ≈ q·scale. */
typedef struct tyto_int8_step {
    float inverse, scale;
} tyto_int8_step;

/** Of a row whose largest magnitude is `most`; not finite: the row has such a number. */
static inline tyto_int8_step tyto_int8_step_of(float most)
{
    if (!isfinite(most)) {
        return (tyto_int8_step){0.0f, NAN};
    }
    if (most < TYTO_INT8_LEAST) {
        return (tyto_int8_step){0.0f, 0.0f};
    }
    return (tyto_int8_step){TYTO_INT8_MOST / most, most / TYTO_INT8_MOST};
}

static inline float tyto_define_smoothed(const float *x, const float *smooth, int64_t i)
{
    return smooth ? x[i] * smooth[i] : x[i];
}

/** max|x·smooth| over a row, or infinity when a number of it is not finite. */
static inline float tyto_define_most(int64_t k, const float *x, const float *smooth)
{
    float most = 0.0f;
    for (int64_t i = 0; i < k; i++) {
        const float size = fabsf(tyto_define_smoothed(x, smooth, i));
        if (!isfinite(size)) {
            return INFINITY;
        }
        most = size > most ? size : most;
    }
    return most;
}

/** One number of a row; 0 in rows that have no step. */
static inline int tyto_define_quantised(const float *x, const float *smooth, int64_t i,
                                        tyto_int8_step step)
{
    return step.inverse == 0.0f ? 0 : (int)rintf(tyto_define_smoothed(x, smooth, i) * step.inverse);
}

/** Σ a·b over all groups for one row and one column. */
static inline int32_t tyto_define_int8_product(int64_t groups, const uint8_t *a, int rows,
                                               const int8_t *b, int columns, int offset)
{
    int64_t sum = 0;
    for (int64_t g = 0; g < groups; g++) {
        for (int i = 0; i < TYTO_INT8_INTERLEAVE; i++) {
            const int packed = a[g * rows * TYTO_INT8_INTERLEAVE + i];
            const int value = offset ? packed - offset : (int8_t)packed;
            sum += value * b[g * columns * TYTO_INT8_INTERLEAVE + i];
        }
    }
    return (int32_t)sum;
}

#endif
