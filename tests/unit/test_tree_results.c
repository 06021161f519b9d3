/* What was found by a tree: documents byte for byte, gone on with, and drawings. */
#include <stdio.h>
#include <tyto/draw.h>
#include <tyto/memory.h>
#include <tyto/tree_document.h>

#include "support/support.h"

/* A person with a happy or sad face, and its eyes; the photo is indoors or not; a face too many. */
static const char text[] = "[a face@0.3 [\"an, \\\"eye\\\"\"] (happy, sad@0.9), a hand] (in, out)";
static const float numbers[] = {1.5F, 0.25F, 0.75F, 0.5F, 2.0F, 1.0F, 0.625F, 0.375F};
static tyto_tree_item items[] = {
    {.node = 0, .parent = -1, .end = 4, .box = {4, 4, 44, 40}, .score = 0.8F, .searched = true},
    {.list = 1, .node = 1, .end = 2, .depth = 1, .box = {9.5F, 9, 20, 20}, .score = 0.5F},
    {.list = 1, .node = 1, .end = 3, .depth = 1, .box = {25, 9, 36, 20.25F}, .score = 0.25F},
    {.list = 2, .node = 2, .end = 4, .depth = 1, .box = {4, 4, 44, 40}, .score = 0.75F},
    {.node = 0, .parent = -1, .end = 5, .box = {50, 4, 60, 40}, .score = 0.5F},
    {.node = 4, .parent = -1, .end = 6, .box = {50, 42, 60, 47}, .score = 0.4F},
    {.list = 3, .node = -1, .parent = -1, .end = 7, .box = {0, 0, 64, 48}, .score = 0.625F},
};
enum { COUNT = sizeof(items) / sizeof(items[0]) };
static const tyto_tree_found found = {
    .items = items, .count = COUNT, .things = 5, .width_px = 64, .height_px = 48};
static const tyto_tree_found nothing = {.width_px = 64, .height_px = 48};
static tyto_tree *tree;

static int enter(void **state)
{
    (void)state;
    items[3].logits = numbers;
    items[3].probabilities = numbers + 2;
    items[6].logits = numbers + 4;
    items[6].probabilities = numbers + 6;
    return tyto_tree_parse(text, &tree, NULL) != TYTO_OK;
}

static int leave(void **state)
{
    (void)state;
    tyto_tree_destroy(tree);
    return 0;
}

static tyto_document *created(tyto_format format, int64_t photos, const tyto_tree *asked,
                              float threshold, char *whole)
{
    tyto_tree_document_options options;
    tyto_document *document = NULL;
    tyto_bytes bytes;
    tyto_tree_document_options_init(&options, sizeof(options));
    options.format = format;
    options.tree = asked;
    options.n_photos = photos;
    options.threshold = threshold;
    assert_int_equal(tyto_tree_document_create(&options, &document, &bytes, NULL), TYTO_OK);
    strcpy(whole, bytes.data ? bytes.data : "");
    tyto_bytes_clear(&bytes);
    return document;
}

static void written(tyto_format format, int64_t photos, const tyto_tree_found *first, char *whole)
{
    tyto_bytes bytes;
    tyto_document *document = created(format, photos, tree, 0.25F, whole);
    for (int64_t i = 0; i < photos; i++) {
        assert_int_equal(tyto_document_add_tree(document, i ? "b.jpg" : "a.jpg",
                                                i ? &nothing : first, &bytes, NULL),
                         TYTO_OK);
        strcat(whole, bytes.data);
        tyto_bytes_clear(&bytes);
    }
    assert_int_equal(tyto_document_end(document, &bytes, NULL), TYTO_OK);
    strcat(whole, bytes.data ? bytes.data : "");
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
}

#define BOX(a, b, c, d)                                                                            \
    "\"box\": {\"xmin\": " a ", \"ymin\": " b ", \"xmax\": " c ", \"ymax\": " d "}"
#define NAMED(label, index, score)                                                                 \
    "{\"label\": " label ", \"label_index\": " index ", \"score\": " score ", "
#define CHOICE(label, index, logit, probability)                                                   \
    "{\"label\": \"" label "\", \"label_index\": " index ", \"logit\": " logit                     \
    ", \"probability\": " probability "}"
#define HEAD                                                                                       \
    "\"width\": 64, \"height\": 48, \"tree\": \"[a face@0.3 [\\\"an, \\\\\\\"eye\\\\\\\"\\\"] "    \
    "(happy, sad@0.9), a hand] (in, out)\", \"threshold\": 0.25, \"found\": ["
static const char line_a[] = "{\"image\": \"a.jpg\", " HEAD NAMED("\"a face\"", "0", "0.8") BOX(
    "4.0", "4.0", "44.0", "40.0") ", \"inside\": [" NAMED("\"an, \\\"eye\\\"\"", "1", "0.5")
    BOX("9.5", "9.0", "20.0", "20.0") "}, " NAMED("\"an, \\\"eye\\\"\"", "1", "0.25")
        BOX("25.0", "9.0", "36.0", "20.25") "}, " NAMED(
            "\"happy\"", "2",
            "0.75") "\"choices\": [" CHOICE("happy", "2", "1.5",
                                            "0.75") ", " CHOICE("sad", "3", "0.25",
                                                                "0.5") "]}]}, " NAMED("\"a face\"",
                                                                                      "0", "0.5")
            BOX("50.0", "4.0", "60.0", "40.0") ", \"inside\": null}, " NAMED("\"a hand\"", "4",
                                                                             "0.4")
                BOX("50.0", "42.0", "60.0", "47.0") "}, " NAMED(
                    "null", "null",
                    "0.625") "\"choices\": [" CHOICE("in", "5", "2.0",
                                                     "0.625") ", " CHOICE("out", "6", "1.0",
                                                                          "0.375") "]}]}";
static const char line_b[] = "{\"image\": \"b.jpg\", " HEAD "]}";

static void photos_are_objects_that_nest(void **state)
{
    char whole[16384], wanted[16384];
    (void)state;
    written(TYTO_FORMAT_JSONL, 2, &found, whole);
    snprintf(wanted, sizeof(wanted), "%s\n%s\n", line_a, line_b);
    assert_string_equal(whole, wanted);
    written(TYTO_FORMAT_JSON, 2, &found, whole);
    snprintf(wanted, sizeof(wanted), "[\n%s,\n%s\n]\n", line_a, line_b);
    assert_string_equal(whole, wanted);
    written(TYTO_FORMAT_JSON, 1, &nothing, whole);
    assert_non_null(strstr(whole, "{\n  \"image\": \"a.jpg\",\n  \"width\": 64,\n"));
    assert_non_null(strstr(whole, "  \"found\": []\n}\n"));
}

static void tables_are_indented(void **state)
{
    char whole[4096];
    (void)state;
    written(TYTO_FORMAT_TEXT, 2, &found, whole);
    assert_string_equal(whole,
                        "a.jpg (64 x 48 px): 5 found\n"
                        "  score      xmin     ymin     xmax     ymax  label\n"
                        "  0.800       4.0      4.0     44.0     40.0  a face\n"
                        "  0.500       9.5      9.0     20.0     20.0    an, \"eye\"\n"
                        "  0.250      25.0      9.0     36.0     20.2    an, \"eye\"\n"
                        "  0.750                                         = happy (sad 0.500)\n"
                        "  0.500      50.0      4.0     60.0     40.0  a face\n"
                        "  0.400      50.0     42.0     60.0     47.0  a hand\n"
                        "  0.625                                       = ? (in 0.625, out 0.375)\n"
                        "\n"
                        "b.jpg (64 x 48 px): nothing found\n");
}

static void documents_go_on(void **state)
{
    static const char *const names[] = {"a.jpg", "b.jpg"};
    char held[16384], begun[64];
    bool done[2];
    tyto_bytes bytes;
    tyto_error err = TYTO_ERROR_INIT;
    (void)state;
    snprintf(held, sizeof(held), "%s\n%.20s", line_a, line_b);
    tyto_document *document = created(TYTO_FORMAT_JSONL, 2, tree, 0.25F, begun);
    assert_int_equal(
        tyto_document_resume(document, held, strlen(held), names, 2, NULL, done, &bytes, NULL),
        TYTO_OK);
    assert_true(done[0] && !done[1]);
    assert_int_equal(bytes.length_bytes, strlen(line_a) + 1);
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    for (int other = 0; other < 2; other++) {
        tyto_tree *asked = NULL;
        assert_int_equal(tyto_tree_parse(other ? "[a face]" : text, &asked, NULL), TYTO_OK);
        document = created(TYTO_FORMAT_JSONL, 2, asked, other ? 0.25F : 0.5F, begun);
        assert_int_equal(
            tyto_document_resume(document, held, strlen(held), names, 2, NULL, done, &bytes, &err),
            TYTO_E_ARGUMENT);
        assert_non_null(
            strstr(tyto_error_message(&err), other ? "required '[a face]'" : "threshold 0.25"));
        tyto_document_destroy(document);
        tyto_tree_destroy(asked);
    }
    tyto_error_clear(&err);
}

static void what_is_not_of_the_tree_is_refused(void **state)
{
    tyto_tree_item bad[COUNT];
    const tyto_tree_found wrong = {.items = bad, .count = COUNT, .width_px = 64, .height_px = 48};
    tyto_image image = {0};
    (void)state;
    assert_int_equal(tyto_image_make(64, 48, &image, NULL), TYTO_OK);
    for (int i = 0; i < 12; i++) {
        char whole[64];
        tyto_bytes bytes;
        memcpy(bad, items, sizeof(items));
        bad[1].list = i == 0 ? 4 : i == 1 ? -1 : i == 2 ? 0 : bad[1].list;
        bad[1].node = i == 3 ? 7 : i == 4 ? -1 : i == 5 ? 2 : bad[1].node;
        bad[1].parent = i == 6 ? 1 : i == 7 ? -2 : bad[1].parent;
        bad[1].end = i == 8 ? 5 : i == 9 ? 1 : bad[1].end;
        bad[1].depth = i == 10 ? -1 : bad[1].depth;
        bad[3].logits = i == 11 ? NULL : bad[3].logits;
        tyto_document *document = created(TYTO_FORMAT_JSONL, 1, tree, 0.25F, whole);
        assert_int_equal(tyto_document_add_tree(document, "a", &wrong, &bytes, NULL),
                         TYTO_E_ARGUMENT);
        assert_int_equal(tyto_draw_tree(&image, tree, &wrong, NULL, NULL), TYTO_E_ARGUMENT);
        tyto_document_destroy(document);
    }
    tyto_image_clear(&image);
}

static void documents_are_checked(void **state)
{
    tyto_tree_document_options options;
    tyto_document *document = NULL;
    tyto_bytes bytes;
    char whole[64];
    (void)state;
    tyto_tree_document_options_init(&options, sizeof(options));
    assert_int_equal(tyto_tree_document_create(&options, &document, &bytes, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_document_create(NULL, &document, &bytes, NULL), TYTO_E_ARGUMENT);
    options.tree = tree;
    options.format = TYTO_FORMAT_CSV;
    assert_int_equal(tyto_tree_document_create(&options, &document, &bytes, NULL), TYTO_E_ARGUMENT);
    assert_null(document);
    document = created(TYTO_FORMAT_TEXT, 1, tree, 0.1F, whole);
    assert_int_equal(tyto_document_add_tree(NULL, "a", &found, &bytes, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_document_add_tree(document, NULL, &found, &bytes, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_document_add_tree(document, "a", NULL, &bytes, NULL), TYTO_E_ARGUMENT);
    tyto_document_destroy(document);
}

static bool pixel_is(const tyto_image *image, int64_t x, int64_t y, uint32_t rgb)
{
    const uint8_t *p = image->data + 3 * (y * image->width_px + x);
    return p[0] == rgb >> 16 && p[1] == (rgb >> 8 & 255) && p[2] == (rgb & 255);
}

/* Boxes alone: a colour for each depth, and thinner lines further in. */
static void depths_have_colours_and_widths(void **state)
{
    tyto_draw_options options;
    tyto_image image = {0};
    (void)state;
    tyto_draw_options_init(&options, sizeof(options));
    options.no_labels = true;
    options.line_px = 4;
    assert_int_equal(tyto_image_make(64, 48, &image, NULL), TYTO_OK);
    memset(image.data, 0, (size_t)(64 * 48 * 3));
    assert_int_equal(tyto_draw_tree(&image, tree, &found, &options, NULL), TYTO_OK);
    for (int64_t x = 4; x < 8; x++) {
        assert_true(pixel_is(&image, x, 30, 0xff4b4b));
    }
    assert_false(pixel_is(&image, 8, 30, 0xff4b4b));
    for (int64_t x = 25; x < 28; x++) {
        assert_true(pixel_is(&image, x, 14, 0x2f8cff));
    }
    assert_false(pixel_is(&image, 28, 14, 0x2f8cff));
    /* No choice was made about the photo: no frame. */
    assert_true(pixel_is(&image, 0, 47, 0));
    items[6].node = 5;
    assert_int_equal(tyto_draw_tree(&image, tree, &found, &options, NULL), TYTO_OK);
    items[6].node = -1;
    assert_true(pixel_is(&image, 1, 24, 0xff4b4b));
    assert_int_equal(tyto_draw_tree(NULL, tree, &found, &options, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_tree(&image, NULL, &found, &options, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_draw_tree(&image, tree, NULL, &options, NULL), TYTO_E_ARGUMENT);
    tyto_image_clear(&image);
}

/* The picture of a tree's items is that of these detections with these labels. */
static void labels_say_what_was_chosen(void **state)
{
    static const char *const labels[] = {"an, \"eye\"", "a face (happy)", "a face", "a hand",
                                         "out"};
    tyto_detection boxes[] = {{.box = items[1].box, .score = 0.5F},
                              {.box = items[2].box, .score = 0.25F},
                              {.box = items[0].box, .score = 0.8F, .label_index = 1},
                              {.box = items[4].box, .score = 0.5F, .label_index = 2},
                              {.box = items[5].box, .score = 0.4F, .label_index = 3},
                              {.box = {0, 0, 640, 480}, .score = NAN, .label_index = 4}};
    const int64_t depths[] = {1, 1, 0, 0, 0, 0};
    const tyto_detections list = {.items = boxes, .count = 6};
    tyto_draw_options options;
    tyto_image a = {0}, b = {0};
    (void)state;
    assert_int_equal(tyto_image_make(640, 480, &a, NULL), TYTO_OK);
    assert_int_equal(tyto_image_make(640, 480, &b, NULL), TYTO_OK);
    memset(a.data, 90, 640 * 480 * 3);
    memset(b.data, 90, 640 * 480 * 3);
    tyto_draw_options_init(&options, sizeof(options));
    options.depths = depths;
    assert_int_equal(tyto_draw_detections(&a, &list, labels, 5, &options, NULL), TYTO_OK);
    items[6].node = 6;
    assert_int_equal(tyto_draw_tree(&b, tree, &found, NULL, NULL), TYTO_OK);
    items[6].node = -1;
    assert_memory_equal(a.data, b.data, 640 * 480 * 3);
    const int64_t below[] = {1, 1, 0, -1, 0, 0};
    options.depths = below;
    assert_int_equal(tyto_draw_detections(&a, &list, labels, 5, &options, NULL), TYTO_E_ARGUMENT);
    tyto_image_clear(&a);
    tyto_image_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_are_objects_that_nest),
        cmocka_unit_test(tables_are_indented),
        cmocka_unit_test(documents_go_on),
        cmocka_unit_test(what_is_not_of_the_tree_is_refused),
        cmocka_unit_test(documents_are_checked),
        cmocka_unit_test(depths_have_colours_and_widths),
        cmocka_unit_test(labels_say_what_was_chosen),
    };
    return cmocka_run_group_tests_name("tree results", tests, enter, leave);
}
