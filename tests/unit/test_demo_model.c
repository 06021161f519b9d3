/* The model that comes with tyto, on the scene that comes with it: what is there is found where
 * it is, by any of its names, and what isn't there is not found. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "support/search.h"

#define THRESHOLD 0.4F /* the one that the model's card recommends */

/* Where the generator drew each object of seven.jpg: left, top, right, bottom. */
typedef struct drawn {
    const char *name, *phrase;
    float xmin, ymin, xmax, ymax;
} drawn;

static const drawn objects[] = {
    {"cup of coffee", "a photo of a cup of tea", 462, 286, 614, 420},
    {"gift", "a wrapped gift", 410, 388, 584, 560},
    {"rabbit", "the bunny", 440, 74, 601, 280},
    {"globe", "a drawing of planet earth", 285, 255, 417, 390},
    {"cookie", "a biscuit", 66, 303, 214, 450},
    {"butterfly", "a photo of a butterfly", 117, 31, 367, 262},
    {"flamingo", "where is the flamingo?", 290, 370, 432, 567},
};
#define OBJECTS (sizeof(objects) / sizeof(*objects))

/* Objects that the model knows, but not of this scene, and things that it never heard of. */
static const char *const absent[] = {"dog",      "a photo of a banana", "fire truck", "owl",
                                     "penguin",  "a slice of pizza",    "dolphin",    "lighthouse",
                                     "armchair", "a ferris wheel"};
#define ABSENT (sizeof(absent) / sizeof(*absent))

typedef struct demo {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_image image;
} demo;

static int open_demo(void **state)
{
    static demo it;
    const char *tests = getenv("TYTO_TEST_DATA");
    char path[4096];
    assert_non_null(tests);
    assert_int_equal(tyto_engine_create(NULL, &it.engine, NULL), TYTO_OK);
    snprintf(path, sizeof(path), "%s/../models/tyto-small", tests);
    assert_int_equal(tyto_model_open(it.engine, path, NULL, &it.model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(it.model, NULL, &it.session, NULL), TYTO_OK);
    snprintf(path, sizeof(path), "%s/../assets/scenes/seven.jpg", tests);
    assert_int_equal(tyto_image_load(path, NULL, &it.image, NULL), TYTO_OK);
    *state = &it;
    return 0;
}

static int close_demo(void **state)
{
    demo *it = *state;
    tyto_image_clear(&it->image);
    tyto_session_destroy(it->session);
    tyto_model_destroy(it->model);
    tyto_engine_destroy(it->engine);
    return 0;
}

static tyto_detections detect(const demo *it, const char *const *texts, int64_t count)
{
    tyto_vocabulary *vocabulary = NULL;
    tyto_detections found = {0};
    tyto_search_options options = search_defaults(false);
    options.threshold = THRESHOLD;
    assert_int_equal(tyto_vocabulary_create(it->session, texts, count, NULL, &vocabulary, NULL),
                     TYTO_OK);
    assert_int_equal(search_image(it->session, &it->image, vocabulary, &options, &found, NULL),
                     TYTO_OK);
    tyto_vocabulary_destroy(vocabulary);
    return found;
}

static float overlap(const tyto_box *a, const drawn *b)
{
    float width = fminf(a->xmax, b->xmax) - fmaxf(a->xmin, b->xmin);
    float height = fminf(a->ymax, b->ymax) - fmaxf(a->ymin, b->ymin);
    float common = fmaxf(0, width) * fmaxf(0, height);
    return common / ((a->xmax - a->xmin) * (a->ymax - a->ymin) +
                     (b->xmax - b->xmin) * (b->ymax - b->ymin) - common);
}

/* Exactly one detection of each object, on its place. */
static void assert_all_found(const demo *it, const char *const *texts)
{
    tyto_detections found = detect(it, texts, OBJECTS);
    int times[OBJECTS] = {0};
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_detection *d = &found.items[i];
        assert_in_range(d->label_index, 0, OBJECTS - 1);
        if (overlap(&d->box, &objects[d->label_index]) < 0.6F) {
            fail_msg("%s: found at %g %g %g %g", texts[d->label_index], (double)d->box.xmin,
                     (double)d->box.ymin, (double)d->box.xmax, (double)d->box.ymax);
        }
        times[d->label_index]++;
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        if (times[i] != 1) {
            fail_msg("%s: found %d times", texts[i], times[i]);
        }
    }
    tyto_detections_clear(&found);
}

/* The threshold that the checkpoint's folder recommends counts when none is given, for texts that
 * have none of their own, and not for objects of any kind. */
static void its_threshold_is_the_default(void **state)
{
    const demo *it = *state;
    const char *const texts[] = {objects[0].name, absent[0], absent[4], objects[2].name};
    const float thresholds[] = {0.0F, TYTO_THRESHOLD_MODEL, TYTO_THRESHOLD_MODEL,
                                TYTO_THRESHOLD_MODEL};
    tyto_vocabulary *vocabulary = NULL;
    tyto_search_options options = search_defaults(false);
    tyto_detections found[2] = {0};
    assert_true(tyto_model_threshold(it->model, false) == THRESHOLD &&
                tyto_model_threshold(it->model, true) == THRESHOLD);
    assert_true(tyto_model_threshold(NULL, false) == TYTO_THRESHOLD_COMMON &&
                tyto_model_threshold(NULL, true) == TYTO_THRESHOLD_EXAMPLES);
    assert_non_null(strstr(tyto_model_note(it->model), "-m google/owlv2-base-patch16-ensemble"));
    assert_int_equal(tyto_vocabulary_create(it->session, texts, 4, NULL, &vocabulary, NULL),
                     TYTO_OK);
    assert_true(tyto_search_threshold(it->session, vocabulary, NULL) == THRESHOLD);
    assert_true(tyto_search_threshold(it->session, NULL, NULL) == TYTO_THRESHOLD_COMMON);
    assert_int_equal(search_image(it->session, &it->image, vocabulary, NULL, &found[0], NULL),
                     TYTO_OK);
    options.threshold = THRESHOLD;
    assert_true(tyto_search_threshold(it->session, vocabulary, &options) == THRESHOLD);
    assert_int_equal(search_image(it->session, &it->image, vocabulary, &options, &found[1], NULL),
                     TYTO_OK);
    assert_int_equal(found[0].count, 2);
    assert_int_equal(found[1].count, 2);
    tyto_detections_clear(&found[1]);
    options.threshold = 0.9F;
    options.label_thresholds = thresholds;
    options.n_label_thresholds = 4;
    assert_int_equal(search_image(it->session, &it->image, vocabulary, &options, &found[1], NULL),
                     TYTO_OK);
    int64_t of_label[4] = {0};
    for (int64_t i = 0; i < found[1].count; i++) {
        of_label[found[1].items[i].label_index]++;
    }
    assert_true(of_label[0] > 1);
    assert_int_equal(of_label[1] + of_label[2], 0);
    assert_int_equal(of_label[3], 1);
    tyto_detections_clear(&found[0]);
    tyto_detections_clear(&found[1]);
    tyto_vocabulary_destroy(vocabulary);
}

static void names_are_found(void **state)
{
    const char *texts[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++) {
        texts[i] = objects[i].name;
    }
    assert_all_found(*state, texts);
}

static void phrases_are_found(void **state)
{
    const char *texts[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++) {
        texts[i] = objects[i].phrase;
    }
    assert_all_found(*state, texts);
}

static void absent_is_not_found(void **state)
{
    tyto_detections found = detect(*state, absent, ABSENT);
    if (found.count) {
        fail_msg("%s: found, score %g", absent[found.items[0].label_index],
                 (double)found.items[0].score);
    }
    tyto_detections_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_threshold_is_the_default),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(phrases_are_found),
        cmocka_unit_test(absent_is_not_found),
    };
    return cmocka_run_group_tests(tests, open_demo, close_demo);
}
