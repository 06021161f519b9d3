/** Pairs of bf16 that the CPU multiplies itself: NEON with BF16. */
#ifndef TYTO_KERNELS_ARM_VECTOR_NEON_BF16_H
#define TYTO_KERNELS_ARM_VECTOR_NEON_BF16_H

#include "kernels/arm/vector_neon.h"

#define vb_store(p, a) vst1q_u16(p, vreinterpretq_u16_u32(a))
#define vb_as_vf(a) vreinterpretq_f32_u32(a)
/* VF_LANES neighbours as floats */
#define vf_widened(p) vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16))

/* c + even·even + odd·odd, lane by lane */
static inline vf vb_dot(vb a, vb b, vf c)
{
    return vbfdotq_f32(c, vreinterpretq_bf16_u32(a), vreinterpretq_bf16_u32(b));
}
/* one pair in all lanes */
static inline vb vb_set(const uint16_t *pair)
{
    uint32_t bits;
    memcpy(&bits, pair, sizeof(bits));
    return vdupq_n_u32(bits);
}
/* The compiler must not see it: gcc 12 loads that constant with an instruction of FP16. */
static inline vb vb_ones(void)
{
    uint32_t bits = 0x3f803f80u;
    __asm__("" : "+r"(bits));
    return vdupq_n_u32(bits);
}
/* Neighbours of x as pairs: of 2·VF_LANES floats. */
static inline vb vb_neighbours(vf low, vf high)
{
    return vreinterpretq_u32_bf16(vcvtq_high_bf16_f32(vcvtq_low_bf16_f32(low), high));
}
/* Lanes of `even` with those of `odd`, cut off. */
static inline vb vb_cut(vf even, vf odd)
{
    return vsriq_n_u32(vreinterpretq_u32_f32(odd), vreinterpretq_u32_f32(even), 16);
}
/* The same, rounded. */
static inline vb vb_pair(vf even, vf odd)
{
    return vb_cut(vf_to_bf16(even), vf_to_bf16(odd));
}
/* a·2ⁿ, where n is what the lowest bits of `whole` count */
static inline vf vf_raise(vf a, vf whole)
{
    const uint32x4_t n = vshlq_n_u32(vreinterpretq_u32_f32(whole), 23);
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(a), n));
}

#endif
