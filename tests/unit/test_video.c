/* Videos and sound: what is written is read again; what is broken or hostile is refused. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "support/rendered.h"

#include "support/cases.h"
#include "support/room.h"

static void assert_ok(tyto_status status, tyto_error *err)
{
    if (status != TYTO_OK) {
        fail_msg("%s", tyto_error_message(err));
    }
}

/* Fails unless the call failed so, with one line that has the text in it. */
static void assert_fails(tyto_status got, tyto_status status, tyto_error *err, const char *text)
{
    if (got != status || !strstr(tyto_error_message(err), text)) {
        fail_msg("got %s (%s), required %s with '%s'", tyto_status_name(got),
                 tyto_error_message(err), tyto_status_name(status), text);
    }
    tyto_error_clear(err);
}

/* All frames are there, in order, on time, and look like what was rendered. */
static void assert_video(const char *path, int64_t width, int64_t height, int count, double rate)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more;
    assert_ok(tyto_video_reader_open(path, &reader, &err), &err);
    assert_true(fabs(tyto_video_reader_rate(reader) - rate) < 0.01 * rate);
    assert_true(fabs(tyto_video_reader_seconds(reader) - count / rate) < 0.1);
    for (int i = 0; i < count; i++) {
        tyto_image want = rendered_frame(width, height, i);
        double error = 0.0;
        assert_ok(tyto_video_reader_next(reader, &frame, &seconds, &more, &err), &err);
        assert_true(more);
        assert_true(fabs(seconds - i / rate) < 1e-3);
        /* An odd side was made even. */
        assert_int_equal(frame.width_px, (width + 1) / 2 * 2);
        assert_int_equal(frame.height_px, (height + 1) / 2 * 2);
        for (int64_t y = 0; y < height; y++) {
            for (int64_t x = 0; x < 3 * width; x++) {
                error += abs(frame.data[y * frame.width_px * 3 + x] - want.data[y * width * 3 + x]);
            }
        }
        assert_true(error / (double)(3 * width * height) < 6.0);
        tyto_image_clear(&want);
    }
    assert_ok(tyto_video_reader_next(reader, &frame, &seconds, &more, &err), &err);
    assert_false(more);
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

/* The tone is there from the beginning, at its strength and pitch. */
static void assert_tone(const char *path, int64_t hz, double tone_hz, double seconds,
                        double tolerance)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_sound_reader *reader = NULL;
    const int64_t count = (int64_t)(seconds * (double)hz);
    float *samples = calloc((size_t)count + 1, sizeof(float));
    double error = 0.0, strength = 0.0;
    int64_t got;
    assert_ok(tyto_sound_reader_open(path, hz, &reader, &err), &err);
    assert_ok(tyto_sound_reader_read(reader, samples, count / 3, &got, &err), &err);
    assert_int_equal(got, count / 3);
    assert_ok(tyto_sound_reader_read(reader, samples + got, count - got, &got, &err), &err);
    assert_true(got >= count - count / 3 - hz / 20);
    /* Codecs fade in and out. */
    for (int64_t i = hz / 20; i < count - hz / 10; i++) {
        const double want = (double)rendered_tone(i, tone_hz, (double)hz);
        error += pow((double)samples[i] - want, 2.0);
        strength += want * want;
    }
    if (!(error < tolerance * strength)) {
        fail_msg("%s: error %g of %g", path, error, strength);
    }
    free(samples);
    tyto_sound_reader_destroy(reader);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    rendered_video("a.mp4", 64, 48, 40, 25, 48000, 440.0);
    assert_video("a.mp4", 64, 48, 40, 25.0);
    assert_tone("a.mp4", 48000, 440.0, 1.6, 0.01);
    assert_tone("a.mp4", 16000, 440.0, 1.6, 0.01);
    rendered_video("odd.mkv", 47, 33, 11, 30, 0, 0.0);
    assert_video("odd.mkv", 47, 33, 11, 30.0);
    rendered_video("a.MOV", 64, 48, 5, 10, 22050, 300.0);
    assert_video("a.MOV", 64, 48, 5, 10.0);
    assert_tone("a.MOV", 22050, 300.0, 0.5, 0.02);
}

static void odd_rates_of_sound_are_resampled(void **state)
{
    (void)state;
    static const int64_t rates[] = {200, 7999, 11111, 44100, 96000, 192000};
    for (size_t i = 0; next_case(i, sizeof(rates) / sizeof(rates[0])); i++) {
        const double tone = rates[i] < 1000 ? 20.0 : 440.0;
        rendered_video("a.wav", 0, 0, 2, 1, rates[i], tone);
        assert_tone("a.wav", 48000, tone, 2.0, 0.01);
        assert_tone("a.wav", rates[i], tone, 2.0, 1e-4);
        /* As AAC, which has other rates. */
        rendered_video("a.mp4", 0, 0, 2, 1, rates[i], tone);
        assert_tone("a.mp4", 48000, tone, 2.0, 0.03);
    }
}

static void little(uint8_t *to, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

/* A WAV file of 16 bits in which channel c of sample i is 1000·(c+1). */
static void write_wave(const char *path, int channels, uint32_t hz, int samples)
{
    const uint32_t bytes = (uint32_t)(2 * channels * samples);
    uint8_t *file = calloc(44 + (size_t)bytes, 1);
    memcpy(file, "RIFF....WAVEfmt ", 16);
    little(file + 4, 36 + bytes, 4);
    little(file + 16, 16, 4);
    little(file + 20, 1, 2);
    little(file + 22, (uint32_t)channels, 2);
    little(file + 24, hz, 4);
    little(file + 28, hz * 2 * (uint32_t)channels, 4);
    little(file + 32, 2 * (uint32_t)channels, 2);
    little(file + 34, 16, 2);
    memcpy(file + 36, "data", 4);
    little(file + 40, bytes, 4);
    for (int i = 0; i < samples * channels; i++) {
        little(file + 44 + 2 * i, 1000 * (uint32_t)(i % channels + 1), 2);
    }
    FILE *stream = fopen(path, "wb");
    assert_int_equal(fwrite(file, 1, 44 + bytes, stream), 44 + bytes);
    fclose(stream);
    free(file);
}

static void the_first_channel_is_taken(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 9; channels++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_sound_reader *reader = NULL;
        float samples[100];
        int64_t got;
        write_wave("c.wav", channels, 8000, 50);
        assert_ok(tyto_sound_reader_open("c.wav", 8000, &reader, &err), &err);
        assert_ok(tyto_sound_reader_read(reader, samples, 100, &got, &err), &err);
        assert_int_equal(got, 50);
        for (int i = 0; i < 50; i++) {
            assert_float_equal(samples[i], 1000.0f / 32768.0f, 1e-6f);
        }
        tyto_sound_reader_destroy(reader);
    }
}

static tyto_status open_both(const char *path, tyto_error *err)
{
    tyto_video_reader *reader = NULL;
    tyto_sound_reader *sound = NULL;
    tyto_status status = tyto_sound_reader_open(path, 8000, &sound, NULL);
    assert_true(status != TYTO_OK);
    status = tyto_video_reader_open(path, &reader, err);
    assert_true(status != TYTO_OK);
    return status;
}

static void write_text(const char *path, const char *text)
{
    FILE *stream = fopen(path, "wb");
    fputs(text, stream);
    fclose(stream);
}

static void what_is_no_video_is_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_sound_reader *sound = NULL;
    rendered_video("whole.mp4", 32, 32, 4, 25, 0, 0.0);
    rendered_video("sound.wav", 0, 0, 1, 1, 8000, 100.0);
    assert_fails(open_both("absent.mp4", &err), TYTO_E_NOT_FOUND, &err, "absent.mp4: ");
    assert_fails(open_both(".", &err), TYTO_E_IO, &err, "got a folder");
    assert_fails(open_both("/dev/zero", &err), TYTO_E_IO, &err, "got a special file");
    assert_int_equal(mkfifo("pipe.mp4", 0600), 0);
    assert_fails(open_both("pipe.mp4", &err), TYTO_E_IO, &err, "pipe.mp4: got a special file");
    write_text("empty.mp4", "");
    assert_fails(open_both("empty.mp4", &err), TYTO_E_FORMAT, &err, "empty.mp4: ");
    write_text("text.mp4", "This is no video at all, whatever its name says.\n");
    assert_fails(open_both("text.mp4", &err), TYTO_E_FORMAT, &err, "text.mp4: not a video");
    assert_fails(tyto_video_reader_open("sound.wav", &reader, &err), TYTO_E_FORMAT, &err,
                 "sound.wav: no picture in it");
    assert_fails(tyto_sound_reader_open("whole.mp4", 8000, &sound, &err), TYTO_E_FORMAT, &err,
                 "whole.mp4: no sound in it");
    assert_fails(tyto_sound_reader_open("sound.wav", 0, &sound, &err), TYTO_E_ARGUMENT, &err,
                 "0 Hz");
}

/* A song with a picture on it. */
static void a_cover_is_no_video(void **state)
{
    (void)state;
    char path[512];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_sound_reader *sound = NULL;
    snprintf(path, sizeof(path), "%s/fuzz/corpus/media/cover.mp3", getenv("TYTO_TEST_DATA"));
    assert_fails(tyto_video_reader_open(path, &reader, &err), TYTO_E_FORMAT, &err,
                 "no picture in it");
    assert_ok(tyto_sound_reader_open(path, 8000, &sound, &err), &err);
    tyto_sound_reader_destroy(sound);
}

/* Formats that send their reader to other files. */
static void other_files_are_not_read(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    rendered_video("secret.mp4", 32, 32, 4, 25, 8000, 100.0);
    write_text("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n"
                            "#EXT-X-ENDLIST\n");
    assert_fails(open_both("list.m3u8", &err), TYTO_E_FORMAT, &err, "list.m3u8: not a video");
    write_text("list.ffconcat", "ffconcat version 1.0\nfile secret.mp4\n");
    assert_fails(open_both("list.ffconcat", &err), TYTO_E_FORMAT, &err, "list.ffconcat: ");
    write_text("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                           "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n");
    assert_fails(open_both("list.sdp", &err), TYTO_E_FORMAT, &err, "list.sdp: ");
}

static size_t size_of(const char *path)
{
    FILE *stream = fopen(path, "rb");
    fseek(stream, 0, SEEK_END);
    const long size = ftell(stream);
    fclose(stream);
    return (size_t)size;
}

/* Frames that can be read, −1 when the reading ends in an error, which names the file. */
static int frames_in(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more = true;
    int count = -1;
    tyto_status status = tyto_video_reader_open(path, &reader, &err);
    while (status == TYTO_OK && more) {
        count++;
        status = tyto_video_reader_next(reader, &frame, &seconds, &more, &err);
    }
    if (status != TYTO_OK) {
        assert_non_null(strstr(tyto_error_message(&err), path));
        count = -1;
    }
    tyto_error_clear(&err);
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
    return count;
}

static void cut_copy(const char *from, const char *to, size_t bytes, size_t spoil)
{
    char *all = malloc(bytes + 1);
    FILE *stream = fopen(from, "rb");
    assert_int_equal(fread(all, 1, bytes, stream), bytes);
    fclose(stream);
    for (size_t i = spoil; spoil > 0 && i < bytes; i += spoil) {
        all[i] = (char)(all[i] ^ 0x5a);
    }
    stream = fopen(to, "wb");
    assert_int_equal(fwrite(all, 1, bytes, stream), bytes);
    fclose(stream);
    free(all);
}

/* Rewrites the matrix by which a track of an MP4 is shown. */
static void set_matrix(const char *path, const int32_t matrix[4])
{
    static const char upright[] = "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0";
    const size_t length = size_of(path);
    char *all = malloc(length);
    FILE *file = fopen(path, "r+b");
    assert_int_equal(fread(all, 1, length, file), length);
    char *track = memmem(all, length, "tkhd", 4);
    assert_non_null(track);
    char *found = memmem(track, 100, upright, sizeof(upright) - 1);
    assert_non_null(found);
    static const int places[] = {0, 4, 12, 16};
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 4; k++) {
            found[places[i] + k] = (char)((uint32_t)matrix[i] >> (24 - 8 * k));
        }
    }
    rewind(file);
    assert_int_equal(fwrite(all, 1, length, file), length);
    fclose(file);
    free(all);
}

/* As phones write them: the pixels lie, and the file says how to turn them. */
static void turned_videos_stand_upright(void **state)
{
    (void)state;
    enum { W = 48, H = 32, ONE = 0x10000 };
    static const int32_t turns[3][4] = {{0, ONE, -ONE, 0}, {-ONE, 0, 0, -ONE}, {0, -ONE, ONE, 0}};
    for (int turn = 0; turn < 3; turn++) {
        tyto_video_reader *reader = NULL;
        tyto_image frame = {0}, want = rendered_frame(W, H, 0);
        double seconds, error = 0.0;
        bool more;
        rendered_video("turned.mp4", W, H, 2, 25, 0, 0.0);
        set_matrix("turned.mp4", turns[turn]);
        assert_int_equal(tyto_video_reader_open("turned.mp4", &reader, NULL), TYTO_OK);
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        assert_int_equal(frame.width_px, turn == 1 ? W : H);
        assert_int_equal(frame.height_px, turn == 1 ? H : W);
        for (int64_t y = 0; y < frame.height_px; y++) {
            for (int64_t x = 0; x < frame.width_px; x++) {
                /* A quarter to the right, a half, a quarter to the left. */
                const int64_t from_y[] = {H - 1 - x, H - 1 - y, x},
                              from_x[] = {y, W - 1 - x, W - 1 - y};
                for (int64_t c = 0; c < 3; c++) {
                    error += abs(frame.data[3 * (y * frame.width_px + x) + c] -
                                 want.data[3 * (from_y[turn] * W + from_x[turn]) + c]);
                }
            }
        }
        assert_true(error / (3.0 * W * H) < 6.0);
        tyto_image_clear(&frame);
        tyto_image_clear(&want);
        tyto_video_reader_destroy(reader);
    }
}

static void cut_and_broken_files_end(void **state)
{
    (void)state;
    rendered_video("whole.mp4", 64, 64, 30, 25, 48000, 440.0);
    rendered_video("whole.mkv", 64, 64, 30, 25, 48000, 440.0);
    const size_t mp4 = size_of("whole.mp4"), mkv = size_of("whole.mkv");
    assert_int_equal(frames_in("whole.mp4"), 30);
    assert_int_equal(frames_in("whole.mkv"), 30);
    for (size_t i = 0; i < 40; i++) {
        /* Its index is at the end. */
        cut_copy("whole.mp4", "cut.mp4", mp4 * i / 40, 0);
        assert_int_equal(frames_in("cut.mp4"), -1);
        cut_copy("whole.mkv", "cut.mkv", mkv * i / 40, 0);
        /* A stream ends where it ends. */
        assert_true(frames_in("cut.mkv") < (i < 36 ? 30 : 31));
        cut_copy("whole.mp4", "broken.mp4", mp4, 20 + 17 * i);
        assert_true(frames_in("broken.mp4") <= 31);
        cut_copy("whole.mkv", "broken.mkv", mkv, 20 + 17 * i);
        assert_true(frames_in("broken.mkv") <= 31);
    }
}

/* An index at the beginning tells of frames that were cut off: those that are there are given. */
static void an_index_tells_what_is_missing(void **state)
{
    (void)state;
    char path[512];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more = true;
    int count = 0;
    snprintf(path, sizeof(path), "%s/fuzz/corpus/media/cut.mp4", getenv("TYTO_TEST_DATA"));
    assert_ok(tyto_video_reader_open(path, &reader, &err), &err);
    tyto_status status = TYTO_OK;
    while (status == TYTO_OK && more) {
        status = tyto_video_reader_next(reader, &frame, &seconds, &more, &err);
        count += status == TYTO_OK && more;
    }
    assert_fails(status, TYTO_E_FORMAT, &err, "cut off: got 1804 bytes, required 2620");
    assert_in_range(count, 1, 9);
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

static void what_can_not_be_written_is_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_writer *writer = NULL;
    const tyto_video_format both = {16, 16, 25, 8000}, sound = {0, 0, 0, 8000}, none = {0};
    const tyto_video_format slow = {16, 16, 0, 0}, wide = {1 << 20, 16, 25, 0},
                            low = {0, 16, 25, 0};
    assert_fails(tyto_video_writer_create("a.txt", &both, &writer, &err), TYTO_E_ARGUMENT, &err,
                 "required a name that ends in");
    assert_fails(tyto_video_writer_create("a.wav", &both, &writer, &err), TYTO_E_ARGUMENT, &err,
                 "required a name that ends in");
    assert_fails(tyto_video_writer_create("a.mp4", &none, &writer, &err), TYTO_E_ARGUMENT, &err,
                 "neither picture nor sound");
    assert_fails(tyto_video_writer_create("a.mp4", &slow, &writer, &err), TYTO_E_ARGUMENT, &err,
                 "frames a second");
    assert_fails(tyto_video_writer_create("a.mp4", &wide, &writer, &err), TYTO_E_LIMIT, &err,
                 "a.mp4: ");
    assert_fails(tyto_video_writer_create("a.mp4", &low, &writer, &err), TYTO_E_FORMAT, &err,
                 "a.mp4: ");
    assert_fails(tyto_video_writer_create("no/a.mp4", &both, &writer, &err), TYTO_E_NOT_FOUND, &err,
                 "no/a.mp4: ");
    const tyto_video_format silent = {16, 16, 25, 0};
    const float silence = 0.0f;
    /* Nothing is left of a file that was given up, or to which nothing was added. */
    assert_ok(tyto_video_writer_create("gone.mp4", &both, &writer, &err), &err);
    tyto_image frame = rendered_frame(16, 16, 0), other = rendered_frame(16, 18, 0);
    assert_ok(tyto_video_writer_add_frame(writer, &frame, &err), &err);
    assert_fails(tyto_video_writer_add_frame(writer, &other, &err), TYTO_E_SHAPE, &err, "16 x 18");
    tyto_video_writer_destroy(writer);
    assert_ok(tyto_video_writer_create("gone.mp4", &sound, &writer, &err), &err);
    assert_fails(tyto_video_writer_add_frame(writer, &frame, &err), TYTO_E_SHAPE, &err, "");
    assert_fails(tyto_video_writer_commit(writer, &err), TYTO_E_ARGUMENT, &err,
                 "nothing was added");
    assert_fails(tyto_video_writer_commit(writer, &err), TYTO_E_ARGUMENT, &err, "ended already");
    assert_fails(tyto_video_writer_add_sound(writer, &silence, 1, &err), TYTO_E_ARGUMENT, &err,
                 "ended already");
    tyto_video_writer_destroy(writer);
    assert_ok(tyto_video_writer_create("gone.mp4", &silent, &writer, &err), &err);
    assert_fails(tyto_video_writer_add_sound(writer, &silence, 1, &err), TYTO_E_ARGUMENT, &err,
                 "got sound");
    tyto_video_writer_destroy(writer);
    assert_int_equal(access("gone.mp4", F_OK), -1);
    assert_int_equal(system("test -z \"$(ls | grep part)\""), 0);
    tyto_image_clear(&frame);
    tyto_image_clear(&other);
}

/* A full disk, as a limit to the size of files. */
static void a_full_disk_is_told(void **state)
{
    (void)state;
    static const float samples[8000];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_writer *writer = NULL;
    const tyto_video_format format = {.sound_hz = 8000};
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    assert_ok(tyto_video_writer_create("full.wav", &format, &writer, &err), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    tyto_status status = tyto_video_writer_add_sound(writer, samples, 8000, &err);
    if (status == TYTO_OK) {
        status = tyto_video_writer_commit(writer, &err);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_fails(status, TYTO_E_IO, &err, "full.wav: can't be written: File too large");
    tyto_video_writer_destroy(writer);
    assert_int_equal(access("full.wav", F_OK), -1);
}

static void samples_beyond_one_are_cut(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_writer *writer = NULL;
    tyto_sound_reader *reader = NULL;
    const tyto_video_format format = {.sound_hz = 8000};
    const float samples[] = {2.0f, -3.0f, (float)NAN, (float)INFINITY, 0.25f};
    const float want[] = {1.0f, -1.0f, 0.0f, 1.0f, 0.25f};
    float back[5];
    int64_t got;
    assert_ok(tyto_video_writer_create("cut.wav", &format, &writer, &err), &err);
    assert_ok(tyto_video_writer_add_sound(writer, samples, 5, &err), &err);
    assert_ok(tyto_video_writer_commit(writer, &err), &err);
    tyto_video_writer_destroy(writer);
    assert_ok(tyto_sound_reader_open("cut.wav", 8000, &reader, &err), &err);
    assert_ok(tyto_sound_reader_read(reader, back, 5, &got, &err), &err);
    assert_int_equal(got, 5);
    for (int i = 0; i < 5; i++) {
        assert_float_equal(back[i], want[i], 1e-4f);
    }
    tyto_sound_reader_destroy(reader);
}

static void a_build_without_videos_says_so(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_sound_reader *sound = NULL;
    tyto_video_writer *writer = NULL;
    const tyto_video_format format = {16, 16, 25, 8000};
    assert_fails(tyto_video_reader_open("a.mp4", &reader, &err), TYTO_E_UNSUPPORTED, &err,
                 "this build");
    assert_fails(tyto_sound_reader_open("a.mp4", 8000, &sound, &err), TYTO_E_UNSUPPORTED, &err,
                 "this build");
    assert_fails(tyto_video_writer_create("a.mp4", &format, &writer, &err), TYTO_E_UNSUPPORTED,
                 &err, "this build");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(odd_rates_of_sound_are_resampled),
        cmocka_unit_test(the_first_channel_is_taken),
        cmocka_unit_test(what_is_no_video_is_refused),
        cmocka_unit_test(a_cover_is_no_video),
        cmocka_unit_test(other_files_are_not_read),
        cmocka_unit_test(turned_videos_stand_upright),
        cmocka_unit_test(cut_and_broken_files_end),
        cmocka_unit_test(an_index_tells_what_is_missing),
        cmocka_unit_test(what_can_not_be_written_is_refused),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(samples_beyond_one_are_cut),
    };
    const struct CMUnitTest absent[] = {cmocka_unit_test(a_build_without_videos_says_so)};
    return tyto_video_available() ? cmocka_run_group_tests(tests, room_begin, room_end)
                                  : cmocka_run_group_tests(absent, room_begin, room_end);
}
