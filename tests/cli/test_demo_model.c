/* The model that comes with tyto, found without -m, on the committed scenes of its test set: its
 * average precision, what it finds without a text, and what by an example. */
#include "run.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cases.h"

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

typedef struct scores {
    double ap, ap50;
} scores;

static scores evaluate(const char *precision)
{
    ran run =
        tyto("eval", "detect", "--annotations", test_path("data/scenes/coco.json"), "--images",
             test_path("data/scenes"), "--format", "json", "--precision", precision, NULL);
    assert_done(&run);
    json_t *object = parsed(run.out);
    assert_int_equal(json_integer_value(json_object_get(object, "images")), 24);
    assert_int_equal(json_integer_value(json_object_get(object, "objects")), 76);
    const scores found = {number(object, "ap"), number(object, "ap50")};
    json_decref(object);
    ran_clear(&run);
    return found;
}

/* 0.844 and 1.000 by pycocotools and the reference; less than this is a loss of quality. In bf16
 * no more than 0.2 points are lost, in int8 no more than 0.5. So it is on all 500 scenes of the
 * test set, where all three are within 0.1; on the 24 here chance adds more: 0.7 points in int8. */
static void precision_holds(void **state)
{
    (void)state;
    const scores plain = evaluate("fp32"), narrow = evaluate("bf16"), whole = evaluate("int8");
    if (plain.ap < 0.835 || plain.ap50 < 0.99) {
        fail_msg("AP %.3f, AP50 %.3f", plain.ap, plain.ap50);
    }
    if (plain.ap - narrow.ap > 0.002 || plain.ap50 - narrow.ap50 > 0.002) {
        fail_msg("AP %.4f in fp32, %.4f in bf16; AP50 %.4f and %.4f", plain.ap, narrow.ap,
                 plain.ap50, narrow.ap50);
    }
    if (plain.ap - whole.ap > 0.005 || plain.ap50 - whole.ap50 > 0.005) {
        fail_msg("AP %.4f in fp32, %.4f in int8; AP50 %.4f and %.4f", plain.ap, whole.ap,
                 plain.ap50, whole.ap50);
    }
}

/* Approximations, at writing: AP 0.846 without the padding, 0.812 at 176 pixels, 0.770 with the
 * positions truncated there. */
static void shortcuts_cost_little(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        double least, most;
    } cases[] = {{{"--skip-padding"}, 0.835, 0.855},
                 {{"--input-size", "176"}, 0.79, 0.83},
                 {{"--input-size", "176", "--positions", "truncate"}, 0.75, 0.79}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const char *const *word = cases[i].words;
        ran run = tyto("eval", "detect", "--annotations", test_path("data/scenes/coco.json"),
                       "--images", test_path("data/scenes"), "--format", "json", word[0], word[1],
                       word[2], word[3], NULL);
        assert_done(&run);
        json_t *object = parsed(run.out);
        const double ap = number(object, "ap");
        if (ap < cases[i].least || ap > cases[i].most) {
            fail_msg("%s: AP %.3f", word[0], ap);
        }
        json_decref(object);
        ran_clear(&run);
    }
}

typedef struct sides {
    double xmin, ymin, xmax, ymax;
} sides;

static double overlap(sides a, sides b)
{
    const double width = fmin(a.xmax, b.xmax) - fmax(a.xmin, b.xmin),
                 height = fmin(a.ymax, b.ymax) - fmax(a.ymin, b.ymin);
    if (width <= 0.0 || height <= 0.0) {
        return 0.0;
    }
    const double shared = width * height;
    return shared /
           ((a.xmax - a.xmin) * (a.ymax - a.ymin) + (b.xmax - b.xmin) * (b.ymax - b.ymin) - shared);
}

static sides found_sides(const json_t *detection)
{
    const json_t *box = json_object_get(detection, "box");
    return (sides){number(box, "xmin"), number(box, "ymin"), number(box, "xmax"),
                   number(box, "ymax")};
}

static sides true_sides(const json_t *annotation)
{
    const json_t *box = json_object_get(annotation, "bbox");
    const double x = json_number_value(json_array_get(box, 0)),
                 y = json_number_value(json_array_get(box, 1));
    return (sides){x, y, x + json_number_value(json_array_get(box, 2)),
                   y + json_number_value(json_array_get(box, 3))};
}

static json_t *open_scenes(void)
{
    char *whole = file_text(test_path("data/scenes/coco.json"), NULL);
    json_t *scenes = parsed(whole);
    free(whole);
    return scenes;
}

/* Images are numbered from 1 in the order of their names. */
static void scene_path(const json_t *scenes, const json_t *annotation, char path[PATH_MAX])
{
    const size_t id = (size_t)number(annotation, "image_id");
    const json_t *image = json_array_get(json_object_get(scenes, "images"), id - 1);
    assert_int_equal((size_t)number(image, "id"), id);
    snprintf(path, PATH_MAX, "%s/%s", test_path("data/scenes"),
             json_string_value(json_object_get(image, "file_name")));
}

/* At writing, 73 of the 76 things, and 5 boxes beside. */
static void things_are_found_without_a_text(void **state)
{
    (void)state;
    json_t *scenes = open_scenes(), *list = json_object_get(scenes, "annotations");
    ran run = tyto("detect", test_path("data/scenes"), "--threshold", "0.3", "-f", "json", NULL);
    assert_done(&run);
    json_t *results = parsed(run.out);
    size_t right = 0, boxes = 0;
    for (size_t i = 0; i < json_array_size(results); i++) {
        boxes += json_array_size(json_object_get(json_array_get(results, i), "detections"));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *thing = json_array_get(list, i),
                     *result = json_array_get(results, (size_t)number(thing, "image_id") - 1),
                     *found = json_object_get(result, "detections");
        double best = 0.0;
        for (size_t k = 0; k < json_array_size(found); k++) {
            best = fmax(best, overlap(found_sides(json_array_get(found, k)), true_sides(thing)));
        }
        right += best >= 0.5;
    }
    assert_in_range(right, 72, 76);
    assert_in_range(boxes, 72, 84);
    json_decref(results);
    json_decref(scenes);
    ran_clear(&run);
}

/* The first thing of that kind in another scene; NULL: there is none. */
static const json_t *again(const json_t *list, size_t of)
{
    const json_t *thing = json_array_get(list, of);
    for (size_t i = of + 1; i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (number(other, "category_id") == number(thing, "category_id") &&
            number(other, "image_id") != number(thing, "image_id")) {
            return other;
        }
    }
    return NULL;
}

/* A thing's true box in one scene finds the same kind of thing in another one, before all else. */
static void examples_find_their_kind(void **state)
{
    (void)state;
    json_t *scenes = open_scenes(), *list = json_object_get(scenes, "annotations");
    size_t pairs = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *thing = json_array_get(list, i), *other = again(list, i);
        if (!other) {
            continue;
        }
        char example[PATH_MAX], query[PATH_MAX + 128], photo[PATH_MAX];
        const sides box = true_sides(thing);
        scene_path(scenes, thing, example);
        scene_path(scenes, other, photo);
        snprintf(query, sizeof(query), "%s@%g,%g,%g,%g", example, box.xmin, box.ymin, box.xmax,
                 box.ymax);
        ran run = tyto("match", photo, "-q", query, "--scores", "plain", "-f", "json", NULL);
        assert_done(&run);
        json_t *result = parsed(run.out);
        const json_t *first = json_array_get(json_object_get(result, "detections"), 0);
        const double score = number(first, "score"),
                     shared = overlap(found_sides(first), true_sides(other));
        if (score < 0.6 || shared < 0.8) {
            fail_msg("%s in %s: score %.3f, overlap %.3f", query, photo, score, shared);
        }
        json_decref(result);
        ran_clear(&run);
        pairs++;
    }
    assert_true(pairs >= 17);
    json_decref(scenes);
}

int main(void)
{
    unsetenv("TYTO_MODEL");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precision_holds),
        cmocka_unit_test(shortcuts_cost_little),
        cmocka_unit_test(things_are_found_without_a_text),
        cmocka_unit_test(examples_find_their_kind),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
