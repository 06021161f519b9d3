/* AVX-512 with its instruction for sums of four products, unsigned by signed. */
#include "kernels/x86/int8_avx512.h"

#define INT8_TABLE tyto_int8_vnni512
#define INT8_NAME "avx512-vnni"
#define INT8_ROWS 14
#define vi_dot(sum, a, b) _mm512_dpbusd_epi32(sum, a, b)
#define INT8_ATTENDS

#include "kernels/vector/int8.h"
