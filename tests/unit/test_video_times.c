/* When frames are shown, and sound is heard, in files whose clocks are what a test says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "support/room.h"
#include "support/streams.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* The frames come in their order, at these times. */
static void expect_times(const char *path, const double *want, int count)
{
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more;
    int before = -1;
    assert_int_equal(tyto_video_reader_open(path, &reader, NULL), TYTO_OK);
    for (int i = 0; i < count; i++) {
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        if (!more) {
            fail_msg("%s: got %d frames, required %d", path, i, count);
        }
        if (fabs(seconds - want[i]) > 0.0011) {
            fail_msg("%s: frame %d: got %.4f s, required %.4f s", path, i, seconds, want[i]);
        }
        assert_true(frame.data[0] > before);
        before = frame.data[0];
    }
    assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
    assert_false(more);
    tyto_video_info info;
    tyto_video_reader_info(reader, &info);
    assert_int_equal(info.frames, count);
    assert_int_equal(info.lost + info.damaged, 0);
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

/* Seconds of silence before the first sound, and seconds in all. */
static void expect_sound(const char *path, double silent, double all)
{
    static float samples[8 * STREAMS_HZ];
    tyto_sound_reader *reader = NULL;
    int64_t got, begin = 0;
    assert_int_equal(tyto_sound_reader_open(path, STREAMS_HZ, &reader, NULL), TYTO_OK);
    assert_int_equal(tyto_sound_reader_read(reader, samples, COUNT(samples), &got, NULL), TYTO_OK);
    while (begin < got && fabsf(samples[begin]) < 0.1f) {
        begin++;
    }
    assert_true(fabs((double)begin / STREAMS_HZ - silent) < 0.002);
    assert_true(fabs((double)got / STREAMS_HZ - all) < 0.002);
    tyto_sound_reader_destroy(reader);
}

static made_streams make(const char *path, const char *format, const int *times_ms, int frames)
{
    return (made_streams){.path = path,
                          .format = format,
                          .codec = AV_CODEC_ID_MJPEG,
                          .times_ms = times_ms,
                          .frames = frames,
                          .duration_ms = 40};
}

static const int regular[] = {0, 40, 80, 120, 160};
static const double regular_s[] = {0.0, 0.04, 0.08, 0.12, 0.16};

static void frames_may_last_no_time(void **state)
{
    (void)state;
    static const int times[] = {0, 0, 40, 40, 80};
    static const double want[] = {0.0, 0.0, 0.04, 0.04, 0.08};
    made_streams made = make("zero.mkv", "matroska", times, COUNT(times));
    made.duration_ms = 0;
    streams_write(&made);
    expect_times("zero.mkv", want, COUNT(want));
    made = make("zero.nut", "nut", regular, COUNT(regular));
    made.duration_ms = 0;
    streams_write(&made);
    expect_times("zero.nut", regular_s, COUNT(regular_s));
    /* The list of a MOV file says how long all is shown: a last frame of no time isn't, but an only
     * one is. */
    made = make("zero.mov", "mov", regular, COUNT(regular));
    made.duration_ms = 0;
    streams_write(&made);
    expect_times("zero.mov", regular_s, COUNT(regular_s) - 1);
    made.frames = 1;
    streams_write(&made);
    expect_times("zero.mov", regular_s, 1);
}

static void streams_may_begin_late(void **state)
{
    (void)state;
    static const int late[] = {1500, 1540, 1580, 1620, 1660};
    static const double late_s[] = {1.5, 1.54, 1.58, 1.62, 1.66};
    static const char *const formats[][2] = {{"late.mkv", "matroska"}, {"late.mov", "mov"}};
    static const int offsets[] = {0, 100};
    for (size_t i = 0; i < 4; i++) {
        /* Pictures after the sound. */
        made_streams made = make(formats[i / 2][0], formats[i / 2][1], late, COUNT(late));
        made.sound_seconds = 2;
        made.offset_seconds = offsets[i % 2];
        streams_write(&made);
        expect_times(made.path, late_s, COUNT(late_s));
        expect_sound(made.path, 0.0, 2.0);
        /* Sound after the pictures. */
        made.times_ms = regular;
        made.sound_ms = 1500;
        streams_write(&made);
        expect_times(made.path, regular_s, COUNT(regular_s));
        expect_sound(made.path, 1.5, 3.5);
    }
}

static void rates_may_vary(void **state)
{
    (void)state;
    static const int times[] = {0, 10, 300, 333, 3000, 3001, 12000};
    static const double want[] = {0.0, 0.01, 0.3, 0.333, 3.0, 3.001, 12.0};
    static const char *const formats[][2] = {
        {"rate.mkv", "matroska"}, {"rate.mov", "mov"}, {"rate.nut", "nut"}};
    for (size_t i = 0; i < 3; i++) {
        const made_streams made = make(formats[i][0], formats[i][1], times, COUNT(times));
        streams_write(&made);
        expect_times(made.path, want, COUNT(want));
    }
}

/* Sets the times of the tags of an FLV file, whose muxer takes none that go back. */
static void set_tag_times(const char *path, const int *times_ms, int count)
{
    enum { HEADER = 13, TAG_HEAD = 11, VIDEO = 9 };
    static uint8_t bytes[1 << 16];
    FILE *file = fopen(path, "r+b");
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    int i = 0;
    for (size_t at = HEADER; at + TAG_HEAD < length;) {
        uint8_t *tag = bytes + at;
        const size_t data = (size_t)tag[1] << 16 | (size_t)tag[2] << 8 | tag[3];
        if (tag[0] == VIDEO && i < count) {
            tag[4] = (uint8_t)(times_ms[i] >> 16);
            tag[5] = (uint8_t)(times_ms[i] >> 8);
            tag[6] = (uint8_t)times_ms[i];
            tag[7] = (uint8_t)(times_ms[i] >> 24);
            i++;
        }
        at += TAG_HEAD + data + 4;
    }
    assert_int_equal(i, count);
    rewind(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* In a container of one clock, going back is a mistake and going ahead a pause. */
static void clocks_may_jump_within_a_file(void **state)
{
    (void)state;
    static const struct {
        int times_ms[6];
        double want[6];
    } cases[] = {
        {{0, 100, 200, 0, 40, 80}, {0.0, 0.1, 0.2, 0.24, 0.28, 0.32}},
        {{5000, 5040, 5080, 1000, 1040, 5200}, {0.0, 0.04, 0.08, 0.12, 0.16, 4.32}},
        {{0, 40, 30, 120, 160, 200}, {0.0, 0.04, 0.04, 0.12, 0.16, 0.2}},
        {{0, 40, 80, 3600000, 3600040, 3600080}, {0.0, 0.04, 0.08, 3600.0, 3600.04, 3600.08}},
        /* Beyond what a video lasts it is no pause. */
        {{0, 40, 80, 360000000, 360000040, 360000080}, {0.0, 0.04, 0.08, 0.12, 0.16, 0.2}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made_streams made = make("jump.flv", "flv", (const int[]){0, 40, 80, 120, 160, 200}, 6);
        made.codec = AV_CODEC_ID_FLV1;
        streams_write(&made);
        set_tag_times("jump.flv", cases[i].times_ms, 6);
        expect_times("jump.flv", cases[i].want, 6);
    }
}

static void append(const char *path, const char *other)
{
    static uint8_t bytes[1 << 18];
    FILE *from = fopen(other, "rb"), *file = fopen(path, "ab");
    const size_t length = fread(bytes, 1, sizeof(bytes), from);
    assert_true(length > 0 && length < sizeof(bytes));
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(from);
    fclose(file);
}

/* Recordings one after the other, each with a clock of its own: earlier, or hours later. */
static void clocks_may_jump_between_recordings(void **state)
{
    (void)state;
    static const int other[] = {200, 240, 280, 320, 360};
    static const double want[] = {0.0, 0.04, 0.08, 0.12, 0.16};
    static const int clocks[][2] = {{100, 10}, {10, 7200}, {10, 10}};
    for (size_t i = 0; i < 3; i++) {
        made_streams made = make("joined.ts", "mpegts", regular, COUNT(regular));
        made.codec = AV_CODEC_ID_MPEG4;
        made.offset_seconds = clocks[i][0];
        streams_write(&made);
        made.path = "second.ts";
        made.offset_seconds = clocks[i][1];
        made.times_ms = other;
        streams_write(&made);
        append("joined.ts", "second.ts");
        tyto_video_reader *reader = NULL;
        tyto_image frame = {0};
        double seconds;
        bool more;
        assert_int_equal(tyto_video_reader_open("joined.ts", &reader, NULL), TYTO_OK);
        for (int k = 0; k < 10; k++) {
            assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL),
                             TYTO_OK);
            assert_true(more);
            const double due = k < 5 ? want[k] : 0.2 + want[k - 5];
            if (fabs(seconds - due) > 0.0011) {
                fail_msg("case %zu, frame %d: got %.4f s, required %.4f s", i, k, seconds, due);
            }
        }
        tyto_image_clear(&frame);
        tyto_video_reader_destroy(reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_may_last_no_time),
        cmocka_unit_test(streams_may_begin_late),
        cmocka_unit_test(rates_may_vary),
        cmocka_unit_test(clocks_may_jump_within_a_file),
        cmocka_unit_test(clocks_may_jump_between_recordings),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
