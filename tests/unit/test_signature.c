/* What a head says that it takes and gives is what it takes and gives. */
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

/* Sizes in place of those that are free. */
enum { FREE_SIZE = 2 };

static tyto_engine *engine;

static int begin(void **state)
{
    const tyto_engine_options options = engine_options(2);
    (void)state;
    return tyto_engine_create(&options, &engine, NULL) != TYTO_OK;
}

static int end(void **state)
{
    (void)state;
    tyto_engine_destroy(engine);
    return 0;
}

static tyto_model *opened(const char *folder)
{
    char path[1024];
    tyto_model *model = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/%s/model", getenv("TYTO_TEST_DATA"), folder);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
    return model;
}

/* Runs the head on zeros of the sizes that it names, and compares what comes out. */
static void assert_true_of(const tyto_model *model, const char *head, const tyto_signature *about)
{
    tyto_session *session = NULL;
    tyto_tensor inputs[4];
    const tyto_tensor *outputs;
    int64_t count;
    const int64_t n = tyto_signature_input_count(about);
    assert_in_range(n, 1, 4);
    for (int64_t i = 0; i < n; i++) {
        inputs[i] = *tyto_signature_input(about, i);
        assert_null(inputs[i].data);
        assert_int_equal(inputs[i].shape[0], -1); /* any number at once */
        for (int d = 0; d < inputs[i].rank; d++) {
            inputs[i].shape[d] = inputs[i].shape[d] < 0 ? FREE_SIZE : inputs[i].shape[d];
        }
        inputs[i].data = calloc((size_t)tyto_tensor_elements(&inputs[i]), 8);
    }
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    assert_int_equal(tyto_forward(session, head, inputs, n, NULL, 0, &outputs, &count, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_signature_output_count(about), count);
    for (int64_t i = 0; i < count; i++) {
        const tyto_tensor *said = tyto_signature_output(about, i);
        assert_string_equal(said->name, outputs[i].name);
        assert_int_equal(said->dtype, outputs[i].dtype);
        assert_int_equal(said->rank, outputs[i].rank);
        for (int d = 0; d < said->rank; d++) {
            if (said->shape[d] >= 0) {
                assert_int_equal(said->shape[d], outputs[i].shape[d]);
            }
        }
    }
    tyto_session_destroy(session);
    for (int64_t i = 0; i < n; i++) {
        free(inputs[i].data);
    }
}

static void signatures_are_true(void **state)
{
    static const char *const folders[] = {"owlv2/odd",
                                          "owlv2/text_tower",
                                          "owlv2/vision_tower",
                                          "owlv2/contrastive",
                                          "perceiver/bare",
                                          "perceiver/masked_lm",
                                          "perceiver/flow",
                                          "perceiver/multimodal",
                                          "perceiver_tasks/texts",
                                          "perceiver_tasks/pictures"};
    (void)state;
    for (size_t f = 0; f < sizeof(folders) / sizeof(folders[0]); f++) {
        tyto_model *model = opened(folders[f]);
        const int64_t heads = tyto_model_head_count(model);
        assert_true(heads > 0);
        assert_null(tyto_model_head_at(model, heads));
        for (int64_t i = 0; i < heads; i++) {
            const char *head = tyto_model_head_at(model, i);
            tyto_signature *about = NULL;
            tyto_error err = TYTO_ERROR_INIT;
            assert_true(tyto_model_has_head(model, head));
            if (tyto_signature_create(model, head, &about, &err) == TYTO_OK) {
                assert_true_of(model, head, about);
            } else { /* PerceiverModel, of inputs that its checkpoint doesn't encode */
                assert_int_equal(err.status, TYTO_E_ARGUMENT);
                assert_string_equal(head, "PerceiverModel");
            }
            tyto_error_clear(&err);
            tyto_signature_destroy(about);
        }
        tyto_model_destroy(model);
    }
}

static const tyto_tensor *named(const tyto_signature *about, const char *name)
{
    for (int64_t i = 0; i < tyto_signature_output_count(about); i++) {
        if (strcmp(tyto_signature_output(about, i)->name, name) == 0) {
            return tyto_signature_output(about, i);
        }
    }
    return NULL;
}

static void free_sizes_are_those_that_callers_choose(void **state)
{
    (void)state;
    tyto_model *model = opened("owlv2/odd");
    tyto_signature *about = NULL;
    assert_int_equal(tyto_signature_create(model, NULL, &about, NULL), TYTO_OK);
    const tyto_tensor *ids = tyto_signature_input(about, 0),
                      *pixels = tyto_signature_input(about, 2), *logits = named(about, "logits"),
                      *boxes = named(about, "pred_boxes");
    assert_string_equal(ids->name, "input_ids");
    assert_int_equal(ids->dtype, TYTO_I64);
    assert_true(ids->shape[0] == -1 && ids->shape[1] == -1);
    assert_string_equal(pixels->name, "pixel_values");
    assert_int_equal(pixels->shape[1], 3);
    assert_true(pixels->shape[2] > 0 && pixels->shape[2] == pixels->shape[3]);
    assert_true(logits->shape[0] == -1 && logits->shape[1] > 0 && logits->shape[2] == -1);
    assert_true(boxes->shape[0] == -1 && boxes->shape[1] == logits->shape[1] &&
                boxes->shape[2] == 4);
    tyto_signature_destroy(about);
    tyto_model_destroy(model);
}

static void what_isnt_there_is_said(void **state)
{
    (void)state;
    tyto_model *model = opened("owlv2/odd");
    tyto_signature *about = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_signature_create(model, "Nobody", &about, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "Nobody"));
    assert_int_equal(tyto_signature_create(NULL, NULL, &about, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_signature_create(model, NULL, NULL, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_signature_destroy(NULL);
    assert_int_equal(tyto_model_head_count(NULL), 0);
    assert_null(tyto_model_head_at(model, -1));
    assert_int_equal(tyto_signature_input_count(NULL), 0);
    assert_null(tyto_signature_output(NULL, 0));
    tyto_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_true),
        cmocka_unit_test(free_sizes_are_those_that_callers_choose),
        cmocka_unit_test(what_isnt_there_is_said),
    };
    return cmocka_run_group_tests_name("signature", tests, begin, end);
}
