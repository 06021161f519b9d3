#include <float.h>

#include "checkkernels.h"
#include "kernels/digits.h"
#include "kernels/scalar/definitions.h"
#include "kernels/scalar/digits_definitions.h"

/* A tile's operands and sums: x[rows][k], and columns[N][k], the transpose of what multiplies it.
 * All end where they have to. */
typedef struct digits_case {
    const tyto_kernels *kernels;
    int64_t k;
    int rows;
    guarded x, columns, a, b, acc;
    float *row_scales, *column_scales;
    bool lasts; /* some rows have a fourth digit */
} digits_case;

static digits_case make_case(const tyto_kernels *kernels, int64_t k, int rows)
{
    const int R = kernels->digits->rows, N = kernels->gemm_columns;
    digits_case with = {.kernels = kernels,
                        .k = k,
                        .rows = rows,
                        .x = guarded_floats(rows * k),
                        .columns = guarded_floats(k * N),
                        .a = guarded_bytes((size_t)tyto_digits_bytes(k, R)),
                        .b = guarded_bytes((size_t)tyto_digits_bytes(k, N)),
                        .acc = guarded_floats(R * N),
                        .row_scales = malloc((size_t)R * sizeof(float)),
                        .column_scales = malloc((size_t)N * sizeof(float))};
    assert_non_null(with.row_scales);
    assert_non_null(with.column_scales);
    return with;
}

static void free_case(digits_case *with)
{
    guarded_free(&with->x);
    guarded_free(&with->columns);
    guarded_free(&with->a);
    guarded_free(&with->b);
    guarded_free(&with->acc);
    free(with->row_scales);
    free(with->column_scales);
}

static void pack(digits_case *with)
{
    const tyto_digits_kernels *digits = with->kernels->digits;
    with->lasts =
        digits->pack(with->k, with->x.data, with->k, with->rows, with->a.data, with->row_scales);
    memset(with->b.data, 0, (size_t)tyto_digits_bytes(with->k, with->kernels->gemm_columns));
    for (int c = 0; c < with->kernels->gemm_columns; c++) {
        const float *column = (const float *)with->columns.data + c * with->k;
        const float size = tyto_digits_size(digits->most(with->k, column));
        for (int64_t at = 0; size > 0.0f && at < with->k; at += TYTO_DIGITS_INTERLEAVE) {
            digits->pack_column(with->k, at, column + at, size, c, with->b.data);
        }
        with->column_scales[c] = size;
    }
}

static void multiply(digits_case *with, bool lasts, bool add)
{
    const tyto_digits_kernels *digits = with->kernels->digits;
    const char *leading = with->a.data;
    const tyto_digits_rows a = {.leading = leading,
                                .last = lasts ? leading + tyto_digits_bytes(with->k, digits->rows) /
                                                              TYTO_DIGITS * TYTO_DIGITS_LEADING
                                              : NULL,
                                .scales = with->row_scales};
    const tyto_digits_columns b = {.digits = with->b.data, .scales = with->column_scales};
    digits->begin();
    digits->tile((with->k + TYTO_DIGITS_INTERLEAVE - 1) / TYTO_DIGITS_INTERLEAVE, &a, &b,
                 with->acc.data, add, add ? with->columns.data : NULL);
    digits->end();
}

/* As src/nn/ does it. Gives whether rows' fourth digits took part. */
static bool multiply_as_needed(digits_case *with)
{
    pack(with);
    multiply(with, with->lasts, false);
    return with->lasts;
}

/* Digit d of step i of a packed row. */
static int8_t row_digit(const digits_case *with, int row, int64_t i, int d)
{
    const int64_t R = with->kernels->digits->rows,
                  steps = (with->k + TYTO_DIGITS_INTERLEAVE - 1) / TYTO_DIGITS_INTERLEAVE,
                  step = i / TYTO_DIGITS_INTERLEAVE,
                  block = d < TYTO_DIGITS_LEADING ? step * TYTO_DIGITS_LEADING + d
                                                  : steps * TYTO_DIGITS_LEADING + step;
    return ((const int8_t *)with->a
                .data)[(block * R + row) * TYTO_DIGITS_INTERLEAVE + i % TYTO_DIGITS_INTERLEAVE];
}

static int8_t column_digit(const digits_case *with, int column, int64_t i, int d)
{
    return (
        (const int8_t *)with->b.data)[tyto_digits_place(with->kernels->gemm_columns, d, i, column)];
}

/* Steps of k as packed: those after the last are 0. */
static int64_t padded(int64_t k)
{
    return (k + TYTO_DIGITS_INTERLEAVE - 1) / TYTO_DIGITS_INTERLEAVE * TYTO_DIGITS_INTERLEAVE;
}

/* Every digit is the definition's, and spreads are near theirs. */
static void check_packed(const digits_case *with, const float *x, int count, bool rows)
{
    const int across = rows ? with->kernels->digits->rows : with->kernels->gemm_columns;
    bool lasts = false;
    for (int r = 0; r < across; r++) {
        const float *row = x + r * with->k;
        double most = 0.0, squares = 0.0;
        for (int64_t i = 0; r < count && i < with->k; i++) {
            most = fmax(most, fabs((double)row[i]));
            squares += (double)row[i] * (double)row[i];
        }
        const float size = tyto_digits_size((float)most);
        assert_true(rows ? with->row_scales[r] == size / (127.0f * 127.0f)
                         : with->column_scales[r] == size);
        const bool last = !rows || (size > 0.0f &&
                                    tyto_digits_stand_out(with->k, (float)(squares / most / most)));
        lasts = lasts || last;
        for (int64_t i = 0; i < padded(with->k); i++) {
            int8_t wanted[TYTO_DIGITS] = {0};
            if (r < count && i < with->k) {
                tyto_define_digits(rows ? tyto_define_row_count(row[i], size)
                                        : tyto_define_column_count(row[i], size),
                                   wanted);
                const double off = (double)tyto_digits_value(wanted, size) - (double)row[i];
                assert_true(size == 0.0f ||
                            fabs(off) <= most * 0x1p-31 + fabs((double)row[i]) * 0x1p-22);
                assert_true(rows || size == 0.0f || fabs((double)row[i]) < most / 64.0 ||
                            off == 0.0);
            }
            wanted[TYTO_DIGITS - 1] = last ? wanted[TYTO_DIGITS - 1] : 0;
            const int digits = rows && !with->lasts ? TYTO_DIGITS_LEADING : TYTO_DIGITS;
            for (int d = 0; d < digits; d++) {
                const int8_t got = rows ? row_digit(with, r, i, d) : column_digit(with, r, i, d);
                if (got != wanted[d]) {
                    fail_msg("%s: digits, k %lld, %s %d, step %lld, digit %d: got %d, required %d",
                             with->kernels->name, (long long)with->k, rows ? "row" : "column", r,
                             (long long)i, d, got, wanted[d]);
                }
            }
        }
    }
    assert_true(!rows || with->lasts == lasts);
}

static void check_packing_of(const tyto_kernels *kernels, int64_t k, int rows)
{
    stream numbers = {(uint64_t)(k * 100 + rows)};
    digits_case with = make_case(kernels, k, rows);
    float *x = with.x.data, *columns = with.columns.data;
    fill_floats(&numbers, x, rows * k);
    fill_floats(&numbers, columns, kernels->gemm_columns * k);
    /* Rows and columns of all sizes, of zeros, and of numbers that are next to nothing. */
    for (int64_t i = 0; i < rows * k; i++) {
        x[i] = i / k % 5 == 4 ? 0.0f : ldexpf(x[i], (int)(i / k * 13 % 200) - 100);
    }
    for (int64_t i = 0; i < kernels->gemm_columns * k; i++) {
        columns[i] = ldexpf(columns[i], (int)(i / k * 17 % 230) - 105);
    }
    pack(&with);
    check_packed(&with, x, rows, true);
    check_packed(&with, columns, kernels->gemm_columns, false);
    free_case(&with);
}

static void check_packing(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {1, 15, 16, 17, 63, 64, 65, 127, 200, 768};
    for (size_t i = 0; kernels->digits && i < sizeof(depths) / sizeof(depths[0]); i++) {
        check_packing_of(kernels, depths[i], kernels->digits->rows);
        check_packing_of(kernels, depths[i], (int)(depths[i] % kernels->digits->rows) + 1);
    }
}

void check_digits_pack(void **state)
{
    (void)state;
    for_each_table(check_packing);
}

/* What the digits come to, to the bit. */
static float defined(const digits_case *with, int row, int column, bool lasts)
{
    const int digits = lasts ? TYTO_DIGITS : TYTO_DIGITS_LEADING;
    int32_t sums[TYTO_DIGITS] = {0};
    for (int64_t i = 0; i < padded(with->k); i++) {
        for (int d = 0; d < digits; d++) {
            for (int e = 0; d + e < TYTO_DIGITS; e++) {
                sums[d + e] += row_digit(with, row, i, d) * column_digit(with, column, i, e);
            }
        }
    }
    return tyto_define_digits_sum(sums, with->row_scales[row], with->column_scales[column]);
}

static void check_tile(const tyto_kernels *kernels, int64_t k, int rows, bool lasts, bool add)
{
    const int R = kernels->digits->rows, N = kernels->gemm_columns;
    stream numbers = {(uint64_t)(k * 100 + rows * 2 + add)};
    digits_case with = make_case(kernels, k, rows);
    float *x = with.x.data, *sums = with.acc.data,
          *before = malloc((size_t)(R * N) * sizeof(float));
    assert_non_null(before);
    fill_floats(&numbers, x, rows * k);
    fill_floats(&numbers, with.columns.data, k * N);
    fill_floats(&numbers, before, R * N);
    memcpy(sums, before, (size_t)(R * N) * sizeof(float));
    if (!add) {
        fill_with(sums, R * N, NAN);
    }
    /* A number stands out in every other row. */
    for (int r = 0; r < rows; r += 2) {
        x[r * k + k / 2] *= 1000.0f;
    }
    pack(&with);
    multiply(&with, lasts, add);
    for (int i = 0; i < R * N; i++) {
        const float product = defined(&with, i / N, i % N, lasts),
                    wanted = add ? before[i] + product : product;
        if (sums[i] != wanted) {
            fail_msg("%s: digits, k %lld, row %d, column %d: got %.9g, required %.9g",
                     kernels->name, (long long)k, i / N, i % N, (double)sums[i], (double)wanted);
        }
    }
    free(before);
    free_case(&with);
}

static void check_tiles(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {1, 7, 63, 64, 65, 100, 128, 255, 600};
    for (size_t i = 0; kernels->digits && i < sizeof(depths) / sizeof(depths[0]); i++) {
        const int R = kernels->digits->rows;
        for (int lasts = 0; lasts < 2; lasts++) {
            check_tile(kernels, depths[i], R, lasts, false);
            check_tile(kernels, depths[i], (int)(depths[i] % R) + 1, lasts, true);
        }
    }
}

void check_digits_tile(void **state)
{
    (void)state;
    for_each_table(check_tiles);
}

/* Sums of the longest products that there may be, of the largest digits that there are. */
static void check_longest(const tyto_kernels *kernels)
{
    if (!kernels->digits) {
        return;
    }
    digits_case with = make_case(kernels, TYTO_DIGITS_DEPTH_MAX, 1);
    int8_t *a = with.a.data, *b = with.b.data;
    const size_t a_bytes = (size_t)tyto_digits_bytes(with.k, kernels->digits->rows),
                 b_bytes = (size_t)tyto_digits_bytes(with.k, kernels->gemm_columns);
    memset(a, -128, a_bytes);
    memset(b, -128, b_bytes);
    for (int r = 0; r < kernels->digits->rows; r++) {
        with.row_scales[r] = 1.0f;
    }
    for (int c = 0; c < kernels->gemm_columns; c++) {
        with.column_scales[c] = 1.0f;
    }
    multiply(&with, true, false);
    const float *sums = with.acc.data;
    const int32_t one = TYTO_DIGITS_DEPTH_MAX * 128 * 128,
                  weights[TYTO_DIGITS] = {one, 2 * one, 3 * one, 4 * one};
    const float wanted = tyto_define_digits_sum(weights, 1.0f, 1.0f);
    for (int i = 0; i < kernels->digits->rows * kernels->gemm_columns; i++) {
        assert_true(sums[i] == wanted);
    }
    free_case(&with);
}

void check_digits_longest(void **state)
{
    (void)state;
    for_each_table(check_longest);
}

static double product(const digits_case *with, int row, int column)
{
    const float *x = with->x.data, *columns = with->columns.data;
    return tyto_define_product(with->k, x + row * with->k, 1, columns + column * with->k, 1);
}

/* The square of what a tile's sums are off. */
static double error_of(const digits_case *with, const float *sums, int rows)
{
    const int N = with->kernels->gemm_columns;
    double error = 0.0;
    for (int i = 0; i < rows * N; i++) {
        const double off = (double)sums[i] - product(with, i / N, i % N);
        error += off * off;
    }
    return error;
}

/* The same of a sum of floats, in order. */
static double error_of_floats(const digits_case *with, int rows)
{
    const int N = with->kernels->gemm_columns;
    const float *x = with->x.data, *columns = with->columns.data;
    double error = 0.0;
    for (int i = 0; i < rows * N; i++) {
        float sum = 0.0f;
        for (int64_t k = 0; k < with->k; k++) {
            sum = fmaf(x[i / N * with->k + k], columns[i % N * with->k + k], sum);
        }
        const double off = (double)sum - product(with, i / N, i % N);
        error += off * off;
    }
    return error;
}

/* Numbers about 0, like weights. */
static void fill_normal(stream *numbers, float *x, int64_t count)
{
    fill_floats(numbers, x, count);
    for (int64_t i = 0; i < count; i++) {
        float more[3];
        fill_floats(numbers, more, 3);
        x[i] += more[0] + more[1] + more[2];
    }
}

/* `outlier`: what one number of each row is times as large as it was. */
static void check_size(const tyto_kernels *kernels, int64_t k, float size, float outlier,
                       bool positive)
{
    stream numbers = {(uint64_t)k * 2 + positive};
    const int R = kernels->digits->rows, N = kernels->gemm_columns;
    digits_case with = make_case(kernels, k, R);
    float *x = with.x.data, *columns = with.columns.data;
    fill_normal(&numbers, x, R * k);
    fill_normal(&numbers, columns, k * N);
    for (int64_t i = 0; i < R * k; i++) {
        x[i] = size * (positive ? fabsf(x[i]) : x[i]) * (i % k == 5 ? outlier : 1.0f);
    }
    for (int64_t i = 0; positive && i < k * N; i++) {
        columns[i] = fabsf(columns[i]);
    }
    const bool lasts = multiply_as_needed(&with);
    const double digits = error_of(&with, with.acc.data, R), floats = error_of_floats(&with, R);
    if (!(digits <= floats)) {
        fail_msg("%s: digits, k %lld, numbers of %g%s, outliers of %g: off by %g, floats by %g",
                 kernels->name, (long long)k, (double)size, positive ? ", positive" : "",
                 (double)outlier, sqrt(digits), sqrt(floats));
    }
    /* Outliers need all digits; numbers of a size don't. */
    assert_true(outlier < 100.0f || lasts);
    assert_true(k < 128 || outlier > 1.0f || !lasts);
    free_case(&with);
}

/* Products by digits are at least as exact as sums of floats, however long, however large or small
 * numbers are, and with one that is far larger than its neighbours. */
static void check_error(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {32, 64, 256, 512, 768, 1280};
    static const float sizes[] = {1.0f, 0x1p-80f, 0x1p60f}, outliers[] = {1.0f, 10.0f, 1000.0f};
    for (size_t i = 0; kernels->digits && i < sizeof(depths) / sizeof(depths[0]); i++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            for (size_t o = 0; o < sizeof(outliers) / sizeof(outliers[0]); o++) {
                check_size(kernels, depths[i], sizes[s], outliers[o], false);
                check_size(kernels, depths[i], sizes[s], outliers[o], true);
            }
        }
    }
}

void check_digits_error(void **state)
{
    (void)state;
    for_each_table(check_error);
}

/* What becomes of a row doesn't depend on its neighbours. */
static void check_neighbours(const tyto_kernels *kernels)
{
    if (!kernels->digits) {
        return;
    }
    const int R = kernels->digits->rows, N = kernels->gemm_columns;
    stream numbers = {7};
    digits_case with = make_case(kernels, 200, R);
    float *x = with.x.data, *alone = malloc((size_t)(R * N) * sizeof(float));
    const float *sums = with.acc.data;
    assert_non_null(alone);
    fill_normal(&numbers, x, R * with.k);
    fill_normal(&numbers, with.columns.data, with.k * N);
    assert_false(multiply_as_needed(&with));
    memcpy(alone, sums, (size_t)(R * N) * sizeof(float));
    x[5 * with.k + 3] = 1e6f;
    x[6 * with.k + 4] = INFINITY;
    assert_true(multiply_as_needed(&with));
    for (int i = 0; i < R * N; i++) {
        assert_true(i / N == 5 || i / N == 6 || sums[i] == alone[i]);
    }
    free(alone);
    free_case(&with);
}

void check_digits_neighbours(void **state)
{
    (void)state;
    for_each_table(check_neighbours);
}

/* What is not finite stays so, and in its own row; the largest number there is, is one like others.
 */
static void check_not_finite(const tyto_kernels *kernels)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, FLT_MAX};
    for (size_t i = 0; kernels->digits && i < sizeof(odd) / sizeof(odd[0]); i++) {
        const int R = kernels->digits->rows, N = kernels->gemm_columns;
        stream numbers = {i};
        digits_case with = make_case(kernels, 70, R);
        float *x = with.x.data;
        const float *sums = with.acc.data;
        fill_floats(&numbers, x, R * with.k);
        fill_floats(&numbers, with.columns.data, with.k * N);
        x[3 * with.k + 40] = odd[i];
        multiply_as_needed(&with);
        for (int n = 0; n < R * N; n++) {
            const bool finite = n / N != 3 || isfinite(odd[i]);
            if (finite != (isfinite(sums[n]) != 0)) {
                fail_msg("%s: digits, %g in row 3: row %d has %g", kernels->name, (double)odd[i],
                         n / N, (double)sums[n]);
            }
        }
        free_case(&with);
    }
}

void check_digits_not_finite(void **state)
{
    (void)state;
    for_each_table(check_not_finite);
}
