/** Layer norm of rows that are content, position and padding, without making these rows. */
#ifndef TYTO_NN_SEPARABLE_H
#define TYTO_NN_SEPARABLE_H

#include "nn/grid.h"

/** Rows x = (content, position, padding), of which only sums over channels are needed for the mean
 *  and the deviation of a layer norm. Content may be a product of `raw` numbers. A position is the
 *  sum of a row for each axis of a grid, or a row that comes from a table. */
typedef struct tyto_separable {
    int64_t channels;         /* of x */
    int64_t content_channels; /* of them content */
    int64_t raw;              /* numbers that stand for content in a compact row */
    double padding_sums[2];   /* of the padding, and of its squares */
    int rank;                 /* of the grid; 0: positions are of a table */
    int64_t dims[TYTO_GRID_AXES_MAX];
    double *axis_sums[TYTO_GRID_AXES_MAX]; /* [dims[a]][2]: of an axis's row, of its squares */
    const float *table;                    /* [positions][table_channels] */
    int64_t table_channels;
    const float
        *table_sums; /* [positions][2]: of what a row of the table becomes, of its squares */
    float eps;       /* of the norm */
} tyto_separable;

/** sums[n][2] = the sum of each of rows[n,channels], and of its squares. */
void tyto_separable_sums(int64_t n, int64_t channels, const float *rows, double *sums);

/** moments[k + 2, k + 1] of y = W·x + b, as tyto_separable_args has them: with columns v = (W, b)
 *  of [n,k+1], row 0 is Σ_o v[o,·], and row 1 + a is Σ_o v[o,a]·v[o,·]. */
void tyto_separable_moments(int64_t n, int64_t k, const float *weight, const float *bias,
                            float *moments);

/** Numbers of a compact row. */
int64_t tyto_separable_columns(const tyto_separable *separable);

/** Compact rows of x:
 *      of axes     (rstd·raw, rstd·mean, 1)
 *      of a table  (rstd·raw, rstd·mean, rstd, rstd·table, zeros)
 *  with factors[n] = rstd = 1/√(variance + eps), where mean and variance are those of x.
 *  Row i is at position indices[i], or first + i; rows[i] begins with its raw numbers already. The
 *  sums of its content are found by `moments`, or of `content`, or of the raw numbers, which then
 *  are the content.
 *  moments  [raw + 2, raw + 1], which multiply (raw, 1): sums over channels of each of the
 *           product's weights, then of the products of two of them
 *  content  [n,content_channels], rows ldc floats apart
 *  threads  rows go round the pool */
typedef struct tyto_separable_args {
    int64_t first;
    const int64_t *indices; /* or NULL */
    int64_t n;
    const float *moments; /* or NULL */
    const float *content; /* or NULL */
    int64_t ldc;
    float *rows, *factors;
} tyto_separable_args;

TYTO_NODISCARD tyto_status tyto_separable_rows(tyto_exec *exec, const tyto_separable *separable,
                                               const tyto_separable_args *args);

#endif
