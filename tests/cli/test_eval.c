/* tyto eval: the library's numbers, from files and from real photos. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/tyto.h>
#include <unistd.h>

#include "support/cases.h"

#define GOLDEN "golden/data/coco_eval/"
#define ANNOTATIONS "annotations.json"

static const char *const keys[] = {"ap",  "ap50", "ap75",  "ap_small", "ap_medium", "ap_large",
                                   "ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large"};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

/* A golden case through the command, its numbers against pycocotools'. */
static void assert_numbers(const json_t *object, const json_t *expected)
{
    assert_int_equal(json_array_size(expected), KEYS);
    for (size_t i = 0; i < KEYS; i++) {
        const json_t *value = json_object_get(object, keys[i]);
        assert_true(json_is_real(value));
        double wanted = json_number_value(json_array_get(expected, i));
        assert_true(fabs(json_real_value(value) - wanted) < 1e-13);
    }
}

static void scores_are_pycocotools(void **state)
{
    (void)state;
    const char *names[] = {"ties", "crowds", "over_a_hundred", "nothing_found"};
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        char truth[128], results[128], numbers[128];
        snprintf(truth, sizeof(truth), GOLDEN "%s/annotations.json", names[i]);
        snprintf(results, sizeof(results), GOLDEN "%s/results.json", names[i]);
        snprintf(numbers, sizeof(numbers), GOLDEN "%s/expected.json", names[i]);
        ran run = tyto("eval", "detect", "-a", test_path(truth), "--detections-in",
                       test_path(results), "--format", "json", NULL);
        assert_done(&run);
        assert_string_equal(run.err, "");
        size_t length;
        char *text = file_text(test_path(numbers), &length);
        json_t *got = parsed(run.out), *expected = parsed(text);
        assert_numbers(got, json_object_get(expected, "summary"));
        const json_t *classes = json_object_get(got, "classes");
        const json_t *wanted = json_object_get(expected, "classes");
        assert_int_equal(json_array_size(classes), json_array_size(wanted));
        for (size_t k = 0; k < json_array_size(classes); k++) {
            const json_t *class = json_array_get(classes, k), *other = json_array_get(wanted, k);
            assert_int_equal(json_integer_value(json_object_get(class, "category_id")),
                             json_integer_value(json_object_get(other, "category_id")));
            assert_true(json_is_string(json_object_get(class, "name")));
            assert_numbers(class, json_object_get(other, "summary"));
        }
        json_decref(got);
        json_decref(expected);
        free(text);
        ran_clear(&run);
    }
}

static void tables_say_the_same(void **state)
{
    (void)state;
    ran run =
        tyto("eval", "detect", "--annotations", test_path(GOLDEN "ties/annotations.json"),
             "--detections-in", test_path(GOLDEN "ties/results.json"), "-o", "table.txt", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "");
    size_t length;
    char *text = file_text("table.txt", &length);
    assert_non_null(strstr(text, "12 photos, 5 classes, 27 objects\n"));
    assert_non_null(strstr(text, "\nap         0.161   average precision"));
    assert_non_null(strstr(text, "\nclass     objects     AP   AP50   AP75  AR100\n"));
    assert_non_null(strstr(text, "\nthing 84       10  0.202  0.672  0.139  0.550\n"));
    assert_non_null(strstr(text, "\nthing 13        0      -      -      -      -\n"));
    free(text);
    ran_clear(&run);
    run = tyto("eval", "detect", "-a", test_path(GOLDEN "ties/annotations.json"), "--detections-in",
               test_path(GOLDEN "ties/results.json"), "-o", "table.json", NULL);
    assert_done(&run);
    ran_clear(&run);
    text = file_text("table.json", &length);
    json_t *object = parsed(text);
    assert_int_equal(json_integer_value(json_object_get(object, "images")), 12);
    json_decref(object);
    free(text);
    run = tyto("eval", "detect", "-a", test_path(GOLDEN "ties/annotations.json"), "--detections-in",
               test_path(GOLDEN "ties/results.json"), "-o", "table.csv", NULL);
    assert_complains(&run, 2, "got the ending '.csv', required .json or .txt");
    ran_clear(&run);
}

/* Two photos whose names are not their numbers, categories whose numbers are not their places. */
static void write_photos_annotations(void)
{
    copy_file(CAT, "photo one.jpg");
    copy_file(COFFEE, "two.jpg");
    write_text(ANNOTATIONS,
               "{\"images\":[{\"id\":70,\"file_name\":\"photo one.jpg\"},"
               "{\"id\":-3,\"file_name\":\"two.jpg\"}],"
               "\"categories\":[{\"id\":9,\"name\":\"cat\"},{\"id\":4,\"name\":\"cup\"}],"
               "\"annotations\":[]}");
}

/* YOLO's labels are scored as the same set of COCO's is, to the byte. */
static void yolo_is_scored_as_coco(void **state)
{
    (void)state;
    static const char *const folders[] = {"data", "data/images", "data/images/val", "data/labels",
                                          "data/labels/val"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        mkdir(folders[i], 0777);
    }
    copy_file(CAT, "data/images/val/cat.jpg");
    copy_file(COFFEE, "data/images/val/coffee.jpg");
    write_text("data/labels/val/cat.txt", "0 0.5 0.5 0.25 0.5\n1 0.25 0.5 0.5 0.75\n");
    write_text("data/labels/val/coffee.txt", "1 0.5 0.25 0.75 0.5 0.25 1\n");
    write_text("data/data.yaml", "path: .\nval: images/val\nnames: [cat, cup]\n");
    write_text("data/labels/val/classes.txt", "cat\ncup\n");
    tyto_image cat, coffee;
    assert_int_equal(tyto_image_load(CAT, NULL, &cat, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(COFFEE, NULL, &coffee, NULL), TYTO_OK);
    const double w = (double)cat.width_px, h = (double)cat.height_px;
    const double v = (double)coffee.width_px, u = (double)coffee.height_px;
    char coco[2048];
    snprintf(
        coco, sizeof(coco),
        "{\"images\":[{\"id\":1,\"file_name\":\"cat.jpg\"},{\"id\":2,\"file_name\":"
        "\"coffee.jpg\"}],\"categories\":[{\"id\":1,\"name\":\"cat\"},{\"id\":2,\"name\":"
        "\"cup\"}],\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":"
        "[%.17g,%.17g,%.17g,%.17g]},{\"id\":2,\"image_id\":1,\"category_id\":2,\"bbox\":[%.17g,"
        "%.17g,%.17g,%.17g]},{\"id\":3,\"image_id\":2,\"category_id\":2,\"bbox\":[%.17g,%.17g,"
        "%.17g,%.17g]}]}",
        0.375 * w, 0.25 * h, 0.25 * w, 0.5 * h, 0.0, 0.125 * h, 0.5 * w, 0.75 * h, 0.25 * v,
        0.25 * u, 0.5 * v, 0.75 * u);
    write_text("set.json", coco);
    tyto_image_clear(&cat);
    tyto_image_clear(&coffee);
    ran wanted = tyto("eval", "detect", "-m", ODD_MODEL, "-a", "set.json", "-i", "data/images/val",
                      "-f", "json", "--detections", "found.json", NULL);
    assert_done(&wanted);
    static const char *const ways[][5] = {
        {"--data", "data/data.yaml"},
        {"-a", "data/labels/val", "-i", "data/images/val"},
        {"--data", "data/data.yaml", "--detections-in", "found.json"},
        {"-a", "data/labels/val", "-i", "data/images/val", "--detections-in=found.json"},
    };
    for (size_t i = 0; next_case(i, sizeof(ways) / sizeof(ways[0])); i++) {
        const char *const *w4 = ways[i];
        ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-f", "json", w4[0], w4[1], w4[2], w4[3],
                       w4[4], NULL);
        assert_done(&run);
        assert_string_equal(run.out, wanted.out);
        ran_clear(&run);
    }
    static const char piped[] = "path: data\nval: images/val\nnames: [cat, cup]\n";
    ran fed = tyto_reading(piped, strlen(piped), "eval", "detect", "-f", "json", "--data", "-",
                           "--detections-in", "found.json", NULL);
    assert_done(&fed);
    assert_string_equal(fed.out, wanted.out);
    ran_clear(&fed);
    ran_clear(&wanted);
    /* What is said of a search has an effect with either. */
    static const char *const said[] = {"--prompt=a {}", "--templates",  "--threshold=0.9",
                                       "--top-k=3",     "--best-label", "--nms=class"};
    for (size_t i = 0; next_case(i, sizeof(said) / sizeof(said[0])); i++) {
        ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-f", "json", "-a", "set.json", "-i",
                       "data/images/val", said[i], NULL);
        ran other = tyto("eval", "detect", "-m", ODD_MODEL, "-f", "json", "--data",
                         "data/data.yaml", said[i], NULL);
        assert_done(&run);
        assert_done(&other);
        assert_string_equal(other.out, run.out);
        ran_clear(&run);
        ran_clear(&other);
    }
    static const char *const wrong[][7] = {
        {"--data", "data/data.yaml", "-a", "set.json"},
        {"--data", "data/data.yaml", "-i", "data/images/val"},
        {"-a", "data/labels/val"},
        {"-a", "set.json", "-i", "data/images", "--split", "val"},
        {"--data", "data/data.yaml", "--detections-in", "found.json", "--top-k", "3"},
        {"-a", "data/data.yaml", "-i", "data/images"},
    };
    static const char *const messages[] = {"both --annotations and --data",
                                           "--images: the photos are those of --data",
                                           "a folder of YOLO's labels, required --images FOLDER",
                                           "--split: got no --data",
                                           "--top-k: contradicts --detections-in",
                                           "--annotations: got data/data.yaml, required --data"};
    for (size_t i = 0; next_case(i, sizeof(wrong) / sizeof(wrong[0])); i++) {
        const char *const *q = wrong[i];
        ran run = tyto("eval", "detect", q[0], q[1], q[2], q[3], q[4], q[5], NULL);
        assert_complains(&run, 2, messages[i]);
    }
    ran folder = tyto("eval", "detect", "--data", "data", NULL);
    assert_complains(&folder, 1, "required data.yaml of a set, which is there: data/data.yaml");
    write_text("data/labels/val/cat.txt", "0 0.5 0.5 0.25 0.5\n9 1 2 3\n");
    ran run = tyto("eval", "detect", "--data", "data/data.yaml", NULL);
    assert_complains(&run, 1, "data/labels/val/cat.txt:2: got '9 1 2 3'");
}

/* The same photo by C. */
static tyto_detections search(const char *photo, const char *const *texts, bool multi_label)
{
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    tyto_vocabulary *vocabulary = NULL;
    tyto_detections found = {0};
    tyto_image image = {0};
    const tyto_search_source source = {.image = &image};
    tyto_search_options options;
    tyto_search_options_init(&options, sizeof(options));
    options.threshold = 0.0F;
    options.top_k = 7;
    options.multi_label = multi_label;
    assert_int_equal(tyto_engine_create(NULL, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, ODD_MODEL, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_create(session, texts, 2, NULL, &vocabulary, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(photo, NULL, &image, NULL), TYTO_OK);
    assert_int_equal(tyto_search(session, &source, 1, vocabulary, &options, &found, NULL), TYTO_OK);
    tyto_vocabulary_destroy(vocabulary);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    tyto_image_clear(&image);
    return found;
}

static void assert_found(const tyto_coco_result *results, int64_t image_id,
                         const tyto_detections *found)
{
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *d = &found->items[i];
        assert_int_equal(results[i].image_id, image_id);
        assert_int_equal(results[i].category_id, d->label_index == 0 ? 9 : 4);
        assert_true(results[i].score == (double)d->score);
        assert_true(results[i].box.x == (double)d->box.xmin);
        assert_true(results[i].box.y == (double)d->box.ymin);
        assert_true(results[i].box.width == (double)d->box.xmax - (double)d->box.xmin);
        assert_true(results[i].box.height == (double)d->box.ymax - (double)d->box.ymin);
    }
}

static void a_model_searches_for_prompts(void **state)
{
    (void)state;
    const char *const texts[] = {"a cat and a cat.", "a cup and a cup."};
    write_photos_annotations();
    for (int best = 0; best < 2; best++) {
        ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-a", ANNOTATIONS, "-i", ".", "--prompt",
                       "a {} and a {}.", "--top-k", "7", "--detections", "found.json",
                       best ? "--best-label" : NULL, NULL);
        assert_done(&run);
        tyto_coco_results results;
        assert_int_equal(tyto_coco_results_load("found.json", &results, NULL), TYTO_OK);
        assert_int_equal(results.count, 14);
        tyto_detections cat = search(CAT, texts, !best), coffee = search(COFFEE, texts, !best);
        assert_int_equal(cat.count, 7);
        assert_found(results.items, 70, &cat);
        assert_found(results.items + 7, -3, &coffee);
        tyto_detections_clear(&cat);
        tyto_detections_clear(&coffee);
        tyto_coco_results_clear(&results);
        ran_clear(&run);
    }
}

/* What the model finds, taken for the truth, is found. */
static void its_own_findings_score_one(void **state)
{
    (void)state;
    write_photos_annotations();
    ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-a", ANNOTATIONS, "-i", ".", "--top-k", "5",
                   "--detections", "found.json", NULL);
    assert_done(&run);
    ran_clear(&run);
    size_t length;
    char *text = file_text(ANNOTATIONS, &length), *found_text = file_text("found.json", &length);
    json_t *truth = parsed(text), *found = parsed(found_text), *item;
    size_t i;
    json_array_foreach(found, i, item)
    {
        json_object_del(item, "score");
        json_object_set_new(item, "id", json_integer((json_int_t)i + 1));
    }
    json_object_set_new(truth, "annotations", found);
    json_dump_file(truth, "own.json", 0);
    json_decref(truth);
    free(text);
    free(found_text);

    ran searched = tyto("eval", "detect", "-m", ODD_MODEL, "-a", "own.json", "-i", ".", "--top-k",
                        "5", "-f", "json", NULL);
    ran scored = tyto("eval", "detect", "-a", "own.json", "--detections-in", "found.json", "-f",
                      "json", NULL);
    assert_done(&searched);
    assert_done(&scored);
    assert_string_equal(searched.out, scored.out);
    json_t *scores = parsed(scored.out);
    assert_true(fabs(json_real_value(json_object_get(scores, "ap")) - 1.0) < 1e-12);
    assert_true(fabs(json_real_value(json_object_get(scores, "ar100")) - 1.0) < 1e-12);
    json_decref(scores);
    ran_clear(&searched);
    ran_clear(&scored);

    ran first = tyto("eval", "detect", "-a", "own.json", "--detections-in", "found.json", "-f",
                     "json", "--limit", "1", NULL);
    assert_done(&first);
    scores = parsed(first.out);
    assert_int_equal(json_integer_value(json_object_get(scores, "images")), 1);
    assert_int_equal(json_integer_value(json_object_get(scores, "objects")), 5);
    json_decref(scores);
    ran_clear(&first);
}

static void a_missing_photo_is_told(void **state)
{
    (void)state;
    write_photos_annotations();
    unlink("two.jpg");
    ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-a", ANNOTATIONS, "-i", ".", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "two.jpg: No such file or directory\n"));
    assert_non_null(strstr(run.err, "1 of 2 photos could not be searched"));
    assert_non_null(strstr(run.out, "2 photos, 2 classes, 0 objects\n"));
    ran_clear(&run);
}

/* Names as other tools write them: with the folders of another machine, absolute, with
 * backslashes, with only an address. */
static void photos_are_found_by_foreign_names(void **state)
{
    (void)state;
    static const char *const names[] = {"\"file_name\":\"there/one.jpg\"",
                                        "\"file_name\":\"/elsewhere/there/one.jpg\"",
                                        "\"file_name\":\"C:\\\\data\\\\there\\\\one.jpg\"",
                                        "\"coco_url\":\"http://images.example.org/there/one.jpg\""};
    mkdir("photos", 0777);
    mkdir("photos/there", 0777);
    copy_file(CAT, "photos/there/one.jpg");
    copy_file(COFFEE, "photos/two.jpg");
    for (size_t i = 0; next_case(i, 2 * sizeof(names) / sizeof(names[0])); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"images\":[{\"id\":1,%s}],\"categories\":[{\"id\":9,\"name\":\"cat\"}],"
                 "\"annotations\":[]}",
                 names[i / 2]);
        write_text(ANNOTATIONS, text);
        ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-a", ANNOTATIONS, "-i",
                       i % 2 ? "photos/there" : "photos", NULL);
        assert_done(&run);
        assert_string_equal(run.err, "");
        ran_clear(&run);
    }
    /* One file for two names is the wrong one for at least one. */
    write_text(ANNOTATIONS, "{\"images\":[{\"id\":1,\"file_name\":\"a/two.jpg\"},{\"id\":2,"
                            "\"file_name\":\"b/two.jpg\"}],\"categories\":[{\"id\":9,\"name\":"
                            "\"cat\"}],\"annotations\":[]}");
    ran run = tyto("eval", "detect", "-m", ODD_MODEL, "-a", ANNOTATIONS, "-i", "photos", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "photos/a/two.jpg: No such file"));
    assert_non_null(strstr(run.err, "photos/b/two.jpg: No such file"));
    ran_clear(&run);
}

static void wrong_usage_is_refused(void **state)
{
    (void)state;
    write_text("list.json", "[]");
    write_text("half.json", "{\"images\":[{\"id\":1}],\"categories\":[{\"id\":2,\"name\":\"a\"}],"
                            "\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":2,"
                            "\"bbox\":[1,2,3]}]}");
    write_photos_annotations();
    const struct {
        const char *words[8];
        int status;
        const char *message;
    } cases[] = {
        {{NULL}, 2, "got nothing, required what to evaluate: detect"},
        {{"classify"}, 2, "got classify, required what to evaluate: detect"},
        {{"detect", "photo"}, 2, "got 'photo' after 'detect'"},
        {{"detect"}, 2, "required --annotations FILE"},
        {{"detect", "-a", ANNOTATIONS}, 2, "required --images FOLDER to search, or"},
        {{"detect", "-a", ANNOTATIONS, "-i", ".", "--detections-in", "list.json"},
         2,
         "both --images and --detections-in"},
        {{"detect", "-a", ANNOTATIONS, "-i", ".", "--prompt", "a photo"},
         2,
         "--prompt: got 'a photo', required a text with {}"},
        {{"detect", "-a", ANNOTATIONS, "-i", ".", "--detections", ANNOTATIONS},
         2,
         "--detections: " ANNOTATIONS " is read, required another place"},
        {{"detect", "-a", ANNOTATIONS, "-i", "nowhere"}, 1, "nowhere: not a folder"},
        {{"detect", "-a", "nothing.json", "--detections-in", "list.json"},
         1,
         "nothing.json: No such file"},
        {{"detect", "-a", "half.json", "--detections-in", "list.json"},
         1,
         "half.json: 'annotations[0].bbox': got 3, required 4 numbers"},
        {{"detect", "-a", ANNOTATIONS, "--detections-in", ANNOTATIONS},
         1,
         ANNOTATIONS ": got an object, required an array"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const char *const *w = cases[i].words;
        ran run = tyto("eval", w[0], w[1], w[2], w[3], w[4], w[5], w[6], NULL);
        assert_complains(&run, cases[i].status, cases[i].message);
        ran_clear(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_pycocotools),
        cmocka_unit_test(tables_say_the_same),
        cmocka_unit_test(yolo_is_scored_as_coco),
        cmocka_unit_test(a_model_searches_for_prompts),
        cmocka_unit_test(its_own_findings_score_one),
        cmocka_unit_test(a_missing_photo_is_told),
        cmocka_unit_test(photos_are_found_by_foreign_names),
        cmocka_unit_test(wrong_usage_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
