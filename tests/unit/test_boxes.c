/* Operators on boxes, and the terms of a detection loss, against their formulas. */
#include "nn/boxes.h"
#include "nn/detection_loss.h"
#include "support/operators.h"

enum { COUNT = 5000, PATCHES = 37, QUERIES = 5, STRIDE = 6, TARGETS = 4 };

static void fill_boxes(stream *numbers, int64_t count, float *boxes)
{
    for (int64_t i = 0; i < 4 * count; i++) {
        boxes[i] = (1.0f + next_float(numbers)) / 2.0f;
    }
}

static void overlaps_by_hand(void **state)
{
    (void)state;
    const float left[] = {0.25f, 0.5f, 0.5f, 1}, right[] = {0.75f, 0.5f, 0.5f, 1},
                whole[] = {0.5f, 0.5f, 1, 1}, point[] = {0.5f, 0.5f, 0, 0};
    assert_true(tyto_iou(left, left) == 1.0f);
    assert_true(tyto_iou(left, right) == 0.0f);
    assert_true(tyto_iou(left, whole) == 0.5f);
    assert_true(tyto_iou(point, point) == 0.0f);
    assert_true(tyto_box_distance(left, whole) == 0.75);
    assert_true(tyto_box_corner_distance(left, whole) == 0.5);
    assert_true(tyto_box_corner_distance(left, right) == 1.0);
}

static void check_overlaps(tyto_exec *exec)
{
    stream numbers = {3};
    float *boxes = aligned_zeros(4 * COUNT * sizeof(float)),
          *ious = aligned_zeros(COUNT * sizeof(float));
    const float box[] = {0.5f, 0.25f, 0.25f, 0.25f};
    fill_boxes(&numbers, COUNT, boxes);
    assert_int_equal(tyto_ious(exec, COUNT, boxes, box, ious), TYTO_OK);
    for (int64_t i = 0; i < COUNT; i++) {
        assert_true(ious[i] == tyto_iou(boxes + 4 * i, box));
    }
    memcpy(boxes + 4 * 77, box, sizeof(box));
    memcpy(boxes + 4 * 99, box, sizeof(box));
    assert_int_equal(tyto_nearest_box(COUNT, boxes, box), 77);
    boxes[0] = NAN;
    assert_int_equal(tyto_nearest_box(1, boxes, box), 0);
    free(boxes);
    free(ious);
}

static void overlaps_are_of_each_box(void **state)
{
    (void)state;
    for_each_exec(check_overlaps);
}

static void boxes_are_placed_at_patches(void **state)
{
    (void)state;
    float biases[2 * 3 * 4];
    tyto_box_biases(2, 3, 4, 3, biases);
    for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 3; x++) {
            const double p[4] = {(x + 1) / 3.0, (y + 1) / 4.0, 1 / 3.0, 1 / 4.0};
            for (int i = 0; i < 4; i++) {
                const double wanted = log(p[i] + 1e-4) - log(1.0 - p[i] + 1e-4);
                assert_true(is_close((double)biases[(y * 3 + x) * 4 + i], wanted, 2e-3));
            }
        }
    }
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void focal_losses_are_as_their_formula(void **state)
{
    (void)state;
    const tyto_focal focal = {0.3, 2.0}, even = {-1.0, 2.0};
    for (double x = -3.0; x <= 3.0; x += 0.5) {
        const double p = sigmoid(x), present = -(1.0 - p) * (1.0 - p) * log(p),
                     absent = -p * p * log(1.0 - p);
        assert_true(is_close(tyto_focal_present(&focal, x), 0.3 * present, 1e-14));
        assert_true(is_close(tyto_focal_absent(&focal, x), 0.7 * absent, 1e-14));
        assert_true(is_close(tyto_focal_present(&even, x), present, 1e-14));
        assert_true(is_close(tyto_focal_absent(&even, x), absent, 1e-14));
    }
    assert_true(isfinite(tyto_focal_present(&focal, -1e300)));
}

typedef struct photo {
    float logits[PATCHES * STRIDE], boxes[4 * PATCHES], objectness[PATCHES];
    float target_boxes[4 * TARGETS];
    uint8_t valid[QUERIES];
    int64_t labels[TARGETS];
    double costs[TARGETS * PATCHES];
} photo;

static void fill_photo(photo *p)
{
    stream numbers = {5};
    *p = (photo){.valid = {1, 1, 0, 1, 1}, .labels = {0, 3, 3, 4}};
    fill_floats(&numbers, p->logits, PATCHES * STRIDE);
    fill_floats(&numbers, p->objectness, PATCHES);
    fill_boxes(&numbers, PATCHES, p->boxes);
    fill_boxes(&numbers, TARGETS, p->target_boxes);
}

static tyto_patch_logits logits_of(const photo *p)
{
    return (tyto_patch_logits){.patches = PATCHES,
                               .queries = QUERIES,
                               .stride = STRIDE,
                               .logits = p->logits,
                               .valid = p->valid};
}

static void check_costs(tyto_exec *exec)
{
    photo p;
    fill_photo(&p);
    const tyto_pair_costs_args args = {.focal = {0.25, 1.5},
                                       .weight_focal = 2.0,
                                       .weight_distance = 3.0,
                                       .weight_giou = 5.0,
                                       .logits = logits_of(&p),
                                       .boxes = p.boxes,
                                       .targets = TARGETS,
                                       .labels = p.labels,
                                       .target_boxes = p.target_boxes,
                                       .costs = p.costs};
    RUN(exec, tyto_pair_costs(exec, &args));
    for (int64_t i = 0; i < TARGETS * PATCHES; i++) {
        const int64_t t = i / PATCHES, patch = i % PATCHES;
        const float *box = p.boxes + 4 * patch, *target = p.target_boxes + 4 * t;
        const double x = (double)p.logits[patch * STRIDE + p.labels[t]];
        const double wanted =
            2.0 * (tyto_focal_present(&args.focal, x) - tyto_focal_absent(&args.focal, x)) +
            3.0 * tyto_box_distance(box, target) - 5.0 * tyto_giou(box, target);
        assert_true(p.costs[i] == wanted);
    }
}

static void pairs_cost_what_the_formula_says(void **state)
{
    (void)state;
    for_each_exec(check_costs);
}

static void sums_leave_padding_out(void **state)
{
    (void)state;
    photo p;
    fill_photo(&p);
    const tyto_patch_logits x = logits_of(&p);
    const tyto_focal focal = {0.3, 2.0};
    const int64_t paired[] = {7, -1, 30};
    double absent = 0.0, by_pairs = 0.0, by_scores = 0.0;
    for (int64_t i = 0; i < PATCHES; i++) {
        double best = 0.0;
        for (int64_t q = 0; q < QUERIES; q++) {
            const double logit = (double)p.logits[i * STRIDE + q];
            absent += p.valid[q] ? tyto_focal_absent(&focal, logit) : 0.0;
            best = p.valid[q] ? fmax(best, sigmoid(logit)) : best;
        }
        assert_true(tyto_best_score(&x, i) == best);
        const double logit = (double)p.objectness[i], all = log1p(exp(logit));
        by_pairs += (all - (i == 7 || i == 30 ? logit : 0.0)) / PATCHES;
        by_scores += (all - best * logit) / PATCHES;
    }
    assert_true(is_close(tyto_focal_absent_sum(&focal, &x), absent, 1e-12));
    assert_true(
        is_close(tyto_objectness_loss(PATCHES, p.objectness, NULL, 3, paired), by_pairs, 1e-12));
    assert_true(
        is_close(tyto_objectness_loss(PATCHES, p.objectness, &x, 3, paired), by_scores, 1e-12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlaps_by_hand),
        cmocka_unit_test(overlaps_are_of_each_box),
        cmocka_unit_test(boxes_are_placed_at_patches),
        cmocka_unit_test(focal_losses_are_as_their_formula),
        cmocka_unit_test(pairs_cost_what_the_formula_says),
        cmocka_unit_test(sums_leave_padding_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
