/** Whole numbers of the NEON products, but for the sum of products vi_dot. */
#include "kernels/arm/vector_neon.h"
#include "kernels/int8.h"

typedef int32x4_t vi;
#define INT8_ISA "neon"
#define INT8_ROWS 8
#define INT8_VECTORS 3
#define INT8_OFFSET 0

#define vi_load(p) vreinterpretq_s32_s8(vld1q_s8(p))
#define vi_store(p, a) vst1q_s8((int8_t *)(p), vreinterpretq_s8_s32(a))
#define vi_round(a) vcvtnq_s32_f32(a)
#define vi_signed(a) (a)
#define vi_float(a) vcvtq_f32_s32(a)
#define vi_keep(a) __asm__("" : "+w"(a))
/* Rows have no offset, so there is nothing to take out. */
#define vi_start(sums) ((void)(sums), vdupq_n_s32(0))

/* a·2^n, where n is what vf_add left in the lowest bits of `whole` */
static inline vf vi_raise(vf a, vf whole)
{
    const int32x4_t shifted = vshlq_n_s32(vreinterpretq_s32_f32(whole), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a), shifted));
}
/* the lowest bytes, side by side */
static inline vi vi_bytes(vi a, vi b, vi c, vi d)
{
    return vsliq_n_s32(vsliq_n_s32(a, b, 8), vsliq_n_s32(c, d, 8), 16);
}
static inline vf vf_max_bits(vf a, vf b)
{
    return vreinterpretq_f32_u32(vmaxq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)));
}
/* the same four numbers for every column */
static inline vi vi_spread(const uint8_t *p)
{
    int32_t four;
    __builtin_memcpy(&four, p, sizeof(four));
    return vdupq_n_s32(four);
}
/* A vector is one group of each row. */
static inline void vi_store_quad(const vf v[4], uint8_t *target, int64_t stride, int rows,
                                 int groups)
{
    const int16x8_t low = vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(v[0])),
                                       vqmovn_s32(vcvtnq_s32_f32(v[1]))),
                    high = vcombine_s16(vqmovn_s32(vcvtnq_s32_f32(v[2])),
                                        vqmovn_s32(vcvtnq_s32_f32(v[3])));
    (void)stride, (void)rows, (void)groups;
    vst1q_u8(target, vreinterpretq_u8_s8(vcombine_s8(vqmovn_s16(low), vqmovn_s16(high))));
}
