/** Derivatives of a loss by differences, which gradients are checked against. */
#ifndef TYTO_TESTS_DIFFERENCES_H
#define TYTO_TESTS_DIFFERENCES_H

#include <math.h>

#include "support/support.h"

/** A step so long that floats hold x ± 2 steps exactly, where x is a multiple of it below 16. */
#define DIFFERENCE_STEP 0x1p-9f
/** What is off because the step isn't 0. */
#define DIFFERENCE_TOLERANCE 1e-7

/** A loss, in double, of what `context` has. */
typedef double (*difference_loss)(const void *context);

/** The i-th of numbers around 0 whose neighbours by a few steps are floats. */
static inline float difference_number(int64_t i)
{
    return (float)((i * 7919 + 13) % 1021 - 510) * DIFFERENCE_STEP;
}

static inline void difference_fill(float *x, int64_t count, int64_t seed)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = difference_number(i * 31 + seed);
    }
}

/** The derivative of loss(context) by *x, to the fourth order of the step. */
static inline double difference_quotient(difference_loss loss, const void *context, float *x)
{
    static const float steps[] = {-2.0f, -1.0f, 1.0f, 2.0f};
    static const double factors[] = {1.0, -8.0, 8.0, -1.0};
    const float middle = *x;
    double sum = 0.0;
    for (int i = 0; i < 4; i++) {
        *x = middle + steps[i] * DIFFERENCE_STEP;
        sum += factors[i] * loss(context);
    }
    *x = middle;
    return sum / (12.0 * (double)DIFFERENCE_STEP);
}

/** The gradient of loss(context) by x[count], which the context holds. */
static inline void assert_gradient(const char *what, difference_loss loss, const void *context,
                                   float *x, const double *gradient, int64_t count)
{
    double most = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double wanted = difference_quotient(loss, context, &x[i]);
        most = fmax(most, fabs(wanted));
        if (!(fabs(gradient[i] - wanted) <= DIFFERENCE_TOLERANCE * fmax(1.0, fabs(wanted)))) {
            fail_msg("%s %lld: got %.12g, required %.12g", what, (long long)i, gradient[i], wanted);
        }
    }
    assert_true(most > 1e-3); /* what depends on nothing proves nothing */
}

/** The same of a gradient in floats. */
static inline void assert_gradient_floats(const char *what, difference_loss loss,
                                          const void *context, float *x, const float *gradient,
                                          int64_t count)
{
    double wide[256];
    assert_true(count <= 256);
    for (int64_t i = 0; i < count; i++) {
        wide[i] = (double)gradient[i];
    }
    assert_gradient(what, loss, context, x, wide, count);
}

#endif
