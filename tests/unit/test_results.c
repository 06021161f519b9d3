/* Post-processing: boxes, thresholds, suppression. Expected values are worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "results/boxes.h"
#include <tyto/postprocess.h>

static tyto_postprocess_options defaults(void)
{
    tyto_postprocess_options options;
    tyto_postprocess_options_init(&options, sizeof(options));
    return options;
}

static void assert_box(const tyto_box *box, float xmin, float ymin, float xmax, float ymax)
{
    assert_float_equal(box->xmin, xmin, 1e-4F);
    assert_float_equal(box->ymin, ymin, 1e-4F);
    assert_float_equal(box->xmax, xmax, 1e-4F);
    assert_float_equal(box->ymax, ymax, 1e-4F);
}

/* Three boxes, two queries: sigmoid(0) = 0.5, sigmoid(ln 3) = 0.75, sigmoid(−ln 3) = 0.25. */
#define LN3 1.0986123F
static const float three_logits[] = {0.0F, -LN3, -LN3, LN3, -20.0F, -9.0F};
static const float three_boxes[] = {0.5F,  0.25F, 0.5F, 0.5F, 0.25F, 0.25F,
                                    0.25F, 0.25F, 0.5F, 0.5F, 1.0F,  1.0F};

static void best_label_of_each_box_sorted_by_score(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    tyto_detections found;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 200,
                                                       100, &options, &found, &err),
                     TYTO_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[0].label_index, 1);
    assert_float_equal(found.items[0].score, 0.75F, 1e-6F);
    assert_box(&found.items[0].box, 25, 25, 75, 75);
    assert_int_equal(found.items[1].label_index, 0);
    assert_float_equal(found.items[1].score, 0.5F, 0);
    assert_box(&found.items[1].box, 50, 0, 150, 100);
    tyto_detections_clear(&found);
    assert_null(found.items);
}

static void reference_boxes_take_the_photos_sides(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    options.boxes = TYTO_BOXES_REFERENCE;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 200,
                                                       100, &options, &found, NULL),
                     TYTO_OK);
    assert_box(&found.items[0].box, 25, 12.5F, 75, 37.5F);
    assert_box(&found.items[1].box, 50, 0, 150, 50);
    tyto_detections_clear(&found);
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_box(&found.items[1].box, 0.25F, 0, 0.75F, 0.5F);
    tyto_detections_clear(&found);
}

static void threshold_is_exclusive(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    options.threshold = 0.5F;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 1);
    tyto_detections_clear(&found);
}

static void labels_may_have_their_own_thresholds(void **state)
{
    (void)state;
    const float thresholds[] = {0.4F, 0.8F};
    tyto_postprocess_options options = defaults();
    options.label_thresholds = thresholds;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].label_index, 0);
    tyto_detections_clear(&found);
}

static void multi_label_gives_each_label_above_threshold(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    options.multi_label = true;
    options.threshold = 0.2F;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 4);
    /* Two of the same score: the box that comes first. */
    assert_float_equal(found.items[2].score, found.items[3].score, 1e-7F);
    assert_int_equal(found.items[2].label_index, 1);
    assert_int_equal(found.items[3].label_index, 0);
    tyto_detections_clear(&found);
}

static void top_k_keeps_the_best(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    options.top_k = 1;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.items[0].label_index, 1);
    tyto_detections_clear(&found);
}

static void masked_queries_are_never_found(void **state)
{
    (void)state;
    const uint8_t mask[] = {1, 0};
    tyto_postprocess_options options = defaults();
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, mask, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.items[0].label_index, 0);
    assert_int_equal(found.items[1].label_index, 0);
    tyto_detections_clear(&found);

    const uint8_t none[] = {0, 0};
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, none, 3, 2, 0, 0,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 0);
    tyto_detections_clear(&found);
}

/* a and b share a label and overlap by 0.6; c has the other label and a's very box. */
static const float nms_boxes[] = {0.5F, 0.5F, 0.4F, 0.4F, 0.6F, 0.5F,
                                  0.4F, 0.4F, 0.5F, 0.5F, 0.4F, 0.4F};
static const float nms_logits[] = {3.0F, -9.0F, 2.0F, -9.0F, -9.0F, 1.0F};

static int64_t count_after_nms(tyto_nms mode, float iou)
{
    tyto_postprocess_options options = defaults();
    options.nms = mode;
    options.nms_iou = iou;
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(nms_logits, nms_boxes, NULL, 3, 2, 100, 100,
                                                       &options, &found, NULL),
                     TYTO_OK);
    const int64_t count = found.count;
    for (int64_t i = 1; i < count; i++) {
        assert_true(found.items[i - 1].score >= found.items[i].score);
    }
    tyto_detections_clear(&found);
    return count;
}

static void suppression_per_class_and_across(void **state)
{
    (void)state;
    assert_int_equal(count_after_nms(TYTO_NMS_OFF, 0.5F), 3);
    assert_int_equal(count_after_nms(TYTO_NMS_CLASS, 0.5F), 2);
    assert_int_equal(count_after_nms(TYTO_NMS_CLASS, 0.7F), 3);
    assert_int_equal(count_after_nms(TYTO_NMS_ALL, 0.5F), 1);
    assert_int_equal(count_after_nms(TYTO_NMS_ALL, 0.7F), 2);
}

static void overlap_is_intersection_over_union(void **state)
{
    (void)state;
    const tyto_box a = {0, 0, 2, 2};
    const tyto_box b = {1, 0, 3, 2};
    const tyto_box apart = {2, 0, 4, 2};
    const tyto_box line = {1, 1, 1, 2};
    assert_float_equal(tyto_box_iou(&a, &b), 1.0F / 3.0F, 1e-7F);
    assert_float_equal(tyto_box_iou(&a, &a), 1.0F, 0);
    assert_float_equal(tyto_box_iou(&a, &apart), 0.0F, 0);
    assert_float_equal(tyto_box_iou(&line, &line), 0.0F, 0);
}

static void pixels_are_touched(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        int64_t start, count;
    } cases[] = {{2.0, 5.0, 2, 3},       {2.1, 4.9, 2, 3},  {2.5, 2.5, 2, 1},    {3.0, 3.0, 3, 0},
                 {-4.0, 1.5, 0, 2},      {8.5, 99.0, 8, 2}, {10.0, 12.0, 10, 0}, {-9.0, -1.0, 0, 0},
                 {-1e300, 1e300, 0, 10}, {5.0, 2.0, 5, 0},  {NAN, 4.0, 0, 0},    {1.0, NAN, 1, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t start = -1;
        assert_int_equal(tyto_pixels_touched(cases[i].low, cases[i].high, 10, &start),
                         cases[i].count);
        assert_int_equal(start, cases[i].start);
    }
}

static void boxes_in_the_padding_are_dropped_and_others_clipped(void **state)
{
    (void)state;
    /* A 200×100 photo fills the upper half of the square. */
    const float logits[] = {1.0F, 1.0F};
    const float boxes[] = {0.5F, 0.8F, 0.2F, 0.2F, 0.0F, 0.5F, 0.2F, 0.2F};
    tyto_postprocess_options options = defaults();
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(logits, boxes, NULL, 2, 1, 200, 100,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 1);
    assert_box(&found.items[0].box, 0, 80, 20, 100);
    tyto_detections_clear(&found);
    options.padded = false;
    assert_int_equal(tyto_postprocess_object_detection(logits, boxes, NULL, 2, 1, 200, 100,
                                                       &options, &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 2);
    assert_box(&found.items[0].box, 80, 70, 120, 90);
    tyto_detections_clear(&found);
}

static void numbers_that_are_none_never_come_out(void **state)
{
    (void)state;
    const float logits[] = {NAN, 5.0F, 5.0F, 4.0F, INFINITY, 0.0F, -INFINITY, -INFINITY};
    const float boxes[] = {0.5F, 0.5F, 0.1F, 0.1F, NAN,  0.5F, 0.1F, 0.1F,
                           0.5F, 0.5F, 0.1F, 0.1F, 0.5F, 0.5F, 0.1F, 0.1F};
    tyto_postprocess_options options = defaults();
    tyto_detections found;
    assert_int_equal(tyto_postprocess_object_detection(logits, boxes, NULL, 4, 2, 10, 10, &options,
                                                       &found, NULL),
                     TYTO_OK);
    assert_int_equal(found.count, 1);
    assert_float_equal(found.items[0].score, 1.0F, 0);
    tyto_detections_clear(&found);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    tyto_postprocess_options options = defaults();
    tyto_detections found;
    tyto_error err = TYTO_ERROR_INIT;
    options.nms_iou = 1.5F;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 0, 0,
                                                       &options, &found, &err),
                     TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err), "nms_iou: got 1.5, required 0 … 1");
    tyto_error_clear(&err);
    options = defaults();
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 0, 0, 0,
                                                       &options, &found, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 5, 0,
                                                       &options, &found, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    options.threshold = NAN;
    assert_int_equal(tyto_postprocess_object_detection(three_logits, three_boxes, NULL, 3, 2, 5, 5,
                                                       &options, &found, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    assert_null(found.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_label_of_each_box_sorted_by_score),
        cmocka_unit_test(reference_boxes_take_the_photos_sides),
        cmocka_unit_test(threshold_is_exclusive),
        cmocka_unit_test(labels_may_have_their_own_thresholds),
        cmocka_unit_test(multi_label_gives_each_label_above_threshold),
        cmocka_unit_test(top_k_keeps_the_best),
        cmocka_unit_test(masked_queries_are_never_found),
        cmocka_unit_test(suppression_per_class_and_across),
        cmocka_unit_test(overlap_is_intersection_over_union),
        cmocka_unit_test(pixels_are_touched),
        cmocka_unit_test(boxes_in_the_padding_are_dropped_and_others_clipped),
        cmocka_unit_test(numbers_that_are_none_never_come_out),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
