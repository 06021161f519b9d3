/* Reports of what was measured. They lie here, and not among the documents of results, since they
 * say what a session and its engine are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/bench_document.h>

#include "base/error.h"
#include "base/options.h"
#include "results/writer.h"
#include "runtime/session.h"

static const tyto_bench_document_options defaults = {
    .struct_bytes = sizeof(defaults), .batch = 1, .queries = 2};

void tyto_bench_document_options_init(tyto_bench_document_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

double tyto_memory_peak_bytes(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    double bytes = 0.0;
    while (status && bytes == 0.0 && fgets(line, sizeof(line), status)) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            bytes = 1024.0 * (double)strtoll(line + 6, NULL, 10);
        }
    }
    if (status) {
        fclose(status);
    }
    return bytes;
}

void tyto_memory_peak_forget(void)
{
    FILE *references = fopen("/proc/self/clear_refs", "w");
    if (references) {
        fputs("5", references);
        fclose(references);
    }
}

/* In 1e9 operations per second. */
static double rate(double flops, double seconds)
{
    return seconds > 0.0 ? flops / seconds * 1e-9 : 0.0;
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

static json_t *peak_object(tyto_writer *writer, const tyto_peak *peak)
{
    json_t *object = json_object();
    tyto_json_put(writer, object, "fp32_gflops", tyto_json_real(peak->fp32_gflops));
    tyto_json_put(writer, object, "bf16_gflops", tyto_json_real(peak->bf16_gflops));
    if (peak->int8_gops > 0.0) { /* a run in fp32 doesn't measure it */
        tyto_json_put(writer, object, "int8_gops", tyto_json_real(peak->int8_gops));
    }
    tyto_json_put(writer, object, "memory_gb_per_s", tyto_json_real(peak->memory_gigabytes));
    return object;
}

static json_t *stage_object(tyto_writer *writer, const tyto_stage *stage, const tyto_peak *peak)
{
    const double gflops = rate(stage->flops, stage->seconds);
    json_t *object = json_object();
    tyto_json_put(writer, object, "stage", tyto_json_string(stage->stage));
    tyto_json_put(writer, object, "operation", tyto_json_string(stage->operation));
    tyto_json_put(writer, object, "precision",
                  tyto_json_string(tyto_precision_name(stage->precision)));
    tyto_json_put(writer, object, "seconds", tyto_json_real(stage->seconds));
    tyto_json_put(writer, object, "gflop", tyto_json_real(stage->flops * 1e-9));
    tyto_json_put(writer, object, "gflops", tyto_json_real(gflops));
    tyto_json_put(writer, object, "peak_share",
                  tyto_json_real(gflops / tyto_peak_gflops(peak, stage->precision)));
    return object;
}

/* What ran: the first half of the report. */
static void put_run(tyto_writer *writer, json_t *object, const tyto_session *session,
                    const tyto_bench_document_options *options)
{
    const tyto_model *model = session->model;
    const tyto_engine *engine = model->engine;
    const char *head = options->head ? options->head : tyto_model_head(model);
    tyto_json_put(writer, object, "model", tyto_json_string(model->folder));
    tyto_json_put(writer, object, "head", tyto_json_string(head));
    tyto_json_put(writer, object, "isa", tyto_json_string(tyto_engine_isa(engine)));
    tyto_json_put(writer, object, "threads", json_integer(tyto_session_threads(session)));
    tyto_json_put(writer, object, "simulated", json_boolean(engine->simulated));
    tyto_json_put(writer, object, "precision",
                  tyto_json_string(tyto_precision_name(tyto_model_precision(model))));
    if (options->batch > 0) {
        tyto_json_put(writer, object, "batch", json_integer(options->batch));
        tyto_json_put(writer, object, "queries", json_integer(options->queries));
    }
    tyto_json_put(writer, object, "load_s", tyto_json_real(options->load_s));
}

static json_t *model_object(tyto_writer *writer, const tyto_session *session,
                            const tyto_bench_result *result,
                            const tyto_bench_document_options *options)
{
    const double fastest = result->forward_s[result->fastest];
    tyto_peak peak = result->peak;
    peak.memory_gigabytes = options->memory_gigabytes;
    json_t *object = json_object(), *runs = json_array(), *stages = json_array();
    put_run(writer, object, session, options);
    for (int64_t i = 0; i < result->runs; i++) {
        tyto_json_push(writer, runs, tyto_json_real(result->forward_s[i]));
    }
    tyto_json_put(writer, object, "forward_s", runs);
    tyto_json_put(writer, object, "gflop", tyto_json_real(result->flops * 1e-9));
    tyto_json_put(writer, object, "gflops", tyto_json_real(rate(result->flops, fastest)));
    tyto_json_put(writer, object, "peak_share", tyto_json_real(peak_share(result, fastest)));
    tyto_json_put(writer, object, "peak", peak_object(writer, &peak));
    tyto_json_put(writer, object, "weights_mb",
                  tyto_json_real(1e-6 * (double)tyto_model_weight_bytes(session->model)));
    tyto_json_put(writer, object, "scratch_mb",
                  tyto_json_real(1e-6 * (double)tyto_session_scratch_bytes(session)));
    tyto_json_put(writer, object, "peak_rss_mb", tyto_json_real(1e-6 * tyto_memory_peak_bytes()));
    for (int64_t i = 0; i < result->n_stages; i++) {
        tyto_json_push(writer, stages, stage_object(writer, &result->stages[i], &result->peak));
    }
    tyto_json_put(writer, object, "stages", stages);
    return object;
}

static void write_rate(tyto_writer *writer, double flops, double seconds, double share)
{
    if (flops > 0.0) {
        tyto_writer_format(writer, " %9.2f %9.1f %6.1f%%", flops * 1e-9, rate(flops, seconds),
                           100.0 * share);
    }
    tyto_writer_text(writer, "\n");
}

static void write_stage(tyto_writer *writer, const char *stage, const char *operation,
                        const char *precision, double seconds, double total)
{
    tyto_writer_format(writer, "%-16s %-10s %-4s %9.2f %5.1f%%", stage, operation, precision,
                       seconds * 1e3, 100.0 * seconds / total);
}

static void write_stages(tyto_writer *writer, const tyto_bench_result *result,
                         tyto_precision precision)
{
    const double fastest = result->forward_s[result->fastest];
    double left = fastest;
    tyto_writer_format(writer, "%-16s %-10s %-4s %9s %6s %9s %9s %7s\n", "stage", "operation", "",
                       "ms", "time", "GFLOP", "GFLOP/s", "of peak");
    for (int64_t i = 0; i < result->n_stages; i++) {
        const tyto_stage *stage = &result->stages[i];
        write_stage(writer, stage->stage, stage->operation,
                    stage->flops > 0.0 ? tyto_precision_name(stage->precision) : "", stage->seconds,
                    fastest);
        write_rate(writer, stage->flops, stage->seconds,
                   rate(stage->flops, stage->seconds) /
                       tyto_peak_gflops(&result->peak, stage->precision));
        left -= stage->seconds;
    }
    write_stage(writer, "other", "", "", left, fastest);
    tyto_writer_text(writer, "\n");
    write_stage(writer, "forward", "", tyto_precision_name(precision), fastest, fastest);
    write_rate(writer, result->flops, fastest, peak_share(result, fastest));
}

static void write_model(tyto_writer *writer, const tyto_session *session,
                        const tyto_bench_result *result, const tyto_bench_document_options *options)
{
    const tyto_model *model = session->model;
    const tyto_precision precision = tyto_model_precision(model);
    write_stages(writer, result, precision);
    tyto_writer_text(writer, "\nforwards         ");
    for (int64_t i = 0; i < result->runs; i++) {
        tyto_writer_format(writer, "%s%.3f", i ? ", " : "", result->forward_s[i]);
    }
    tyto_writer_text(writer, " s; the fastest is shown\n");
    tyto_writer_format(writer, "load             %.3f s\n", options->load_s);
    tyto_writer_format(writer,
                       "peak             %.1f GFLOP/s in %s, %.1f GB/s from memory (%s, "
                       "%lld threads)\n",
                       tyto_peak_gflops(&result->peak, precision), tyto_precision_name(precision),
                       options->memory_gigabytes, tyto_engine_isa(model->engine),
                       (long long)tyto_session_threads(session));
    tyto_writer_format(writer,
                       "memory           %.0f MB at most: %.0f MB of weights, %.0f MB of "
                       "scratch\n",
                       1e-6 * tyto_memory_peak_bytes(),
                       1e-6 * (double)tyto_model_weight_bytes(model),
                       1e-6 * (double)tyto_session_scratch_bytes(session));
}

static json_t *loaded_object(tyto_writer *writer, double load_s)
{
    json_t *object = json_object();
    tyto_json_put(writer, object, "load_s", tyto_json_real(load_s));
    return object;
}

tyto_status tyto_bench_document_write(const tyto_session *session, const tyto_bench_result *result,
                                      const tyto_bench_document_options *options, tyto_bytes *out,
                                      tyto_error *err)
{
    tyto_writer writer;
    tyto_bench_document_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_bench_document_options", err));
    const bool runs = result && result->runs > 0 && result->forward_s;
    const bool text = own.format == TYTO_FORMAT_TEXT;
    if ((result ? !runs : text) || (unsigned)own.format > TYTO_FORMAT_JSONL) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "bench: got %sruns in format %d, required runs in text, json or jsonl",
                         runs ? "" : "no ", (int)own.format);
    }
    tyto_writer_init(&writer);
    if (text) {
        write_model(&writer, session, result, &own);
    } else {
        tyto_writer_json_new(&writer,
                             result ? model_object(&writer, session, result, &own)
                                    : loaded_object(&writer, own.load_s),
                             own.format == TYTO_FORMAT_JSON);
        tyto_writer_text(&writer, "\n");
    }
    return tyto_writer_end(&writer, out, err);
}

static json_t *kernel_object(tyto_writer *writer, const tyto_kernel_time *time)
{
    json_t *object = json_object();
    tyto_json_put(writer, object, "kernel", tyto_json_string(time->kernel));
    tyto_json_put(writer, object, "shape", tyto_json_string(time->shape));
    tyto_json_put(writer, object, "seconds", tyto_json_real(time->seconds));
    tyto_json_put(writer, object, "precision",
                  tyto_json_string(tyto_precision_name(time->precision)));
    tyto_json_put(writer, object, "gflops", tyto_json_real(rate(time->flops, time->seconds)));
    tyto_json_put(writer, object, "gb_per_s", tyto_json_real(time->gigabytes / time->seconds));
    return object;
}

static void write_kernel(tyto_writer *writer, const tyto_kernel_time *time, const tyto_peak *peak)
{
    tyto_writer_format(writer, "%-12s %-40s %10.3f us %8.1f GB/s", time->kernel, time->shape,
                       time->seconds * 1e6, time->gigabytes / time->seconds);
    if (time->flops > 0.0) {
        tyto_writer_format(writer, " %9.1f GFLOP/s %6.1f%%", rate(time->flops, time->seconds),
                           100.0 * rate(time->flops, time->seconds) /
                               tyto_peak_gflops(peak, time->precision));
    }
    tyto_writer_text(writer, "\n");
}

tyto_status tyto_machine_document_write(const tyto_engine *engine, const tyto_peak *peak,
                                        const tyto_kernel_times *times, tyto_format format,
                                        tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, peak);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    if ((unsigned)format > TYTO_FORMAT_JSON) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "bench: got format %d, required text or json",
                         (int)format);
    }
    const int64_t count = times ? times->count : 0;
    tyto_writer_init(&writer);
    if (format == TYTO_FORMAT_JSON) {
        json_t *object = json_object(), *kernels = json_array();
        tyto_json_put(&writer, object, "isa", tyto_json_string(tyto_engine_isa(engine)));
        tyto_json_put(&writer, object, "threads", json_integer(tyto_engine_threads(engine)));
        tyto_json_put(&writer, object, "peak", peak_object(&writer, peak));
        for (int64_t i = 0; i < count; i++) {
            tyto_json_push(&writer, kernels, kernel_object(&writer, &times->items[i]));
        }
        tyto_json_put(&writer, object, "kernels", kernels);
        tyto_writer_json_new(&writer, object, true);
        tyto_writer_text(&writer, "\n");
    } else {
        tyto_writer_format(&writer,
                           "%s, %lld threads: %.1f GFLOP/s in fp32, %.1f in bf16, %.1f GOP/s in "
                           "int8, %.1f GB/s from memory\n",
                           tyto_engine_isa(engine), (long long)tyto_engine_threads(engine),
                           peak->fp32_gflops, peak->bf16_gflops, peak->int8_gops,
                           peak->memory_gigabytes);
        for (int64_t i = 0; i < count; i++) {
            write_kernel(&writer, &times->items[i], peak);
        }
    }
    return tyto_writer_end(&writer, out, err);
}
