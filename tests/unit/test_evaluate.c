/* A model's detections in annotated photos, against the search itself. */
#include <unistd.h>

#include "support/engines.h"
#include "support/golden.h"

static tyto_engine *engine;
static tyto_model *model;
static tyto_session *session;
static char photos[GOLDEN_PATH_BYTES];

static int set_up(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(photos, sizeof(photos), "%s/../assets/photos", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_engine_create(NULL, &engine, &err), &err);
    ASSERT_DONE(tyto_model_open(engine, golden_path(path, "owlv2/odd/model"), NULL, &model, &err),
                &err);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return 0;
}

static tyto_coco_image images[] = {{70, "cat.jpg", 1, 1}, {-3, "coffee.jpg", 0, 0}};
static tyto_coco_category categories[] = {{9, "cat"}, {4, "cup"}};
static tyto_coco_annotation there[] = {{70, 9, {0.0, 0.0, 300.0, 300.0}, 90000.0, false}};
static const tyto_coco truth = {.images = images,
                                .n_images = 2,
                                .categories = categories,
                                .n_categories = 2,
                                .annotations = there,
                                .n_annotations = 1};

static void results_are_the_search(void **state)
{
    (void)state;
    static const char *const texts[] = {"a cat, a cat", "a cup, a cup"};
    tyto_evaluate_options options;
    tyto_search_options how;
    tyto_evaluation found;
    tyto_vocabulary *vocabulary = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_evaluate_options_init(&options, sizeof(options));
    tyto_evaluate_search_options_init(&how, sizeof(how));
    assert_true(how.threshold == 0.0F && how.multi_label);
    assert_int_equal(how.top_k, 100);
    options.prompt = "a {}, a {}";
    how.top_k = 5;
    ASSERT_DONE(tyto_evaluate(session, &truth, photos, &how, &options, &found, &err), &err);
    assert_int_equal(found.photos, 2);
    assert_int_equal(found.unread, 0);
    assert_int_equal(found.other_sizes, 1); /* the first says 1x1, the second nothing */
    assert_int_equal(found.results.count, 10);
    ASSERT_DONE(tyto_vocabulary_create(session, texts, 2, NULL, &vocabulary, &err), &err);
    for (int64_t i = 0; i < 2; i++) {
        char path[2 * GOLDEN_PATH_BYTES];
        tyto_image image = {0};
        tyto_detections direct = {0};
        snprintf(path, sizeof(path), "%s/%s", photos, images[i].file_name);
        ASSERT_DONE(tyto_image_load(path, NULL, &image, &err), &err);
        const tyto_search_source source = {.image = &image};
        ASSERT_DONE(tyto_search(session, &source, 1, vocabulary, &how, &direct, &err), &err);
        assert_int_equal(direct.count, 5);
        for (int64_t k = 0; k < 5; k++) {
            const tyto_coco_result *got = &found.results.items[5 * i + k];
            assert_int_equal(got->image_id, images[i].id);
            assert_int_equal(got->category_id, categories[direct.items[k].label_index].id);
            assert_true(got->score == (double)direct.items[k].score);
            assert_true(got->box.x == (double)direct.items[k].box.xmin);
        }
        tyto_detections_clear(&direct);
        tyto_image_clear(&image);
    }
    /* And the scores are those of the results. */
    tyto_coco_scores scores;
    ASSERT_DONE(
        tyto_coco_evaluate(&truth, found.results.items, found.results.count, NULL, &scores, &err),
        &err);
    assert_memory_equal(&scores.summary, &found.scores.summary, sizeof(scores.summary));
    tyto_coco_scores_clear(&scores);
    tyto_vocabulary_destroy(vocabulary);
    tyto_evaluation_clear(&found);
}

static int64_t lines;

static void count_errors(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    lines += level == TYTO_LOG_LEVEL_ERROR && strstr(message, "absent.jpg") != NULL;
}

static void a_bad_photo_is_counted(void **state)
{
    (void)state;
    tyto_coco_image others[] = {{1, "absent.jpg", 0, 0}, {2, "cat.jpg", 0, 0}};
    tyto_coco other = truth;
    tyto_evaluate_options options;
    tyto_evaluation found;
    tyto_error err = TYTO_ERROR_INIT;
    other.images = others;
    tyto_evaluate_options_init(&options, sizeof(options));
    options.log = count_errors;
    ASSERT_DONE(tyto_evaluate(session, &other, photos, NULL, &options, &found, &err), &err);
    assert_int_equal(lines, 1);
    assert_int_equal(found.unread, 1);
    assert_true(found.results.count > 0);
    tyto_evaluation_clear(&found);
    others[1].file_name = NULL;
    assert_int_equal(tyto_evaluate(session, &other, photos, NULL, &options, &found, &err),
                     TYTO_E_FORMAT);
    assert_string_equal(err.message,
                        "annotations: 'images[1].file_name': got nothing, required the "
                        "photo's name");
    assert_null(found.results.items);
    options.prompt = "no place";
    assert_int_equal(tyto_evaluate(session, &truth, photos, NULL, &options, &found, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_evaluate(NULL, &truth, photos, NULL, NULL, &found, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

static bool stop(void *user, const tyto_progress *progress)
{
    const char *stage = user;
    return !(strcmp(progress->stage, stage) == 0 && progress->done == 1);
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    static char stages[][32] = {TYTO_EVALUATE_STAGE, "image tower"};
    for (size_t i = 0; i < 2; i++) {
        tyto_evaluate_options options;
        tyto_evaluation found;
        tyto_error err = TYTO_ERROR_INIT;
        tyto_evaluate_options_init(&options, sizeof(options));
        options.progress = stop;
        options.progress_user = stages[i];
        assert_int_equal(tyto_evaluate(session, &truth, photos, NULL, &options, &found, &err),
                         TYTO_E_CANCELLED);
        assert_null(found.results.items);
        tyto_error_clear(&err);
    }
}

static void documents_hold_the_scores(void **state)
{
    (void)state;
    tyto_coco_result results[] = {{70, 9, {0.0, 0.0, 300.0, 300.0}, 0.5},
                                  {8, 9, {0.0, 0.0, 3.0, 3.0}, 0.5}};
    tyto_coco_results list = {.items = results, .count = 2};
    tyto_coco_scores scores;
    tyto_bytes document = {0};
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_coco_evaluate(&truth, list.items, list.count, NULL, &scores, &err),
                     TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_coco_results_keep_listed(&list, &truth, &err), &err);
    assert_int_equal(list.count, 1);
    ASSERT_DONE(tyto_coco_evaluate(&truth, list.items, list.count, NULL, &scores, &err), &err);
    ASSERT_DONE(tyto_coco_scores_text(&truth, &scores, &document, &err), &err);
    assert_non_null(strstr(document.data, "2 photos, 2 classes, 1 objects\n\nap         1.000"));
    assert_non_null(strstr(document.data, "\ncat          1  1.000  1.000  1.000  1.000\n"));
    tyto_bytes_clear(&document);
    ASSERT_DONE(tyto_coco_scores_json(&truth, &scores, &document, &err), &err);
    json_t *root = json_loadb(document.data, document.length_bytes, 0, NULL);
    assert_true(json_real_value(json_object_get(root, "ap")) == 1.0);
    assert_int_equal(json_array_size(json_object_get(root, "classes")), 2);
    json_decref(root);
    tyto_bytes_clear(&document);
    /* Results as bytes, and back. */
    tyto_coco_results back;
    ASSERT_DONE(tyto_coco_results_json(list.items, list.count, &document, &err), &err);
    ASSERT_DONE(tyto_coco_results_parse(document.data, document.length_bytes, "back", &back, &err),
                &err);
    assert_int_equal(back.count, 1);
    assert_memory_equal(&back.items[0], &results[0], sizeof(results[0]));
    tyto_coco_results_clear(&back);
    tyto_bytes_clear(&document);
    results[0].score = NAN;
    assert_int_equal(tyto_coco_results_json(results, 1, &document, &err), TYTO_E_RANGE);
    tyto_coco fewer = truth;
    fewer.n_categories = 1;
    assert_int_equal(tyto_coco_scores_text(&fewer, &scores, &document, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_coco_scores_clear(&scores);
}

static int warnings;

static void count_warnings(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    assert_non_null(message);
    warnings += level == TYTO_LOG_LEVEL_WARNING;
}

/* Detections that are read are scored as those that were found. */
static void results_in_a_file_are_scored_alike(void **state)
{
    (void)state;
    static const tyto_coco_result kept[] = {{70, 9, {0.0, 0.0, 300.0, 290.0}, 0.75},
                                            {-3, 9, {5.0, 5.0, 30.0, 30.0}, 0.5}};
    char path[] = "/tmp/tyto-XXXXXX";
    tyto_coco first = truth;
    tyto_evaluation all, one;
    tyto_coco_scores scores;
    tyto_error err = TYTO_ERROR_INIT;
    const int file = mkstemp(path);
    assert_int_not_equal(file, -1);
    close(file);
    ASSERT_DONE(tyto_coco_results_save(path, kept, 2, &err), &err);
    ASSERT_DONE(tyto_evaluate_results(path, &truth, false, NULL, &all, &err), &err);
    ASSERT_DONE(tyto_coco_evaluate(&truth, kept, 2, NULL, &scores, &err), &err);
    assert_int_equal(all.photos, 2);
    assert_int_equal(all.results.count, 2);
    assert_true(all.scores.summary.ap == scores.summary.ap && scores.summary.ap > 0.5);
    first.n_images = 1;
    ASSERT_DONE(tyto_evaluate_results(path, &first, true, NULL, &one, &err), &err);
    assert_int_equal(one.results.count, 1);
    tyto_coco_scores_clear(&scores);
    tyto_evaluation_clear(&all);
    tyto_evaluation_clear(&one);
    unlink(path);
    assert_int_equal(tyto_evaluate_results(path, &truth, false, NULL, &all, &err),
                     TYTO_E_NOT_FOUND);
    assert_int_equal(all.photos, 0);
    tyto_error_clear(&err);
}

static void what_does_not_count_is_logged(void **state)
{
    (void)state;
    tyto_coco doubtful = truth;
    tyto_coco_log_faults(&truth, "name", count_warnings, NULL);
    assert_int_equal(warnings, 0);
    doubtful.n_strangers = 3;
    doubtful.has_id_zero = true;
    tyto_coco_log_faults(&doubtful, NULL, count_warnings, NULL);
    assert_int_equal(warnings, 2);
    tyto_coco_log_faults(&doubtful, NULL, NULL, NULL);
    tyto_coco_log_faults(NULL, NULL, count_warnings, NULL);
    assert_int_equal(warnings, 2);
}

/* Nothing is searched for where there are no categories. */
static void no_categories_need_no_session(void **state)
{
    (void)state;
    tyto_coco none = {.images = images, .n_images = 2};
    tyto_evaluation found;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_evaluate(NULL, &none, photos, NULL, NULL, &found, &err), &err);
    assert_int_equal(found.results.count, 0);
    tyto_evaluation_clear(&found);
    assert_int_equal(tyto_evaluate(NULL, &truth, photos, NULL, NULL, &found, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_the_search),
        cmocka_unit_test(a_bad_photo_is_counted),
        cmocka_unit_test(it_can_be_stopped),
        cmocka_unit_test(documents_hold_the_scores),
        cmocka_unit_test(results_in_a_file_are_scored_alike),
        cmocka_unit_test(what_does_not_count_is_logged),
        cmocka_unit_test(no_categories_need_no_session),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
