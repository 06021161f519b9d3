/** Values of parameters that no training has touched: the reference's distributions, drawn by a
 *  generator of our own.
 *
 *  Element i of a parameter depends on the seed, the parameter's name and i alone, so that neither
 *  order nor threads matter, and only on arithmetic that IEEE 754 settles, so that every machine
 *  draws the same bits. */
#ifndef TYTO_WEIGHTS_INITIAL_H
#define TYTO_WEIGHTS_INITIAL_H

#include <stdint.h>

typedef enum tyto_initial_kind {
    TYTO_INITIAL_CONSTANT = 0, /* each element is `value` */
    TYTO_INITIAL_NORMAL = 1,   /* mean 0, standard deviation `value` */
    TYTO_INITIAL_UNIFORM = 2   /* between −value and value */
} tyto_initial_kind;

typedef struct tyto_initial {
    tyto_initial_kind kind;
    double value;
} tyto_initial;

static inline tyto_initial tyto_initial_constant(double value)
{
    return (tyto_initial){TYTO_INITIAL_CONSTANT, value};
}
static inline tyto_initial tyto_initial_normal(double deviation)
{
    return (tyto_initial){TYTO_INITIAL_NORMAL, deviation};
}
/** What torch gives the weights of a Linear of so many inputs: between ∓1/√inputs. */
tyto_initial tyto_initial_linear(int64_t inputs);

/** out[count] = elements first … first+count−1 of the parameter of that name. */
void tyto_initial_fill(tyto_initial initial, uint64_t seed, const char *name, int64_t first,
                       int64_t count, float *out);

/** Block of four words number `counter` of the stream that `key` begins.
 *  source  Philox4x32-10: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011) */
void tyto_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
/** The number below which a share `p` of a standard normal distribution lies; 0 < p < 1.
 *  source  Wichura, algorithm AS 241, PPND16 (1988): to 16 digits */
double tyto_normal_quantile(double p);

#endif
