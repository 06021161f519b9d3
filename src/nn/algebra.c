#include "nn/algebra.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

typedef struct multiply_job {
    int64_t n, k;
    const double *a, *b;
    double *c;
} multiply_job;

/* Numbers that are computed side by side: compilers turn so many into vectors. */
#define SIDE 16

static void multiply_row(void *context, int64_t m, int worker)
{
    (void)worker;
    const multiply_job *job = context;
    const double *a = job->a + m * job->k;
    double *c = job->c + m * job->n;
    int64_t j = 0;
    for (; j + SIDE <= job->n; j += SIDE) {
        double sum[SIDE] = {0};
        for (int64_t i = 0; i < job->k; i++) {
            for (int s = 0; s < SIDE; s++) {
                sum[s] += a[i] * job->b[i * job->n + j + s];
            }
        }
        memcpy(c + j, sum, sizeof(sum));
    }
    for (; j < job->n; j++) {
        c[j] = 0.0;
        for (int64_t i = 0; i < job->k; i++) {
            c[j] += a[i] * job->b[i * job->n + j];
        }
    }
}

void tyto_multiply_wide(tyto_pool *pool, int64_t m, int64_t n, int64_t k, const double *a,
                        const double *b, double *c)
{
    multiply_job job = {.n = n, .k = k, .a = a, .b = b, .c = c};
    tyto_pool_run(pool, m, multiply_row, &job);
}

void tyto_widen(int64_t count, const float *x, double *y)
{
    for (int64_t i = 0; i < count; i++) {
        y[i] = (double)x[i];
    }
}

void tyto_round(int64_t count, const double *x, float *y)
{
    for (int64_t i = 0; i < count; i++) {
        y[i] = (float)x[i];
    }
}

double *tyto_widen_copy(const float *values, int64_t count)
{
    double *wide = tyto_alloc((size_t)count, sizeof(*wide));
    if (wide) {
        tyto_widen(count, values, wide);
    }
    return wide;
}

void tyto_scale_wide(int64_t count, double scale, const float *x, double *y)
{
    for (int64_t i = 0; i < count; i++) {
        y[i] = scale * (double)x[i];
    }
}

void tyto_scale_columns_wide(int64_t n, int64_t k, double scale, const float *w, const float *v,
                             double *y)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k; c++) {
            y[i * k + c] = scale * (double)w[i * k + c] * (double)v[c];
        }
    }
}

void tyto_add_dots_wide(int64_t n, int64_t k, double scale, const float *w, const float *v,
                        double *y)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k; c++) {
            y[i] += scale * (double)w[i * k + c] * (double)v[c];
        }
    }
}

void tyto_add_products_wide(int64_t m, int64_t k, const double *a, const float *v, double *y)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t c = 0; c < k; c++) {
            y[i] += a[i * k + c] * (double)v[c];
        }
    }
}

void tyto_sum_columns_wide(int64_t n, int64_t k, const double *x, double *y)
{
    memset(y, 0, (size_t)k * sizeof(*y));
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < k; c++) {
            y[c] += x[i * k + c];
        }
    }
}

void tyto_centre_rows_wide(int64_t n, int64_t k, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        double mean = 0.0;
        for (int64_t c = 0; c < k; c++) {
            mean += x[i * k + c] / (double)k;
        }
        for (int64_t c = 0; c < k; c++) {
            x[i * k + c] -= mean;
        }
    }
}

void tyto_split_last_column(int64_t n, int64_t k, const double *x, double *y, double *last)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(y + i * k, x + i * (k + 1), (size_t)k * sizeof(*y));
        last[i] = x[i * (k + 1) + k];
    }
}

typedef struct sweep_job {
    int64_t length, first;
    double *columns;
    double *factors; /* [columns] */
} sweep_job;

static double dot(int64_t n, const double *a, const double *b)
{
    double parts[SIDE] = {0}, sum = 0.0;
    int64_t i = 0;
    for (; i + SIDE <= n; i += SIDE) {
        for (int s = 0; s < SIDE; s++) {
            parts[s] += a[i + s] * b[i + s];
        }
    }
    for (; i < n; i++) {
        sum += a[i] * b[i];
    }
    for (int s = 0; s < SIDE; s++) {
        sum += parts[s];
    }
    return sum;
}

/* Takes the direction of column `first` out of a later one. */
static void sweep(void *context, int64_t index, int worker)
{
    (void)worker;
    const sweep_job *job = context;
    const int64_t n = job->length;
    const double *unit = job->columns + job->first * n;
    double *column = job->columns + (job->first + 1 + index) * n;
    const double along = dot(n, unit, column);
    int64_t i = 0;
    job->factors[job->first + 1 + index] = along;
    for (; i + SIDE <= n; i += SIDE) {
        for (int s = 0; s < SIDE; s++) {
            column[i + s] -= along * unit[i + s];
        }
    }
    for (; i < n; i++) {
        column[i] -= along * unit[i];
    }
}

void tyto_orthonormalize(tyto_pool *pool, int64_t count, int64_t length, double *columns,
                         double *triangle)
{
    memset(triangle, 0, (size_t)(count * count) * sizeof(*triangle));
    double largest = 0.0;
    for (int64_t i = 0; i < count; i++) {
        double *column = columns + i * length;
        const double norm = sqrt(dot(length, column, column));
        largest = fmax(largest, norm);
        const bool gone = norm <= 1e-12 * largest;
        for (int64_t c = 0; c < length; c++) {
            column[c] = gone ? 0.0 : column[c] / norm;
        }
        triangle[i * count + i] = gone ? 0.0 : norm;
        sweep_job job = {length, i, columns, triangle + i * count};
        tyto_pool_run(pool, count - 1 - i, sweep, &job);
    }
}

void tyto_transpose_wide(int64_t rows, int64_t columns, const double *x, double *y)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            y[c * rows + r] = x[r * columns + c];
        }
    }
}
