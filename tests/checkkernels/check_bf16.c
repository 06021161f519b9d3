/* Products in bf16. */
#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* Halves that go to the even neighbour, numbers that become infinite, and those that are not there.
 */
static const float extremes[] = {0.0f,       -0.0f,      1.00390625f, 1.01171875f, -1.00390625f,
                                 1.0039063f, 1.0039062f, FLT_MAX,     -FLT_MAX,    3.3895314e38f,
                                 3.396e38f,  INFINITY,   -INFINITY,   NAN,         FLT_MIN};
#define EXTREMES ((int64_t)(sizeof(extremes) / sizeof(extremes[0])))

static int64_t round_up(int64_t value, int64_t to)
{
    return (value + to - 1) / to * to;
}

/* Step i of a row of what gemm_pack made. */
static float packed_at(const tyto_kernels *kernels, const void *packed, int64_t i, int row)
{
    const int R = kernels->bf16->rows;
    if (kernels->bf16->a_bytes == (int)sizeof(float)) {
        return ((const float *)packed)[i * R + row];
    }
    const int steps = kernels->bf16->a_interleave;
    assert_int_equal(kernels->bf16->a_bytes, sizeof(uint16_t));
    return tyto_define_widen(((const uint16_t *)packed)[(i / steps * R + row) * steps + i % steps]);
}

/* x ends where its last row ends, and packed where the tile ends. */
static void check_pack(const tyto_kernels *kernels, int64_t k, int rows, int64_t gap, bool extreme)
{
    const int R = kernels->bf16->rows;
    const int64_t ldx = k + gap, room = (rows - 1) * ldx + k,
                  even = round_up(k, kernels->bf16->a_interleave);
    stream numbers = {(uint64_t)(k * 100 + rows)};
    guarded x = guarded_floats(room),
            packed = guarded_bytes((size_t)(even * R * kernels->bf16->a_bytes));
    float *from = x.data;
    fill_floats(&numbers, from, room);
    for (int64_t i = 0; extreme && i < room; i++) {
        from[i] = extremes[i % EXTREMES];
    }
    memset(packed.data, 0xff, (size_t)(even * R * kernels->bf16->a_bytes));
    kernels->bf16->gemm_pack(k, from, ldx, rows, packed.data);
    for (int64_t i = 0; i < even * R; i++) {
        const int row = (int)(i % R);
        const bool there = row < rows && i / R < k;
        const float wanted =
            there ? tyto_define_widen(tyto_define_bf16(from[row * ldx + i / R])) : 0.0f;
        const float got = packed_at(kernels, packed.data, i / R, row);
        if (!(isnan(wanted) ? isnan(got) : got == wanted)) {
            fail_msg("%s: k %lld, %d rows: at step %lld, row %d: got %.9g, required %.9g",
                     kernels->name, (long long)k, rows, (long long)(i / R), row, (double)got,
                     (double)wanted);
        }
    }
    if (kernels->bf16->gemm_pack_bf16) {
        /* What is rounded already is packed to the same bits. */
        guarded rounded = guarded_bytes((size_t)room * sizeof(uint16_t)),
                again = guarded_bytes((size_t)(even * R) * sizeof(uint16_t));
        uint16_t *halves = rounded.data;
        for (int64_t i = 0; i < room; i++) {
            halves[i] = tyto_define_bf16(from[i]);
        }
        guarded wide = guarded_floats(room);
        kernels->bf16->widen(room, halves, wide.data);
        for (int64_t i = 0; i < room; i++) {
            const float got = ((float *)wide.data)[i], wanted = tyto_define_widen(halves[i]);
            assert_true(isnan(wanted) ? isnan(got) : got == wanted);
        }
        guarded_free(&wide);
        kernels->bf16->gemm_pack(k, from, ldx, rows, packed.data);
        memset(again.data, 0xff, (size_t)(even * R) * sizeof(uint16_t));
        kernels->bf16->gemm_pack_bf16(k, halves, ldx, rows, again.data);
        for (int64_t i = 0; i < even * R; i++) {
            const float one = packed_at(kernels, packed.data, i / R, (int)(i % R)),
                        other = packed_at(kernels, again.data, i / R, (int)(i % R));
            assert_true(isnan(one) ? isnan(other) : one == other);
        }
        guarded_free(&rounded);
        guarded_free(&again);
    }
    guarded_free(&x);
    guarded_free(&packed);
}

static void check_packs(const tyto_kernels *kernels)
{
    for (int rows = 1; rows <= kernels->bf16->rows; rows++) {
        for (int64_t k = 1; k <= 100; k++) {
            check_pack(kernels, k, rows, 0, false);
            check_pack(kernels, k, rows, 3, k % 7 == 0);
        }
        check_pack(kernels, 768, rows, 0, false);
    }
}

void check_bf16_pack(void **state)
{
    (void)state;
    for_each_table(check_packs);
}

/* Packed by the kernel, so that a may be of either form; b in pairs. */
static void check_tile(const tyto_kernels *kernels, int64_t k, bool add, bool whole)
{
    const int R = kernels->bf16->rows, N = kernels->gemm_columns;
    stream numbers = {(uint64_t)(k * 2 + add + 1)};
    guarded a = guarded_bytes(
                (size_t)(round_up(k, kernels->bf16->a_interleave) * R * kernels->bf16->a_bytes)),
            rows = guarded_floats(R * k), b = guarded_bytes((size_t)(k * N) * sizeof(uint16_t)),
            acc = guarded_floats(R * N);
    float *x = rows.data, *sums = acc.data, *before = malloc((size_t)(R * N) * sizeof(float)),
          *columns = malloc((size_t)(N * k) * sizeof(float));
    uint16_t *pairs = b.data;
    assert_true(before && columns);
    (whole ? fill_whole : fill_floats)(&numbers, x, R * k);
    (whole ? fill_whole : fill_floats)(&numbers, columns, N * k);
    (whole ? fill_whole : fill_floats)(&numbers, before, R * N);
    memcpy(sums, before, (size_t)(R * N) * sizeof(float));
    if (!add) {
        fill_with(sums, R * N, NAN);
    }
    for (int64_t i = 0; i < N * k; i++) {
        const uint16_t bits = tyto_define_bf16(columns[i]);
        pairs[(i % k / 2 * N + i / k) * 2 + i % k % 2] = bits;
        columns[i] = tyto_define_widen(bits);
    }
    kernels->bf16->gemm_pack(k, x, k, R, a.data);
    tyto_call(kernels->bf16->begin);
    kernels->bf16->gemm_tile(k, a.data, pairs, sums, add, add ? pairs : NULL);
    tyto_call(kernels->bf16->end);
    round_to_bf16(x, R * k);
    /* As for floats: products of bf16 are exact, and their sums round. */
    const double tolerance = whole ? 0.0 : (double)FLT_EPSILON * (8.0 + (double)k / 2.0);
    for (int i = 0; i < R * N; i++) {
        const double wanted = (add ? (double)before[i] : 0.0) +
                              tyto_define_product(k, x + i / N * k, 1, columns + i % N * k, 1);
        if (!is_close((double)sums[i], wanted, tolerance)) {
            fail_msg("%s: k %lld, row %d, column %d: got %.9g, required %.9g", kernels->name,
                     (long long)k, i / N, i % N, (double)sums[i], wanted);
        }
    }
    free(before);
    free(columns);
    guarded_free(&a);
    guarded_free(&rows);
    guarded_free(&b);
    guarded_free(&acc);
}

static void check_tiles(const tyto_kernels *kernels)
{
    static const int64_t depths[] = {256, 600, 3072};
    for (int64_t k = 2; k <= 100; k += 2) {
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

void check_bf16_tile(void **state)
{
    (void)state;
    for_each_table(check_tiles);
}
