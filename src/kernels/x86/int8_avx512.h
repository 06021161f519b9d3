/** Whole numbers of the AVX-512 products, but for the sum of products vi_dot. */
#include "kernels/int8.h"
#include "kernels/x86/vector_avx512.h"

typedef __m512i vi;
#define INT8_ISA "avx512"
#define INT8_VECTORS 2
#define INT8_OFFSET 128

#define vi_load(p) _mm512_loadu_si512(p)
#define vi_store(p, a) _mm512_storeu_si512(p, a)
#define vi_round(a) _mm512_cvtps_epi32(a)
#define vi_float(a) _mm512_cvtepi32_ps(a)
#define vi_keep(a) __asm__("" : "+v"(a))

/* bytes without sign as such that have one, less the offset */
#define vi_signed(a) _mm512_xor_si512(a, _mm512_set1_epi8(-128))

/* a·2^n, where n is what vf_add left in the lowest bits of `whole` */
static inline vf vi_raise(vf a, vf whole)
{
    return _mm512_castsi512_ps(_mm512_add_epi32(vf_bits(a), _mm512_slli_epi32(vf_bits(whole), 23)));
}
/* the lowest bytes, side by side; all four numbers are below 256 */
static inline vi vi_bytes(vi a, vi b, vi c, vi d)
{
    const vi low = _mm512_or_si512(a, _mm512_slli_epi32(b, 8)),
             high = _mm512_or_si512(c, _mm512_slli_epi32(d, 8));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}
static inline vf vf_max_bits(vf a, vf b)
{
    return _mm512_castsi512_ps(_mm512_max_epu32(vf_bits(a), vf_bits(b)));
}
/* the same four numbers for every column */
static inline vi vi_spread(const uint8_t *p)
{
    int four;
    __builtin_memcpy(&four, p, sizeof(four));
    return _mm512_set1_epi32(four);
}
static inline vi vi_start(const int32_t *sums)
{
    return _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(_mm512_loadu_si512(sums), 7));
}
/* Packing keeps to the 128-bit parts, each of which ends with four numbers of every row. */
static inline void vi_store_quad(const vf v[4], uint8_t *target, int64_t stride, int rows,
                                 int groups)
{
    const __m512i low = _mm512_packs_epi32(_mm512_cvtps_epi32(v[0]), _mm512_cvtps_epi32(v[1])),
                  high = _mm512_packs_epi32(_mm512_cvtps_epi32(v[2]), _mm512_cvtps_epi32(v[3]));
    const __m512i all = _mm512_xor_si512(_mm512_packs_epi16(low, high), _mm512_set1_epi8(-128));
    const __m128i part[4] = {_mm512_castsi512_si128(all), _mm512_extracti32x4_epi32(all, 1),
                             _mm512_extracti32x4_epi32(all, 2), _mm512_extracti32x4_epi32(all, 3)};
#pragma GCC unroll 4
    for (int g = 0; g < 4; g++) {
        if (g < groups && rows == 4) {
            _mm_storeu_si128((__m128i *)(void *)(target + g * stride), part[g]);
        } else if (g < groups) {
            _mm_storeu_si64(target + g * stride, part[g]);
        }
    }
}
