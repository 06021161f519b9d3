/* What an inspection says is what opening does. */
#include <stdio.h>
#include <unistd.h>

#include "support/golden.h"
#include "support/room.h"

static tyto_engine *engine_for(tyto_precision precision, const char *isa)
{
    tyto_engine_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_engine_options_init(&options, sizeof(options));
    options.threads = 1;
    options.isa = isa;
    options.precision = precision;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    return engine;
}

/* The JSON document of a folder. */
static json_t *look(const char *folder, tyto_engine *engine, bool whole)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inspection *inspection = NULL;
    tyto_bytes document = {0};
    ASSERT_DONE(tyto_inspection_create(engine, folder, &inspection, &err), &err);
    assert_int_equal(tyto_inspection_is_whole(inspection), whole);
    ASSERT_DONE(tyto_inspection_json(inspection, &document, &err), &err);
    json_t *root = json_loadb(document.data, document.length_bytes, 0, NULL);
    assert_non_null(root);
    const char *precision = tyto_precision_name(tyto_inspection_precision(inspection));
    assert_string_equal(json_string_value(json_object_get(root, "computes_in")), precision);
    tyto_bytes_clear(&document);
    tyto_inspection_destroy(inspection);
    return root;
}

/* Packs the small model for a precision into `folder`. */
static void pack(const char *folder, tyto_precision precision)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = engine_for(precision, NULL);
    tyto_model *model = NULL;
    ASSERT_DONE(tyto_model_open(engine, golden_path(path, "owlv2/odd/model"), NULL, &model, &err),
                &err);
    ASSERT_DONE(tyto_model_pack(model, folder, NULL, &err), &err);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

/* For every precision that weights are packed for, and every one that is asked for. */
static void precisions_are_those_of_opening(void **state)
{
    (void)state;
    for (int packed = TYTO_PRECISION_FP32; packed <= TYTO_PRECISION_INT8; packed++) {
        const char *folder = tyto_precision_name((tyto_precision)packed);
        pack(folder, (tyto_precision)packed);
        for (int asked = TYTO_PRECISION_FP32; asked <= TYTO_PRECISION_DEFAULT; asked++) {
            tyto_error err = TYTO_ERROR_INIT;
            tyto_engine *engine = engine_for((tyto_precision)asked, NULL);
            tyto_model *model = NULL;
            json_t *root = look(folder, engine, true);
            ASSERT_DONE(tyto_model_open(engine, folder, NULL, &model, &err), &err);
            const tyto_precision got = tyto_model_precision(model);
            assert_string_equal(json_string_value(json_object_get(root, "computes_in")),
                                tyto_precision_name(got));
            assert_string_equal(json_string_value(json_object_get(root, "packed_for")), folder);
            assert_int_equal(json_is_true(json_object_get(root, "packed_anew")),
                             (int)got != packed);
            /* One that is asked for by name is obeyed. */
            assert_true(asked > TYTO_PRECISION_INT8 ? (int)got == packed : (int)got == asked);
            json_decref(root);
            tyto_model_destroy(model);
            tyto_engine_destroy(engine);
        }
    }
}

static void tables_say_the_same(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = engine_for(TYTO_PRECISION_FP32, NULL);
    tyto_inspection *inspection = NULL;
    tyto_bytes text = {0};
    pack("packed", TYTO_PRECISION_BF16);
    ASSERT_DONE(tyto_inspection_create(engine, "packed", &inspection, &err), &err);
    ASSERT_DONE(tyto_inspection_text(inspection, false, &text, &err), &err);
    assert_non_null(strstr(text.data, "\n  computes in     fp32, packed anew: its weights are "
                                      "packed for bf16\n"));
    assert_non_null(strstr(text.data, "\n  tasks           search, embed, similarity\n"));
    assert_null(strstr(text.data, "lacks"));
    assert_true(tyto_inspection_offers(inspection, TYTO_TASK_SEARCH));
    assert_false(tyto_inspection_offers(inspection, TYTO_TASK_FLOW));
    tyto_bytes_clear(&text);
    tyto_inspection_destroy(inspection);
    tyto_engine_destroy(engine);
}

/* A model without processors opens; what it can't be asked for is said. */
static void what_is_lacking_is_said(void **state)
{
    (void)state;
    static const char *const files[] = {"preprocessor_config.json", "tokenizer.json", "vocab.json",
                                        "merges.txt"};
    tyto_engine *engine = engine_for(TYTO_PRECISION_DEFAULT, NULL);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    char path[64];
    pack("bare", TYTO_PRECISION_FP32);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "bare/%s", files[i]);
        (void)unlink(path);
    }
    ASSERT_DONE(tyto_model_open(engine, "bare", NULL, &model, &err), &err);
    json_t *root = look("bare", engine, true);
    const json_t *lacks = json_object_get(root, "lacks");
    assert_int_equal(json_array_size(lacks), 2);
    assert_string_equal(json_string_value(json_array_get(lacks, 0)),
                        "a tokenizer: texts can't be encoded");
    assert_string_equal(json_string_value(json_array_get(lacks, 1)),
                        "an image processor: pictures can't be prepared");
    json_decref(root);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

/* No weights, no config: the inspection says so instead of failing. */
static void faults_are_part_of_it(void **state)
{
    (void)state;
    tyto_engine *engine = engine_for(TYTO_PRECISION_DEFAULT, NULL);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inspection *inspection = NULL;
    pack("broken", TYTO_PRECISION_FP32);
    assert_int_equal(unlink("broken/model.packed.safetensors"), 0);
    json_t *root = look("broken", engine, false);
    const char *problem = json_string_value(json_array_get(json_object_get(root, "problems"), 0));
    assert_non_null(strstr(problem, "broken: no weights, required "));
    assert_int_equal(json_array_size(json_object_get(root, "tasks")), 3);
    json_decref(root);
    assert_int_equal(unlink("broken/config.json"), 0);
    root = look("broken", engine, false);
    assert_true(json_is_null(json_object_get(root, "config")));
    json_decref(root);
    assert_int_equal(tyto_inspection_create(engine, "absent", &inspection, &err), TYTO_E_NOT_FOUND);
    assert_null(inspection);
    assert_int_equal(tyto_inspection_create(NULL, "broken", &inspection, &err), TYTO_E_ARGUMENT);
    assert_false(tyto_inspection_is_whole(NULL));
    assert_false(tyto_inspection_offers(NULL, TYTO_TASK_SEARCH));
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

static int64_t logged;

/* Stops after some steps, one for each tensor here. */
static bool stop_before(void *user, const tyto_progress *progress)
{
    int *left = user;
    assert_string_equal(progress->stage, "tensors");
    assert_string_equal(progress->subject, "some.safetensors");
    assert_int_equal(progress->total, 3);
    return (*left)-- > 0;
}

static void count_lines(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TYTO_LOG_LEVEL_ERROR);
    assert_non_null(strstr(message, "absent.safetensors"));
    logged++;
}

static void files_are_summed_up(void **state)
{
    (void)state;
    float values[] = {1.0F, NAN, -3.0F, INFINITY, 5.0F};
    uint64_t large[] = {UINT64_MAX};
    float nothing[] = {NAN};
    const tyto_tensor tensors[] = {{"a", TYTO_F32, 1, {5}, values},
                                   {"b", TYTO_U64, 0, {0}, large},
                                   {"c", TYTO_F32, 1, {1}, nothing}};
    const char *const paths[] = {"absent.safetensors", "some.safetensors"};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inspection *inspection = NULL;
    tyto_bytes document = {0};
    ASSERT_DONE(tyto_tensor_file_save("some.safetensors", tensors, 3, &err), &err);
    tyto_inspection_options options;
    tyto_inspection_options_init(&options, sizeof(options));
    options.log = count_lines;
    options.progress = stop_before;
    for (int steps = 0; steps < 3; steps++) {
        int left = steps;
        options.progress_user = &left;
        assert_int_equal(tyto_inspection_create_files(paths, 2, &options, &inspection, &err),
                         TYTO_E_CANCELLED);
        assert_null(inspection);
    }
    options.progress = NULL;
    logged = 0;
    ASSERT_DONE(tyto_inspection_create_files(paths, 2, &options, &inspection, &err), &err);
    assert_int_equal(logged, 1);
    assert_false(tyto_inspection_is_whole(inspection));
    ASSERT_DONE(tyto_inspection_json(inspection, &document, &err), &err);
    json_t *root = json_loadb(document.data, document.length_bytes, 0, NULL);
    assert_int_equal(json_array_size(root), 1);
    const json_t *list = json_object_get(json_array_get(root, 0), "tensors"), *tensor;
    size_t i;
    json_array_foreach(list, i, tensor)
    {
        const char *name = json_string_value(json_object_get(tensor, "name"));
        const json_t *least = json_object_get(tensor, "least");
        if (*name == 'c') {
            assert_true(json_is_null(least));
            continue;
        }
        assert_true((float)json_number_value(least) == (*name == 'a' ? -3.0F : 0x1p64F));
        assert_true(*name != 'a' || json_number_value(json_object_get(tensor, "mean")) == 1.0);
    }
    json_decref(root);
    tyto_bytes_clear(&document);
    tyto_inspection_destroy(inspection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precisions_are_those_of_opening),
        cmocka_unit_test(tables_say_the_same),
        cmocka_unit_test(what_is_lacking_is_said),
        cmocka_unit_test(faults_are_part_of_it),
        cmocka_unit_test(files_are_summed_up),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
