#include "kernels/x86/vector_avx512.h"

#define KERNELS tyto_kernels_avx512
#define KERNELS_NAME "avx512"
/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 14
#define GEMM_VECTORS 2
#define ATTEND_ROWS 8
#define ATTEND_VECTORS 3

#include "kernels/vector/table.h"
