/* Frames that follow each other, and whole videos: what the calls for one pair and for one window
 * give, in order. */
#include <stdio.h>
#include <sys/stat.h>

#include "support/rendered.h"
#include "support/room.h"
#include "support/small.h"

static tyto_flow_options flow_options(void)
{
    tyto_flow_options options;
    tyto_flow_options_init(&options, sizeof(options));
    options.overlap_px = 2;
    return options;
}

static void assert_pair(small *of, const tyto_flow_pair *pair, int64_t number,
                        const tyto_image *first, const tyto_image *second)
{
    const tyto_flow_options options = flow_options();
    tyto_flow_field want;
    assert_int_equal(pair->frame, number);
    assert_int_equal(tyto_flow(of->session, first, second, &options, &want, NULL), TYTO_OK);
    assert_int_equal(pair->flow.width_px, want.width_px);
    assert_int_equal(pair->flow.height_px, want.height_px);
    assert_memory_equal(pair->flow.data, want.data,
                        (size_t)(2 * want.width_px * want.height_px) * sizeof(float));
    tyto_flow_field_clear(&want);
}

/* Five photos: the third can't be read, the fourth is given, the fifth is of another size. */
static void photos_follow_each_other(void **state)
{
    (void)state;
    small of = open_small("flow");
    const tyto_flow_options options = flow_options();
    const char *const paths[] = {"0.png", "1.png", "none.png", "-", "4.png", "5.png"};
    tyto_image frames[6], given;
    tyto_flow_sequence *sequence;
    tyto_flow_pair pair;
    tyto_error err = TYTO_ERROR_INIT;
    bool more;
    for (int i = 0; i < 6; i++) {
        frames[i] = rendered_frame(12, i < 5 ? 9 : 8, i);
        if (strchr(paths[i], '.') && i != 2) {
            assert_int_equal(tyto_image_save(paths[i], &frames[i], NULL), TYTO_OK);
        }
    }
    assert_int_equal(tyto_flow_sequence_create(paths, 6, &sequence, &err), TYTO_OK);
    assert_int_equal(tyto_flow_sequence_pair_count(sequence), 5);
    given = rendered_frame(12, 9, 3);
    assert_fails(tyto_flow_sequence_give(sequence, 1, &given, &err), TYTO_E_ARGUMENT, &err,
                 "frame: got 1");
    assert_int_equal(tyto_flow_sequence_give(sequence, 3, &given, &err), TYTO_OK);
    assert_null(given.data);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_true(more);
    assert_pair(&of, &pair, 0, &frames[0], &frames[1]);
    assert_string_equal(pair.name, "0.png");
    assert_true(pair.tiles.width_px == 12 && pair.tiles.height_px == 9);
    tyto_flow_pair_clear(&pair);
    assert_null(pair.name);
    assert_fails(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                 TYTO_E_NOT_FOUND, &err, "none.png");
    assert_true(more);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_pair(&of, &pair, 3, &frames[3], &frames[4]);
    tyto_flow_pair_clear(&pair);
    assert_fails(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                 TYTO_E_SHAPE, &err, "4.png: frames: got 12 x 9 and 12 x 8");
    assert_null(pair.flow.data);
    assert_false(more);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_false(more);
    tyto_flow_sequence_destroy(sequence);
    for (int i = 0; i < 6; i++) {
        tyto_image_clear(&frames[i]);
    }
    close_small(&of);
}

/* A photo that nobody gives is a gap; one frame alone is no sequence. */
static void gaps_have_no_pairs(void **state)
{
    (void)state;
    small of = open_small("flow");
    const char *const paths[] = {"0.png", NULL, "1.png"};
    tyto_flow_sequence *sequence;
    tyto_flow_pair pair;
    tyto_error err = TYTO_ERROR_INIT;
    bool more = true;
    assert_int_equal(tyto_flow_sequence_create(paths, 3, &sequence, &err), TYTO_OK);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, NULL, &pair, &more, &err),
                     TYTO_OK);
    assert_false(more);
    assert_null(pair.flow.data);
    tyto_flow_sequence_destroy(sequence);
    assert_fails(tyto_flow_sequence_create(paths, 1, &sequence, &err), TYTO_E_ARGUMENT, &err,
                 "frames: got 1");
    assert_fails(tyto_flow_sequence_open("no.mp4", &sequence, &err),
                 tyto_video_available() ? TYTO_E_NOT_FOUND : TYTO_E_UNSUPPORTED, &err, "");
    assert_null(sequence);
    close_small(&of);
}

static bool stop_at_second_tile(void *user, const tyto_progress *progress)
{
    (void)user;
    return strcmp(progress->stage, "tiles") != 0 || progress->done == 0;
}

static void videos_are_sequences(void **state)
{
    (void)state;
    small of = open_small("flow");
    tyto_flow_options options = flow_options();
    tyto_video_reader *reader;
    tyto_image frames[3] = {{0}};
    tyto_flow_sequence *sequence;
    tyto_flow_pair pair;
    tyto_error err = TYTO_ERROR_INIT;
    double seconds;
    bool more;
    rendered_video("three.mkv", 16, 12, 3, 25, 0, 0.0);
    rendered_video("one.mkv", 16, 12, 1, 25, 0, 0.0);
    assert_int_equal(tyto_video_reader_open("three.mkv", &reader, &err), TYTO_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tyto_video_reader_next(reader, &frames[i], &seconds, &more, &err),
                         TYTO_OK);
        assert_true(more);
    }
    assert_int_equal(tyto_flow_sequence_open("three.mkv", &sequence, &err), TYTO_OK);
    assert_true(tyto_flow_sequence_pair_count(sequence) >= 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err), TYTO_OK);
        assert_true(more);
        assert_pair(&of, &pair, i, &frames[i], &frames[i + 1]);
        assert_string_equal(pair.name, i == 0 ? "three.mkv: frame 0" : "three.mkv: frame 1");
        tyto_flow_pair_clear(&pair);
    }
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_false(more);
    tyto_flow_sequence_destroy(sequence);
    assert_int_equal(tyto_flow_sequence_open("three.mkv", &sequence, &err), TYTO_OK);
    tyto_flow_sequence_limit(sequence, 1);
    assert_int_equal(tyto_flow_sequence_pair_count(sequence), 1);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_true(more && pair.flow.data);
    tyto_flow_pair_clear(&pair);
    assert_int_equal(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                     TYTO_OK);
    assert_false(more || pair.flow.data);
    tyto_flow_sequence_destroy(sequence);
    tyto_flow_sequence_limit(NULL, 1);
    assert_int_equal(tyto_flow_sequence_open("three.mkv", &sequence, &err), TYTO_OK);
    options.progress = stop_at_second_tile;
    assert_fails(tyto_flow_sequence_next(of.session, sequence, &options, &pair, &more, &err),
                 TYTO_E_CANCELLED, &err, "three.mkv: frame 0: tiles");
    assert_false(more);
    tyto_flow_sequence_destroy(sequence);
    assert_int_equal(tyto_flow_sequence_open("one.mkv", &sequence, &err), TYTO_OK);
    assert_fails(tyto_flow_sequence_next(of.session, sequence, NULL, &pair, &more, &err),
                 TYTO_E_FORMAT, &err, "one.mkv: got one frame alone");
    assert_false(more);
    tyto_flow_sequence_destroy(sequence);
    for (int i = 0; i < 3; i++) {
        tyto_image_clear(&frames[i]);
    }
    tyto_video_reader_destroy(reader);
    close_small(&of);
}

static tyto_autoencode_video_options video_options(void)
{
    tyto_autoencode_video_options options;
    tyto_autoencode_video_options_init(&options, sizeof(options));
    options.missing = TYTO_CLIP_SOUND_SILENT;
    return options;
}

/* Each window by itself gives the scores, and their mean is the video's. */
static void videos_are_classified(void **state)
{
    (void)state;
    enum { LABELS = 5 };
    small of = open_small("multimodal");
    const tyto_autoencode_video_options options = video_options();
    tyto_video_classes found;
    tyto_clip_shape shape;
    tyto_clip_reader *reader;
    tyto_classes best;
    tyto_error err = TYTO_ERROR_INIT;
    float images[3 * 3 * 8 * 8], sound[24];
    double mean[LABELS] = {0.0};
    int64_t frames = 1, windows = 0;
    rendered_video("seven.mkv", 8, 8, 7, 25, 0, 0.0);
    assert_int_equal(tyto_classify_video(of.session, "seven.mkv", &options, &found, &err), TYTO_OK);
    assert_int_equal(found.n_windows, 3);
    assert_int_equal(found.n_classes, LABELS);
    assert_true(is_close(found.window_s, 0.12, 1e-12));
    assert_true(is_close(found.end_s, 0.28, 1e-12));
    assert_int_equal(tyto_autoencode_shape(of.model, &shape, &err), TYTO_OK);
    assert_int_equal(
        tyto_clip_reader_open("seven.mkv", NULL, TYTO_CLIP_SOUND_SILENT, &shape, &reader, &err),
        TYTO_OK);
    tyto_autoencode_options one;
    tyto_autoencode_options_init(&one, sizeof(one));
    one.classify = true;
    while (frames > 0) {
        tyto_reconstruction made;
        assert_int_equal(tyto_clip_reader_next(reader, images, sound, &frames, &err), TYTO_OK);
        if (frames > 0) {
            assert_int_equal(tyto_autoencode(of.session, images, sound, &one, &made, &err),
                             TYTO_OK);
            assert_memory_equal(made.probabilities, found.scores + windows++ * LABELS,
                                LABELS * sizeof(float));
            for (int i = 0; i < LABELS; i++) {
                mean[i] += (double)made.probabilities[i] / 3.0;
            }
            tyto_reconstruction_clear(&made);
        }
    }
    assert_int_equal(windows, 3);
    for (int i = 0; i < LABELS; i++) {
        assert_true(is_close((double)found.mean[i], mean[i], 1e-6));
    }
    assert_int_equal(tyto_video_classes_best(&found, -1, 2, &best, &err), TYTO_OK);
    assert_int_equal(best.count, 2);
    assert_float_equal(best.items[0].score, found.mean[best.items[0].label_index], 0);
    assert_true(best.items[0].score >= best.items[1].score);
    tyto_classes_clear(&best);
    assert_fails(tyto_video_classes_best(&found, 3, 2, &best, &err), TYTO_E_RANGE, &err,
                 "window: got 3, required -1 to 2");
    tyto_clip_reader_destroy(reader);
    tyto_video_classes_clear(&found);
    close_small(&of);
}

static void videos_are_made_again(void **state)
{
    (void)state;
    small of = open_small("multimodal");
    tyto_autoencode_video_options options = video_options();
    tyto_video_classes found;
    tyto_error err = TYTO_ERROR_INIT;
    struct stat info;
    rendered_video("five.mkv", 8, 8, 5, 25, 0, 0.0);
    step_count steps = {.stage = "windows"};
    options.progress = count_steps;
    options.progress_user = &steps;
    options.chunks = 4;
    /* A file has sound at rates that its codec has: WAV-like networks of 200 Hz make none. */
    const tyto_status status =
        tyto_autoencode_video(of.session, "five.mkv", "out.mkv", &options, &found, &err);
    if (status == TYTO_OK) {
        assert_int_equal(steps.seen, 2 * 4);
        assert_int_equal(steps.total, 2 * 4);
        assert_int_equal(found.n_windows, 2);
        assert_int_equal(stat("out.mkv", &info), 0);
        tyto_video_classes_clear(&found);
    }
    tyto_error_clear(&err);
    unlink("out.mkv");
    /* Stopped: nothing is there. */
    steps = (step_count){.stage = "windows", .stop = 3};
    const tyto_status stopped =
        tyto_autoencode_video(of.session, "five.mkv", "out.mkv", &options, &found, &err);
    assert_int_equal(stopped, status == TYTO_OK ? TYTO_E_CANCELLED : status);
    assert_null(found.scores);
    assert_int_not_equal(stat("out.mkv", &info), 0);
    tyto_error_clear(&err);
    steps = (step_count){.stage = "windows", .stop = 2};
    assert_fails(tyto_classify_video(of.session, "five.mkv", &options, &found, &err),
                 TYTO_E_CANCELLED, &err, "windows");
    /* Or the windows so far are the result. */
    steps = (step_count){.stage = "windows", .stop = 2};
    options.partial = true;
    assert_int_equal(tyto_classify_video(of.session, "five.mkv", &options, &found, NULL),
                     TYTO_E_CANCELLED);
    assert_int_equal(found.n_windows, 1);
    assert_memory_equal(found.mean, found.scores, (size_t)found.n_classes * sizeof(float));
    tyto_video_classes_clear(&found);
    options.partial = false;
    steps = (step_count){.stage = "windows"};
    options.windows = 1;
    assert_int_equal(tyto_classify_video(of.session, "five.mkv", &options, &found, &err), TYTO_OK);
    assert_int_equal(found.n_windows, 1);
    tyto_video_classes_clear(&found);
    options.windows = -1;
    assert_fails(tyto_classify_video(of.session, "five.mkv", &options, &found, &err),
                 TYTO_E_ARGUMENT, &err, "windows: got -1");
    close_small(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_follow_each_other),
        cmocka_unit_test(gaps_have_no_pairs),
    };
    const struct CMUnitTest of_videos[] = {
        cmocka_unit_test(videos_are_sequences),
        cmocka_unit_test(videos_are_classified),
        cmocka_unit_test(videos_are_made_again),
    };
    const int failed = cmocka_run_group_tests(tests, room_begin, NULL);
    return failed + (tyto_video_available() ? cmocka_run_group_tests(of_videos, NULL, room_end)
                                            : cmocka_run_group_tests(tests, NULL, room_end));
}
