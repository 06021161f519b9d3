#include "kernels/x86/vector_avx2.h"

#define KERNELS tyto_kernels_avx2
#define KERNELS_NAME "avx2"
/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 6
#define GEMM_VECTORS 2
#define ATTEND_ROWS 4
#define ATTEND_VECTORS 3

#include "kernels/vector/table.h"
