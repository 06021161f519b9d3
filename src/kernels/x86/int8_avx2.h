/** Whole numbers of the AVX2 products, but for the sum of products vi_dot. */
#include "kernels/int8.h"
#include "kernels/x86/vector_avx2.h"

typedef __m256i vi;
#define INT8_ISA "avx2"
#define INT8_VECTORS 2
#define INT8_OFFSET 128

#define vi_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define vi_store(p, a) _mm256_storeu_si256((__m256i *)(void *)(p), a)
#define vi_round(a) _mm256_cvtps_epi32(a)
#define vi_float(a) _mm256_cvtepi32_ps(a)
#define vi_keep(a) __asm__("" : "+x"(a))

/* bytes without sign as such that have one, less the offset */
#define vi_signed(a) _mm256_xor_si256(a, _mm256_set1_epi8(-128))

/* a·2^n, where n is what vf_add left in the lowest bits of `whole` */
static inline vf vi_raise(vf a, vf whole)
{
    const __m256i shifted = _mm256_slli_epi32(_mm256_castps_si256(whole), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
/* the lowest bytes, side by side; all four numbers are below 256 */
static inline vi vi_bytes(vi a, vi b, vi c, vi d)
{
    const vi low = _mm256_or_si256(a, _mm256_slli_epi32(b, 8)),
             high = _mm256_or_si256(c, _mm256_slli_epi32(d, 8));
    return _mm256_or_si256(low, _mm256_slli_epi32(high, 16));
}
static inline vf vf_max_bits(vf a, vf b)
{
    return _mm256_castsi256_ps(_mm256_max_epu32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
/* the same four numbers for every column */
static inline vi vi_spread(const uint8_t *p)
{
    int four;
    __builtin_memcpy(&four, p, sizeof(four));
    return _mm256_set1_epi32(four);
}
static inline vi vi_start(const int32_t *sums)
{
    return _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32(vi_load(sums), 7));
}
/* Packing keeps to the 128-bit parts, each of which ends with four numbers of every row. */
static inline void vi_store_quad(const vf v[4], uint8_t *target, int64_t stride, int rows,
                                 int groups)
{
    const __m256i low = _mm256_packs_epi32(_mm256_cvtps_epi32(v[0]), _mm256_cvtps_epi32(v[1])),
                  high = _mm256_packs_epi32(_mm256_cvtps_epi32(v[2]), _mm256_cvtps_epi32(v[3]));
    const __m256i all = _mm256_xor_si256(_mm256_packs_epi16(low, high), _mm256_set1_epi8(-128));
    const __m128i part[2] = {_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)};
#pragma GCC unroll 2
    for (int g = 0; g < 2; g++) {
        if (g < groups && rows == 4) {
            _mm_storeu_si128((__m128i *)(void *)(target + g * stride), part[g]);
        } else if (g < groups) {
            _mm_storel_epi64((__m128i *)(void *)(target + g * stride), part[g]);
        }
    }
}
