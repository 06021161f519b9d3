#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/bench.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "kernels/digits.h"
#include "kernels/int8.h"
#include "runtime/session.h"

/* Rounds of multiply-adds of one thread in one sample: some milliseconds. */
#define ROUNDS 100000
/* What one thread reads in one sample: far more than its share of any cache. */
#define READ_BYTES_PER_THREAD ((size_t)64 << 20)
#define READ_BYTES_MAX ((size_t)1 << 30)
/* How long rates of arithmetic are sampled for, and between two runs. The best counts: a slower one
 * shows only that something else ran, or that new threads share a core still. */
#define RATE_S 0.15
#define RATE_BETWEEN_S 0.01
/* Samples of reading. */
#define SAMPLES 10
/* Most photos, and most queries of a photo, of an example. */
#define EXAMPLE_MAX 1000000

/* Simulated threads take simulated time. */
static double pool_now(const tyto_pool *pool)
{
    return tyto_seconds_now() - tyto_pool_saved_s(pool);
}

typedef struct rate_job {
    double (*run)(int64_t rounds);
} rate_job;

static void rate_task(void *context, int64_t index, int worker)
{
    (void)index;
    (void)worker;
    const rate_job *job = context;
    (void)job->run(ROUNDS);
}

/* The best rate that was seen within `seconds`, in 1e9 operations per second. */
static double rate_of(tyto_pool *pool, double (*run)(int64_t rounds), double seconds)
{
    rate_job job = {run};
    const int threads = tyto_pool_threads(pool);
    const double flops = run(1) * ROUNDS * threads;
    const double began = pool_now(pool);
    double best = 0.0, start, end;
    do {
        start = pool_now(pool);
        tyto_pool_run(pool, threads, rate_task, &job);
        end = pool_now(pool);
        best = fmax(best, flops / (end - start) * 1e-9);
    } while (end - began < seconds);
    return best;
}

/* Raises the rates of arithmetic to what is seen within `seconds` each; those of narrower numbers
 * than floats only when asked for. */
static void measure_rates(const tyto_kernels *kernels, tyto_pool *pool, bool narrow, double seconds,
                          tyto_peak *peak)
{
    peak->fp32_gflops = fmax(peak->fp32_gflops, rate_of(pool, kernels->fma_rounds, seconds));
    if (narrow || kernels->digits) {
        peak->int8_gops =
            fmax(peak->int8_gops, rate_of(pool, tyto_int8_select(kernels)->dot_rounds, seconds));
    }
    if (kernels->digits) {
        peak->fp32_gflops = fmax(peak->fp32_gflops, peak->int8_gops / TYTO_DIGITS_PAIRS);
    }
    if (kernels->bf16->dot && narrow) {
        peak->bf16_gflops =
            fmax(peak->bf16_gflops, rate_of(pool, kernels->bf16->dot_rounds, seconds));
    } else {
        peak->bf16_gflops = fmax(peak->bf16_gflops, peak->fp32_gflops);
    }
}

double tyto_peak_gflops(const tyto_peak *peak, tyto_precision precision)
{
    return !peak                              ? 0.0
           : precision == TYTO_PRECISION_INT8 ? peak->int8_gops
           : precision == TYTO_PRECISION_BF16 ? peak->bf16_gflops
                                              : peak->fp32_gflops;
}

typedef struct read_job {
    const uint64_t *words;
    size_t words_each;
} read_job;

/* Eight independent sums keep enough loads in flight. */
static void read_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const read_job *job = context;
    const uint64_t *words = job->words + (size_t)index * job->words_each;
    uint64_t sums[8] = {0};
    for (size_t i = 0; i + 8 <= job->words_each; i += 8) {
        for (int j = 0; j < 8; j++) {
            sums[j] += words[i + (size_t)j];
        }
    }
    volatile uint64_t keep =
        sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5] + sums[6] + sums[7];
    (void)keep;
}

static tyto_status read_rate(tyto_pool *pool, double *out, tyto_error *err)
{
    const int threads = tyto_pool_threads(pool);
    size_t bytes = READ_BYTES_PER_THREAD * (size_t)threads;
    bytes = bytes < READ_BYTES_MAX ? bytes : READ_BYTES_MAX;
    void *pages = tyto_pages_alloc(bytes);
    if (!pages) {
        return tyto_fail_memory(err, "memory rate");
    }
    memset(pages, 1, bytes);
    read_job job = {pages, bytes / sizeof(uint64_t) / (size_t)threads};
    *out = 0.0;
    for (int i = 0; i < SAMPLES; i++) {
        /* Even of a simulated engine: threads share the memory. */
        const double start = tyto_seconds_now();
        tyto_pool_run(pool, threads, read_task, &job);
        *out = fmax(*out, (double)bytes / (tyto_seconds_now() - start) * 1e-9);
    }
    tyto_pages_free(pages, bytes);
    return TYTO_OK;
}

tyto_status tyto_peak_measure(const tyto_engine *engine, tyto_peak *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, out);
    tyto_pool *pool = tyto_engine_pool_create(engine, engine->threads);
    *out = (tyto_peak){0};
    if (!pool || !tyto_pool_start(pool)) {
        tyto_pool_destroy(pool);
        return tyto_fail_memory(err, "threads");
    }
    measure_rates(engine->kernels, pool, true, RATE_S, out);
    const tyto_status status = read_rate(pool, &out->memory_gigabytes, err);
    tyto_pool_destroy(pool);
    return status;
}

/* Seeded values in [-1, 1), the same on every machine. */
static void fill_seeded(float *values, int64_t count, uint32_t seed)
{
    for (int64_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
}

/* The example's inputs with data, all in one newly allocated block: seeded floats, and zeros for
 * integers, which every table of ids has. */
static tyto_status fill_example(tyto_example *example, float **block, tyto_error *err)
{
    int64_t total = 0; /* of floats */
    for (size_t i = 0; i < example->n_inputs; i++) {
        int64_t elements = 1;
        for (int d = 0; d < example->inputs[i].rank; d++) {
            if (!tyto_mul_i64(elements, example->inputs[i].shape[d], &elements)) {
                return tyto_fail(err, TYTO_E_LIMIT, "bench: the inputs overflow");
            }
        }
        const int64_t floats =
            (int64_t)(tyto_dtype_bytes(example->inputs[i].dtype) / sizeof(float));
        if (!tyto_mul_i64(elements, floats, &elements) ||
            __builtin_add_overflow(total, elements, &total)) {
            return tyto_fail(err, TYTO_E_LIMIT, "bench: the inputs overflow");
        }
    }
    *block = tyto_alloc((size_t)total, sizeof(float));
    if (!*block) {
        return tyto_fail_memory(err, "bench inputs");
    }
    fill_seeded(*block, total, 1);
    float *next = *block;
    for (size_t i = 0; i < example->n_inputs; i++) {
        tyto_tensor *input = &example->inputs[i];
        const size_t bytes = (size_t)tyto_tensor_elements(input) * tyto_dtype_bytes(input->dtype);
        input->data = next;
        if (input->dtype != TYTO_F32) {
            memset(next, 0, bytes);
        }
        next += bytes / sizeof(float);
    }
    return TYTO_OK;
}

static tyto_status check_options(const tyto_bench_options *options, tyto_error *err)
{
    if (options->runs < 1 || options->warmup < 0 || options->batch < 1 ||
        options->batch > EXAMPLE_MAX || options->queries < 1 || options->queries > EXAMPLE_MAX) {
        return tyto_fail(
            err, TYTO_E_ARGUMENT,
            "bench: got %lld runs, %lld warm-up, batch %lld, %lld queries, required at "
            "least 1, 0, 1, 1, and at most %d queries and photos",
            (long long)options->runs, (long long)options->warmup, (long long)options->batch,
            (long long)options->queries, EXAMPLE_MAX);
    }
    return TYTO_OK;
}

/* One forward with its profile; keeps the profile of the fastest. */
static tyto_status run_once(tyto_session *session, const tyto_bench_options *options, int64_t run,
                            tyto_bench_result *out, tyto_error *err)
{
    tyto_profile profile = {.count = 0};
    session->profile = &profile;
    const double start = pool_now(session->pool);
    tyto_status status =
        tyto_forward(session, options->head, options->inputs, options->n_inputs, options->wanted,
                     options->n_wanted, &out->outputs, &out->n_outputs, err);
    const double seconds = pool_now(session->pool) - start;
    session->profile = NULL;
    if (status != TYTO_OK || run < 0) {
        return status;
    }
    out->forward_s[run] = seconds;
    out->runs = run + 1;
    if (run == 0 || seconds < out->forward_s[out->fastest]) {
        out->fastest = run;
        tyto_stage *stages = tyto_realloc(out->stages, profile.count + 1, sizeof(*stages));
        if (!stages) {
            return tyto_fail_memory(err, "stages");
        }
        memcpy(stages, profile.entries, profile.count * sizeof(*stages));
        out->stages = stages;
        out->n_stages = (int64_t)profile.count;
        out->flops = 0.0;
        for (size_t i = 0; i < profile.count; i++) {
            out->flops += profile.entries[i].flops;
        }
    }
    return TYTO_OK;
}

/* Before forward i, those that aren't measured counted too. */
static tyto_status step(tyto_session *session, const tyto_bench_options *options, int64_t i,
                        tyto_error *err)
{
    const tyto_progress progress = {.stage = "forwards",
                                    .subject = options->head,
                                    .done = i,
                                    .total = options->warmup + options->runs};
    return !tyto_session_ask(session, &progress)
               ? tyto_fail(err, TYTO_E_CANCELLED, "bench: stopped before forward %lld",
                           (long long)i)
               : TYTO_OK;
}

static tyto_status run_all(tyto_session *session, const tyto_bench_options *options,
                           tyto_bench_result *out, tyto_error *err)
{
    const tyto_kernels *kernels = session->model->engine->kernels;
    const bool narrow = session->model->precision != TYTO_PRECISION_FP32;
    measure_rates(kernels, session->pool, narrow, RATE_S, &out->peak);
    for (int64_t i = 0; i < options->warmup; i++) {
        TYTO_TRY(step(session, options, i, err));
        TYTO_TRY(run_once(session, options, -1, out, err));
    }
    for (int64_t i = 0; i < options->runs; i++) {
        TYTO_TRY(step(session, options, options->warmup + i, err));
        TYTO_TRY(run_once(session, options, i, out, err));
        measure_rates(kernels, session->pool, narrow, RATE_BETWEEN_S, &out->peak);
    }
    return TYTO_OK;
}

/* The session reports to the options' progress function, if there is one, for that time. */
static tyto_status run_followed(tyto_session *session, const tyto_bench_options *options,
                                tyto_bench_result *out, tyto_error *err)
{
    const tyto_progress_fn before = session->progress;
    void *before_user = session->progress_user;
    if (options->progress) {
        session->progress = options->progress;
        session->progress_user = options->progress_user;
    }
    const tyto_status status = run_all(session, options, out, err);
    session->progress = before;
    session->progress_user = before_user;
    return status;
}

void tyto_bench_options_init(tyto_bench_options *options, size_t struct_bytes)
{
    static const tyto_bench_options defaults = {
        .struct_bytes = sizeof(defaults), .runs = 5, .warmup = 1, .batch = 1, .queries = 2};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_bench_forward(tyto_session *session, const tyto_bench_options *options,
                               tyto_bench_result *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bench_result){0};
    TYTO_REQUIRE(err, session);
    tyto_bench_options own;
    tyto_example example;
    float *block = NULL;
    tyto_status status = TYTO_OK;
    tyto_bench_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_bench_options", err));
    TYTO_TRY(check_options(&own, err));
    const tyto_model *model = session->model;
    if (!own.head) {
        own.head = model->head;
    }
    if (own.n_inputs == 0) {
        if (!model->architecture->example ||
            !model->architecture->example(model->network, own.head, own.batch, own.queries,
                                          &example)) {
            return tyto_fail(err, TYTO_E_UNSUPPORTED,
                             "bench: no example of head '%s', required its inputs", own.head);
        }
        TYTO_CHECK(fill_example(&example, &block, err));
        own.inputs = example.inputs;
        own.n_inputs = (int64_t)example.n_inputs;
        if (own.n_wanted == 0) {
            own.wanted = example.wanted;
            own.n_wanted = (int64_t)example.n_wanted;
        }
    }
    out->forward_s = tyto_alloc_zeroed((size_t)own.runs, sizeof(double));
    if (!out->forward_s) {
        status = tyto_fail_memory(err, "bench");
        goto cleanup;
    }
    status = run_followed(session, &own, out, err);
cleanup:
    free(block);
    return status;
}

void tyto_bench_result_clear(tyto_bench_result *result)
{
    if (result) {
        free(result->forward_s);
        free(result->stages);
        *result = (tyto_bench_result){0};
    }
}
