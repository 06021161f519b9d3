/* Products of 8-bit whole numbers: every table gives the definition's bits. */
#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/int8_definitions.h"

/* More tables than any machine has. */
#define TABLES_MAX 8
#define GROUP TYTO_INT8_INTERLEAVE

static void for_each_int8(void (*check)(const tyto_int8_kernels *kernels))
{
    const tyto_int8_kernels *tables[TABLES_MAX];
    const size_t count = tyto_int8_list(tables, TABLES_MAX);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        check(tables[i]);
    }
}

static void check_belongs(const tyto_kernels *kernels)
{
    const tyto_int8_kernels *own = tyto_int8_select(kernels);
    assert_non_null(own);
    assert_string_equal(own->isa, kernels->family);
    assert_int_equal(own->columns, kernels->gemm_columns);
    assert_true(own->kc % own->a_interleave == 0 && !own->part == !own->kc);
}

void check_int8_select(void **state)
{
    const tyto_int8_kernels *tables[TABLES_MAX];
    (void)state;
    for_each_table(check_belongs);
    assert_int_equal(tyto_int8_list(tables, 1), 1);
}

/* Where step i of a row lies in a packed tile. */
static int64_t packed_at(const tyto_int8_kernels *kernels, int row, int64_t i)
{
    const int64_t steps = kernels->a_interleave;
    return (i / steps * kernels->rows + row) * steps + i % steps;
}

/* Packs x[rows][k] and compares all bytes and scales; x ends where its last row ends. */
static void compare_pack(const tyto_int8_kernels *kernels, int64_t k, const float *x, int64_t ldx,
                         int rows, const float *smooth)
{
    const int64_t bytes = tyto_int8_tile_bytes(kernels, k);
    guarded packed = guarded_bytes((size_t)bytes), scales = guarded_floats(kernels->rows);
    uint8_t *to = packed.data;
    float *steps = scales.data;
    memset(to, 0x55, (size_t)bytes);
    fill_with(steps, kernels->rows, 12345.0f);
    kernels->pack(k, x, ldx, rows, smooth, to, steps);
    for (int r = 0; r < kernels->rows; r++) {
        tyto_int8_step step = {0.0f, 0.0f};
        if (r < rows) {
            step = tyto_int8_step_of(tyto_define_most(k, x + r * ldx, smooth));
        }
        assert_true(isnan(step.scale) ? isnan(steps[r]) : steps[r] == step.scale);
        for (int64_t i = 0; i < bytes / kernels->rows; i++) {
            const int wanted = r < rows && i < k
                                   ? tyto_define_quantised(x + r * ldx, smooth, i, step)
                                   : 0,
                      got = to[packed_at(kernels, r, i)];
            if (got != (uint8_t)(wanted + kernels->offset)) {
                fail_msg("%s: k %lld, %d rows, smooth %d: row %d, step %lld: got %d, required %d",
                         kernels->name, (long long)k, rows, smooth != NULL, r, (long long)i,
                         got - kernels->offset, wanted);
            }
        }
    }
    guarded_free(&packed);
    guarded_free(&scales);
}

static void check_pack(const tyto_int8_kernels *kernels, int64_t k, int rows, int64_t gap,
                       bool smooths)
{
    const int64_t ldx = k + gap, room = (rows - 1) * ldx + k;
    stream numbers = {(uint64_t)(k * 100 + rows)};
    guarded x = guarded_floats(room), smooth = guarded_floats(k);
    float *from = x.data;
    fill_floats(&numbers, from, room);
    fill_floats(&numbers, smooth.data, k);
    for (int64_t i = 0; i < room; i++) {
        from[i] *= (float)(1 + i % 7);
    }
    compare_pack(kernels, k, from, ldx, rows, smooths ? smooth.data : NULL);
    guarded_free(&x);
    guarded_free(&smooth);
}

static void check_packs(const tyto_int8_kernels *kernels)
{
    for (int rows = 1; rows <= kernels->rows; rows++) {
        for (int64_t k = 1; k <= 70; k++) {
            check_pack(kernels, k, rows, 0, false);
            check_pack(kernels, k, rows, 3, true);
        }
        check_pack(kernels, 768, rows, 0, true);
        check_pack(kernels, 3075, rows, 1, false);
    }
}

void check_int8_pack(void **state)
{
    (void)state;
    for_each_int8(check_packs);
}

/* A row of one extreme among small numbers, between ordinary rows. */
static void check_extreme(const tyto_int8_kernels *kernels, float extreme, int64_t k, int64_t at)
{
    const int rows = kernels->rows;
    stream numbers = {(uint64_t)(at + 1)};
    guarded x = guarded_floats(rows * k);
    float *from = x.data;
    fill_floats(&numbers, from, rows * k);
    from[k + at] = extreme;
    compare_pack(kernels, k, from, k, rows, NULL);
    fill_with(from + k, k, extreme);
    compare_pack(kernels, k, from, k, rows, NULL);
    /* Halves are ties: they go to the even number. */
    for (int64_t i = 0; i < k; i++) {
        from[i] = ((float)(i % 127) + 0.5f) * (i % 2 ? 1.0f : -1.0f);
    }
    from[at] = 127.0f;
    compare_pack(kernels, k, from, k, rows, NULL);
    guarded_free(&x);
}

static void check_pack_extremes_of(const tyto_int8_kernels *kernels)
{
    static const float extremes[] = {0.0f,    -0.0f,    FLT_MIN,         1e-42f,
                                     FLT_MAX, -FLT_MAX, INFINITY,        -INFINITY,
                                     NAN,     1e30f,    TYTO_INT8_LEAST, TYTO_INT8_LEAST * 0.99f};
    for (size_t e = 0; e < sizeof(extremes) / sizeof(extremes[0]); e++) {
        for (int64_t k = 2; k <= 67; k += 13) {
            for (int64_t at = 0; at < k; at++) {
                check_extreme(kernels, extremes[e], k, at);
            }
        }
    }
}

void check_int8_pack_extremes(void **state)
{
    (void)state;
    for_each_int8(check_pack_extremes_of);
}

typedef enum numbers_kind { ANY, ALL_MOST, ALL_LEAST, OPPOSITE } numbers_kind;

static int activation_of(stream *numbers, numbers_kind kind)
{
    return kind == ANY ? (int)next_int(numbers, -128, 127) : kind == ALL_MOST ? 127 : -128;
}

static int weight_of(stream *numbers, numbers_kind kind)
{
    return kind == ANY ? (int)next_int(numbers, -127, 127) : kind == ALL_LEAST ? -127 : 127;
}

/* The same tile at once, or in parts of at most `steps` steps. */
static void multiply(const tyto_int8_kernels *kernels, int64_t groups, const uint8_t *a,
                     const int8_t *b, const tyto_int8_scales *scales, int64_t steps, float *y)
{
    tyto_call(kernels->begin);
    if (!steps) {
        kernels->tile(groups, a, b, scales, y, groups % 2 ? b : NULL);
    }
    for (int64_t at = 0; steps && at < groups * GROUP; at += steps) {
        const int64_t left = groups * GROUP - at;
        kernels->part((left < steps ? left : steps) / GROUP, a + at * kernels->rows,
                      b + at * kernels->columns, (int32_t *)(void *)y, at > 0, b);
    }
    if (steps) {
        kernels->finish((const int32_t *)(const void *)y, scales, y);
    }
    tyto_call(kernels->end);
}

/* steps: of a part, or 0 */
static void check_tile(const tyto_int8_kernels *kernels, int64_t groups, numbers_kind kind,
                       int64_t steps)
{
    const int R = kernels->rows, N = kernels->columns;
    const int64_t k = groups * GROUP, bytes = tyto_int8_tile_bytes(kernels, k);
    stream numbers = {(uint64_t)(groups * 4 + (int)kind + 1)};
    guarded a = guarded_bytes((size_t)bytes), b = guarded_bytes((size_t)(k * N)),
            sums = guarded_floats(N), rows = guarded_floats(R), columns = guarded_floats(N),
            y = guarded_floats(R * N);
    uint8_t *left = a.data, *plain = malloc((size_t)(k * R));
    int8_t *right = b.data;
    int32_t *totals = sums.data;
    float *out = y.data, *row_scales = rows.data, *column_scales = columns.data;
    assert_non_null(plain);
    memset(left, kernels->offset, (size_t)bytes);
    for (int64_t i = 0; i < k * R; i++) {
        const int row = (int)(i / GROUP % R);
        plain[i] = (uint8_t)(activation_of(&numbers, kind) + kernels->offset);
        left[packed_at(kernels, row, i / GROUP / R * GROUP + i % GROUP)] = plain[i];
    }
    memset(totals, 0, (size_t)N * sizeof(int32_t));
    for (int64_t i = 0; i < k * N; i++) {
        right[i] = (int8_t)weight_of(&numbers, kind);
        totals[i / GROUP % N] += right[i];
    }
    for (int pass = 0; pass < 2; pass++) {
        /* First the whole numbers themselves, then with scales. */
        fill_with(row_scales, R, 1.0f);
        fill_with(column_scales, N, 1.0f);
        if (pass) {
            fill_floats(&numbers, row_scales, R);
            fill_floats(&numbers, column_scales, N);
            row_scales[R - 1] = NAN;
        }
        fill_with(out, R * N, 12345.0f);
        multiply(kernels, groups, left, right,
                 &(tyto_int8_scales){.rows = row_scales, .columns = column_scales, .sums = totals},
                 steps, out);
        for (int i = 0; i < R * N; i++) {
            const int32_t sum = tyto_define_int8_product(groups, plain + i / N * GROUP, R,
                                                         right + i % N * GROUP, N, kernels->offset);
            const float wanted = (float)sum * row_scales[i / N] * column_scales[i % N];
            if (!is_close((double)out[i], (double)wanted, 0.0)) {
                fail_msg("%s: %lld groups, kind %d, pass %d, steps %lld: row %d, column %d: got "
                         "%.9g, required %.9g",
                         kernels->name, (long long)groups, (int)kind, pass, (long long)steps, i / N,
                         i % N, (double)out[i], (double)wanted);
            }
        }
    }
    free(plain);
    guarded_free(&a);
    guarded_free(&b);
    guarded_free(&sums);
    guarded_free(&rows);
    guarded_free(&columns);
    guarded_free(&y);
}

static void check_kinds(const tyto_int8_kernels *kernels, int64_t groups)
{
    for (int kind = ANY; kind <= OPPOSITE; kind++) {
        check_tile(kernels, groups, (numbers_kind)kind, 0);
        if (kernels->part) {
            check_tile(kernels, groups, (numbers_kind)kind, kernels->a_interleave);
            check_tile(kernels, groups, (numbers_kind)kind, kernels->kc);
        }
    }
}

static void check_tiles(const tyto_int8_kernels *kernels)
{
    static const int64_t depths[] = {64, 192, 769, TYTO_INT8_DEPTH_MAX / GROUP};
    for (int64_t groups = 1; groups <= 40; groups++) {
        check_kinds(kernels, groups);
    }
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        check_kinds(kernels, depths[i]);
    }
}

void check_int8_tile(void **state)
{
    (void)state;
    for_each_int8(check_tiles);
}

static void check_rounds(const tyto_int8_kernels *kernels)
{
    assert_true(kernels->dot_rounds(3) == 3.0 * kernels->dot_rounds(1));
}

void check_int8_rounds(void **state)
{
    (void)state;
    for_each_int8(check_rounds);
}
