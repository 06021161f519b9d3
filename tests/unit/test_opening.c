/* Opening a model: its options, and stopping it at every step. */
#include "support/golden.h"

/* Stops before step number `last`. */
typedef struct stopper {
    int64_t last, seen;
    const char *stages[8];
    int n_stages;
} stopper;

static bool follow(void *user, const tyto_progress *progress)
{
    stopper *with = user;
    bool known = false;
    assert_non_null(progress->subject);
    assert_true(progress->total == 0 || (progress->done >= 0 && progress->done < progress->total));
    for (int i = 0; i < with->n_stages; i++) {
        known = known || strcmp(with->stages[i], progress->stage) == 0;
    }
    if (!known) {
        assert_in_range(with->n_stages, 0, 7);
        with->stages[with->n_stages++] = progress->stage;
    }
    return with->seen++ != with->last;
}

static tyto_engine *make_engine(void)
{
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    return engine;
}

/* All steps of opening, and each of them as the last one. */
static void stop_everywhere(const char *checkpoint, const char *const *stages)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = make_engine();
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model_open_options options;
    stopper with = {.last = -1};
    tyto_model_open_options_init(&options, sizeof(options));
    options.progress = follow;
    options.progress_user = &with;
    golden_path(path, "%s/model", checkpoint);
    ASSERT_DONE(tyto_model_open(engine, path, &options, &model, &err), &err);
    tyto_model_destroy(model);
    model = NULL;
    for (int i = 0; stages[i]; i++) {
        assert_in_range(i, 0, with.n_stages - 1);
        assert_string_equal(with.stages[i], stages[i]);
    }
    const int64_t steps = with.seen;
    assert_in_range(steps, 5, 10000);
    for (int64_t last = 0; last < steps; last++) {
        with = (stopper){.last = last};
        assert_int_equal(tyto_model_open(engine, path, &options, &model, &err), TYTO_E_CANCELLED);
        assert_int_equal(with.seen, last + 1);
        assert_non_null(strstr(tyto_error_message(&err), "stopped"));
        assert_null(model);
    }
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

static void opening_can_be_stopped(void **state)
{
    (void)state;
    static const char *const plain[] = {"tensors", NULL}, *const folded[] = {"tensors", "folding",
                                                                             NULL};
    stop_everywhere("owlv2/odd", plain);
    stop_everywhere("perceiver/flow", folded);
    stop_everywhere("perceiver/multimodal", folded);
}

static void making_a_model_can_be_stopped(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = make_engine();
    tyto_parameters *parameters = NULL;
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model_open_options options;
    stopper with = {.last = -1};
    tyto_model_open_options_init(&options, sizeof(options));
    options.progress = follow;
    options.progress_user = &with;
    golden_path(path, "owlv2/text_tower/model");
    ASSERT_DONE(tyto_parameters_create_file(path, NULL, &parameters, &err), &err);
    ASSERT_DONE(tyto_model_create(engine, parameters, &options, &model, &err), &err);
    tyto_model_destroy(model);
    model = NULL;
    assert_int_equal(with.n_stages, 2);
    assert_string_equal(with.stages[0], "initial values");
    assert_string_equal(with.stages[1], "tensors");
    const int64_t steps = with.seen;
    for (int64_t last = 0; last < steps; last++) {
        with = (stopper){.last = last};
        assert_int_equal(tyto_model_create(engine, parameters, &options, &model, &err),
                         TYTO_E_CANCELLED);
        assert_null(model);
    }
    tyto_error_clear(&err);
    tyto_parameters_destroy(parameters);
    tyto_engine_destroy(engine);
}

/* The model's own precision counts before the engine's. */
static void precision_is_the_models(void **state)
{
    (void)state;
    static const tyto_precision precisions[] = {TYTO_PRECISION_FP32, TYTO_PRECISION_BF16,
                                                TYTO_PRECISION_INT8};
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = make_engine();
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    golden_path(path, "owlv2/odd/model");
    for (size_t i = 0; i < sizeof(precisions) / sizeof(precisions[0]); i++) {
        options.precision = precisions[i];
        ASSERT_DONE(tyto_model_open(engine, path, &options, &model, &err), &err);
        assert_int_equal(tyto_model_precision(model), precisions[i]);
        tyto_model_destroy(model);
        model = NULL;
    }
    options.precision = (tyto_precision)99;
    assert_int_equal(tyto_model_open(engine, path, &options, &model, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "got 99"));
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

static void mismatches_are_listed_when_asked_for(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = make_engine();
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    golden_path(path, "owlv2/odd/model");
    options.list_mismatches = true;
    ASSERT_DONE(tyto_checkpoint_open(engine, path, NULL, &options, &model, &err), &err);
    static const tyto_fit kinds[] = {TYTO_FIT_MISSING, TYTO_FIT_SHAPE, TYTO_FIT_UNEXPECTED};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tyto_model_mismatch_count(model, kinds[i]), 0);
    }
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

static void parts_are_given_once(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = make_engine();
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.parts = "{}";
    options.parts_length_bytes = 2;
    options.parts_file = "parts.json";
    golden_path(path, "perceiver/bare/model");
    assert_int_equal(tyto_model_open(engine, path, &options, &model, &err), TYTO_E_ARGUMENT);
    options.parts = NULL;
    assert_int_equal(tyto_model_open(engine, path, &options, &model, &err), TYTO_E_NOT_FOUND);
    assert_non_null(strstr(tyto_error_message(&err), "parts.json"));
    assert_null(model);
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_can_be_stopped),
        cmocka_unit_test(making_a_model_can_be_stopped),
        cmocka_unit_test(precision_is_the_models),
        cmocka_unit_test(mismatches_are_listed_when_asked_for),
        cmocka_unit_test(parts_are_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
