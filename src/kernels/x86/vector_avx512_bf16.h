/** Pairs of bf16 that the CPU multiplies itself: AVX-512 with BF16. */
#ifndef TYTO_KERNELS_X86_VECTOR_AVX512_BF16_H
#define TYTO_KERNELS_X86_VECTOR_AVX512_BF16_H

#include "kernels/x86/vector_avx512.h"

#define vb_store(p, a) _mm512_storeu_si512(p, a)
#define vb_as_vf(a) _mm512_castsi512_ps(a)
/* VF_LANES neighbours as floats */
static inline vf vf_widened(const uint16_t *p)
{
    const __m256i narrow = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(narrow), 16));
}

/* c + even·even + odd·odd, lane by lane */
static inline vf vb_dot(vb a, vb b, vf c)
{
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}
/* one pair in all lanes */
static inline vb vb_set(const uint16_t *pair)
{
    int bits;
    memcpy(&bits, pair, sizeof(bits));
    return _mm512_set1_epi32(bits);
}
#define vb_ones() _mm512_set1_epi32(0x3f803f80)
/* Neighbours of x as pairs: of 2·VF_LANES floats. */
static inline vb vb_neighbours(vf low, vf high)
{
    return (vb)_mm512_cvtne2ps_pbh(high, low);
}
/* Lanes of `even` with those of `odd`, rounded. */
static inline vb vb_pair(vf even, vf odd)
{
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(odd, even);
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, both);
}
/* The same, cut off. */
static inline vb vb_cut(vf even, vf odd)
{
    return _mm512_mask_blend_epi16(0xaaaaaaaau, _mm512_srli_epi32(vf_bits(even), 16), vf_bits(odd));
}
/* a·2ⁿ, where n is what the lowest bits of `whole` count */
static inline vf vf_raise(vf a, vf whole)
{
    return _mm512_castsi512_ps(_mm512_add_epi32(vf_bits(a), _mm512_slli_epi32(vf_bits(whole), 23)));
}

/* Powers of two from a table. For x in [0, 128), VB_FIXED + x is a float whose lowest 14 bits are x
 * with 7 bits of fraction, rounded to the nearest. */
#define VB_FIXED 98304.0f
#define vb_none() _mm512_setzero_si512()

/* a or the bits of two such floats */
static inline vb vb_fixed_or(vb a, vf b, vf c)
{
    return _mm512_ternarylogic_epi32(a, vf_bits(b), vf_bits(c), 0xfe);
}
/* whether one of the floats in `any` was VB_FIXED + 128 or more, or not a number */
static inline int vb_fixed_above(vb any)
{
    return _mm512_test_epi32_mask(any, _mm512_set1_epi32(0x383fc000)) != 0;
}
/* 2^(x − 127) of both floats' x, as pairs: the whole part is the exponent, and the fraction f looks
 * up the seven bits of the significand, 128·(2^(f/128) − 1) to the nearest. */
static inline vb vb_fixed_exp2(vf even, vf odd)
{
    static const uint8_t significands[128] __attribute__((aligned(64))) = {
        0,   1,   1,   2,   3,   4,   4,   5,   6,   6,   7,   8,   9,   9,   10,  11,
        12,  12,  13,  14,  15,  15,  16,  17,  18,  19,  19,  20,  21,  22,  23,  23,
        24,  25,  26,  27,  28,  28,  29,  30,  31,  32,  33,  34,  34,  35,  36,  37,
        38,  39,  40,  41,  42,  43,  43,  44,  45,  46,  47,  48,  49,  50,  51,  52,
        53,  54,  55,  56,  57,  58,  59,  60,  61,  62,  63,  64,  65,  66,  67,  68,
        69,  70,  72,  73,  74,  75,  76,  77,  78,  79,  80,  82,  83,  84,  85,  86,
        87,  88,  90,  91,  92,  93,  94,  96,  97,  98,  99,  100, 102, 103, 104, 105,
        107, 108, 109, 111, 112, 113, 115, 116, 117, 118, 120, 121, 123, 124, 125, 127};
    const vb x =
        _mm512_mask_blend_epi16(0xaaaaaaaau, vf_bits(even), _mm512_slli_epi32(vf_bits(odd), 16));
    /* The lower byte of each number holds the fraction and the lowest bit of the exponent. */
    const vb found =
        _mm512_mask2_permutex2var_epi8(_mm512_load_si512(significands), x, 0x5555555555555555u,
                                       _mm512_load_si512(significands + 64));
    return _mm512_ternarylogic_epi32(found, x, _mm512_set1_epi32(0x00800080), 0xf8);
}

#endif
