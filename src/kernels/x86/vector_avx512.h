/** Vectors of sixteen floats: AVX-512. */
#ifndef TYTO_KERNELS_X86_VECTOR_AVX512_H
#define TYTO_KERNELS_X86_VECTOR_AVX512_H

#ifdef TYTO_SIMDE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#else
#include <immintrin.h>
#endif

typedef __m512 vf;
#define VF_LANES 16

/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 14
#define GEMM_VECTORS 2
#define ATTEND_ROWS 8
#define ATTEND_VECTORS 3

#define vf_load(p) _mm512_loadu_ps(p)
#define vf_store(p, a) _mm512_storeu_ps(p, a)
#define vf_set(a) _mm512_set1_ps(a)
#define vf_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define vf_add(a, b) _mm512_add_ps(a, b)
#define vf_sub(a, b) _mm512_sub_ps(a, b)
#define vf_mul(a, b) _mm512_mul_ps(a, b)
#define vf_div(a, b) _mm512_div_ps(a, b)
#define vf_max(a, b) _mm512_max_ps(a, b)
#define vf_min(a, b) _mm512_min_ps(a, b)
#define vf_round(a) _mm512_roundscale_ps(a, 0)

static inline __m512i vf_bits(vf a)
{
    return _mm512_castps_si512(a);
}
static inline vf vf_abs(vf a)
{
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_set1_epi32(0x7fffffff), vf_bits(a)));
}
static inline vf vf_with_sign(vf magnitude, vf sign)
{
    const __m512i bit = _mm512_and_si512(_mm512_set1_epi32((int)0x80000000u), vf_bits(sign));
    return _mm512_castsi512_ps(_mm512_or_si512(vf_bits(magnitude), bit));
}
static inline vf vf_if_positive(vf a, vf b, vf c)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_GT_OQ), c, b);
}
static inline vf vf_scale2(vf a, vf n)
{
    const __m512i shifted = _mm512_slli_epi32(_mm512_cvtps_epi32(n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(vf_bits(a), shifted));
}
/* whether a > b in any lane */
static inline int vf_any_above(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) != 0;
}
/* v[i] lane j ↔ v[j] lane i: pairs, then fours within 128 bits, then the 128-bit parts. */
static inline void vf_transpose(vf v[VF_LANES])
{
    vf t[VF_LANES];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(v[i], v[i + 1]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 4) {
        const __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]),
                      c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
        v[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        v[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        v[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        v[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
#pragma GCC unroll 8
    for (int j = 0; j < 4; j++) {
        const vf a = _mm512_shuffle_f32x4(v[j], v[j + 4], 0x88),
                 b = _mm512_shuffle_f32x4(v[j + 8], v[j + 12], 0x88),
                 c = _mm512_shuffle_f32x4(v[j], v[j + 4], 0xdd),
                 d = _mm512_shuffle_f32x4(v[j + 8], v[j + 12], 0xdd);
        v[j] = _mm512_shuffle_f32x4(a, b, 0x88);
        v[j + 4] = _mm512_shuffle_f32x4(c, d, 0x88);
        v[j + 8] = _mm512_shuffle_f32x4(a, b, 0xdd);
        v[j + 12] = _mm512_shuffle_f32x4(c, d, 0xdd);
    }
}
/* Pairs of bf16, one in each 32 bits: the even step's in the lower half. */
typedef __m512i vb;

#define vb_load(p) _mm512_loadu_si512(p)
#define vb_even(a) _mm512_castsi512_ps(_mm512_slli_epi32(a, 16))
#define vb_odd(a) _mm512_castsi512_ps(_mm512_and_si512(a, _mm512_set1_epi32((int)0xffff0000u)))

/* To the nearest bf16, to the even one of two; what is not a number stays so. */
static inline vf vf_to_bf16(vf a)
{
    const __m512i bits = vf_bits(a),
                  last = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1)),
                  up = _mm512_add_epi32(bits, _mm512_add_epi32(last, _mm512_set1_epi32(0x7fff)));
    return vb_odd(_mm512_mask_or_epi32(up, _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), bits,
                                       _mm512_set1_epi32(0x400000)));
}
static inline float vf_sum(vf a)
{
    float lanes[VF_LANES], sum = 0.0f;
    _mm512_storeu_ps(lanes, a);
    for (int i = 0; i < VF_LANES; i++) {
        sum += lanes[i];
    }
    return sum;
}

#endif
