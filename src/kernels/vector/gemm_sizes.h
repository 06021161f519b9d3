/** Sizes of a tile of the matrix product, from the instruction set's. */
#ifndef TYTO_KERNELS_VECTOR_GEMM_SIZES_H
#define TYTO_KERNELS_VECTOR_GEMM_SIZES_H

#define GEMM_COLUMNS (GEMM_VECTORS * VF_LANES)
#define CACHE_LINE 64

#endif
