/* Videos to windows, and windows through a small network. */
#include <stdio.h>
#include <sys/stat.h>

#include "support/rendered.h"
#include "support/small.h"

#include "support/cases.h"
#include "support/room.h"

/* A frame of the window's own size is taken as it is; the middle of a wider one too. */
static void frames_are_cut_in_the_middle(void **state)
{
    (void)state;
    const tyto_clip_shape shape = {.height_px = 4, .width_px = 4};
    float out[3 * 16];
    for (int64_t extra = 0; extra < 6; extra++) {
        for (int tall = 0; tall < 2; tall++) {
            tyto_image frame =
                tall ? rendered_frame(4, 4 + extra, 0) : rendered_frame(4 + extra, 4, 0);
            const int64_t begin = (4 + extra) / 2 - 2;
            assert_int_equal(tyto_clip_preprocess(&shape, &frame, out, NULL), TYTO_OK);
            for (int64_t i = 0; i < 48; i++) {
                const int64_t c = i / 16, y = i / 4 % 4 + (tall ? begin : 0),
                              x = i % 4 + (tall ? 0 : begin);
                assert_float_equal(out[i],
                                   (float)frame.data[(y * frame.width_px + x) * 3 + c] / 255.0f, 0);
            }
            tyto_image_clear(&frame);
        }
    }
}

/* Worked out by hand: two pixels to four lie at −0.25, 0.25, 0.75 and 1.25 between them. */
static void frames_are_resized_linearly(void **state)
{
    (void)state;
    const tyto_clip_shape four = {.height_px = 4, .width_px = 4},
                          one = {.height_px = 1, .width_px = 1};
    uint8_t pixels[2 * 2 * 3] = {0, 10, 0, 100, 10, 0, 0, 10, 200, 100, 10, 200};
    const tyto_image frame = {2, 2, pixels};
    static const float across[] = {0, 25, 75, 100}, down[] = {0, 50, 150, 200};
    float out[48];
    assert_int_equal(tyto_clip_preprocess(&four, &frame, out, NULL), TYTO_OK);
    for (int i = 0; i < 16; i++) {
        assert_float_equal(out[i] * 255.0f, across[i % 4], 1e-4f);
        assert_float_equal(out[16 + i] * 255.0f, 10.0f, 1e-4f);
        assert_float_equal(out[32 + i] * 255.0f, down[i / 4], 1e-4f);
    }
    assert_int_equal(tyto_clip_preprocess(&one, &frame, out, NULL), TYTO_OK);
    assert_float_equal(out[0] * 255.0f, 50.0f, 1e-4f);
    assert_float_equal(out[2] * 255.0f, 100.0f, 1e-4f);
}

static void numbers_become_pixels(void **state)
{
    (void)state;
    const tyto_clip_shape shape = {.height_px = 1, .width_px = 2};
    const float values[] = {0.0f, 1.0f, 0.5f, -3.0f, 7.0f, (float)NAN};
    static const uint8_t want[] = {0, 255, 128, 0, 255, 0};
    tyto_image image;
    assert_int_equal(tyto_clip_postprocess(&shape, values, &image, NULL), TYTO_OK);
    assert_memory_equal(image.data, want, sizeof(want));
    tyto_image_clear(&image);
}

/* The shape of the windows below: 8 frames of 32 x 32 and 1920 samples a frame. */
static const tyto_clip_shape eight = {8, 32, 32, 8 * 1920, 25, 48000};
#define EACH (3 * 32 * 32)
static float images[8 * EACH], sound[8 * 1920];

/* Which rendered frame this one is: the nearest of the first 64. */
static int which_frame(const float *frame, double *error)
{
    int best = -1;
    *error = 1e9;
    for (int i = 0; i < 64; i++) {
        tyto_image want = rendered_frame(32, 32, i);
        double sum = 0.0;
        for (int64_t k = 0; k < EACH; k++) {
            const int64_t c = k / 1024, at = k % 1024;
            sum += fabs((double)frame[k] * 255.0 - (double)want.data[3 * at + c]);
        }
        tyto_image_clear(&want);
        if (sum < *error) {
            *error = sum;
            best = i;
        }
    }
    *error /= EACH;
    return best;
}

static tyto_clip_reader *opened(const char *video, const char *from, tyto_clip_sound missing)
{
    tyto_clip_reader *reader = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_clip_reader_open(video, from, missing, &eight, &reader, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return reader;
}

/* All windows of a video of `count` frames at `rate`: each frame is the one shown at its time. */
static void assert_windows(const char *path, int count, double rate, int64_t total)
{
    tyto_clip_reader *reader = opened(path, NULL, TYTO_CLIP_SOUND_SILENT);
    int64_t frames = 1, seen = 0, windows = 0;
    const int64_t expected = tyto_clip_reader_window_count(reader);
    while (frames > 0) {
        assert_int_equal(tyto_clip_reader_next(reader, images, sound, &frames, NULL), TYTO_OK);
        windows += frames > 0;
        for (int64_t i = 0; frames > 0 && i < 8; i++) {
            double error;
            const int64_t index = seen + i < total ? seen + i : total - 1;
            int want = (int)((double)index / 25.0 * rate + 0.05);
            want = want < count ? want : count - 1;
            const int got = which_frame(images + i * EACH, &error);
            if (got != want || error > 8.0) {
                fail_msg("%s: frame %lld: got %d (error %g), required %d", path,
                         (long long)(seen + i), got, error, want);
            }
        }
        seen += frames;
    }
    assert_int_equal(seen, total);
    assert_int_equal(windows, (total + 7) / 8);
    /* The file tells how long its sound is, too, which a codec may draw out. */
    assert_true(expected == windows || expected == windows + 1);
    tyto_clip_reader_destroy(reader);
}

static void windows_hold_the_frames_of_their_time(void **state)
{
    (void)state;
    rendered_video("same.mp4", 32, 32, 20, 25, 0, 0.0);
    assert_windows("same.mp4", 20, 25.0, 20);
    rendered_video("full.mkv", 32, 32, 16, 25, 0, 0.0);
    assert_windows("full.mkv", 16, 25.0, 16);
    /* Matroska moves the picture to where the sound's encoder has it begin. */
    rendered_video("late.mkv", 32, 32, 16, 25, 48000, 440.0);
    assert_windows("late.mkv", 16, 25.0, 16);
    rendered_video("slow.mp4", 32, 32, 5, 10, 0, 0.0);
    assert_windows("slow.mp4", 5, 10.0, 13);
    rendered_video("fast.mp4", 32, 32, 60, 50, 0, 0.0);
    assert_windows("fast.mp4", 60, 50.0, 30);
    rendered_video("one.mp4", 32, 32, 1, 25, 0, 0.0);
    assert_windows("one.mp4", 1, 25.0, 1);
}

/* Sound goes on through the windows without a gap, and ends in silence. */
static void assert_sound(const char *path, double tone_hz)
{
    int64_t frames = 1, at = 0;
    double error = 0.0, strength = 0.0;
    rendered_video(path, 32, 32, 20, 25, 48000, tone_hz);
    tyto_clip_reader *reader = opened(path, NULL, TYTO_CLIP_SOUND_OWN);
    while (frames > 0) {
        assert_int_equal(tyto_clip_reader_next(reader, images, sound, &frames, NULL), TYTO_OK);
        for (int64_t i = 0; frames > 0 && i < 8 * 1920; i++, at++) {
            const double want = (double)rendered_tone(at, tone_hz, 48000.0);
            if (at > 2400 && at < 20 * 1920 - 2400) {
                error += pow((double)sound[i] - want, 2.0);
                strength += want * want;
            }
            if (at > 21 * 1920) {
                assert_true(fabsf(sound[i]) < 0.05f);
            }
        }
    }
    assert_int_equal(at, 24 * 1920);
    assert_true(error < 0.01 * strength);
    tyto_clip_reader_destroy(reader);
}

static void windows_hold_the_sound_of_their_time(void **state)
{
    (void)state;
    assert_sound("tone.mp4", 440.0);
    /* Whole milliseconds: half of one is little of a low tone. */
    assert_sound("tone.mkv", 40.0);
}

static void sound_may_be_absent_or_elsewhere(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_clip_reader *reader = NULL;
    int64_t frames;
    rendered_video("mute.mp4", 32, 32, 8, 25, 0, 0.0);
    rendered_video("alone.wav", 0, 0, 1, 1, 11111, 440.0);
    assert_fails(
        tyto_clip_reader_open("mute.mp4", NULL, TYTO_CLIP_SOUND_OWN, &eight, &reader, &err),
        TYTO_E_FORMAT, &err, "mute.mp4: no sound in it");
    assert_fails(
        tyto_clip_reader_open("alone.wav", NULL, TYTO_CLIP_SOUND_OWN, &eight, &reader, &err),
        TYTO_E_FORMAT, &err, "alone.wav: no picture in it");
    assert_fails(tyto_clip_reader_open("mute.mp4", "mute.mp4", TYTO_CLIP_SOUND_SILENT, &eight,
                                       &reader, &err),
                 TYTO_E_FORMAT, &err, "mute.mp4: no sound in it");
    assert_fails(
        tyto_clip_reader_open("mute.mp4", "no.wav", TYTO_CLIP_SOUND_OWN, &eight, &reader, &err),
        TYTO_E_NOT_FOUND, &err, "no.wav: ");
    reader = opened("mute.mp4", NULL, TYTO_CLIP_SOUND_SILENT);
    sound[7] = 1.0f;
    assert_int_equal(tyto_clip_reader_next(reader, images, sound, &frames, NULL), TYTO_OK);
    assert_int_equal(frames, 8);
    for (int i = 0; i < 8 * 1920; i++) {
        assert_float_equal(sound[i], 0.0f, 0);
    }
    tyto_clip_reader_destroy(reader);
    reader = opened("mute.mp4", "alone.wav", TYTO_CLIP_SOUND_OWN);
    assert_int_equal(tyto_clip_reader_next(reader, images, sound, &frames, NULL), TYTO_OK);
    for (int i = 2400; i < 8 * 1920; i++) {
        assert_float_equal(sound[i], rendered_tone(i, 440.0, 48000.0), 0.01f);
    }
    tyto_clip_reader_destroy(reader);
}

/* However many chunks: what a single forward without points gives. */
static void chunks_change_nothing(void **state)
{
    (void)state;
    enum { POSITIONS = 3 * 8 * 8, SAMPLES = 3 * 8, LABELS = 5 };
    static const int64_t numbers[] = {1, 2, 3, 5, 6, 7, 100, 128, POSITIONS};
    small of = open_small("multimodal");
    tyto_clip_shape shape;
    float pixels[3 * POSITIONS], samples[SAMPLES], label[LABELS] = {0};
    assert_int_equal(tyto_autoencode_shape(of.model, &shape, NULL), TYTO_OK);
    assert_int_equal(shape.frames * shape.height_px * shape.width_px, POSITIONS);
    assert_int_equal(shape.samples, SAMPLES);
    assert_int_equal(shape.sound_hz, 200);
    for (int i = 0; i < 3 * POSITIONS; i++) {
        pixels[i] = (float)(0.5 + 0.5 * sin(0.37 * i));
    }
    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = (float)sin(0.9 * i);
    }
    const tyto_tensor inputs[] = {
        {"inputs.image", TYTO_F32, 5, {1, 3, 3, 8, 8}, pixels},
        {"inputs.audio", TYTO_F32, 3, {1, SAMPLES, 1}, samples},
        {"inputs.label", TYTO_F32, 2, {1, LABELS}, label},
    };
    const char *const wanted[] = {"logits.image", "logits.audio", "logits.label"};
    const tyto_tensor *outputs;
    int64_t n;
    float want[3 * POSITIONS + SAMPLES + LABELS];
    assert_int_equal(tyto_forward(of.session, NULL, inputs, 3, wanted, 3, &outputs, &n, NULL),
                     TYTO_OK);
    memcpy(want, outputs[0].data, 3 * POSITIONS * sizeof(float));
    memcpy(want + 3 * POSITIONS, outputs[1].data, SAMPLES * sizeof(float));
    memcpy(want + 3 * POSITIONS + SAMPLES, outputs[2].data, LABELS * sizeof(float));
    double sum = 0.0;
    for (int i = 0; i < LABELS; i++) {
        sum += exp((double)want[3 * POSITIONS + SAMPLES + i]);
    }
    for (size_t k = 0; next_case(k, sizeof(numbers) / sizeof(numbers[0])); k++) {
        tyto_autoencode_options options;
        tyto_reconstruction made = {0};
        step_count seen = {.stage = "chunks"};
        tyto_autoencode_options_init(&options, sizeof(options));
        options.chunks = numbers[k];
        options.progress = count_steps;
        options.progress_user = &seen;
        assert_int_equal(tyto_autoencode(of.session, pixels, samples, &options, &made, NULL),
                         TYTO_OK);
        assert_int_equal(seen.seen, numbers[k]);
        assert_int_equal(seen.total, numbers[k]);
        for (int i = 0; i < 3 * POSITIONS; i++) {
            assert_float_equal(made.images[i], want[i], 1e-5f);
        }
        for (int i = 0; i < SAMPLES; i++) {
            assert_float_equal(made.sound[i], want[3 * POSITIONS + i], 1e-5f);
        }
        assert_int_equal(made.n_classes, LABELS);
        for (int i = 0; i < LABELS; i++) {
            assert_float_equal(made.probabilities[i],
                               (float)(exp((double)want[3 * POSITIONS + SAMPLES + i]) / sum),
                               1e-5f);
        }
        tyto_reconstruction_clear(&made);
    }
    /* The class alone is the same class. */
    tyto_autoencode_options options;
    tyto_reconstruction made = {0};
    tyto_autoencode_options_init(&options, sizeof(options));
    options.classify = true;
    assert_int_equal(tyto_autoencode(of.session, pixels, samples, &options, &made, NULL), TYTO_OK);
    assert_null(made.images);
    assert_null(made.sound);
    assert_float_equal(made.probabilities[2],
                       (float)(exp((double)want[3 * POSITIONS + SAMPLES + 2]) / sum), 1e-5f);
    tyto_reconstruction_clear(&made);
    close_small(&of);
}

static void wrong_models_and_chunks_are_refused(void **state)
{
    (void)state;
    small of = open_small("multimodal"), other = open_small("flow");
    tyto_autoencode_options options;
    tyto_reconstruction made = {0};
    tyto_clip_shape shape;
    tyto_error err = TYTO_ERROR_INIT;
    static const float zeros[3 * 3 * 8 * 8];
    tyto_autoencode_options_init(&options, sizeof(options));
    assert_fails(tyto_autoencode_shape(other.model, &shape, &err), TYTO_E_ARGUMENT, &err,
                 "required a PerceiverForMultimodalAutoencoding");
    assert_fails(tyto_autoencode(other.session, zeros, zeros, &options, &made, &err),
                 TYTO_E_ARGUMENT, &err, "required a PerceiverForMultimodalAutoencoding");
    options.chunks = 0;
    assert_fails(tyto_autoencode(of.session, zeros, zeros, &options, &made, &err), TYTO_E_ARGUMENT,
                 &err, "chunks: got 0, required 1 to 192");
    options.chunks = 193;
    assert_fails(tyto_autoencode(of.session, zeros, zeros, &options, &made, &err), TYTO_E_ARGUMENT,
                 &err, "chunks: got 193");
    close_small(&of);
    close_small(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_cut_in_the_middle),
        cmocka_unit_test(frames_are_resized_linearly),
        cmocka_unit_test(numbers_become_pixels),
        cmocka_unit_test(chunks_change_nothing),
        cmocka_unit_test(wrong_models_and_chunks_are_refused),
    };
    const struct CMUnitTest of_files[] = {
        cmocka_unit_test(windows_hold_the_frames_of_their_time),
        cmocka_unit_test(windows_hold_the_sound_of_their_time),
        cmocka_unit_test(sound_may_be_absent_or_elsewhere),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed +
           (tyto_video_available() ? cmocka_run_group_tests(of_files, room_begin, room_end) : 0);
}
