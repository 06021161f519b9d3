/** Vectors of four floats: NEON on AArch64. */
#ifndef TYTO_KERNELS_ARM_VECTOR_NEON_H
#define TYTO_KERNELS_ARM_VECTOR_NEON_H

#include <arm_neon.h>

typedef float32x4_t vf;
#define VF_LANES 4

/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 8
#define GEMM_VECTORS 3
#define ATTEND_ROWS 4
#define ATTEND_VECTORS 4

#define vf_load(p) vld1q_f32(p)
#define vf_store(p, a) vst1q_f32(p, a)
#define vf_set(a) vdupq_n_f32(a)
#define vf_fma(a, b, c) vfmaq_f32(c, a, b)
#define vf_add(a, b) vaddq_f32(a, b)
#define vf_sub(a, b) vsubq_f32(a, b)
#define vf_mul(a, b) vmulq_f32(a, b)
#define vf_div(a, b) vdivq_f32(a, b)
#define vf_round(a) vrndnq_f32(a)
#define vf_abs(a) vabsq_f32(a)
#define vf_sum(a) vaddvq_f32(a)

/* The second operand where they don't compare, as on the other machines. */
static inline vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline vf vf_with_sign(vf magnitude, vf sign)
{
    return vbslq_f32(vdupq_n_u32(0x80000000u), sign, magnitude);
}
static inline vf vf_if_positive(vf a, vf b, vf c)
{
    return vbslq_f32(vcgtq_f32(a, vdupq_n_f32(0.0f)), b, c);
}
static inline vf vf_scale2(vf a, vf n)
{
    const int32x4_t shifted = vshlq_n_s32(vcvtnq_s32_f32(n), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), shifted));
}
/* whether a > b in any lane */
static inline int vf_any_above(vf a, vf b)
{
    return vmaxvq_u32(vcgtq_f32(a, b)) != 0;
}
/* Pairs of bf16, one in each 32 bits: the even step's in the lower half. */
typedef uint32x4_t vb;

#define vb_load(p) vreinterpretq_u32_u16(vld1q_u16(p))
#define vb_even(a) vreinterpretq_f32_u32(vshlq_n_u32(a, 16))
#define vb_odd(a) vreinterpretq_f32_u32(vandq_u32(a, vdupq_n_u32(0xffff0000u)))

/* To the nearest bf16, to the even one of two; what is not a number stays so. */
static inline vf vf_to_bf16(vf a)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(a),
                     last = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1)),
                     up = vaddq_u32(bits, vaddq_u32(last, vdupq_n_u32(0x7fff))),
                     nan = vorrq_u32(bits, vdupq_n_u32(0x400000));
    return vb_odd(vbslq_u32(vceqq_f32(a, a), up, nan));
}
/* v[i] lane j ↔ v[j] lane i: pairs, then halves. */
static inline void vf_transpose(vf v[VF_LANES])
{
    const float64x2_t a = vreinterpretq_f64_f32(vtrn1q_f32(v[0], v[1])),
                      b = vreinterpretq_f64_f32(vtrn2q_f32(v[0], v[1])),
                      c = vreinterpretq_f64_f32(vtrn1q_f32(v[2], v[3])),
                      d = vreinterpretq_f64_f32(vtrn2q_f32(v[2], v[3]));
    v[0] = vreinterpretq_f32_f64(vtrn1q_f64(a, c));
    v[1] = vreinterpretq_f32_f64(vtrn1q_f64(b, d));
    v[2] = vreinterpretq_f32_f64(vtrn2q_f64(a, c));
    v[3] = vreinterpretq_f32_f64(vtrn2q_f64(b, d));
}

#endif
