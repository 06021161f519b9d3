#include <stdint.h>
#include <string.h>

#include "kernels/arm/vector_neon_bf16.h"

#define DOT_KERNELS tyto_bf16_neon_bf16

#include "kernels/vector/dot.h"
