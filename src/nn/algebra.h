/** Algebra in double precision, of parameters that are folded as a model is opened. Matrices are
 *  dense, row by row.
 *  errors  none but NULL for memory */
#ifndef TYTO_NN_ALGEBRA_H
#define TYTO_NN_ALGEBRA_H

#include <stdint.h>

#include "base/pool.h"

/** y[i] = x[i] */
void tyto_widen(int64_t count, const float *x, double *y);
/** y[i] = x[i], rounded. */
void tyto_round(int64_t count, const double *x, float *y);
/** values[count] in double precision, which the caller frees; NULL when memory is out. */
double *tyto_widen_copy(const float *values, int64_t count);
/** c[m,n] = a[m,k]·b[k,n] */
void tyto_multiply_wide(tyto_pool *pool, int64_t m, int64_t n, int64_t k, const double *a,
                        const double *b, double *c);
/** y[columns,rows] = x[rows,columns]ᵀ */
void tyto_transpose_wide(int64_t rows, int64_t columns, const double *x, double *y);
/** y[i] = scale·x[i] */
void tyto_scale_wide(int64_t count, double scale, const float *x, double *y);
/** y[n,k] = (scale·w[n,k])·v[k] */
void tyto_scale_columns_wide(int64_t n, int64_t k, double scale, const float *w, const float *v,
                             double *y);
/** y[n] += Σ_k (scale·w[n,k])·v[k], one after another. */
void tyto_add_dots_wide(int64_t n, int64_t k, double scale, const float *w, const float *v,
                        double *y);
/** y[m] += Σ_k a[m,k]·v[k], one after another. */
void tyto_add_products_wide(int64_t m, int64_t k, const double *a, const float *v, double *y);
/** y[k] = Σ_n x[n,k] */
void tyto_sum_columns_wide(int64_t n, int64_t k, const double *x, double *y);
/** x[n,k] −= Σ_k x[n,k]/k */
void tyto_centre_rows_wide(int64_t n, int64_t k, double *x);
/** y[n,k] = x[n,k] and last[n] = x[n,k], which has k + 1 columns. */
void tyto_split_last_column(int64_t n, int64_t k, const double *x, double *y, double *last);
/** columns[count][length] become orthonormal, or 0 where they depend on earlier ones;
 *  triangle[count][count] gives them back: old column j = Σ_i triangle[i][j]·column i.
 *  source  Gram–Schmidt, modified; Björck 1967 */
void tyto_orthonormalize(tyto_pool *pool, int64_t count, int64_t length, double *columns,
                         double *triangle);

#endif
