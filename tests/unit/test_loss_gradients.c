/* Gradients of losses against differences of the losses. */
#include "nn/boxes.h"
#include "nn/detection_loss.h"
#include "nn/label_loss.h"
#include "nn/loss.h"
#include "support/differences.h"

/* What the loss is multiplied by before it counts. */
#define SLOPE 0.75

/* ------------------------------------------------------------------------------- of labels */

enum { ROWS = 4, CLASSES = 3, COUNT = ROWS * CLASSES };

typedef struct labelled {
    float x[COUNT], y[COUNT];
    int64_t labels[ROWS], whole[COUNT];
} labelled;

static labelled make_labelled(void)
{
    labelled l = {.labels = {2, -100, 0, 1}};
    difference_fill(l.x, COUNT, 1);
    for (int64_t i = 0; i < COUNT; i++) {
        l.y[i] = (float)(i % 5) * 0.25f;
        l.whole[i] = i % 3 - 1;
    }
    return l;
}

static double cross_entropy(const void *context)
{
    const labelled *l = context;
    return SLOPE * tyto_cross_entropy(ROWS, CLASSES, l->x, l->labels, -100);
}

static double binary(const void *context)
{
    const labelled *l = context;
    return SLOPE * tyto_binary_cross_entropy(COUNT, l->x, l->y);
}

static double squared(const void *context)
{
    const labelled *l = context;
    return SLOPE * tyto_squared_error(COUNT, l->x, l->y, NULL);
}

static double squared_whole(const void *context)
{
    const labelled *l = context;
    return SLOPE * tyto_squared_error(COUNT, l->x, NULL, l->whole);
}

static void labels_have_gradients(void **state)
{
    (void)state;
    labelled l = make_labelled();
    float entropy[COUNT] = {0}, truths[COUNT] = {0}, numbers[COUNT] = {0}, whole[COUNT] = {0};
    tyto_cross_entropy_backward(ROWS, CLASSES, l.x, l.labels, -100, SLOPE, entropy);
    tyto_binary_cross_entropy_backward(COUNT, l.x, l.y, SLOPE, truths);
    tyto_squared_error_backward(COUNT, l.x, l.y, NULL, SLOPE, numbers);
    tyto_squared_error_backward(COUNT, l.x, NULL, l.whole, SLOPE, whole);
    assert_gradient_floats("cross-entropy", cross_entropy, &l, l.x, entropy, COUNT);
    assert_gradient_floats("binary", binary, &l, l.x, truths, COUNT);
    assert_gradient_floats("squared", squared, &l, l.x, numbers, COUNT);
    assert_gradient_floats("squared, whole", squared_whole, &l, l.x, whole, COUNT);
    for (int64_t r = 0; r < ROWS; r++) {
        l.labels[r] = -100;
    }
    float none[COUNT] = {0};
    tyto_cross_entropy_backward(ROWS, CLASSES, l.x, l.labels, -100, SLOPE, none);
    for (int64_t i = 0; i < COUNT; i++) {
        assert_true(none[i] == 0.0f);
    }
}

/* Gradients are added to what is there. */
static void gradients_are_added(void **state)
{
    (void)state;
    const labelled l = make_labelled();
    float once[COUNT] = {0}, twice[COUNT] = {0};
    tyto_cross_entropy_backward(ROWS, CLASSES, l.x, l.labels, -100, 2.0, once);
    tyto_cross_entropy_backward(ROWS, CLASSES, l.x, l.labels, -100, 1.0, twice);
    tyto_cross_entropy_backward(ROWS, CLASSES, l.x, l.labels, -100, 1.0, twice);
    for (int64_t i = 0; i < COUNT; i++) {
        assert_true(once[i] == twice[i]);
    }
}

/* -------------------------------------------------------------------------------- of pairs */

enum { PAIRS = 4 };

/* The loss gives a float: its own sum in double stands for it. */
static double contrastive(const void *context)
{
    const float *logits = context;
    double sum = 0.0;
    int64_t labels[PAIRS];
    float turned[PAIRS * PAIRS];
    for (int64_t i = 0; i < PAIRS; i++) {
        labels[i] = i;
        for (int64_t j = 0; j < PAIRS; j++) {
            turned[j * PAIRS + i] = logits[i * PAIRS + j];
        }
    }
    sum += tyto_cross_entropy(PAIRS, PAIRS, logits, labels, -1);
    sum += tyto_cross_entropy(PAIRS, PAIRS, turned, labels, -1);
    return SLOPE * sum / 2.0;
}

static void pairs_have_gradients(void **state)
{
    (void)state;
    float logits[PAIRS * PAIRS], gradient[PAIRS * PAIRS] = {0}, loss;
    tyto_exec exec = {0};
    difference_fill(logits, PAIRS * PAIRS, 3);
    assert_int_equal(tyto_contrastive_loss(&exec, PAIRS, logits, &loss), TYTO_OK);
    assert_true(is_close(SLOPE * (double)loss, contrastive(logits), 1e-6));
    tyto_contrastive_loss_backward(PAIRS, logits, SLOPE, gradient);
    assert_gradient_floats("pairs", contrastive, logits, logits, gradient, PAIRS * PAIRS);
}

/* ---------------------------------------------------------------------------- of detection */

enum { PATCHES = 3, QUERIES = 3, STRIDE = 4 };

typedef struct detected {
    tyto_focal focal;
    float logits[PATCHES * STRIDE], objectness[PATCHES];
    uint8_t valid[QUERIES];
    int64_t paired[2];
} detected;

static tyto_patch_logits logits_of(const detected *d)
{
    return (tyto_patch_logits){PATCHES, QUERIES, STRIDE, d->logits, d->valid};
}

static double absent(const void *context)
{
    const detected *d = context;
    const tyto_patch_logits x = logits_of(d);
    return SLOPE * tyto_focal_absent_sum(&d->focal, &x);
}

static double present(const void *context)
{
    const detected *d = context;
    return tyto_focal_present(&d->focal, (double)d->logits[0]);
}

static double objectness(const void *context)
{
    const detected *d = context;
    return SLOPE * tyto_objectness_loss(PATCHES, d->objectness, NULL, 2, d->paired);
}

static double objectness_of_scores(const void *context)
{
    const detected *d = context;
    const tyto_patch_logits x = logits_of(d);
    return SLOPE * tyto_objectness_loss(PATCHES, d->objectness, &x, 2, d->paired);
}

static void check_detected(tyto_focal focal)
{
    detected d = {.focal = focal, .valid = {1, 0, 1}, .paired = {2, -1}};
    float gradient[PATCHES * STRIDE] = {0}, paired[PATCHES] = {0}, scored[PATCHES] = {0};
    difference_fill(d.logits, PATCHES * STRIDE, 5);
    difference_fill(d.objectness, PATCHES, 6);
    const tyto_patch_logits x = logits_of(&d);
    tyto_focal_absent_sum_backward(&d.focal, &x, SLOPE, gradient);
    assert_gradient_floats("absent", absent, &d, d.logits, gradient, PATCHES * STRIDE);
    for (int i = 0; i < 9; i++) {
        d.logits[0] = (float)(i - 4) * 0.75f;
        const double got = tyto_focal_present_slope(&d.focal, (double)d.logits[0]);
        assert_true(
            is_close(got, difference_quotient(present, &d, d.logits), DIFFERENCE_TOLERANCE));
    }
    tyto_objectness_loss_backward(PATCHES, d.objectness, NULL, 2, d.paired, SLOPE, paired);
    assert_gradient_floats("objectness", objectness, &d, d.objectness, paired, PATCHES);
    tyto_objectness_loss_backward(PATCHES, d.objectness, &x, 2, d.paired, SLOPE, scored);
    assert_gradient_floats("scores", objectness_of_scores, &d, d.objectness, scored, PATCHES);
}

static void patches_have_gradients(void **state)
{
    (void)state;
    check_detected((tyto_focal){0.3, 2.0});
    check_detected((tyto_focal){-1.0, 0.0}); /* the plain cross-entropy */
    check_detected((tyto_focal){0.25, 0.5});
}

/* Far from 0 nothing overflows. */
static void slopes_stay_finite(void **state)
{
    (void)state;
    const tyto_focal focal = {0.3, 2.0};
    assert_true(is_close(tyto_focal_absent_slope(&focal, 800.0), 0.7, 1e-12));
    assert_true(is_close(tyto_focal_absent_slope(&focal, -800.0), 0.0, 0.0));
    assert_true(is_close(tyto_focal_present_slope(&focal, -800.0), -0.3, 1e-12));
    assert_true(is_close(tyto_focal_present_slope(&focal, 800.0), 0.0, 0.0));
}

/* -------------------------------------------------------------------------------- of boxes */

typedef struct pair {
    float a[4], b[4];
} pair;

static double giou(const void *context)
{
    const pair *p = context;
    return SLOPE * tyto_giou(p->a, p->b);
}

static double distance(const void *context)
{
    const pair *p = context;
    return SLOPE * tyto_box_corner_distance(p->a, p->b);
}

static void boxes_have_gradients(void **state)
{
    (void)state;
    static const pair pairs[] = {
        {{4.0f, 4.0f, 3.0f, 2.0f}, {4.5f, 4.375f, 3.5f, 2.5f}},  /* overlap at a corner */
        {{4.0f, 4.0f, 1.0f, 1.0f}, {4.25f, 4.125f, 5.0f, 6.0f}}, /* inside */
        {{4.0f, 4.0f, 6.0f, 7.0f}, {4.25f, 4.125f, 1.0f, 2.0f}}, /* around */
        {{1.0f, 1.5f, 1.0f, 1.0f}, {5.0f, 6.0f, 2.0f, 1.0f}},    /* apart */
        {{5.0f, 1.0f, 1.0f, 1.0f}, {2.0f, 1.25f, 2.0f, 1.0f}},   /* beside each other */
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        pair p = pairs[i];
        float by_giou[4] = {0}, by_distance[4] = {0};
        tyto_giou_backward(p.a, p.b, SLOPE, by_giou);
        tyto_box_corner_distance_backward(p.a, p.b, SLOPE, by_distance);
        assert_gradient_floats("giou", giou, &p, p.a, by_giou, 4);
        assert_gradient_floats("distance", distance, &p, p.a, by_distance, 4);
    }
}

/* Boxes without an area divide by nothing. */
static void points_have_no_gradient(void **state)
{
    (void)state;
    const float point[4] = {2.0f, 3.0f, 0.0f, 0.0f};
    float gradient[4] = {0};
    tyto_giou_backward(point, point, SLOPE, gradient);
    for (int i = 0; i < 4; i++) {
        assert_true(gradient[i] == 0.0f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_have_gradients),   cmocka_unit_test(gradients_are_added),
        cmocka_unit_test(pairs_have_gradients),    cmocka_unit_test(patches_have_gradients),
        cmocka_unit_test(slopes_stay_finite),      cmocka_unit_test(boxes_have_gradients),
        cmocka_unit_test(points_have_no_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
