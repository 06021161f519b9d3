#include "kernels/scalar/vector_scalar.h"

#define KERNELS tyto_kernels_scalar
#define KERNELS_NAME "scalar"
/* Tiles: rows × vectors, accumulators that fit the registers beside the operands. */
#define GEMM_ROWS 4
#define GEMM_VECTORS 4
#define ATTEND_ROWS 2
#define ATTEND_VECTORS 8

#include "kernels/vector/table.h"
