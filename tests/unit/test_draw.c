/* Drawing: what is coloured and what is not, what labels say and where they stand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "results/label.h"
#include <tyto/draw.h>

#include "support/cases.h"

enum { GREY = 128, GUARD = 4096, GUARD_BYTE = 0xa5 };

/* A grey picture with guarded memory before and after its pixels. */
typedef struct canvas {
    tyto_image image;
    uint8_t *block;
    size_t bytes;
} canvas;

static canvas canvas_of(int64_t width, int64_t height)
{
    canvas c = {.bytes = (size_t)(width * height * 3)};
    c.block = malloc(c.bytes + 2 * GUARD);
    assert_non_null(c.block);
    memset(c.block, GUARD_BYTE, c.bytes + 2 * GUARD);
    c.image = (tyto_image){width, height, c.block + GUARD};
    memset(c.image.data, GREY, c.bytes);
    return c;
}

static void release(canvas *c)
{
    for (size_t i = 0; i < GUARD; i++) {
        assert_int_equal(c->block[i], GUARD_BYTE);
        assert_int_equal(c->block[GUARD + c->bytes + i], GUARD_BYTE);
    }
    free(c->block);
}

static bool is_untouched(const canvas *c)
{
    for (size_t i = 0; i < c->bytes; i++) {
        if (c->image.data[i] != GREY) {
            return false;
        }
    }
    return true;
}

static uint32_t pixel(const canvas *c, int64_t x, int64_t y)
{
    const uint8_t *p = c->image.data + 3 * (y * c->image.width_px + x);
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static size_t count_colour(const canvas *c, uint32_t colour)
{
    size_t count = 0;
    for (int64_t i = 0; i < c->image.width_px * c->image.height_px; i++) {
        count += pixel(c, i % c->image.width_px, i / c->image.width_px) == colour;
    }
    return count;
}

static void draw_list(canvas *c, tyto_detection *items, size_t count, const char *const *labels,
                      size_t label_count)
{
    const tyto_detections detections = {items, (int64_t)count};
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_draw_detections(&c->image, &detections, labels, (int64_t)label_count, NULL, &err) !=
        TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
}

static void draw_one(canvas *c, float x0, float y0, float x1, float y1, const char *label)
{
    tyto_detection item = {{x0, y0, x1, y1}, 0.5F, 0};
    draw_list(c, &item, 1, &label, 1);
}

#define RED 0xff4b4bU
#define GREY_PIXEL 0x808080U

static void a_box_has_its_lines_its_shadow_and_nothing_inside(void **state)
{
    (void)state;
    canvas c = canvas_of(200, 150);
    draw_one(&c, 50, 60, 150, 120, "a");
    for (int64_t y = 80; y < 115; y++) {
        assert_int_equal(pixel(&c, 48, y), GREY_PIXEL);
        assert_true(pixel(&c, 49, y) < GREY_PIXEL);
        assert_int_equal(pixel(&c, 50, y), RED);
        assert_int_equal(pixel(&c, 51, y), RED);
        assert_true(pixel(&c, 52, y) < GREY_PIXEL);
        for (int64_t x = 53; x < 147; x++) {
            assert_int_equal(pixel(&c, x, y), GREY_PIXEL);
        }
        assert_int_equal(pixel(&c, 148, y), RED);
        assert_int_equal(pixel(&c, 149, y), RED);
        assert_true(pixel(&c, 150, y) < GREY_PIXEL);
        assert_int_equal(pixel(&c, 151, y), GREY_PIXEL);
    }
    assert_int_equal(pixel(&c, 100, 118), RED);
    assert_int_equal(pixel(&c, 100, 119), RED);
    assert_int_equal(pixel(&c, 140, 60), RED);
    assert_int_equal(pixel(&c, 140, 61), RED);
    /* The label stands above the box, on its left, in the box's colour, with black text. */
    assert_int_equal(pixel(&c, 52, 55), RED);
    assert_true(count_colour(&c, 0) > 10);
    assert_int_equal(pixel(&c, 52, 40), GREY_PIXEL);
    release(&c);
}

static void lines_and_text_grow_with_the_picture(void **state)
{
    (void)state;
    canvas c = canvas_of(4000, 3000);
    draw_one(&c, 1000, 1000, 3000, 2000, "a");
    int64_t width = 0;
    while (pixel(&c, 1000 + width, 1500) == RED) {
        width++;
    }
    assert_in_range(width, 8, 20);
    assert_int_equal(pixel(&c, 1010, 960), RED);
    release(&c);
}

static void every_label_has_its_own_colour(void **state)
{
    (void)state;
    enum { LABELS = 54 };
    const char *labels[LABELS];
    uint32_t colours[LABELS];
    for (int64_t i = 0; i < LABELS; i++) {
        labels[i] = "x";
    }
    for (int64_t i = 0; i < LABELS; i++) {
        canvas c = canvas_of(160, 80);
        tyto_detection items[2] = {{{10, 40, 40, 70}, 0.9F, i}, {{90, 40, 120, 70}, 0.8F, i}};
        draw_list(&c, items, 2, labels, LABELS);
        colours[i] = pixel(&c, 10, 55);
        assert_int_equal(pixel(&c, 90, 55), colours[i]);
        for (int64_t j = 0; j < i; j++) {
            assert_int_not_equal(colours[i], colours[j]);
        }
        /* Text is black or white, whichever has more contrast: at least 4.5 to 1 (WCAG AA). */
        const float ground = tyto_paint_luminance((tyto_paint){
            (uint8_t)(colours[i] >> 16), (uint8_t)(colours[i] >> 8), (uint8_t)colours[i], 1});
        const bool black = count_colour(&c, 0) > 0, white = count_colour(&c, 0xffffff) > 0;
        assert_true(black != white);
        assert_true((black ? (ground + 0.05F) / 0.05F : 1.05F / (ground + 0.05F)) >= 4.5F);
        release(&c);
    }
}

static void the_same_input_gives_the_same_pixels(void **state)
{
    (void)state;
    const char *const labels[] = {"a cat", "Žluťoučký кот γάτα 猫", ""};
    canvas c[2] = {canvas_of(321, 123), canvas_of(321, 123)};
    for (size_t i = 0; i < 2; i++) {
        tyto_detection items[] = {{{3.5F, 4.5F, 100.25F, 90}, 0.9F, 0},
                                  {{50, 30, 300, 110}, 0.7F, 1},
                                  {{200, 30, 320, 123}, 0.5F, 2}};
        draw_list(&c[i], items, 3, labels, 3);
    }
    assert_memory_equal(c[0].image.data, c[1].image.data, c[0].bytes);
    release(&c[0]);
    release(&c[1]);
}

/* A small generator, so that the test is the same everywhere. */
static float random_between(uint32_t *seed, float low, float high)
{
    *seed = *seed * 1664525U + 1013904223U;
    return low + (high - low) * (float)(*seed >> 8) / 16777216.0F;
}

static void nothing_is_written_outside_any_picture(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1},   {1, 300}, {300, 1},  {2, 3},    {7, 31},
                                       {24, 24}, {33, 90}, {120, 40}, {200, 150}};
    const char *const labels[] = {"a", "a label that is far too long for such a picture", "Ž"};
    uint32_t seed = 1;
    for (size_t i = 0; next_case(i, sizeof(sizes) / sizeof(sizes[0])); i++) {
        canvas c = canvas_of(sizes[i][0], sizes[i][1]);
        const float w = (float)sizes[i][0], h = (float)sizes[i][1];
        tyto_detection items[60];
        for (int64_t j = 0; j < 60; j++) {
            items[j] = (tyto_detection){
                {random_between(&seed, -w, 2 * w), random_between(&seed, -h, 2 * h),
                 random_between(&seed, -w, 2 * w), random_between(&seed, -h, 2 * h)},
                random_between(&seed, 0, 1),
                j % 3};
        }
        draw_list(&c, items, 60, labels, 3);
        assert_false(is_untouched(&c));
        release(&c);
    }
}

static void boxes_that_are_none_or_lie_outside_draw_nothing(void **state)
{
    (void)state;
    static const float boxes[][4] = {
        {NAN, 10, 20, 20},         {10, 10, 20, NAN},      {-50, 10, -10, 40},
        {110, 10, 150, 40},        {10, -50, 40, -10},     {10, 90, 40, 150},
        {-INFINITY, 0, -3.0F, 80}, {INFINITY, 0, NAN, 80}, {1e30F, 1e30F, 2e30F, 2e30F},
    };
    for (size_t i = 0; next_case(i, sizeof(boxes) / sizeof(boxes[0])); i++) {
        canvas c = canvas_of(100, 80);
        draw_one(&c, boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3], "a");
        assert_true(is_untouched(&c));
        release(&c);
    }
}

static void odd_boxes_are_drawn_as_far_as_they_are_there(void **state)
{
    (void)state;
    canvas swapped = canvas_of(100, 80), straight = canvas_of(100, 80);
    draw_one(&swapped, 80, 70, 20, 30, "a");
    draw_one(&straight, 20, 30, 80, 70, "a");
    assert_memory_equal(swapped.image.data, straight.image.data, straight.bytes);
    release(&swapped);
    release(&straight);

    canvas endless = canvas_of(100, 80);
    draw_one(&endless, -INFINITY, -1e30F, INFINITY, 1e30F, "a");
    assert_int_equal(pixel(&endless, 0, 40), RED);
    assert_int_equal(pixel(&endless, 99, 40), RED);
    assert_int_equal(pixel(&endless, 50, 79), RED);
    release(&endless);

    canvas point = canvas_of(100, 80);
    draw_one(&point, 100, 40, 100, 40, "");
    /* As large as its lines, with round corners. */
    assert_true(pixel(&point, 98, 40) > 0xd00000 && pixel(&point, 99, 41) > 0xd00000);
    release(&point);
}

static void bad_arguments_are_refused_and_leave_the_picture(void **state)
{
    (void)state;
    canvas c = canvas_of(60, 50);
    const char *const labels[] = {"a", NULL};
    tyto_detection items[] = {{{10, 20, 30, 40}, 0.9F, 0}, {{10, 20, 30, 40}, 0.8F, 0}};
    const tyto_detections detections = {items, 2}, none = {NULL, 0}, broken = {NULL, 1};
    static const int64_t bad[] = {-1, 1, 2, INT64_MAX};
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        items[1].label_index = bad[i];
        assert_int_equal(tyto_draw_detections(&c.image, &detections, labels, 2, NULL, &err),
                         TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "draw: detection 1: got label "));
        tyto_error_clear(&err);
    }
    tyto_image empty = {0};
    assert_int_equal(tyto_draw_detections(&empty, &none, labels, 1, NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_detections(NULL, &none, labels, 1, NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_detections(&c.image, NULL, labels, 1, NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_detections(&c.image, &broken, labels, 1, NULL, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_detections(&c.image, &none, NULL, 0, NULL, NULL), TYTO_OK);
    assert_true(is_untouched(&c));
    release(&c);
}

static canvas drawn_with(const tyto_draw_options *options, const char *label)
{
    tyto_detection item = {{20, 40, 180, 140}, 0.5F, 0};
    const tyto_detections detections = {&item, 1};
    canvas c = canvas_of(200, 150);
    assert_int_equal(tyto_draw_detections(&c.image, &detections, &label, 1, options, NULL),
                     TYTO_OK);
    return c;
}

static void sizes_and_labels_are_as_asked_for(void **state)
{
    (void)state;
    tyto_draw_options options;
    tyto_draw_options_init(&options, sizeof(options));
    canvas usual = drawn_with(NULL, "a cat"), same = drawn_with(&options, "a cat");
    assert_memory_equal(usual.image.data, same.image.data, 200 * 150 * 3);
    options.no_labels = true;
    canvas bare = drawn_with(&options, "a cat");
    assert_true(count_colour(&bare, RED) < count_colour(&usual, RED));
    options.line_px = 10;
    canvas wide = drawn_with(&options, "a cat");
    assert_int_equal(pixel(&wide, 29, 90), RED);
    assert_int_equal(pixel(&bare, 29, 90), GREY_PIXEL);
    options = (tyto_draw_options){.struct_bytes = sizeof(options), .text_px = 30};
    canvas large = drawn_with(&options, "a");
    options.no_scores = true;
    canvas plain = drawn_with(&options, "a");
    canvas narrow = drawn_with(NULL, "a");
    assert_true(count_colour(&large, RED) > count_colour(&plain, RED));
    assert_true(count_colour(&large, RED) > count_colour(&narrow, RED));
    release(&usual);
    release(&same);
    release(&bare);
    release(&wide);
    release(&large);
    release(&plain);
    release(&narrow);
}

static void sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    static const int64_t bad[] = {-1, TYTO_DRAW_PX_MAX + 1, INT64_MIN, INT64_MAX};
    canvas c = canvas_of(60, 50);
    tyto_detection item = {{10, 20, 30, 40}, 0.9F, 0};
    const tyto_detections detections = {&item, 1};
    const char *const label = "a";
    for (size_t i = 0; next_case(i, 2 * sizeof(bad) / sizeof(bad[0])); i++) {
        tyto_draw_options options;
        tyto_draw_options_init(&options, sizeof(options));
        *(i % 2 ? &options.line_px : &options.text_px) = bad[i / 2];
        assert_int_equal(tyto_draw_detections(&c.image, &detections, &label, 1, &options, NULL),
                         TYTO_E_RANGE);
    }
    assert_true(is_untouched(&c));
    release(&c);
    /* The largest ones are drawn, inside the picture. */
    tyto_draw_options options;
    tyto_draw_options_init(&options, sizeof(options));
    options.line_px = options.text_px = TYTO_DRAW_PX_MAX;
    canvas largest = drawn_with(&options, label);
    release(&largest);
}

static void many_labels_stay_quick_and_inside(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    const char *const labels[] = {"a cat", "a dog"};
    tyto_detection *items = calloc(MANY, sizeof(*items));
    assert_non_null(items);
    uint32_t seed = 7;
    for (size_t i = 0; i < MANY; i++) {
        const float x = random_between(&seed, 0, 300), y = random_between(&seed, 0, 200);
        items[i] = (tyto_detection){{x, y, x + 20, y + 20}, 0.5F, (int64_t)(i % 2)};
    }
    canvas c = canvas_of(300, 200);
    draw_list(&c, items, MANY, labels, 2);
    release(&c);
    free(items);
}

/* What a label says, as UTF-8 in a buffer that the next call overwrites. */
static const char *composed(const char *text, float score, int64_t max_px)
{
    static char out[1024];
    size_t length = 0;
    tyto_label_line line;
    tyto_font *font;
    assert_int_equal(tyto_font_open(12, &font, NULL), TYTO_OK);
    assert_int_equal(tyto_label_compose(font, text, score, max_px, &line, NULL), TYTO_OK);
    assert_true(line.count == 0 || line.width_px <= max_px);
    tyto_font_close(font);
    for (size_t i = 0; i < line.count; i++) {
        const uint32_t code = (uint32_t)line.codes[i];
        if (code < 0x80) {
            out[length++] = (char)code;
        } else if (code < 0x800) {
            out[length++] = (char)(0xc0 | code >> 6);
            out[length++] = (char)(0x80 | (code & 63));
        } else {
            out[length++] = (char)(0xe0 | code >> 12);
            out[length++] = (char)(0x80 | (code >> 6 & 63));
            out[length++] = (char)(0x80 | (code & 63));
        }
    }
    out[length] = '\0';
    return out;
}

static void labels_say_their_text_and_score(void **state)
{
    (void)state;
    assert_string_equal(composed("a cat", 0.874F, 999), "a cat 0.87");
    assert_string_equal(composed("a cat", 0.999F, 999), "a cat 1.00");
    assert_string_equal(composed("a cat", 0.0F, 999), "a cat 0.00");
    assert_string_equal(composed("a cat", -0.25F, 999), "a cat -0.25");
    assert_string_equal(composed("a cat", 12.5F, 999), "a cat 12.50");
    assert_string_equal(composed("a cat", 1e20F, 999), "a cat 9999.00");
    assert_string_equal(composed("a cat", NAN, 999), "a cat");
    assert_string_equal(composed("", 0.5F, 999), "0.50");
    assert_string_equal(composed("", NAN, 999), "");
}

static void labels_are_made_fit_to_be_seen(void **state)
{
    (void)state;
    assert_string_equal(composed(" a \t\r\n cat\xc2\xa0 ", 0.5F, 999), "a cat 0.50");
    assert_string_equal(composed("cafe\xcc\x81", 0.5F, 999), "caf\xc3\xa9 0.50");
    assert_string_equal(composed("a\xff\xc3", 0.5F, 999), "a\xef\xbf\xbd\xef\xbf\xbd 0.50");
    char endless[5000];
    memset(endless, 'i', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(strlen(composed(endless, NAN, 99999)), TYTO_LABEL_CODES_MAX);
}

static void labels_are_shortened_to_the_room_there_is(void **state)
{
    (void)state;
    const char *text = "a photo of a cat";
    assert_string_equal(composed(text, 0.5F, 170), "a photo of a cat 0.50");
    assert_string_equal(composed(text, 0.5F, 125), "a photo of\xe2\x80\xa6 0.50");
    /* Too little of the text would be left beside the score. */
    assert_string_equal(composed("a cat", 0.5F, 50), "a cat");
    assert_string_equal(composed(text, 0.5F, 40), "a p\xe2\x80\xa6");
    assert_string_equal(composed(text, 0.5F, 5), "");
    assert_string_equal(composed(text, 0.5F, -5), "");
}

static void glyphs_that_the_font_lacks_are_visible(void **state)
{
    (void)state;
    tyto_font *font;
    canvas c = canvas_of(60, 30);
    const int32_t cat[] = {0x732b}, joiner[] = {0x200d};
    int64_t width;
    assert_int_equal(tyto_font_open(16, &font, NULL), TYTO_OK);
    assert_int_equal(tyto_font_measure(font, cat, 1, &width, NULL), TYTO_OK);
    assert_in_range(width, 5, 20);
    tyto_font_draw(font, cat, 1, 10, 20, (tyto_paint){255, 0, 0, 1}, &c.image);
    assert_true(count_colour(&c, GREY_PIXEL) < 60 * 30 - 20);
    /* What only joins letters takes no room. */
    assert_int_equal(tyto_font_measure(font, joiner, 1, &width, NULL), TYTO_OK);
    assert_int_equal(width, 0);
    tyto_font_close(font);
    release(&c);
}

static bool overlap(const tyto_rect *a, const tyto_rect *b)
{
    return a->x0 < b->x1 && b->x0 < a->x1 && a->y0 < b->y1 && b->y0 < a->y1;
}

static void labels_stand_at_their_boxes(void **state)
{
    (void)state;
    static const struct {
        tyto_rect box;
        int64_t x, y;
    } cases[] = {
        {{100, 100, 200, 200}, 100, 82},  /* above, over the line */
        {{100, 5, 200, 200}, 100, 5},     /* no room above: inside */
        {{380, 100, 400, 200}, 350, 82},  /* no room to the right: moved left */
        {{100, 5, 120, 25}, 100, 23},     /* a small box is not covered: below */
        {{390, 0, 400, 300}, 350, 0},     /* a corner */
        {{0, 0, 400, 300}, 0, 0},         /* the whole picture */
        {{399, 299, 400, 300}, 350, 280}, /* the last pixel */
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const tyto_label_request request = {cases[i].box, 50, 20, 2, 400, 300};
        const tyto_rect place = tyto_label_place(&request, NULL, 0);
        assert_int_equal(place.x0, cases[i].x);
        assert_int_equal(place.y0, cases[i].y);
        assert_int_equal(place.x1 - place.x0, 50);
        assert_int_equal(place.y1 - place.y0, 20);
    }
}

static void labels_of_equal_boxes_do_not_hide_each_other(void **state)
{
    (void)state;
    enum { SAME = 12 };
    tyto_rect places[SAME];
    for (size_t i = 0; i < SAME; i++) {
        const tyto_label_request request = {{100, 100, 220, 220}, 50, 20, 2, 400, 300};
        places[i] = tyto_label_place(&request, places, i);
        for (size_t j = 0; j < i; j++) {
            assert_false(overlap(&places[i], &places[j]));
        }
    }
}

static void labels_never_leave_the_picture(void **state)
{
    (void)state;
    uint32_t seed = 3;
    tyto_rect places[400];
    for (size_t i = 0; i < 400; i++) {
        const int64_t x = (int64_t)random_between(&seed, 0, 99),
                      y = (int64_t)random_between(&seed, 0, 59);
        const tyto_rect box = {x, y, x + 1 + (int64_t)random_between(&seed, 0, (float)(99 - x)),
                               y + 1 + (int64_t)random_between(&seed, 0, (float)(59 - y))};
        const tyto_label_request request = {box,
                                            10 + (int64_t)random_between(&seed, 0, 90),
                                            10 + (int64_t)random_between(&seed, 0, 20),
                                            2,
                                            100,
                                            60};
        places[i] = tyto_label_place(&request, places, i);
        assert_in_range(places[i].x0, 0, 100 - request.width_px);
        assert_in_range(places[i].y0, 0, 60 - request.height_px);
        assert_int_equal(places[i].x1 - places[i].x0, request.width_px);
        assert_int_equal(places[i].y1 - places[i].y0, request.height_px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_has_its_lines_its_shadow_and_nothing_inside),
        cmocka_unit_test(lines_and_text_grow_with_the_picture),
        cmocka_unit_test(every_label_has_its_own_colour),
        cmocka_unit_test(the_same_input_gives_the_same_pixels),
        cmocka_unit_test(nothing_is_written_outside_any_picture),
        cmocka_unit_test(boxes_that_are_none_or_lie_outside_draw_nothing),
        cmocka_unit_test(odd_boxes_are_drawn_as_far_as_they_are_there),
        cmocka_unit_test(bad_arguments_are_refused_and_leave_the_picture),
        cmocka_unit_test(sizes_and_labels_are_as_asked_for),
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(many_labels_stay_quick_and_inside),
        cmocka_unit_test(labels_say_their_text_and_score),
        cmocka_unit_test(labels_are_made_fit_to_be_seen),
        cmocka_unit_test(labels_are_shortened_to_the_room_there_is),
        cmocka_unit_test(glyphs_that_the_font_lacks_are_visible),
        cmocka_unit_test(labels_stand_at_their_boxes),
        cmocka_unit_test(labels_of_equal_boxes_do_not_hide_each_other),
        cmocka_unit_test(labels_never_leave_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
