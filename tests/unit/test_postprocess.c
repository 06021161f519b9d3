/* Post-processing against the reference. */
#include <tyto/memory.h>

#include "support/golden.h"

#include "support/cases.h"

static const tyto_tensor *find(const tyto_tensor_file *file, int number, const char *what)
{
    char name[64];
    snprintf(name, sizeof(name), "%d.%s", number, what);
    return tyto_tensor_file_find(file, name);
}

static float *floats_of(const tyto_tensor *tensor)
{
    const int64_t count = tyto_tensor_elements(tensor);
    float *values = malloc((size_t)(count ? count : 1) * sizeof(float));
    assert_non_null(values);
    for (int64_t i = 0; i < count; i++) {
        values[i] = (float)golden_value(tensor, i);
    }
    return values;
}

static int64_t integer_of(const tyto_tensor *tensor, int64_t i)
{
    int64_t value;
    memcpy(&value, (const char *)tensor->data + (size_t)i * sizeof(value), sizeof(value));
    return value;
}

/* The reference keeps the order of the boxes; tyto sorts by score. Each of its detections is found
 * among the reference's, once. */
static void compare(const tyto_tensor_file *file, int number, const tyto_detections *found,
                    double side)
{
    const tyto_tensor *scores = find(file, number, "scores"),
                      *labels = find(file, number, "labels"), *boxes = find(file, number, "boxes");
    const int64_t count = scores->shape[0];
    bool *seen = calloc((size_t)count + 1, sizeof(*seen));
    assert_non_null(seen);
    assert_int_equal(found->count, count);
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *item = &found->items[i];
        const double box[] = {(double)item->box.xmin, (double)item->box.ymin,
                              (double)item->box.xmax, (double)item->box.ymax};
        bool there = false;
        for (int64_t k = 0; k < count && !there; k++) {
            there = !seen[k] && (!labels || item->label_index == integer_of(labels, k)) &&
                    is_close((double)item->score, golden_value(scores, k), 4e-7);
            for (int c = 0; c < 4; c++) {
                there = there && is_close(box[c], golden_value(boxes, 4 * k + c), 2e-7 * side);
            }
            seen[k] = seen[k] || there;
        }
        if (!there) {
            fail_msg("case %d: detection %zu is not the reference's", number, i);
        }
        assert_true(i == 0 || item->score <= found->items[i - 1].score);
    }
    free(seen);
}

typedef tyto_status (*postprocess_fn)(const float *logits, const float *boxes, int64_t count,
                                      int64_t queries, int64_t width, int64_t height,
                                      const tyto_postprocess_options *options, tyto_detections *out,
                                      tyto_error *err);

static tyto_status plain(const float *logits, const float *boxes, int64_t count, int64_t queries,
                         int64_t width, int64_t height, const tyto_postprocess_options *options,
                         tyto_detections *out, tyto_error *err)
{
    return tyto_postprocess_object_detection(logits, boxes, NULL, count, queries, width, height,
                                             options, out, err);
}

/* Runs every case of a file; returns how many detections they have together. */
static size_t run_cases(const char *name, const tyto_postprocess_options *defaults,
                        postprocess_fn postprocess, int *cases)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_tensor_file *file = golden_tensors(golden_path(path, "postprocess/%s", name));
    size_t kept = 0;
    for (*cases = 0; find(file, *cases, "logits"); ++*cases) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_postprocess_options options = *defaults;
        tyto_detections found;
        const tyto_tensor *size = find(file, *cases, "size"),
                          *logits = find(file, *cases, "logits"),
                          *nms = find(file, *cases, "nms_threshold");
        const int64_t height = integer_of(size, 0), width = integer_of(size, 1);
        float *values = floats_of(logits), *boxes = floats_of(find(file, *cases, "pred_boxes"));
        options.boxes = TYTO_BOXES_REFERENCE;
        options.threshold = (float)golden_value(find(file, *cases, "threshold"), 0);
        options.nms_iou = nms ? (float)golden_value(nms, 0) : options.nms_iou;
        ASSERT_DONE(postprocess(values, boxes, logits->shape[0], logits->shape[1], width, height,
                                &options, &found, &err),
                    &err);
        compare(file, *cases, &found, fmax(1.0, (double)(height > width ? height : width)));
        kept += (size_t)found.count;
        tyto_detections_clear(&found);
        free(values);
        free(boxes);
    }
    tyto_tensor_file_destroy(file);
    return kept;
}

static void detections_are_the_reference_s(void **state)
{
    (void)state;
    int cases;
    tyto_postprocess_options options;
    tyto_postprocess_options_init(&options, sizeof(options));
    const size_t kept = run_cases("cases.safetensors", &options, plain, &cases);
    assert_true(cases >= 7 && kept >= 100);
}

static void image_guided_detections_are_the_reference_s(void **state)
{
    (void)state;
    int cases;
    tyto_postprocess_options options;
    tyto_postprocess_options_init_guided(&options, sizeof(options));
    assert_true(options.threshold == 0.0F && options.nms_iou == 0.3F);
    const size_t kept =
        run_cases("guided.safetensors", &options, tyto_postprocess_image_guided_detection, &cases);
    assert_true(cases >= 7 && kept >= 100);
}

/* Four boxes in a wide photo, of which the network saw a square: the best one lies below it. */
static void boxes_outside_the_photo_take_no_part(void **state)
{
    (void)state;
    const float logits[] = {2, 1, 0, -6},
                boxes[] = {0.5F, 0.8F,  0.2F, 0.2F, 0.5F, 0.25F, 0.2F, 0.2F,
                           0.5F, 0.26F, 0.2F, 0.2F, 0.1F, 0.1F,  0.1F, 0.1F};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_postprocess_options options;
    tyto_detections found;
    tyto_postprocess_options_init_guided(&options, sizeof(options));
    ASSERT_DONE(tyto_postprocess_image_guided_detection(logits, boxes, 4, 1, 200, 100, &options,
                                                        &found, &err),
                &err);
    /* The second stands for the best; the third overlaps it; the last has under a tenth of it. */
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].patch, 1);
    assert_true(is_close((double)found.items[0].score, 1.0, 1e-5));
    assert_true(is_close((double)found.items[0].box.xmin, 80.0, 1e-3));
    tyto_detections_clear(&found);
    /* Plain scores, and every box. */
    options.relative_scores = false;
    options.nms_iou = 1.0F;
    ASSERT_DONE(tyto_postprocess_image_guided_detection(logits, boxes, 4, 1, 200, 100, &options,
                                                        &found, &err),
                &err);
    assert_int_equal(found.count, 3);
    assert_true(is_close((double)found.items[1].score, 0.5, 1e-6));
    tyto_detections_clear(&found);
}

static void outputs_say_how_many_photos_and_labels(void **state)
{
    (void)state;
    static const struct {
        tyto_tensor outputs[2];
        int64_t photos, labels;
    } cases[] = {
        {{{.name = "logits", .rank = 3, .shape = {2, 9, 5}},
          {.name = "pred_boxes", .rank = 3, .shape = {2, 9, 4}}},
         2,
         5},
        {{{.name = "target_pred_boxes", .rank = 3, .shape = {1, 9, 4}},
          {.name = "logits", .rank = 3, .shape = {1, 9, 3}}},
         1,
         3},
        {{{.name = "objectness_logits", .rank = 2, .shape = {4, 9}},
          {.name = "pred_boxes", .rank = 3, .shape = {4, 9, 4}}},
         4,
         1},
        {{{.name = "logits", .rank = 2, .shape = {2, 9}},
          {.name = "pred_boxes", .rank = 3, .shape = {2, 9, 4}}},
         2,
         0},
        {{{.name = "logits", .rank = 3, .shape = {2, 9, 5}}, {.name = "other"}}, 0, 0},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        assert_int_equal(tyto_postprocess_photo_count(cases[i].outputs, 2), cases[i].photos);
        assert_int_equal(tyto_postprocess_labels(cases[i].outputs, 2), cases[i].labels);
    }
    assert_int_equal(tyto_postprocess_labels(NULL, 3), 0);
}

static void sizes_are_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "640",    "640x",     "x480",     "0x4",
                                      "4x-1", "3x4,",   ",3x4",     "3x4,5",    "3x4;5x6",
                                      "3x4x", "3x4 ,5", "3x4,,5x6", "3,4,5,6x7"};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_size *sizes;
    int64_t count;
    ASSERT_DONE(tyto_sizes_parse("640x480,1024x768,1x2", &sizes, &count, &err), &err);
    assert_int_equal(count, 3);
    assert_int_equal(sizes[0].width_px, 640);
    assert_int_equal(sizes[1].height_px, 768);
    assert_int_equal(sizes[2].width_px, 1);
    tyto_free(sizes);
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        assert_int_equal(tyto_sizes_parse(bad[i], &sizes, &count, &err), TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "required WIDTHxHEIGHT of each photo"));
        tyto_error_clear(&err);
        assert_null(sizes);
        assert_int_equal(count, 0);
    }
    assert_int_equal(tyto_sizes_parse(NULL, &sizes, &count, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_sizes_parse("1x1", NULL, &count, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_sizes_parse("1x1", &sizes, NULL, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

/* The best so many are the first of all, ties and boxes in the padding included, whether or not there
 * are so many that the rest isn't kept. */
static void the_most_are_the_first_of_all(void **state)
{
    enum { BOXES = 500, QUERIES = 40, WIDTH = 300, HEIGHT = 100 };
    (void)state;
    float *logits = malloc(BOXES * QUERIES * sizeof(*logits)),
          *boxes = malloc(BOXES * 4 * sizeof(*boxes));
    assert_true(logits && boxes);
    uint32_t seed = 7;
    for (int64_t i = 0; i < BOXES * QUERIES; i++) {
        seed = seed * 1664525U + 1013904223U;
        logits[i] = 0.25F * (float)(seed >> 27) - 4.0F; /* 32 values: many ties */
    }
    for (int64_t i = 0; i < BOXES * 4; i++) {
        seed = seed * 1664525U + 1013904223U;
        boxes[i] = (float)(seed >> 8) / 16777216.0F;
        boxes[i] *= i % 4 < 2 ? 1.0F : 0.1F;
    }
    for (int multi = 0; multi < 2; multi++) {
        tyto_postprocess_options options = {.struct_bytes = sizeof(options),
                                            .threshold = 0.05F,
                                            .boxes = TYTO_BOXES_IMAGE,
                                            .padded = true,
                                            .multi_label = multi};
        tyto_detections all, most;
        assert_int_equal(plain(logits, boxes, BOXES, QUERIES, WIDTH, HEIGHT, &options, &all, NULL),
                         TYTO_OK);
        assert_in_range(all.count, 10, BOXES * QUERIES * 9 / 10);
        const int64_t wanted[] = {1, 7, 300, 2500, 1000000};
        for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
            options.top_k = wanted[i];
            assert_int_equal(
                plain(logits, boxes, BOXES, QUERIES, WIDTH, HEIGHT, &options, &most, NULL),
                TYTO_OK);
            assert_int_equal(most.count, wanted[i] < all.count ? wanted[i] : all.count);
            assert_memory_equal(most.items, all.items, (size_t)most.count * sizeof(*all.items));
            tyto_detections_clear(&most);
        }
        tyto_detections_clear(&all);
    }
    free(logits);
    free(boxes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detections_are_the_reference_s),
        cmocka_unit_test(image_guided_detections_are_the_reference_s),
        cmocka_unit_test(boxes_outside_the_photo_take_no_part),
        cmocka_unit_test(the_most_are_the_first_of_all),
        cmocka_unit_test(outputs_say_how_many_photos_and_labels),
        cmocka_unit_test(sizes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
