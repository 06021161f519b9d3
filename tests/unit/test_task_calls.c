/* What every call of a task holds: NULL is refused, options of older programs are taken, whoever
 * follows can stop it, and an earlier error is forgotten. */
#include <tyto/tasks.h>

#include "support/small.h"

#define TEXTS "../perceiver_tasks/texts"
#define PICTURES "../perceiver_tasks/pictures"
#define MASKS "../perceiver_tasks/fill_mask"

enum { SIDE = 24 };
static uint8_t pixels[SIDE * SIDE * 3];
static const tyto_image frame = {.width_px = SIDE, .height_px = SIDE, .data = pixels};
static float window_images[3 * 3 * 8 * 8], window_sound[3 * 8];

/* Stops at step `at` of all steps of a stage; "": of any. */
typedef struct stopper {
    const char *stage;
    int64_t at, seen;
} stopper;

static bool stop(void *user, const tyto_progress *progress)
{
    stopper *of = user;
    assert_non_null(progress->stage);
    return (*of->stage && strcmp(of->stage, progress->stage) != 0) || of->seen++ < of->at;
}

/* One call of each task, with progress or not. */
typedef tyto_status (*call_fn)(tyto_session *session, stopper *of, tyto_error *err);

static tyto_status texts(tyto_session *session, stopper *of, tyto_error *err)
{
    const char *text = "a text";
    tyto_classes classes = {0};
    tyto_classify_options options;
    tyto_classify_options_init(&options, sizeof(options));
    options.progress = of ? stop : NULL;
    options.progress_user = of;
    const tyto_status status =
        tyto_classify_texts(session, &text, NULL, 1, &options, &classes, err);
    assert_true(status == TYTO_OK || !classes.items);
    tyto_classes_clear(&classes);
    return status;
}

static tyto_status pictures(tyto_session *session, stopper *of, tyto_error *err)
{
    tyto_classes classes = {0};
    tyto_classify_options options;
    tyto_classify_options_init(&options, sizeof(options));
    options.progress = of ? stop : NULL;
    options.progress_user = of;
    const tyto_status status = tyto_classify_images(session, &frame, 1, &options, &classes, err);
    assert_true(status == TYTO_OK || !classes.items);
    tyto_classes_clear(&classes);
    return status;
}

static tyto_status masks(tyto_session *session, stopper *of, tyto_error *err)
{
    tyto_filled_text filled = {0};
    tyto_fill_mask_options options;
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.progress = of ? stop : NULL;
    options.progress_user = of;
    const tyto_status status = tyto_fill_mask(session, "a [MASK]", 8, &options, &filled, err);
    assert_true(status == TYTO_OK || !filled.guesses);
    tyto_filled_text_clear(&filled);
    return status;
}

static tyto_status flow(tyto_session *session, stopper *of, tyto_error *err)
{
    tyto_flow_field field = {0};
    tyto_flow_options options;
    tyto_flow_options_init(&options, sizeof(options));
    options.overlap_px = 2;
    options.progress = of ? stop : NULL;
    options.progress_user = of;
    const tyto_status status = tyto_flow(session, &frame, &frame, &options, &field, err);
    assert_true(status == TYTO_OK || !field.data);
    tyto_flow_field_clear(&field);
    return status;
}

static tyto_status autoencode(tyto_session *session, stopper *of, tyto_error *err)
{
    tyto_reconstruction made = {0};
    tyto_autoencode_options options;
    tyto_autoencode_options_init(&options, sizeof(options));
    options.progress = of ? stop : NULL;
    options.progress_user = of;
    const tyto_status status =
        tyto_autoencode(session, window_images, window_sound, &options, &made, err);
    assert_true(status == TYTO_OK || !made.probabilities);
    tyto_reconstruction_clear(&made);
    return status;
}

static const struct {
    const char *model;
    call_fn call;
    const char *stage; /* of the task's own steps, or NULL: it has layers alone */
} calls[] = {
    {TEXTS, texts, NULL},    {PICTURES, pictures, NULL},           {MASKS, masks, NULL},
    {"flow", flow, "tiles"}, {"multimodal", autoencode, "chunks"},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void who_follows_can_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        small of = open_small(calls[i].model);
        tyto_error err = TYTO_ERROR_INIT;
        stopper never = {.stage = "", .at = INT64_MAX};
        assert_int_equal(calls[i].call(of.session, &never, &err), TYTO_OK);
        assert_true(never.seen >= 1);
        /* Before the first step, within, and before the last. */
        const int64_t places[] = {0, never.seen / 2, never.seen - 1};
        for (size_t k = 0; k < 3; k++) {
            stopper once = {.stage = "", .at = places[k]};
            assert_fails(calls[i].call(of.session, &once, &err), TYTO_E_CANCELLED, &err, "stopped");
            assert_int_equal(once.seen, places[k] + 1);
        }
        if (calls[i].stage) {
            stopper second = {.stage = calls[i].stage, .at = 1};
            assert_fails(calls[i].call(of.session, &second, &err), TYTO_E_CANCELLED, &err,
                         calls[i].stage);
        }
        /* The session goes on, and nobody follows it any more. */
        assert_int_equal(calls[i].call(of.session, NULL, &err), TYTO_OK);
        close_small(&of);
    }
}

/* Whoever follows the session follows a task that has nobody of its own, and is there afterwards.
 */
static void the_sessions_follower_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        small of = open_small(calls[i].model);
        stopper whole = {.stage = "", .at = INT64_MAX}, own = {.stage = "", .at = INT64_MAX};
        tyto_session_set_progress(of.session, stop, &whole);
        assert_int_equal(calls[i].call(of.session, NULL, NULL), TYTO_OK);
        const int64_t seen = whole.seen;
        assert_true(seen >= 1);
        assert_int_equal(calls[i].call(of.session, &own, NULL), TYTO_OK);
        assert_int_equal(whole.seen, seen);
        assert_int_equal(own.seen, seen);
        assert_int_equal(calls[i].call(of.session, NULL, NULL), TYTO_OK);
        assert_int_equal(whole.seen, 2 * seen);
        close_small(&of);
    }
}

static void earlier_errors_are_forgotten(void **state)
{
    (void)state;
    for (size_t i = 0; i < CALLS; i++) {
        small of = open_small(calls[i].model);
        tyto_error err = TYTO_ERROR_INIT;
        assert_int_equal(calls[i].call(NULL, NULL, &err), TYTO_E_ARGUMENT);
        assert_string_equal(tyto_error_message(&err), "session: got NULL, required a value");
        assert_int_equal(calls[i].call(of.session, NULL, &err), TYTO_OK);
        assert_int_equal(err.status, TYTO_OK);
        close_small(&of);
    }
}

static void null_is_refused(void **state)
{
    (void)state;
    small of = open_small(TEXTS), flows = open_small("flow"), videos = open_small("multimodal");
    tyto_error err = TYTO_ERROR_INIT;
    const char *text = "a [MASK]";
    tyto_classes classes;
    tyto_filled_text filled;
    tyto_flow_field field;
    tyto_reconstruction made;
    tyto_spans spans = {0};
    tyto_similarities similar;
    const float zero = 0.0f;
    bool more;
    assert_fails(tyto_classify_texts(of.session, NULL, NULL, 1, NULL, &classes, &err),
                 TYTO_E_ARGUMENT, &err, "texts: got NULL");
    assert_fails(tyto_classify_texts(of.session, &text, NULL, 1, NULL, NULL, &err), TYTO_E_ARGUMENT,
                 &err, "out: got NULL");
    assert_fails(tyto_classify_texts(of.session, &text, NULL, -1, NULL, &classes, &err),
                 TYTO_E_ARGUMENT, &err, "count: got -1");
    assert_fails(tyto_fill_mask(of.session, NULL, 0, NULL, &filled, &err), TYTO_E_ARGUMENT, &err,
                 "text: got NULL");
    assert_fails(tyto_fill_mask(of.session, text, 8, NULL, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "out: got NULL");
    assert_fails(tyto_flow(flows.session, NULL, &frame, NULL, &field, &err), TYTO_E_ARGUMENT, &err,
                 "first: got NULL");
    assert_fails(tyto_flow(flows.session, &frame, &frame, NULL, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "out: got NULL");
    assert_fails(tyto_autoencode(videos.session, NULL, window_sound, NULL, &made, &err),
                 TYTO_E_ARGUMENT, &err, "images: got NULL");
    assert_fails(tyto_autoencode_video(videos.session, NULL, NULL, NULL, NULL, &err),
                 TYTO_E_ARGUMENT, &err, "video: got NULL");
    assert_fails(tyto_flow_sequence_create(NULL, 2, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "paths: got NULL");
    assert_fails(tyto_flow_sequence_next(flows.session, NULL, NULL, NULL, &more, &err),
                 TYTO_E_ARGUMENT, &err, "sequence: got NULL");
    assert_fails(tyto_spans_find(&spans, text, 8, NULL, 1, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "part: got NULL");
    assert_fails(tyto_similarities_rank(NULL, &zero, 1, 0, &similar, &err), TYTO_E_ARGUMENT, &err,
                 "logits: got NULL");
    assert_int_equal(tyto_model_classifies(NULL), TYTO_CLASSIFIED_NOTHING);
    assert_false(tyto_model_offers(NULL, TYTO_TASK_FLOW));
    assert_int_equal(tyto_flow_sequence_pair_count(NULL), 0);
    assert_int_equal(tyto_clip_reader_window_count(NULL), 0);
    tyto_flow_sequence_destroy(NULL);
    tyto_video_classes_clear(NULL);
    tyto_flow_pair_clear(NULL);
    tyto_spans_clear(NULL);
    close_small(&of);
    close_small(&flows);
    close_small(&videos);
}

/* A program that was built with fewer fields gets their defaults; one with more is refused. */
static void options_may_be_older(void **state)
{
    (void)state;
    small of = open_small("flow");
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_tiles tiles, plain;
    struct {
        tyto_flow_options options;
        char behind;
    } older;
    memset(&older, 7, sizeof(older));
    tyto_flow_options_init(&older.options, offsetof(tyto_flow_options, progress));
    assert_int_equal(older.options.struct_bytes, offsetof(tyto_flow_options, progress));
    assert_memory_equal(&older.options.progress, "\7\7\7\7", 4);
    older.options.overlap_px = 2;
    assert_int_equal(tyto_flow_plan(of.model, 30, 30, &older.options, &tiles, &err), TYTO_OK);
    assert_int_equal(tiles.step_x_px, 10 - 2);
    older.options.struct_bytes = offsetof(tyto_flow_options, overlap_px);
    assert_int_equal(tyto_flow_plan(of.model, 30, 30, &older.options, &plain, &err), TYTO_OK);
    assert_int_equal(plain.step_x_px, 10 - 3); /* the most that so small a network allows */
    older.options.struct_bytes = 0;
    assert_fails(tyto_flow_plan(of.model, 30, 30, &older.options, &plain, &err), TYTO_E_ARGUMENT,
                 &err, "tyto_flow_options: got struct_bytes 0");
    older.options.struct_bytes = sizeof(older.options) + 8;
    assert_fails(tyto_flow_plan(of.model, 30, 30, &older.options, &plain, &err), TYTO_E_ARGUMENT,
                 &err, "tyto_flow_options_init sets it");
    assert_int_equal(older.behind, 7);
    close_small(&of);
}

static void spans_are_found(void **state)
{
    (void)state;
    tyto_spans spans = {0};
    int64_t found = -1;
    tyto_error err = TYTO_ERROR_INIT;
    static const char text[] = "aaaa\0aa b";
    assert_int_equal(tyto_spans_find(&spans, text, sizeof(text) - 1, "aa", 2, &found, &err),
                     TYTO_OK);
    assert_int_equal(found, 3);
    static const size_t starts[] = {0, 2, 5};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(spans.items[i].start_bytes, starts[i]);
        assert_int_equal(spans.items[i].end_bytes, starts[i] + 2);
    }
    assert_int_equal(tyto_spans_find(&spans, text, sizeof(text) - 1, "c", 1, &found, &err),
                     TYTO_OK);
    assert_int_equal(found, 0);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(tyto_spans_add(&spans, (tyto_span){i, i + 1}, &err), TYTO_OK);
    }
    assert_int_equal(spans.count, 103);
    assert_int_equal(spans.items[102].start_bytes, 99);
    assert_fails(tyto_spans_find(&spans, text, 4, "", 0, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "part: got no bytes");
    tyto_spans_clear(&spans);
    assert_null(spans.items);
}

static void similarities_are_sorted(void **state)
{
    (void)state;
    const float logits[] = {1.0f, 3.0f, 3.0f, -2.0f}, odds[] = {0.1f, 0.4f, 0.4f, 0.1f};
    const float bad[] = {1.0f, NAN};
    tyto_similarities got;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_similarities_rank(logits, odds, 4, 3, &got, &err), TYTO_OK);
    assert_int_equal(got.count, 3);
    assert_int_equal(got.items[0].label_index, 1);
    assert_int_equal(got.items[1].label_index, 2);
    assert_int_equal(got.items[2].label_index, 0);
    assert_float_equal(got.items[2].probability, 0.1f, 0);
    tyto_similarities_clear(&got);
    assert_fails(tyto_similarities_rank(bad, odds, 2, 0, &got, &err), TYTO_E_ARGUMENT, &err,
                 "logits[1]: got NaN");
    assert_fails(tyto_similarities_rank(logits, odds, 0, 0, &got, &err), TYTO_E_ARGUMENT, &err,
                 "got 0 of them");
}

static void models_offer_their_tasks(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        tyto_task task;
    } offers[] = {{TEXTS, TYTO_TASK_CLASSIFY},
                  {PICTURES, TYTO_TASK_CLASSIFY},
                  {MASKS, TYTO_TASK_FILL_MASK},
                  {"flow", TYTO_TASK_FLOW},
                  {"multimodal", TYTO_TASK_AUTOENCODE}};
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        small of = open_small(offers[i].model);
        for (int task = 0; tyto_task_name((tyto_task)task); task++) {
            assert_int_equal(tyto_model_offers(of.model, (tyto_task)task),
                             (tyto_task)task == offers[i].task);
        }
        close_small(&of);
    }
    small bare = open_small("bare");
    assert_false(tyto_model_offers(bare.model, TYTO_TASK_CLASSIFY));
    close_small(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_follows_can_stop),
        cmocka_unit_test(the_sessions_follower_stays),
        cmocka_unit_test(earlier_errors_are_forgotten),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(options_may_be_older),
        cmocka_unit_test(spans_are_found),
        cmocka_unit_test(similarities_are_sorted),
        cmocka_unit_test(models_offer_their_tasks),
    };
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)(i * 37);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
