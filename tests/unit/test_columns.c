/* Operators with a number for each row, against their formulas. */
#include "nn/columns.h"
#include "support/operators.h"

enum { ROWS = 23, COLS = 19, LD = 21 };

/* Numbers whose products need more digits than floats have. */
static float number(int64_t i)
{
    return 1.0f / (float)(3 + i % 97) - 0.11f;
}

static void fill(int64_t count, float *x)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = number(i);
    }
}

static void check_sums(tyto_exec *exec)
{
    float x[ROWS * LD], v[COLS], dots[2 * ROWS] = {0};
    double sums[ROWS];
    fill(ROWS * LD, x);
    fill(COLS, v);
    assert_int_equal(tyto_sum_rows(exec, ROWS, COLS, x, LD, sums), TYTO_OK);
    assert_int_equal(tyto_dot_rows(exec, ROWS, COLS, x, LD, v, dots, 2), TYTO_OK);
    for (int64_t r = 0; r < ROWS; r++) {
        double sum = 0.0, dot = 0.0;
        for (int64_t c = 0; c < COLS; c++) {
            sum += (double)x[r * LD + c];
            dot += (double)x[r * LD + c] * (double)v[c];
        }
        assert_true(sums[r] == sum);
        assert_true(dots[2 * r] == (float)dot);
        assert_true(dots[2 * r + 1] == 0.0f);
    }
}

/* In single precision, in the order of rows and columns. */
static void check_single(tyto_exec *exec)
{
    enum { MANY = 1801 };
    float *x = aligned_zeros(MANY * LD * sizeof(float)), v[COLS], mean[COLS],
          *dots = aligned_zeros(2 * MANY * sizeof(float));
    fill(MANY * LD, x);
    fill(COLS, v);
    assert_int_equal(tyto_dot_rows_single(exec, MANY, COLS, x, LD, v, dots, 2), TYTO_OK);
    assert_int_equal(tyto_mean_rows_single(exec, MANY, COLS, x, LD, mean), TYTO_OK);
    for (int64_t r = 0; r < MANY; r++) {
        float dot = 0.0f;
        for (int64_t c = 0; c < COLS; c++) {
            dot += x[r * LD + c] * v[c];
        }
        assert_true(dots[2 * r] == dot);
        assert_true(dots[2 * r + 1] == 0.0f);
    }
    for (int64_t c = 0; c < COLS; c++) {
        float wanted = 0.0f;
        for (int64_t r = 0; r < MANY; r++) {
            wanted += x[r * LD + c] / (float)MANY;
        }
        assert_true(mean[c] == wanted);
    }
    free(x);
    free(dots);
}

static void check_added(tyto_exec *exec)
{
    float y[ROWS * LD], given[ROWS * LD], b[COLS], column[2 * ROWS];
    double a[ROWS];
    fill(ROWS * LD, given);
    fill(COLS, b);
    fill(2 * ROWS, column);
    for (int64_t r = 0; r < ROWS; r++) {
        a[r] = 1.0 / (double)(r + 7);
    }
    for (int how = 0; how < 3; how++) {
        memcpy(y, given, sizeof(y));
        if (how == 2) {
            assert_int_equal(tyto_add_column(exec, ROWS, COLS, column, 2, y, LD), TYTO_OK);
        } else {
            assert_int_equal(tyto_add_outer(exec, ROWS, COLS, a, how == 1, b, y, LD), TYTO_OK);
        }
        for (int64_t i = 0; i < ROWS * LD; i++) {
            const int64_t r = i / LD, c = i % LD;
            const float more = c >= COLS  ? 0.0f
                               : how == 2 ? column[2 * r]
                               : how == 1 ? (float)a[r] * b[c]
                                          : (float)(a[r] * (double)b[c]);
            assert_true(y[i] == given[i] + more);
        }
    }
}

static void rows_are_summed(void **state)
{
    (void)state;
    for_each_exec(check_sums);
    for_each_exec(check_single);
}

static void columns_are_added(void **state)
{
    (void)state;
    for_each_exec(check_added);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_summed),
        cmocka_unit_test(columns_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
