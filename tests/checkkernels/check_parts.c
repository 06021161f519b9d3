#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* A tile's operands and sums; x and b end where their last row ends, the parts where they have to.
 */
typedef struct parts_case {
    const tyto_kernels *kernels;
    int64_t k;
    int rows;
    guarded x, b, a_parts, b_parts, acc;
} parts_case;

static parts_case make_case(const tyto_kernels *kernels, int64_t k, int rows)
{
    const int R = kernels->parts->rows, N = kernels->gemm_columns;
    return (parts_case){.kernels = kernels,
                        .k = k,
                        .rows = rows,
                        .x = guarded_floats(rows * k),
                        .b = guarded_floats(k * N),
                        .a_parts = guarded_bytes((size_t)tyto_parts_bytes(k, R)),
                        .b_parts = guarded_bytes((size_t)tyto_parts_bytes(k, N)),
                        .acc = guarded_floats(R * N)};
}

static void free_case(parts_case *with)
{
    guarded_free(&with->x);
    guarded_free(&with->b);
    guarded_free(&with->a_parts);
    guarded_free(&with->b_parts);
    guarded_free(&with->acc);
}

static void multiply(const parts_case *with, bool add)
{
    const tyto_parts_kernels *parts = with->kernels->parts;
    parts->gemm_pack(with->k, with->x.data, with->k, with->rows, with->a_parts.data);
    parts->gemm_split(with->k, with->b.data, with->b_parts.data);
    parts->begin();
    parts->gemm_tile(with->k, with->a_parts.data, with->b_parts.data, with->acc.data, add,
                     add ? with->b.data : NULL);
    parts->end();
}

static double product(const parts_case *with, int row, int column)
{
    const float *x = with->x.data, *b = with->b.data;
    return row < with->rows ? tyto_define_product(with->k, x + row * with->k, 1, b + column,
                                                  with->kernels->gemm_columns)
                            : 0.0;
}

static void check_tile(const tyto_kernels *kernels, int64_t k, int rows, bool add, bool whole)
{
    const int R = kernels->parts->rows, N = kernels->gemm_columns;
    stream numbers = {(uint64_t)(k * 100 + rows * 2 + add)};
    parts_case with = make_case(kernels, k, rows);
    float *sums = with.acc.data, *before = malloc((size_t)(R * N) * sizeof(float));
    assert_non_null(before);
    (whole ? fill_whole : fill_floats)(&numbers, with.x.data, rows * k);
    (whole ? fill_whole : fill_floats)(&numbers, with.b.data, k * N);
    (whole ? fill_whole : fill_floats)(&numbers, before, R * N);
    memcpy(sums, before, (size_t)(R * N) * sizeof(float));
    if (!add) {
        fill_with(sums, R * N, NAN);
    }
    multiply(&with, add);
    /* Whole numbers are summed without rounding. Else 32 products meet a sum at once, so what is
     * rounded grows with a sixteenth of what it is where they come one by one, six times. */
    const double tolerance = whole ? 0.0 : (double)FLT_EPSILON * (8.0 + (double)k / 5.0);
    for (int i = 0; i < R * N; i++) {
        const double wanted = (add ? (double)before[i] : 0.0) + product(&with, i / N, i % N);
        if (!is_close((double)sums[i], wanted, tolerance)) {
            fail_msg("%s: parts, k %lld, row %d, column %d: got %.9g, required %.9g", kernels->name,
                     (long long)k, i / N, i % N, (double)sums[i], wanted);
        }
    }
    free(before);
    free_case(&with);
}

static void check_tiles(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {255, 256, 257, 600, 3072};
    if (!kernels->parts) {
        return;
    }
    const int R = kernels->parts->rows;
    for (int64_t k = 1; k <= 100; k++) {
        check_tile(kernels, k, R, false, true);
        check_tile(kernels, k, (int)(k % R) + 1, true, true);
        check_tile(kernels, k, R, true, false);
    }
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        check_tile(kernels, depths[i], R, false, true);
        check_tile(kernels, depths[i], R, false, false);
    }
}

void check_parts_tile(void **state)
{
    (void)state;
    for_each_table(check_tiles);
}

/* The square of what so many rows of a tile are off. */
static double error_of(const parts_case *with, const float *sums, int rows)
{
    const int N = with->kernels->gemm_columns;
    double error = 0.0;
    for (int i = 0; i < rows * N; i++) {
        const double off = (double)sums[i] - product(with, i / N, i % N);
        error += off * off;
    }
    return error;
}

/* The same of the table's own product of floats, in parts as src/nn/ cuts long sums. */
static double error_of_floats(const parts_case *with)
{
    const tyto_kernels *kernels = with->kernels;
    const int64_t R = kernels->gemm_rows, N = kernels->gemm_columns;
    const float *b = with->b.data;
    const int64_t part = with->k < 512 ? with->k / 4 : 128;
    guarded packed = guarded_floats(with->k * R), sums = guarded_floats(R * N);
    float *a = packed.data;
    kernels->gemm_pack(with->k, with->x.data, with->k, (int)R, a);
    for (int64_t at = 0; at < with->k; at += part) {
        const int64_t depth = with->k - at < part ? with->k - at : part;
        kernels->gemm_tile(depth, a + at * R, b + at * N, sums.data, at > 0, NULL);
    }
    const double error = error_of(with, sums.data, (int)R);
    guarded_free(&packed);
    guarded_free(&sums);
    return error;
}

static void check_size(const tyto_kernels *kernels, int64_t k, float size, bool positive)
{
    stream numbers = {(uint64_t)k * 2 + positive};
    parts_case with = make_case(kernels, k, kernels->parts->rows);
    float *x = with.x.data, *b = with.b.data;
    fill_floats(&numbers, x, with.rows * k);
    fill_floats(&numbers, b, k * kernels->gemm_columns);
    for (int64_t i = 0; i < with.rows * k; i++) {
        x[i] = size * (positive ? fabsf(x[i]) : x[i]);
    }
    for (int64_t i = 0; positive && i < k * kernels->gemm_columns; i++) {
        b[i] = fabsf(b[i]);
    }
    multiply(&with, false);
    const double parts = error_of(&with, with.acc.data, kernels->gemm_rows),
                 floats = error_of_floats(&with);
    /* Sums of one sign come near it, those of both signs are off by half as much. */
    if (!(parts <= 1.1 * 1.1 * floats)) {
        fail_msg("%s: parts, k %lld, numbers of %g%s: off by %g, floats by %g", kernels->name,
                 (long long)k, (double)size, positive ? ", positive" : "", sqrt(parts),
                 sqrt(floats));
    }
    free_case(&with);
}

/* Parts are about as exact as floats, however long sums and however large or small numbers are. */
static void check_error(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {32, 64, 256, 512, 768, 1280, 3072};
    static const float sizes[] = {1.0f, 0x1p-90f, 0x1p60f};
    for (size_t i = 0; kernels->parts && i < sizeof(depths) / sizeof(depths[0]); i++) {
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            check_size(kernels, depths[i], sizes[s], false);
            check_size(kernels, depths[i], sizes[s], true);
        }
    }
}

void check_parts_error(void **state)
{
    (void)state;
    for_each_table(check_error);
}

/* Tiny numbers beside others, down to where a part has more bits than bf16: each leaves the others
 * alone. */
static void check_neighbours(const tyto_kernels *kernels)
{
    if (!kernels->parts) {
        return;
    }
    const int N = kernels->gemm_columns;
    stream numbers = {7};
    parts_case with = make_case(kernels, 96, kernels->parts->rows);
    float *x = with.x.data, *b = with.b.data;
    fill_floats(&numbers, x, with.rows * with.k);
    fill_floats(&numbers, b, with.k * N);
    for (int64_t i = 0; i < with.rows * with.k; i++) {
        x[i] = ldexpf(x[i], -(int)(i * 7 % 150));
    }
    for (int64_t i = 0; i < with.k * N; i++) {
        b[i] = ldexpf(b[i], -(int)(i * 11 % 150));
    }
    multiply(&with, false);
    const float *sums = with.acc.data;
    for (int i = 0; i < with.rows * N; i++) {
        const double wanted = product(&with, i / N, i % N);
        double size = 0.0;
        for (int64_t k = 0; k < with.k; k++) {
            size += fabs((double)x[i / N * with.k + k] * (double)b[k * N + i % N]);
        }
        /* Numbers whose parts are subnormal keep less of them. */
        if (!is_close((double)sums[i], wanted, size * 0x1p-22 + 0x1p-120)) {
            fail_msg("%s: parts of tiny numbers, row %d, column %d: got %.9g, required %.9g",
                     kernels->name, i / N, i % N, (double)sums[i], wanted);
        }
    }
    free_case(&with);
}

void check_parts_neighbours(void **state)
{
    (void)state;
    for_each_table(check_neighbours);
}

/* What is not finite stays so, and in its own row. */
static void check_not_finite(const tyto_kernels *kernels)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, FLT_MAX};
    if (!kernels->parts) {
        return;
    }
    const int R = kernels->parts->rows, N = kernels->gemm_columns;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        stream numbers = {i};
        parts_case with = make_case(kernels, 70, R);
        float *x = with.x.data;
        const float *sums = with.acc.data;
        fill_floats(&numbers, x, R * with.k);
        fill_floats(&numbers, with.b.data, with.k * N);
        x[3 * with.k + 40] = odd[i];
        multiply(&with, false);
        for (int n = 0; n < R * N; n++) {
            if ((n / N == 3) == (isfinite(sums[n]) != 0)) {
                fail_msg("%s: parts, %g in row 3: row %d has %g", kernels->name, (double)odd[i],
                         n / N, (double)sums[n]);
            }
        }
        free_case(&with);
    }
}

void check_parts_not_finite(void **state)
{
    (void)state;
    for_each_table(check_not_finite);
}
