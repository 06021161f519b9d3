/* Labels in any script: by the system's fonts where there are any, else as numbers with a legend.
 * What needs a font that isn't here is passed over. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "results/label.h"
#include <tyto/draw.h>
#include <tyto/memory.h>

enum { WIDTH = 400, HEIGHT = 200, BYTES = WIDTH * HEIGHT * 3, SIZE = 30, BASELINE = 100 };

#define CAT_ZH "\xe7\x8c\xab"
#define DOG_ZH "\xe7\x8a\xac"
#define BEH "\xd8\xa8"
#define ALEF "\xd8\xa7"
#define TATWEEL "\xd9\x80"
#define OWL "\xf0\x9f\xa6\x89"
/* The last letter for private use. */
#define NOWHERE "\xf4\x8f\xbf\xbd"

static bool is_known(const char *label)
{
    char *numbered;
    assert_int_equal(tyto_draw_numbered(&label, 1, &numbered, NULL), TYTO_OK);
    const bool known = numbered == NULL;
    tyto_free(numbered);
    return known;
}

#define NEEDS(label)                                                                               \
    if (!is_known(label)) {                                                                        \
        skip();                                                                                    \
    }

/* A label's line, black on white; returns its width. */
static int64_t written(const char *label, int64_t id, float score, int64_t max_px, uint8_t *pixels)
{
    tyto_lettering lettering;
    tyto_label_line line;
    tyto_image image = {WIDTH, HEIGHT, pixels};
    memset(pixels, 255, BYTES);
    assert_int_equal(tyto_lettering_open(SIZE, &lettering, NULL), TYTO_OK);
    assert_int_equal(tyto_lettering_compose(&lettering, label, 7, id, score, max_px, &line, NULL),
                     TYTO_OK);
    assert_int_equal(
        tyto_lettering_draw(&lettering, &line, 0, BASELINE, (tyto_paint){0, 0, 0, 1}, &image, NULL),
        TYTO_OK);
    tyto_lettering_close(&lettering);
    return line.count || line.words[0] ? line.width_px : 0;
}

static int64_t width_of(const char *label)
{
    static uint8_t pixels[BYTES];
    return written(label, 0, NAN, WIDTH, pixels);
}

static bool same(const char *a, const char *b)
{
    static uint8_t first[BYTES], second[BYTES];
    written(a, 0, NAN, WIDTH, first);
    written(b, 0, NAN, WIDTH, second);
    return memcmp(first, second, BYTES) == 0;
}

static int64_t dark_in_column(const uint8_t *pixels, int64_t x)
{
    int64_t count = 0;
    for (int64_t y = 0; y < HEIGHT; y++) {
        count += pixels[3 * (y * WIDTH + x)] < 128;
    }
    return count;
}

static void letters_of_other_scripts_are_themselves(void **state)
{
    (void)state;
    NEEDS(CAT_ZH DOG_ZH);
    assert_false(same(CAT_ZH, DOG_ZH));
    assert_false(same(CAT_ZH, ""));
    assert_false(same(CAT_ZH, "[7]"));
    assert_in_range(width_of(CAT_ZH), SIZE * 3 / 4, SIZE * 3 / 2);
}

static void arabic_runs_to_the_left_and_joins(void **state)
{
    (void)state;
    static uint8_t pixels[BYTES];
    NEEDS(ALEF BEH TATWEEL);
    assert_true(width_of(BEH BEH BEH) < 3 * width_of(BEH));
    /* A stroke upwards, then one along the line: the first letter stands on the right. */
    const int64_t width = written(ALEF TATWEEL TATWEEL TATWEEL TATWEEL, 0, NAN, WIDTH, pixels);
    int64_t tallest = 0;
    for (int64_t x = 0; x < width; x++) {
        tallest = dark_in_column(pixels, x) > dark_in_column(pixels, tallest) ? x : tallest;
    }
    assert_true(tallest > width / 2);
}

static void emoji_have_their_colours(void **state)
{
    (void)state;
    static uint8_t pixels[BYTES];
    NEEDS(OWL);
    size_t coloured = 0;
    written(OWL, 0, NAN, WIDTH, pixels);
    for (size_t i = 0; i < BYTES; i += 3) {
        coloured += abs(pixels[i] - pixels[i + 2]) > 30;
    }
    if (coloured == 0) {
        skip(); /* a font that has them in black */
    }
    assert_true(coloured > 100);
}

static void identity_and_score_follow_the_text(void **state)
{
    (void)state;
    static uint8_t pixels[BYTES], alone[BYTES];
    NEEDS(CAT_ZH DOG_ZH);
    const int64_t all = written(CAT_ZH, 3, 0.5F, WIDTH, pixels);
    const int64_t word = written(CAT_ZH, 0, NAN, WIDTH, alone);
    assert_true(all > word + 3 * SIZE);
    for (int64_t y = 0; y < HEIGHT; y++) {
        assert_memory_equal(pixels + 3 * y * WIDTH, alone + 3 * y * WIDTH, (size_t)(3 * word));
    }
    /* Where there is little room, the text is shortened, the score left out, then everything. */
    for (int64_t room = 0; room < all; room += 7) {
        assert_in_range(written(CAT_ZH DOG_ZH CAT_ZH DOG_ZH CAT_ZH, 3, 0.5F, room, pixels), 0,
                        room);
    }
    assert_int_equal(written(CAT_ZH DOG_ZH, 0, 0.5F, 3, pixels), 0);
    assert_int_equal(written(CAT_ZH DOG_ZH, 0, 0.5F, -5, pixels), 0);
}

static void nothing_turns_letters_around(void **state)
{
    (void)state;
    NEEDS(CAT_ZH "abc");
    assert_true(same("\xe2\x80\xae"
                     "abc " CAT_ZH "\xe2\x80\xac",
                     "abc " CAT_ZH));
    assert_true(same("\xe2\x81\xa7"
                     "abc\n" CAT_ZH "\x1b",
                     "abc " CAT_ZH));
    assert_true(same("\xff" CAT_ZH, "\xef\xbf\xbd" CAT_ZH));
}

static void stacks_of_marks_stay_near_the_line(void **state)
{
    (void)state;
    static uint8_t pixels[BYTES];
    char label[1024] = "e";
    for (int i = 0; i < 150; i++) {
        strcat(label, i % 2 ? "\xcc\xb5" : "\xcc\xbe");
    }
    written(label, 0, NAN, WIDTH, pixels);
    for (int64_t i = 0; i < 3 * WIDTH; i++) {
        assert_int_equal(pixels[i], 255);
    }
}

/* Draws two boxes with labels into a white picture. */
static void draw(const char *first, const char *second, uint8_t *pixels)
{
    const char *const labels[] = {first, second};
    tyto_detection items[] = {{{20, 60, 120, 150}, 0.9F, 0}, {{200, 60, 350, 150}, 0.8F, 1}};
    const tyto_detections all = {items, 2};
    tyto_image image = {WIDTH, HEIGHT, pixels};
    memset(pixels, 255, BYTES);
    assert_int_equal(tyto_draw_detections(&image, &all, labels, 2, NULL, NULL), TYTO_OK);
}

static void what_no_font_has_is_numbered_and_explained(void **state)
{
    (void)state;
    static uint8_t pixels[BYTES], plain[BYTES];
    const char *const labels[] = {"a cat", NOWHERE,
                                  "\xe2\x80\xae"
                                  "owl " NOWHERE};
    char *numbered;
    assert_int_equal(tyto_draw_numbered(labels, 3, &numbered, NULL), TYTO_OK);
    assert_string_equal(numbered, "[2] " NOWHERE ", [3] owl " NOWHERE);
    tyto_free(numbered);
    /* "[2]" at its box, and the legend in a corner that hides no box. */
    draw("a cat", NOWHERE, pixels);
    draw("a cat", "[2]", plain);
    size_t first = BYTES, last = 0;
    for (size_t i = 0; i < BYTES; i++) {
        if (pixels[i] != plain[i]) {
            first = first < i ? first : i;
            last = i;
        }
    }
    assert_true(first / 3 / WIDTH > 150 && last > first);
    assert_int_equal(last / 3 / WIDTH, HEIGHT - 1);
    /* What can be drawn of it is in the legend. */
    draw("a cat", "owl " NOWHERE, plain);
    assert_memory_not_equal(plain, pixels, BYTES);
}

/* Thirty labels, the last of which is another one or not; boxes are on the right. */
static void draw_thirty(int64_t last, uint8_t *pixels)
{
    const char *labels[31];
    tyto_detection items[30];
    for (int64_t i = 0; i < 31; i++) {
        labels[i] = NOWHERE;
    }
    for (int64_t i = 0; i < 30; i++) {
        const float y = (float)(6 * i);
        items[i] = (tyto_detection){{340, y, 352, y + 5}, 0.9F, i < 29 ? i : last};
    }
    const tyto_detections all = {items, 30};
    tyto_image image = {WIDTH, HEIGHT, pixels};
    memset(pixels, 255, BYTES);
    assert_int_equal(tyto_draw_detections(&image, &all, labels, 31, NULL, NULL), TYTO_OK);
}

/* A legend that has no room for all says how many more there are: with one more, its last line
 * differs, and nothing else on its side of the picture. */
static void a_legend_says_how_many_it_leaves_out(void **state)
{
    (void)state;
    static uint8_t some[BYTES], more[BYTES];
    draw_thirty(28, some);
    draw_thirty(29, more);
    int64_t first = HEIGHT, last = 0;
    for (int64_t y = 0; y < HEIGHT; y++) {
        if (memcmp(some + 3 * y * WIDTH, more + 3 * y * WIDTH, 3 * 100) != 0) {
            first = first < y ? first : y;
            last = y;
        }
    }
    assert_in_range(last - first, 4, 20);
}

static void long_lists_of_numbers_are_cut(void **state)
{
    (void)state;
    const char *labels[5000];
    char *numbered;
    for (size_t i = 0; i < 5000; i++) {
        labels[i] = NOWHERE;
    }
    assert_int_equal(tyto_draw_numbered(labels, 5000, &numbered, NULL), TYTO_OK);
    assert_true(strlen(numbered) < 6000);
    assert_non_null(strstr(numbered, " more"));
    tyto_free(numbered);
    assert_int_equal(tyto_draw_numbered(NULL, 0, &numbered, NULL), TYTO_OK);
    assert_null(numbered);
    labels[1] = NULL;
    assert_int_equal(tyto_draw_numbered(labels, 2, &numbered, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_numbered(labels, 1, NULL, NULL), TYTO_E_ARGUMENT);
}

static void systems_without_fonts_number_what_they_must(void **state)
{
    (void)state;
    if (!getenv("TYTO_TEST_FONTLESS")) {
        skip();
    }
    assert_false(is_known(CAT_ZH));
    assert_false(is_known(OWL));
    assert_true(is_known("\xc5\xbdlu\xc5\xa5 \xd0\xba\xd0\xbe\xd1\x82 e\xcc\xbe"));
    assert_true(same(CAT_ZH, "[7]"));
}

static void *draw_often(void *pixels)
{
    for (int i = 0; i < 10; i++) {
        draw(CAT_ZH " " BEH ALEF, "owl " OWL, pixels);
    }
    return NULL;
}

static void threads_draw_the_same(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    static uint8_t pixels[THREADS][BYTES];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, draw_often, pixels[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_memory_equal(pixels[i], pixels[0], BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_other_scripts_are_themselves),
        cmocka_unit_test(arabic_runs_to_the_left_and_joins),
        cmocka_unit_test(emoji_have_their_colours),
        cmocka_unit_test(identity_and_score_follow_the_text),
        cmocka_unit_test(nothing_turns_letters_around),
        cmocka_unit_test(stacks_of_marks_stay_near_the_line),
        cmocka_unit_test(what_no_font_has_is_numbered_and_explained),
        cmocka_unit_test(a_legend_says_how_many_it_leaves_out),
        cmocka_unit_test(long_lists_of_numbers_are_cut),
        cmocka_unit_test(systems_without_fonts_number_what_they_must),
        cmocka_unit_test(threads_draw_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
