/* AVX2 with an instruction for sums of four products, unsigned by signed. */
#include "kernels/x86/int8_avx2.h"

#define INT8_TABLE tyto_int8_avxvnni
#define INT8_NAME "avx-vnni"
#define INT8_ROWS 6
#define vi_dot(sum, a, b) _mm256_dpbusd_avx_epi32(sum, a, b)
#define INT8_ATTENDS
#define ATTEND_ROWS 4
#define ATTEND_VECTORS 3

#include "kernels/vector/int8.h"
