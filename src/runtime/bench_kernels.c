/* Each kernel alone, on one thread and on data that its loops keep in the nearer caches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/bench.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "kernels/digits.h"
#include "kernels/int8.h"
#include "nn/linear.h"
#include "runtime/engine.h"

/* A sample lasts about this long; the fastest of some counts. */
#define SAMPLE_SECONDS 0.003
#define SAMPLES 7

/* Floats of the buffers that kernels work on: enough for every case below. */
#define BUFFER_FLOATS ((int64_t)1 << 20)
/* More than any tile has. */
#define INT8_ROWS_MAX 64
#define INT8_COLUMNS_MAX 64

typedef struct kernel_bench {
    const tyto_kernels *kernels;
    tyto_precision precision; /* of what is measured next */
    bool parts;               /* of floats */
    float *a, *b, *c;
    const int32_t *zeros; /* as many as a tile has columns */
    tyto_kernel_times *out;
    bool no_memory; /* for one more entry */
} kernel_bench;

/* What a case hands to its kernel; sizes mean what the kernel takes them for. */
typedef struct kernel_case {
    const kernel_bench *bench;
    int64_t n, m;
    tyto_activation activation;
    const tyto_int8_kernels *int8;
} kernel_case;

typedef void (*kernel_fn)(const kernel_case *args);

static double time_calls(kernel_fn run, const kernel_case *args, int64_t calls)
{
    const double start = tyto_seconds_now();
    for (int64_t i = 0; i < calls; i++) {
        run(args);
    }
    return (tyto_seconds_now() - start) / (double)calls;
}

static void measure(kernel_bench *bench, const char *kernel, const char *shape, kernel_fn run,
                    const kernel_case *args, double flops, double bytes)
{
    tyto_kernel_time *items =
        tyto_realloc(bench->out->items, (size_t)bench->out->count + 1, sizeof(*items));
    if (!items) {
        bench->no_memory = true;
        return;
    }
    bench->out->items = items;
    double best = time_calls(run, args, 1);
    for (int i = 0; i < SAMPLES; i++) {
        const int64_t calls = 1 + (int64_t)(SAMPLE_SECONDS / fmax(best, 1e-9));
        best = fmin(best, time_calls(run, args, calls));
    }
    tyto_kernel_time *item = &items[bench->out->count++];
    *item = (tyto_kernel_time){.kernel = kernel,
                               .precision = bench->precision,
                               .seconds = best,
                               .flops = flops,
                               .gigabytes = bytes * 1e-9};
    snprintf(item->shape, sizeof(item->shape), "%s", shape);
}

static void run_fma(const kernel_case *args)
{
    (void)args->bench->kernels->fma_rounds(args->n);
}

static void run_gemm_tile(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    bench->kernels->gemm_tile(args->n, bench->a, bench->b, bench->c, true, NULL);
}

static void run_gemm_pack(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    bench->kernels->gemm_pack(args->n, bench->a, args->n, bench->kernels->gemm_rows, bench->c);
}

static void run_gemm_finish(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    const tyto_kernels *kernels = bench->kernels;
    const tyto_epilogue epilogue = {.bias = bench->b,
                                    .activation = args->activation,
                                    .residual = bench->b,
                                    .residual_stride = kernels->gemm_columns,
                                    .y = bench->c,
                                    .y_stride = kernels->gemm_columns};
    kernels->gemm_finish(bench->a, kernels->gemm_rows, kernels->gemm_columns, &epilogue);
}

static void run_dot(const kernel_case *args)
{
    args->bench->kernels->bf16->dot_rounds(args->n);
}

/* The buffers' floats serve as pairs too. */
static void run_bf16_tile(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    bench->kernels->bf16->gemm_tile(args->n, bench->a, (const uint16_t *)(const void *)bench->b,
                                    bench->c, true, NULL);
}

static void run_bf16_pack(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    bench->kernels->bf16->gemm_pack(args->n, bench->a, args->n, bench->kernels->bf16->rows,
                                    bench->c);
}

/* The buffers' floats serve as digits too. */
static void run_digits_tile(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    const tyto_digits_kernels *digits = bench->kernels->digits;
    const tyto_digits_rows a = {
        .leading = bench->a, .last = args->m ? bench->a : NULL, .scales = bench->a};
    const tyto_digits_columns b = {.digits = bench->b, .scales = bench->b};
    digits->tile(args->n / TYTO_DIGITS_INTERLEAVE, &a, &b, bench->c, false, NULL);
}

static void run_digits_pack(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    const int rows = bench->kernels->digits->rows;
    bench->kernels->digits->pack(args->n, bench->a, args->n, rows, bench->c,
                                 bench->c + rows * args->n);
}

static void run_activate(const kernel_case *args)
{
    /* Fresh values: activations run into fixed points when they are applied over and over. */
    memcpy(args->bench->c, args->bench->a, (size_t)args->n * sizeof(float));
    args->bench->kernels->activate(args->activation, args->bench->c, args->n);
}

static void run_layer_norm(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    bench->kernels->layer_norm(args->n, bench->a, bench->b, bench->b + args->n, 1e-5f, bench->c);
}

static void run_attend(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    const int64_t keys = args->n, D = args->m;
    const int64_t queries = (int64_t)bench->kernels->attention_queries * 4;
    const tyto_attend_job job = {.queries = queries,
                                 .keys = keys,
                                 .qk_channels = D,
                                 .v_channels = D,
                                 .scale = 0.125f,
                                 .q = bench->a,
                                 .k = bench->a,
                                 .v = bench->b,
                                 .q_stride = D,
                                 .k_stride = D,
                                 .v_stride = D,
                                 .out = bench->c,
                                 .out_stride = D,
                                 .scratch = bench->c + queries * D};
    (args->int8                                ? args->int8->attend
     : bench->precision == TYTO_PRECISION_BF16 ? bench->kernels->bf16->attend
     : bench->parts                            ? bench->kernels->parts->attend
                                               : bench->kernels->attend)(&job);
}

static void measure_products(kernel_bench *bench)
{
    const tyto_kernels *kernels = bench->kernels;
    const int64_t R = kernels->gemm_rows, N = kernels->gemm_columns;
    static const int64_t depths[] = {64, 256, 384, 768};
    char shape[48];
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        const int64_t k = depths[i];
        const kernel_case args = {.bench = bench, .n = k};
        snprintf(shape, sizeof(shape), "%lldx%lld, depth %lld", (long long)R, (long long)N,
                 (long long)k);
        measure(bench, "gemm_tile", shape, run_gemm_tile, &args, 2.0 * (double)(R * N * k),
                4.0 * (double)((R + N) * k + 2 * R * N));
    }
    snprintf(shape, sizeof(shape), "%lld rows, depth 768", (long long)R);
    measure(bench, "gemm_pack", shape, run_gemm_pack, &(kernel_case){.bench = bench, .n = 768}, 0.0,
            8.0 * (double)(R * 768));
    snprintf(shape, sizeof(shape), "%lldx%lld, bias, residual", (long long)R, (long long)N);
    measure(bench, "gemm_finish", shape, run_gemm_finish,
            &(kernel_case){.bench = bench, .activation = TYTO_ACT_NONE}, 0.0,
            4.0 * (double)(3 * R * N));
}

static void measure_attention(kernel_bench *bench, const char *name, const tyto_int8_kernels *int8)
{
    const tyto_kernels *kernels = bench->kernels;
    static const int64_t keys[] = {77, 512, 2048};
    char shape[48];
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const kernel_case args = {.bench = bench, .n = keys[i], .m = 64, .int8 = int8};
        const int64_t queries = (int64_t)kernels->attention_queries * 4;
        snprintf(shape, sizeof(shape), "%lld queries, %lld keys, 64 channels", (long long)queries,
                 (long long)keys[i]);
        measure(bench, name, shape, run_attend, &args,
                2.0 * (double)queries * (double)keys[i] * 128.0,
                4.0 * 64.0 * (double)(2 * queries + 2 * keys[i]));
    }
}

/* Products of floats by their digits. */
static void measure_digits(kernel_bench *bench)
{
    const tyto_digits_kernels *digits = bench->kernels->digits;
    const int64_t R = digits->rows, N = bench->kernels->gemm_columns;
    static const int64_t depths[] = {64, 256, 768, 1280};
    char shape[48];
    digits->begin();
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        for (int last = 0; last < 2; last++) {
            const int64_t k = depths[i];
            const kernel_case args = {.bench = bench, .n = k, .m = last};
            snprintf(shape, sizeof(shape), "%lldx%lld, depth %lld%s", (long long)R, (long long)N,
                     (long long)k, last ? ", 4 digits" : "");
            measure(bench, "tile digits", shape, run_digits_tile, &args, 2.0 * (double)(R * N * k),
                    (double)(tyto_digits_bytes(k, R + N) + 8 * R * N));
        }
    }
    digits->end();
    const kernel_case args = {.bench = bench, .n = 768};
    snprintf(shape, sizeof(shape), "%lld rows, depth 768", (long long)R);
    measure(bench, "pack digits", shape, run_digits_pack, &args, 0.0,
            (double)(tyto_digits_bytes(768, R) + 4 * R * 768));
}

static void measure_bf16(kernel_bench *bench)
{
    const tyto_kernels *kernels = bench->kernels;
    const int64_t R = kernels->bf16->rows, N = kernels->gemm_columns;
    static const int64_t depths[] = {64, 256, 768, 1536};
    const kernel_case rounds = {.bench = bench, .n = 10000};
    char shape[48];
    bench->precision = TYTO_PRECISION_BF16;
    measure(bench, "dot bf16", "registers", run_dot, &rounds, kernels->bf16->dot_rounds(rounds.n),
            0.0);
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        const int64_t k = depths[i];
        const kernel_case args = {.bench = bench, .n = k};
        snprintf(shape, sizeof(shape), "%lldx%lld, depth %lld", (long long)R, (long long)N,
                 (long long)k);
        tyto_call(kernels->bf16->begin);
        measure(bench, "tile bf16", shape, run_bf16_tile, &args, 2.0 * (double)(R * N * k),
                (double)((kernels->bf16->a_bytes * R + 2 * N) * k + 8 * R * N));
        tyto_call(kernels->bf16->end);
    }
    snprintf(shape, sizeof(shape), "%lld rows, depth 768", (long long)R);
    measure(bench, "pack bf16", shape, run_bf16_pack, &(kernel_case){.bench = bench, .n = 768}, 0.0,
            (double)((4 + kernels->bf16->a_bytes) * R * 768));
    measure_attention(bench, "attend bf16", NULL);
    bench->precision = TYTO_PRECISION_FP32;
}

static void run_int8_dot(const kernel_case *args)
{
    (void)args->int8->dot_rounds(args->n);
}

static void run_int8_tile(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    const tyto_int8_scales scales = {.rows = bench->a, .columns = bench->a, .sums = bench->zeros};
    args->int8->tile(args->n / TYTO_INT8_INTERLEAVE, (const uint8_t *)bench->b,
                     (const int8_t *)bench->a, &scales, bench->c, NULL);
}

static void run_int8_pack(const kernel_case *args)
{
    const kernel_bench *bench = args->bench;
    float scales[INT8_ROWS_MAX];
    args->int8->pack(args->n, bench->a, args->n, args->int8->rows, args->m ? bench->b : NULL,
                     (uint8_t *)bench->c, scales);
}

static void measure_int8(kernel_bench *bench)
{
    const tyto_int8_kernels *int8 = tyto_int8_select(bench->kernels);
    const int64_t R = int8->rows, N = int8->columns;
    static const int64_t depths[] = {768, 3072};
    char shape[48];
    bench->precision = TYTO_PRECISION_INT8;
    kernel_case args = {.bench = bench, .int8 = int8, .n = 3000};
    measure(bench, "dot int8", "registers", run_int8_dot, &args, int8->dot_rounds(args.n), 0.0);
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        args.n = depths[i];
        snprintf(shape, sizeof(shape), "%lldx%lld, depth %lld", (long long)R, (long long)N,
                 (long long)args.n);
        tyto_call(int8->begin);
        measure(bench, "tile int8", shape, run_int8_tile, &args, 2.0 * (double)(R * N * args.n),
                (double)((R + N) * args.n + 4 * R * N));
        tyto_call(int8->end);
    }
    args.n = 768;
    for (args.m = 0; args.m < 2; args.m++) {
        snprintf(shape, sizeof(shape), "%lld rows, depth 768%s", (long long)R,
                 args.m ? ", smoothed" : "");
        measure(bench, "pack int8", shape, run_int8_pack, &args, 0.0, 5.0 * (double)(R * 768));
    }
    if (int8->attend) {
        measure_attention(bench, "attend int8", int8);
    }
    bench->precision = TYTO_PRECISION_FP32;
}

static void measure_rows(kernel_bench *bench)
{
    enum { COUNT = 4096 };
    char shape[48];
#define ACTIVATION(id, text, formula)                                                              \
    snprintf(shape, sizeof(shape), "%s, %d", text, COUNT);                                         \
    measure(bench, "activate", shape, run_activate,                                                \
            &(kernel_case){.bench = bench, .n = COUNT, .activation = TYTO_ACT_##id}, 0.0,          \
            16.0 * COUNT);
    TYTO_ACTIVATION_LIST(ACTIVATION)
#undef ACTIVATION
    static const int64_t columns[] = {512, 768, 1024};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        snprintf(shape, sizeof(shape), "%lld columns", (long long)columns[i]);
        measure(bench, "layer_norm", shape, run_layer_norm,
                &(kernel_case){.bench = bench, .n = columns[i]}, 0.0, 16.0 * (double)columns[i]);
    }
}

void tyto_kernel_times_clear(tyto_kernel_times *times)
{
    if (times) {
        free(times->items);
        *times = (tyto_kernel_times){0};
    }
}

tyto_status tyto_bench_kernels(const tyto_engine *engine, tyto_kernel_times *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, out);
    *out = (tyto_kernel_times){0};
    enum { BUFFERS = 3 };
    const size_t bytes = (size_t)BUFFERS * BUFFER_FLOATS * sizeof(float);
    float *buffer = tyto_pages_alloc(bytes);
    if (!buffer) {
        return tyto_fail_memory(err, "kernel times");
    }
    for (int64_t i = 0; i < BUFFERS * BUFFER_FLOATS; i++) {
        buffer[i] = (float)(i * 7919 % 2048) / 1024.0f - 1.0f;
    }
    static const int32_t zeros[INT8_COLUMNS_MAX];
    kernel_bench bench = {.kernels = engine->kernels,
                          .zeros = zeros,
                          .a = buffer,
                          .b = buffer + BUFFER_FLOATS,
                          .c = buffer + 2 * BUFFER_FLOATS,
                          .out = out};
    const kernel_case rounds = {.bench = &bench, .n = 10000};
    measure(&bench, "fma", "registers", run_fma, &rounds, engine->kernels->fma_rounds(rounds.n),
            0.0);
    measure_products(&bench);
    if (bench.kernels->digits) {
        measure_digits(&bench);
    }
    measure_attention(&bench, "attend", NULL);
    if (bench.kernels->parts) {
        bench.parts = true;
        measure_attention(&bench, "attend parts", NULL);
        bench.parts = false;
    }
    measure_bf16(&bench);
    measure_int8(&bench);
    measure_rows(&bench);
    tyto_pages_free(buffer, bytes);
    if (bench.no_memory) {
        tyto_kernel_times_clear(out);
        return tyto_fail_memory(err, "kernel times");
    }
    return TYTO_OK;
}
