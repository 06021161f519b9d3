/* tyto bench: what a forward costs, against what the machine can do. */
#include <stdlib.h>
#include <string.h>
#include <tyto/bench.h>

#include "commands.h"
#include "json.h"
#include "messages.h"
#include "model.h"
#include "output.h"

/* Most runs, photos or queries that the options take. */
#define COUNT_MAX 1000000

enum { FORMAT_TEXT, FORMAT_JSON };

typedef struct bench_args {
    common_args common;
    bool peak, kernels, on_request;
    int64_t runs, warmup, queries, batch;
    const char *head, *inputs, *outputs, *output;
    int format;
} bench_args;

/* What was measured before the forwards. */
typedef struct machine {
    double load_s;
    double memory_gigabytes; /* per second */
} machine;

/* Most memory that this process has held at once since forget_peak_rss, in MB; 0 where the system
 * doesn't tell. */
static double peak_rss_mb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double kilobytes = 0.0;
    while (status && kilobytes == 0.0 && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kilobytes = strtod(line + 6, NULL);
        }
    }
    if (status) {
        fclose(status);
    }
    return kilobytes * 1024e-6;
}

/* What is held from now on counts for it. A system that can't do that counts all. */
static void forget_peak_rss(void)
{
    FILE *references = fopen("/proc/self/clear_refs", "w");
    if (references) {
        fputs("5", references);
        fclose(references);
    }
}

static double rate(double flops, double seconds)
{
    return seconds > 0.0 ? flops / seconds * 1e-9 : 0.0;
}

static json_t *peak_object(const tyto_peak *peak)
{
    json_t *object = json_made(json_object());
    json_put(object, "fp32_gflops", json_real(peak->fp32_gflops));
    json_put(object, "bf16_gflops", json_real(peak->bf16_gflops));
    if (peak->int8_gops > 0.0) { /* a run in fp32 doesn't measure it */
        json_put(object, "int8_gops", json_real(peak->int8_gops));
    }
    json_put(object, "memory_gb_per_s", json_real(peak->memory_gigabytes));
    return object;
}

/* What the stages would take at the peak of what they multiply, as a share of `seconds`. */
static double peak_share(const tyto_bench_result *result, double seconds)
{
    double least = 0.0;
    for (int64_t i = 0; i < result->n_stages; i++) {
        const tyto_stage *stage = &result->stages[i];
        least += stage->flops * 1e-9 / tyto_peak_gflops(&result->peak, stage->precision);
    }
    return least / seconds;
}

static json_t *stage_object(const tyto_stage *stage, const tyto_peak *peak)
{
    const double gflops = rate(stage->flops, stage->seconds);
    json_t *object = json_made(json_object());
    json_put(object, "stage", json_text(stage->stage));
    json_put(object, "operation", json_text(stage->operation));
    json_put(object, "precision", json_text(tyto_precision_name(stage->precision)));
    json_put(object, "seconds", json_real(stage->seconds));
    json_put(object, "gflop", json_real(stage->flops * 1e-9));
    json_put(object, "gflops", json_real(gflops));
    json_put(object, "peak_share", json_real(gflops / tyto_peak_gflops(peak, stage->precision)));
    return object;
}

static json_t *model_object(const bench_args *args, const opened *with, const machine *before,
                            const tyto_bench_result *result)
{
    const double fastest = result->forward_s[result->fastest];
    const tyto_precision precision = tyto_model_precision(with->model);
    tyto_peak peak = result->peak;
    peak.memory_gigabytes = before->memory_gigabytes;
    json_t *object = json_made(json_object()), *runs = json_made(json_array()),
           *stages = json_made(json_array());
    json_put(object, "model", json_text(with->folder));
    json_put(object, "head", json_text(args->head ? args->head : tyto_model_head(with->model)));
    json_put(object, "isa", json_text(tyto_engine_isa(with->engine)));
    json_put(object, "threads", json_integer(tyto_engine_threads(with->engine)));
    json_put(object, "simulated", json_boolean(args->common.simulated));
    json_put(object, "precision", json_text(tyto_precision_name(precision)));
    if (!args->inputs) {
        json_put(object, "batch", json_integer(args->batch));
        json_put(object, "queries", json_integer(args->queries));
    }
    json_put(object, "load_s", json_real(before->load_s));
    for (int i = 0; i < result->runs; i++) {
        json_push(runs, json_real(result->forward_s[i]));
    }
    json_put(object, "forward_s", runs);
    json_put(object, "gflop", json_real(result->flops * 1e-9));
    json_put(object, "gflops", json_real(rate(result->flops, fastest)));
    json_put(object, "peak_share", json_real(peak_share(result, fastest)));
    json_put(object, "peak", peak_object(&peak));
    json_put(object, "weights_mb", json_real(1e-6 * (double)tyto_model_weight_bytes(with->model)));
    json_put(object, "scratch_mb",
             json_real(1e-6 * (double)tyto_session_scratch_bytes(with->session)));
    json_put(object, "peak_rss_mb", json_real(peak_rss_mb()));
    for (int64_t i = 0; i < result->n_stages; i++) {
        json_push(stages, stage_object(&result->stages[i], &result->peak));
    }
    json_put(object, "stages", stages);
    return object;
}

static void print_rate(FILE *to, double flops, double seconds, double share)
{
    if (flops > 0.0) {
        fprintf(to, " %9.2f %9.1f %6.1f%%", flops * 1e-9, rate(flops, seconds), 100.0 * share);
    }
    fputc('\n', to);
}

static void print_stage(FILE *to, const char *stage, const char *operation, const char *precision,
                        double seconds, double total)
{
    fprintf(to, "%-16s %-10s %-4s %9.2f %5.1f%%", stage, operation, precision, seconds * 1e3,
            100.0 * seconds / total);
}

static void print_model(FILE *to, const opened *with, const machine *before,
                        const tyto_bench_result *result)
{
    const double fastest = result->forward_s[result->fastest];
    const tyto_precision precision = tyto_model_precision(with->model);
    double left = fastest;
    fprintf(to, "%-16s %-10s %-4s %9s %6s %9s %9s %7s\n", "stage", "operation", "", "ms", "time",
            "GFLOP", "GFLOP/s", "of peak");
    for (int64_t i = 0; i < result->n_stages; i++) {
        const tyto_stage *stage = &result->stages[i];
        print_stage(to, stage->stage, stage->operation,
                    stage->flops > 0.0 ? tyto_precision_name(stage->precision) : "", stage->seconds,
                    fastest);
        print_rate(to, stage->flops, stage->seconds,
                   rate(stage->flops, stage->seconds) /
                       tyto_peak_gflops(&result->peak, stage->precision));
        left -= stage->seconds;
    }
    print_stage(to, "other", "", "", left, fastest);
    fputc('\n', to);
    print_stage(to, "forward", "", tyto_precision_name(precision), fastest, fastest);
    print_rate(to, result->flops, fastest, peak_share(result, fastest));
    fprintf(to, "\nforwards         ");
    for (int i = 0; i < result->runs; i++) {
        fprintf(to, "%s%.3f", i ? ", " : "", result->forward_s[i]);
    }
    fprintf(to, " s; the fastest is shown\n");
    fprintf(to, "load             %.3f s\n", before->load_s);
    fprintf(to,
            "peak             %.1f GFLOP/s in %s, %.1f GB/s from memory (%s, "
            "%lld threads)\n",
            tyto_peak_gflops(&result->peak, precision), tyto_precision_name(precision),
            before->memory_gigabytes, tyto_engine_isa(with->engine),
            (long long)tyto_session_threads(with->session));
    fprintf(to,
            "memory           %.0f MB at most: %.0f MB of weights, %.0f MB of "
            "scratch\n",
            peak_rss_mb(), 1e-6 * (double)tyto_model_weight_bytes(with->model),
            1e-6 * (double)tyto_session_scratch_bytes(with->session));
}

static tyto_status keep_outputs(const bench_args *args, const tyto_bench_result *result,
                                tyto_error *err)
{
    return args->outputs && result->n_outputs > 0
               ? tyto_tensor_file_save(args->outputs, result->outputs, result->n_outputs, err)
               : TYTO_OK;
}

/* A line of JSON, at once: whoever asked waits for it. */
static void say_line(json_t *object)
{
    json_write(object, false, stdout);
    fputc('\n', stdout);
    fflush(stdout);
    json_decref(object);
}

/* One forward for each line that comes in, so that programs take turns with others. */
static bool bench_on_request(const bench_args *args, const opened *with, const machine *before,
                             tyto_bench_options options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_result result = {0};
    json_t *loaded = json_made(json_object());
    bool done = true;
    int got;
    options.runs = 1;
    options.warmup = 0;
    json_put(loaded, "load_s", json_real(before->load_s));
    say_line(loaded);
    while (done && (got = getchar()) != EOF) {
        if (got != '\n') {
            continue;
        }
        tyto_bench_result_clear(&result);
        done = tyto_bench_forward(with->session, &options, &result, &err) == TYTO_OK;
        if (done) {
            say_line(model_object(args, with, before, &result));
        }
    }
    done = done && keep_outputs(args, &result, &err) == TYTO_OK;
    if (!done) {
        say_tyto_error(&err);
    }
    tyto_bench_result_clear(&result);
    return done;
}

/* Runs the forwards and writes the report. */
static bool bench(const bench_args *args, const tyto_tensor_file *file, const opened *with,
                  const machine *before)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_result result;
    output out = {0};
    const int64_t count = file ? tyto_tensor_file_count(file) : 0;
    tyto_tensor *inputs = take((size_t)(count + 1), sizeof(*inputs));
    for (int64_t i = 0; i < count; i++) {
        inputs[i] = *tyto_tensor_file_at(file, i);
    }
    tyto_bench_options options;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = args->runs;
    options.warmup = args->warmup;
    options.head = args->head;
    options.inputs = inputs;
    options.n_inputs = count;
    options.batch = args->batch;
    options.queries = args->queries;
    if (args->on_request) {
        const bool served = bench_on_request(args, with, before, options);
        free(inputs);
        return served;
    }
    bool done = tyto_bench_forward(with->session, &options, &result, &err) == TYTO_OK &&
                keep_outputs(args, &result, &err) == TYTO_OK;
    if (!done) {
        say_tyto_error(&err);
    } else if ((done = output_open(&out, args->output))) {
        if (args->format == FORMAT_JSON) {
            json_t *object = model_object(args, with, before, &result);
            json_write(object, true, out.stream);
            fputc('\n', out.stream);
            json_decref(object);
        } else {
            print_model(out.stream, with, before, &result);
        }
        done = output_commit(&out);
    }
    tyto_bench_result_clear(&result);
    free(inputs);
    return done;
}

/* Before the model is there, so that what this reads isn't counted as the
 * model's memory. */
static bool measure_memory(const common_args *common, machine *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_peak peak = {0};
    tyto_engine *engine = engine_open(common);
    const bool done = engine && tyto_peak_measure(engine, &peak, &err) == TYTO_OK;
    if (engine && !done) {
        say_tyto_error(&err);
    }
    tyto_engine_destroy(engine);
    forget_peak_rss();
    *out = (machine){.memory_gigabytes = peak.memory_gigabytes};
    return done;
}

static int run_model(const bench_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    opened with = {0};
    bool done = true;
    if (args->inputs && tyto_tensor_file_open(args->inputs, &file, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return EXIT_FAILED;
    }
    /* A program that starts forwards itself measures its start too, so nothing delays that. */
    machine before = {0};
    done = args->on_request || measure_memory(&args->common, &before);
    const double began = seconds_now();
    done = done && model_open(&args->common, &with);
    before.load_s = seconds_now() - began;
    done = done && bench(args, file, &with, &before);
    model_close(&with);
    tyto_tensor_file_close(file);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static json_t *kernel_object(const tyto_kernel_time *time)
{
    json_t *object = json_made(json_object());
    json_put(object, "kernel", json_text(time->kernel));
    json_put(object, "shape", json_text(time->shape));
    json_put(object, "seconds", json_real(time->seconds));
    json_put(object, "precision", json_text(tyto_precision_name(time->precision)));
    json_put(object, "gflops", json_real(rate(time->flops, time->seconds)));
    json_put(object, "gb_per_s", json_real(time->gigabytes / time->seconds));
    return object;
}

static void print_kernel(FILE *to, const tyto_kernel_time *time, const tyto_peak *peak)
{
    fprintf(to, "%-12s %-40s %10.3f us %8.1f GB/s", time->kernel, time->shape, time->seconds * 1e6,
            time->gigabytes / time->seconds);
    if (time->flops > 0.0) {
        fprintf(to, " %9.1f GFLOP/s %6.1f%%", rate(time->flops, time->seconds),
                100.0 * rate(time->flops, time->seconds) / tyto_peak_gflops(peak, time->precision));
    }
    fputc('\n', to);
}

/* The machine's peak, and with --kernels each kernel on one thread. */
static bool report_machine(const bench_args *args, const tyto_engine *engine, const tyto_peak *peak,
                           const tyto_kernel_time *times, size_t count)
{
    output out = {0};
    if (!output_open(&out, args->output)) {
        return false;
    }
    if (args->format == FORMAT_JSON) {
        json_t *object = json_made(json_object()), *kernels = json_made(json_array());
        json_put(object, "isa", json_text(tyto_engine_isa(engine)));
        json_put(object, "threads", json_integer(tyto_engine_threads(engine)));
        json_put(object, "peak", peak_object(peak));
        for (size_t i = 0; i < count; i++) {
            json_push(kernels, kernel_object(&times[i]));
        }
        json_put(object, "kernels", kernels);
        json_write(object, true, out.stream);
        fputc('\n', out.stream);
        json_decref(object);
    } else {
        fprintf(out.stream,
                "%s, %lld threads: %.1f GFLOP/s in fp32, %.1f in bf16, %.1f GOP/s in int8, "
                "%.1f GB/s from memory\n",
                tyto_engine_isa(engine), (long long)tyto_engine_threads(engine), peak->fp32_gflops,
                peak->bf16_gflops, peak->int8_gops, peak->memory_gigabytes);
        for (size_t i = 0; i < count; i++) {
            print_kernel(out.stream, &times[i], peak);
        }
    }
    return output_commit(&out);
}

static int run_machine(const bench_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    common_args common = args->common;
    if (args->kernels) {
        common.threads = 1; /* kernels are measured alone, and so is their peak */
    }
    tyto_engine *engine = engine_open(&common);
    if (!engine) {
        return EXIT_FAILED;
    }
    tyto_kernel_time *times = take(TYTO_KERNEL_TIMES_MAX, sizeof(*times));
    int64_t count = 0;
    tyto_peak peak;
    bool done = tyto_peak_measure(engine, &peak, &err) == TYTO_OK &&
                (!args->kernels || tyto_bench_kernels(engine, times, &count, &err) == TYTO_OK);
    if (!done) {
        say_tyto_error(&err);
    }
    done = done && report_machine(args, engine, &peak, times, (size_t)count);
    free(times);
    tyto_engine_destroy(engine);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    const bench_args *args = given;
    return args->peak || args->kernels ? run_machine(args) : run_model(args);
}

static const bench_args defaults = {.runs = 5, .warmup = 1, .queries = 2, .batch = 1};

#define AT(field) offsetof(bench_args, field)
static const option options[] = {
    {"runs", 'n', OPTION_INTEGER, "N", "forwards to measure (default: 5)", AT(runs), 1, COUNT_MAX},
    {"warmup", 0, OPTION_INTEGER, "N", "forwards before them (default: 1)", AT(warmup), 0,
     COUNT_MAX},
    {"queries", 0, OPTION_INTEGER, "N", "labels of each photo (default: 2)", AT(queries), 1,
     COUNT_MAX},
    {"batch", 0, OPTION_INTEGER, "N", "photos of a forward (default: 1)", AT(batch), 1, COUNT_MAX},
    {"inputs", 'i', OPTION_TEXT, "FILE",
     "run on these tensors, as 'tyto forward' does, instead of seeded ones", AT(inputs),
     .files = COMPLETES_FILES},
    {"outputs", 0, OPTION_TEXT, "FILE", "write the last run's tensors as .safetensors", AT(outputs),
     .files = COMPLETES_FILES},
    {"simulate", 0, OPTION_FLAG, NULL, "simulate the threads of --threads on one core",
     AT(common.simulated)},
    {"on-request", 0, OPTION_FLAG, NULL,
     "load, then run one forward for each line of standard input, answered by a line of JSON",
     AT(on_request)},
    {"head", 0, OPTION_TEXT, "NAME", "the head to run (default: what config.json names)", AT(head)},
    {"peak", 0, OPTION_FLAG, NULL, "measure the machine alone: no model", AT(peak)},
    {"kernels", 0, OPTION_FLAG, NULL, "measure each kernel on one thread: no model", AT(kernels)},
    {"format", 'f', OPTION_CHOICE, "text|json", "text (default), or one object of JSON",
     AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write the report there instead of standard output",
     AT(output), .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto bench -m owlv2-base-patch16-ensemble",
     "time and share of the machine's peak, stage by stage"},
    {"tyto bench -m MODEL --queries 100 --threads 1 --format json",
     "a hundred labels on one core, for programs"},
    {"tyto bench --peak", "what this machine can do at most"},
    {"tyto bench --kernels", "each kernel of the instruction set in use"},
    {0},
};

const command cmd_bench = {
    .name = "bench",
    .summary = "time a model against what the machine can do",
    .synopsis = "[-m MODEL] [option...]",
    .description = "Runs forwards and shows what each stage of the fastest took, how many "
                   "floating-point "
                   "operations that is, and which share of the rate that this machine "
                   "reaches in registers "
                   "alone, measured in the same run. Detection is timed on seeded pixels "
                   "and ready text "
                   "embeddings: what a photo costs once its labels are known.\n\n"
                   "Memory is the most that the process held at once.\n\n"
                   "--simulate tells how the work would divide among more threads than there "
                   "are cores: the tasks of all threads run one after another on one core, and "
                   "the time is what threads would take that each fetch the next task when they "
                   "are free. What threads share, such as memory and caches, doesn't slow them "
                   "in this.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(bench_args),
    .defaults = &defaults,
    .run = run,
};
