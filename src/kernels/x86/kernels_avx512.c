#include "kernels/x86/vector_avx512.h"

#define KERNELS tyto_kernels_avx512
#define KERNELS_NAME "avx512"
#define KERNELS_DOT tyto_kernels_avx512_bf16
#define KERNELS_DOT_NAME "avx512_bf16"
#define KERNELS_DOT_BF16 tyto_bf16_avx512_bf16
#define KERNELS_TILES tyto_kernels_amx
#define KERNELS_TILES_NAME "amx"
#define KERNELS_TILES_BF16 tyto_bf16_amx
#define KERNELS_TILES_PARTS tyto_parts_amx
#define KERNELS_TILES_DIGITS tyto_digits_amx

#include "kernels/vector/table.h"
