/* Videos searched frame by frame: the scene that comes with tyto, moved before a still camera. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "support/rendered.h"

/* Frames of the video, their side and place in the scene, which moves from one to the next. */
enum { FRAMES = 7, SIDE = 400, TOP = 180, LEFT = 180, STEP = 8 };

static const char *const labels[] = {"globe", "flamingo", "rabbit"};
static char folder[] = "/tmp/tyto-video-search-XXXXXX";

/* What the tests look with. */
static struct {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_vocabulary *vocabulary;
} it;

/* The part of the scene from `left` on. */
static tyto_image cut(const tyto_image *scene, int left)
{
    tyto_image out = {0};
    assert_int_equal(tyto_image_make(SIDE, SIDE, &out, NULL), TYTO_OK);
    for (int y = 0; y < SIDE; y++) {
        memcpy(out.data + (size_t)y * SIDE * 3,
               scene->data + 3 * ((y + TOP) * scene->width_px + left), (size_t)SIDE * 3);
    }
    return out;
}

static void write_video(const char *path, const tyto_image *scene)
{
    const tyto_video_format format = {.width_px = SIDE, .height_px = SIDE, .frames_per_second = 10};
    tyto_video_writer *writer = NULL;
    assert_int_equal(tyto_video_writer_create(path, &format, &writer, NULL), TYTO_OK);
    for (int i = 0; i < FRAMES; i++) {
        tyto_image frame = cut(scene, LEFT + STEP * i);
        assert_int_equal(tyto_video_writer_add_frame(writer, &frame, NULL), TYTO_OK);
        tyto_image_clear(&frame);
    }
    assert_int_equal(tyto_video_writer_commit(writer, NULL), TYTO_OK);
    tyto_video_writer_destroy(writer);
}

static int enter(void **state)
{
    const char *tests = getenv("TYTO_TEST_DATA");
    char path[4096];
    tyto_image scene = {0};
    (void)state;
    assert_non_null(tests);
    assert_int_equal(tyto_engine_create(NULL, &it.engine, NULL), TYTO_OK);
    snprintf(path, sizeof(path), "%s/../models/tyto-small", tests);
    assert_int_equal(tyto_model_open(it.engine, path, NULL, &it.model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(it.model, NULL, &it.session, NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_create(it.session, labels, 3, NULL, &it.vocabulary, NULL),
                     TYTO_OK);
    snprintf(path, sizeof(path), "%s/../assets/scenes/seven.jpg", tests);
    assert_int_equal(tyto_image_load(path, NULL, &scene, NULL), TYTO_OK);
    assert_true(scene.height_px >= SIDE + TOP && scene.width_px >= SIDE + LEFT + STEP * FRAMES);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_video("in.mp4", &scene);
    tyto_image_clear(&scene);
    return 0;
}

static int leave(void **state)
{
    char command[64];
    (void)state;
    tyto_vocabulary_destroy(it.vocabulary);
    tyto_session_destroy(it.session);
    tyto_model_destroy(it.model);
    tyto_engine_destroy(it.engine);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* What an option changes of one search. */
typedef struct wanted {
    int64_t every;
    bool track;
    int stop_at; /* the frame before which progress says no; 0: none */
} wanted;

static bool follow(void *user, const tyto_progress *progress)
{
    const wanted *how = user;
    if (strcmp(progress->stage, "frames") != 0) {
        return true;
    }
    assert_string_equal(progress->subject, "in.mp4");
    assert_true(progress->done < progress->total && progress->total <= FRAMES);
    return how->stop_at == 0 || progress->done < how->stop_at;
}

static tyto_video_search *open_search(wanted *how)
{
    static tyto_search_options look;
    tyto_video_search_options options;
    tyto_video_search *search = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options_init(&look, sizeof(look));
    look.threshold = 0.4f;
    look.nms = TYTO_NMS_ALL;
    tyto_video_search_options_init(&options, sizeof(options));
    options.search = &look;
    options.every = how->every;
    options.track = how->track;
    options.drawn = "out.mp4";
    options.labels = labels;
    options.n_labels = 3;
    options.progress = follow;
    options.progress_user = how;
    if (tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, &err) !=
        TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return search;
}

/* The same things in each frame, a step further to the left; each has one identity. */
static void things_are_found_and_followed(void **state)
{
    (void)state;
    for (int tracked = 0; tracked < 2; tracked++) {
        wanted how = {.every = 1, .track = tracked};
        tyto_video_search *search = open_search(&how);
        tyto_frame_detections found;
        int64_t ids[3] = {0};
        double left[3] = {0}, last_s;
        bool more;
        assert_int_equal(tyto_video_search_frame_count(search), FRAMES);
        for (int i = 0; i < FRAMES; i++) {
            assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_OK);
            assert_true(more);
            assert_int_equal(found.frame, i);
            assert_true(fabs(found.seconds - i / 10.0) < 1e-3);
            assert_int_equal(found.width_px, SIDE);
            assert_int_equal(found.height_px, SIDE);
            assert_true((found.tracks != NULL) == (tracked == 1));
            for (int64_t d = 0; d < found.detections.count; d++) {
                const tyto_detection *item = &found.detections.items[d];
                const int64_t label = item->label_index;
                if (item->score < 0.5f) {
                    continue;
                }
                if (left[label] > 0.0) {
                    assert_true(fabs(left[label] - STEP - (double)item->box.xmin) < 12.0);
                }
                left[label] = (double)item->box.xmin;
                if (tracked) {
                    assert_true(found.tracks[d] > 0);
                    assert_true(ids[label] == 0 || ids[label] == found.tracks[d]);
                    ids[label] = found.tracks[d];
                }
            }
            tyto_frame_detections_clear(&found);
        }
        assert_true(left[0] > 0.0 && left[1] > 0.0);
        assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_OK);
        assert_false(more);
        assert_int_equal(access("out.mp4", F_OK), -1);
        assert_int_equal(tyto_video_search_finish(search, NULL), TYTO_OK);
        assert_int_equal(tyto_video_search_done(search), FRAMES);
        tyto_video_search_destroy(search);
        assert_int_equal(rendered_frames_in("out.mp4", &last_s), FRAMES);
        assert_true(fabs(last_s - (FRAMES - 1) / 10.0) < 1e-3);
        remove("out.mp4");
    }
}

static void every_nth_frame_alone(void **state)
{
    (void)state;
    wanted how = {.every = 3};
    tyto_video_search *search = open_search(&how);
    tyto_frame_detections found;
    double last_s;
    bool more = true;
    assert_int_equal(tyto_video_search_frame_count(search), 3);
    for (int i = 0; i < FRAMES; i += 3) {
        assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_OK);
        assert_true(more && fabs(found.seconds - i / 10.0) < 1e-3);
        assert_int_equal(found.frame, i);
        tyto_frame_detections_clear(&found);
    }
    assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_OK);
    assert_false(more);
    assert_int_equal(tyto_video_search_finish(search, NULL), TYTO_OK);
    tyto_video_search_destroy(search);
    /* 3 a second, of which each has its time. */
    assert_int_equal(rendered_frames_in("out.mp4", &last_s), 3);
    assert_true(fabs(last_s - 0.667) < 0.01);
    remove("out.mp4");
}

static void what_was_found_before_a_stop_stays(void **state)
{
    (void)state;
    for (int finished = 0; finished < 2; finished++) {
        wanted how = {.every = 1, .stop_at = 2};
        tyto_video_search *search = open_search(&how);
        tyto_frame_detections found;
        double last_s;
        bool more;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_OK);
            tyto_frame_detections_clear(&found);
        }
        assert_int_equal(tyto_video_search_next(search, &found, &more, NULL), TYTO_E_CANCELLED);
        assert_false(more);
        if (finished) {
            assert_int_equal(tyto_video_search_finish(search, NULL), TYTO_OK);
        }
        tyto_video_search_destroy(search);
        assert_int_equal(access("out.mp4", F_OK), finished ? 0 : -1);
        assert_true(!finished || rendered_frames_in("out.mp4", &last_s) == 2);
        remove("out.mp4");
    }
}

static void what_is_wrong_is_said_before_the_first_frame(void **state)
{
    (void)state;
    tyto_video_search *search = NULL;
    tyto_video_search_options options;
    tyto_search_options look;
    tyto_frame_detections found;
    bool more;
    tyto_video_search_options_init(&options, sizeof(options));
    tyto_search_options_init(&look, sizeof(look));
    options.search = &look;
    assert_int_equal(
        tyto_video_search_open(it.session, "absent.mp4", it.vocabulary, &options, &search, NULL),
        TYTO_E_NOT_FOUND);
    options.every = 0;
    assert_int_equal(
        tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, NULL),
        TYTO_E_ARGUMENT);
    options.every = 1;
    look.input_px = 17;
    assert_int_equal(
        tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, NULL),
        TYTO_E_ARGUMENT);
    assert_null(search);
    /* No video replaces the one that it is made of, or is begun where it can't be written. */
    static const char *const places[] = {"in.mp4", "./in.mp4", "absent/out.mp4"};
    const tyto_status expected[] = {TYTO_E_ARGUMENT, TYTO_E_ARGUMENT, TYTO_E_IO};
    const float few[] = {0.5F};
    tyto_search_options_init(&look, sizeof(look));
    options.labels = labels;
    options.n_labels = 3;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        options.drawn = places[i];
        const tyto_status status =
            tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, NULL);
        assert_true(status == expected[i] || (i == 2 && status == TYTO_E_NOT_FOUND));
    }
    options.drawn = "out.mp4";
    options.n_labels = 2;
    assert_int_equal(
        tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, NULL),
        TYTO_E_ARGUMENT);
    options.drawn = NULL;
    look.label_thresholds = few;
    look.n_label_thresholds = 1;
    assert_int_equal(
        tyto_video_search_open(it.session, "in.mp4", it.vocabulary, &options, &search, NULL),
        TYTO_E_ARGUMENT);
    assert_null(search);
    assert_int_equal(tyto_video_search_open(NULL, "in.mp4", NULL, NULL, &search, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_video_search_open(it.session, NULL, NULL, NULL, &search, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_video_search_open(it.session, "in.mp4", NULL, NULL, NULL, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_video_search_next(NULL, &found, &more, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_video_search_finish(NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_video_search_done(NULL) + tyto_video_search_frame_count(NULL), 0);
    tyto_video_search_destroy(NULL);
    tyto_frame_detections_clear(NULL);
}

/* Embeddings come of the patches that are found, whole and in tiles. */
static void detections_have_their_embeddings(void **state)
{
    (void)state;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    tyto_search_options look;
    tyto_detections found = {0};
    double seconds;
    bool more;
    assert_int_equal(tyto_video_reader_open("in.mp4", &reader, NULL), TYTO_OK);
    assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
    const tyto_search_source source = {.image = &frame};
    tyto_search_options_init(&look, sizeof(look));
    look.embeddings = true;
    look.nms = TYTO_NMS_ALL;
    for (int tiles = 0; tiles < 2; tiles++) {
        look.tiles = tiles;
        assert_int_equal(tyto_search(it.session, &source, 1, it.vocabulary, &look, &found, NULL),
                         TYTO_OK);
        assert_true(found.count > 1 && found.embedding_width > 0);
        for (int64_t i = 0; i < found.count; i++) {
            double sum = 0.0;
            for (int64_t k = 0; k < found.embedding_width; k++) {
                const float value = found.embeddings[i * found.embedding_width + k];
                sum += (double)value * (double)value;
            }
            assert_true(isfinite(sum) && sum > 0.0);
        }
        tyto_detections_clear(&found);
        assert_null(found.embeddings);
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_are_found_and_followed),
        cmocka_unit_test(every_nth_frame_alone),
        cmocka_unit_test(what_was_found_before_a_stop_stays),
        cmocka_unit_test(what_is_wrong_is_said_before_the_first_frame),
        cmocka_unit_test(detections_have_their_embeddings),
    };
    return tyto_video_available() ? cmocka_run_group_tests(tests, enter, leave) : 0;
}
