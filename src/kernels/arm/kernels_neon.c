#include "kernels/arm/vector_neon.h"

#define KERNELS tyto_kernels_neon
#define KERNELS_NAME "neon"
#define KERNELS_DOT tyto_kernels_neon_bf16
#define KERNELS_DOT_NAME "neon_bf16"
#define KERNELS_DOT_BF16 tyto_bf16_neon_bf16

#include "kernels/vector/table.h"
