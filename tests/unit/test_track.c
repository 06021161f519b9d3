/* Identities from frame to frame, on boxes whose things are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "tasks/track_motion.h"

enum { MOST = 8, WIDTH = 4 };

/* A frame that is put together. */
typedef struct frame {
    tyto_detection items[MOST];
    float embeddings[MOST * WIDTH];
    int64_t ids[MOST];
    int64_t count;
} frame;

static void add(frame *f, double x, double y, double side, float score, int look)
{
    const float half = (float)side / 2.0f;
    f->items[f->count] = (tyto_detection){
        .box = {(float)x - half, (float)y - half, (float)x + half, (float)y + half},
        .score = score};
    for (int i = 0; i < WIDTH; i++) {
        f->embeddings[f->count * WIDTH + i] = i == look ? 3.0f : 0.2f;
    }
    f->count++;
}

static tyto_status update(tyto_tracker *tracker, frame *f, double seconds, bool looks)
{
    const tyto_detections found = {.items = f->items,
                                   .count = f->count,
                                   .embeddings = looks ? f->embeddings : NULL,
                                   .embedding_width = looks ? WIDTH : 0};
    return tyto_tracker_update(tracker, &found, seconds, f->ids, NULL);
}

static tyto_tracker *make(float appearance)
{
    tyto_tracker *tracker = NULL;
    tyto_track_options options;
    tyto_track_options_init(&options, sizeof(options));
    options.high = 0.5f;
    options.low = 0.2f;
    options.appearance = appearance;
    options.patience_s = 1.0;
    assert_int_equal(tyto_tracker_create(&options, &tracker, NULL), TYTO_OK);
    return tracker;
}

static void things_keep_their_identity(void **state)
{
    (void)state;
    tyto_tracker *tracker = make(0.5f);
    for (int i = 0; i < 40; i++) {
        frame f = {.count = 0};
        /* In any order. */
        for (int k = 0; k < 3; k++) {
            const int thing = (k + i) % 3;
            add(&f, 20.0 + 3.0 * i, 40.0 + 60.0 * thing, 20.0, 0.9f, thing);
        }
        assert_int_equal(update(tracker, &f, i / 25.0, false), TYTO_OK);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(f.ids[k], (k + i) % 3 + 1);
        }
    }
    assert_int_equal(tyto_tracker_count(tracker), 3);
    tyto_tracker_destroy(tracker);
}

/* Two that meet and turn back: by motion alone they seem to pass each other. */
static void looks_tell_what_motion_can_not(void **state)
{
    (void)state;
    for (int looks = 0; looks < 2; looks++) {
        tyto_tracker *tracker = make(0.5f);
        int64_t first = 0, last = 0;
        for (int i = 0; i < 41; i++) {
            frame f = {.count = 0};
            const double x = 100.0 - 3.0 * fabs(20.0 - i);
            if (abs(i - 20) > 1) { /* for a moment, nothing is seen */
                add(&f, x, 50.0, 20.0, 0.9f, 0);
                add(&f, 202.0 - x, 50.0, 20.0, 0.9f, 1);
            }
            assert_int_equal(update(tracker, &f, i / 25.0, looks), TYTO_OK);
            first = i == 0 ? f.ids[0] : first;
            last = f.count > 0 ? f.ids[0] : last;
        }
        assert_true((first == last) == (looks == 1));
        tyto_tracker_destroy(tracker);
    }
}

static void poor_ones_continue_and_do_not_begin(void **state)
{
    (void)state;
    tyto_tracker *tracker = make(0.0f);
    for (int i = 0; i < 20; i++) {
        frame f = {.count = 0};
        add(&f, 20.0 + 2.0 * i, 40.0, 20.0, i > 5 && i < 15 ? 0.3f : 0.9f, 0);
        add(&f, 20.0 + 2.0 * i, 140.0, 20.0, 0.4f, 0);
        add(&f, 20.0 + 2.0 * i, 240.0, 20.0, 0.1f, 0);
        assert_int_equal(update(tracker, &f, i / 25.0, false), TYTO_OK);
        assert_int_equal(f.ids[0], 1);
        assert_int_equal(f.ids[1], -1);
        assert_int_equal(f.ids[2], -1);
    }
    tyto_tracker_destroy(tracker);
}

/* What is hidden comes back as itself where its motion has brought it, unless it stays too long;
 * and so it does by its looks where it turned away. */
static void what_vanishes_comes_back(void **state)
{
    (void)state;
    const struct {
        int hidden;
        double aside;
        bool looks, same;
    } cases[] = {{20, 0.0, false, true},   {40, 0.0, false, false}, {40, 0.0, true, false},
                 {20, 25.0, false, false}, {20, 25.0, true, true},  {20, 300.0, true, false}};
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        tyto_tracker *tracker = make(0.5f);
        frame f;
        for (int i = 0; i < 20 + cases[c].hidden; i++) {
            f.count = 0;
            if (i < 20) {
                add(&f, 20.0 + 4.0 * i, 400.0, 20.0, 0.9f, 2);
            }
            assert_int_equal(update(tracker, &f, i / 30.0, cases[c].looks), TYTO_OK);
        }
        f.count = 0;
        add(&f, 20.0 + 4.0 * (20 + cases[c].hidden), 400.0 - cases[c].aside, 20.0, 0.9f, 2);
        assert_int_equal(update(tracker, &f, (20 + cases[c].hidden) / 30.0, cases[c].looks),
                         TYTO_OK);
        assert_int_equal(f.ids[0], cases[c].same ? 1 : 2);
        tyto_tracker_destroy(tracker);
    }
}

/* Frames may be any time apart: the motion of a second is that of ten frames of a tenth. */
static void time_counts_not_frames(void **state)
{
    (void)state;
    tyto_tracker *tracker = make(0.0f);
    const double times[] = {0.0, 0.1, 0.2, 0.3, 0.35, 0.8, 0.85, 1.5};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        frame f = {.count = 0};
        add(&f, 50.0 + 100.0 * times[i], 50.0, 30.0, 0.9f, 0);
        assert_int_equal(update(tracker, &f, times[i], false), TYTO_OK);
        assert_int_equal(f.ids[0], 1);
    }
    tyto_tracker_destroy(tracker);
}

static void labels_have_thresholds_of_their_own(void **state)
{
    (void)state;
    const float high[] = {0.5f, 0.8f};
    tyto_tracker *tracker = NULL;
    tyto_track_options options;
    tyto_track_options_init(&options, sizeof(options));
    options.high = 0.5f;
    options.low = 0.25f;
    options.label_high = high;
    options.n_label_high = 2;
    assert_int_equal(tyto_tracker_create(&options, &tracker, NULL), TYTO_OK);
    frame f = {.count = 0};
    add(&f, 50.0, 50.0, 20.0, 0.6f, 0);
    add(&f, 150.0, 50.0, 20.0, 0.6f, 0);
    add(&f, 250.0, 50.0, 20.0, 0.9f, 0);
    f.items[1].label_index = f.items[2].label_index = 1;
    assert_int_equal(update(tracker, &f, 0.0, false), TYTO_OK);
    assert_true(f.ids[0] == 1 && f.ids[1] == -1 && f.ids[2] == 2);
    assert_int_equal(update(tracker, &f, 0.1, false), TYTO_OK);
    f.items[2].score = 0.45f;
    assert_int_equal(update(tracker, &f, 0.2, false), TYTO_OK);
    assert_int_equal(f.ids[2], 2);
    tyto_tracker_destroy(tracker);
}

static void what_can_not_be_tracked_is_refused(void **state)
{
    (void)state;
    tyto_tracker *tracker = NULL;
    tyto_track_options options;
    tyto_track_options_init(&options, sizeof(options));
    options.low = 0.2f;
    assert_int_equal(tyto_tracker_create(&options, &tracker, NULL), TYTO_E_RANGE);
    options.high = (float)NAN;
    assert_int_equal(tyto_tracker_create(&options, &tracker, NULL), TYTO_E_RANGE);
    assert_null(tracker);
    assert_int_equal(tyto_tracker_create(NULL, NULL, NULL), TYTO_E_ARGUMENT);
    tracker = make(0.5f);
    frame f = {.count = 0};
    add(&f, 50.0, 50.0, 20.0, 0.9f, 0);
    assert_int_equal(update(tracker, &f, 1.0, true), TYTO_OK);
    assert_int_equal(update(tracker, &f, 0.5, true), TYTO_E_RANGE);
    assert_int_equal(update(tracker, &f, (double)NAN, true), TYTO_E_RANGE);
    const tyto_detections narrow = {
        .items = f.items, .count = 1, .embeddings = f.embeddings, .embedding_width = WIDTH - 1};
    assert_int_equal(tyto_tracker_update(tracker, &narrow, 2.0, f.ids, NULL), TYTO_E_SHAPE);
    /* Boxes and looks of no use, and none at all. */
    f.items[0].box.xmin = (float)NAN;
    f.embeddings[0] = (float)INFINITY;
    assert_int_equal(update(tracker, &f, 2.0, true), TYTO_OK);
    f.count = 0;
    assert_int_equal(update(tracker, &f, 2.0, true), TYTO_OK);
    assert_int_equal(tyto_tracker_update(tracker, NULL, 3.0, f.ids, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tracker_update(NULL, &narrow, 3.0, f.ids, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tracker_count(NULL), 0);
    tyto_tracker_destroy(NULL);
    tyto_tracker_destroy(tracker);
}

/* The same filter as its textbook has it: all eight states and their whole covariance. */
typedef struct textbook {
    double x[8], P[8][8];
} textbook;

static void noise(const textbook *t, double place_share, double velocity_share, double aspect,
                  double aspect_velocity, double out[8])
{
    for (int i = 0; i < 4; i++) {
        out[i] = pow(i == 2 ? aspect : place_share * t->x[3], 2.0);
        out[4 + i] = pow(i == 2 ? aspect_velocity : velocity_share * t->x[3], 2.0);
    }
}

static void textbook_predict(textbook *t, double dt)
{
    double F[8][8] = {{0}}, FP[8][8] = {{0}}, P[8][8] = {{0}}, x[8] = {0}, Q[8];
    noise(t, 0.05, 1.0 / 160.0, 1e-2, 1e-5, Q);
    for (int i = 0; i < 8; i++) {
        F[i][i] = 1.0;
        if (i < 4) {
            F[i][4 + i] = dt;
        }
    }
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
            x[i] += F[i][j] * t->x[j];
            for (int k = 0; k < 8; k++) {
                FP[i][j] += F[i][k] * t->P[k][j];
            }
        }
    }
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++) {
            for (int k = 0; k < 8; k++) {
                P[i][j] += FP[i][k] * F[j][k];
            }
        }
        P[i][i] += dt * Q[i];
    }
    memcpy(t->x, x, sizeof(x));
    memcpy(t->P, P, sizeof(P));
}

/* K = P·Hᵀ·(H·P·Hᵀ + R)⁻¹ with H = [1 0]; measured numbers one after the other, which is the same
 * since R is diagonal. */
static void textbook_correct(textbook *t, const double z[4])
{
    double R[8];
    noise(t, 0.05, 0.0, 1e-1, 0.0, R);
    for (int m = 0; m < 4; m++) {
        double K[8], row[8];
        const double S = t->P[m][m] + R[m], apart = z[m] - t->x[m];
        for (int i = 0; i < 8; i++) {
            K[i] = t->P[i][m] / S;
            row[i] = t->P[m][i];
        }
        for (int i = 0; i < 8; i++) {
            t->x[i] += K[i] * apart;
            for (int j = 0; j < 8; j++) {
                t->P[i][j] -= K[i] * row[j];
            }
        }
    }
}

static void motion_is_the_textbooks(void **state)
{
    (void)state;
    tyto_motion motion;
    textbook t = {{0}};
    for (int i = 0; i < 30; i++) {
        /* Floats have these as they are. */
        const double x = 100.0 + 7.0 * i + round(8.0 * sin(i)) / 4.0,
                     y = 50.0 + round(16.0 * i * cos(0.1 * i)) / 8.0, h = 40.0 + i % 3,
                     w = 20.0 + i % 2;
        const tyto_box box = {(float)(x - w / 2), (float)(y - h / 2), (float)(x + w / 2),
                              (float)(y + h / 2)};
        const double z[4] = {x, y, w / h, h};
        if (i == 0) {
            double first[8];
            tyto_motion_begin(&motion, &box);
            memcpy(t.x, z, sizeof(z));
            noise(&t, 0.1, 0.0625, 1e-2, 1e-5, first);
            for (int k = 0; k < 8; k++) {
                t.P[k][k] = first[k];
            }
        } else {
            tyto_motion_predict(&motion, (1 + i % 3) / 30.0, true);
            textbook_predict(&t, 1 + i % 3);
            if (i % 4 != 0) {
                tyto_motion_correct(&motion, &box);
                textbook_correct(&t, z);
            }
        }
        for (int k = 0; k < 4; k++) {
            const tyto_motion_number *n = &motion.numbers[k];
            assert_true(fabs(n->value - t.x[k]) < 1e-9 * (1.0 + fabs(t.x[k])));
            assert_true(fabs(n->velocity - t.x[4 + k]) < 1e-9 * (1.0 + fabs(t.x[4 + k])));
            assert_true(fabs(n->var_value - t.P[k][k]) < 1e-9 * t.P[k][k]);
            assert_true(fabs(n->var_velocity - t.P[4 + k][4 + k]) < 1e-9 * t.P[4 + k][4 + k]);
        }
    }
}

/* Two crowds that take turns: each is confirmed, and waits while the other is seen. */
static void crowds_are_bounded(void **state)
{
    (void)state;
    enum { CROWD = 300, CROWDS = 21 };
    static tyto_detection items[TYTO_TRACK_DETECTIONS_MAX + 1];
    static int64_t ids[TYTO_TRACK_DETECTIONS_MAX + 1];
    tyto_tracker *tracker = make(0.0f);
    tyto_error err = TYTO_ERROR_INIT;
    for (int k = 0; k < 2 * CROWDS; k++) {
        for (int i = 0; i < CROWD; i++) {
            const float x = (float)(40 * (i % 50)), y = (float)(2000 * (k / 2) + 40 * (i / 50));
            items[i] = (tyto_detection){.box = {x, y, x + 20, y + 20}, .score = 0.9f};
        }
        const tyto_detections found = {.items = items, .count = CROWD};
        assert_int_equal(tyto_tracker_update(tracker, &found, k * 0.01, ids, NULL), TYTO_OK);
        assert_int_equal(ids[7], (k / 2) * CROWD + 8);
    }
    /* The crowd that was seen last before is known; the first was given up. */
    for (int k = 0; k < 2; k++) {
        const int crowd = k ? 0 : CROWDS - 2;
        for (int i = 0; i < CROWD; i++) {
            items[i].box.ymin = (float)(2000 * crowd + 40 * (i / 50));
            items[i].box.ymax = items[i].box.ymin + 20;
        }
        const tyto_detections found = {.items = items, .count = CROWD};
        assert_int_equal(tyto_tracker_update(tracker, &found, 0.43, ids, NULL), TYTO_OK);
        assert_int_equal(ids[0], k ? CROWDS * CROWD + 1 : crowd * CROWD + 1);
    }
    const tyto_detections many = {.items = items, .count = TYTO_TRACK_DETECTIONS_MAX + 1};
    assert_int_equal(tyto_tracker_update(tracker, &many, 2.0, ids, &err), TYTO_E_LIMIT);
    assert_string_equal(tyto_error_message(&err),
                        "tracker: got 6001 detections in a frame, required at most 6000");
    tyto_error_clear(&err);
    tyto_tracker_destroy(tracker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_keep_their_identity),
        cmocka_unit_test(looks_tell_what_motion_can_not),
        cmocka_unit_test(poor_ones_continue_and_do_not_begin),
        cmocka_unit_test(what_vanishes_comes_back),
        cmocka_unit_test(time_counts_not_frames),
        cmocka_unit_test(labels_have_thresholds_of_their_own),
        cmocka_unit_test(what_can_not_be_tracked_is_refused),
        cmocka_unit_test(motion_is_the_textbooks),
        cmocka_unit_test(crowds_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
