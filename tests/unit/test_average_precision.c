/* COCO files and average precision: against pycocotools' numbers, and by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/json.h"
#include "results/average_precision.h"
#include <tyto/eval.h>

enum { NUMBERS = offsetof(tyto_coco_summary, reserved) / sizeof(double) };

static void golden_path(const char *name, const char *file, char path[512])
{
    snprintf(path, 512, "%s/golden/data/coco_eval/%s/%s", getenv("TYTO_TEST_DATA"), name, file);
}

static void succeed(tyto_status status, tyto_error *err)
{
    if (status != TYTO_OK) {
        fail_msg("%s", tyto_error_message(err));
    }
}

static void assert_summary(const char *where, const tyto_coco_summary *got, const json_t *expected)
{
    double numbers[NUMBERS];
    memcpy(numbers, got, sizeof(numbers));
    assert_int_equal(json_array_size(expected), NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
        double wanted = json_number_value(json_array_get(expected, i));
        if (!(fabs(numbers[i] - wanted) <= 1e-13)) {
            fail_msg("%s, number %zu: got %.17g, required %.17g", where, i, numbers[i], wanted);
        }
    }
}

static void evaluate_golden(const char *name)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco truth;
    tyto_coco_results results;
    tyto_coco_scores scores;
    json_t *expected = NULL;
    char path[512];
    golden_path(name, "annotations.json", path);
    succeed(tyto_coco_load(path, &truth, &err), &err);
    golden_path(name, "results.json", path);
    succeed(tyto_coco_results_load(path, &results, &err), &err);
    golden_path(name, "expected.json", path);
    succeed(tyto_json_load(path, &expected, &err), &err);
    succeed(tyto_coco_evaluate(&truth, results.items, results.count, NULL, &scores, &err), &err);

    assert_summary(name, &scores.summary, json_object_get(expected, "summary"));
    const json_t *classes = json_object_get(expected, "classes");
    assert_int_equal(json_array_size(classes), scores.n_classes);
    for (size_t i = 0; i < (size_t)scores.n_classes; i++) {
        const json_t *wanted = json_array_get(classes, i);
        assert_int_equal(json_integer_value(json_object_get(wanted, "category_id")),
                         scores.classes[i].category_id);
        assert_summary(name, &scores.classes[i].summary, json_object_get(wanted, "summary"));
    }
    json_decref(expected);
    tyto_coco_scores_clear(&scores);
    tyto_coco_results_clear(&results);
    tyto_coco_clear(&truth);
}

static void equals_pycocotools(void **state)
{
    (void)state;
    const char *names[] = {"ties",           "floats",        "crowds",        "one_image",
                           "over_a_hundred", "nothing_there", "nothing_found", "all_right",
                           "strangers",      "same_place"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        evaluate_golden(names[i]);
    }
}

static void strangers_are_counted(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco truth;
    char path[512];
    golden_path("strangers", "annotations.json", path);
    succeed(tyto_coco_load(path, &truth, &err), &err);
    assert_true(truth.n_strangers > 0 && truth.n_annotations > 0);
    tyto_coco_clear(&truth);
}

/* Two objects; the best detection is wrong, the second right. Precision is 0 then 1/2, so 1/2 at
 * the 51 recalls 0 … 0.50 and 0 beyond. */
static void by_hand(void **state)
{
    (void)state;
    uint8_t verdicts[] = {TYTO_AP_WRONG, TYTO_AP_IGNORED, TYTO_AP_RIGHT};
    double scratch[3];
    assert_true(fabs(tyto_ap_precision_sum(verdicts, 3, 2, scratch) - 25.5) < 1e-13);
    assert_true(tyto_ap_precision_sum(verdicts, 0, 2, scratch) == 0.0);

    tyto_coco_box a = {0, 0, 10, 10}, b = {5, 0, 10, 10}, away = {10, 0, 5, 5};
    assert_true(tyto_ap_overlap(&a, &b, false) == 50.0 / 150.0);
    assert_true(tyto_ap_overlap(&a, &b, true) == 0.5);
    assert_true(tyto_ap_overlap(&a, &away, false) == 0.0);
    tyto_coco_box endless = {0, 0, 1e300, 1e300};
    assert_true(tyto_ap_overlap(&endless, &endless, false) == 0.0);
}

static void the_grid_is_numpys(void **state)
{
    (void)state;
    assert_true(tyto_ap_step(0.5, 0.95, TYTO_AP_THRESHOLDS, 0) == 0.5);
    assert_true(tyto_ap_step(0.5, 0.95, TYTO_AP_THRESHOLDS, 5) == 0.75);
    assert_true(tyto_ap_step(0.5, 0.95, TYTO_AP_THRESHOLDS, 9) == 0.95);
    assert_true(tyto_ap_step(0.0, 1.0, TYTO_AP_RECALLS, 58) == 0.58);
    assert_true(tyto_ap_step(0.0, 1.0, TYTO_AP_RECALLS, 100) == 1.0);
}

static void bad_numbers_are_refused(void **state)
{
    (void)state;
    tyto_coco_image images[] = {{.id = 1}, {.id = 2}};
    tyto_coco_category categories[] = {{.id = 7, .name = "a"}};
    tyto_coco_annotation annotations[] = {
        {.image_id = 1, .category_id = 7, .box = {0, 0, 2, 2}, .area = 4}};
    tyto_coco truth = {.images = images,
                       .n_images = 2,
                       .categories = categories,
                       .n_categories = 1,
                       .annotations = annotations,
                       .n_annotations = 1};
    const tyto_coco_result good = {1, 7, {0, 0, 2, 2}, 0.5};
    tyto_coco_result results[] = {good, good};
    tyto_coco_scores scores;
    tyto_error err = TYTO_ERROR_INIT;

    results[1].score = NAN;
    assert_int_equal(tyto_coco_evaluate(&truth, results, 2, NULL, &scores, &err), TYTO_E_RANGE);
    assert_non_null(strstr(tyto_error_message(&err), "results[1]"));
    tyto_error_clear(&err);
    results[1] = good;
    results[1].box.width = -1;
    assert_int_equal(tyto_coco_evaluate(&truth, results, 2, NULL, &scores, NULL), TYTO_E_RANGE);
    results[1] = good;
    results[1].image_id = 3;
    assert_int_equal(tyto_coco_evaluate(&truth, results, 2, NULL, &scores, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err),
                        "results[1].image_id: got 3, required an image of the annotations");
    tyto_error_clear(&err);
    images[1].id = 1;
    assert_int_equal(tyto_coco_evaluate(&truth, &good, 1, NULL, &scores, NULL), TYTO_E_ARGUMENT);
    images[1].id = 2;
    annotations[0].area = INFINITY;
    assert_int_equal(tyto_coco_evaluate(&truth, &good, 1, NULL, &scores, NULL), TYTO_E_RANGE);
    annotations[0].area = 4;
    succeed(tyto_coco_evaluate(&truth, &good, 1, NULL, &scores, &err), &err);
    assert_true(fabs(scores.summary.ap - 1.0) < 1e-14 && scores.summary.ap_medium == -1.0);
    assert_int_equal(scores.classes[0].objects, 1);
    tyto_coco_scores_clear(&scores);
}

/* An annotation file with one field of its first annotation, or a whole list, put differently. */
#define FILE_WITH(images, categories, annotation)                                                  \
    "{\"images\":" images ",\"categories\":" categories ",\"annotations\":[" annotation "]}"
#define IMAGES "[{\"id\":1}]"
#define CATEGORIES "[{\"id\":2,\"name\":\"owl\"}]"
#define ANNOTATION(id, rest) "{\"id\":" id ",\"image_id\":1,\"category_id\":2," rest "}"
#define BOX "\"bbox\":[0,0,3,4]"

static void annotations_have_defaults(void **state)
{
    (void)state;
    const char *text = FILE_WITH(
        "[{\"id\":1,\"file_name\":\"a/b.png\",\"width\":null}]", CATEGORIES,
        ANNOTATION("0", BOX) "," ANNOTATION("5", BOX ",\"area\":3.5,\"iscrowd\":1,\"ignore\":1"));
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco coco;
    succeed(tyto_coco_parse(text, strlen(text), "a.json", &coco, &err), &err);
    assert_string_equal(coco.images[0].file_name, "a/b.png");
    assert_string_equal(coco.categories[0].name, "owl");
    assert_true(coco.annotations[0].area == 12.0 && !coco.annotations[0].crowd);
    assert_true(coco.annotations[1].area == 3.5 && coco.annotations[1].crowd);
    assert_true(coco.has_id_zero && coco.n_strangers == 0);
    tyto_coco_clear(&coco);
}

static void bad_annotation_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "a.json: got an array, required an object"},
        {"{\"images\":[]}", "'categories': got nothing, required an array"},
        {FILE_WITH("[{}]", CATEGORIES, ""), "'images[0].id': got nothing, required an integer"},
        {FILE_WITH("[{\"id\":null}]", CATEGORIES, ""),
         "'images[0].id': got null, required an integer or a text"},
        {FILE_WITH("[{\"id\":\"a\\\"\"},{\"id\":\"a\\\"\"}]", CATEGORIES, ""),
         "'images': got the id \"a\\\"\" twice, required each id once"},
        {FILE_WITH("[{\"id\":1},{\"id\":1.0}]", CATEGORIES, ""),
         "'images': got the id 1 twice, required each id once"},
        {FILE_WITH("[{\"id\":1,\"width\":-1}]", CATEGORIES, ""), "'images[0].width': got -1"},
        {FILE_WITH("[{\"id\":1,\"file_name\":1}]", CATEGORIES, ""), "'images[0].file_name'"},
        {FILE_WITH("[{\"id\":1},{\"id\":1}]", CATEGORIES, ""),
         "'images': got the id 1 twice, required each id once"},
        {FILE_WITH("[7]", CATEGORIES, ""), "'images[0]': got an integer, required an object"},
        {FILE_WITH(IMAGES, "[{\"id\":2}]", ""), "'categories[0].name': got nothing"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", BOX) "," ANNOTATION("1", BOX)),
         "'annotations': got the id 1 twice"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"area\":1")),
         "'annotations[0].bbox': got nothing, required an array of 4 numbers"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"bbox\":[1,2,3]")),
         "'annotations[0].bbox': got 3, required 4 numbers (left, top, width, height)"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"bbox\":[1,2,3,\"4\"]")),
         "'annotations[0].bbox': got a string, required 4 numbers"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"bbox\":[1,2,3,-4]")),
         "'annotations[0].bbox': got -4, required a width and height of at least 0"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"bbox\":[1,2,3,NaN]")),
         "a number that is not finite"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", BOX ",\"area\":-2")),
         "'annotations[0].area': got -2, required at least 0 and finite"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", "\"bbox\":[0,0,1e200,1e200]")),
         "'annotations[0].area': got inf, required at least 0 and finite"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", BOX ",\"area\":\"x\"")),
         "'annotations[0].area': got a string, required a number"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1", BOX ",\"iscrowd\":2")),
         "'annotations[0].iscrowd': got 2, required 0 or 1"},
        {FILE_WITH(IMAGES, CATEGORIES, ANNOTATION("1.5", BOX)),
         "'annotations[0].id': got a number, required an integer"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_coco coco;
        tyto_status status =
            tyto_coco_parse(cases[i].text, strlen(cases[i].text), "a.json", &coco, &err);
        if (status != TYTO_E_FORMAT || !strstr(tyto_error_message(&err), cases[i].message)) {
            fail_msg("%s: got %s, required %s", cases[i].text, tyto_error_message(&err),
                     cases[i].message);
        }
        assert_null(coco.annotations);
        tyto_error_clear(&err);
    }
}

static void bad_result_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"{}", "r.json: got an object, required an array"},
        {"[1]", "'[0]': got an integer, required an object"},
        {"[{\"image_id\":1,\"category_id\":2," BOX "}]",
         "'[0].score': got nothing, required a number"},
        {"[{\"image_id\":1,\"category_id\":2," BOX ",\"score\":\"0.5\"}]",
         "'[0].score': got a string, required a number"},
        {"[{\"image_id\":1,\"category_id\":2," BOX ",\"score\":1e999}]", "not valid JSON"},
        {"[{\"category_id\":2," BOX ",\"score\":1}]", "'[0].image_id': got nothing"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_coco_results results;
        tyto_status status =
            tyto_coco_results_parse(cases[i].text, strlen(cases[i].text), "r.json", &results, &err);
        if (status != TYTO_E_FORMAT || !strstr(tyto_error_message(&err), cases[i].message)) {
            fail_msg("%s: got %s, required %s", cases[i].text, tyto_error_message(&err),
                     cases[i].message);
        }
        assert_null(results.items);
        tyto_error_clear(&err);
    }
}

/* Texts in place of numbers, numbers of any spelling and length, and what Python alone takes for
 * JSON; each is read by pycocotools 2.0.11, with an average precision of 1 for the box itself. */
static void what_pycocotools_takes_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *image, *id, *crowd, *id_text;
    } cases[] = {
        {"\"width\":64.0,\"height\":\"48\"", "7.0", "0.0", NULL},
        {"\"width\":\"wide\",\"height\":null", "-7", "false", NULL},
        {"\"score\":NaN", "\"0000001_02999_d\"", "0", "\"0000001_02999_d\""},
        {"\"score\":-Infinity", "100000000000000000001", "0", "100000000000000000001"},
        {"\"score\":Infinity", "1e20", "0", "100000000000000000000"},
        {"\"file_name\":\"\\ud800caf\\udce9.jpg\"", "\"\\n\"", "0", "\"\\u000a\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[1024], found[256];
        tyto_error err = TYTO_ERROR_INIT;
        tyto_coco coco;
        tyto_coco_results results;
        tyto_coco_scores scores;
        tyto_bytes bytes;
        snprintf(text, sizeof(text),
                 "{\"images\":[{\"id\":%s,%s},{\"id\":1}],\"categories\":[{\"id\":%s,\"name\":"
                 "\"owl\"}],\"annotations\":[{\"id\":\"%zu\",\"image_id\":%s,\"category_id\":%s,"
                 "\"bbox\":[1,2,30,40],\"iscrowd\":%s}]}",
                 cases[i].id, cases[i].image, cases[i].id, i, cases[i].id, cases[i].id,
                 cases[i].crowd);
        snprintf(found, sizeof(found),
                 "[{\"image_id\":%s,\"category_id\":%s,\"bbox\":[1,2,30,40],\"score\":0.5}]",
                 cases[i].id, cases[i].id);
        succeed(tyto_coco_parse(text, strlen(text), "a.json", &coco, &err), &err);
        succeed(tyto_coco_results_parse(found, strlen(found), "r.json", &results, &err), &err);
        succeed(tyto_coco_evaluate(&coco, results.items, results.count, NULL, &scores, &err), &err);
        assert_true(fabs(scores.summary.ap - 1.0) < 1e-12);
        const char *id_text = coco.images[0].id_text;
        assert_int_equal(!id_text, !cases[i].id_text);
        assert_true(!id_text || strcmp(id_text, cases[i].id_text) == 0);
        /* And what is written is read as the same. */
        tyto_coco_results again;
        succeed(tyto_coco_results_json(results.items, 1, &bytes, &err), &err);
        succeed(tyto_coco_results_parse(bytes.data, bytes.length_bytes, "r.json", &again, &err),
                &err);
        assert_int_equal(again.items[0].image_id, results.items[0].image_id);
        assert_int_equal(again.items[0].category_id, coco.categories[0].id);
        tyto_bytes_clear(&bytes);
        succeed(tyto_coco_scores_json(&coco, &scores, &bytes, &err), &err);
        tyto_bytes_clear(&bytes);
        if (i == 0) {
            assert_true(coco.images[0].width_px == 64 && coco.images[0].height_px == 48);
        } else {
            assert_true(coco.images[0].width_px == 0 && coco.images[0].height_px == 0);
        }
        if (coco.images[0].file_name) {
            assert_string_equal(coco.images[0].file_name, "\xef\xbf\xbd"
                                                          "caf\xe9.jpg");
        }
        tyto_coco_results_clear(&again);
        tyto_coco_results_clear(&results);
        tyto_coco_scores_clear(&scores);
        tyto_coco_clear(&coco);
    }
}

static void lvis_names_photos_by_addresses(void **state)
{
    (void)state;
    const char *text =
        FILE_WITH("[{\"id\":1,\"coco_url\":\"http://images.example.org/train2017/0391.jpg\","
                  "\"neg_category_ids\":[2]},{\"id\":2,\"coco_url\":\"none\"},"
                  "{\"id\":3,\"coco_url\":\"/a.jpg\"},{\"id\":4,\"file_name\":\"b.jpg\","
                  "\"coco_url\":\"http://c/d.jpg\"}]",
                  CATEGORIES, "");
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco coco;
    succeed(tyto_coco_parse(text, strlen(text), "a.json", &coco, &err), &err);
    assert_string_equal(coco.images[0].file_name, "train2017/0391.jpg");
    assert_null(coco.images[1].file_name);
    assert_string_equal(coco.images[2].file_name, "a.jpg");
    assert_string_equal(coco.images[3].file_name, "b.jpg");
    assert_true(coco.is_lvis);
    tyto_coco_clear(&coco);
}

/* Of equal scores, the one in the image that comes first counts first; pycocotools orders images by
 * their ids, texts too. */
static void texts_are_in_order(void **state)
{
    (void)state;
    const char *text = "{\"images\":[{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"a\"}],"
                       "\"categories\":[{\"id\":2,\"name\":\"owl\"}],"
                       "\"annotations\":[{\"id\":1,\"image_id\":\"a\",\"category_id\":2,"
                       "\"bbox\":[1,2,30,40]}]}";
    static const char *const found =
        "[{\"image_id\":\"b\",\"category_id\":2,\"bbox\":[1,2,30,40],\"score\":0.5},"
        "{\"image_id\":\"c\",\"category_id\":2,\"bbox\":[1,2,30,40],\"score\":0.5},"
        "{\"image_id\":\"a\",\"category_id\":2,\"bbox\":[1,2,30,40],\"score\":0.5}]";
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco coco;
    tyto_coco_results results;
    tyto_coco_scores scores;
    succeed(tyto_coco_parse(text, strlen(text), "a.json", &coco, &err), &err);
    succeed(tyto_coco_results_parse(found, strlen(found), "r.json", &results, &err), &err);
    succeed(tyto_coco_evaluate(&coco, results.items, results.count, NULL, &scores, &err), &err);
    assert_true(fabs(scores.summary.ap - 1.0) < 1e-12);
    tyto_coco_results_clear(&results);
    tyto_coco_scores_clear(&scores);
    tyto_coco_clear(&coco);
}

static void results_come_back_the_same(void **state)
{
    (void)state;
    char path[] = "/tmp/tyto-results-XXXXXX";
    close(mkstemp(path));
    const tyto_coco_result items[] = {
        {1, 2, {0.1, -1.0 / 3.0, 1e-300, 123456.789}, (double)0.1f},
        {INT64_MAX, INT64_MIN, {0, 0, 0, 0}, -5e-324},
    };
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco_results back;
    succeed(tyto_coco_results_save(path, items, 2, &err), &err);
    succeed(tyto_coco_results_load(path, &back, &err), &err);
    assert_int_equal(back.count, 2);
    assert_memory_equal(back.items, items, sizeof(items));
    tyto_coco_results_clear(&back);

    const tyto_coco_result endless = {1, 2, {0, 0, INFINITY, 1}, 1};
    assert_int_equal(tyto_coco_results_save(path, &endless, 1, NULL), TYTO_E_RANGE);
    succeed(tyto_coco_results_load(path, &back, &err), &err); /* the old file is still there */
    assert_int_equal(back.count, 2);
    tyto_coco_results_clear(&back);
    succeed(tyto_coco_results_save(path, NULL, 0, &err), &err);
    succeed(tyto_coco_results_load(path, &back, &err), &err);
    assert_int_equal(back.count, 0);
    tyto_coco_results_clear(&back);
    unlink(path);
}

static bool stop_at_second(void *user, const tyto_progress *progress)
{
    (void)user;
    assert_string_equal(progress->stage, "categories");
    assert_int_equal(progress->total, 3);
    return progress->done < 1;
}

static void an_evaluation_can_be_stopped(void **state)
{
    (void)state;
    tyto_coco_category categories[] = {{1, "a"}, {2, "b"}, {3, "c"}};
    const tyto_coco truth = {.categories = categories, .n_categories = 3};
    tyto_coco_evaluate_options options;
    tyto_coco_scores scores;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco_evaluate_options_init(&options, sizeof(options));
    options.progress = stop_at_second;
    assert_int_equal(tyto_coco_evaluate(&truth, NULL, 0, &options, &scores, &err),
                     TYTO_E_CANCELLED);
    assert_string_equal(tyto_error_message(&err), "evaluation: stopped after 1 of 3 categories");
    assert_null(scores.classes);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_evaluation_can_be_stopped),
        cmocka_unit_test(equals_pycocotools),
        cmocka_unit_test(strangers_are_counted),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_grid_is_numpys),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(annotations_have_defaults),
        cmocka_unit_test(bad_annotation_files),
        cmocka_unit_test(bad_result_files),
        cmocka_unit_test(what_pycocotools_takes_is_read),
        cmocka_unit_test(lvis_names_photos_by_addresses),
        cmocka_unit_test(texts_are_in_order),
        cmocka_unit_test(results_come_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
