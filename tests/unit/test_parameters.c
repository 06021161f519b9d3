/* Parameters made, listed, read, written and saved; models of them; missing ones reported. */
#include "support/checkpoint.h"
#include "support/room.h"

static tyto_engine *engine_of(int64_t threads)
{
    const tyto_engine_options options = engine_options(threads);
    tyto_engine *engine = NULL;
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    return engine;
}

/* Values of one tensor in the type that it has; free .data. */
static tyto_tensor values_of(const tyto_parameters *parameters, const tyto_parameter *info)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor tensor = {.name = info->name, .dtype = info->dtype, .rank = info->rank};
    memcpy(tensor.shape, info->shape, sizeof(tensor.shape));
    tensor.data = malloc((size_t)(tyto_tensor_elements(&tensor) + 1) * sizeof(double));
    assert_non_null(tensor.data);
    ASSERT_DONE(tyto_parameters_read(
                    parameters, info->name, info->dtype, tensor.data,
                    (size_t)tyto_tensor_elements(&tensor) * tyto_dtype_bytes(info->dtype), &err),
                &err);
    return tensor;
}

static void assert_same_parameters(const tyto_parameters *a, const tyto_parameters *b)
{
    assert_int_equal(tyto_parameters_count(a), tyto_parameters_count(b));
    for (int64_t i = 0; i < tyto_parameters_count(a); i++) {
        const tyto_parameter *info = tyto_parameters_at(a, i);
        const tyto_parameter *other = tyto_parameters_find(b, info->name);
        assert_non_null(other);
        assert_int_equal(info->dtype, other->dtype);
        tyto_tensor one = values_of(a, info), two = values_of(b, other);
        assert_int_equal(one.rank, two.rank);
        assert_memory_equal(one.shape, two.shape, sizeof(one.shape));
        assert_memory_equal(one.data, two.data,
                            (size_t)tyto_tensor_elements(&one) * tyto_dtype_bytes(one.dtype));
        free(one.data);
        free(two.data);
    }
}

/* Outputs of a golden case's inputs, one after another; *n of them. */
static float *run_case(const tyto_model *model, const golden_case *with, int64_t *n)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    const tyto_tensor *outputs;
    int64_t count;
    float *all = NULL;
    *n = 0;
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    ASSERT_DONE(tyto_forward(session, with->head, with->given, with->n_given, NULL, 0, &outputs,
                             &count, &err),
                &err);
    for (int64_t i = 0; i < count; i++) {
        const int64_t elements = tyto_tensor_elements(&outputs[i]);
        assert_int_equal(outputs[i].dtype, TYTO_F32);
        all = realloc(all, (size_t)(*n + elements) * sizeof(*all));
        assert_non_null(all);
        memcpy(all + *n, outputs[i].data, (size_t)elements * sizeof(*all));
        *n += elements;
    }
    tyto_session_destroy(session);
    return all;
}

static void assert_same_outputs(const tyto_model *a, const tyto_model *b, const golden_case *with)
{
    int64_t n, m;
    float *one = run_case(a, with, &n), *two = run_case(b, with, &m);
    assert_int_equal(n, m);
    assert_memory_equal(one, two, (size_t)n * sizeof(*one));
    for (int64_t i = 0; i < n; i++) {
        assert_true(isfinite(one[i]));
    }
    free(one);
    free(two);
}

typedef struct visit {
    const char *family;
    const char *checkpoint;
    tyto_model *made, *opened;
    int cases;
} visit;

/* Of all checkpoints. */
static int cases_run;

static void run_golden_case(const char *name, void *user)
{
    visit *of = user;
    char folder[1024], path[GOLDEN_PATH_BYTES];
    golden_case with;
    snprintf(folder, sizeof(folder), "%s/%s/%s", of->family, of->checkpoint, name);
    if (access(golden_path(path, "%s/inputs.safetensors", folder), F_OK) != 0 || of->cases > 1) {
        return;
    }
    golden_open(&with, folder);
    if (tyto_model_has_head(of->made, with.head)) {
        assert_same_outputs(of->made, of->opened, &with);
        of->cases++;
        cases_run++;
    }
    golden_close(&with);
}

/* Made of its config, run, saved, and opened with the same bits. */
static void make_save_and_open(const char *name, void *user)
{
    visit of = {.family = user, .checkpoint = name};
    char path[GOLDEN_PATH_BYTES], cases[256];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters_options options;
    tyto_parameters *made = NULL, *opened = NULL;
    tyto_parameters_options_init(&options, sizeof(options));
    options.seed = 3;
    golden_path(path, "%s/%s/parts.json", of.family, name);
    json_t *parts = json_load_file(path, 0, NULL);
    char *text = parts ? json_dumps(parts, 0) : NULL;
    options.parts = text;
    options.parts_length_bytes = text ? strlen(text) : 0;
    golden_path(path, "%s/%s/model", of.family, name);
    ASSERT_DONE(tyto_parameters_create_file(path, &options, &made, &err), &err);
    ASSERT_DONE(tyto_parameters_save(made, name, NULL, &err), &err);
    ASSERT_DONE(tyto_parameters_open(name, &options, &opened, &err), &err);
    for (int kind = TYTO_FIT_GOOD; kind <= TYTO_FIT_UNEXPECTED; kind++) {
        assert_int_equal(tyto_parameters_mismatch_count(opened, (tyto_fit)kind), 0);
    }
    assert_same_parameters(made, opened);
    tyto_engine *one = engine_of(1), *three = engine_of(3);
    ASSERT_DONE(tyto_model_create(one, made, NULL, &of.made, &err), &err);
    tyto_parameters_destroy(made);
    if (parts) {
        ASSERT_DONE(open_composed(three, name, text, strlen(text), "parts", &of.opened, &err),
                    &err);
    } else {
        ASSERT_DONE(tyto_model_open(three, name, NULL, &of.opened, &err), &err);
    }
    snprintf(cases, sizeof(cases), "%s/%s", of.family, name);
    golden_for_each(cases, run_golden_case, &of);
    tyto_model_destroy(of.made);
    tyto_model_destroy(of.opened);
    tyto_engine_destroy(one);
    tyto_engine_destroy(three);
    tyto_parameters_destroy(opened);
    free(text);
    json_decref(parts);
}

static void every_class_is_made_saved_and_opened(void **state)
{
    (void)state;
    char owlv2[] = "owlv2", perceiver[] = "perceiver";
    golden_for_each("owlv2", make_save_and_open, owlv2);
    golden_for_each("perceiver", make_save_and_open, perceiver);
    assert_in_range(cases_run, 30, 100); /* two each, where there are two */
}

static tyto_parameters *open_tower(void)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters *parameters = NULL;
    golden_path(path, "owlv2/text_tower/model");
    ASSERT_DONE(tyto_parameters_open(path, NULL, &parameters, &err), &err);
    return parameters;
}

static void what_is_written_is_what_models_know(void **state)
{
    (void)state;
    static const char name[] = "text_model.final_layer_norm.bias";
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = engine_of(1);
    tyto_model *before = NULL, *after = NULL;
    golden_case with;
    int64_t n, m;
    tyto_parameters *parameters = open_tower();
    const tyto_parameter *info = tyto_parameters_find(parameters, name);
    assert_non_null(info);
    assert_false(info->initial || info->buffer || info->unused);
    ASSERT_DONE(tyto_model_create(engine, parameters, NULL, &before, &err), &err);
    tyto_tensor wide = {.name = name, .dtype = TYTO_F32, .rank = 1, .shape = {info->shape[0]}};
    float *values = calloc((size_t)info->shape[0], sizeof(*values));
    assert_non_null(values);
    wide.data = values;
    ASSERT_DONE(tyto_parameters_read(parameters, name, TYTO_F32, values,
                                     (size_t)info->shape[0] * sizeof(*values), &err),
                &err);
    values[0] += 1.0f;
    ASSERT_DONE(tyto_parameters_write(parameters, &wide, &err), &err);
    assert_int_equal(info->dtype, TYTO_F32);
    values[0] = 0.0f; /* theirs is a copy */
    ASSERT_DONE(tyto_model_create(engine, parameters, NULL, &after, &err), &err);
    tyto_parameters_destroy(parameters);
    golden_open(&with, "owlv2/text_tower/tower");
    float *one = run_case(before, &with, &n), *two = run_case(after, &with, &m);
    assert_int_equal(n, m);
    assert_memory_not_equal(one, two, (size_t)n * sizeof(*one));
    free(one);
    free(two);
    free(values);
    golden_close(&with);
    tyto_model_destroy(before);
    tyto_model_destroy(after);
    tyto_engine_destroy(engine);
}

static void assert_refusal(tyto_status got, tyto_status status, tyto_error *err, const char *text)
{
    if (got != status || !strstr(tyto_error_message(err), text)) {
        fail_msg("got %s (%s), required %s with '%s'", tyto_status_name(got),
                 tyto_error_message(err), tyto_status_name(status), text);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    float room_for[64] = {0};
    int64_t whole[64] = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters *parameters = open_tower(), *none = NULL;
    tyto_model *model = NULL;
    tyto_tensor values = {
        .name = "nobody", .dtype = TYTO_F32, .rank = 1, .shape = {3}, .data = room_for};
    assert_refusal(tyto_parameters_write(parameters, &values, &err), TYTO_E_NOT_FOUND, &err,
                   "'nobody': Owlv2TextModel has no parameter of that name");
    values.name = "text_model.final_layer_norm.bias";
    assert_refusal(tyto_parameters_write(parameters, &values, &err), TYTO_E_SHAPE, &err,
                   "'text_model.final_layer_norm.bias': got shape [3], required [");
    assert_refusal(tyto_parameters_read(parameters, values.name, TYTO_F32, room_for, 12, &err),
                   TYTO_E_SHAPE, &err, "got room for 12 bytes, required ");
    assert_refusal(tyto_parameters_read(parameters, "nobody", TYTO_F32, room_for, 12, &err),
                   TYTO_E_NOT_FOUND, &err, "'nobody'");
    assert_refusal(tyto_parameters_read(parameters, values.name, TYTO_I64, whole, 24, &err),
                   TYTO_E_ARGUMENT, &err, "got type I64");
    values.shape[0] = tyto_parameters_find(parameters, values.name)->shape[0];
    assert_in_range(values.shape[0], 1, 64);
    values.data = whole;
    values.dtype = TYTO_I64;
    assert_refusal(tyto_parameters_write(parameters, &values, &err), TYTO_E_ARGUMENT, &err,
                   "got type I64, required F32, F64, F16 or BF16");
    values.data = NULL;
    assert_refusal(tyto_parameters_write(parameters, &values, &err), TYTO_E_ARGUMENT, &err,
                   "got no data");
    assert_refusal(tyto_parameters_write(NULL, &values, &err), TYTO_E_ARGUMENT, &err, "parameters");
    assert_refusal(tyto_parameters_read(parameters, NULL, TYTO_F32, room_for, 12, &err),
                   TYTO_E_ARGUMENT, &err, "name");
    assert_refusal(tyto_parameters_save(parameters, NULL, NULL, &err), TYTO_E_ARGUMENT, &err,
                   "path");
    assert_refusal(tyto_parameters_create(NULL, 0, NULL, NULL, &none, &err), TYTO_E_ARGUMENT, &err,
                   "config");
    assert_refusal(tyto_parameters_create_file(NULL, NULL, &none, &err), TYTO_E_ARGUMENT, &err,
                   "path");
    assert_refusal(tyto_parameters_open(NULL, NULL, &none, &err), TYTO_E_ARGUMENT, &err, "path");
    assert_refusal(tyto_model_create(NULL, parameters, NULL, &model, &err), TYTO_E_ARGUMENT, &err,
                   "engine");
    assert_refusal(tyto_model_open(NULL, "x", NULL, &model, &err), TYTO_E_ARGUMENT, &err, "engine");
    assert_int_equal(tyto_parameters_count(NULL), 0);
    assert_null(tyto_parameters_at(parameters, -1));
    assert_null(tyto_parameters_at(parameters, tyto_parameters_count(parameters)));
    assert_null(tyto_parameters_find(NULL, "x"));
    assert_null(tyto_parameters_architecture(NULL));
    assert_int_equal(tyto_model_mismatch_count(NULL, TYTO_FIT_MISSING), 0);
    tyto_parameters_destroy(parameters);
    tyto_parameters_destroy(NULL);

    static const struct {
        const char *config;
        tyto_status status;
        const char *text;
    } configs[] = {
        {"{", TYTO_E_FORMAT, "own"},
        {"[]", TYTO_E_FORMAT, "own: got an array, required an object"},
        {"{\"model_type\": \"bert\"}", TYTO_E_UNSUPPORTED, "'bert'"},
        {"{\"model_type\": \"perceiver\", \"initializer_range\": -1}", TYTO_E_RANGE,
         "own: 'embeddings.latents': got -1 as the standard deviation"},
    };
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        assert_refusal(tyto_parameters_create(configs[i].config, strlen(configs[i].config), "own",
                                              NULL, &none, &err),
                       configs[i].status, &err, configs[i].text);
    }
    tyto_error_clear(&err);
}

static void a_class_can_be_chosen(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters *parameters = NULL;
    tyto_parameters_options options;
    tyto_parameters_options_init(&options, sizeof(options));
    options.architecture = "Owlv2Model";
    golden_path(path, "owlv2/odd/model/config.json");
    ASSERT_DONE(tyto_parameters_create_file(path, &options, &parameters, &err), &err);
    assert_string_equal(tyto_parameters_architecture(parameters), "Owlv2Model");
    assert_non_null(tyto_parameters_find(parameters, "logit_scale"));
    assert_null(tyto_parameters_find(parameters, "owlv2.logit_scale"));
    tyto_parameters_destroy(parameters);
}

static bool stop(void *user, const tyto_progress *progress)
{
    ++*(int *)user;
    return progress->done < 0;
}

static void folders_are_not_overwritten_unasked(void **state)
{
    (void)state;
    int asked = 0;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters *parameters = open_tower(), *again = NULL;
    tyto_parameters_save_options options;
    tyto_parameters_save_options_init(&options, sizeof(options));
    options.progress = stop;
    options.progress_user = &asked;
    assert_refusal(tyto_parameters_save(parameters, "own", &options, &err), TYTO_E_CANCELLED, &err,
                   "own: stopped");
    assert_int_equal(asked, 1);
    assert_int_equal(access("own", F_OK), -1);
    options.progress = NULL;
    options.max_shard_bytes = 4000;
    ASSERT_DONE(tyto_parameters_save(parameters, "own", &options, &err), &err);
    assert_int_equal(access("own/model.safetensors.index.json", F_OK), 0);
    assert_refusal(tyto_parameters_save(parameters, "own", NULL, &err), TYTO_E_EXISTS, &err,
                   "own: is there already");
    tyto_error_clear(&err);
    ASSERT_DONE(tyto_parameters_open("own", NULL, &again, &err), &err);
    assert_same_parameters(parameters, again);
    /* In its own place, whose old files stay mapped. */
    options.replace = true;
    options.max_shard_bytes = 0;
    ASSERT_DONE(tyto_parameters_save(again, "own", &options, &err), &err);
    assert_int_equal(access("own/model.safetensors", F_OK), 0);
    assert_same_parameters(parameters, again);
    options.to_dtype = true;
    options.dtype = TYTO_I64;
    assert_refusal(tyto_parameters_save(again, "own", &options, &err), TYTO_E_ARGUMENT, &err,
                   "dtype: got I64");
    tyto_error_clear(&err);
    tyto_parameters_destroy(parameters);
    tyto_parameters_destroy(again);
}

static void missing_tensors_are_reported(void **state)
{
    (void)state;
    float three[3] = {1, 2, 3};
    checkpoint made;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = engine_of(1);
    tyto_model *model = NULL;
    tyto_model_open_options options;
    checkpoint_start(&made, "text_tower");
    checkpoint_drop(&made, "text_model.final_layer_norm.weight");
    tyto_tensor *cut = checkpoint_tensor(&made, "text_model.final_layer_norm.bias");
    *cut =
        (tyto_tensor){.name = cut->name, .dtype = TYTO_F32, .rank = 1, .shape = {3}, .data = three};
    tyto_tensor stranger = *cut;
    stranger.name = "stranger";
    checkpoint_add(&made, stranger);
    checkpoint_write(&made);
    tyto_model_open_options_init(&options, sizeof(options));
    assert_refusal(tyto_model_open(engine, made.folder, NULL, &model, &err), TYTO_E_FORMAT, &err,
                   "'text_model.final_layer_norm.weight': missing, required shape [");
    assert_non_null(strstr(tyto_error_message(&err),
                           "'text_model.final_layer_norm.bias': shape [3], required ["));
    options.missing = TYTO_MISSING_INITIALISE;
    assert_refusal(tyto_model_open(engine, made.folder, &options, &model, &err), TYTO_E_FORMAT,
                   &err, "shape [3]");
    options.misshapen = TYTO_MISSING_INITIALISE;
    ASSERT_DONE(tyto_model_open(engine, made.folder, &options, &model, &err), &err);
    static const char *const names[] = {"text_model.final_layer_norm.weight", "stranger",
                                        "text_model.final_layer_norm.bias"};
    static const tyto_fit kinds[] = {TYTO_FIT_MISSING, TYTO_FIT_UNEXPECTED, TYTO_FIT_SHAPE};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tyto_model_mismatch_count(model, kinds[i]), 1);
        assert_string_equal(tyto_model_mismatch(model, kinds[i], 0), names[i]);
        assert_null(tyto_model_mismatch(model, kinds[i], 1));
    }
    assert_int_equal(tyto_model_mismatch_count(model, TYTO_FIT_GOOD), 0);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    checkpoint_end(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_is_made_saved_and_opened),
        cmocka_unit_test(what_is_written_is_what_models_know),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_class_can_be_chosen),
        cmocka_unit_test(folders_are_not_overwritten_unasked),
        cmocka_unit_test(missing_tensors_are_reported),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
