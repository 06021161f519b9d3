/** Algebra in double precision, of parameters that are folded as a model is opened. Matrices are dense,
 *  row by row. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_ALGEBRA_H
#define TYTO_MODELS_PERCEIVER_FOLDED_ALGEBRA_H

#include <stdint.h>

#include "base/pool.h"

/** values[count] in double precision, which the caller frees; NULL when memory is out. */
double *tyto_perceiver_widen(const float *values, int64_t count);
/** c[m,n] = a[m,k]·b[k,n] */
void tyto_perceiver_multiply(tyto_pool *pool, int64_t m, int64_t n, int64_t k, const double *a,
                             const double *b, double *c);
/** y[columns,rows] = x[rows,columns]ᵀ */
void tyto_perceiver_transpose(int64_t rows, int64_t columns, const double *x, double *y);
/** columns[count][length] become orthonormal, or 0 where they depend on earlier ones;
 *  triangle[count][count] gives them back: old column j = Σ_i triangle[i][j]·column i.
 *  source  Gram–Schmidt, modified; Björck 1967 */
void tyto_perceiver_orthonormalize(tyto_pool *pool, int64_t count, int64_t length, double *columns,
                                   double *triangle);

#endif
