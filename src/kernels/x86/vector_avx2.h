/** Vectors of eight floats: AVX2 with FMA. */
#ifndef TYTO_KERNELS_X86_VECTOR_AVX2_H
#define TYTO_KERNELS_X86_VECTOR_AVX2_H

#include <immintrin.h>

typedef __m256 vf;
#define VF_LANES 8

#define vf_load(p) _mm256_loadu_ps(p)
#define vf_store(p, a) _mm256_storeu_ps(p, a)
#define vf_set(a) _mm256_set1_ps(a)
#define vf_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define vf_add(a, b) _mm256_add_ps(a, b)
#define vf_sub(a, b) _mm256_sub_ps(a, b)
#define vf_mul(a, b) _mm256_mul_ps(a, b)
#define vf_div(a, b) _mm256_div_ps(a, b)
#define vf_max(a, b) _mm256_max_ps(a, b)
#define vf_min(a, b) _mm256_min_ps(a, b)
#define vf_round(a) _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
static inline vf vf_with_sign(vf magnitude, vf sign)
{
    return _mm256_or_ps(magnitude, _mm256_and_ps(_mm256_set1_ps(-0.0f), sign));
}
static inline vf vf_if_positive(vf a, vf b, vf c)
{
    return _mm256_blendv_ps(c, b, _mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_GT_OQ));
}
static inline vf vf_scale2(vf a, vf n)
{
    const __m256i shifted = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), shifted));
}
/* whether a > b in any lane */
static inline int vf_any_above(vf a, vf b)
{
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)) != 0;
}
/* v[i] lane j ↔ v[j] lane i: pairs, then fours within 128 bits, then the two halves. */
static inline void vf_transpose(vf v[VF_LANES])
{
    vf t[VF_LANES];
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 4) {
        const __m256d a = _mm256_castps_pd(t[i]), b = _mm256_castps_pd(t[i + 1]),
                      c = _mm256_castps_pd(t[i + 2]), d = _mm256_castps_pd(t[i + 3]);
        v[i] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, c));
        v[i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, c));
        v[i + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(b, d));
        v[i + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(b, d));
    }
#pragma GCC unroll 8
    for (int j = 0; j < 4; j++) {
        const vf a = v[j], b = v[j + 4];
        v[j] = _mm256_permute2f128_ps(a, b, 0x20);
        v[j + 4] = _mm256_permute2f128_ps(a, b, 0x31);
    }
}
/* Pairs of bf16, one in each 32 bits: the even step's in the lower half. */
typedef __m256i vb;

#define vb_load(p) _mm256_loadu_si256((const __m256i *)(p))
#define vb_even(a) _mm256_castsi256_ps(_mm256_slli_epi32(a, 16))
#define vb_odd(a) _mm256_castsi256_ps(_mm256_and_si256(a, _mm256_set1_epi32((int)0xffff0000u)))

/* To the nearest bf16, to the even one of two; what is not a number stays so. */
static inline vf vf_to_bf16(vf a)
{
    const __m256i bits = _mm256_castps_si256(a),
                  last = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1)),
                  up = _mm256_add_epi32(bits, _mm256_add_epi32(last, _mm256_set1_epi32(0x7fff))),
                  nan = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const vf rounded = _mm256_blendv_ps(_mm256_castsi256_ps(up), _mm256_castsi256_ps(nan),
                                        _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    return vb_odd(_mm256_castps_si256(rounded));
}
static inline float vf_sum(vf a)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_shuffle_ps(four, four, 1)));
}

#endif
