/* One search call: alone or many, pictures or photos that are encoded, and its options. */
#include <tyto/tyto.h>

#include "support/golden.h"
#include "support/search.h"

#define PHOTOS 11

static struct {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_vocabulary *names;
    tyto_image cat, coffee;
} with;

static void open_as(tyto_precision precision)
{
    static const char *const names[] = {"a cat", "a remote"};
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options;
    tyto_engine_options_init(&options, sizeof(options));
    options.threads = 2;
    options.precision = precision;
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with.engine, golden_path(path, "owlv2/odd/model"), NULL, &with.model, &err),
        &err);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    ASSERT_DONE(tyto_vocabulary_create(with.session, names, 2, NULL, &with.names, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.cat, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/coffee.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.coffee, &err), &err);
}

static void close_it(void)
{
    tyto_image_clear(&with.cat);
    tyto_image_clear(&with.coffee);
    tyto_vocabulary_destroy(with.names);
    tyto_session_destroy(with.session);
    tyto_model_destroy(with.model);
    tyto_engine_destroy(with.engine);
}

static int open_all(void **state)
{
    (void)state;
    open_as(TYTO_PRECISION_FP32);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    close_it();
    return 0;
}

static tyto_search_options all_found(void)
{
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.0F;
    return options;
}

static bool same(const tyto_detections *a, const tyto_detections *b)
{
    bool equal = a->count == b->count;
    for (int64_t i = 0; equal && i < a->count; i++) {
        const tyto_detection *x = &a->items[i], *y = &b->items[i];
        equal = x->label_index == y->label_index && x->score == y->score && x->patch == y->patch &&
                memcmp(&x->box, &y->box, sizeof(x->box)) == 0;
    }
    return equal;
}

static tyto_detections search_one(const tyto_search_source *source,
                                  const tyto_vocabulary *vocabulary,
                                  const tyto_search_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections found;
    ASSERT_DONE(tyto_search(with.session, source, 1, vocabulary, options, &found, &err), &err);
    return found;
}

/* More pictures than run together, of two sizes, with a photo among them that is encoded. */
static void assert_together(const tyto_vocabulary *vocabulary, const tyto_search_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_source sources[PHOTOS] = {{0}};
    tyto_detections together[PHOTOS];
    tyto_photo *photo = NULL;
    tyto_image wide = {0};
    ASSERT_DONE(tyto_photo_create(with.session, &with.cat, NULL, &photo, &err), &err);
    ASSERT_DONE(tyto_image_make(90, 40, &wide, &err), &err);
    for (int64_t i = 0; i < 3 * 90 * 40; i++) {
        wide.data[i] = (uint8_t)(i * 7 % 251);
    }
    for (int i = 0; i < PHOTOS; i++) {
        sources[i].image = i % 5 == 4 ? &wide : i % 2 ? &with.coffee : &with.cat;
    }
    sources[9] = (tyto_search_source){.photo = photo};
    ASSERT_DONE(tyto_search(with.session, sources, PHOTOS, vocabulary, options, together, &err),
                &err);
    for (int i = 0; i < PHOTOS; i++) {
        tyto_detections alone = search_one(&sources[i], vocabulary, options);
        assert_true(alone.count > 0);
        if (!same(&alone, &together[i])) {
            fail_msg("photo %d differs", i);
        }
        tyto_detections_clear(&alone);
        tyto_detections_clear(&together[i]);
    }
    tyto_image_clear(&wide);
    tyto_photo_destroy(photo);
}

static void many_give_what_each_gives(void **state)
{
    (void)state;
    static const tyto_precision precisions[] = {TYTO_PRECISION_FP32, TYTO_PRECISION_BF16,
                                                TYTO_PRECISION_INT8};
    close_it();
    for (int p = 0; p < 3; p++) {
        open_as(precisions[p]);
        tyto_search_options options = all_found();
        assert_together(with.names, &options);
        assert_together(NULL, &options);
        options.skip_padding = true;
        assert_together(with.names, &options);
        options.input_px = 28;
        assert_together(with.names, &options);
        options = all_found();
        options.guided = options.relative_scores = true;
        assert_together(with.names, &options);
        options = all_found();
        options.tiles = true;
        options.tile_px = 200;
        assert_together(with.names, &options);
        close_it();
    }
    open_as(TYTO_PRECISION_FP32);
}

static void a_photo_gives_what_its_picture_gives(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo *photo;
    const tyto_search_options options = all_found();
    ASSERT_DONE(tyto_photo_create(with.session, &with.cat, NULL, &photo, &err), &err);
    assert_int_equal(tyto_photo_width_px(photo), with.cat.width_px);
    assert_int_equal(tyto_photo_height_px(photo), with.cat.height_px);
    const tyto_search_source sources[] = {{.image = &with.cat}, {.photo = photo}};
    tyto_detections a = search_one(&sources[0], with.names, &options),
                    b = search_one(&sources[1], with.names, &options);
    assert_true(same(&a, &b));
    tyto_detections_clear(&a);
    tyto_detections_clear(&b);
    tyto_photo_destroy(photo);
}

/* A processor that pads nothing sees the photo as one that was stretched. */
static void the_processor_is_an_argument(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *stretch;
    const tyto_image_processor_options no_padding = {
        .struct_bytes = sizeof(tyto_image_processor_options), .do_pad = TYTO_SWITCH_OFF};
    ASSERT_DONE(tyto_image_processor_override(tyto_model_image_processor(with.model), &no_padding,
                                              &stretch, &err),
                &err);
    const tyto_search_source picture = {.image = &with.cat};
    tyto_search_options options = all_found();
    tyto_detections padded = search_one(&picture, with.names, &options);
    options.processor = stretch;
    tyto_detections stretched = search_one(&picture, with.names, &options);
    assert_false(same(&padded, &stretched));

    tyto_embed_options embed;
    tyto_photo *photo;
    tyto_embed_options_init(&embed, sizeof(embed));
    embed.processor = stretch;
    ASSERT_DONE(tyto_photo_create(with.session, &with.cat, &embed, &photo, &err), &err);
    options.processor = NULL;
    tyto_detections encoded =
        search_one(&(tyto_search_source){.photo = photo}, with.names, &options);
    assert_true(same(&stretched, &encoded));

    tyto_detections again = search_one(&picture, with.names, &options);
    assert_true(same(&padded, &again)); /* nothing of it stays in the session */
    tyto_detections_clear(&padded);
    tyto_detections_clear(&stretched);
    tyto_detections_clear(&encoded);
    tyto_detections_clear(&again);
    tyto_photo_destroy(photo);
    tyto_image_processor_destroy(stretch);
}

static void labels_have_thresholds_of_their_own(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_search_source picture = {.image = &with.cat};
    tyto_search_options options = all_found();
    options.multi_label = true;
    tyto_detections all = search_one(&picture, with.names, &options);
    float thresholds[] = {0.4F, 1.0F};
    options.label_thresholds = thresholds;
    options.n_label_thresholds = 2;
    tyto_detections some = search_one(&picture, with.names, &options);
    int64_t kept = 0;
    for (int64_t i = 0; i < all.count; i++) {
        kept += all.items[i].score > thresholds[all.items[i].label_index];
    }
    assert_true(kept > 0 && kept < all.count);
    assert_int_equal(some.count, kept);
    tyto_detections_clear(&all);
    tyto_detections_clear(&some);
    options.n_label_thresholds = 3;
    assert_int_equal(tyto_search(with.session, &picture, 1, with.names, &options, &some, &err),
                     TYTO_E_ARGUMENT);
    assert_string_equal(err.message, "label thresholds: got 3, required 2, one per query");
    tyto_error_clear(&err);
}

static void thresholds_are_read(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    static const char *const labels[] = {"a cat", "a=b", "a cat"};
    static const char *const given[] = {"a cat=0.5", "0.2", "a=b=1", "0.3"};
    float threshold = 0.1F, each[3];
    ASSERT_DONE(tyto_search_thresholds(given, 4, labels, 3, &threshold, each, &err), &err);
    assert_true(threshold == 0.3F && each[0] == 0.5F && each[1] == 1.0F && each[2] == 0.5F);
    threshold = 0.1F;
    ASSERT_DONE(tyto_search_thresholds(NULL, 0, labels, 3, &threshold, each, &err), &err);
    assert_true(threshold == 0.1F && each[0] == 0.1F && each[1] == 0.1F && each[2] == 0.1F);
    static const struct {
        const char *given, *message;
    } bad[] = {
        {"x", "threshold: got 'x', required a number from 0 to 1, or LABEL=NUMBER"},
        {"1.5", "threshold: got '1.5', required a number from 0 to 1, or LABEL=NUMBER"},
        {"a cat=", "threshold: got 'a cat=', required a number from 0 to 1, or LABEL=NUMBER"},
        {"nan", "threshold: got 'nan', required a number from 0 to 1, or LABEL=NUMBER"},
        {"dog=0.5", "threshold: got the label 'dog', required one of the labels"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            tyto_search_thresholds(&bad[i].given, 1, labels, 3, &threshold, each, &err),
            TYTO_E_ARGUMENT);
        assert_string_equal(err.message, bad[i].message);
    }
    tyto_error_clear(&err);
}

/* The best are those of tyto_similarity's logits and probabilities. */
static void the_most_alike_come_first(void **state)
{
    (void)state;
    static const char *const texts[] = {"a cat", "a dog", "coffee"};
    float logits[3], probabilities[3];
    tyto_vocabulary *vocabulary;
    tyto_similarities best;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_vocabulary_create(with.session, texts, 3, NULL, &vocabulary, &err), &err);
    ASSERT_DONE(
        tyto_similarity(with.session, vocabulary, &with.cat, NULL, logits, probabilities, &err),
        &err);
    ASSERT_DONE(tyto_similarity_best(with.session, vocabulary, &with.cat, NULL, 2, &best, &err),
                &err);
    assert_int_equal(best.count, 2);
    assert_true(best.items[0].logit >= best.items[1].logit);
    for (int64_t i = 0; i < 2; i++) {
        assert_true(best.items[i].logit == logits[best.items[i].label_index]);
        assert_true(best.items[i].probability == probabilities[best.items[i].label_index]);
    }
    tyto_similarities_clear(&best);
    tyto_vocabulary_destroy(vocabulary);
}

/* What a caller must not give, and that an error is about the call that was made last. */
static void nothing_where_something_is_needed_is_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_search_source picture = {.image = &with.cat}, none = {0};
    tyto_detections found = {0};
    tyto_vocabulary *made = NULL;
    tyto_photo *photo = NULL;
    tyto_tiles tiles;
    float *features, number;
    int64_t width;
    tyto_similarities alike;
    const tyto_status refused[] = {
        tyto_search(NULL, &picture, 1, NULL, NULL, &found, &err),
        tyto_search(with.session, NULL, 1, NULL, NULL, &found, &err),
        tyto_search(with.session, &picture, 1, NULL, NULL, NULL, &err),
        tyto_search(with.session, &none, 1, NULL, NULL, &found, &err),
        tyto_search_check(NULL, NULL, &err),
        tyto_search_tiles(NULL, 9, 9, NULL, &tiles, &err),
        tyto_search_tiles(with.session, 9, 9, NULL, NULL, &err),
        tyto_search_thresholds(NULL, 1, NULL, 0, &number, NULL, &err),
        tyto_photo_create(NULL, &with.cat, NULL, &photo, &err),
        tyto_photo_create(with.session, NULL, NULL, &photo, &err),
        tyto_photo_create(with.session, &with.cat, NULL, NULL, &err),
        tyto_photo_embed(with.session, NULL, &found, NULL, &made, &err),
        tyto_photo_query(with.session, NULL, NULL, TYTO_QUERY_RULE_AUTO, "x", NULL, &made, &err),
        tyto_embed_image(with.session, NULL, NULL, &features, &width, &err),
        tyto_embed_texts(with.session, NULL, 1, NULL, &features, &width, &err),
        tyto_vocabulary_create(NULL, NULL, 1, NULL, &made, &err),
        tyto_vocabulary_join(NULL, 1, &made, &err),
        tyto_vocabulary_average(NULL, &made, &err),
        tyto_vocabulary_load(NULL, &made, &err),
        tyto_vocabulary_save(NULL, "x.npy", &err),
        tyto_similarity(with.session, NULL, &with.cat, NULL, &number, NULL, &err),
        tyto_similarity_best(with.session, NULL, &with.cat, NULL, 0, &alike, &err),
        tyto_similarity_best(with.session, NULL, &with.cat, NULL, 0, NULL, &err),
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (refused[i] != TYTO_E_ARGUMENT) {
            fail_msg("call %zu: %s", i, tyto_status_name(refused[i]));
        }
    }
    assert_int_equal(err.status, TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_search(with.session, &picture, 1, NULL, NULL, &found, &err), &err);
    assert_int_equal(err.status, TYTO_OK);
    assert_null(err.message);
    tyto_detections_clear(&found);
    ASSERT_DONE(tyto_search(with.session, NULL, 0, NULL, NULL, NULL, &err), &err);
    assert_int_equal(tyto_vocabulary_count(NULL), 0);
    assert_null(tyto_vocabulary_label(NULL, 0));
    assert_int_equal(tyto_photo_width_px(NULL), 0);
}

/* One of several photos that is wrong: it is named, and nothing is left of the others. */
static void one_bad_photo_is_named(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_image empty = {0, 0, NULL};
    const tyto_search_source sources[] = {{.image = &with.cat}, {.image = &empty}};
    tyto_detections found[2];
    assert_true(tyto_search(with.session, sources, 2, NULL, NULL, found, &err) != TYTO_OK);
    if (strncmp(err.message, "photo 1: ", 9) != 0) {
        fail_msg("%s", err.message);
    }
    assert_null(found[0].items);
    assert_null(found[1].items);
    tyto_error_clear(&err);
}

/* A program that was built when options were shorter gets defaults for the rest. */
static void options_of_an_older_size_are_taken(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_search_source picture = {.image = &with.cat};
    const size_t old = offsetof(tyto_search_options, tiles);
    tyto_search_options options, whole = all_found();
    memset(&options, 0xff, sizeof(options));
    tyto_search_options_init(&options, old);
    assert_int_equal(options.struct_bytes, old);
    assert_int_equal(((const unsigned char *)&options)[old], 0xff);
    options.threshold = 0.0F;
    tyto_detections a = search_one(&picture, with.names, &options),
                    b = search_one(&picture, with.names, &whole);
    assert_true(same(&a, &b));
    tyto_detections_clear(&a);
    tyto_detections_clear(&b);
    static const size_t sizes[] = {0, sizeof(tyto_search_options) + 8};
    for (int i = 0; i < 2; i++) {
        options.struct_bytes = sizes[i];
        assert_int_equal(tyto_search(with.session, &picture, 1, NULL, &options, &a, &err),
                         TYTO_E_ARGUMENT);
        assert_non_null(strstr(err.message, "tyto_search_options: got struct_bytes"));
    }
    tyto_error_clear(&err);
}

/* Stops at the nth question, and counts those of a stage. */
typedef struct stopper {
    const char *stage;
    int64_t left, asked;
} stopper;

static bool stop_there(void *user, const tyto_progress *progress)
{
    stopper *const s = user;
    s->asked += progress->stage && (!s->stage || strcmp(progress->stage, s->stage) == 0);
    return s->left-- > 0;
}

static void a_search_can_be_stopped(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_search_source picture = {.image = &with.cat};
    tyto_search_options options = all_found();
    tyto_detections found;
    for (int tiles = 0; tiles < 2; tiles++) {
        options.tiles = tiles;
        options.tile_px = 200;
        options.progress = stop_there;
        stopper all = {.left = INT64_MAX};
        options.progress_user = &all;
        found = search_one(&picture, with.names, &options);
        tyto_detections_clear(&found);
        assert_true(all.asked > (tiles ? 5 : 0));
        for (int64_t n = 0; n < all.asked; n++) {
            stopper some = {.left = n};
            options.progress_user = &some;
            assert_int_equal(
                tyto_search(with.session, &picture, 1, with.names, &options, &found, &err),
                TYTO_E_CANCELLED);
            assert_int_equal(some.asked, n + 1); /* it ends at once */
            assert_null(found.items);
        }
    }
    tyto_error_clear(&err);
    /* Nobody follows the session's other runs. */
    options = all_found();
    found = search_one(&picture, with.names, &options);
    tyto_detections_clear(&found);
}

static void texts_can_be_stopped(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    static const char *const texts[] = {"a", "b"};
    stopper none = {.left = 0};
    tyto_embed_options options;
    tyto_vocabulary *made = NULL;
    tyto_embed_options_init(&options, sizeof(options));
    options.templates = true;
    options.progress = stop_there;
    options.progress_user = &none;
    assert_int_equal(tyto_vocabulary_create(with.session, texts, 2, &options, &made, &err),
                     TYTO_E_CANCELLED);
    assert_null(made);
    tyto_error_clear(&err);
}

/* A run within a run's question would take its memory away. */
static bool search_within(void *user, const tyto_progress *progress)
{
    const tyto_search_source source = {.image = &with.coffee};
    tyto_detections found = {0};
    tyto_error err = TYTO_ERROR_INIT;
    int *asked = user;
    (void)progress;
    assert_int_equal(tyto_search(with.session, &source, 1, with.names, NULL, &found, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "in the midst of a task"));
    assert_int_equal(found.count, 0);
    tyto_error_clear(&err);
    ++*asked;
    return true;
}

static void progress_functions_start_no_run(void **state)
{
    (void)state;
    const tyto_search_source source = {.image = &with.cat};
    tyto_detections plain, asked;
    tyto_search_options options;
    tyto_error err = TYTO_ERROR_INIT;
    int times = 0;
    tyto_search_options_init(&options, sizeof(options));
    options.threshold = 0.0F;
    ASSERT_DONE(tyto_search(with.session, &source, 1, with.names, &options, &plain, &err), &err);
    options.progress = search_within;
    options.progress_user = &times;
    ASSERT_DONE(tyto_search(with.session, &source, 1, with.names, &options, &asked, &err), &err);
    assert_true(times > 1);
    assert_true(plain.count > 0);
    assert_int_equal(asked.count, plain.count);
    for (int64_t i = 0; i < plain.count; i++) {
        assert_true(asked.items[i].score == plain.items[i].score);
    }
    tyto_detections_clear(&plain);
    tyto_detections_clear(&asked);
}

/* What an enum doesn't have, and lists that aren't there. */
static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    const tyto_search_source source = {.image = &with.cat};
    tyto_search_options options[6];
    tyto_detections found;
    for (int i = 0; i < 6; i++) {
        tyto_search_options_init(&options[i], sizeof(options[i]));
    }
    options[0].nms = (tyto_nms)99;
    options[1].boxes = (tyto_boxes)99;
    options[2].positions = (tyto_positions)99;
    options[3].merge = (tyto_merge_rule)99;
    options[4].n_label_thresholds = 5;
    options[5].n_label_thresholds = -1;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(
            tyto_search(with.session, &source, 1, with.names, &options[i], &found, NULL),
            TYTO_E_ARGUMENT);
    }
    assert_int_equal(tyto_search(with.session, &source, -1, with.names, NULL, &found, NULL),
                     TYTO_E_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_give_what_each_gives),
        cmocka_unit_test(a_photo_gives_what_its_picture_gives),
        cmocka_unit_test(the_processor_is_an_argument),
        cmocka_unit_test(labels_have_thresholds_of_their_own),
        cmocka_unit_test(thresholds_are_read),
        cmocka_unit_test(the_most_alike_come_first),
        cmocka_unit_test(nothing_where_something_is_needed_is_refused),
        cmocka_unit_test(one_bad_photo_is_named),
        cmocka_unit_test(options_of_an_older_size_are_taken),
        cmocka_unit_test(a_search_can_be_stopped),
        cmocka_unit_test(texts_can_be_stopped),
        cmocka_unit_test(progress_functions_start_no_run),
        cmocka_unit_test(options_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
