#include "weights/initial.h"

#include <math.h>

#define LN_2 0.693147180559945309417232121458
#define SQRT_HALF 0.707106781186547524400844362105

tyto_initial tyto_initial_linear(int64_t inputs)
{
    return (tyto_initial){TYTO_INITIAL_UNIFORM, 1.0 / sqrt((double)inputs)};
}

void tyto_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t left = (uint64_t)0xD2511F53u * a, right = (uint64_t)0xCD9E8D57u * c;
        a = (uint32_t)(right >> 32) ^ b ^ k0;
        b = (uint32_t)right;
        c = (uint32_t)(left >> 32) ^ d ^ k1;
        d = (uint32_t)left;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *name)
{
    uint64_t value = 0xCBF29CE484222325u;
    for (; *name; name++) {
        value = (value ^ (uint8_t)*name) * 0x100000001B3u;
    }
    return value;
}

/* The natural logarithm of a normal number above 0. Libraries round theirs differently, and weights
 * must not depend on the library: 2·artanh((m−1)/(m+1)) as a series, m between √½ and √2. */
static double logarithm(double x)
{
    int exponent;
    double mantissa = frexp(x, &exponent);
    if (mantissa < SQRT_HALF) {
        mantissa *= 2.0;
        exponent--;
    }
    const double s = (mantissa - 1.0) / (mantissa + 1.0), square = s * s;
    double sum = 0.0;
    for (int n = 23; n >= 1; n -= 2) {
        sum = sum * square + 1.0 / n;
    }
    return 2.0 * s * sum + exponent * LN_2;
}

static double polynomial(const double *coefficients, double x)
{
    double sum = coefficients[7];
    for (int i = 6; i >= 0; i--) {
        sum = sum * x + coefficients[i];
    }
    return sum;
}

double tyto_normal_quantile(double p)
{
    static const double centre_above[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                          1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                          4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                          3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double centre_below[] = {1.0,
                                          4.2313330701600911252e+1,
                                          6.8718700749205790830e+2,
                                          5.3941960214247511077e+3,
                                          2.1213794301586595867e+4,
                                          3.9307895800092710610e+4,
                                          2.8729085735721942674e+4,
                                          5.2264952788528545610e+3};
    static const double middle_above[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                          5.76949722146069140550e0,  3.64784832476320460504e0,
                                          1.27045825245236838258e0,  2.41780725177450611770e-1,
                                          2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double middle_below[] = {1.0,
                                          2.05319162663775882187e0,
                                          1.67638483018380384940e0,
                                          6.89767334985100004550e-1,
                                          1.48103976427480074590e-1,
                                          1.51986665636164571966e-2,
                                          5.47593808499534494600e-4,
                                          1.05075007164441684324e-9};
    static const double tail_above[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                        1.78482653991729133580e0,  2.96560571828504891230e-1,
                                        2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                        2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double tail_below[] = {1.0,
                                        5.99832206555887937690e-1,
                                        1.36929880922735805310e-1,
                                        1.48753612908506148525e-2,
                                        7.86869131145613259100e-4,
                                        1.84631831751005468180e-5,
                                        1.42151175831644588870e-7,
                                        2.04426310338993978564e-15};
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(centre_above, r) / polynomial(centre_below, r);
    }
    double r = sqrt(-logarithm(q < 0.0 ? p : 1.0 - p)), z;
    if (r <= 5.0) {
        r -= 1.6;
        z = polynomial(middle_above, r) / polynomial(middle_below, r);
    } else {
        r -= 5.0;
        z = polynomial(tail_above, r) / polynomial(tail_below, r);
    }
    return q < 0.0 ? -z : z;
}

/* A multiple of 2^-52 plus half of one: between 0 and 1, neither included. */
static double share(uint32_t low, uint32_t high)
{
    const uint64_t bits = (uint64_t)high << 32 | low;
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

static double value_at(tyto_initial initial, double share)
{
    return initial.kind == TYTO_INITIAL_NORMAL ? initial.value * tyto_normal_quantile(share)
                                               : initial.value * (2.0 * share - 1.0);
}

void tyto_initial_fill(tyto_initial initial, uint64_t seed, const char *name, int64_t first,
                       int64_t count, float *out)
{
    if (initial.kind == TYTO_INITIAL_CONSTANT) {
        for (int64_t i = 0; i < count; i++) {
            out[i] = (float)initial.value;
        }
        return;
    }
    /* A block has four words, which make two elements. */
    const uint64_t stream = hash(name);
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    for (int64_t i = first; i < first + count; i++) {
        if (i == first || i % 2 == 0) {
            const uint64_t block = (uint64_t)i / 2;
            const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                         (uint32_t)(stream >> 32)};
            tyto_philox(counter, key, words);
        }
        const uint32_t *pair = words + 2 * (i % 2);
        out[i - first] = (float)value_at(initial, share(pair[0], pair[1]));
    }
}
