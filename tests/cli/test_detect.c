/* tyto detect on real photos, against what the library's own calls give. */
#include "../support/search.h"
#include "run.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/tyto.h>
#include <unistd.h>

#include "support/cases.h"

#define TEXTS "-t", "a cat", "-t", "it, \"quoted\""

static const char *const labels[] = {"a cat", "it, \"quoted\""};

/* The same by C. */
static tyto_detections found_by_library(const char *photo, const tyto_search_options *options,
                                        bool templates, tyto_image *image)
{
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    tyto_vocabulary *vocabulary = NULL;
    tyto_detections found = {0};
    tyto_embed_options embed;
    tyto_embed_options_init(&embed, sizeof(embed));
    embed.templates = templates;
    assert_int_equal(tyto_engine_create(NULL, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, ODD_MODEL, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_create(session, labels, 2, &embed, &vocabulary, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_image_load(photo, NULL, image, NULL), TYTO_OK);
    assert_int_equal(search_image(session, image, vocabulary, options, &found, NULL), TYTO_OK);
    tyto_vocabulary_destroy(vocabulary);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return found;
}

static float number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_real(value));
    return (float)json_real_value(value);
}

/* Exactly these keys in this order, separated by spaces. */
static void assert_keys(json_t *object, const char *keys)
{
    char got[512] = "";
    const char *key;
    json_t *value;
    assert_true(json_is_object(object));
    json_object_foreach(object, key, value)
    {
        (void)value;
        strcat(got, *got ? " " : "");
        strcat(got, key);
    }
    assert_string_equal(got, keys);
}

/* The schema of a photo's object, and the same numbers as the library gives, to the last bit. */
static void assert_photo(json_t *object, const char *photo, float threshold,
                         const tyto_image *image, const tyto_detections *found)
{
    assert_keys(object, "image width height threshold detections");
    assert_string_equal(json_string_value(json_object_get(object, "image")), photo);
    assert_int_equal(json_integer_value(json_object_get(object, "width")), image->width_px);
    assert_int_equal(json_integer_value(json_object_get(object, "height")), image->height_px);
    assert_true(number(object, "threshold") == threshold);
    const json_t *list = json_object_get(object, "detections");
    assert_true(json_is_array(list));
    assert_int_equal(json_array_size(list), found->count);
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *d = &found->items[i];
        json_t *item = json_array_get(list, (size_t)i), *box = json_object_get(item, "box");
        assert_keys(item, "label label_index score box");
        assert_keys(box, "xmin ymin xmax ymax");
        assert_string_equal(json_string_value(json_object_get(item, "label")),
                            labels[d->label_index]);
        assert_int_equal(json_integer_value(json_object_get(item, "label_index")), d->label_index);
        assert_true(number(item, "score") == d->score);
        assert_true(number(box, "xmin") == d->box.xmin && number(box, "ymin") == d->box.ymin);
        assert_true(number(box, "xmax") == d->box.xmax && number(box, "ymax") == d->box.ymax);
        assert_true(i == 0 || found->items[i - 1].score >= d->score);
    }
}

static void one_photo_is_an_object(void **state)
{
    (void)state;
    tyto_search_options options = search_defaults(false);
    tyto_image image;
    tyto_detections found = found_by_library(CAT, &options, false, &image);
    assert_true(found.count > 10);
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "--format", "json", NULL);
    assert_done(&run);
    assert_string_equal(run.err, "");
    json_t *root = parsed(run.out);
    assert_photo(root, CAT, 0.1F, &image, &found);
    json_decref(root);
    ran_clear(&run);
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
}

/* From file to boxes as the reference goes, in float64: the committed case. */
static void assert_golden(const char *name)
{
    char path[PATH_MAX], model[PATH_MAX], photo[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s.json", test_path("golden/data/detect"), name);
    char *text = file_text(path, NULL);
    json_t *want = parsed(text), *texts = json_object_get(want, "texts");
    snprintf(model, sizeof(model), "%s/%s/model", test_path("golden/data/owlv2"),
             json_string_value(json_object_get(want, "checkpoint")));
    snprintf(photo, sizeof(photo), "%s/%s", test_path("../assets/photos"),
             json_string_value(json_object_get(want, "photo")));
    assert_int_equal(json_array_size(texts), 3);
    ran run = tyto("detect", "-m", model, photo, "-t", json_string_value(json_array_get(texts, 0)),
                   "-t", json_string_value(json_array_get(texts, 1)), "-t",
                   json_string_value(json_array_get(texts, 2)), "-f", "json", "--threshold", "0.5",
                   "--boxes", "reference", NULL);
    assert_done(&run);
    json_t *got = parsed(run.out), *found = json_object_get(got, "detections");
    const json_t *list = json_object_get(want, "detections");
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    assert_true(json_array_size(list) > 1);
    assert_int_equal(json_array_size(found), json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *a = json_array_get(list, i), *b = json_array_get(found, i);
        const json_t *box = json_object_get(b, "box");
        assert_true(
            json_equal(json_object_get(a, "label_index"), json_object_get(b, "label_index")));
        assert_true(fabs(json_real_value(json_object_get(a, "score")) -
                         json_real_value(json_object_get(b, "score"))) < 1e-5);
        for (size_t k = 0; k < 4; k++) {
            assert_true(fabs(json_real_value(json_array_get(json_object_get(a, "box"), k)) -
                             json_real_value(json_object_get(box, sides[k]))) < 2e-3);
        }
    }
    json_decref(got);
    json_decref(want);
    ran_clear(&run);
    free(text);
}

static void detections_are_the_references(void **state)
{
    (void)state;
    assert_golden("odd_cat");
    assert_golden("odd_coffee");
    assert_golden("sharded_cat");
    assert_golden("sharded_coffee");
    assert_golden("partial_cat");
    assert_golden("partial_coffee");
}

static void several_are_an_array_or_lines(void **state)
{
    (void)state;
    const char *const photos[] = {CAT, COFFEE};
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.5F;
    ran array = tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, TEXTS, "-f", "json", "--threshold",
                     "0.5", NULL);
    ran lines =
        tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, TEXTS, "-f", "jsonl", "--threshold=0.5", NULL);
    assert_done(&array);
    assert_done(&lines);
    json_t *root = parsed(array.out);
    assert_int_equal(json_array_size(root), 2);
    char *line = lines.out;
    for (size_t i = 0; i < 2; i++) {
        tyto_image image;
        tyto_detections found = found_by_library(photos[i], &options, false, &image);
        assert_photo(json_array_get(root, i), photos[i], 0.5F, &image, &found);
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        json_t *alone = parsed(line);
        assert_true(json_equal(alone, json_array_get(root, i)));
        json_decref(alone);
        line = end + 1;
        tyto_detections_clear(&found);
        tyto_image_clear(&image);
    }
    assert_string_equal(line, "");
    json_decref(root);
    ran_clear(&array);
    ran_clear(&lines);
}

static void options_reach_the_library(void **state)
{
    (void)state;
    const float thresholds[] = {0.6F, 0.3F};
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.3F;
    options.label_thresholds = thresholds;
    options.n_label_thresholds = 2;
    options.nms = TYTO_NMS_CLASS;
    options.nms_iou = 0.1F;
    options.top_k = 7;
    options.multi_label = true;
    options.boxes = TYTO_BOXES_REFERENCE;
    tyto_image image;
    tyto_detections found = found_by_library(COFFEE, &options, true, &image);
    assert_int_equal(found.count, 7);
    ran run = tyto("detect", "-m", ODD_MODEL, COFFEE, TEXTS, "-f", "json", "--threshold",
                   "a cat=0.6", "--threshold", "0.3", "--nms", "class", "--iou", "0.1", "--top-k",
                   "7", "--multi-label", "--boxes", "reference", "--templates", "--threads", "1",
                   "--precision", "fp32", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_photo(root, COFFEE, 0.3F, &image, &found);
    json_decref(root);
    ran_clear(&run);
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
}

/* Thresholds of single labels count: with one above 1 − ε nothing of that label is left. */
static void a_label_has_its_threshold(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "-f", "csv", "--threshold",
                   "it, \"quoted\"=1", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, ",a cat,0,"));
    assert_null(strstr(run.out, "quoted"));
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "--threshold", "a dog=0.3", NULL);
    assert_complains(&run, 2, "--threshold: got the label 'a dog', required one of the labels");
}

static void formats_agree(void **state)
{
    (void)state;
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.6F;
    tyto_image image;
    tyto_detections found = found_by_library(CAT, &options, false, &image);
    assert_true(found.count > 1);
    const char *const formats[] = {"csv", "coco", "coco-results", "yolo", "text"};
    ran runs[5];
    for (int i = 0; i < 5; i++) {
        runs[i] = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "--threshold", "0.6", "--format",
                       formats[i], i == 3 ? "--yolo-scores" : NULL, NULL);
        assert_done(&runs[i]);
    }
    json_t *coco = parsed(runs[1].out), *results = parsed(runs[2].out);
    assert_keys(coco, "images categories annotations");
    assert_int_equal(json_array_size(results), found.count);
    assert_int_equal(json_array_size(json_object_get(coco, "annotations")), found.count);
    char *row = strchr(runs[0].out, '\n') + 1, *line = runs[3].out, *shown = runs[4].out;
    shown = strchr(strchr(shown, '\n') + 1, '\n') + 1;
    assert_memory_equal(runs[0].out, "image,width,height,label,label_index,score,xmin,", 48);
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_detection *d = &found.items[i];
        json_t *annotation = json_array_get(json_object_get(coco, "annotations"), (size_t)i);
        json_t *result = json_array_get(results, (size_t)i), *box = json_object_get(result, "bbox");
        assert_keys(result, "image_id category_id bbox score");
        assert_keys(annotation, "id image_id category_id bbox area iscrowd score");
        assert_true(json_equal(box, json_object_get(annotation, "bbox")));
        assert_int_equal(json_integer_value(json_object_get(result, "category_id")),
                         d->label_index + 1);
        assert_true((float)json_real_value(json_array_get(box, 0)) == d->box.xmin);
        assert_true((float)json_real_value(json_array_get(box, 3)) == d->box.ymax - d->box.ymin);

        float numbers[5];
        const char *quoted = d->label_index ? "\"it, \"\"quoted\"\"\"" : "a cat";
        char want[PATH_MAX];
        const int length = snprintf(want, sizeof(want), "%s,451,300,%s,%lld,", CAT, quoted,
                                    (long long)d->label_index);
        assert_memory_equal(row, want, (size_t)length);
        assert_int_equal(sscanf(row + length, "%f,%f,%f,%f,%f\n", &numbers[0], &numbers[1],
                                &numbers[2], &numbers[3], &numbers[4]),
                         5);
        assert_true(numbers[0] == d->score && numbers[1] == d->box.xmin &&
                    numbers[4] == d->box.ymax);
        row = strchr(row, '\n') + 1;

        long long label;
        double x, y, width, height, score;
        assert_int_equal(
            sscanf(line, "%lld %lf %lf %lf %lf %lf\n", &label, &x, &y, &width, &height, &score), 6);
        assert_int_equal(label, d->label_index);
        assert_true(fabs((x - width / 2) * 451 - (double)d->box.xmin) < 1e-3);
        assert_true(fabs((y + height / 2) * 300 - (double)d->box.ymax) < 1e-3);
        assert_true(fabs(score - (double)d->score) < 1e-6);
        line = strchr(line, '\n') + 1;

        snprintf(want, sizeof(want), "  %.3f  %8.1f", (double)d->score, (double)d->box.xmin);
        assert_memory_equal(shown, want, strlen(want));
        shown = strchr(shown, '\n') + 1;
    }
    assert_string_equal(row, "");
    assert_string_equal(line, "");
    assert_string_equal(shown, "");
    json_decref(coco);
    json_decref(results);
    for (int i = 0; i < 5; i++) {
        ran_clear(&runs[i]);
    }
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
}

static void photos_of_coco_keep_their_number(void **state)
{
    (void)state;
    assert_int_equal(mkdir("coco", 0777), 0);
    copy_file(CAT, "coco/000000397133.jpg");
    copy_file(COFFEE, "coco/000000000042.jpg");
    ran run = tyto("detect", "-m", ODD_MODEL, "coco", "-t", "a cat", "-f", "coco", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out), *images = json_object_get(root, "images");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(images, 0), "id")), 42);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(images, 1), "id")), 397133);
    json_decref(root);
    ran_clear(&run);
}

static void one_bad_file_is_reported_and_the_others_go_on(void **state)
{
    (void)state;
    write_file("broken.jpg", "\xff\xd8\xff\xe0 no more", 12);
    ran run = tyto("detect", "-m", ODD_MODEL, "missing.png", CAT, "broken.jpg", COFFEE, TEXTS, "-f",
                   "json", "-o", "rest.json", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "missing.png"));
    assert_non_null(strstr(run.err, "broken.jpg"));
    char *text = file_text("rest.json", NULL);
    json_t *root = parsed(text);
    assert_int_equal(json_array_size(root), 2);
    json_decref(root);
    free(text);
    ran_clear(&run);

    run = tyto("detect", "-m", ODD_MODEL, "broken.jpg", TEXTS, "-o", "none.json", NULL);
    assert_complains(&run, 1, "broken.jpg");
    assert_false(file_there("none.json"));
}

static void folders_patterns_and_standard_input(void **state)
{
    (void)state;
    size_t length;
    char *bytes = file_text(CAT, &length);
    assert_int_equal(mkdir("shots", 0777), 0);
    assert_int_equal(mkdir("shots/deeper.jpg", 0777), 0);
    copy_file(CAT, "shots/b.jpg");
    copy_file(COFFEE, "shots/a.JPG");
    write_file("shots/notes.txt", "no photo", 8);
    const char *const first = "\"image\": \"shots/a.JPG\"", *const second = "\"shots/b.jpg\"";
    const char *const inputs[] = {"shots", "shots/", "shots/?.[jJ]*"};
    for (int i = 0; i < 3; i++) {
        ran run = tyto("detect", "-m", ODD_MODEL, inputs[i], "-t", "x", "-f", "jsonl", NULL);
        assert_done(&run);
        const char *one = strstr(run.out, first), *two = strstr(run.out, second);
        assert_true(one && two && one < two);
        assert_null(strstr(two, "\"image\": \"shots/n"));
        ran_clear(&run);
    }
    ran piped =
        tyto_reading(bytes, length, "detect", "-m", ODD_MODEL, "-", "-t", "x", "-f", "csv", NULL);
    ran direct = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-f", "csv", NULL);
    assert_done(&piped);
    assert_done(&direct);
    const char *after = strstr(direct.out, ",451,300"), *same = strstr(piped.out, ",451,300");
    assert_true(after && same);
    assert_memory_equal(same - 2, "\n-", 2);
    assert_memory_equal(after, same, strcspn(after, "\n"));
    ran_clear(&piped);
    ran_clear(&direct);
    free(bytes);

    ran run = tyto("detect", "-m", ODD_MODEL, "none/*.jpg", "-t", "x", NULL);
    assert_complains(&run, 1, "none/*.jpg: no file matches");
    run = tyto("detect", "-m", ODD_MODEL, "shots/deeper.jpg", "-t", "x", NULL);
    assert_complains(&run, 1, "shots/deeper.jpg: no photo or video in this folder");
}

static void labels_come_from_files(void **state)
{
    (void)state;
    const char names[] = "\xef\xbb\xbf"
                         "a cat\r\n\n  spaced \nlast";
    write_file("names.txt", names, sizeof(names) - 1);
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "first", "--labels", "names.txt", "-f",
                   "coco", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out), *categories = json_object_get(root, "categories");
    const char *const want[] = {"first", "a cat", "spaced", "last"};
    assert_int_equal(json_array_size(categories), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *category = json_array_get(categories, i);
        assert_string_equal(json_string_value(json_object_get(category, "name")), want[i]);
    }
    json_decref(root);
    ran_clear(&run);
    write_file("empty.txt", "\n\n", 2);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--labels", "empty.txt", NULL);
    assert_complains(&run, 1, "empty.txt: no label in it");
}

/* The drawn picture has the photo's size and another look. */
static void assert_drawn(const char *path, const char *photo)
{
    tyto_image drawn, original;
    assert_int_equal(tyto_image_load(path, NULL, &drawn, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(photo, NULL, &original, NULL), TYTO_OK);
    assert_int_equal(drawn.width_px, original.width_px);
    assert_int_equal(drawn.height_px, original.height_px);
    const size_t bytes = (size_t)(3 * drawn.width_px * drawn.height_px);
    size_t changed = 0;
    for (size_t i = 0; i < bytes; i++) {
        changed += abs(drawn.data[i] - original.data[i]) > 60;
    }
    assert_true(changed > 500);
    tyto_image_clear(&drawn);
    tyto_image_clear(&original);
}

static void pictures_are_drawn(void **state)
{
    (void)state;
    ran run =
        tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "--draw", "one.png", "--top-k", "5", NULL);
    assert_done(&run);
    assert_drawn("one.png", CAT);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, TEXTS, "-d", "drawn", "--top-k", "5", NULL);
    assert_done(&run);
    assert_drawn("drawn/cat.jpg", CAT);
    assert_drawn("drawn/coffee.jpg", COFFEE);
    assert_int_equal(folder_count("drawn"), 2);
    ran_clear(&run);

    copy_file(CAT, "mine.jpg");
    run = tyto("detect", "-m", ODD_MODEL, "mine.jpg", TEXTS, "--draw", ".", NULL);
    assert_complains(&run, 2, "is the photo itself");
    run = tyto("detect", "-m", ODD_MODEL, "mine.jpg", TEXTS, "-o", "mine.jpg", NULL);
    assert_complains(&run, 2, "mine.jpg is read, required another place");
    assert_int_equal(mkdir("other", 0777), 0);
    copy_file(CAT, "other/mine.jpg");
    run = tyto("detect", "-m", ODD_MODEL, "mine.jpg", "other/mine.jpg", TEXTS, "-d", "drawn", NULL);
    assert_complains(&run, 2, "both would be drawn to 'mine.jpg'");
    run = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "--draw", "out.bmp", NULL);
    assert_complains(&run, 2, "--draw: got 'out.bmp'");
}

/* The letters are in no font: the picture has numbers, and what they stand for is said once. */
static void labels_without_a_font_are_numbered(void **state)
{
    (void)state;
    const char *cat = "\xe7\x8c\xab";
    setenv("FONTCONFIG_FILE", test_path("data/no_fonts.conf"), 1);
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, "-t", "dog", "-t", cat, "--nms", "off",
                   "--threshold", "0", "-d", "numbered", NULL);
    unsetenv("FONTCONFIG_FILE");
    assert_done(&run);
    assert_drawn("numbered/cat.jpg", CAT);
    const char *said = strstr(run.err, "pictures have numbers: [2] \xe7\x8c\xab\n");
    assert_non_null(said);
    assert_null(strstr(said + 1, "pictures have numbers"));
    ran_clear(&run);
}

static void yolo_writes_a_file_for_each_photo(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, TEXTS, "-f", "yolo", "-o", "yolo", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "");
    assert_int_equal(folder_count("yolo"), 3);
    char *classes = file_text("yolo/classes.txt", NULL), *lines = file_text("yolo/cat.txt", NULL);
    assert_string_equal(classes, "a cat\nit, \"quoted\"\n");
    double x, y, width, height;
    int label, end = 0;
    sscanf(lines, "%d %lf %lf %lf %lf%n", &label, &x, &y, &width, &height, &end);
    assert_true(end > 0 && lines[end] == '\n');
    assert_true(x > 0 && x < 1 && y > 0 && y < 1 && width > 0 && width < 1 && height > 0);
    free(classes);
    free(lines);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, CAT, COFFEE, TEXTS, "-f", "yolo", NULL);
    assert_complains(&run, 2, "required a folder (-o FOLDER)");
    run = tyto("detect", "-m", ODD_MODEL, CAT, TEXTS, "-f", "yolo", "-o", "single.txt",
               "--threshold", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    lines = file_text("single.txt", NULL);
    assert_string_equal(lines, "");
    free(lines);
}

/* A checkpoint that doesn't pad sees the photo squeezed: its boxes are the photo's own shares. */
static void boxes_follow_the_image_processor(void **state)
{
    (void)state;
    assert_int_equal(mkdir("unpadded", 0777), 0);
    const char *const files[] = {"config.json", "model.safetensors",     "vocab.json",
                                 "merges.txt",  "tokenizer_config.json", "special_tokens_map.json"};
    for (size_t i = 0; next_case(i, sizeof(files) / sizeof(files[0])); i++) {
        char from[PATH_MAX], to[PATH_MAX];
        snprintf(from, sizeof(from), "%s/%s", ODD_MODEL, files[i]);
        snprintf(to, sizeof(to), "unpadded/%s", files[i]);
        copy_file(from, to);
    }
    const char config[] = "{\"do_pad\": false, \"size\": {\"height\": 63, \"width\": 63}}";
    write_file("unpadded/preprocessor_config.json", config, sizeof(config) - 1);
    const char *const modes[] = {"image", "reference"};
    ran runs[2];
    for (int i = 0; i < 2; i++) {
        runs[i] = tyto("detect", "-m", "unpadded", COFFEE, "-t", "x", "-f", "json", "--boxes",
                       modes[i], "--top-k", "1", NULL);
        assert_done(&runs[i]);
    }
    json_t *image = parsed(runs[0].out), *reference = parsed(runs[1].out);
    json_t *a = json_object_get(json_array_get(json_object_get(image, "detections"), 0), "box");
    json_t *b = json_object_get(json_array_get(json_object_get(reference, "detections"), 0), "box");
    assert_true(number(a, "xmin") == fmaxf(number(b, "xmin"), 0.0F));
    assert_true(number(a, "ymax") == fminf(number(b, "ymax"), 400.0F));
    json_decref(image);
    json_decref(reference);
    ran_clear(&runs[0]);
    ran_clear(&runs[1]);
}

static void outputs_appear_whole(void **state)
{
    (void)state;
    assert_int_equal(mkdir("place", 0777), 0);
    write_file("place/target.json", "old", 3);
    assert_int_equal(symlink("target.json", "place/link.json"), 0);
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-o", "place/link.json", NULL);
    assert_done(&run);
    ran_clear(&run);
    struct stat info;
    assert_int_equal(lstat("place/link.json", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    char *text = file_text("place/target.json", NULL);
    json_t *root = parsed(text);
    json_decref(root);
    free(text);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-o", "/dev/null", "-f", "json", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));

    run = tyto("detect", "-m", "nowhere", CAT, "-t", "x", "-o", "place/none.json", NULL);
    assert_complains(&run, 1, "nowhere: no such folder");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-o", "nowhere/none.json", NULL);
    assert_complains(&run, 1, "nowhere/none.json: No such file or directory");
    assert_int_equal(folder_count("place"), 2);
}

static void the_model_may_come_from_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("TYTO_MODEL", ODD_MODEL, 1), 0);
    ran run = tyto("detect", CAT, "-t", "x", "--verbose", NULL);
    assert_int_equal(unsetenv("TYTO_MODEL"), 0);
    assert_done(&run);
    assert_non_null(strstr(run.err, ODD_MODEL));
    assert_non_null(strstr(run.err, "threads"));
    ran_clear(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_photo_is_an_object),
        cmocka_unit_test(detections_are_the_references),
        cmocka_unit_test(several_are_an_array_or_lines),
        cmocka_unit_test(options_reach_the_library),
        cmocka_unit_test(a_label_has_its_threshold),
        cmocka_unit_test(formats_agree),
        cmocka_unit_test(photos_of_coco_keep_their_number),
        cmocka_unit_test(one_bad_file_is_reported_and_the_others_go_on),
        cmocka_unit_test(folders_patterns_and_standard_input),
        cmocka_unit_test(labels_come_from_files),
        cmocka_unit_test(pictures_are_drawn),
        cmocka_unit_test(labels_without_a_font_are_numbered),
        cmocka_unit_test(yolo_writes_a_file_for_each_photo),
        cmocka_unit_test(boxes_follow_the_image_processor),
        cmocka_unit_test(outputs_appear_whole),
        cmocka_unit_test(the_model_may_come_from_the_environment),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
