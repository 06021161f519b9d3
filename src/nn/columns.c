#include "nn/columns.h"

tyto_status tyto_sum_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                          double *y)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        y[r] = 0.0;
        for (int64_t c = 0; c < cols; c++) {
            y[r] += (double)x[r * ldx + c];
        }
    }
    return TYTO_OK;
}

tyto_status tyto_dot_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                          const float *v, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0.0;
        for (int64_t c = 0; c < cols; c++) {
            sum += (double)x[r * ldx + c] * (double)v[c];
        }
        y[r * ldy] = (float)sum;
    }
    return TYTO_OK;
}

tyto_status tyto_add_column(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                            int64_t ldx, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < cols; c++) {
            y[r * ldy + c] += x[r * ldx];
        }
    }
    return TYTO_OK;
}

tyto_status tyto_add_outer(tyto_exec *exec, int64_t rows, int64_t cols, const double *a,
                           bool round_first, const float *b, float *y, int64_t ldy)
{
    (void)exec;
    for (int64_t r = 0; r < rows; r++) {
        const double factor = round_first ? (double)(float)a[r] : a[r];
        for (int64_t c = 0; c < cols; c++) {
            y[r * ldy + c] += (float)(factor * (double)b[c]);
        }
    }
    return TYTO_OK;
}
