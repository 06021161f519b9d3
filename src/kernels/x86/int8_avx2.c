/* AVX2: bytes are widened to 16 bits, even ones and odd ones, since the product of bytes
 * saturates. */
#include "kernels/x86/int8_avx2.h"

#define INT8_TABLE tyto_int8_avx2
#define INT8_NAME "avx2"
#define INT8_ROWS 4

static inline vi vi_dot(vi sum, vi a, vi b)
{
    const vi even = _mm256_madd_epi16(_mm256_and_si256(a, _mm256_set1_epi16(0xff)),
                                      _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8));
    const vi odd = _mm256_madd_epi16(_mm256_srli_epi16(a, 8), _mm256_srai_epi16(b, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

#include "kernels/vector/int8.h"
