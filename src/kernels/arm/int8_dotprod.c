/* NEON with its instruction for sums of four products. */
#include "kernels/arm/int8_neon.h"

#define INT8_TABLE tyto_int8_dotprod
#define INT8_NAME "neon-dotprod"
#define vi_dot(sum, a, b) vdotq_s32(sum, vreinterpretq_s8_s32(a), vreinterpretq_s8_s32(b))
#define INT8_ATTENDS

#include "kernels/vector/int8.h"
