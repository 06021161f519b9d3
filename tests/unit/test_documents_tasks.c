/* Documents of classes, of videos' classes, of filled texts and of similarities: each format into a
 * buffer, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/classes_document.h>
#include <tyto/fill_mask_document.h>
#include <tyto/similarity_document.h>

#include "support/cases.h"

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))
/* A quote, a comma, a line end, UTF-8, and a byte that isn't: as it is, and as documents spell it.
 */
#define NASTY "a \"red\", K\xc3\xa4se\n\xff"
#define NASTY_TEXT "a \"red\", K\xc3\xa4se\\x0a\xff"
#define NASTY_JSON "\"a \\\"red\\\", K\xc3\xa4se\\n\xef\xbf\xbd\""
#define NASTY_CSV "\"a \"\"red\"\", K\xc3\xa4se\n\xff\""

/* What kind of document, of how many records: the first ones of "a.jpg" and NASTY. */
typedef tyto_status (*create_fn)(tyto_format format, int64_t records, tyto_document **document,
                                 tyto_bytes *out, tyto_error *err);
typedef tyto_status (*add_fn)(tyto_document *document, const char *name, int64_t i, tyto_bytes *out,
                              tyto_error *err);

typedef struct case_t {
    tyto_format format;
    int64_t records;
    const char *required;
} case_t;

static void append(char *whole, tyto_bytes *bytes)
{
    const char *text = bytes->data ? bytes->data : "";
    assert_int_equal(strlen(text), bytes->length_bytes);
    strcat(whole, text);
    tyto_bytes_clear(bytes);
}

static void write_cases(create_fn create, add_fn add, const case_t *cases, int64_t count)
{
    static const char *const names[] = {"a.jpg", NASTY};
    for (int64_t i = 0; next_case(i, count); i++) {
        char whole[4096] = "";
        tyto_error err = TYTO_ERROR_INIT;
        tyto_document *document;
        tyto_bytes bytes;
        assert_int_equal(create(cases[i].format, cases[i].records, &document, &bytes, &err),
                         TYTO_OK);
        append(whole, &bytes);
        for (int64_t r = 0; r < cases[i].records; r++) {
            assert_int_equal(add(document, names[r], r, &bytes, &err), TYTO_OK);
            assert_null(tyto_document_file(document));
            append(whole, &bytes);
        }
        assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
        append(whole, &bytes);
        assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_E_ARGUMENT);
        assert_int_equal(add(document, "late.jpg", 0, &bytes, &err), TYTO_E_ARGUMENT);
        assert_null(bytes.data);
        tyto_error_clear(&err);
        tyto_document_destroy(document);
        assert_string_equal(whole, cases[i].required);
    }
}

/* Formats that documents of records don't have, and those that aren't any. */
static void refuse_formats(create_fn create, tyto_format first)
{
    const int formats[] = {(int)first,       TYTO_FORMAT_COCO,     TYTO_FORMAT_COCO_RESULTS,
                           TYTO_FORMAT_YOLO, TYTO_FORMAT_YOLO + 1, -1};
    for (int64_t i = 0; next_case(i, COUNT(formats)); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        char kept;
        tyto_document *document = (tyto_document *)(void *)&kept;
        tyto_bytes bytes = {&kept, 1};
        assert_int_equal(create((tyto_format)formats[i], 1, &document, &bytes, &err),
                         TYTO_E_ARGUMENT);
        assert_null(document);
        assert_null(bytes.data);
        tyto_error_clear(&err);
    }
}

/* The class of a name, and one without. */
static tyto_class classes[] = {
    {.label_index = 2, .label = NASTY, .score = 0.75F, .logit = 1.5F},
    {.label_index = 10, .label = NULL, .score = 0.1F, .logit = -2.0F},
};

static tyto_status create_classes(tyto_format format, int64_t records, tyto_document **document,
                                  tyto_bytes *out, tyto_error *err)
{
    (void)records;
    return tyto_classes_document_create(format, TYTO_CLASSIFIED_IMAGE, document, out, err);
}

/* The second record has no classes. */
static tyto_status add_classes(tyto_document *document, const char *name, int64_t i,
                               tyto_bytes *out, tyto_error *err)
{
    const tyto_classes found = {.items = classes, .count = i == 0 ? 2 : 0};
    return tyto_document_add_classes(document, name, &found, out, err);
}

#define CLASSES_JSON                                                                               \
    "{\"image\": \"a.jpg\", \"classes\": [{\"label\": " NASTY_JSON                                 \
    ", \"label_index\": 2, \"score\": 0.75, \"logit\": 1.5}, {\"label\": \"LABEL_10\", "           \
    "\"label_index\": 10, \"score\": 0.1, \"logit\": -2.0}]}"
#define NO_CLASSES_JSON "{\"image\": " NASTY_JSON ", \"classes\": []}"
#define CLASSES_TEXT "a.jpg\n  score  label\n 0.7500  " NASTY_TEXT "\n 0.1000  LABEL_10\n"

static void classes_are_written(void **state)
{
    static const case_t cases[] = {
        {TYTO_FORMAT_TEXT, 0, ""},
        {TYTO_FORMAT_TEXT, 1, CLASSES_TEXT},
        {TYTO_FORMAT_TEXT, 2, CLASSES_TEXT "\n" NASTY_TEXT "\n  score  label\n"},
        {TYTO_FORMAT_JSON, 0, "[]\n"},
        {TYTO_FORMAT_JSON, 1, "[\n" CLASSES_JSON "\n]\n"},
        {TYTO_FORMAT_JSON, 2, "[\n" CLASSES_JSON ",\n" NO_CLASSES_JSON "\n]\n"},
        {TYTO_FORMAT_JSONL, 0, ""},
        {TYTO_FORMAT_JSONL, 2, CLASSES_JSON "\n" NO_CLASSES_JSON "\n"},
        {TYTO_FORMAT_CSV, 0, "input,rank,label,label_index,score,logit\n"},
        {TYTO_FORMAT_CSV, 2,
         "input,rank,label,label_index,score,logit\n"
         "a.jpg,1," NASTY_CSV ",2,0.75,1.5\n"
         "a.jpg,2,LABEL_10,10,0.1,-2\n"},
    };
    (void)state;
    write_cases(create_classes, add_classes, cases, COUNT(cases));
    refuse_formats(create_classes, TYTO_FORMAT_COCO);
}

/* JSON calls inputs what they are. */
static void classes_say_of_what(void **state)
{
    (void)state;
    const tyto_classes none = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    assert_int_equal(tyto_classes_document_create(TYTO_FORMAT_JSONL, TYTO_CLASSIFIED_TEXT,
                                                  &document, &bytes, &err),
                     TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_add_classes(document, "a text", &none, &bytes, &err), TYTO_OK);
    assert_string_equal(bytes.data, "{\"text\": \"a text\", \"classes\": []}\n");
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    for (int kind = -1; kind <= 3; kind += kind < 0 ? 1 : 3) {
        assert_int_equal(tyto_classes_document_create(TYTO_FORMAT_JSON, (tyto_classified)kind,
                                                      &document, &bytes, &err),
                         TYTO_E_ARGUMENT);
        assert_null(document);
    }
    tyto_error_clear(&err);
}

static tyto_status create_videos(tyto_format format, int64_t records, tyto_document **document,
                                 tyto_bytes *out, tyto_error *err)
{
    return tyto_video_classes_document_create(format, records, 1, document, out, err);
}

/* Two windows of three classes, and one: the last window ends with the video. */
static tyto_status add_video(tyto_document *document, const char *name, int64_t i, tyto_bytes *out,
                             tyto_error *err)
{
    static float scores[] = {0.5F, 0.25F, 0.25F, 0.0F, 0.125F, 0.875F};
    static float mean[] = {0.25F, 0.1875F, 0.5625F};
    static const char *const labels[] = {"running", "\"jumping\""};
    tyto_video_classes found = {.n_windows = 2,
                                .n_classes = 3,
                                .scores = scores,
                                .mean = mean,
                                .window_s = 0.64,
                                .end_s = 1.0,
                                .labels = labels,
                                .n_labels = 2};
    if (i == 1) {
        found.n_windows = 1;
        found.mean = scores;
        found.end_s = 0.5;
    }
    return tyto_document_add_video_classes(document, name, &found, out, err);
}

#define VIDEO_TEXT                                                                                 \
    "a.jpg\n  0.5625  LABEL_2\n 0.00 to 0.64 s\n  0.5000  running\n 0.64 to 1.00 s\n"              \
    "  0.8750  LABEL_2\n"
#define SECOND_VIDEO_TEXT NASTY_TEXT "\n  0.5000  running\n"
#define VIDEO_JSONL                                                                                \
    "{\"video\": \"a.jpg\", \"labels\": [{\"label\": \"LABEL_2\", \"label_index\": 2, \"score\": " \
    "0.5625}], \"windows\": [{\"from_s\": 0.0, \"to_s\": 0.64, \"labels\": [{\"label\": "          \
    "\"running\", \"label_index\": 0, \"score\": 0.5}]}, {\"from_s\": 0.64, \"to_s\": 1.0, "       \
    "\"labels\": [{\"label\": \"LABEL_2\", \"label_index\": 2, \"score\": 0.875}]}]}\n"
#define SECOND_VIDEO_JSONL                                                                         \
    "{\"video\": " NASTY_JSON ", \"labels\": [{\"label\": \"running\", \"label_index\": 0, "       \
    "\"score\": 0.5}], \"windows\": [{\"from_s\": 0.0, \"to_s\": 0.5, \"labels\": [{\"label\": "   \
    "\"running\", \"label_index\": 0, \"score\": 0.5}]}]}\n"

static void videos_are_written(void **state)
{
    static const case_t cases[] = {
        {TYTO_FORMAT_TEXT, 1, VIDEO_TEXT},
        {TYTO_FORMAT_TEXT, 2, VIDEO_TEXT SECOND_VIDEO_TEXT},
        {TYTO_FORMAT_JSONL, 2, VIDEO_JSONL SECOND_VIDEO_JSONL},
        {TYTO_FORMAT_JSON, 0, ""},
    };
    (void)state;
    write_cases(create_videos, add_video, cases, COUNT(cases));
    refuse_formats(create_videos, TYTO_FORMAT_CSV);
}

/* What remains of indented JSON in one line. */
static void join_lines(char *text)
{
    char *end = text;
    for (const char *at = text; *at; at++) {
        if (*at != '\n') {
            *end++ = *at;
            continue;
        }
        at += strspn(at, "\n ") - 1;
        if (end > text && end[-1] == ',') {
            *end++ = ' ';
        }
    }
    *end = '\0';
}

/* Of several videos an array, which comes whole at the end; of one an object. */
static void videos_are_indented(void **state)
{
    static const char *const required[] = {VIDEO_JSONL,
                                           "[" VIDEO_JSONL ", " SECOND_VIDEO_JSONL "]"};
    (void)state;
    for (int64_t i = 0; next_case(i, 2); i++) {
        char whole[4096] = "", line[4096] = "";
        tyto_error err = TYTO_ERROR_INIT;
        tyto_document *document;
        tyto_bytes bytes;
        assert_int_equal(create_videos(TYTO_FORMAT_JSON, i + 1, &document, &bytes, &err), TYTO_OK);
        append(whole, &bytes);
        for (int64_t v = 0; v <= i; v++) {
            assert_int_equal(add_video(document, v ? NASTY : "a.jpg", v, &bytes, &err), TYTO_OK);
            assert_int_equal(bytes.length_bytes > 0, i == 0);
            append(whole, &bytes);
        }
        assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
        append(whole, &bytes);
        tyto_document_destroy(document);
        assert_non_null(strstr(whole, "\n  "));
        join_lines(whole);
        char *end = line;
        for (const char *at = required[i]; *at; at++) {
            if (*at != '\n') {
                *end++ = *at;
            }
        }
        assert_string_equal(whole, line);
    }
}

static void videos_need_windows(void **state)
{
    (void)state;
    const tyto_video_classes none = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    for (int format = TYTO_FORMAT_TEXT; format <= TYTO_FORMAT_JSONL; format++) {
        assert_int_equal(create_videos((tyto_format)format, 2, &document, &bytes, &err), TYTO_OK);
        tyto_bytes_clear(&bytes);
        assert_int_equal(tyto_document_add_video_classes(document, "a.mp4", &none, &bytes, &err),
                         TYTO_E_RANGE);
        assert_null(bytes.data);
        tyto_document_destroy(document);
    }
    assert_int_equal(
        tyto_video_classes_document_create(TYTO_FORMAT_TEXT, 1, -1, &document, &bytes, &err),
        TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

static tyto_status create_filled(tyto_format format, int64_t records, tyto_document **document,
                                 tyto_bytes *out, tyto_error *err)
{
    (void)records;
    return tyto_fill_mask_document_create(format, document, out, err);
}

/* Two masks, each with a letter, a byte that no letter is, a special token or one that is unknown;
 * the second record has no guesses. */
static tyto_status add_filled(tyto_document *document, const char *name, int64_t i, tyto_bytes *out,
                              tyto_error *err)
{
    static tyto_guess guesses[] = {
        {.id = 'g' + TYTO_BYTE_ID_FIRST, .token = "g", .score = 0.5F},
        {.id = ' ' + TYTO_BYTE_ID_FIRST, .token = " ", .score = 0.25F},
        {.id = 3, .token = "[MASK]", .score = 0.75F},
        {.id = 400, .token = NULL, .score = 0.1F},
    };
    static int64_t positions[] = {1, 12}, best[] = {'g', 0xff};
    static char text[] = "g\"\n\xff";
    const tyto_filled_text filled = {.n_masks = i == 0 ? 2 : 0,
                                     .positions = positions,
                                     .n_guesses = 2,
                                     .guesses = guesses,
                                     .best = best,
                                     .text = text,
                                     .length_bytes = sizeof(text) - 1};
    return tyto_document_add_filled_text(document, name, &filled, out, err);
}

#define FILLED_TEXT                                                                                \
    "text  a.jpg\nbest  g\"\\x0a\xff\n  token  guesses\n"                                          \
    "      1  g    0.500  \\x20 0.250\n     12  [MASK] 0.750  ?    0.100\n"
#define FILLED_JSON                                                                                \
    "{\"text\": \"a.jpg\", \"best\": \"g\\\"\\n\xef\xbf\xbd\", \"masks\": [{\"position\": 1, "     \
    "\"best\": 103, \"guesses\": [{\"id\": 109, \"token\": \"g\", \"score\": 0.5}, {\"id\": 38, "  \
    "\"token\": \" \", \"score\": 0.25}]}, {\"position\": 12, \"best\": 255, \"guesses\": "        \
    "[{\"id\": 3, \"token\": \"[MASK]\", \"score\": 0.75}, {\"id\": 400, \"token\": null, "        \
    "\"score\": 0.1}]}]}"
#define NOT_FILLED_JSON                                                                            \
    "{\"text\": " NASTY_JSON ", \"best\": \"g\\\"\\n\xef\xbf\xbd\", \"masks\": []}"

static void filled_texts_are_written(void **state)
{
    static const case_t cases[] = {
        {TYTO_FORMAT_TEXT, 0, ""},
        {TYTO_FORMAT_TEXT, 1, FILLED_TEXT},
        {TYTO_FORMAT_TEXT, 2,
         FILLED_TEXT "\ntext  " NASTY_TEXT "\nbest  g\"\\x0a\xff\n  token  guesses\n"},
        {TYTO_FORMAT_JSON, 0, "[]\n"},
        {TYTO_FORMAT_JSON, 2, "[\n" FILLED_JSON ",\n" NOT_FILLED_JSON "\n]\n"},
        {TYTO_FORMAT_JSONL, 2, FILLED_JSON "\n" NOT_FILLED_JSON "\n"},
        {TYTO_FORMAT_CSV, 2,
         "text,best,position,rank,id,token,score\n"
         "a.jpg,\"g\"\"\n\xff\",1,1,109,g,0.5\n"
         "a.jpg,\"g\"\"\n\xff\",1,2,38, ,0.25\n"
         "a.jpg,\"g\"\"\n\xff\",12,1,3,[MASK],0.75\n"
         "a.jpg,\"g\"\"\n\xff\",12,2,400,,0.1\n"},
    };
    (void)state;
    write_cases(create_filled, add_filled, cases, COUNT(cases));
    refuse_formats(create_filled, TYTO_FORMAT_COCO);
}

static const char *const labels[] = {"a cat", NASTY};

static tyto_status create_similarities(tyto_format format, int64_t records,
                                       tyto_document **document, tyto_bytes *out, tyto_error *err)
{
    return tyto_similarity_document_create(format, labels, 2, records, document, out, err);
}

/* Two labels, then one. */
static tyto_status add_similarities(tyto_document *document, const char *name, int64_t i,
                                    tyto_bytes *out, tyto_error *err)
{
    static tyto_similarity_item items[] = {
        {.label_index = 1, .logit = 12.5F, .probability = 0.75F},
        {.label_index = 0, .logit = -2.0F, .probability = 0.1F},
    };
    const tyto_similarities found = {.items = items + i, .count = 2 - i};
    return tyto_document_add_similarities(document, name, &found, out, err);
}

#define SIMILAR_TEXT                                                                               \
    "a.jpg:\n  probability     logit  label\n      0.75000    12.500  " NASTY_TEXT                 \
    "\n      0.10000    -2.000  a cat\n"
#define SIMILAR_JSON                                                                               \
    "{\"image\": \"a.jpg\", \"similarities\": [{\"label\": " NASTY_JSON                            \
    ", \"label_index\": 1, \"logit\": 12.5, \"probability\": 0.75}, {\"label\": \"a cat\", "       \
    "\"label_index\": 0, \"logit\": -2.0, \"probability\": 0.1}]}"
#define SECOND_SIMILAR_JSON                                                                        \
    "{\"image\": " NASTY_JSON ", \"similarities\": [{\"label\": \"a cat\", \"label_index\": 0, "   \
    "\"logit\": -2.0, \"probability\": 0.1}]}"

static void similarities_are_written(void **state)
{
    static const case_t cases[] = {
        {TYTO_FORMAT_TEXT, 1, SIMILAR_TEXT},
        {TYTO_FORMAT_TEXT, 2,
         SIMILAR_TEXT "\n" NASTY_TEXT
                      ":\n  probability     logit  label\n      0.10000    -2.000  a cat\n"},
        {TYTO_FORMAT_JSON, 0, ""},
        {TYTO_FORMAT_JSON, 1,
         "{\n  \"image\": \"a.jpg\",\n  \"similarities\": [\n    {\n      \"label\": " NASTY_JSON
         ",\n      \"label_index\": 1,\n      \"logit\": 12.5,\n      \"probability\": 0.75\n"
         "    },\n    {\n      \"label\": \"a cat\",\n      \"label_index\": 0,\n"
         "      \"logit\": -2.0,\n      \"probability\": 0.1\n    }\n  ]\n}\n"},
        {TYTO_FORMAT_JSON, 2, "[\n" SIMILAR_JSON ",\n" SECOND_SIMILAR_JSON "\n]\n"},
        {TYTO_FORMAT_JSONL, 2, SIMILAR_JSON "\n" SECOND_SIMILAR_JSON "\n"},
        {TYTO_FORMAT_CSV, 2,
         "image,label,label_index,logit,probability\n"
         "a.jpg," NASTY_CSV ",1,12.5,0.75\n"
         "a.jpg,a cat,0,-2,0.1\n" NASTY_CSV ",a cat,0,-2,0.1\n"},
    };
    (void)state;
    write_cases(create_similarities, add_similarities, cases, COUNT(cases));
    refuse_formats(create_similarities, TYTO_FORMAT_COCO);
}

static void labels_must_be_there(void **state)
{
    (void)state;
    static const int64_t indices[] = {-1, 2, INT64_MAX};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    assert_int_equal(create_similarities(TYTO_FORMAT_CSV, 1, &document, &bytes, &err), TYTO_OK);
    tyto_bytes_clear(&bytes);
    for (int64_t i = 0; next_case(i, COUNT(indices)); i++) {
        tyto_similarity_item item = {.label_index = indices[i]};
        const tyto_similarities found = {.items = &item, .count = 1};
        assert_int_equal(tyto_document_add_similarities(document, "a.jpg", &found, &bytes, &err),
                         TYTO_E_RANGE);
        assert_null(bytes.data);
    }
    /* What was refused is not in the document, which goes on. */
    assert_int_equal(add_similarities(document, "a.jpg", 1, &bytes, &err), TYTO_OK);
    assert_string_equal(bytes.data, "a.jpg,a cat,0,-2,0.1\n");
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    for (int64_t count = -1; count <= 0; count++) {
        assert_int_equal(tyto_similarity_document_create(TYTO_FORMAT_CSV, labels, count, 1,
                                                         &document, &bytes, &err),
                         TYTO_E_ARGUMENT);
        assert_null(document);
    }
    assert_int_equal(
        tyto_similarity_document_create(TYTO_FORMAT_CSV, NULL, 2, 1, &document, &bytes, &err),
        TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

/* Records go only into a document of their kind. */
static void kinds_are_kept_apart(void **state)
{
    (void)state;
    static const create_fn creates[] = {create_classes, create_videos, create_filled,
                                        create_similarities};
    static const add_fn adds[] = {add_classes, add_video, add_filled, add_similarities};
    for (int64_t i = 0; next_case(i, COUNT(creates)); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_document *document;
        tyto_bytes bytes;
        assert_int_equal(creates[i](TYTO_FORMAT_JSONL, 1, &document, &bytes, &err), TYTO_OK);
        tyto_bytes_clear(&bytes);
        for (int64_t k = 0; next_case(k, COUNT(adds)); k++) {
            assert_int_equal(adds[k](document, "a.jpg", 0, &bytes, &err),
                             i == k ? TYTO_OK : TYTO_E_ARGUMENT);
            tyto_bytes_clear(&bytes);
        }
        tyto_error_clear(&err);
        tyto_document_destroy(document);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_written),      cmocka_unit_test(classes_say_of_what),
        cmocka_unit_test(videos_are_written),       cmocka_unit_test(videos_are_indented),
        cmocka_unit_test(videos_need_windows),      cmocka_unit_test(filled_texts_are_written),
        cmocka_unit_test(similarities_are_written), cmocka_unit_test(labels_must_be_there),
        cmocka_unit_test(kinds_are_kept_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
