/** A vector of one float: the plainest machine that the shared kernel text runs on. */
#ifndef TYTO_KERNELS_SCALAR_VECTOR_SCALAR_H
#define TYTO_KERNELS_SCALAR_VECTOR_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float vf;
#define VF_LANES 1

#define vf_load(p) (*(p))
#define vf_store(p, a) (*(p) = (a))
#define vf_set(a) (a)
#define vf_add(a, b) ((a) + (b))
#define vf_sub(a, b) ((a) - (b))
#define vf_mul(a, b) ((a) * (b))
#define vf_div(a, b) ((a) / (b))
#define vf_round(a) rintf(a)
#define vf_abs(a) fabsf(a)
#define vf_with_sign(magnitude, sign) copysignf(magnitude, sign)
#define vf_sum(a) (a)

/* a·b + c: the product is exact in double, so that little more than one rounding is left, as in the
 * vectors' fused form. */
static inline vf vf_fma(vf a, vf b, vf c)
{
#ifdef FP_FAST_FMAF
    return fmaf(a, b, c);
#else
    return (float)((double)a * (double)b + (double)c);
#endif
}
/* The second operand where they don't compare, as the vector instructions give it. */
static inline vf vf_max(vf a, vf b)
{
    return a > b ? a : b;
}
static inline vf vf_min(vf a, vf b)
{
    return a < b ? a : b;
}
/* a > 0 ? b : c */
static inline vf vf_if_positive(vf a, vf b, vf c)
{
    return a > 0.0f ? b : c;
}
/* a · 2ⁿ for whole n with a normal result; something for an n that is not a number */
static inline vf vf_scale2(vf a, vf n)
{
    uint32_t bits;
    if (n != n) {
        return n;
    }
    memcpy(&bits, &a, sizeof(bits));
    bits += (uint32_t)(int32_t)n << 23;
    memcpy(&a, &bits, sizeof(a));
    return a;
}
/* A pair of bf16: the even step's in the lower half. */
typedef uint32_t vb;

static inline vb vb_load(const uint16_t *p)
{
    return (vb)p[0] | (vb)p[1] << 16;
}
static inline vf vb_odd(vb a)
{
    vf odd;
    a &= 0xffff0000u;
    memcpy(&odd, &a, sizeof(odd));
    return odd;
}
#define vb_even(a) vb_odd((a) << 16)

/* To the nearest bf16, to the even one of two; what is not a number stays so. */
static inline vf vf_to_bf16(vf a)
{
    uint32_t bits;
    memcpy(&bits, &a, sizeof(bits));
    return vb_odd(a != a ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1));
}
#define vf_any_above(a, b) ((a) > (b))
#define vf_transpose(v) ((void)(v))

#endif
