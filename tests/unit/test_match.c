/* Photos that are encoded once, queries from pictures, and vocabularies. */
#include <sys/stat.h>

#include "support/golden.h"
#include "support/search.h"

#include "support/cases.h"

/* One model for all tests, with a session; it was made for photos of 63 pixels a side. */
typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_image cat, coffee;
    char folder[64];
} opened;

static opened with;

static int open_all(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(with.folder, sizeof(with.folder), "/tmp/tyto-match-XXXXXX");
    assert_non_null(mkdtemp(with.folder));
    const tyto_engine_options options = engine_options(2);
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with.engine, golden_path(path, "owlv2/odd/model"), NULL, &with.model, &err),
        &err);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.cat, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/coffee.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.coffee, &err), &err);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    tyto_image_clear(&with.cat);
    tyto_image_clear(&with.coffee);
    tyto_session_destroy(with.session);
    tyto_model_destroy(with.model);
    tyto_engine_destroy(with.engine);
    return rmdir(with.folder);
}

static tyto_photo *encoded(const tyto_image *image)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo *photo = NULL;
    ASSERT_DONE(tyto_photo_create(with.session, image, NULL, &photo, &err), &err);
    return photo;
}

static tyto_vocabulary *texts(const char *first, const char *second)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *made = NULL;
    const char *const list[] = {first, second};
    ASSERT_DONE(tyto_vocabulary_create(with.session, list, second ? 2 : 1, NULL, &made, &err),
                &err);
    return made;
}

static tyto_vocabulary *query(const tyto_photo *photo, const tyto_box *region, tyto_query_rule rule,
                              tyto_query_box *chosen)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *made = NULL;
    ASSERT_DONE(tyto_photo_query(with.session, photo, region, rule, "thing", chosen, &made, &err),
                &err);
    assert_int_equal(tyto_vocabulary_count(made), 1);
    assert_string_equal(tyto_vocabulary_label(made, 0), "thing");
    return made;
}

static void assert_same(tyto_detections *a, tyto_detections *b)
{
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        assert_memory_equal(&a->items[i].box, &b->items[i].box, sizeof(tyto_box));
        assert_true(a->items[i].score == b->items[i].score);
        assert_int_equal(a->items[i].label_index, b->items[i].label_index);
        assert_int_equal(a->items[i].patch, b->items[i].patch);
    }
    tyto_detections_clear(a);
    tyto_detections_clear(b);
}

static void a_photo_encoded_once_gives_the_same(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections once, anew;
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.3F;
    tyto_photo *photo = encoded(&with.cat);
    tyto_vocabulary *vocabularies[] = {texts("a cat", "a remote"), texts("coffee", NULL), NULL};
    for (int i = 0; i < 3; i++) {
        ASSERT_DONE(search_encoded(with.session, photo, vocabularies[i], &options, &once, &err),
                    &err);
        ASSERT_DONE(search_image(with.session, &with.cat, vocabularies[i], &options, &anew, &err),
                    &err);
        assert_true(once.count > 0);
        assert_same(&once, &anew);
        tyto_vocabulary_destroy(vocabularies[i]);
    }
    tyto_photo_destroy(photo);
}

/* What the reference does with two pictures, through the door; and through the task. */
static void a_query_picture_gives_what_the_reference_gives(void **state)
{
    (void)state;
    static const char *const wanted[] = {"logits", "target_pred_boxes", "image_embeds"};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options options;
    tyto_detections found, expected;
    const tyto_tensor *outputs;
    int64_t n;
    const tyto_image_processor *processor = tyto_model_image_processor(with.model);
    float *pixels = malloc(2 * 3 * 63 * 63 * sizeof(float));
    const tyto_tensor inputs[] = {
        {.name = "pixel_values", .rank = 4, .shape = {1, 3, 63, 63}, .data = pixels},
        {.name = "query_pixel_values",
         .rank = 4,
         .shape = {1, 3, 63, 63},
         .data = pixels + 3 * 63 * 63}};
    ASSERT_DONE(tyto_image_processor_run(processor, with.engine, &with.coffee, pixels, &err), &err);
    ASSERT_DONE(
        tyto_image_processor_run(processor, with.engine, &with.cat, pixels + 3 * 63 * 63, &err),
        &err);
    options = search_defaults(true);
    options.boxes = TYTO_BOXES_REFERENCE;
    options.nms_iou = 0.9F;
    tyto_postprocess_options outputs_options;
    tyto_postprocess_options_init_guided(&outputs_options, sizeof(outputs_options));
    outputs_options.boxes = TYTO_BOXES_REFERENCE;
    outputs_options.nms_iou = 0.9F;

    tyto_photo *cat = encoded(&with.cat), *coffee = encoded(&with.coffee);
    tyto_vocabulary *vocabulary = query(cat, NULL, TYTO_QUERY_RULE_REFERENCE, NULL);
    ASSERT_DONE(search_encoded(with.session, coffee, vocabulary, &options, &found, &err), &err);
    ASSERT_DONE(tyto_forward(with.session, "Owlv2ForObjectDetection.image_guided_detection", inputs,
                             2, wanted, 3, &outputs, &n, &err),
                &err);
    ASSERT_DONE(tyto_postprocess_image_guided_detection(outputs[0].data, outputs[1].data, 81, 1,
                                                        with.coffee.width_px, with.coffee.height_px,
                                                        &outputs_options, &expected, &err),
                &err);
    assert_true(found.count > 3);
    assert_int_equal(found.count, expected.count);
    for (int64_t i = 0; i < found.count; i++) {
        assert_int_equal(found.items[i].patch, expected.items[i].patch);
        assert_true(is_close((double)found.items[i].score, (double)expected.items[i].score, 1e-5));
    }
    tyto_detections_clear(&expected);
    ASSERT_DONE(search_image(with.session, &with.coffee, vocabulary, &options, &expected, &err),
                &err);
    assert_same(&found, &expected);
    tyto_vocabulary_destroy(vocabulary);
    tyto_photo_destroy(cat);
    tyto_photo_destroy(coffee);
    free(pixels);
}

/* image_embeds and query_image_embeds of one run, as inputs of the next. */
static void embeds_stand_for_pixels(void **state)
{
    (void)state;
    static const char *const wanted[] = {"logits",       "target_pred_boxes", "query_pred_boxes",
                                         "class_embeds", "image_embeds",      "query_image_embeds"};
    static const char head[] = "Owlv2ForObjectDetection.image_guided_detection";
    tyto_error err = TYTO_ERROR_INIT;
    golden_case golden;
    const tyto_tensor *outputs;
    tyto_tensor kept[6];
    int64_t n;
    golden_open(&golden, "owlv2/odd/image_guided");
    ASSERT_DONE(tyto_forward(with.session, head, golden.given, golden.n_given, wanted, 6, &outputs,
                             &n, &err),
                &err);
    for (int i = 0; i < 6; i++) {
        const size_t bytes = (size_t)tyto_tensor_elements(&outputs[i]) * sizeof(float);
        kept[i] = outputs[i];
        kept[i].name = wanted[i];
        kept[i].data = malloc(bytes);
        memcpy(kept[i].data, outputs[i].data, bytes);
    }
    ASSERT_DONE(tyto_forward(with.session, head, kept + 4, 2, wanted, 6, &outputs, &n, &err), &err);
    for (int i = 0; i < 6; i++) {
        assert_memory_equal(outputs[i].data, kept[i].data,
                            (size_t)tyto_tensor_elements(&kept[i]) * sizeof(float));
    }
    tyto_tensor both[3] = {kept[4], kept[5], golden.given[0]};
    assert_int_equal(tyto_forward(with.session, head, both, 3, wanted, 1, &outputs, &n, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    for (int i = 0; i < 6; i++) {
        free(kept[i].data);
    }
    golden_close(&golden);
}

static float iou_of(const tyto_box *a, const tyto_box *b)
{
    const float w = fminf(a->xmax, b->xmax) - fmaxf(a->xmin, b->xmin),
                h = fminf(a->ymax, b->ymax) - fmaxf(a->ymin, b->ymin);
    const float both = w > 0 && h > 0 ? w * h : 0;
    return both / ((a->xmax - a->xmin) * (a->ymax - a->ymin) +
                   (b->xmax - b->xmin) * (b->ymax - b->ymin) - both);
}

/* The boxes of all patches of the photo, by patch, with their objectness. */
static void all_boxes(const tyto_photo *photo, tyto_detection by_patch[81])
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections all;
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.0F;
    memset(by_patch, 0, 81 * sizeof(*by_patch));
    ASSERT_DONE(search_encoded(with.session, photo, NULL, &options, &all, &err), &err);
    for (int64_t i = 0; i < all.count; i++) {
        by_patch[all.items[i].patch] = all.items[i];
    }
    tyto_detections_clear(&all);
}

static void rules_choose_as_they_say(void **state)
{
    (void)state;
    tyto_detection boxes[81];
    tyto_photo *photo = encoded(&with.cat);
    const float w = (float)with.cat.width_px, h = (float)with.cat.height_px;
    const tyto_box regions[] = {{0.1F * w, 0.1F * h, 0.5F * w, 0.6F * h},
                                {0.4F * w, 0.5F * h, 0.9F * w, 0.8F * h}};
    all_boxes(photo, boxes);
    for (int r = 0; r < 2; r++) {
        tyto_query_box overlap, objectness;
        float most = 0, object = 0;
        int64_t at = -1;
        tyto_vocabulary_destroy(query(photo, &regions[r], TYTO_QUERY_RULE_OVERLAP, &overlap));
        tyto_vocabulary_destroy(query(photo, &regions[r], TYTO_QUERY_RULE_OBJECTNESS, &objectness));
        /* Boxes are cut to the photo here, so that the best overlaps at least as well. */
        for (int64_t p = 0; p < 81; p++) {
            const float iou = iou_of(&boxes[p].box, &regions[r]);
            if (iou > most) {
                most = iou;
                at = p;
            }
        }
        assert_true(at >= 0 && overlap.iou > 0 && overlap.iou <= most + 1e-4F);
        assert_true(iou_of(&overlap.box, &regions[r]) >= overlap.iou - 1e-4F);
        for (int64_t p = 0; p < 81; p++) {
            if (iou_of(&boxes[p].box, &regions[r]) >= 0.8F * most + 1e-3F) {
                object = fmaxf(object, boxes[p].score);
            }
        }
        assert_true(objectness.objectness >= object - 1e-4F);
        assert_true(objectness.iou >= 0.8F * overlap.iou - 1e-4F);
    }
    /* Without a region: the most like an object of all. */
    tyto_query_box chosen;
    float object = 0;
    for (int64_t p = 0; p < 81; p++) {
        object = fmaxf(object, boxes[p].score);
    }
    tyto_vocabulary_destroy(query(photo, NULL, TYTO_QUERY_RULE_OBJECTNESS, &chosen));
    assert_true(is_close((double)chosen.objectness, (double)object, 1e-5));
    assert_memory_equal(&chosen.box, &boxes[chosen.patch].box, sizeof(tyto_box));
    tyto_photo_destroy(photo);
}

/* The embedding of a box that was found is the one that a query by its box gets. */
static void boxes_found_can_be_queries(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections found;
    tyto_vocabulary *embeds = NULL;
    tyto_search_options options = search_defaults(false);
    options.threshold = 0.0F;
    options.top_k = 5;
    tyto_photo *photo = encoded(&with.coffee);
    ASSERT_DONE(search_encoded(with.session, photo, NULL, &options, &found, &err), &err);
    assert_int_equal(found.count, 5);
    ASSERT_DONE(tyto_photo_embed(with.session, photo, &found, NULL, &embeds, &err), &err);
    assert_int_equal(tyto_vocabulary_count(embeds), 5);
    const int64_t width = tyto_vocabulary_width(embeds);
    for (int64_t i = 0; i < 5; i++) {
        tyto_query_box chosen;
        tyto_vocabulary *one = query(photo, &found.items[i].box, TYTO_QUERY_RULE_OVERLAP, &chosen);
        if (chosen.patch == found.items[i].patch) {
            for (int64_t c = 0; c < width; c++) {
                assert_true(is_close((double)tyto_vocabulary_unit_features(one)[c],
                                     (double)tyto_vocabulary_unit_features(embeds)[i * width + c],
                                     1e-5));
            }
            options.top_k = 0;
        }
        tyto_vocabulary_destroy(one);
    }
    assert_int_equal(options.top_k, 0); /* one of them was chosen at least */
    found.items[2].patch = 81;
    tyto_vocabulary *none = NULL;
    assert_int_equal(tyto_photo_embed(with.session, photo, &found, NULL, &none, &err),
                     TYTO_E_RANGE);
    assert_string_equal(err.message, "detection 2: got patch 81, required 0 to 80");
    tyto_error_clear(&err);
    tyto_vocabulary_destroy(embeds);
    tyto_detections_clear(&found);
    tyto_photo_destroy(photo);
}

static void bad_regions_are_refused(void **state)
{
    (void)state;
    const float w = (float)with.cat.width_px;
    const struct {
        tyto_box region;
        tyto_status status;
        const char *text;
    } cases[] = {
        {{10, 10, 10, 20}, TYTO_E_ARGUMENT, "got 10,10,10,20, required left < right"},
        {{10, 20, 30, 10}, TYTO_E_ARGUMENT, "top < bottom"},
        {{NAN, 0, 5, 5}, TYTO_E_ARGUMENT, "query box: got nan,0,5,5"},
        {{0, 0, INFINITY, 5}, TYTO_E_ARGUMENT, "query box: got 0,0,inf,5"},
        {{w, 0, w + 10, 50}, TYTO_E_RANGE, "required one that overlaps the picture of"},
        {{-20, -20, -1, -1}, TYTO_E_RANGE, "query box: got -20,-20,-1,-1"},
    };
    tyto_photo *photo = encoded(&with.cat);
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_vocabulary *made = NULL;
        assert_int_equal(tyto_photo_query(with.session, photo, &cases[i].region,
                                          TYTO_QUERY_RULE_OVERLAP, "x", NULL, &made, &err),
                         cases[i].status);
        if (!strstr(tyto_error_message(&err), cases[i].text)) {
            fail_msg("case %zu: %s", i, tyto_error_message(&err));
        }
        tyto_error_clear(&err);
    }
    tyto_vocabulary *none = NULL;
    assert_int_equal(
        tyto_photo_query(with.session, photo, NULL, (tyto_query_rule)9, "x", NULL, &none, NULL),
        TYTO_E_ARGUMENT);
    /* Partly outside, and smaller than anything: cut, and the nearest box is taken. */
    tyto_vocabulary_destroy(query(photo, &(tyto_box){-9, -9, 5, 5}, TYTO_QUERY_RULE_OVERLAP, NULL));
    tyto_vocabulary_destroy(
        query(photo, &(tyto_box){3, 3, 3.01F, 3.01F}, TYTO_QUERY_RULE_REFERENCE, NULL));
    tyto_photo_destroy(photo);
}

static tyto_vocabulary *made_of(const float *embeds, const char *const *labels, int64_t count,
                                int64_t width)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *made = NULL;
    ASSERT_DONE(tyto_vocabulary_from_features(embeds, labels, count, width, &made, &err), &err);
    return made;
}

static void assert_rows(const tyto_vocabulary *of, const char *const *labels, const float *rows,
                        int64_t count, int64_t width)
{
    assert_int_equal(tyto_vocabulary_count(of), count);
    assert_int_equal(tyto_vocabulary_width(of), width);
    for (int64_t i = 0; i < count; i++) {
        assert_string_equal(tyto_vocabulary_label(of, i), labels[i]);
        for (int64_t c = 0; c < width; c++) {
            assert_true(is_close((double)tyto_vocabulary_unit_features(of)[i * width + c],
                                 (double)rows[i * width + c], 1e-6));
        }
    }
}

static void vocabularies_join_and_average(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    static const char *const labels[] = {"a", "b", "a"};
    static const float embeds[] = {2, 0, 0, 3, 0, 0.5F};
    tyto_vocabulary *first = made_of(embeds, labels, 2, 2),
                    *second = made_of(embeds + 4, labels, 1, 2), *joined = NULL, *averaged = NULL;
    const tyto_vocabulary *const parts[] = {first, second};
    ASSERT_DONE(tyto_vocabulary_join(parts, 2, &joined, &err), &err);
    assert_rows(joined, labels, (const float[]){1, 0, 0, 1, 0, 1}, 3, 2);
    ASSERT_DONE(tyto_vocabulary_average(joined, &averaged, &err), &err);
    assert_rows(averaged, labels, (const float[]){0.70710678F, 0.70710678F, 0, 1}, 2, 2);
    tyto_vocabulary_destroy(averaged);
    tyto_vocabulary_destroy(joined);

    tyto_vocabulary *wide = made_of(embeds, labels, 1, 3), *none = NULL;
    const tyto_vocabulary *const unequal[] = {first, wide};
    assert_int_equal(tyto_vocabulary_join(unequal, 2, &none, &err), TYTO_E_SHAPE);
    assert_string_equal(err.message,
                        "query 'a': got an embedding of 3 numbers, required 2 as 'a' has");
    tyto_error_clear(&err);
    assert_int_equal(tyto_vocabulary_join(unequal, 0, &none, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    /* Opposite examples have no mean direction. */
    const float opposite[] = {1, 1, -1, -1};
    tyto_vocabulary *against = made_of(opposite, (const char *const[]){"c", "c"}, 2, 2);
    assert_int_equal(tyto_vocabulary_average(against, &none, &err), TYTO_E_RANGE);
    tyto_error_clear(&err);
    assert_int_equal(
        tyto_vocabulary_from_features((const float[]){0, NAN}, labels, 1, 2, &none, &err),
        TYTO_E_RANGE);
    tyto_error_clear(&err);
    assert_int_equal(tyto_vocabulary_from_features(embeds, labels, 0, 2, &none, &err),
                     TYTO_E_ARGUMENT);
    assert_string_equal(err.message, "queries: got 0, required 1 to 1048576");
    tyto_error_clear(&err);
    assert_int_equal(tyto_vocabulary_create(with.session, labels, 0, NULL, &none, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_vocabulary_destroy(against);
    tyto_vocabulary_destroy(wide);
    tyto_vocabulary_destroy(first);
    tyto_vocabulary_destroy(second);
}

static const char *file(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", with.folder, name);
    return path;
}

static void vocabularies_come_back_from_files(void **state)
{
    (void)state;
    char path[128];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *back = NULL, *none = NULL;
    static const char *const labels[] = {"caf\u00e9", "a cat", "caf\u00e9", "b"};
    static const float rows[] = {1, 0, 0, 2, 0, -1, -1, 0};
    tyto_vocabulary *made = made_of(rows, labels, 4, 2);

    ASSERT_DONE(tyto_vocabulary_save(made, file(path, "v.npy"), &err), &err);
    ASSERT_DONE(tyto_vocabulary_load(path, &back, &err), &err);
    assert_rows(back, (const char *const[]){"0", "1", "2", "3"},
                (const float[]){1, 0, 0, 1, 0, -1, -1, 0}, 4, 2);
    assert_memory_equal(tyto_vocabulary_features(back), rows, sizeof(rows));
    tyto_vocabulary_destroy(back);
    unlink(path);

    ASSERT_DONE(tyto_vocabulary_save(made, file(path, "v.safetensors"), &err), &err);
    ASSERT_DONE(tyto_vocabulary_load(path, &back, &err), &err);
    /* Queries of one label stand together. */
    assert_rows(back, (const char *const[]){"caf\u00e9", "caf\u00e9", "a cat", "b"},
                (const float[]){1, 0, 0, -1, 0, 1, -1, 0}, 4, 2);
    tyto_vocabulary_destroy(back);

    assert_int_equal(tyto_vocabulary_save(made, file(path, "v.bin"), &err), TYTO_E_ARGUMENT);
    assert_non_null(
        strstr(err.message, "v.bin: required a name that ends in .safetensors or .npy"));
    tyto_error_clear(&err);
    assert_int_equal(tyto_vocabulary_load(file(path, "none.npy"), &none, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
    unlink(file(path, "v.safetensors"));
    tyto_vocabulary_destroy(made);
}

/* Files that hold something else than embeddings. */
static void other_files_are_no_vocabularies(void **state)
{
    (void)state;
    char path[128];
    float numbers[12] = {1, 2, 3};
    const tyto_tensor cases[][2] = {
        {{.name = "a", .dtype = TYTO_I32, .rank = 1, .shape = {4}, .data = numbers}},
        {{.name = "a", .rank = 3, .shape = {1, 2, 2}, .data = numbers}},
        {{.name = "a", .rank = 0, .data = numbers}},
        {{.name = "a", .rank = 2, .shape = {0, 4}, .data = numbers}},
        {{.name = "a", .rank = 1, .shape = {3}, .data = numbers},
         {.name = "b", .rank = 1, .shape = {2}, .data = numbers}},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_vocabulary *none = NULL;
        ASSERT_DONE(tyto_tensor_file_save(file(path, "bad.safetensors"), cases[i],
                                          cases[i][1].name ? 2 : 1, &err),
                    &err);
        assert_int_equal(tyto_vocabulary_load(path, &none, &err), TYTO_E_FORMAT);
        assert_non_null(strstr(err.message, "required an embedding, or rows of them"));
        tyto_error_clear(&err);
    }
    unlink(path);
}

/* Texts and examples in one run; and embeddings of another model. */
static void texts_and_pictures_go_together(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections all, one;
    tyto_search_options options = search_defaults(true);
    options.relative_scores = false;
    options.nms = TYTO_NMS_OFF;
    options.multi_label = true;
    tyto_photo *photo = encoded(&with.cat);
    tyto_vocabulary *text = texts("a cat", NULL),
                    *picture = query(photo, NULL, TYTO_QUERY_RULE_REFERENCE, NULL), *both = NULL;
    const tyto_vocabulary *const parts[] = {text, picture};
    ASSERT_DONE(tyto_vocabulary_join(parts, 2, &both, &err), &err);
    ASSERT_DONE(search_encoded(with.session, photo, both, &options, &all, &err), &err);
    for (int64_t label = 0; label < 2; label++) {
        ASSERT_DONE(search_encoded(with.session, photo, parts[label], &options, &one, &err), &err);
        int64_t k = 0;
        for (int64_t i = 0; i < all.count; i++) {
            if (all.items[i].label_index == label) {
                assert_true(k < one.count);
                assert_int_equal(all.items[i].patch, one.items[k].patch);
                assert_true(is_close((double)all.items[i].score, (double)one.items[k].score, 1e-5));
                k++;
            }
        }
        assert_int_equal(k, one.count);
        assert_true(k > 0);
        tyto_detections_clear(&one);
    }
    tyto_detections_clear(&all);
    tyto_vocabulary *strange = made_of((const float[]){1, 2, 3}, (const char *const[]){"x"}, 1, 3);
    assert_int_equal(search_encoded(with.session, photo, strange, &options, &one, &err),
                     TYTO_E_SHAPE);
    assert_non_null(strstr(err.message, "input 'text_embeds': got [1,3], required [*,36]"));
    tyto_error_clear(&err);
    tyto_vocabulary_destroy(strange);
    tyto_vocabulary_destroy(both);
    tyto_vocabulary_destroy(text);
    tyto_vocabulary_destroy(picture);
    tyto_photo_destroy(photo);
}

/* A checkpoint without detection heads. */
static void other_architectures_say_so(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    tyto_photo *photo = NULL;
    ASSERT_DONE(tyto_model_open(with.engine, golden_path(path, "owlv2/contrastive/model"), NULL,
                                &model, &err),
                &err);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    assert_int_equal(tyto_photo_create(session, &with.cat, NULL, &photo, &err), TYTO_E_ARGUMENT);
    assert_string_equal(err.message,
                        "model: got a Owlv2Model, required a Owlv2ForObjectDetection, such as "
                        "'google/owlv2-base-patch16-ensemble'");
    tyto_error_clear(&err);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
}

/* What query_boxes and query_rule may be. */
static void bad_query_inputs_are_refused(void **state)
{
    (void)state;
    float *pixels = calloc(3 * 63 * 63, sizeof(float)), box[] = {0.5F, 0.5F, 0.2F, 0};
    int64_t rule = 3;
    const tyto_tensor picture = {
        .name = "query_pixel_values", .rank = 4, .shape = {1, 3, 63, 63}, .data = pixels};
    const struct {
        tyto_tensor second;
        tyto_status status;
    } cases[] = {
        {{.name = "query_boxes", .rank = 3, .shape = {1, 1, 4}, .data = box}, TYTO_E_RANGE},
        {{.name = "query_boxes", .rank = 3, .shape = {1, 0, 4}, .data = box}, TYTO_E_SHAPE},
        {{.name = "query_boxes", .rank = 3, .shape = {2, 1, 4}, .data = box}, TYTO_E_SHAPE},
        {{.name = "query_rule", .dtype = TYTO_I64, .data = &rule}, TYTO_E_RANGE},
        {{.name = "image_embeds", .rank = 1, .shape = {4}, .data = box}, TYTO_E_ARGUMENT},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        const tyto_tensor inputs[] = {picture, cases[i].second};
        const tyto_tensor *outputs;
        int64_t n;
        assert_int_equal(tyto_forward(with.session, "Owlv2ForObjectDetection.embed_image_query",
                                      inputs, 2, NULL, 0, &outputs, &n, &err),
                         cases[i].status);
        tyto_error_clear(&err);
    }
    free(pixels);
}

/* Without texts, what needs none is given, and nothing else. */
static void objectness_needs_no_text(void **state)
{
    (void)state;
    static const char *const wanted[] = {"objectness_logits", "class_embeds", "logits"};
    tyto_error err = TYTO_ERROR_INIT;
    golden_case golden;
    const tyto_tensor *outputs;
    tyto_tensor pixels = {.name = NULL};
    int64_t n;
    golden_open(&golden, "owlv2/odd/one");
    for (int64_t i = 0; i < golden.n_given; i++) {
        pixels = strcmp(golden.given[i].name, "pixel_values") == 0 ? golden.given[i] : pixels;
    }
    ASSERT_DONE(tyto_forward(with.session, NULL, &pixels, 1, wanted, 2, &outputs, &n, &err), &err);
    for (int64_t i = 0; i < n; i++) {
        golden_compare(&golden, &outputs[i], "without texts");
    }
    assert_int_equal(tyto_forward(with.session, NULL, &pixels, 1, wanted, 3, &outputs, &n, &err),
                     TYTO_E_ARGUMENT);
    assert_string_equal(err.message, "input 'input_ids': missing");
    tyto_error_clear(&err);
    assert_int_equal(tyto_forward(with.session, NULL, &pixels, 1, NULL, 0, &outputs, &n, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    golden_close(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_photo_encoded_once_gives_the_same),
        cmocka_unit_test(a_query_picture_gives_what_the_reference_gives),
        cmocka_unit_test(embeds_stand_for_pixels),
        cmocka_unit_test(rules_choose_as_they_say),
        cmocka_unit_test(boxes_found_can_be_queries),
        cmocka_unit_test(bad_regions_are_refused),
        cmocka_unit_test(vocabularies_join_and_average),
        cmocka_unit_test(vocabularies_come_back_from_files),
        cmocka_unit_test(other_files_are_no_vocabularies),
        cmocka_unit_test(texts_and_pictures_go_together),
        cmocka_unit_test(other_architectures_say_so),
        cmocka_unit_test(bad_query_inputs_are_refused),
        cmocka_unit_test(objectness_needs_no_text),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
