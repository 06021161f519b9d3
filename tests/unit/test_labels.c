/* Names of classes. */
#include <stdio.h>
#include <string.h>

#include "support/golden.h"

#include "runtime/labels.h"

static tyto_status read_labels(const char *text, tyto_labels *out, tyto_error *err)
{
    json_t *config = json_loads(text, 0, NULL);
    assert_non_null(config);
    tyto_status status = tyto_labels_read(config, "config.json", out, err);
    json_decref(config);
    return status;
}

static void names_are_found_by_class(void **state)
{
    (void)state;
    tyto_labels labels;
    assert_int_equal(
        read_labels("{\"id2label\": {\"2\": \"c\", \"0\": \"a\", \"01\": \"b\"}}", &labels, NULL),
        TYTO_OK);
    assert_int_equal(labels.count, 3);
    assert_string_equal(labels.names[0], "a");
    assert_string_equal(labels.names[1], "b");
    assert_string_equal(labels.names[2], "c");
    tyto_labels_clear(&labels);
    /* Keys that name no class leave classes without a name. */
    assert_int_equal(read_labels("{\"id2label\": {\"7\": \"c\", \"\": \"a\", \"-1\": \"b\", "
                                 "\"99999999999999999999\": \"d\", \"3\": \"e\"}}",
                                 &labels, NULL),
                     TYTO_OK);
    assert_int_equal(labels.count, 5);
    assert_string_equal(labels.names[3], "e");
    assert_null(labels.names[0]);
    tyto_labels_clear(&labels);
    assert_int_equal(read_labels("{}", &labels, NULL), TYTO_OK);
    assert_int_equal(labels.count, 0);
    tyto_labels_clear(&labels);
    assert_int_equal(read_labels("{\"id2label\": null}", &labels, NULL), TYTO_OK);
    tyto_labels_clear(&labels);
}

static void what_is_no_name_is_left_out(void **state)
{
    (void)state;
    tyto_labels labels;
    assert_int_equal(read_labels("{\"id2label\": [\"a\"]}", &labels, NULL), TYTO_OK);
    assert_int_equal(labels.count, 0);
    assert_int_equal(read_labels("{\"id2label\": {\"0\": \"a\", \"1\": 2}}", &labels, NULL),
                     TYTO_OK);
    assert_int_equal(labels.count, 2);
    assert_string_equal(labels.names[0], "a");
    assert_null(labels.names[1]);
    tyto_labels_clear(&labels);
}

static void a_model_has_its_labels(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    assert_int_equal(tyto_engine_create(NULL, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, golden_path(path, "perceiver/multimodal/model"), NULL,
                                     &model, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_model_label_count(model), 5);
    assert_string_equal(tyto_model_label(model, 4), "LABEL_4");
    assert_null(tyto_model_label(model, 5));
    assert_null(tyto_model_label(model, -1));
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_by_class),
        cmocka_unit_test(what_is_no_name_is_left_out),
        cmocka_unit_test(a_model_has_its_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
