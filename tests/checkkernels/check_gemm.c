#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* x ends where its last row ends, and packed where the tile ends. */
static void check_pack(const tyto_kernels *kernels, int64_t k, int rows, int64_t gap)
{
    const int R = kernels->gemm_rows;
    const int64_t ldx = k + gap, room = (rows - 1) * ldx + k;
    stream numbers = {(uint64_t)(k * 100 + rows)};
    guarded x = guarded_floats(room), packed = guarded_floats(k * R);
    float *from = x.data, *to = packed.data;
    fill_floats(&numbers, from, room);
    fill_with(to, k * R, NAN);
    kernels->gemm_pack(k, from, ldx, rows, to);
    for (int64_t i = 0; i < k * R; i++) {
        const int64_t row = i % R;
        const float wanted = row < rows ? from[row * ldx + i / R] : 0.0f;
        if (!(to[i] == wanted)) {
            fail_msg("%s: k %lld, %d rows: at step %lld, row %lld: got %.9g, required %.9g",
                     kernels->name, (long long)k, rows, (long long)(i / R), (long long)row,
                     (double)to[i], (double)wanted);
        }
    }
    guarded_free(&x);
    guarded_free(&packed);
}

static void check_packs(const tyto_kernels *kernels)
{
    for (int rows = 1; rows <= kernels->gemm_rows; rows++) {
        for (int64_t k = 1; k <= 50; k++) {
            check_pack(kernels, k, rows, 0);
            check_pack(kernels, k, rows, 3);
        }
        check_pack(kernels, 768, rows, 0);
    }
}

void check_gemm_pack(void **state)
{
    (void)state;
    for_each_table(check_packs);
}

static void check_tile(const tyto_kernels *kernels, int64_t k, bool add, bool whole)
{
    const int R = kernels->gemm_rows, N = kernels->gemm_columns;
    stream numbers = {(uint64_t)(k * 2 + add + 1)};
    guarded a = guarded_floats(k * R), b = guarded_floats(k * N), acc = guarded_floats(R * N);
    float *before = malloc((size_t)(R * N) * sizeof(float)), *sums = acc.data;
    assert_non_null(before);
    (whole ? fill_whole : fill_floats)(&numbers, a.data, k * R);
    (whole ? fill_whole : fill_floats)(&numbers, b.data, k * N);
    (whole ? fill_whole : fill_floats)(&numbers, before, R * N);
    memcpy(sums, before, (size_t)(R * N) * sizeof(float));
    if (!add) {
        fill_with(sums, R * N, NAN);
    }
    kernels->gemm_tile(k, a.data, b.data, sums, add, add ? b.data : NULL);
    /* Whole numbers are summed without rounding. Else k sums, of some √k by chance, are each off by
     * half a unit in the last place, and these add up like √k too. */
    const double tolerance = whole ? 0.0 : (double)FLT_EPSILON * (8.0 + (double)k / 2.0);
    for (int i = 0; i < R * N; i++) {
        const double wanted =
            (add ? (double)before[i] : 0.0) +
            tyto_define_product(k, (float *)a.data + i / N, R, (float *)b.data + i % N, N);
        if (!is_close((double)sums[i], wanted, tolerance)) {
            fail_msg("%s: k %lld, row %d, column %d: got %.9g, required %.9g", kernels->name,
                     (long long)k, i / N, i % N, (double)sums[i], wanted);
        }
    }
    free(before);
    guarded_free(&a);
    guarded_free(&b);
    guarded_free(&acc);
}

static void check_tiles(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {255, 256, 257, 600, 3072};
    for (int64_t k = 1; k <= 70; k++) {
        check_tile(kernels, k, false, true);
        check_tile(kernels, k, true, true);
        check_tile(kernels, k, true, false);
    }
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        check_tile(kernels, depths[i], false, true);
        check_tile(kernels, depths[i], true, true);
        check_tile(kernels, depths[i], false, false);
    }
}

void check_gemm_tile(void **state)
{
    (void)state;
    for_each_table(check_tiles);
}

typedef enum residual_kind { NO_RESIDUAL, OWN_RESIDUAL, RESIDUAL_IS_Y } residual_kind;

/* Where finish may write, it must; in the gaps between the rows of y it must not. */
#define GAP 3
#define UNTOUCHED 12345.0f

/* The same epilogue rounded to bf16, against what it is before; nothing beyond the columns moves.
 */
static void check_rounded(const tyto_kernels *kernels, const float *sums, int rows, int columns,
                          const tyto_epilogue *epilogue, const double *wanted)
{
    const int64_t stride = epilogue->y_stride, room = (rows - 1) * stride + columns;
    guarded y = guarded_bytes((size_t)room * sizeof(uint16_t));
    uint16_t *out = y.data;
    tyto_epilogue halves = *epilogue;
    halves.y = out;
    memset(out, 0x55, (size_t)room * sizeof(uint16_t));
    kernels->bf16->gemm_finish(sums, rows, columns, &halves);
    for (int64_t i = 0; i < room; i++) {
        const double got = (double)tyto_define_widen(out[i]);
        const bool close = i % stride < columns
                               ? is_close(got, wanted[i], fabs(wanted[i]) * 0x1.02p-8 + 1e-6)
                               : out[i] == 0x5555;
        if (!close) {
            fail_msg("%s: %d rows, %d columns, activation %d in bf16: at %lld got %.9g, required "
                     "%.9g",
                     kernels->name, rows, columns, (int)epilogue->activation, (long long)i, got,
                     wanted[i]);
        }
    }
    guarded_free(&y);
}

static void check_finish(const tyto_kernels *kernels, int rows, int columns,
                         tyto_activation activation, bool with_bias, residual_kind residual)
{
    const int N = kernels->gemm_columns, stride = columns + GAP;
    const int64_t room = (int64_t)(rows - 1) * stride + columns;
    stream numbers = {(uint64_t)(rows * 1000 + columns)};
    guarded acc = guarded_floats(kernels->gemm_rows * N), bias = guarded_floats(columns),
            other = guarded_floats(room), y = guarded_floats(room);
    /* The last columns of the tile, so that what lies beyond them is out of bounds. */
    float *sums = (float *)acc.data + N - columns, *out = y.data, *given = other.data;
    double *wanted = malloc((size_t)room * sizeof(double));
    assert_non_null(wanted);
    fill_floats(&numbers, acc.data, kernels->gemm_rows * N);
    fill_floats(&numbers, bias.data, columns);
    fill_floats(&numbers, given, room);
    fill_with(out, room, UNTOUCHED);
    if (residual == RESIDUAL_IS_Y) {
        memcpy(out, given, (size_t)room * sizeof(float));
    }
    for (int i = 0; i < kernels->gemm_rows * N; i++) {
        ((float *)acc.data)[i] *= 6.0f;
    }
    const tyto_epilogue epilogue = {.bias = with_bias ? bias.data : NULL,
                                    .activation = activation,
                                    .residual = residual == NO_RESIDUAL    ? NULL
                                                : residual == OWN_RESIDUAL ? given
                                                                           : out,
                                    .residual_stride = stride,
                                    .y = out,
                                    .y_stride = stride};
    for (int64_t i = 0; i < room; i++) {
        const int row = (int)(i / stride), column = (int)(i % stride);
        wanted[i] = column < columns
                        ? tyto_define_finish((double)sums[row * N + column], &epilogue, row, column)
                        : (double)out[i];
    }
    kernels->gemm_finish(sums, rows, columns, &epilogue);
    for (int64_t i = 0; i < room; i++) {
        /* |sum + bias| ≤ 7, relu2 aside. */
        const double tolerance = i % stride < columns ? 1e-6 * fmax(1.0, fabs(wanted[i])) : 0.0;
        if (!is_close((double)out[i], wanted[i], tolerance)) {
            fail_msg("%s: %d rows, %d columns, activation %d, bias %d, residual %d: at %lld got "
                     "%.9g, required %.9g",
                     kernels->name, rows, columns, (int)activation, with_bias, (int)residual,
                     (long long)i, (double)out[i], wanted[i]);
        }
    }
    if (kernels->bf16->gemm_finish && residual != RESIDUAL_IS_Y) {
        check_rounded(kernels, sums, rows, columns, &epilogue, wanted);
    }
    free(wanted);
    guarded_free(&acc);
    guarded_free(&bias);
    guarded_free(&other);
    guarded_free(&y);
}

static void check_finishes(const tyto_kernels *kernels)
{
    const int R = kernels->gemm_rows, N = kernels->gemm_columns;
    for (int rows = 1; rows <= R; rows++) {
        for (int columns = 1; columns <= N; columns++) {
            check_finish(kernels, rows, columns, TYTO_ACT_NONE, true, RESIDUAL_IS_Y);
            check_finish(kernels, rows, columns, TYTO_ACT_GELU, true, OWN_RESIDUAL);
        }
    }
#define ALL(id, name, formula)                                                                     \
    for (int columns = 1; columns <= N; columns++) {                                               \
        for (int which = 0; which < 6; which++) {                                                  \
            check_finish(kernels, 1 + columns % R, columns, TYTO_ACT_##id, which % 2,              \
                         (residual_kind)(which / 2));                                              \
        }                                                                                          \
    }
    TYTO_ACTIVATION_LIST(ALL)
#undef ALL
}

void check_gemm_finish(void **state)
{
    (void)state;
    for_each_table(check_finishes);
}
