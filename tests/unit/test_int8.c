/* Products of 8-bit whole numbers as an operator: against the definition step by step, and against
 * the product of the numbers themselves within what rounding can do. */
#include "base/memory.h"
#include "kernels/scalar/definitions.h"
#include "kernels/scalar/int8_definitions.h"
#include "nn/linear.h"
#include "support/support.h"
#include "support/tables.h"

#define UNTOUCHED 12345.0f

typedef struct product {
    int64_t rows, n, k;
    tyto_activation activation;
    bool bias, residual, smooths;
    int64_t group;
} product;

/* Everything that a product is made of. */
typedef struct operands {
    float *x, *w, *bias, *residual, *smooth, *y;
    void *data;
    tyto_packed_matrix weight;
} operands;

static float *numbers_of(stream *from, int64_t count, float factor)
{
    float *to = malloc((size_t)count * sizeof(float));
    assert_non_null(to);
    fill_floats(from, to, count);
    for (int64_t i = 0; i < count; i++) {
        to[i] *= factor;
    }
    return to;
}

static operands make(const tyto_exec *exec, const product *p)
{
    stream numbers = {(uint64_t)(p->rows + p->n * 3 + p->k * 7 + (int64_t)p->smooths)};
    operands with = {.x = numbers_of(&numbers, p->rows * p->k, 3.0f),
                     .w = numbers_of(&numbers, p->n * p->k, 0.5f),
                     .bias = numbers_of(&numbers, p->n, 1.0f),
                     .residual = numbers_of(&numbers, p->rows * p->n, 1.0f),
                     .smooth = numbers_of(&numbers, p->k, 1.0f),
                     .y = numbers_of(&numbers, p->rows * p->n, 0.0f)};
    for (int64_t i = 0; i < p->k; i++) {
        /* One channel is far larger than the others, and its factor takes that back. */
        with.smooth[i] = i == p->k / 2 ? 0.02f : 1.0f + 0.5f * fabsf(with.smooth[i]);
        for (int64_t r = 0; i == p->k / 2 && r < p->rows; r++) {
            with.x[r * p->k + i] *= 50.0f;
        }
    }
    const size_t bytes = tyto_packed_bytes(exec->kernels, TYTO_I8, p->n, p->k);
    with.data = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(with.data);
    memset(with.data, 0, bytes);
    with.weight = tyto_packed_over(exec->kernels, TYTO_I8, p->n, p->k, with.data);
    if (p->smooths) {
        tyto_packed_smooth(&with.weight, with.smooth);
    }
    /* In two parts, as fused products come. */
    tyto_packed_fill(&with.weight, 0, p->n / 2, with.w, p->k, TYTO_F32, exec->pool);
    tyto_packed_fill(&with.weight, p->n / 2, p->n - p->n / 2, with.w + p->n / 2 * p->k, p->k,
                     TYTO_F32, exec->pool);
    return with;
}

static void clear(operands *with)
{
    free(with->x);
    free(with->w);
    free(with->bias);
    free(with->residual);
    free(with->smooth);
    free(with->y);
    free(with->data);
}

/* x_bf16 NULL: from floats. */
static void run(tyto_exec *exec, const product *p, const operands *with, const uint16_t *x_bf16)
{
    const bool grouped = p->group > 0;
    const tyto_linear_args args = {.x = x_bf16 ? NULL : with->x,
                                   .x_bf16 = x_bf16,
                                   .ldx = p->k,
                                   .rows = p->rows,
                                   .weight = &with->weight,
                                   .bias = p->bias ? with->bias : NULL,
                                   .activation = p->activation,
                                   .residual = p->residual ? with->residual : NULL,
                                   .ldr = p->n,
                                   .y = with->y,
                                   .ldy = grouped ? p->group : p->n,
                                   .group = p->group,
                                   .group_stride = p->rows * p->group};
    fill_with(with->y, p->rows * p->n, UNTOUCHED);
    assert_int_equal(tyto_linear(exec, &args), TYTO_OK);
    assert_int_equal(exec->arena->used, 0);
}

/* One sum from its definition, and how far it may be from the sum of unrounded products: half a
 * step of x on each w, half a step of w on each x, both at once. */
typedef struct sum {
    double quantised, exact, bound;
} sum;

static sum define(const product *p, const operands *with, int64_t row, int64_t column)
{
    const float *x = with->x + row * p->k, *w = with->w + column * p->k,
                *smooth = p->smooths ? with->smooth : NULL;
    const tyto_int8_step step = tyto_int8_step_of(tyto_define_most(p->k, x, smooth));
    float most = 0.0f;
    for (int64_t i = 0; i < p->k; i++) {
        most = fmaxf(most, fabsf(smooth ? w[i] / smooth[i] : w[i]));
    }
    const tyto_int8_step own = tyto_int8_step_of(most);
    int64_t whole = 0;
    sum of = {0};
    for (int64_t i = 0; i < p->k; i++) {
        const float weight = smooth ? w[i] / smooth[i] : w[i],
                    value = tyto_define_smoothed(x, smooth, i);
        whole += (int64_t)tyto_define_quantised(x, smooth, i, step) *
                 (int64_t)rintf(weight * own.inverse);
        of.exact += (double)x[i] * (double)w[i];
        of.bound += 0.5 * (double)step.scale * fabs((double)weight) +
                    0.5 * (double)own.scale * fabs((double)value) +
                    0.25 * (double)step.scale * (double)own.scale;
    }
    of.quantised = (double)whole * (double)step.scale * (double)own.scale;
    of.bound *= 1.0 + 1e-5;
    return of;
}

/* Rows in bf16 give what the same numbers give as floats. */
static void check_from_bf16(tyto_exec *exec, const product *p, operands *with)
{
    const int64_t count = p->rows * p->n;
    uint16_t *rounded = malloc((size_t)(p->rows * p->k) * sizeof(uint16_t));
    float *wanted = malloc((size_t)count * sizeof(float));
    assert_true(rounded && wanted);
    for (int64_t i = 0; i < p->rows * p->k; i++) {
        rounded[i] = tyto_define_bf16(with->x[i]);
        with->x[i] = tyto_define_widen(rounded[i]);
    }
    run(exec, p, with, NULL);
    memcpy(wanted, with->y, (size_t)count * sizeof(float));
    run(exec, p, with, rounded);
    assert_memory_equal(with->y, wanted, (size_t)count * sizeof(float));
    free(rounded);
    free(wanted);
}

static void check(tyto_exec *exec, const product *p)
{
    operands with = make(exec, p);
    run(exec, p, &with, NULL);
    const tyto_epilogue epilogue = {.bias = p->bias ? with.bias : NULL,
                                    .activation = p->activation,
                                    .residual = p->residual ? with.residual : NULL,
                                    .residual_stride = p->n};
    for (int64_t row = 0; row < p->rows; row++) {
        for (int64_t column = 0; column < p->n; column++) {
            const int64_t at = p->group ? column / p->group * p->rows * p->group + row * p->group +
                                              column % p->group
                                        : row * p->n + column;
            const sum of = define(p, &with, row, column);
            const double got = (double)with.y[at],
                         wanted =
                             tyto_define_finish(of.quantised, &epilogue, (int)row, (int)column);
            if (!is_close(got, wanted, 2e-6 * fmax(1.0, fabs(of.quantised)))) {
                fail_msg("%s: %lld x %lld x %lld: row %lld column %lld: got %.9g, required %.9g",
                         exec->kernels->name, (long long)p->rows, (long long)p->n, (long long)p->k,
                         (long long)row, (long long)column, got, wanted);
            }
            if (!is_close(of.quantised, of.exact, of.bound)) {
                fail_msg("%lld steps: %.9g is further than %.3g from %.9g", (long long)p->k,
                         of.quantised, of.bound, of.exact);
            }
        }
    }
    if (tyto_linear_takes_bf16(exec, &with.weight)) {
        check_from_bf16(exec, p, &with);
    }
    clear(&with);
}

/* A row with a number that is not finite has no sums, and neither has a column; others do. */
static void check_not_finite(tyto_exec *exec)
{
    enum { ROWS = 20, N = 37, K = 50, ROW = 3, COLUMN = 11 };
    const product p = {.rows = ROWS, .n = N, .k = K};
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t b = 0; b < 3; b++) {
        operands with = make(exec, &p);
        with.x[ROW * K + 7] = bad[b];
        with.w[COLUMN * K + 9] = bad[b];
        tyto_packed_fill(&with.weight, 0, N, with.w, K, TYTO_F32, exec->pool);
        run(exec, &p, &with, NULL);
        for (int64_t i = 0; i < ROWS * N; i++) {
            assert_int_equal(isnan(with.y[i]), i / N == ROW || i % N == COLUMN);
        }
        clear(&with);
    }
}

static void check_products(tyto_exec *exec)
{
    static const int64_t rows[] = {1, 2, 15, 71}, columns[] = {2, 17, 33, 97},
                         depths[] = {1, 7, 33, 255};
    int which = 0;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            for (size_t l = 0; l < 4; l++, which++) {
                check(exec, &(product){.rows = rows[i],
                                       .n = columns[j],
                                       .k = depths[l],
                                       .bias = which % 2,
                                       .residual = which / 2 % 2,
                                       .smooths = which / 4 % 2});
            }
        }
    }
    check(exec, &(product){.rows = 200, .n = 40, .k = 1030, .bias = true});
    check(exec, &(product){40, 50, 300, TYTO_ACT_GELU, true, true, true, 0});
    check(exec, &(product){40, 50, 20, TYTO_ACT_QUICK_GELU, true, false, false, 0});
    check(exec, &(product){45, 99, 30, TYTO_ACT_NONE, true, false, false, 11});
    check_not_finite(exec);
}

/* Every table, with one thread, with three, and with more than there is work for. */
static void products_are_as_defined(void **state)
{
    const tyto_kernels *tables[8];
    static const int threads[] = {1, 3, 40};
    (void)state;
    const size_t count = tested_tables(tables, 8);
    for (size_t i = 0; i < 3 * count; i++) {
        tyto_arena arena = {0};
        tyto_pool *pool = tyto_pool_create(threads[i % 3]);
        assert_non_null(pool);
        tyto_exec exec = {.kernels = tables[i / 3],
                          .precision = TYTO_PRECISION_INT8,
                          .pool = pool,
                          .arena = &arena};
        check_products(&exec);
        tyto_arena_clear(&arena);
        tyto_pool_destroy(pool);
    }
}

static void sizes_are_checked(void **state)
{
    const tyto_kernels *kernels;
    (void)state;
    assert_int_equal(tyto_kernels_select("scalar", &kernels, NULL), TYTO_OK);
    assert_int_equal(tyto_packed_bytes(kernels, TYTO_I8, INT64_MAX, 2), 0);
    assert_int_equal(tyto_packed_bytes(kernels, TYTO_I8, INT64_C(1) << 40, INT64_C(1) << 40), 0);
    assert_int_equal(tyto_packed_dtype(TYTO_PRECISION_INT8), TYTO_I8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(products_are_as_defined),
                                       cmocka_unit_test(sizes_are_checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
