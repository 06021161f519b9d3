/* Convolution, batch norm and pooling against their definitions, on every table. */
#include "nn/convolution.h"

#include "base/memory.h"
#include "support/support.h"
#include "support/tables.h"

/* Runs an operator, which gives all scratch back. */
#define RUN(exec, call)                                                                            \
    do {                                                                                           \
        assert_int_equal(call, TYTO_OK);                                                           \
        assert_int_equal((exec)->arena->used, 0);                                                  \
    } while (0)

static void for_each_exec(void (*check)(tyto_exec *exec))
{
    const tyto_kernels *tables[8];
    const size_t count = tested_tables(tables, 8);
    for (size_t i = 0; i < 2 * count; i++) {
        tyto_arena arena = {0};
        tyto_pool *pool = tyto_pool_create(i % 2 ? 3 : 1);
        assert_non_null(pool);
        tyto_exec exec = {.kernels = tables[i / 2], .pool = pool, .arena = &arena};
        check(&exec);
        tyto_arena_clear(&arena);
        tyto_pool_destroy(pool);
    }
}

/* y[oy,ox,o] = bias[o] + Σ w[o,c,i,j]·x[c, oy·s+i−p, ox·s+j−p], in whole numbers, so exactly. */
static double convolved(const tyto_convolution_args *a, const float *w, int64_t oy, int64_t ox,
                        int64_t o)
{
    double sum = a->bias ? (double)a->bias[o] : 0.0;
    for (int64_t c = 0; c < a->channels; c++) {
        for (int64_t i = 0; i < a->kernel; i++) {
            for (int64_t j = 0; j < a->kernel; j++) {
                const int64_t y = oy * a->stride + i - a->padding,
                              x = ox * a->stride + j - a->padding;
                if (y >= 0 && y < a->height && x >= 0 && x < a->width) {
                    sum += (double)a->x[(c * a->height + y) * a->width + x] *
                           (double)w[((o * a->channels + c) * a->kernel + i) * a->kernel + j];
                }
            }
        }
    }
    return sum;
}

static void check_convolution(tyto_exec *exec, tyto_convolution_args a, int64_t outs, bool bias)
{
    const int64_t k = a.channels * a.kernel * a.kernel,
                  down = tyto_window_count(a.height, a.kernel, a.stride, a.padding),
                  across = tyto_window_count(a.width, a.kernel, a.stride, a.padding);
    stream numbers = {(uint64_t)(a.height * 100 + a.width)};
    guarded x = guarded_floats(a.channels * a.height * a.width), w = guarded_floats(outs * k),
            b = guarded_floats(outs), y = guarded_floats(down * across * outs);
    fill_whole(&numbers, x.data, a.channels * a.height * a.width);
    fill_whole(&numbers, w.data, outs * k);
    fill_whole(&numbers, b.data, outs);
    const size_t bytes = tyto_packed_bytes(exec->kernels, TYTO_F32, outs, k);
    void *data = tyto_pages_alloc(bytes);
    assert_non_null(data);
    const tyto_packed_matrix weight = tyto_packed_over(exec->kernels, TYTO_F32, outs, k, data);
    tyto_packed_fill(&weight, 0, outs, w.data, k, TYTO_F32, exec->pool);
    a.x = x.data;
    a.weight = &weight;
    a.bias = bias ? b.data : NULL;
    a.y = y.data;
    RUN(exec, tyto_convolution(exec, &a));
    for (int64_t i = 0; i < down * across * outs; i++) {
        const double wanted = convolved(&a, w.data, i / outs / across, i / outs % across, i % outs);
        assert_true((double)a.y[i] == wanted);
    }
    tyto_pages_free(data, bytes);
    guarded_free(&x);
    guarded_free(&w);
    guarded_free(&b);
    guarded_free(&y);
}

static void convolutions(tyto_exec *exec)
{
    check_convolution(
        exec,
        (tyto_convolution_args){
            .channels = 3, .height = 17, .width = 22, .kernel = 7, .stride = 2, .padding = 3},
        5, false);
    check_convolution(
        exec,
        (tyto_convolution_args){
            .channels = 1, .height = 1, .width = 1, .kernel = 3, .stride = 1, .padding = 1},
        1, true);
    /* More windows than are laid out at once. */
    check_convolution(
        exec,
        (tyto_convolution_args){.channels = 2, .height = 80, .width = 67, .kernel = 2, .stride = 1},
        33, true);
}

static void convolution_is_its_definition(void **state)
{
    (void)state;
    for_each_exec(convolutions);
}

static void check_batch_norm(tyto_exec *exec)
{
    enum { ROWS = 131, CHANNELS = 11 };
    float x[ROWS * CHANNELS], before[ROWS * CHANNELS], mean[CHANNELS], variance[CHANNELS],
        gamma[CHANNELS], beta[CHANNELS];
    stream numbers = {5};
    fill_floats(&numbers, x, ROWS * CHANNELS);
    fill_floats(&numbers, mean, CHANNELS);
    fill_floats(&numbers, variance, CHANNELS);
    fill_floats(&numbers, gamma, CHANNELS);
    fill_floats(&numbers, beta, CHANNELS);
    for (int c = 0; c < CHANNELS; c++) {
        variance[c] = c == 0 ? 0.0f : fabsf(variance[c]);
    }
    memcpy(before, x, sizeof(x));
    const tyto_batch_norm_args args = {.rows = ROWS,
                                       .channels = CHANNELS,
                                       .mean = mean,
                                       .variance = variance,
                                       .gamma = gamma,
                                       .beta = beta,
                                       .eps = 1e-3f,
                                       .activation = TYTO_ACT_RELU,
                                       .x = x};
    RUN(exec, tyto_batch_norm(exec, &args));
    for (int i = 0; i < ROWS * CHANNELS; i++) {
        const int c = i % CHANNELS;
        const double wanted = ((double)before[i] - (double)mean[c]) /
                                  sqrt((double)variance[c] + (double)args.eps) * (double)gamma[c] +
                              (double)beta[c];
        assert_true(is_close((double)x[i], fmax(wanted, 0.0), 1e-5 * fmax(1.0, fabs(wanted))));
    }
}

static void batch_norm_is_its_definition(void **state)
{
    (void)state;
    for_each_exec(check_batch_norm);
}

static void check_pool(tyto_exec *exec)
{
    enum { H = 9, W = 12, C = 5, OH = 4, OW = 5 };
    float x[H * W * C];
    guarded y = guarded_floats(OH * OW * C);
    stream numbers = {7};
    fill_floats(&numbers, x, H * W * C);
    assert_int_equal(tyto_window_count(H, 3, 2, 0), OH);
    assert_int_equal(tyto_window_count(W, 3, 2, 0), OW);
    RUN(exec, tyto_max_pool(exec, x, H, W, C, 3, 2, y.data));
    for (int i = 0; i < OH * OW * C; i++) {
        float most = -INFINITY;
        for (int w = 0; w < 9; w++) {
            const int row = i / C / OW * 2 + w / 3, column = i / C % OW * 2 + w % 3;
            most = fmaxf(most, x[(row * W + column) * C + i % C]);
        }
        assert_true(((float *)y.data)[i] == most);
    }
    guarded_free(&y);
}

static void max_pool_is_its_definition(void **state)
{
    (void)state;
    for_each_exec(check_pool);
}

static void shapes_are_checked(void **state)
{
    (void)state;
    tyto_arena arena = {0};
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_kernels *table;
    assert_int_equal(tyto_kernels_list(&table, 1), 1);
    tyto_exec exec = {.kernels = table, .arena = &arena, .err = &err};
    const tyto_packed_matrix weight = {.n = 4, .k = 2 * 49};
    tyto_convolution_args args = {
        .channels = 3, .height = 9, .width = 9, .kernel = 7, .stride = 2, .weight = &weight};
    assert_int_equal(tyto_convolution(&exec, &args), TYTO_E_SHAPE);
    assert_string_equal(tyto_error_message(&err), "convolution: got 9x9 pixels of 3 channels, "
                                                  "required at least 7x7 of 2");
    tyto_error_clear(&err);
    args.channels = 2;
    args.width = 6;
    assert_int_equal(tyto_convolution(&exec, &args), TYTO_E_SHAPE);
    tyto_error_clear(&err);
    assert_int_equal(tyto_max_pool(&exec, NULL, 2, 3, 1, 3, 2, NULL), TYTO_E_SHAPE);
    assert_string_equal(tyto_error_message(&err),
                        "max pool: got 2x3 pixels, required at least 3x3");
    tyto_error_clear(&err);
    tyto_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_is_its_definition),
        cmocka_unit_test(batch_norm_is_its_definition),
        cmocka_unit_test(max_pool_is_its_definition),
        cmocka_unit_test(shapes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
