#include <stdint.h>
#include <string.h>

#include "kernels/x86/vector_avx512_bf16.h"

#define DOT_KERNELS tyto_bf16_avx512_bf16

#include "kernels/vector/dot.h"
