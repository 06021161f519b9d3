/* How fast the kernels of each table are, on one thread, beside the multiply-adds that the same
 * table gets out of registers alone. */
#include <stdio.h>
#include <time.h>

#include "checkkernels.h"

/* Seconds that one measurement lasts at least. */
#define LEAST_SECONDS 0.2

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct work {
    const tyto_kernels *kernels;
    int64_t size;
    tyto_activation activation;
    float *a, *b, *c, *d;
} work;

/* Runs once, and returns what it did: floating-point operations, or elements. */
typedef double (*work_fn)(const work *with);

static double rate(work_fn run, const work *with)
{
    double done = 0.0, seconds;
    (void)run(with);
    const double start = now();
    do {
        done += run(with);
        seconds = now() - start;
    } while (seconds < LEAST_SECONDS);
    return done / seconds * 1e-9;
}

static double run_peak(const work *with)
{
    return with->kernels->fma_rounds(100000);
}

static double run_tile(const work *with)
{
    for (int i = 0; i < 100; i++) {
        with->kernels->gemm_tile(with->size, with->a, with->b, with->c, i > 0, with->b);
    }
    return 200.0 * (double)(with->size * with->kernels->gemm_rows * with->kernels->gemm_columns);
}

static double run_finish(const work *with)
{
    const int R = with->kernels->gemm_rows, N = with->kernels->gemm_columns;
    const tyto_epilogue epilogue = {
        .bias = with->a, .activation = with->activation, .y = with->b, .y_stride = N};
    for (int i = 0; i < 100; i++) {
        with->kernels->gemm_finish(with->c, R, N, &epilogue);
    }
    return 100.0 * R * N;
}

static double run_norm(const work *with)
{
    with->kernels->layer_norm(with->size, with->a, with->b, with->c, 1e-5f, with->d);
    return (double)with->size;
}

static double run_attend(const work *with)
{
    const int64_t queries = TYTO_ATTEND_TILES * (int64_t)with->kernels->attention_queries, D = 64;
    const tyto_attend_job job = {.queries = queries,
                                 .keys = with->size,
                                 .qk_channels = D,
                                 .v_channels = D,
                                 .scale = 0.125f,
                                 .q = with->a,
                                 .k = with->a,
                                 .v = with->a,
                                 .q_stride = D,
                                 .k_stride = D,
                                 .v_stride = D,
                                 .out = with->b,
                                 .out_stride = D,
                                 .scratch = with->c};
    with->kernels->attend(&job);
    return 4.0 * (double)(queries * with->size * D);
}

static void print(const tyto_kernels *kernels, const char *what, double value, const char *unit)
{
    printf("%-8s %-28s %9.2f %s\n", kernels->name, what, value, unit);
    fflush(stdout);
}

static void bench_table(const tyto_kernels *kernels)
{
    enum { FLOATS = 1 << 20 };
    float *memory = aligned_alloc(64, 4 * (size_t)FLOATS * sizeof(float));
    stream numbers = {1};
    assert_non_null(memory);
    fill_floats(&numbers, memory, 4 * FLOATS);
    work with = {.kernels = kernels,
                 .a = memory,
                 .b = memory + FLOATS,
                 .c = memory + 2 * FLOATS,
                 .d = memory + 3 * FLOATS};
    print(kernels, "multiply-adds in registers", rate(run_peak, &with), "GFLOP/s");
    with.size = 256;
    print(kernels, "gemm_tile, depth 256", rate(run_tile, &with), "GFLOP/s");
#define FINISH(id, name, formula)                                                                  \
    with.activation = TYTO_ACT_##id;                                                               \
    print(kernels, "gemm_finish, " name, rate(run_finish, &with), "G elements/s");
    TYTO_ACTIVATION_LIST(FINISH)
#undef FINISH
    with.size = 768;
    print(kernels, "layer_norm, 768", rate(run_norm, &with), "G elements/s");
    with.size = 3601;
    print(kernels, "attend, 3601 keys, 64", rate(run_attend, &with), "GFLOP/s");
    free(memory);
}

void bench_kernels(void)
{
    for_each_table(bench_table);
}
