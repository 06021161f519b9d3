/** Products with packed weights. */
#ifndef TYTO_NN_LINEAR_H
#define TYTO_NN_LINEAR_H

#include <tyto/precision.h>
#include <tyto/tensor.h>

#include "kernels/digits.h"
#include "kernels/int8.h"
#include "nn/exec.h"
#include "nn/norm.h"

/** Weights w[n,k] as panels of `columns` outputs, missing outputs 0. Made for one table of kernels;
 *  a view that does not own data.
 *  F32   data[⌈n/columns⌉][k][columns]
 *  F32   where kernels multiply digits and the matrix is large enough: data[⌈n/columns⌉][k·columns]
 *        in digits (kernels/digits.h), and scales[n]
 *  BF16  data[⌈n/columns⌉][⌈k/2⌉][columns][2], what follows an odd k is 0
 *  I8    data[⌈n/columns⌉][⌈k/4⌉][columns][4], what follows the last k is 0: w[n,k]/smooth[k] in
 *        whole numbers of scales[n] each, and sums[n], those numbers added up. x is multiplied by
 *        smooth as it is quantised, so that what is rounded lies within smaller bounds (Xiao et al.
 *        2023) */
typedef struct tyto_packed_matrix {
    int64_t n, k;
    int64_t columns;
    tyto_dtype dtype;
    void *data;
    const tyto_digits_kernels *digits; /* or NULL: no digits */
    const tyto_int8_kernels *int8;     /* of I8, or NULL */
    float *scales;                     /* of I8 and digits */
    int32_t *sums;                     /* of I8 */
    float *smooth;                     /* of I8, or NULL: all 1 */
} tyto_packed_matrix;

/** What products of a precision multiply. AUTO is none: a model has settled what it means. */
static inline tyto_dtype tyto_packed_dtype(tyto_precision precision)
{
    return precision == TYTO_PRECISION_FP32   ? TYTO_F32
           : precision == TYTO_PRECISION_INT8 ? TYTO_I8
                                              : TYTO_BF16;
}
/** Bytes that packing takes; 0 when they overflow. */
size_t tyto_packed_bytes(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n, int64_t k);
/** k in data, a multiple of what is interleaved: numbers after the matrix's own k are 0. */
int64_t tyto_packed_k(const tyto_packed_matrix *matrix);
/** A matrix over `data`, which has those bytes, zeroed and 64-byte aligned. */
tyto_packed_matrix tyto_packed_over(const tyto_kernels *kernels, tyto_dtype dtype, int64_t n,
                                    int64_t k, void *data);
/** Smooths x by factors[k], each above 0 and finite, of an I8 matrix that nothing is packed in yet.
 */
void tyto_packed_smooth(tyto_packed_matrix *matrix, const void *factors);
/** Takes up the smoothing that an I8 matrix's data were packed with, if any. */
void tyto_packed_resume(tyto_packed_matrix *matrix);
/** Bytes of a panel. */
int64_t tyto_packed_panel_bytes(const tyto_packed_matrix *matrix);
/** Element i of row n as a float. */
float tyto_packed_number(const tyto_packed_matrix *matrix, int64_t n, int64_t i);
/** floats[rows,k] = rows row … row+rows−1 as floats. */
void tyto_packed_read(const tyto_packed_matrix *matrix, int64_t row, int64_t rows, float *floats);
/** Copies a matrix to one of the same size and type with other tiles; not of digits. */
void tyto_packed_move(const tyto_packed_matrix *source, tyto_packed_matrix *target);
/** Packs source[rows,k], rows `stride` elements apart, as rows row … row+rows−1.
 *  source may be unaligned and of any float type. */
void tyto_packed_fill(const tyto_packed_matrix *matrix, int64_t row, int64_t rows,
                      const void *source, int64_t stride, tyto_dtype dtype, tyto_pool *pool);

/** Operands are multiplied as the weight's dtype, sums are floats.
 *  y[rows,n] = act(norm(x[rows,k])·wᵀ + bias[n]) + residual[rows,n] */
typedef struct tyto_linear_args {
    const float *x;
    const uint16_t *x_bf16; /* instead of x, where tyto_linear_takes_bf16 */
    bool x_tiled;           /* x_bf16 lies in tiles, where tyto_linear_tiles; no ldx */
    int64_t ldx;            /* elements between rows */
    tyto_norm norm;         /* of each row of x, dense, as it is packed */
    int64_t rows;
    const tyto_packed_matrix *weight;
    const float *bias; /* or NULL */
    tyto_activation activation;
    const float *residual; /* or NULL; may be y */
    int64_t ldr;
    float *y;         /* not x */
    uint16_t *y_bf16; /* instead of y, rounded, for a product or attention that takes it */
    bool y_tiled;     /* y_bf16 lies in tiles, all of whose rows are written; no ldy, no residual */
    int64_t ldy;
    /* Outputs in groups, such as heads: output c of row r lies at
     * y[c / group · group_stride + r·ldy + c % group]. group 0: all in one. */
    int64_t group, group_stride;
} tyto_linear_args;

TYTO_NODISCARD tyto_status tyto_linear(tyto_exec *exec, const tyto_linear_args *args);
/** Rows of a tile of products with this weight: a part of x is best a multiple of it. */
int64_t tyto_linear_tile_rows(const tyto_kernels *kernels, const tyto_packed_matrix *weight);
/** Whether products with this weight round x anyway, to bf16 or to fewer bits, and any product may
 * write it as bf16. */
bool tyto_linear_takes_bf16(const tyto_exec *exec, const tyto_packed_matrix *weight);
/** Whether the product with `producer` may write its y_bf16 as the product with `consumer`, whose k
 *  is the producer's n, packs its rows. These then are multiplied as they lie:
 *  [⌈rows/R⌉][n/32][R][32] of R = tyto_linear_tile_rows rows. */
bool tyto_linear_tiles(const tyto_exec *exec, const tyto_packed_matrix *producer,
                       const tyto_packed_matrix *consumer);
/** y[rows,n] = x[rows,k]·w[n,k]ᵀ + bias[n] + more[rows,n], for a few outputs: w lies as it is, and
 * a tile of the matrix product would be mostly empty. */
typedef struct tyto_linear_few_args {
    const float *x;
    int64_t ldx, rows, n, k;
    const float *weight, *bias, *more;
    int64_t ldm;
    float *y;
    int64_t ldy;
} tyto_linear_few_args;

TYTO_NODISCARD tyto_status tyto_linear_few(tyto_exec *exec, const tyto_linear_few_args *args);

/** y[m,n] = a[m,k]·b[n,k]ᵀ, both of them activations; rows lda, ldb, ldy elements apart. */
TYTO_NODISCARD tyto_status tyto_matmul_nt(tyto_exec *exec, int64_t m, int64_t n, int64_t k,
                                          const float *a, int64_t lda, const float *b, int64_t ldb,
                                          float *y, int64_t ldy);

#endif
