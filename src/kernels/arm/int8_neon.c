/* NEON: products of bytes have 16 bits, and two of them still fit, since weights stay off −128. */
#include "kernels/arm/int8_neon.h"

#define INT8_TABLE tyto_int8_neon
#define INT8_NAME "neon"

static inline vi vi_dot(vi sum, vi a, vi b)
{
    const int8x16_t x = vreinterpretq_s8_s32(a), w = vreinterpretq_s8_s32(b);
    const int16x8_t low = vmull_s8(vget_low_s8(x), vget_low_s8(w)), high = vmull_high_s8(x, w);
    return vpadalq_s16(sum, vpaddq_s16(low, high));
}

#include "kernels/vector/int8.h"
