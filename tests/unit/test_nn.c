/* Operators against the kernels' definitions: odd shapes, strides, threads. */
#include "base/memory.h"
#include "kernels/scalar/definitions.h"
#include "nn/attention.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/patches.h"
#include "support/operators.h"

#include "support/cases.h"

typedef struct product {
    int64_t rows, n, k;
    bool bias, residual;
} product;

#define UNTOUCHED 12345.0f

/* The same product from rounded rows to rounded outputs: the bits of what args gave, rounded. */
static void check_in_bf16(tyto_exec *exec, const tyto_linear_args *args)
{
    const int64_t n = args->weight->n, k = args->weight->k,
                  x_count = (args->rows - 1) * args->ldx + k,
                  y_count = (args->rows - 1) * args->ldy + n;
    guarded x = guarded_bytes((size_t)x_count * sizeof(uint16_t)),
            y = guarded_bytes((size_t)y_count * sizeof(uint16_t));
    tyto_linear_args halves = *args;
    uint16_t *from = x.data, *out = y.data;
    for (int64_t i = 0; i < x_count; i++) {
        from[i] = tyto_define_bf16(args->x[i]);
    }
    memset(out, 0x55, (size_t)y_count * sizeof(uint16_t));
    halves.x = NULL;
    halves.x_bf16 = from;
    halves.y = NULL;
    halves.y_bf16 = out;
    RUN(exec, tyto_linear(exec, &halves));
    for (int64_t i = 0; i < y_count; i++) {
        const uint16_t wanted = i % args->ldy < n ? tyto_define_bf16(args->y[i]) : 0x5555;
        if (tyto_define_widen(out[i]) != tyto_define_widen(wanted)) { /* -0 is 0 */
            fail_msg("%s: %lld x %lld x %lld in bf16: at %lld got %x, required %x",
                     exec->kernels->name, (long long)args->rows, (long long)n, (long long)k,
                     (long long)i, out[i], wanted);
        }
    }
    guarded_free(&x);
    guarded_free(&y);
}

/* Whole numbers, small enough for bf16: everything but the rounding of an activation is exact. */
static void check_product(tyto_exec *exec, const product *p, tyto_activation activation)
{
    const int64_t ldx = p->k + 3, ldy = p->n + 2, ldr = p->n + 5;
    const int64_t x_count = (p->rows - 1) * ldx + p->k, y_count = (p->rows - 1) * ldy + p->n,
                  r_count = (p->rows - 1) * ldr + p->n;
    stream numbers = {(uint64_t)(p->rows + p->n * 3 + p->k * 7)};
    guarded x = guarded_floats(x_count), y = guarded_floats(y_count), r = guarded_floats(r_count),
            bias = guarded_floats(p->n), w = guarded_floats(p->n * p->k);
    fill_whole(&numbers, x.data, x_count);
    fill_whole(&numbers, r.data, r_count);
    fill_whole(&numbers, bias.data, p->n);
    fill_whole(&numbers, w.data, p->n * p->k);
    fill_with(y.data, y_count, UNTOUCHED);
    void *data = aligned_zeros(
        tyto_packed_bytes(exec->kernels, tyto_packed_dtype(exec->precision), p->n, p->k));
    const tyto_packed_matrix weight =
        tyto_packed_over(exec->kernels, tyto_packed_dtype(exec->precision), p->n, p->k, data);
    tyto_packed_fill(&weight, 0, p->n, w.data, p->k, TYTO_F32, exec->pool);
    const tyto_linear_args args = {.x = x.data,
                                   .ldx = ldx,
                                   .rows = p->rows,
                                   .weight = &weight,
                                   .bias = p->bias ? bias.data : NULL,
                                   .activation = activation,
                                   .residual = p->residual ? r.data : NULL,
                                   .ldr = ldr,
                                   .y = y.data,
                                   .ldy = ldy};
    RUN(exec, tyto_linear(exec, &args));
    const tyto_epilogue epilogue = {.bias = args.bias,
                                    .activation = activation,
                                    .residual = args.residual,
                                    .residual_stride = ldr};
    for (int64_t i = 0; i < y_count; i++) {
        const int row = (int)(i / ldy), column = (int)(i % ldy);
        double wanted = (double)UNTOUCHED, size = 0.0;
        if (column < p->n) {
            const float *from = args.x + row * ldx, *to = (const float *)w.data + column * p->k;
            const double sum = tyto_define_product(p->k, from, 1, to, 1);
            size = sqrt(tyto_define_product(p->k, from, 1, from, 1) *
                        tyto_define_product(p->k, to, 1, to, 1));
            wanted = tyto_define_finish(sum, &epilogue, row, column);
        }
        const double got = (double)args.y[i],
                     tolerance =
                         (activation == TYTO_ACT_NONE ? 0.0 : 1e-6 * fmax(1.0, fabs(wanted))) +
                         /* Digits count a row by its largest number, not by whole ones. */
                         (weight.digits ? 0x1p-22 * size : 0.0);
        if (!is_close(got, wanted, tolerance)) {
            fail_msg("%s: %lld x %lld x %lld, bias %d, residual %d: row %d column %d: got %.9g, "
                     "required %.9g",
                     exec->kernels->name, (long long)p->rows, (long long)p->n, (long long)p->k,
                     p->bias, p->residual, row, column, got, wanted);
        }
    }
    if (tyto_linear_takes_bf16(exec, &weight)) {
        check_in_bf16(exec, &args);
    }
    free(data);
    guarded_free(&x);
    guarded_free(&y);
    guarded_free(&r);
    guarded_free(&bias);
    guarded_free(&w);
}

static void check_products(tyto_exec *exec)
{
    static const int64_t rows[] = {1, 2, 7, 15, 71, 73, 150}, columns[] = {1, 3, 17, 33, 97, 130},
                         depths[] = {1, 7, 33, 255, 257, 600};
    int which = 0;
    for (size_t i = 0; next_case(i, sizeof(rows) / sizeof(rows[0])); i++) {
        for (size_t j = 0; next_case(j, sizeof(columns) / sizeof(columns[0])); j++) {
            for (size_t l = 0; l < sizeof(depths) / sizeof(depths[0]); l++, which++) {
                const product p = {rows[i], columns[j], depths[l], which % 2, which / 2 % 2};
                check_product(exec, &p, TYTO_ACT_NONE);
            }
        }
    }
    check_product(exec, &(product){5, 2100, 40, true, true}, TYTO_ACT_NONE);
    check_product(exec, &(product){700, 40, 520, true, true}, TYTO_ACT_NONE);
    /* Sums in several blocks, which wait for each other. */
    check_product(exec, &(product){35, 40, 1500, true, true}, TYTO_ACT_NONE);
    check_product(exec, &(product){15, 1040, 1100, true, false}, TYTO_ACT_NONE);
    check_product(exec, &(product){34, 35, 4300, false, true}, TYTO_ACT_NONE);
    check_product(exec, &(product){40, 50, 300, true, true}, TYTO_ACT_GELU);
    check_product(exec, &(product){40, 50, 20, true, false}, TYTO_ACT_QUICK_GELU);
}

/* Outputs in groups of eleven, each group rows of its own with a gap. */
static void check_groups(tyto_exec *exec)
{
    enum { ROWS = 45, N = 99, K = 30, GROUP = 11, LDY = GROUP + 2, APART = ROWS * LDY + 7 };
    float x[ROWS * K], w[N * K], bias[N], residual[ROWS * N], y[N / GROUP * APART];
    stream numbers = {21};
    fill_whole(&numbers, x, ROWS * K);
    fill_whole(&numbers, w, N * K);
    fill_whole(&numbers, bias, N);
    fill_whole(&numbers, residual, ROWS * N);
    fill_with(y, N / GROUP * APART, UNTOUCHED);
    void *data =
        aligned_zeros(tyto_packed_bytes(exec->kernels, tyto_packed_dtype(exec->precision), N, K));
    const tyto_packed_matrix weight =
        tyto_packed_over(exec->kernels, tyto_packed_dtype(exec->precision), N, K, data);
    tyto_packed_fill(&weight, 0, N, w, K, TYTO_F32, exec->pool);
    const tyto_linear_args args = {.x = x,
                                   .ldx = K,
                                   .rows = ROWS,
                                   .weight = &weight,
                                   .bias = bias,
                                   .residual = residual,
                                   .ldr = N,
                                   .y = y,
                                   .ldy = LDY,
                                   .group = GROUP,
                                   .group_stride = APART};
    RUN(exec, tyto_linear(exec, &args));
    for (int i = 0; i < N / GROUP * APART; i++) {
        const int row = i % APART / LDY, in_group = i % APART % LDY,
                  column = i / APART * GROUP + in_group;
        double wanted = (double)UNTOUCHED;
        if (row < ROWS && in_group < GROUP) {
            wanted = tyto_define_product(K, x + row * K, 1, w + column * K, 1) +
                     (double)bias[column] + (double)residual[row * N + column];
        }
        assert_true((double)y[i] == wanted);
    }
    free(data);
}

static void products_in_groups(void **state)
{
    (void)state;
    for_each_exec(check_groups);
}

static void products(void **state)
{
    (void)state;
    for_each_exec(check_products);
}

/* y that is the residual, and no rows at all. */
static void check_in_place(tyto_exec *exec)
{
    enum { ROWS = 30, N = 37, K = 20 };
    float x[ROWS * K], w[N * K], y[ROWS * N], before[ROWS * N];
    stream numbers = {5};
    fill_whole(&numbers, x, ROWS * K);
    fill_whole(&numbers, w, N * K);
    fill_whole(&numbers, y, ROWS * N);
    memcpy(before, y, sizeof(y));
    void *data =
        aligned_zeros(tyto_packed_bytes(exec->kernels, tyto_packed_dtype(exec->precision), N, K));
    const tyto_packed_matrix weight =
        tyto_packed_over(exec->kernels, tyto_packed_dtype(exec->precision), N, K, data);
    tyto_packed_fill(&weight, 0, N, w, K, TYTO_F32, exec->pool);
    tyto_linear_args args = {
        .x = x, .ldx = K, .rows = 0, .weight = &weight, .residual = y, .ldr = N, .y = y, .ldy = N};
    RUN(exec, tyto_linear(exec, &args));
    assert_memory_equal(before, y, sizeof(y));
    args.rows = ROWS;
    RUN(exec, tyto_linear(exec, &args));
    for (int i = 0; i < ROWS * N; i++) {
        const double sum = tyto_define_product(K, x + i / N * K, 1, w + i % N * K, 1);
        assert_true((double)y[i] == sum + (double)before[i]);
    }
    free(data);
}

static void products_add_to_their_output(void **state)
{
    (void)state;
    for_each_exec(check_in_place);
}

/* A norm as rows are packed gives what a norm before gives, to the bit. */
static void check_norm_before_dtype(tyto_exec *exec, tyto_dtype dtype)
{
    static const product shapes[] = {
        {45, 70, 30}, {300, 40, 129}, {5, 40, 20}, {33, 1040, 1100}, {700, 33, 520}};
    for (size_t i = 0; next_case(i, sizeof(shapes) / sizeof(shapes[0])); i++) {
        const int64_t rows = shapes[i].rows, N = shapes[i].n, K = shapes[i].k;
        stream numbers = {(uint64_t)(rows + N * 3 + K * 7)};
        guarded x = guarded_floats(rows * K), normed = guarded_floats(rows * K),
                w = guarded_floats(N * K), norm = guarded_floats(2 * K),
                y = guarded_floats(rows * N), wanted = guarded_floats(rows * N);
        fill_floats(&numbers, x.data, rows * K);
        fill_floats(&numbers, w.data, N * K);
        fill_floats(&numbers, norm.data, 2 * K);
        void *data = aligned_zeros(tyto_packed_bytes(exec->kernels, dtype, N, K));
        const tyto_packed_matrix weight = tyto_packed_over(exec->kernels, dtype, N, K, data);
        tyto_packed_fill(&weight, 0, N, w.data, K, TYTO_F32, exec->pool);
        const float *gamma = norm.data;
        tyto_linear_args args = {.x = normed.data,
                                 .ldx = K,
                                 .rows = rows,
                                 .weight = &weight,
                                 .y = wanted.data,
                                 .ldy = N};
        RUN(exec, tyto_layer_norm(exec, rows, K, x.data, gamma, gamma + K, 1e-5f, normed.data));
        RUN(exec, tyto_linear(exec, &args));
        args.x = x.data;
        args.y = y.data;
        args.norm = (tyto_norm){gamma, gamma + K, 1e-5f};
        RUN(exec, tyto_linear(exec, &args));
        assert_memory_equal(y.data, wanted.data, (size_t)(rows * N) * sizeof(float));
        free(data);
        guarded_free(&x);
        guarded_free(&normed);
        guarded_free(&w);
        guarded_free(&norm);
        guarded_free(&y);
        guarded_free(&wanted);
    }
}

static void check_norm_before(tyto_exec *exec)
{
    check_norm_before_dtype(exec, tyto_packed_dtype(exec->precision));
    check_norm_before_dtype(exec, TYTO_I8);
}

static void rows_are_normalised_as_they_are_packed(void **state)
{
    (void)state;
    for_each_exec(check_norm_before);
}

/* A matrix packed in parts, from unaligned sources of every float type. */
static void check_packing(tyto_exec *exec)
{
    enum { N = 70, K = 133, FIRST = 23 };
    static const tyto_dtype types[] = {TYTO_F32, TYTO_F16, TYTO_BF16, TYTO_F64};
    for (size_t t = 0; next_case(t, sizeof(types) / sizeof(types[0])); t++) {
        const size_t width = tyto_dtype_bytes(types[t]);
        stream numbers = {t + 1};
        float values[N * K];
        char *source = malloc(N * K * width + 1);
        assert_non_null(source);
        source += 1;
        fill_whole(&numbers, values, N * K);
        for (int i = 0; i < N * K; i++) {
            /* −4 … 4 as halves; the upper half of a single is a bfloat16. */
            static const uint16_t halves[] = {0xc400, 0xc200, 0xc000, 0xbc00, 0,
                                              0x3c00, 0x4000, 0x4200, 0x4400};
            const double wide = (double)values[i];
            const uint16_t half = halves[(int)values[i] + 4];
            uint16_t brain;
            memcpy(&brain, (const char *)&values[i] + 2, sizeof(brain));
            const void *from = types[t] == TYTO_F32    ? (const void *)&values[i]
                               : types[t] == TYTO_F64  ? (const void *)&wide
                               : types[t] == TYTO_BF16 ? (const void *)&brain
                                                       : (const void *)&half;
            memcpy(source + (size_t)i * width, from, width);
        }
        void *data = aligned_zeros(
            tyto_packed_bytes(exec->kernels, tyto_packed_dtype(exec->precision), N, K));
        const tyto_packed_matrix matrix =
            tyto_packed_over(exec->kernels, tyto_packed_dtype(exec->precision), N, K, data);
        tyto_packed_fill(&matrix, 0, FIRST, source, K, types[t], exec->pool);
        tyto_packed_fill(&matrix, FIRST, N - FIRST, source + FIRST * K * width, K, types[t],
                         exec->pool);
        /* The identity times the matrix is its transpose. */
        float *identity = aligned_zeros(K * K * sizeof(float)), *y = malloc(K * N * sizeof(float));
        assert_non_null(y);
        for (int i = 0; i < K; i++) {
            identity[i * K + i] = 1.0f;
        }
        RUN(exec,
            tyto_linear(
                exec,
                &(tyto_linear_args){
                    .x = identity, .ldx = K, .rows = K, .weight = &matrix, .y = y, .ldy = N}));
        for (int i = 0; i < K * N; i++) {
            assert_true(y[i] == values[i % N * K + i / N]);
        }
        free(identity);
        free(y);
        free(data);
        free(source - 1);
    }
}

static void matrices_are_packed(void **state)
{
    (void)state;
    for_each_exec(check_packing);
    const tyto_kernels *kernels;
    assert_int_equal(tyto_kernels_select("scalar", &kernels, NULL), TYTO_OK);
    assert_int_equal(tyto_packed_bytes(kernels, TYTO_F32, INT64_MAX, 2), 0);
    assert_int_equal(tyto_packed_bytes(kernels, TYTO_F32, INT64_C(1) << 40, INT64_C(1) << 40), 0);
}

static void check_matmul(tyto_exec *exec)
{
    enum { M = 29, N = 41, K = 300, LDA = K + 1, LDB = K + 2, LDY = N + 3 };
    stream numbers = {9};
    float *a = malloc(M * LDA * sizeof(float)), *b = malloc(N * LDB * sizeof(float)),
          *y = malloc(M * LDY * sizeof(float));
    assert_true(a && b && y);
    fill_whole(&numbers, a, M * LDA);
    fill_whole(&numbers, b, N * LDB);
    fill_with(y, M * LDY, UNTOUCHED);
    RUN(exec, tyto_matmul_nt(exec, M, N, K, a, LDA, b, LDB, y, LDY));
    for (int i = 0; i < M * LDY; i++) {
        const int row = i / LDY, column = i % LDY;
        assert_true((double)y[i] ==
                    (column < N ? tyto_define_product(K, a + row * LDA, 1, b + column * LDB, 1)
                                : (double)UNTOUCHED));
    }
    free(a);
    free(b);
    free(y);
}

static void activations_multiply(void **state)
{
    (void)state;
    for_each_exec(check_matmul);
}

typedef struct attention_case {
    int64_t batch, queries, keys, heads, D, V;
    bool causal, masked, probabilities;
} attention_case;

/* x[count] is rounded; gives its numbers in bf16, for the caller to free. */
static uint16_t *rounded(float *x, int64_t count)
{
    uint16_t *to = malloc((size_t)count * sizeof(uint16_t));
    assert_non_null(to);
    for (int64_t i = 0; i < count; i++) {
        to[i] = tyto_define_bf16(x[i]);
        x[i] = tyto_define_widen(to[i]);
    }
    return to;
}

/* From bf16 to bf16: the bits of what the same numbers give as floats, rounded. */
static void check_attention_in_bf16(tyto_exec *exec, const tyto_attention_args *args, float *q,
                                    float *k, float *v)
{
    const int64_t B = args->batch, count = B * args->out_strides.batch;
    uint16_t *q_bf16 = rounded(q, B * args->q_strides.batch),
             *k_bf16 = rounded(k, B * args->k_strides.batch),
             *v_bf16 = rounded(v, B * args->v_strides.batch),
             *out = aligned_zeros((size_t)count * 2);
    tyto_attention_args halves = *args;
    halves.q = halves.k = halves.v = halves.out = NULL;
    halves.q_bf16 = q_bf16;
    halves.k_bf16 = k_bf16;
    halves.v_bf16 = v_bf16;
    halves.out_bf16 = out;
    RUN(exec, tyto_attention(exec, args));
    RUN(exec, tyto_attention(exec, &halves));
    for (int64_t i = 0; i < count; i++) {
        const bool given = i % args->out_strides.token < args->heads * args->v_channels;
        const float wanted = given ? tyto_define_widen(tyto_define_bf16(args->out[i])) : 0.0f;
        assert_true(tyto_define_widen(out[i]) == wanted);
    }
    free(q_bf16);
    free(k_bf16);
    free(v_bf16);
    free(out);
}

/* Interleaved q, k and v as a fused product leaves them: [B,T,H,D] inside wider rows. */
static void check_attention(tyto_exec *exec, const attention_case *with)
{
    const int64_t B = with->batch, H = with->heads, D = with->D, V = with->V, Tq = with->queries,
                  Tk = with->keys;
    const int64_t q_row = H * D + 3, k_row = H * D + 1, v_row = H * V + 2, o_row = H * V + 4;
    stream numbers = {(uint64_t)(B + Tq * 3 + Tk * 5 + D * 7)};
    float *q = malloc((size_t)(B * Tq * q_row) * sizeof(float)),
          *k = malloc((size_t)(B * Tk * k_row) * sizeof(float)),
          *v = malloc((size_t)(B * Tk * v_row) * sizeof(float)),
          *out = malloc((size_t)(B * Tq * o_row) * sizeof(float)),
          *maps = malloc((size_t)(B * H * Tq * Tk) * sizeof(float));
    uint8_t *mask = malloc((size_t)(B * Tk));
    double *weights = malloc((size_t)Tk * sizeof(double)),
           *wanted = malloc((size_t)V * sizeof(double));
    assert_true(q && k && v && out && maps && mask && weights && wanted);
    fill_floats(&numbers, q, B * Tq * q_row);
    fill_floats(&numbers, k, B * Tk * k_row);
    fill_floats(&numbers, v, B * Tk * v_row);
    fill_with(out, B * Tq * o_row, UNTOUCHED);
    for (int64_t i = 0; i < B * Tk; i++) {
        mask[i] = next_int(&numbers, 0, 2) > 0;
    }
    const tyto_attention_args args = {.batch = B,
                                      .queries = Tq,
                                      .keys = Tk,
                                      .heads = H,
                                      .qk_channels = D,
                                      .v_channels = V,
                                      .scale = 2.0f / sqrtf((float)D),
                                      .q = q,
                                      .k = k,
                                      .v = v,
                                      .q_strides = {Tq * q_row, q_row, D},
                                      .k_strides = {Tk * k_row, k_row, D},
                                      .v_strides = {Tk * v_row, v_row, V},
                                      .causal = with->causal,
                                      .key_mask = with->masked ? mask : NULL,
                                      .out = out,
                                      .out_strides = {Tq * o_row, o_row, V},
                                      .probabilities = with->probabilities ? maps : NULL};
    /* Where weights and values are rounded to bf16, by 2⁻⁸ at most of each. */
    const bool rounds =
        exec->precision == TYTO_PRECISION_BF16 && exec->kernels->bf16->dot && !with->probabilities;
    const double tolerance = rounds ? 3.0 * 0x1p-8 : 2e-6;
    RUN(exec, tyto_attention(exec, &args));
    for (int64_t row = 0; row < B * H * Tq; row++) {
        const int64_t b = row / Tq / H, head = row / Tq % H, i = row % Tq;
        const tyto_attend_job job = {.queries = Tq,
                                     .keys = Tk,
                                     .qk_channels = D,
                                     .v_channels = V,
                                     .scale = args.scale,
                                     .q = q + b * Tq * q_row + head * D,
                                     .k = k + b * Tk * k_row + head * D,
                                     .v = v + b * Tk * v_row + head * V,
                                     .q_stride = q_row,
                                     .k_stride = k_row,
                                     .v_stride = v_row,
                                     .causal = with->causal,
                                     .key_mask = with->masked ? mask + b * Tk : NULL};
        (rounds ? tyto_define_attend_bf16 : tyto_define_attend)(&job, i, weights, wanted);
        for (int64_t c = 0; c < V; c++) {
            const float got = out[(b * Tq + i) * o_row + head * V + c];
            if (!is_close((double)got, wanted[c], tolerance)) {
                fail_msg("%s: query %lld of head %lld of %lld: got %.9g, required %.9g",
                         exec->kernels->name, (long long)i, (long long)head, (long long)b,
                         (double)got, wanted[c]);
            }
        }
        for (int64_t j = 0; with->probabilities && j < Tk; j++) {
            assert_true(is_close((double)maps[row * Tk + j], weights[j], 2e-6));
        }
    }
    for (int64_t i = 0; i < B * Tq * o_row; i++) {
        assert_true(i % o_row < H * V || out[i] == UNTOUCHED);
    }
    assert_int_equal(rounds, !with->probabilities && tyto_attention_takes_bf16(exec));
    if (rounds) {
        check_attention_in_bf16(exec, &args, q, k, v);
    }
    free(q);
    free(k);
    free(v);
    free(out);
    free(maps);
    free(mask);
    free(weights);
    free(wanted);
}

static void check_attentions(tyto_exec *exec)
{
    static const attention_case cases[] = {
        {1, 1, 1, 1, 1, 1, false, false, false},       {2, 5, 9, 3, 11, 7, false, true, false},
        {1, 82, 82, 4, 11, 11, false, false, false},   {3, 16, 16, 2, 12, 12, true, true, false},
        {2, 197, 197, 2, 64, 64, true, false, false},  {1, 700, 300, 1, 32, 32, false, true, false},
        {1, 33, 577, 2, 130, 20, false, false, false},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        attention_case with = cases[i];
        check_attention(exec, &with);
        with.probabilities = true;
        check_attention(exec, &with);
    }
}

static void attention(void **state)
{
    (void)state;
    for_each_exec(check_attentions);
}

static void check_norm_rows(tyto_exec *exec)
{
    enum { ROWS = 200, D = 45 };
    float x[ROWS * D], y[ROWS * D], gamma[D], beta[D];
    double wanted[D];
    stream numbers = {3};
    fill_floats(&numbers, x, ROWS * D);
    fill_floats(&numbers, gamma, D);
    fill_floats(&numbers, beta, D);
    RUN(exec, tyto_layer_norm(exec, ROWS, D, x, gamma, beta, 1e-5f, y));
    for (int i = 0; i < ROWS * D; i++) {
        if (i % D == 0) {
            tyto_define_layer_norm(D, x + i, gamma, beta, 1e-5f, wanted);
        }
        assert_true(is_close((double)y[i], wanted[i % D], 2e-6));
    }
    memset(x + 7 * D, 0, D * sizeof(float));
    for (int with_eps = 0; with_eps < 2; with_eps++) {
        const float eps = with_eps ? 1e-6f : 0.0f;
        RUN(exec, tyto_normalize_rows(exec, ROWS, D, x, eps, y));
        for (int row = 0; row < ROWS; row++) {
            const double length =
                sqrt(tyto_define_product(D, x + row * D, 1, x + row * D, 1)) + (double)eps;
            for (int c = 0; c < D; c++) {
                /* A row of zeros has no direction, unless eps gives it a length. */
                assert_true(
                    is_close((double)y[row * D + c], (double)x[row * D + c] / length, 2e-7));
            }
        }
    }
}

static void rows_are_normalised(void **state)
{
    (void)state;
    for_each_exec(check_norm_rows);
}

static void check_patches(tyto_exec *exec)
{
    enum { C = 2, H = 17, W = 23, P = 5, DOWN = H / P, ACROSS = W / P };
    float pixels[C * H * W];
    guarded rows = guarded_floats(DOWN * ACROSS * C * P * P);
    for (int i = 0; i < C * H * W; i++) {
        pixels[i] = (float)i;
    }
    RUN(exec, tyto_patches(exec, pixels, C, H, W, P, rows.data));
    const float *got = rows.data;
    for (int patch = 0; patch < DOWN * ACROSS; patch++) {
        for (int c = 0; c < C; c++) {
            for (int i = 0; i < P * P; i++) {
                const int y = patch / ACROSS * P + i / P, x = patch % ACROSS * P + i % P;
                assert_true(*got++ == pixels[(c * H + y) * W + x]);
            }
        }
    }
    guarded_free(&rows);
}

static void pictures_become_patches(void **state)
{
    (void)state;
    for_each_exec(check_patches);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products),
        cmocka_unit_test(products_in_groups),
        cmocka_unit_test(products_add_to_their_output),
        cmocka_unit_test(rows_are_normalised_as_they_are_packed),
        cmocka_unit_test(matrices_are_packed),
        cmocka_unit_test(activations_multiply),
        cmocka_unit_test(attention),
        cmocka_unit_test(rows_are_normalised),
        cmocka_unit_test(pictures_become_patches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
