/* Feed-forwards against their products one after the other, of every pair of types of weights. */
#include "kernels/scalar/definitions.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"
#include "support/operators.h"

#include "support/cases.h"

typedef struct feed_forward_shape {
    int64_t rows, D, wide;
} feed_forward_shape;

/* A feed-forward gives what its parts give one after the other, to the bit, however what lies
 * between them is stored: rounded to bf16 where the second takes that. */
static void check_feed_forward_of(tyto_exec *exec, const feed_forward_shape *shape,
                                  tyto_dtype first_dtype, tyto_dtype second_dtype)
{
    const int64_t rows = shape->rows, D = shape->D, W = shape->wide;
    stream numbers = {(uint64_t)(rows + D * 3 + W * 7)};
    guarded w = guarded_floats(W * D), biases = guarded_floats(W + D), norm = guarded_floats(2 * D),
            x = guarded_floats(rows * D), wanted = guarded_floats(rows * D),
            middle = guarded_floats(rows * W);
    fill_floats(&numbers, w.data, W * D);
    fill_floats(&numbers, biases.data, W + D);
    fill_floats(&numbers, norm.data, 2 * D);
    fill_floats(&numbers, x.data, rows * D);
    memcpy(wanted.data, x.data, (size_t)(rows * D) * sizeof(float));
    void *data1 = aligned_zeros(tyto_packed_bytes(exec->kernels, first_dtype, W, D)),
         *data2 = aligned_zeros(tyto_packed_bytes(exec->kernels, second_dtype, D, W));
    const tyto_packed_matrix first = tyto_packed_over(exec->kernels, first_dtype, W, D, data1),
                             second = tyto_packed_over(exec->kernels, second_dtype, D, W, data2);
    tyto_packed_fill(&first, 0, W, w.data, D, TYTO_F32, exec->pool);
    tyto_packed_fill(&second, 0, D, w.data, W, TYTO_F32, exec->pool);
    const float *gamma = norm.data, *bias = biases.data;
    float *between = middle.data;
    const tyto_norm before = {gamma, gamma + D, 1e-5f};
    RUN(exec, tyto_linear(exec, &(tyto_linear_args){.x = x.data,
                                                    .ldx = D,
                                                    .norm = before,
                                                    .rows = rows,
                                                    .weight = &first,
                                                    .bias = bias,
                                                    .activation = TYTO_ACT_GELU,
                                                    .y = between,
                                                    .ldy = W}));
    for (int64_t i = 0; tyto_linear_takes_bf16(exec, &second) && i < rows * W; i++) {
        between[i] = tyto_define_widen(tyto_define_bf16(between[i]));
    }
    RUN(exec, tyto_linear(exec, &(tyto_linear_args){.x = between,
                                                    .ldx = W,
                                                    .rows = rows,
                                                    .weight = &second,
                                                    .bias = bias + W,
                                                    .residual = wanted.data,
                                                    .ldr = D,
                                                    .y = wanted.data,
                                                    .ldy = D}));
    const tyto_feed_forward_args args = {.x = x.data,
                                         .norm = before,
                                         .rows = rows,
                                         .first = &first,
                                         .second = &second,
                                         .first_bias = bias,
                                         .second_bias = bias + W,
                                         .activation = TYTO_ACT_GELU,
                                         .y = x.data};
    RUN(exec, tyto_feed_forward(exec, &args));
    assert_memory_equal(x.data, wanted.data, (size_t)(rows * D) * sizeof(float));
    free(data1);
    free(data2);
    guarded_free(&w);
    guarded_free(&biases);
    guarded_free(&norm);
    guarded_free(&x);
    guarded_free(&wanted);
    guarded_free(&middle);
}

/* In one precision, and with layers that stay bf16 among whole numbers. */
static void check_feed_forward(tyto_exec *exec)
{
    static const feed_forward_shape shapes[] = {
        {1, 40, 64}, {45, 30, 96}, {100, 64, 2112}, {70, 33, 50}, {5, 20, 31}};
    static const tyto_dtype dtypes[] = {TYTO_BF16, TYTO_I8};
    for (size_t i = 0; next_case(i, sizeof(shapes) / sizeof(shapes[0])); i++) {
        if (exec->precision == TYTO_PRECISION_FP32) {
            check_feed_forward_of(exec, &shapes[i], TYTO_F32, TYTO_F32);
            continue;
        }
        for (int pair = 0; pair < 4; pair++) {
            check_feed_forward_of(exec, &shapes[i], dtypes[pair / 2], dtypes[pair % 2]);
        }
    }
}

static void feed_forwards_are_their_parts(void **state)
{
    (void)state;
    for_each_exec(check_feed_forward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(feed_forwards_are_their_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
