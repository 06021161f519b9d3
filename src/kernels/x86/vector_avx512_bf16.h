/** Pairs of bf16 that the CPU multiplies itself: AVX-512 with BF16. */
#ifndef TYTO_KERNELS_X86_VECTOR_AVX512_BF16_H
#define TYTO_KERNELS_X86_VECTOR_AVX512_BF16_H

#include "kernels/x86/vector_avx512.h"

#define vb_store(p, a) _mm512_storeu_si512(p, a)
#define vb_as_vf(a) _mm512_castsi512_ps(a)

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

#endif
