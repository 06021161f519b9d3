/* OWLv2 against the reference: every golden case, on every instruction set, on one thread and on
 * several. */
#include "kernels/kernels.h"
#include "models/owlv2/encoder.h"
#include "nn/linear.h"
#include "support/golden.h"
#include "support/tables.h"

/* What one engine runs. */
typedef struct run {
    tyto_engine *engine;
    const char *checkpoint;
    const tyto_model *model;
    int cases;
} run;

static void run_case(const char *name, void *user)
{
    run *with = user;
    if (strcmp(name, "model") == 0) {
        return;
    }
    char folder[600], what[800];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    golden_case golden;
    snprintf(folder, sizeof(folder), "owlv2/%s/%s", with->checkpoint, name);
    snprintf(what, sizeof(what), "%s, %s, %lld threads", folder, tyto_engine_isa(with->engine),
             (long long)tyto_engine_threads(with->engine));
    golden_open(&golden, folder);
    golden.unit = golden_unit(with->model);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &session, &err), &err);
    golden_run(&golden, session, golden.head, what);
    /* Again, warm; and without naming the head where it is the checkpoint's own. */
    const bool own = strcmp(golden.head, tyto_model_head(with->model)) == 0;
    golden_run(&golden, session, own ? NULL : golden.head, what);
    tyto_session_destroy(session);
    golden_close(&golden);
    with->cases++;
}

static void run_checkpoint(const char *name, void *user)
{
    run *with = user;
    char path[GOLDEN_PATH_BYTES], folder[300];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    ASSERT_DONE(tyto_model_open(with->engine, golden_path(path, "owlv2/%s/model", name), NULL,
                                &model, &err),
                &err);
    with->checkpoint = name;
    with->model = model;
    snprintf(folder, sizeof(folder), "owlv2/%s", name);
    golden_for_each(folder, run_case, with);
    tyto_model_destroy(model);
}

static void run_all(const char *isa, int threads, tyto_precision precision)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options = engine_options(threads);
    options.isa = isa;
    options.precision = precision;
    run with = {0};
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    assert_string_equal(tyto_engine_isa(with.engine), isa);
    golden_for_each("owlv2", run_checkpoint, &with);
    assert_true(with.cases >= 20);
    tyto_engine_destroy(with.engine);
}

static void all_cases_are_as_the_reference(void **state)
{
    (void)state;
    const tyto_kernels *tables[8];
    const size_t count = tested_tables(tables, 8);
    for (size_t i = 0; i < count; i++) {
        run_all(tables[i]->name, 1, TYTO_PRECISION_FP32);
        run_all(tables[i]->name, 3, TYTO_PRECISION_FP32);
        run_all(tables[i]->name, 3, TYTO_PRECISION_BF16);
    }
}

/* Every hidden_act of the reference, at 801 numbers. */
static void activations_are_the_reference_s(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    const tyto_kernels *tables[8];
    const size_t count = tested_tables(tables, 8);
    tyto_tensor_file *file = golden_tensors(golden_path(path, "owlv2/activations.safetensors"));
    const tyto_tensor *x = tyto_tensor_file_find(file, "x");
    const int64_t n = tyto_tensor_elements(x);
    float *values = malloc((size_t)n * sizeof(float));
    assert_non_null(values);
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        const tyto_tensor *expected = tyto_tensor_file_at(file, (int64_t)i);
        tyto_activation activation;
        if (expected == x) {
            continue;
        }
        if (!tyto_activation_find(expected->name, &activation)) {
            fail_msg("no activation '%s'", expected->name);
        }
        for (size_t t = 0; t < count; t++) {
            memcpy(values, x->data, (size_t)n * sizeof(float));
            tables[t]->activate(activation, values, n);
            for (int64_t e = 0; e < n; e++) {
                const double wanted = golden_value(expected, e);
                if (!is_close((double)values[e], wanted, 1e-6 * fmax(1.0, fabs(wanted)))) {
                    fail_msg("%s: %s at %g: got %.9g, required %.9g", tables[t]->name,
                             expected->name, golden_value(x, e), (double)values[e], wanted);
                }
            }
        }
    }
    free(values);
    tyto_tensor_file_destroy(file);
}

/* Blocks of rows are whole tiles, as even as can be, and no larger than what keeps every thread
 * busy. */
static void blocks_of_rows_are_even(void **state)
{
    (void)state;
    const tyto_kernels *kernels;
    assert_int_equal(tyto_kernels_select(NULL, &kernels, NULL), TYTO_OK);
    const tyto_packed_matrix weight = {.n = 1, .k = 1, .dtype = TYTO_F32};
    const int64_t tile = tyto_linear_tile_rows(kernels, &weight);
    for (int threads = 1; threads <= 8; threads *= 2) {
        tyto_pool *pool = tyto_pool_create(threads);
        assert_non_null(pool);
        const tyto_exec exec = {.kernels = kernels, .pool = pool};
        const int64_t most = threads > 2 ? 512 * threads : 1024;
        for (int64_t rows = 1; rows <= TYTO_OWLV2_ROWS_TOGETHER; rows += 13) {
            const int64_t block = tyto_owlv2_rows_of_block(&exec, &weight, rows),
                          blocks = (rows + block - 1) / block;
            assert_int_equal(block % tile, 0);
            assert_true(block < most + tile && block < rows + tile);
            assert_true(blocks * block - rows < blocks * tile);
        }
        tyto_pool_destroy(pool);
    }
}

/* What follows the progress of a run, and where it stops it. */
typedef struct watcher {
    const char *stage;
    int64_t stop, seen;
} watcher;

static bool watch(void *user, const tyto_progress *progress)
{
    watcher *with = user;
    if (!progress->stage || strcmp(progress->stage, with->stage) != 0) {
        return true;
    }
    assert_int_equal(progress->done, with->seen);
    assert_true(progress->done < progress->total);
    with->seen++;
    return progress->done != with->stop;
}

/* A run stops before any layer of either tower, and the session goes on with the next. */
static void runs_stop_between_layers(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    golden_case golden;
    const tyto_tensor *outputs;
    int64_t count;
    ASSERT_DONE(tyto_engine_create(NULL, &engine, &err), &err);
    ASSERT_DONE(tyto_model_open(engine, golden_path(path, "owlv2/odd/model"), NULL, &model, &err),
                &err);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    golden_open(&golden, "owlv2/odd/three");
    golden.unit = golden_unit(model);
    static const char *const stages[] = {"text tower", "image tower"};
    for (int i = 0; i < 2; i++) {
        for (int64_t stop = 0; stop < 2; stop++) {
            watcher with = {.stage = stages[i], .stop = stop};
            tyto_session_set_progress(session, watch, &with);
            assert_int_equal(tyto_forward(session, golden.head, golden.given, golden.n_given,
                                          golden.wanted, golden.n_wanted, &outputs, &count, &err),
                             TYTO_E_CANCELLED);
            assert_int_equal(with.seen, stop + 1);
            tyto_error_clear(&err);
        }
    }
    tyto_session_set_progress(session, NULL, NULL);
    golden_run(&golden, session, golden.head, "after a run that was stopped");
    golden_close(&golden);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_are_as_the_reference),
        cmocka_unit_test(blocks_of_rows_are_even),
        cmocka_unit_test(activations_are_the_reference_s),
        cmocka_unit_test(runs_stop_between_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
