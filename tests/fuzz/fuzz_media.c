/* A file of video, sound or both: its frames, its samples, and the windows that are cut of it. */
#include <math.h>
#include <tyto/clip.h>
#include <tyto/video.h>

#include "fuzz.h"

enum { FRAMES_MAX = 12, WINDOWS_MAX = 4, FRAMES = 3, SIDE = 4, SAMPLES = 400, HZ = 3200 };

static void check_failed(tyto_error *err)
{
    if (!err->message) {
        __builtin_trap();
    }
    tyto_error_clear(err);
}

static void read_frames(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader;
    if (tyto_video_reader_open(path, &reader, &err) != TYTO_OK) {
        check_failed(&err);
        return;
    }
    const double rate = tyto_video_reader_rate(reader);
    tyto_image frame = {0};
    double seconds, last = 0.0;
    bool more = true;
    if (!(rate >= 0.0) || !(tyto_video_reader_seconds(reader) >= 0.0)) {
        __builtin_trap();
    }
    for (int i = 0; more && i < FRAMES_MAX; i++) {
        if (tyto_video_reader_next(reader, &frame, &seconds, &more, &err) != TYTO_OK) {
            check_failed(&err);
            break;
        }
        if (more && !(seconds >= last && seconds <= TYTO_VIDEO_SECONDS_MAX)) {
            __builtin_trap();
        }
        last = more ? seconds : last;
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

static void check_samples(const float *samples, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        volatile float sum = samples[i]; /* readable; files of floats may hold any */
        (void)sum;
    }
}

static void read_sound(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_sound_reader *reader;
    float samples[SAMPLES];
    int64_t got = SAMPLES;
    if (tyto_sound_reader_open(path, HZ, &reader, &err) != TYTO_OK) {
        check_failed(&err);
        return;
    }
    for (int i = 0; got == SAMPLES && i < FRAMES_MAX; i++) {
        if (tyto_sound_reader_read(reader, samples, SAMPLES, &got, &err) != TYTO_OK) {
            check_failed(&err);
            break;
        }
        if (got < 0 || got > SAMPLES) {
            __builtin_trap();
        }
        check_samples(samples, got);
    }
    tyto_sound_reader_destroy(reader);
}

static void read_windows(const char *path)
{
    static const tyto_clip_shape shape = {FRAMES, SIDE, SIDE, SAMPLES, 25, HZ};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_clip_reader *reader;
    float images[FRAMES * 3 * SIDE * SIDE], sound[SAMPLES];
    int64_t frames = 1;
    if (tyto_clip_reader_open(path, NULL, TYTO_CLIP_SOUND_SILENT, &shape, &reader, &err) !=
        TYTO_OK) {
        check_failed(&err);
        return;
    }
    if (tyto_clip_reader_window_count(reader) < 1) {
        __builtin_trap();
    }
    for (int i = 0; frames > 0 && i < WINDOWS_MAX; i++) {
        if (tyto_clip_reader_next(reader, images, sound, &frames, &err) != TYTO_OK) {
            check_failed(&err);
            break;
        }
        if (frames < 0 || frames > FRAMES) {
            __builtin_trap();
        }
        for (int k = 0; frames > 0 && k < FRAMES * 3 * SIDE * SIDE; k++) {
            if (!(images[k] >= 0.0f && images[k] <= 1.0f)) {
                __builtin_trap();
            }
        }
        check_samples(sound, frames > 0 ? SAMPLES : 0);
    }
    tyto_clip_reader_destroy(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file("media", data, size);
    read_frames(path);
    read_sound(path);
    read_windows(path);
    return 0;
}
