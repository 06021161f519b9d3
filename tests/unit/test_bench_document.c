/* Reports of measurements, of results that are made here: times differ, what is said of them not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <tyto/bench_document.h>
#include <tyto/tyto.h>

#include "support/cases.h"
#include "support/engines.h"

static tyto_engine *engine;
static tyto_model *model;
static tyto_session *session;
static char folder[1024];

/* The second run is the fastest: 40 of its 500 ms are no stage's. 2 GFLOP of products at half their
 * peak, 0.25 of attention at an eighth. */
static double forward_s[] = {0.75, 0.5, 1.0};
static tyto_stage stages[] = {
    {.stage = "image tower",
     .operation = "linear",
     .seconds = 0.25,
     .flops = 2e9,
     .precision = TYTO_PRECISION_BF16},
    {.stage = "image tower",
     .operation = "attention",
     .seconds = 0.125,
     .flops = 0.25e9,
     .precision = TYTO_PRECISION_FP32},
    {.stage = "box head", .operation = "gelu", .seconds = 0.085, .flops = 0.0},
};
static const tyto_bench_result result = {
    .forward_s = forward_s,
    .runs = 3,
    .fastest = 1,
    .flops = 2.25e9,
    .stages = stages,
    .n_stages = 3,
    .peak = {.fp32_gflops = 16.0, .bf16_gflops = 16.0},
};
static tyto_kernel_time kernels[] = {
    {.kernel = "linear",
     .shape = "m = 4, n = 8, k = 16",
     .seconds = 0.000002,
     .flops = 16000.0,
     .gigabytes = 0.000004,
     .precision = TYTO_PRECISION_FP32},
    {.kernel = "copy", .shape = "1000", .seconds = 0.00025, .gigabytes = 0.0005},
};
static const tyto_kernel_times times = {.items = kernels, .count = 2};
static const tyto_peak peak = {16.0, 32.0, 64.0, 4.0};

static int open_model(void **state)
{
    tyto_engine_options options = engine_options(1);
    (void)state;
    options.precision = TYTO_PRECISION_FP32;
    snprintf(folder, sizeof(folder), "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
    return tyto_engine_create(&options, &engine, NULL) != TYTO_OK ||
           tyto_model_open(engine, folder, NULL, &model, NULL) != TYTO_OK ||
           tyto_session_create(model, NULL, &session, NULL) != TYTO_OK;
}

static int close_model(void **state)
{
    (void)state;
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return 0;
}

static tyto_bench_document_options options_of(tyto_format format)
{
    tyto_bench_document_options options;
    tyto_bench_document_options_init(&options, sizeof(options));
    options.format = format;
    options.load_s = 0.375;
    options.memory_gigabytes = 5.5;
    return options;
}

/* JSON that ends its line; indented or on one. */
static json_t *read_json(tyto_bytes *bytes, bool indented)
{
    assert_int_equal(strlen(bytes->data), bytes->length_bytes);
    assert_int_equal(bytes->data[bytes->length_bytes - 1], '\n');
    assert_true((strchr(bytes->data, '\n') != bytes->data + bytes->length_bytes - 1) == indented);
    json_t *document = json_loads(bytes->data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    tyto_bytes_clear(bytes);
    return document;
}

static void assert_keys(json_t *object, const char *required)
{
    char keys[512] = "";
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        strcat(keys, *keys ? " " : "");
        strcat(keys, key);
    }
    assert_string_equal(keys, required);
}

static void assert_real(const json_t *object, const char *key, double required)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_real(value));
    assert_float_equal(json_real_value(value), required, 1e-12);
}

static void assert_text(const json_t *object, const char *key, const char *required)
{
    assert_string_equal(json_string_value(json_object_get(object, key)), required);
}

static void assert_stages(const json_t *list)
{
    assert_int_equal(json_array_size(list), 3);
    json_t *linear = json_array_get(list, 0);
    assert_keys(linear, "stage operation precision seconds gflop gflops peak_share");
    assert_text(linear, "stage", "image tower");
    assert_text(linear, "operation", "linear");
    assert_text(linear, "precision", "bf16");
    assert_real(linear, "seconds", 0.25);
    assert_real(linear, "gflop", 2.0);
    assert_real(linear, "gflops", 8.0);
    assert_real(linear, "peak_share", 0.5);
    assert_real(json_array_get(list, 1), "peak_share", 0.125);
    assert_real(json_array_get(list, 2), "gflops", 0.0);
    assert_real(json_array_get(list, 2), "peak_share", 0.0);
}

/* What JSON and JSON lines say alike. */
static void runs_are_json(void **state)
{
    (void)state;
    for (int format = TYTO_FORMAT_JSON; format <= TYTO_FORMAT_JSONL; format++) {
        const tyto_bench_document_options options = options_of((tyto_format)format);
        tyto_error err = TYTO_ERROR_INIT;
        tyto_bytes bytes;
        assert_int_equal(tyto_bench_document_write(session, &result, &options, &bytes, &err),
                         TYTO_OK);
        json_t *report = read_json(&bytes, format == TYTO_FORMAT_JSON);
        assert_keys(report,
                    "model head isa threads simulated precision batch queries load_s forward_s "
                    "gflop gflops peak_share peak weights_mb scratch_mb peak_rss_mb stages");
        assert_text(report, "model", folder);
        assert_text(report, "head", tyto_model_head(model));
        assert_text(report, "isa", tyto_engine_isa(engine));
        assert_int_equal(json_integer_value(json_object_get(report, "threads")), 1);
        assert_int_equal(json_integer_value(json_object_get(report, "batch")), 1);
        assert_int_equal(json_integer_value(json_object_get(report, "queries")), 2);
        assert_real(report, "load_s", 0.375);
        const json_t *runs = json_object_get(report, "forward_s");
        assert_int_equal(json_array_size(runs), 3);
        for (size_t i = 0; i < 3; i++) {
            assert_true(json_real_value(json_array_get(runs, i)) == forward_s[i]);
        }
        assert_real(report, "gflop", 2.25);
        assert_real(report, "gflops", 4.5);
        /* 2 / 16 + 0.25 / 16 s at the peak, of 0.5 */
        assert_real(report, "peak_share", 0.28125);
        json_t *rates = json_object_get(report, "peak");
        assert_keys(rates, "fp32_gflops bf16_gflops memory_gb_per_s");
        assert_real(rates, "memory_gb_per_s", 5.5);
        assert_real(report, "weights_mb", 1e-6 * (double)tyto_model_weight_bytes(model));
        assert_stages(json_object_get(report, "stages"));
        json_decref(report);
    }
}

/* A run on inputs of its own has neither batch nor queries, and says its head. */
static void heads_are_named(void **state)
{
    (void)state;
    tyto_bench_document_options options = options_of(TYTO_FORMAT_JSON);
    tyto_bytes bytes;
    options.head = "Owlv2Model.get_text_features";
    options.batch = options.queries = 0;
    assert_int_equal(tyto_bench_document_write(session, &result, &options, &bytes, NULL), TYTO_OK);
    json_t *report = read_json(&bytes, true);
    assert_text(report, "head", "Owlv2Model.get_text_features");
    assert_null(json_object_get(report, "batch"));
    assert_null(json_object_get(report, "queries"));
    json_decref(report);
}

static void runs_are_tables(void **state)
{
    (void)state;
    const tyto_bench_document_options options = options_of(TYTO_FORMAT_TEXT);
    char required[2048];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    snprintf(required, sizeof(required),
             "stage            operation              ms   time     GFLOP   GFLOP/s of peak\n"
             "image tower      linear     bf16    250.00  50.0%%      2.00       8.0   50.0%%\n"
             "image tower      attention  fp32    125.00  25.0%%      0.25       2.0   12.5%%\n"
             "box head         gelu                85.00  17.0%%\n"
             "other                                40.00   8.0%%\n"
             "forward                     fp32    500.00 100.0%%      2.25       4.5   28.1%%\n"
             "\n"
             "forwards         0.750, 0.500, 1.000 s; the fastest is shown\n"
             "load             0.375 s\n"
             "peak             16.0 GFLOP/s in fp32, 5.5 GB/s from memory (%s, 1 threads)\n"
             "memory           ",
             tyto_engine_isa(engine));
    assert_int_equal(tyto_bench_document_write(session, &result, &options, &bytes, &err), TYTO_OK);
    char *memory = strstr(bytes.data, "\nmemory           ");
    assert_non_null(memory);
    assert_int_equal(bytes.data[bytes.length_bytes - 1], '\n');
    memory[strlen("\nmemory           ")] = '\0';
    assert_string_equal(bytes.data, required);
    tyto_bytes_clear(&bytes);
}

/* Before the first run only the time of opening is known, and a table has nothing to say. */
static void opening_is_reported(void **state)
{
    (void)state;
    for (int format = TYTO_FORMAT_JSON; format <= TYTO_FORMAT_JSONL; format++) {
        const tyto_bench_document_options options = options_of((tyto_format)format);
        tyto_bytes bytes;
        assert_int_equal(tyto_bench_document_write(session, NULL, &options, &bytes, NULL), TYTO_OK);
        json_t *report = read_json(&bytes, format == TYTO_FORMAT_JSON);
        assert_keys(report, "load_s");
        assert_real(report, "load_s", 0.375);
        json_decref(report);
    }
}

static void the_machine_is_reported(void **state)
{
    (void)state;
    char required[1024];
    tyto_bytes bytes;
    const int used = snprintf(
        required, sizeof(required),
        "%s, 1 threads: 16.0 GFLOP/s in fp32, 32.0 in bf16, 64.0 GOP/s in int8, 4.0 GB/s from "
        "memory\n",
        tyto_engine_isa(engine));
    assert_int_equal(
        tyto_machine_document_write(engine, &peak, NULL, TYTO_FORMAT_TEXT, &bytes, NULL), TYTO_OK);
    assert_string_equal(bytes.data, required);
    tyto_bytes_clear(&bytes);
    snprintf(required + used, sizeof(required) - (size_t)used,
             "%-12s %-40s      2.000 us      2.0 GB/s       8.0 GFLOP/s   50.0%%\n"
             "%-12s %-40s    250.000 us      2.0 GB/s\n",
             "linear", "m = 4, n = 8, k = 16", "copy", "1000");
    assert_int_equal(
        tyto_machine_document_write(engine, &peak, &times, TYTO_FORMAT_TEXT, &bytes, NULL),
        TYTO_OK);
    assert_string_equal(bytes.data, required);
    tyto_bytes_clear(&bytes);
    for (int64_t count = 0; next_case(count, 3); count += 2) {
        assert_int_equal(tyto_machine_document_write(engine, &peak, count ? &times : NULL,
                                                     TYTO_FORMAT_JSON, &bytes, NULL),
                         TYTO_OK);
        json_t *report = read_json(&bytes, true);
        assert_keys(report, "isa threads peak kernels");
        assert_keys(json_object_get(report, "peak"),
                    "fp32_gflops bf16_gflops int8_gops memory_gb_per_s");
        const json_t *list = json_object_get(report, "kernels");
        assert_int_equal(json_array_size(list), count);
        if (count) {
            assert_keys(json_array_get(list, 0), "kernel shape seconds precision gflops gb_per_s");
            assert_real(json_array_get(list, 0), "gflops", 8.0);
            assert_real(json_array_get(list, 1), "gflops", 0.0);
            assert_real(json_array_get(list, 1), "gb_per_s", 2.0);
        }
        json_decref(report);
    }
}

static void refuse_report(const tyto_bench_result *given, int format)
{
    const tyto_bench_document_options options = options_of((tyto_format)format);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    assert_int_equal(tyto_bench_document_write(session, given, &options, &bytes, &err),
                     TYTO_E_ARGUMENT);
    assert_null(bytes.data);
    assert_non_null(strstr(tyto_error_message(&err), "required runs in text, json or jsonl"));
    tyto_error_clear(&err);
}

static void others_are_refused(void **state)
{
    (void)state;
    const tyto_bench_result none = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    refuse_report(NULL, TYTO_FORMAT_TEXT);
    for (int format = TYTO_FORMAT_TEXT; format <= TYTO_FORMAT_JSONL; format++) {
        refuse_report(&none, format);
    }
    refuse_report(&result, TYTO_FORMAT_CSV);
    refuse_report(&result, -1);
    for (int format = TYTO_FORMAT_JSONL; format <= TYTO_FORMAT_YOLO; format++) {
        assert_int_equal(
            tyto_machine_document_write(engine, &peak, NULL, (tyto_format)format, &bytes, &err),
            TYTO_E_ARGUMENT);
        assert_null(bytes.data);
    }
    assert_int_equal(tyto_bench_document_write(NULL, &result, NULL, &bytes, &err), TYTO_E_ARGUMENT);
    assert_int_equal(
        tyto_machine_document_write(engine, NULL, NULL, TYTO_FORMAT_TEXT, &bytes, &err),
        TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_json),           cmocka_unit_test(heads_are_named),
        cmocka_unit_test(runs_are_tables),         cmocka_unit_test(opening_is_reported),
        cmocka_unit_test(the_machine_is_reported), cmocka_unit_test(others_are_refused),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
