#include "nn/rows.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "tensor/convert.h"

/* Numbers of one task, so that few of them don't wake the threads. */
#define TASK_NUMBERS 16384

/* What an operator is given, by the names that its formula has. */
typedef struct rows_job {
    void (*row)(const struct rows_job *job, int64_t r);
    int64_t rows, cols, rows_of_task;
    const float *x;
    int64_t ldx;
    float *y;
    int64_t ldy;
    const int64_t *indices;
    const void *table;
    tyto_dtype dtype;
    const uint8_t *seen;
    const float *shift, *scale;
    float value;
    const tyto_kernels *kernels;
    tyto_activation activation;
} rows_job;

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const int64_t end = tyto_min_i64(job->rows, (index + 1) * job->rows_of_task);
    for (int64_t r = index * job->rows_of_task; r < end; r++) {
        job->row(job, r);
    }
}

/* A job on rows of x and y; x may be NULL. */
static rows_job matrices(void (*row)(const rows_job *job, int64_t r), int64_t rows, int64_t cols,
                         const float *x, int64_t ldx, float *y, int64_t ldy)
{
    return (rows_job){
        .row = row, .rows = rows, .cols = cols, .x = x, .ldx = ldx, .y = y, .ldy = ldy};
}

static tyto_status run(tyto_exec *exec, rows_job job)
{
    if (job.rows == 0 || job.cols == 0) {
        return TYTO_OK;
    }
    job.rows_of_task = tyto_max_i64(1, TASK_NUMBERS / job.cols);
    tyto_pool_run(exec->pool, (job.rows + job.rows_of_task - 1) / job.rows_of_task, rows_task,
                  &job);
    return TYTO_OK;
}

/* The same of numbers without rows: tasks are their rows. */
static tyto_status run_numbers(tyto_exec *exec, rows_job job, int64_t count)
{
    job.rows = (count + TASK_NUMBERS - 1) / TASK_NUMBERS;
    job.rows_of_task = 1;
    job.cols = count;
    tyto_pool_run(exec->pool, job.rows, rows_task, &job);
    return TYTO_OK;
}

/* Of such a row: where it begins, and how many numbers it has. */
static float *numbers_of(const rows_job *job, int64_t r, int64_t *count)
{
    *count = tyto_min_i64(TASK_NUMBERS, job->cols - r * TASK_NUMBERS);
    return job->y + r * TASK_NUMBERS;
}

static void copy_row(const rows_job *job, int64_t r)
{
    memmove(job->y + r * job->ldy, job->x + r * job->ldx, (size_t)job->cols * sizeof(float));
}

tyto_status tyto_copy_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                           float *y, int64_t ldy)
{
    return run(exec, matrices(copy_row, rows, cols, x, ldx, y, ldy));
}

static void select_row(const rows_job *job, int64_t r)
{
    memcpy(job->y + r * job->ldy, job->x + job->indices[r] * job->ldx,
           (size_t)job->cols * sizeof(float));
}

tyto_status tyto_select_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                             int64_t ldx, const int64_t *indices, float *y, int64_t ldy)
{
    rows_job job = matrices(select_row, rows, cols, x, ldx, y, ldy);
    job.indices = indices;
    return run(exec, job);
}

static void embed_row(const rows_job *job, int64_t r)
{
    const size_t row_bytes = (size_t)job->cols * tyto_dtype_bytes(job->dtype);
    tyto_convert(job->y + r * job->ldy, TYTO_F32,
                 (const char *)job->table + (size_t)job->indices[r] * row_bytes, job->dtype,
                 job->cols);
}

tyto_status tyto_embed_rows(tyto_exec *exec, int64_t rows, int64_t cols, const void *table,
                            tyto_dtype dtype, const int64_t *indices, float *y, int64_t ldy)
{
    rows_job job = matrices(embed_row, rows, cols, NULL, 0, y, ldy);
    job.table = table;
    job.dtype = dtype;
    job.indices = indices;
    return run(exec, job);
}

static void fill_row(const rows_job *job, int64_t r)
{
    for (int64_t c = 0; c < job->cols; c++) {
        job->y[r * job->ldy + c] = job->value;
    }
}

tyto_status tyto_fill_rows(tyto_exec *exec, int64_t rows, int64_t cols, float value, float *y,
                           int64_t ldy)
{
    rows_job job = matrices(fill_row, rows, cols, NULL, 0, y, ldy);
    job.value = value;
    return run(exec, job);
}

/* A row of x becomes a column of y. */
static void transpose_row(const rows_job *job, int64_t r)
{
    for (int64_t c = 0; c < job->cols; c++) {
        job->y[c * job->ldy + r] = job->x[r * job->ldx + c];
    }
}

tyto_status tyto_transpose(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                           float *y, int64_t ldy)
{
    return run(exec, matrices(transpose_row, rows, cols, x, ldx, y, ldy));
}

static void add_row(const rows_job *job, int64_t r)
{
    const float *x = job->x + r * job->ldx;
    float *y = job->y + r * job->ldy;
    for (int64_t c = 0; c < job->cols; c++) {
        y[c] += x[c];
    }
}

tyto_status tyto_add_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                          float *y, int64_t ldy)
{
    return run(exec, matrices(add_row, rows, cols, x, ldx, y, ldy));
}

static void subtract_column_row(const rows_job *job, int64_t r)
{
    for (int64_t c = 0; c < job->cols; c++) {
        job->y[r * job->ldy + c] -= job->x[r * job->ldx];
    }
}

tyto_status tyto_subtract_column(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                                 int64_t ldx, float *y, int64_t ldy)
{
    return run(exec, matrices(subtract_column_row, rows, cols, x, ldx, y, ldy));
}

static void multiply_row(const rows_job *job, int64_t r)
{
    const float *x = job->x + r * job->ldx;
    float *y = job->y + r * job->ldy;
    for (int64_t c = 0; c < job->cols; c++) {
        y[c] *= x[c];
    }
}

tyto_status tyto_multiply_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x,
                               int64_t ldx, float *y, int64_t ldy)
{
    return run(exec, matrices(multiply_row, rows, cols, x, ldx, y, ldy));
}

static void shift_scale_row(const rows_job *job, int64_t r)
{
    const float shift = job->shift[r], scale = job->scale[r];
    float *y = job->y + r * job->ldy;
    for (int64_t c = 0; c < job->cols; c++) {
        y[c] = (y[c] + shift) * scale;
    }
}

tyto_status tyto_shift_scale_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *shift,
                                  const float *scale, float *y, int64_t ldy)
{
    rows_job job = matrices(shift_scale_row, rows, cols, NULL, 0, y, ldy);
    job.shift = shift;
    job.scale = scale;
    return run(exec, job);
}

static void mask_columns_row(const rows_job *job, int64_t r)
{
    for (int64_t c = 0; c < job->cols; c++) {
        if (!job->seen[c]) {
            job->y[r * job->ldy + c] = job->value;
        }
    }
}

tyto_status tyto_mask_columns(tyto_exec *exec, int64_t rows, int64_t cols, const uint8_t *seen,
                              float value, float *y, int64_t ldy)
{
    rows_job job = matrices(mask_columns_row, rows, cols, NULL, 0, y, ldy);
    job.seen = seen;
    job.value = value;
    return run(exec, job);
}

tyto_status tyto_mean_rows(tyto_exec *exec, int64_t rows, int64_t cols, const float *x, int64_t ldx,
                           float *y)
{
    (void)exec;
    for (int64_t c = 0; c < cols; c++) {
        double sum = 0.0;
        for (int64_t r = 0; r < rows; r++) {
            sum += (double)x[r * ldx + c];
        }
        y[c] = (float)(sum / (double)rows);
    }
    return TYTO_OK;
}

static void scale_numbers(const rows_job *job, int64_t r)
{
    int64_t count;
    float *x = numbers_of(job, r, &count);
    for (int64_t i = 0; i < count; i++) {
        x[i] *= job->value;
    }
}

tyto_status tyto_scale(tyto_exec *exec, int64_t count, float factor, float *x)
{
    return run_numbers(exec, (rows_job){.row = scale_numbers, .y = x, .value = factor}, count);
}

static void divide_numbers(const rows_job *job, int64_t r)
{
    int64_t count;
    float *x = numbers_of(job, r, &count);
    for (int64_t i = 0; i < count; i++) {
        x[i] /= job->value;
    }
}

tyto_status tyto_divide(tyto_exec *exec, int64_t count, float divisor, float *x)
{
    return run_numbers(exec, (rows_job){.row = divide_numbers, .y = x, .value = divisor}, count);
}

static void activate_numbers(const rows_job *job, int64_t r)
{
    int64_t count;
    float *x = numbers_of(job, r, &count);
    job->kernels->activate(job->activation, x, count);
}

tyto_status tyto_activate(tyto_exec *exec, tyto_activation activation, int64_t count, float *x)
{
    return run_numbers(
        exec,
        (rows_job){
            .row = activate_numbers, .y = x, .kernels = exec->kernels, .activation = activation},
        count);
}

static void elu_plus_one_numbers(const rows_job *job, int64_t r)
{
    int64_t count;
    float *x = numbers_of(job, r, &count);
    for (int64_t i = 0; i < count; i++) {
        x[i] = (x[i] > 0.0f ? x[i] : expm1f(x[i])) + 1.0f;
    }
}

tyto_status tyto_elu_plus_one(tyto_exec *exec, int64_t count, float *x)
{
    return run_numbers(exec, (rows_job){.row = elu_plus_one_numbers, .y = x}, count);
}

static void sigmoid_numbers(const rows_job *job, int64_t r)
{
    int64_t count;
    float *x = numbers_of(job, r, &count);
    for (int64_t i = 0; i < count; i++) {
        x[i] = 1.0f / (1.0f + expf(-x[i]));
    }
}

tyto_status tyto_sigmoid(tyto_exec *exec, int64_t count, float *x)
{
    return run_numbers(exec, (rows_job){.row = sigmoid_numbers, .y = x}, count);
}
