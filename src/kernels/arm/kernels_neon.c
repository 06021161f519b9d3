#include "kernels/arm/vector_neon.h"

#define KERNELS tyto_kernels_neon
#define KERNELS_NAME "neon"
/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 8
#define GEMM_VECTORS 3
#define ATTEND_ROWS 4
#define ATTEND_VECTORS 4

#include "kernels/vector/table.h"
