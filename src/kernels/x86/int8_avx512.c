/* AVX-512 without that instruction: bytes are widened to 16 bits, even ones and odd ones, since
 * the older product of bytes saturates. */
#include "kernels/x86/int8_avx512.h"

#define INT8_TABLE tyto_int8_avx512
#define INT8_NAME "avx512"
#define INT8_ROWS 10

static inline vi vi_dot(vi sum, vi a, vi b)
{
    const vi even = _mm512_madd_epi16(_mm512_and_si512(a, _mm512_set1_epi16(0xff)),
                                      _mm512_srai_epi16(_mm512_slli_epi16(b, 8), 8));
    const vi odd = _mm512_madd_epi16(_mm512_srli_epi16(a, 8), _mm512_srai_epi16(b, 8));
    return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
}

#include "kernels/vector/int8.h"
