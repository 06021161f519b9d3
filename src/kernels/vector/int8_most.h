/** The largest magnitude of a row that is to be quantised. Included once per way to sum products of
 *  bytes, after its vectors vf_*. */
#ifndef TYTO_KERNELS_VECTOR_INT8_MOST_H
#define TYTO_KERNELS_VECTOR_INT8_MOST_H

#include <string.h>

#include "kernels/scalar/int8_definitions.h"
#include "kernels/vector/math.h"

static inline __attribute__((always_inline)) vf smoothed(const float *x, const float *smooth)
{
    return smooth ? vf_mul(vf_load(x), vf_load(smooth)) : vf_load(x);
}

/* max|x·smooth|. Magnitudes are compared as whole numbers, which puts what is infinite or not a
 * number above all others. */
static inline __attribute__((always_inline)) float most_of(int64_t k, const float *x,
                                                           const float *smooth)
{
    uint32_t most = 0;
    float lanes[VF_LANES], result;
    vf upper = vf_set(0.0f), other = upper;
    int64_t i = 0;
    for (; i + 2 * VF_LANES <= k; i += 2 * VF_LANES) {
        upper = vf_max_bits(upper, vf_abs(smoothed(x + i, smooth ? smooth + i : NULL)));
        other = vf_max_bits(
            other, vf_abs(smoothed(x + i + VF_LANES, smooth ? smooth + i + VF_LANES : NULL)));
    }
    vf_store(lanes, vf_max_bits(upper, other));
    for (int64_t j = -VF_LANES; j < k - i; j++) {
        const float size =
            j < 0 ? lanes[j + VF_LANES] : fabsf(tyto_define_smoothed(x, smooth, i + j));
        uint32_t bits;
        memcpy(&bits, &size, sizeof(bits));
        most = bits > most ? bits : most;
    }
    memcpy(&result, &most, sizeof(result));
    return result;
}

#endif
