/* Classes of texts and pictures against the reference, alone and in batches. */
#include <tyto/classify.h>

#include "support/golden.h"

#define TOLERANCE 1e-5
enum { CASES_MAX = 4 };

typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    json_t *cases;
    size_t count;
} opened;

static void begin(opened *with, const char *name)
{
    char path[GOLDEN_PATH_BYTES];
    const tyto_engine_options options = engine_options(2);
    tyto_error err = TYTO_ERROR_INIT;
    *with = (opened){0};
    ASSERT_DONE(tyto_engine_create(&options, &with->engine, &err), &err);
    golden_path(path, "perceiver_tasks/%s/model", name);
    ASSERT_DONE(tyto_model_open(with->engine, path, NULL, &with->model, &err), &err);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &with->session, &err), &err);
    golden_path(path, "perceiver_tasks/%s/cases.json", name);
    with->cases = json_load_file(path, 0, NULL);
    with->count = json_array_size(with->cases);
    assert_in_range(with->count, 1, CASES_MAX);
}

static void end(opened *with)
{
    json_decref(with->cases);
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
}

static void compare(const char *name, size_t i, const tyto_classes *got, const json_t *item)
{
    const json_t *scores = json_object_get(item, "scores");
    const json_t *logits = json_object_get(item, "logits");
    assert_int_equal(got->count, json_array_size(scores));
    for (int64_t k = 0; k < got->count; k++) {
        const tyto_class *c = &got->items[k];
        const double score = json_real_value(json_array_get(scores, (size_t)c->label_index));
        const double logit = json_real_value(json_array_get(logits, (size_t)c->label_index));
        if (!is_close((double)c->score, score, TOLERANCE) ||
            !is_close((double)c->logit, logit, TOLERANCE)) {
            fail_msg("%s %zu: class %lld: got %.9g of %.9g, required %.9g of %.9g", name, i,
                     (long long)c->label_index, (double)c->score, (double)c->logit, score, logit);
        }
        assert_true(k == 0 || got->items[k - 1].score >= c->score);
    }
}

static void clear(tyto_classes *classes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tyto_classes_clear(&classes[i]);
    }
}

static void texts_are_classified(void **state)
{
    (void)state;
    static const char *const names[] = {"texts", "tags", "ratings"};
    for (size_t n = 0; n < 3; n++) {
        opened with;
        const char *texts[CASES_MAX];
        tyto_classes classes[CASES_MAX];
        tyto_error err = TYTO_ERROR_INIT;
        begin(&with, names[n]);
        assert_int_equal(tyto_model_classifies(with.model), TYTO_CLASSIFIED_TEXT);
        for (size_t i = 0; i < with.count; i++) {
            const json_t *item = json_array_get(with.cases, i);
            texts[i] = json_string_value(json_object_get(item, "text"));
            ASSERT_DONE(tyto_classify_texts(with.session, &texts[i], NULL, 1, NULL, classes, &err),
                        &err);
            compare(names[n], i, classes, item);
            clear(classes, 1);
        }
        /* The batch is padded to its longest text. */
        ASSERT_DONE(tyto_classify_texts(with.session, texts, NULL, (int64_t)with.count, NULL,
                                        classes, &err),
                    &err);
        for (size_t i = 0; i < with.count; i++) {
            compare(names[n], i, &classes[i], json_array_get(with.cases, i));
        }
        clear(classes, with.count);
        end(&with);
    }
}

static void pictures_are_classified(void **state)
{
    (void)state;
    static const char *const names[] = {"pictures", "fourier"};
    for (size_t n = 0; n < 2; n++) {
        opened with;
        char path[GOLDEN_PATH_BYTES];
        tyto_image images[CASES_MAX];
        tyto_classes classes[CASES_MAX];
        tyto_error err = TYTO_ERROR_INIT;
        begin(&with, names[n]);
        assert_int_equal(tyto_model_classifies(with.model), TYTO_CLASSIFIED_IMAGE);
        for (size_t i = 0; i < with.count; i++) {
            const json_t *item = json_array_get(with.cases, i);
            golden_path(path, "../../../assets/photos/%s",
                        json_string_value(json_object_get(item, "photo")));
            ASSERT_DONE(tyto_image_load(path, NULL, &images[i], &err), &err);
            ASSERT_DONE(tyto_classify_images(with.session, &images[i], 1, NULL, classes, &err),
                        &err);
            compare(names[n], i, classes, item);
            clear(classes, 1);
        }
        ASSERT_DONE(
            tyto_classify_images(with.session, images, (int64_t)with.count, NULL, classes, &err),
            &err);
        for (size_t i = 0; i < with.count; i++) {
            compare(names[n], i, &classes[i], json_array_get(with.cases, i));
            tyto_image_clear(&images[i]);
        }
        clear(classes, with.count);
        end(&with);
    }
}

/* What was received of each input: its classes' best label, −1 for a failure, in that order. */
typedef struct received {
    int64_t items[8], labels[8], count, most;
    char said[400];
} received;

static bool receive(void *user, int64_t i, const tyto_classes *classes, const tyto_error *failure)
{
    received *r = user;
    assert_true((classes != NULL) == (failure == NULL));
    r->items[r->count] = i;
    r->labels[r->count++] = classes ? classes->items[0].label_index : -1;
    if (failure) {
        snprintf(r->said + strlen(r->said), sizeof(r->said) - strlen(r->said), "%s\n",
                 tyto_error_message(failure));
    }
    return r->count < r->most;
}

static bool stop_at_second_input(void *user, const tyto_progress *progress)
{
    (void)user;
    return strcmp(progress->stage, "inputs") != 0 || progress->done == 0;
}

/* A text too long keeps no other of its batch from its classes. */
static void bad_inputs_are_said_and_the_others_classified(void **state)
{
    (void)state;
    opened with;
    char longer[200];
    const char *inputs[4];
    received got = {.most = 9};
    tyto_classes classes;
    tyto_classify_options options;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with, "texts");
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    for (size_t i = 0; i < 4; i++) {
        const json_t *item = json_array_get(with.cases, i % 2);
        inputs[i] = i == 2 ? longer : json_string_value(json_object_get(item, "text"));
    }
    tyto_classify_options_init(&options, sizeof(options));
    options.batch = 3;
    ASSERT_DONE(tyto_classify_inputs(with.session, inputs, 4, &options, receive, &got, &err), &err);
    assert_int_equal(got.count, 4);
    for (int64_t i = 0; i < 4; i++) {
        assert_int_equal(got.items[i], i);
        if (i != 2) {
            ASSERT_DONE(
                tyto_classify_texts(with.session, &inputs[i], NULL, 1, NULL, &classes, &err), &err);
            assert_int_equal(got.labels[i], classes.items[0].label_index);
            clear(&classes, 1);
        }
    }
    assert_int_equal(got.labels[2], -1);
    assert_string_equal(got.said,
                        "text 0: got 201 tokens, required at most 96 (max_position_embeddings)\n");
    got = (received){.most = 2};
    assert_int_equal(tyto_classify_inputs(with.session, inputs, 4, NULL, receive, &got, &err),
                     TYTO_E_CANCELLED);
    assert_int_equal(got.count, 2);
    got = (received){.most = 9};
    options.batch = 1;
    options.progress = stop_at_second_input;
    assert_int_equal(tyto_classify_inputs(with.session, inputs, 4, &options, receive, &got, &err),
                     TYTO_E_CANCELLED);
    assert_int_equal(got.count, 1);
    options.batch = TYTO_CLASSIFY_BATCH_MAX + 1;
    assert_int_equal(tyto_classify_inputs(with.session, inputs, 4, &options, receive, &got, &err),
                     TYTO_E_RANGE);
    assert_int_equal(tyto_classify_inputs(with.session, inputs, 4, NULL, NULL, NULL, &err),
                     TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_classify_inputs(with.session, NULL, 0, NULL, receive, &got, &err), &err);
    tyto_error_clear(&err);
    end(&with);
}

static void photos_are_read_by_their_paths(void **state)
{
    (void)state;
    opened with;
    char first[GOLDEN_PATH_BYTES], second[GOLDEN_PATH_BYTES];
    const char *inputs[] = {first, "absent.jpg", second};
    received got = {.most = 9};
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with, "pictures");
    golden_path(first, "../../../assets/photos/%s",
                json_string_value(json_object_get(json_array_get(with.cases, 0), "photo")));
    golden_path(second, "../../../assets/photos/%s",
                json_string_value(json_object_get(json_array_get(with.cases, 1), "photo")));
    ASSERT_DONE(tyto_classify_inputs(with.session, inputs, 3, NULL, receive, &got, &err), &err);
    assert_int_equal(got.count, 3);
    assert_true(got.items[0] == 1 && got.items[1] == 0 && got.items[2] == 2);
    assert_string_equal(got.said, "absent.jpg: No such file or directory\n");
    for (size_t k = 1; k < 3; k++) {
        const json_t *scores = json_object_get(json_array_get(with.cases, k - 1), "scores");
        for (size_t i = 0; i < json_array_size(scores); i++) {
            assert_true(json_real_value(json_array_get(scores, i)) <=
                        json_real_value(json_array_get(scores, (size_t)got.labels[k])) + TOLERANCE);
        }
    }
    end(&with);
}

static void options_are_heeded(void **state)
{
    (void)state;
    opened with;
    tyto_classes classes;
    tyto_error err = TYTO_ERROR_INIT;
    char text[200];
    const char *texts = text;
    begin(&with, "texts");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(tyto_classify_texts(with.session, &texts, NULL, 1, NULL, &classes, &err),
                     TYTO_E_LIMIT);
    assert_non_null(
        strstr(tyto_error_message(&err), "text 0: got 201 tokens, required at most 96"));
    tyto_error_clear(&err);
    /* Cut, it is the fourth case, of 94 bytes. */
    tyto_classify_options cut;
    tyto_classify_options_init(&cut, sizeof(cut));
    cut.truncation = true;
    cut.top_k = 2;
    cut.scores = TYTO_SCORES_SIGMOID;
    ASSERT_DONE(tyto_classify_texts(with.session, &texts, NULL, 1, &cut, &classes, &err), &err);
    assert_int_equal(classes.count, 2);
    assert_int_equal(classes.items[0].label_index, 1);
    const double logit = json_real_value(
        json_array_get(json_object_get(json_array_get(with.cases, 3), "logits"), 1));
    assert_true(is_close((double)classes.items[0].score, 1.0 / (1.0 + exp(-logit)), TOLERANCE));
    assert_string_equal(tyto_model_label(with.model, 1), "neutral, or so");
    clear(&classes, 1);
    const tyto_image picture = {0};
    assert_int_equal(tyto_classify_images(with.session, &picture, 1, NULL, &classes, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "required one that classifies pictures"));
    tyto_error_clear(&err);
    ASSERT_DONE(tyto_classify_texts(with.session, &texts, NULL, 0, NULL, &classes, &err), &err);
    end(&with);
}

static void scores_have_their_rules(void **state)
{
    (void)state;
    const float logits[] = {2.0f, 3.0f, 3.0f, -200.0f}, bad[] = {1.0f, NAN};
    tyto_classes classes;
    assert_int_equal(
        tyto_postprocess_classification(logits, 4, TYTO_SCORES_SOFTMAX, 0, &classes, NULL),
        TYTO_OK);
    assert_int_equal(classes.count, 4);
    assert_int_equal(classes.items[0].label_index, 1);
    assert_int_equal(classes.items[1].label_index, 2);
    assert_true(is_close((double)classes.items[2].score, 1.0 / (1.0 + 2.0 * exp(1.0)), 1e-7));
    assert_true(classes.items[3].score < 1e-30f);
    clear(&classes, 1);
    assert_int_equal(
        tyto_postprocess_classification(logits, 4, TYTO_SCORES_NONE, 9, &classes, NULL), TYTO_OK);
    assert_true(classes.count == 4 && classes.items[3].score == -200.0f);
    clear(&classes, 1);
    assert_int_equal(
        tyto_postprocess_classification(bad, 2, TYTO_SCORES_SOFTMAX, 0, &classes, NULL),
        TYTO_E_ARGUMENT);
    assert_int_equal(
        tyto_postprocess_classification(logits, 0, TYTO_SCORES_SOFTMAX, 0, &classes, NULL),
        TYTO_E_ARGUMENT);
    assert_int_equal(
        tyto_postprocess_classification(logits, 4, TYTO_SCORES_AS_CONFIGURED, 0, &classes, NULL),
        TYTO_E_ARGUMENT);
}

/* A classifier that is composed of parts is one too. */
static void compositions_classify(void **state)
{
    (void)state;
    static const char parts[] =
        "{\"input_preprocessor\":{\"type\":\"PerceiverTextPreprocessor\"},"
        "\"decoder\":{\"type\":\"PerceiverClassificationDecoder\",\"num_channels\":16,"
        "\"trainable_position_encoding_kwargs\":{\"num_channels\":16,\"index_dims\":1},"
        "\"use_query_residual\":true}}";
    opened with;
    char path[GOLDEN_PATH_BYTES];
    const char *text = "hello world!";
    tyto_classes classes;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with, "texts");
    tyto_session_destroy(with.session);
    tyto_model_destroy(with.model);
    golden_path(path, "perceiver_tasks/texts/model");
    ASSERT_DONE(open_composed(with.engine, path, parts, strlen(parts), "parts", &with.model, &err),
                &err);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    ASSERT_DONE(tyto_classify_texts(with.session, &text, NULL, 1, NULL, &classes, &err), &err);
    compare("composed", 1, &classes, json_array_get(with.cases, 1));
    clear(&classes, 1);
    end(&with);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_classified),
        cmocka_unit_test(pictures_are_classified),
        cmocka_unit_test(bad_inputs_are_said_and_the_others_classified),
        cmocka_unit_test(photos_are_read_by_their_paths),
        cmocka_unit_test(options_are_heeded),
        cmocka_unit_test(scores_have_their_rules),
        cmocka_unit_test(compositions_classify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
