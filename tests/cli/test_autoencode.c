/* tyto autoencode on videos of all kinds, with a small network. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/rendered.h"

#include "support/cases.h"

#define MODEL test_path("golden/data/perceiver/multimodal/model")

/* Frames of a video, and the mean level of its pixels. */
static int frames_of(const char *path, int64_t *width, int64_t *height)
{
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more = true;
    int count = 0;
    assert_int_equal(tyto_video_reader_open(path, &reader, NULL), TYTO_OK);
    while (more) {
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        count += more;
    }
    *width = frame.width_px;
    *height = frame.height_px;
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
    return count;
}

/* What the library gives for each window of a video, in order. */
typedef struct expected {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_clip_shape shape;
    tyto_clip_reader *reader;
    float images[3 * 3 * 64], sound[24];
} expected;

static void expect(expected *to, const char *video)
{
    *to = (expected){0};
    assert_int_equal(tyto_engine_create(NULL, &to->engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(to->engine, MODEL, NULL, &to->model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(to->model, NULL, &to->session, NULL), TYTO_OK);
    assert_int_equal(tyto_autoencode_shape(to->model, &to->shape, NULL), TYTO_OK);
    assert_int_equal(
        tyto_clip_reader_open(video, NULL, TYTO_CLIP_SOUND_OWN, &to->shape, &to->reader, NULL),
        TYTO_OK);
}

static int64_t expect_next(expected *of, tyto_reconstruction *out)
{
    tyto_autoencode_options options;
    int64_t frames;
    tyto_autoencode_options_init(&options, sizeof(options));
    assert_int_equal(tyto_clip_reader_next(of->reader, of->images, of->sound, &frames, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_autoencode(of->session, of->images, of->sound, &options, out, NULL),
                     TYTO_OK);
    return frames;
}

static void release(expected *of)
{
    tyto_clip_reader_destroy(of->reader);
    tyto_session_destroy(of->session);
    tyto_model_destroy(of->model);
    tyto_engine_destroy(of->engine);
}

/* Labels of one array: best first, with the library's probabilities. */
static void assert_labels(const json_t *labels, const float *probabilities, size_t count)
{
    double last = 1.0;
    assert_int_equal(json_array_size(labels), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *label = json_array_get(labels, i);
        const json_int_t index = json_integer_value(json_object_get(label, "label_index"));
        const double score = json_number_value(json_object_get(label, "score"));
        char name[16];
        snprintf(name, sizeof(name), "LABEL_%d", (int)index);
        assert_string_equal(json_string_value(json_object_get(label, "label")), name);
        assert_true(index >= 0 && index < 5);
        assert_true(fabs(score - (double)probabilities[index]) < 1e-5);
        assert_true(score <= last);
        last = score;
    }
}

static void a_video_is_made_again_and_named(void **state)
{
    (void)state;
    int64_t width, height;
    rendered_video("in.mp4", 20, 16, 7, 25, 48000, 40.0);
    ran run = tyto("autoencode", "-m", MODEL, "in.mp4", "-o", "out.mp4", "--format", "json",
                   "--top-k", "5", NULL);
    assert_done(&run);
    assert_string_equal(run.err, "");
    assert_int_equal(frames_of("out.mp4", &width, &height), 7);
    assert_int_equal(width, 8);
    assert_int_equal(height, 8);
    tyto_sound_reader *sound = NULL;
    assert_int_equal(tyto_sound_reader_open("out.mp4", 200, &sound, NULL), TYTO_OK);
    tyto_sound_reader_destroy(sound);

    json_t *root = parsed(run.out);
    const json_t *windows = json_object_get(root, "windows");
    static const double ends[] = {0.12, 0.24, 0.28};
    float mean[5] = {0};
    expected want;
    expect(&want, "in.mp4");
    assert_string_equal(json_string_value(json_object_get(root, "video")), "in.mp4");
    assert_int_equal(json_array_size(windows), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *window = json_array_get(windows, i);
        tyto_reconstruction made = {0};
        assert_int_equal(expect_next(&want, &made), i < 2 ? 3 : 1);
        assert_labels(json_object_get(window, "labels"), made.probabilities, 5);
        assert_true(fabs(json_number_value(json_object_get(window, "to_s")) - ends[i]) < 1e-5);
        assert_true(fabs(json_number_value(json_object_get(window, "from_s")) - 0.12 * (double)i) <
                    1e-5);
        for (int c = 0; c < 5; c++) {
            mean[c] += made.probabilities[c] / 3.0f;
        }
        tyto_reconstruction_clear(&made);
    }
    assert_labels(json_object_get(root, "labels"), mean, 5);
    release(&want);
    json_decref(root);
    ran_clear(&run);
}

/* However the decoding is cut, the file is the same to the byte; other windows are not computed. */
static void chunks_and_windows_are_the_users(void **state)
{
    (void)state;
    size_t one_length, many_length;
    int64_t width, height;
    rendered_video("in.mkv", 20, 16, 7, 25, 48000, 40.0);
    ran run = tyto("autoencode", "-m", MODEL, "in.mkv", "-o", "one.mkv", "--chunks", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("autoencode", "-m", MODEL, "in.mkv", "-o", "many.mkv", "--chunks", "128", NULL);
    assert_done(&run);
    ran_clear(&run);
    char *one = file_text("one.mkv", &one_length), *many = file_text("many.mkv", &many_length);
    assert_int_equal(one_length, many_length);
    assert_memory_equal(one, many, one_length);
    free(one);
    free(many);
    run = tyto("autoencode", "-m", MODEL, "in.mkv", "-o", "short.mkv", "--windows", "2", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(frames_of("short.mkv", &width, &height), 6);
    run = tyto("autoencode", "-m", MODEL, "in.mkv", "-o", "x.mkv", "--chunks", "193", NULL);
    assert_complains(&run, 1, "chunks: got 193, required 1 to 192");
    assert_false(file_there("x.mkv"));
}

static void a_folder_is_classified(void **state)
{
    (void)state;
    assert_int_equal(mkdir("clips", 0777), 0);
    rendered_video("clips/a.mp4", 8, 8, 3, 25, 16000, 40.0);
    rendered_video("clips/b.mkv", 8, 8, 6, 25, 48000, 90.0);
    write_file("clips/notes.txt", "no video", 8);
    ran run = tyto("autoencode", "-m", MODEL, "--classify", "clips", "-f", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 2);
    assert_int_equal(json_array_size(json_object_get(json_array_get(root, 0), "windows")), 1);
    assert_int_equal(json_array_size(json_object_get(json_array_get(root, 1), "windows")), 2);
    json_decref(root);
    ran_clear(&run);
    run = tyto("autoencode", "-m", MODEL, "--classify", "clips/a.mp4", "--top-k", "2", NULL);
    assert_done(&run);
    assert_memory_equal(run.out, "clips/a.mp4\n  0.", 16);
    assert_null(strstr(run.out, " to "));
    ran_clear(&run);
    assert_int_equal(folder_count("clips"), 3);
}

/* Each bad file is told in a line; those before and after it are done. */
static void bad_videos_do_not_stop_others(void **state)
{
    (void)state;
    int64_t width, height;
    size_t length;
    rendered_video("good.mp4", 8, 8, 3, 25, 16000, 40.0);
    rendered_video("mute.mp4", 8, 8, 3, 25, 0, 0.0);
    rendered_video("sound.wav", 0, 0, 1, 1, 11111, 40.0);
    char *whole = file_text("good.mp4", &length);
    write_file("cut.mp4", whole, length / 2);
    write_file("empty.mp4", "", 0);
    free(whole);
    static const char *const bad[][2] = {
        {"mute.mp4", "mute.mp4: no sound in it, required a file with sound, another file's "
                     "(sound), or silence"},
        {"sound.wav", "sound.wav: no picture in it"},
        {"cut.mp4", "cut.mp4: "},
        {"empty.mp4", "empty.mp4: "},
        {"absent.mp4", "absent.mp4: No such file"}};
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        char into[16];
        snprintf(into, sizeof(into), "made%zu", i);
        ran run = tyto("autoencode", "-m", MODEL, bad[i][0], "good.mp4", "-o", into, NULL);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, bad[i][1]));
        assert_non_null(strstr(run.err, i < 4 ? "1 video done, 1 failed, in " : "absent"));
        ran_clear(&run);
        assert_int_equal(folder_count(into), 1);
        snprintf(into, sizeof(into), "made%zu/good.mp4", i);
        assert_int_equal(frames_of(into, &width, &height), 3);
    }
    ran run = tyto("autoencode", "-m", MODEL, "mute.mp4", "--silent", "-o", "silent.mp4", NULL);
    assert_done(&run);
    ran_clear(&run);
    run =
        tyto("autoencode", "-m", MODEL, "mute.mp4", "--sound", "sound.wav", "-o", "with.mp4", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(frames_of("with.mp4", &width, &height), 3);
}

static void wrong_usage_is_told_before_work(void **state)
{
    (void)state;
    rendered_video("in.mp4", 8, 8, 3, 25, 16000, 40.0);
    assert_int_equal(mkdir("none", 0777), 0);
    ran run = tyto("autoencode", "-m", "nowhere", NULL);
    assert_complains(&run, 2, "no video");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", NULL);
    assert_complains(&run, 2, "nowhere to write");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "--classify", "-o", "x.mp4", NULL);
    assert_complains(&run, 2, "--classify: got -o as well");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "-o", "x.wav", NULL);
    assert_complains(&run, 2, "-o: got 'x.wav'");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "-o", "in.mp4", NULL);
    assert_complains(&run, 2, "in.mp4 is one of the inputs");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "-o", ".", NULL);
    assert_complains(&run, 2, "in.mp4 is one of the inputs");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "./in.mp4", "-o", "x", NULL);
    assert_complains(&run, 2, "both would be written to 'in'");
    run = tyto("autoencode", "-m", "nowhere", "in.mp4", "good.mp4", "--sound", "x.wav",
               "--classify", NULL);
    assert_complains(&run, 2, "--sound: got 2 videos");
    run = tyto("autoencode", "-m", "nowhere", "none", "--classify", NULL);
    assert_complains(&run, 1, "none: no video in this folder");
    run = tyto("autoencode", "-m", test_path("golden/data/perceiver/flow/model"), "in.mp4",
               "--classify", NULL);
    assert_complains(&run, 1, "required PerceiverForMultimodalAutoencoding");
}

static void a_build_without_videos_says_so(void **state)
{
    (void)state;
    write_file("in.mp4", "anything", 8);
    ran run = tyto("autoencode", "-m", MODEL, "in.mp4", "--classify", NULL);
    assert_complains(&run, 1, "this build reads and writes no videos");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_video_is_made_again_and_named),
        cmocka_unit_test(chunks_and_windows_are_the_users),
        cmocka_unit_test(a_folder_is_classified),
        cmocka_unit_test(bad_videos_do_not_stop_others),
        cmocka_unit_test(wrong_usage_is_told_before_work),
    };
    const struct CMUnitTest absent[] = {cmocka_unit_test(a_build_without_videos_says_so)};
    return tyto_video_available() ? cmocka_run_group_tests(tests, enter_folder, leave_folder)
                                  : cmocka_run_group_tests(absent, enter_folder, leave_folder);
}
