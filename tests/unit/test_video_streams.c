/* Videos as they come: joined, damaged, mirrored, out of order; files of tests/fuzz/corpus/media
 * and what is made of their packets. */
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

#include "support/room.h"

enum { PACKET = 188, MOST = 1 << 16, HZ = 16000 };

static const char *corpus(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/fuzz/corpus/media/%s", getenv("TYTO_TEST_DATA"), name);
    return path;
}

static size_t read_corpus(const char *name, uint8_t *bytes)
{
    FILE *file = fopen(corpus(name), "rb");
    assert_non_null(file);
    const size_t length = fread(bytes, 1, MOST, file);
    fclose(file);
    return length;
}

/* A file of `first`, and then `second`. */
static const char *write_file(const char *path, const uint8_t *first, size_t n,
                              const uint8_t *second, size_t m)
{
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(first, 1, n, file), n);
    assert_int_equal(m > 0 ? fwrite(second, 1, m, file) : 0, m);
    fclose(file);
    return path;
}

typedef struct seen {
    int frames;
    double last_s, longest_s; /* of the last frame, and the longest step between two */
    tyto_video_info info;
    tyto_status status;
} seen;

static seen watch(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    seen out = {.status = tyto_video_reader_open(path, &reader, &err)};
    double seconds;
    bool more = true;
    while (out.status == TYTO_OK && more) {
        out.status = tyto_video_reader_next(reader, &frame, &seconds, &more, &err);
        if (out.status == TYTO_OK && more) {
            if (out.frames > 0) {
                assert_true(seconds >= out.last_s);
                out.longest_s = fmax(out.longest_s, seconds - out.last_s);
            }
            out.last_s = seconds;
            out.frames++;
        }
    }
    tyto_video_reader_info(reader, &out.info);
    assert_int_equal(out.info.frames, out.frames);
    tyto_error_clear(&err);
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
    return out;
}

/* Adds `seconds` to the times that begin PES packets of a transport stream. */
static void move_clock(uint8_t *packets, size_t length, double seconds)
{
    for (size_t i = 0; i + PACKET <= length; i += PACKET) {
        uint8_t *p = packets + i, *at = p + 4 + ((p[3] & 0x20) ? 1 + p[4] : 0);
        const uint8_t start[] = {0, 0, 1};
        if (!(p[1] & 0x40) || !(p[3] & 0x10) || at + 20 > p + PACKET || memcmp(at, start, 3) != 0) {
            continue;
        }
        const int times = (at[7] >> 6) == 3 ? 2 : (at[7] >> 6) == 2 ? 1 : 0;
        for (uint8_t *t = at + 9; t < at + 9 + 5 * times; t += 5) {
            uint64_t v = (uint64_t)(t[0] >> 1 & 7) << 30 | (uint64_t)t[1] << 22 |
                         (uint64_t)(t[2] >> 1) << 15 | (uint64_t)t[3] << 7 | t[4] >> 1;
            v += (uint64_t)(90000.0 * seconds);
            t[0] = (uint8_t)((t[0] & 0xf1) | (v >> 30 & 7) << 1);
            t[1] = (uint8_t)(v >> 22);
            t[2] = (uint8_t)((v >> 15 & 0x7f) << 1 | 1);
            t[3] = (uint8_t)(v >> 7);
            t[4] = (uint8_t)((v & 0x7f) << 1 | 1);
        }
    }
}

static void clocks_that_start_anew_go_on(void **state)
{
    (void)state;
    static uint8_t one[MOST], later[MOST];
    const size_t mpg = read_corpus("recording.mpg", one);
    seen found = watch(write_file("two.mpg", one, mpg, one, mpg));
    assert_int_equal(found.status, TYTO_OK);
    assert_int_equal(found.frames, 40);
    assert_true(fabs(found.last_s - (0.015 + 39 * 0.04)) < 0.01 && found.longest_s < 0.05);
    assert_int_equal(found.info.lost, 0);
    /* The same as a transport stream: back, ahead by an hour, and ahead by a pause, which stays. */
    const size_t ts = read_corpus("recording.ts", one);
    const struct {
        double ahead, longest;
    } cases[] = {{0.0, 0.05}, {3600.0, 0.05}, {5.0, 4.25}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(later, one, ts);
        move_clock(later, ts, cases[i].ahead);
        found = watch(write_file("two.ts", one, ts, later, ts));
        assert_int_equal(found.status, TYTO_OK);
        assert_int_equal(found.frames, 40);
        assert_true(found.longest_s < cases[i].longest && found.longest_s > cases[i].longest - 0.1);
    }
}

static void lost_packets_are_passed_over_and_counted(void **state)
{
    (void)state;
    static uint8_t whole[MOST], rest[MOST];
    const size_t length = read_corpus("recording.ts", whole);
    size_t places[64], n = 0;
    seen found = watch(corpus("recording.ts"));
    assert_int_equal(found.frames, 20);
    assert_int_equal(found.info.lost + found.info.damaged, 0);
    for (size_t i = 0; i < length && n < 64; i += PACKET) {
        if ((whole[i + 1] & 31) == 1 && whole[i + 2] == 0) { /* the picture's */
            places[n++] = i;
        }
    }
    assert_true(n > 10);
    for (size_t k = 1; k < n; k++) {
        const size_t at = places[k];
        memcpy(rest, whole, at);
        memcpy(rest + at, whole + at + PACKET, length - at - PACKET);
        found = watch(write_file("lost.ts", rest, length - PACKET, NULL, 0));
        assert_int_equal(found.status, TYTO_OK);
        assert_true(found.frames >= 17);
        /* What is missing is counted, unless nothing follows that would show it, or all before it
         * is one frame: libav doesn't mark that. */
        assert_true(found.frames + found.info.lost == 20 || k + 2 >= n || k == 2);
    }
    /* Bytes that are something else. */
    for (size_t k = 1; k < n; k++) {
        memcpy(rest, whole, length);
        for (size_t i = 40; i < PACKET; i += 7) {
            rest[places[k] + i] ^= 0x5a;
        }
        found = watch(write_file("spoilt.ts", rest, length, NULL, 0));
        assert_int_equal(found.status, TYTO_OK);
        assert_true(found.frames >= 17 && found.frames + found.info.lost <= 21);
    }
}

/* Colours of a frame's corners, row by row, as red, green, blue or white. */
static void corners(const tyto_image *frame, char out[5])
{
    const int64_t w = frame->width_px, h = frame->height_px,
                  places[] = {0, w - 1, w * (h - 1), w * h - 1};
    for (int i = 0; i < 4; i++) {
        const uint8_t *p = frame->data + 3 * places[i];
        const bool red = p[0] > 150, green = p[1] > 150, blue = p[2] > 150;
        out[i] = red && green && blue ? 'w' : red ? 'r' : green ? 'g' : 'b';
    }
    out[4] = '\0';
}

static void expect(const char *path, const char *const *want, int64_t width, int64_t height, int n)
{
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more;
    char got[5];
    assert_int_equal(tyto_video_reader_open(path, &reader, NULL), TYTO_OK);
    for (int i = 0; i < n; i++) {
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        assert_true(more);
        corners(&frame, got);
        assert_string_equal(got, want[i]);
        /* Red and green lie side by side, or one above the other. */
        const bool lies = (got[0] == 'r' || got[0] == 'g') == (got[1] == 'r' || got[1] == 'g');
        assert_int_equal(frame.width_px, lies ? width : height);
        assert_int_equal(frame.height_px, lies ? height : width);
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

/* Each frame's own matrix: none, mirrored across and down, a half turn, a quarter to the left and
 * to the right, and both mirrored. */
static void each_frame_has_its_orientation(void **state)
{
    (void)state;
    static const char *const want[] = {"rgbw", "grwb", "bwrg", "wbgr",
                                       "gwrb", "brwg", "rbgw", "wgbr"};
    expect(corpus("turns.h264"), want, 32, 16, 8);
}

/* Rewrites the matrix a, b, c, d by which a track of an MP4 is shown. */
static void set_matrix(const char *path, const int matrix[4])
{
    static const uint8_t upright[] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
    static const int places[] = {0, 4, 12, 16};
    static uint8_t all[MOST];
    FILE *file = fopen(path, "r+b");
    const size_t length = fread(all, 1, MOST, file);
    uint8_t *track = memmem(all, length, "tkhd", 4);
    assert_non_null(track);
    uint8_t *found = memmem(track, 100, upright, sizeof(upright));
    assert_non_null(found);
    for (int i = 0; i < 4; i++) {
        const uint32_t value = (uint32_t)(matrix[i] * 0x10000);
        for (int k = 0; k < 4; k++) {
            found[places[i] + k] = (uint8_t)(value >> (24 - 8 * k));
        }
    }
    rewind(file);
    assert_int_equal(fwrite(all, 1, length, file), length);
    fclose(file);
}

static void containers_turn_and_mirror(void **state)
{
    (void)state;
    static const struct {
        int matrix[4];
        const char *corners;
    } cases[] = {{{1, 0, 0, 1}, "rgbw"},   {{-1, 0, 0, 1}, "grwb"}, {{1, 0, 0, -1}, "bwrg"},
                 {{-1, 0, 0, -1}, "wbgr"}, {{0, 1, -1, 0}, "brwg"}, {{0, -1, 1, 0}, "gwrb"},
                 {{0, 1, 1, 0}, "rbgw"},   {{0, -1, -1, 0}, "wgbr"}};
    static const uint8_t colours[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const tyto_video_format format = {.width_px = 32, .height_px = 16, .frames_per_second = 25};
        tyto_video_writer *writer = NULL;
        tyto_image frame = {0};
        assert_int_equal(tyto_image_make(32, 16, &frame, NULL), TYTO_OK);
        for (int p = 0; p < 32 * 16; p++) {
            memcpy(frame.data + 3 * p, colours[(p / 32 >= 8) * 2 + (p % 32 >= 16)], 3);
        }
        assert_int_equal(tyto_video_writer_create("m.mp4", &format, &writer, NULL), TYTO_OK);
        assert_int_equal(tyto_video_writer_add_frame(writer, &frame, NULL), TYTO_OK);
        assert_int_equal(tyto_video_writer_commit(writer, NULL), TYTO_OK);
        tyto_video_writer_destroy(writer);
        tyto_image_clear(&frame);
        set_matrix("m.mp4", cases[i].matrix);
        expect("m.mp4", &cases[i].corners, 32, 16, 1);
    }
}

/* Frames that depend on later ones, in a stream without any time. */
static void frames_without_times_come_in_order(void **state)
{
    (void)state;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more;
    int before = -1;
    assert_int_equal(tyto_video_reader_open(corpus("disorder.h264"), &reader, NULL), TYTO_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        assert_true(more && fabs(seconds - 0.04 * i) < 1e-3 && frame.data[0] > before);
        before = frame.data[0];
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

static void frames_may_change_their_size(void **state)
{
    (void)state;
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds;
    bool more;
    char got[5];
    assert_int_equal(tyto_video_reader_open(corpus("sizes.h264"), &reader, NULL), TYTO_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tyto_video_reader_next(reader, &frame, &seconds, &more, NULL), TYTO_OK);
        assert_true(more);
        assert_int_equal(frame.width_px, i < 2 ? 32 : 48);
        assert_int_equal(frame.height_px, i < 2 ? 16 : 32);
        corners(&frame, got);
        assert_string_equal(got, "rgbw");
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
}

/* Samples in all, and those that are silent. */
static int64_t listen(const char *path, int64_t *silent)
{
    static float samples[4 * HZ];
    tyto_sound_reader *reader = NULL;
    int64_t got;
    assert_int_equal(tyto_sound_reader_open(path, HZ, &reader, NULL), TYTO_OK);
    assert_int_equal(tyto_sound_reader_read(reader, samples, 4 * HZ, &got, NULL), TYTO_OK);
    *silent = 0;
    for (int64_t i = 0; i < got; i++) {
        *silent += samples[i] == 0.0f;
    }
    tyto_sound_reader_destroy(reader);
    return got;
}

static void sound_keeps_its_time(void **state)
{
    (void)state;
    static uint8_t whole[MOST], later[MOST];
    const size_t length = read_corpus("tone.ts", whole);
    int64_t quiet, silent;
    const int64_t all = listen(corpus("tone.ts"), &quiet);
    assert_true(llabs(all - 14 * 1152) <= 1152);
    /* A third is missing: there is silence instead. */
    const size_t third = length / PACKET / 3 * PACKET;
    memcpy(later, whole + 2 * third, length - 2 * third);
    int64_t got = listen(write_file("gap.ts", whole, third, later, length - 2 * third), &silent);
    assert_true(llabs(got - all) < HZ / 10);
    assert_true(silent - quiet > all / 5);
    /* Joined with a recording whose clock is another's. */
    const double ahead[] = {0.0, 3600.0};
    for (int i = 0; i < 2; i++) {
        memcpy(later, whole, length);
        move_clock(later, length, ahead[i]);
        got = listen(write_file("joined.ts", whole, length, later, length), &silent);
        assert_true(llabs(got - 2 * all) < HZ / 10);
        assert_true(silent < 2 * quiet + HZ / 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_that_start_anew_go_on),
        cmocka_unit_test(lost_packets_are_passed_over_and_counted),
        cmocka_unit_test(each_frame_has_its_orientation),
        cmocka_unit_test(containers_turn_and_mirror),
        cmocka_unit_test(frames_without_times_come_in_order),
        cmocka_unit_test(frames_may_change_their_size),
        cmocka_unit_test(sound_keeps_its_time),
    };
    return tyto_video_available() ? cmocka_run_group_tests(tests, room_begin, room_end) : 0;
}
