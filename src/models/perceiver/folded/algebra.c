#include "models/perceiver/folded/algebra.h"

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

void tyto_perceiver_multiply(tyto_pool *pool, int64_t m, int64_t n, int64_t k, const double *a,
                             const double *b, double *c)
{
    multiply_job job = {.n = n, .k = k, .a = a, .b = b, .c = c};
    tyto_pool_run(pool, m, multiply_row, &job);
}

double *tyto_perceiver_widen(const float *values, int64_t count)
{
    double *wide = tyto_alloc((size_t)count, sizeof(*wide));
    for (int64_t i = 0; wide && i < count; i++) {
        wide[i] = (double)values[i];
    }
    return wide;
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

void tyto_perceiver_orthonormalize(tyto_pool *pool, int64_t count, int64_t length, double *columns,
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

void tyto_perceiver_transpose(int64_t rows, int64_t columns, const double *x, double *y)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            y[c * rows + r] = x[r * columns + c];
        }
    }
}
