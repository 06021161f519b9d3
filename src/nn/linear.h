#ifndef TYTO_NN_LINEAR_H
#define TYTO_NN_LINEAR_H
#include <tyto/tensor.h>
#include "kernels/activation.h"
#include "nn/exec.h"
typedef struct tyto_packed_matrix { int64_t n, k; void *data; } tyto_packed_matrix;
size_t tyto_packed_bytes(const tyto_kernels *kernels, int64_t n, int64_t k);
tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, int64_t n, int64_t k, void *data);
void tyto_packed_fill(const tyto_packed_matrix *m, int64_t row, int64_t rows, const void *source, tyto_dtype dtype, tyto_pool *pool);
typedef struct tyto_linear_args { const float *x; int64_t ldx, rows; const tyto_packed_matrix *weight; const float *bias; tyto_activation activation; const float *residual; int64_t ldr; float *y; int64_t ldy; } tyto_linear_args;
TYTO_NODISCARD tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *a);
TYTO_NODISCARD tyto_status tyto_matmul_nt(tyto_exec *exec, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *y, int64_t ldy);
#endif
