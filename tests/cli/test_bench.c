/* tyto bench: its report is whole, and its parts agree. */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/tensor.h>

static double real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) {
        fail_msg("'%s' is no number", key);
    }
    return json_number_value(value);
}

static void a_model_has_times_rates_and_stages(void **state)
{
    (void)state;
    ran run = tyto("bench", "-m", ODD_MODEL, "--runs", "3", "--queries", "4", "--batch", "2",
                   "--threads", "1", "--format", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    const json_t *runs = json_object_get(root, "forward_s"),
                 *stages = json_object_get(root, "stages");
    assert_int_equal(json_array_size(runs), 3);
    double fastest = 1e9, gflop = 0.0;
    for (size_t i = 0; i < 3; i++) {
        const double seconds = json_number_value(json_array_get(runs, i));
        assert_true(seconds > 0.0);
        fastest = seconds < fastest ? seconds : fastest;
    }
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const json_t *stage = json_array_get(stages, i);
        assert_true(real(stage, "seconds") >= 0.0 && real(stage, "seconds") <= fastest);
        gflop += real(stage, "gflop");
    }
    assert_true(gflop > 0.0 && gflop > real(root, "gflop") * 0.999 &&
                gflop < real(root, "gflop") * 1.001);
    const double gflops = real(root, "gflop") / fastest;
    assert_true(real(root, "gflops") > gflops * 0.999 && real(root, "gflops") < gflops * 1.001);
    assert_true(real(root, "peak_share") > 0.0 && real(root, "load_s") > 0.0);
    assert_true(real(json_object_get(root, "peak"), "fp32_gflops") > 0.0);
    assert_true(real(json_object_get(root, "peak"), "bf16_gflops") > 0.0);
    assert_true(real(root, "peak_rss_mb") > real(root, "weights_mb"));
    json_decref(root);
    ran_clear(&run);

    run = tyto("bench", "-m", ODD_MODEL, "--runs", "1", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "image tower      attention"));
    assert_non_null(strstr(run.out, "GB/s from memory"));
    ran_clear(&run);
}

static void given_tensors_are_run_and_kept(void **state)
{
    (void)state;
    ran run = tyto("bench", "-m", ODD_MODEL, "--inputs",
                   test_path("golden/data/owlv2/odd/one/inputs.safetensors"), "--outputs",
                   "bench.safetensors", "--runs", "1", "--warmup", "0", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("forward", "-m", ODD_MODEL, "--inputs",
               test_path("golden/data/owlv2/odd/one/inputs.safetensors"), "-o",
               "forward.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    size_t bench_bytes, forward_bytes;
    char *bench = file_text("bench.safetensors", &bench_bytes),
         *forward = file_text("forward.safetensors", &forward_bytes);
    assert_int_equal(bench_bytes, forward_bytes);
    assert_memory_equal(bench, forward, bench_bytes);
    free(bench);
    free(forward);
}

static void forwards_are_run_on_request(void **state)
{
    (void)state;
    const char *inputs = test_path("golden/data/owlv2/odd/one/inputs.safetensors");
    ran run = tyto("bench", "-m", ODD_MODEL, "--inputs", inputs, "--outputs", "bench.safetensors",
                   "--runs", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto_reading("\n\n", 2, "bench", "-m", ODD_MODEL, "--inputs", inputs, "--outputs",
                       "request.safetensors", "--on-request", NULL);
    assert_done(&run);
    char *line = strtok(run.out, "\n");
    json_t *loaded = parsed(line);
    assert_true(real(loaded, "load_s") > 0.0);
    json_decref(loaded);
    for (int i = 0; i < 2; i++) {
        line = strtok(NULL, "\n");
        assert_non_null(line);
        json_t *answer = parsed(line);
        assert_int_equal(json_array_size(json_object_get(answer, "forward_s")), 1);
        assert_true(real(answer, "gflop") > 0.0);
        json_decref(answer);
    }
    assert_null(strtok(NULL, "\n"));
    ran_clear(&run);
    size_t bench_bytes, request_bytes;
    char *bench = file_text("bench.safetensors", &bench_bytes),
         *request = file_text("request.safetensors", &request_bytes);
    assert_int_equal(bench_bytes, request_bytes);
    assert_memory_equal(bench, request, bench_bytes);
    free(bench);
    free(request);
}

static void more_threads_than_cores_are_simulated(void **state)
{
    (void)state;
    double seconds[2];
    for (int i = 0; i < 2; i++) {
        ran run = tyto("bench", "-m", ODD_MODEL, "--runs", "20", "--batch", "4", "--threads",
                       i ? "64" : "1", "--simulate", "--format", "json", NULL);
        assert_done(&run);
        json_t *root = parsed(run.out);
        const json_t *runs = json_object_get(root, "forward_s");
        seconds[i] = 1e9;
        for (size_t j = 0; j < json_array_size(runs); j++) {
            const double second = json_number_value(json_array_get(runs, j));
            seconds[i] = second < seconds[i] ? second : seconds[i];
        }
        assert_true(seconds[i] > 0.0 && json_is_true(json_object_get(root, "simulated")));
        json_decref(root);
        ran_clear(&run);
    }
    assert_true(seconds[1] < seconds[0]);
}

static void the_machine_alone_needs_no_model(void **state)
{
    (void)state;
    ran run = tyto("bench", "--peak", "--format", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_true(real(json_object_get(root, "peak"), "memory_gb_per_s") > 0.0);
    assert_true(real(json_object_get(root, "peak"), "int8_gops") > 0.0);
    json_decref(root);
    ran_clear(&run);
    run = tyto("bench", "--kernels", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "gemm_tile"));
    assert_non_null(strstr(run.out, "tile int8"));
    assert_non_null(strstr(run.out, "attend"));
    ran_clear(&run);
}

static void what_can_not_be_measured_says_so(void **state)
{
    (void)state;
    ran run = tyto("bench", "-m", ODD_MODEL, "--runs", "0", NULL);
    assert_complains(&run, 2, "--runs");
    run = tyto("bench", "-m", ODD_MODEL, "--head", "Owlv2Model", NULL);
    assert_complains(&run, 1, "Owlv2Model");
    run = tyto("bench", "-m", "nowhere", NULL);
    assert_complains(&run, 1, "nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_has_times_rates_and_stages),
        cmocka_unit_test(given_tensors_are_run_and_kept),
        cmocka_unit_test(forwards_are_run_on_request),
        cmocka_unit_test(more_threads_than_cores_are_simulated),
        cmocka_unit_test(the_machine_alone_needs_no_model),
        cmocka_unit_test(what_can_not_be_measured_says_so),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
