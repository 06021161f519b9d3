/* Measurements: what they count must add up, whatever the machine's speed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tyto/tyto.h>

#include "support/engines.h"

typedef struct fixture {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} fixture;

static int open_model(void **state)
{
    static fixture opened;
    char path[1024];
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
    const tyto_engine_options options = engine_options(2);
    *state = &opened;
    return tyto_engine_create(&options, &opened.engine, NULL) != TYTO_OK ||
           tyto_model_open(opened.engine, path, NULL, &opened.model, NULL) != TYTO_OK ||
           tyto_session_create(opened.model, NULL, &opened.session, NULL) != TYTO_OK;
}

static int close_model(void **state)
{
    fixture *opened = *state;
    tyto_session_destroy(opened->session);
    tyto_model_destroy(opened->model);
    tyto_engine_destroy(opened->engine);
    return 0;
}

/* Lets the second forward begin, and stops within it. */
static bool stop_in_second(void *user, const tyto_progress *progress)
{
    int64_t *forwards = user;
    if (strcmp(progress->stage, "forwards") == 0) {
        assert_int_equal(progress->total, 4);
        assert_int_equal(progress->done, *forwards);
        (*forwards)++;
        return true;
    }
    return *forwards < 2;
}

static void a_run_can_be_stopped(void **state)
{
    const fixture *opened = *state;
    int64_t forwards = 0;
    tyto_bench_options options;
    tyto_bench_result result;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = 3;
    options.progress = stop_in_second;
    options.progress_user = &forwards;
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, NULL),
                     TYTO_E_CANCELLED);
    assert_int_equal(forwards, 2);
    assert_int_equal(result.runs, 0);
    tyto_bench_result_clear(&result);
    /* The session follows nobody afterwards. */
    options.runs = 1;
    options.progress = NULL;
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, NULL), TYTO_OK);
    assert_int_equal(forwards, 2);
    tyto_bench_result_clear(&result);
}

static void runs_are_counted_and_stages_add_up(void **state)
{
    const fixture *opened = *state;
    tyto_bench_options options;
    tyto_bench_result result;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = 3;
    options.queries = 5;
    options.batch = 2;
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, NULL), TYTO_OK);
    assert_int_equal(result.runs, 3);
    for (int64_t i = 0; i < result.runs; i++) {
        assert_true(result.forward_s[i] >= result.forward_s[result.fastest]);
    }
    double seconds = 0.0, flops = 0.0;
    bool linear = false, attention = false;
    for (int64_t i = 0; i < result.n_stages; i++) {
        seconds += result.stages[i].seconds;
        flops += result.stages[i].flops;
        linear = linear || strcmp(result.stages[i].operation, "linear") == 0;
        attention = attention || strcmp(result.stages[i].operation, "attention") == 0;
        assert_string_not_equal(result.stages[i].stage, "");
        assert_string_not_equal(result.stages[i].stage, "text tower");
    }
    assert_true(linear && attention);
    assert_true(seconds <= result.forward_s[result.fastest]);
    assert_true(flops > 0.0 && flops == result.flops);
    assert_true(result.peak.fp32_gflops > 0.0);
    assert_int_equal(result.n_outputs, 3);
    assert_int_equal(result.outputs[0].shape[0], 2);
    assert_int_equal(result.outputs[0].shape[2], 5);
    tyto_bench_result_clear(&result);
    assert_null(result.forward_s);
}

static void given_inputs_are_run(void **state)
{
    const fixture *opened = *state;
    int64_t ids[4] = {1, 2, 3, 4};
    const tyto_tensor input = {
        .name = "input_ids", .dtype = TYTO_I64, .rank = 2, .shape = {2, 2}, .data = ids};
    tyto_bench_options options;
    tyto_bench_result result;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = 1;
    options.warmup = 0;
    options.head = "Owlv2Model.get_text_features";
    options.inputs = &input;
    options.n_inputs = 1;
    options.wanted = (const char *const[]){"text_features"};
    options.n_wanted = 1;
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, NULL), TYTO_OK);
    assert_int_equal(result.n_outputs, 1);
    assert_string_equal(result.outputs[0].name, "text_features");
    assert_string_equal(result.stages[0].stage, "text tower");
    tyto_bench_result_clear(&result);
}

static void what_can_not_run_says_so(void **state)
{
    const fixture *opened = *state;
    tyto_bench_options options;
    tyto_bench_result result;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = 0;
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_bench_result_clear(&result);
    options.runs = 1;
    options.head = "Owlv2Model";
    assert_int_equal(tyto_bench_forward(opened->session, &options, &result, &err),
                     TYTO_E_UNSUPPORTED);
    assert_non_null(strstr(tyto_error_message(&err), "Owlv2Model"));
    tyto_error_clear(&err);
    tyto_bench_result_clear(&result);
}

static void the_machine_has_rates(void **state)
{
    const fixture *opened = *state;
    tyto_peak peak;
    assert_int_equal(tyto_peak_measure(opened->engine, &peak, NULL), TYTO_OK);
    assert_true(peak.fp32_gflops > 0.0 && peak.memory_gigabytes > 0.0);
    assert_true(peak.bf16_gflops > 0.0);
    assert_true(peak.int8_gops > 0.0);
    assert_true(tyto_peak_gflops(&peak, TYTO_PRECISION_INT8) == peak.int8_gops);
    assert_true(tyto_peak_gflops(&peak, TYTO_PRECISION_BF16) == peak.bf16_gflops);
    assert_true(tyto_peak_gflops(&peak, TYTO_PRECISION_FP32) == peak.fp32_gflops);
}

static void kernels_have_times(void **state)
{
    const fixture *opened = *state;
    tyto_kernel_times times;
    assert_int_equal(tyto_bench_kernels(opened->engine, &times, NULL), TYTO_OK);
    assert_in_range(times.count, 10, 100);
    for (int64_t i = 0; i < times.count; i++) {
        assert_true(times.items[i].seconds > 0.0);
        assert_true(times.items[i].flops > 0.0 || times.items[i].gigabytes > 0.0);
    }
    tyto_kernel_times_clear(&times);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_can_be_stopped),
        cmocka_unit_test(runs_are_counted_and_stages_add_up),
        cmocka_unit_test(given_inputs_are_run),
        cmocka_unit_test(what_can_not_run_says_so),
        cmocka_unit_test(the_machine_has_rates),
        cmocka_unit_test(kernels_have_times),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
