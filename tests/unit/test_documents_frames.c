/* Documents of what was found in frames of videos: each format into a buffer, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/frame_document.h>

#include "support/cases.h"

static const char *const labels[] = {"a \"red\", car", "a bus"};
static tyto_detection items[] = {
    {.box = {1.5f, 2.0f, 30.25f, 40.0f}, .score = 0.75f, .label_index = 0},
    {.box = {5.0f, 6.0f, 7.0f, 8.0f}, .score = 0.1f, .label_index = 1}};
static int64_t ids[] = {12, -1};

static tyto_status create(tyto_format format, tyto_document **document, tyto_bytes *out)
{
    tyto_frame_document_options options;
    tyto_frame_document_options_init(&options, sizeof(options));
    options.format = format;
    options.labels = labels;
    options.n_labels = 2;
    options.threshold = 0.25f;
    return tyto_frame_document_create(&options, document, out, NULL);
}

static void append(char *whole, tyto_bytes *bytes)
{
    strcat(whole, bytes->data ? bytes->data : "");
    tyto_bytes_clear(bytes);
}

/* Two frames with identities, or without, the second of which is empty. */
static void frames_are_written(void **state)
{
    (void)state;
    static const struct {
        tyto_format format;
        bool tracked;
        const char *want;
    } cases[] = {
        {TYTO_FORMAT_JSONL, true,
         "{\"video\": \"in.mp4\", \"frame\": 3, \"time_s\": 0.12, \"width\": 64, \"height\": 48, "
         "\"threshold\": 0.25, \"detections\": [{\"label\": \"a \\\"red\\\", car\", "
         "\"label_index\": 0, \"score\": 0.75, \"track\": 12, \"box\": {\"xmin\": 1.5, \"ymin\": "
         "2.0, \"xmax\": 30.25, \"ymax\": 40.0}}, {\"label\": \"a bus\", \"label_index\": 1, "
         "\"score\": 0.1, \"track\": null, \"box\": {\"xmin\": 5.0, \"ymin\": 6.0, \"xmax\": 7.0, "
         "\"ymax\": 8.0}}]}\n"
         "{\"video\": \"in.mp4\", \"frame\": 4, \"time_s\": 0.16, \"width\": 64, \"height\": 48, "
         "\"threshold\": 0.25, \"detections\": []}\n"},
        {TYTO_FORMAT_CSV, true,
         "video,frame,time_s,width,height,label,label_index,score,track,xmin,ymin,xmax,ymax\n"
         "in.mp4,3,0.12,64,48,\"a \"\"red\"\", car\",0,0.75,12,1.5,2,30.25,40\n"
         "in.mp4,3,0.12,64,48,a bus,1,0.1,,5,6,7,8\n"},
        {TYTO_FORMAT_CSV, false,
         "video,frame,time_s,width,height,label,label_index,score,track,xmin,ymin,xmax,ymax\n"
         "in.mp4,3,0.12,64,48,\"a \"\"red\"\", car\",0,0.75,,1.5,2,30.25,40\n"
         "in.mp4,3,0.12,64,48,a bus,1,0.1,,5,6,7,8\n"},
        {TYTO_FORMAT_TEXT, true,
         "in.mp4: frame 3, 0.120 s (64 x 48 px): 2 found\n"
         "  score      xmin     ymin     xmax     ymax  track  label\n"
         "  0.750       1.5      2.0     30.2     40.0     12  a \"red\", car\n"
         "  0.100       5.0      6.0      7.0      8.0      -  a bus\n"
         "\n"
         "in.mp4: frame 4, 0.160 s (64 x 48 px): nothing found\n"},
        {TYTO_FORMAT_TEXT, false,
         "in.mp4: frame 3, 0.120 s (64 x 48 px): 2 found\n"
         "  score      xmin     ymin     xmax     ymax  label\n"
         "  0.750       1.5      2.0     30.2     40.0  a \"red\", car\n"
         "  0.100       5.0      6.0      7.0      8.0  a bus\n"
         "\n"
         "in.mp4: frame 4, 0.160 s (64 x 48 px): nothing found\n"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        char whole[4096] = "";
        tyto_document *document = NULL;
        tyto_bytes bytes;
        const tyto_frame_detections frames[] = {
            {.frame = 3,
             .seconds = 0.12,
             .width_px = 64,
             .height_px = 48,
             .detections = {.items = items, .count = 2},
             .tracks = cases[i].tracked ? ids : NULL},
            {.frame = 4, .seconds = 0.16, .width_px = 64, .height_px = 48}};
        assert_int_equal(create(cases[i].format, &document, &bytes), TYTO_OK);
        append(whole, &bytes);
        for (int f = 0; f < 2; f++) {
            assert_int_equal(tyto_document_add_frame(document, "in.mp4", &frames[f], &bytes, NULL),
                             TYTO_OK);
            append(whole, &bytes);
        }
        assert_int_equal(tyto_document_end(document, &bytes, NULL), TYTO_OK);
        append(whole, &bytes);
        tyto_document_destroy(document);
        assert_string_equal(whole, cases[i].want);
    }
}

/* JSON is an array, of no frames too. */
static void json_is_an_array(void **state)
{
    (void)state;
    for (int count = 0; count < 3; count++) {
        char whole[1024] = "";
        const tyto_frame_detections frame = {.frame = 7};
        tyto_document *document = NULL;
        tyto_bytes bytes;
        assert_int_equal(create(TYTO_FORMAT_JSON, &document, &bytes), TYTO_OK);
        append(whole, &bytes);
        for (int f = 0; f < count; f++) {
            assert_int_equal(tyto_document_add_frame(document, "v", &frame, &bytes, NULL), TYTO_OK);
            append(whole, &bytes);
        }
        assert_int_equal(tyto_document_end(document, &bytes, NULL), TYTO_OK);
        append(whole, &bytes);
        tyto_document_destroy(document);
#define FRAME                                                                                      \
    "{\"video\": \"v\", \"frame\": 7, \"time_s\": 0.0, \"width\": 0, \"height\": 0, "              \
    "\"threshold\": 0.25, \"detections\": []}"
        static const char *const want[] = {"[]\n", "[\n" FRAME "\n]\n",
                                           "[\n" FRAME ",\n" FRAME "\n]\n"};
        assert_string_equal(whole, want[count]);
    }
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    tyto_document *document = NULL;
    tyto_bytes bytes;
    tyto_detection stray = {.label_index = 2};
    tyto_frame_detections frame = {.detections = {.items = &stray, .count = 1}};
    assert_int_equal(create(TYTO_FORMAT_COCO, &document, &bytes), TYTO_E_ARGUMENT);
    assert_int_equal(create(TYTO_FORMAT_YOLO, &document, &bytes), TYTO_E_ARGUMENT);
    assert_null(document);
    assert_int_equal(create(TYTO_FORMAT_JSONL, &document, &bytes), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_add_frame(document, "v", &frame, &bytes, NULL), TYTO_E_ARGUMENT);
    frame.detections.items = NULL;
    assert_int_equal(tyto_document_add_frame(document, "v", &frame, &bytes, NULL), TYTO_E_ARGUMENT);
    frame.detections.count = 0;
    assert_int_equal(tyto_document_add_frame(document, "v", NULL, &bytes, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_document_add_frame(NULL, "v", &frame, &bytes, NULL), TYTO_E_ARGUMENT);
    tyto_document_destroy(document);
}

/* JSON has a word for a video without a name; a table hasn't. */
static void a_video_may_be_nameless(void **state)
{
    (void)state;
    tyto_document *document = NULL;
    tyto_bytes bytes;
    const tyto_frame_detections frame = {0};
    assert_int_equal(create(TYTO_FORMAT_JSONL, &document, &bytes), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_add_frame(document, NULL, &frame, &bytes, NULL), TYTO_OK);
    assert_non_null(strstr(bytes.data, "\"video\": null, "));
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    assert_int_equal(create(TYTO_FORMAT_CSV, &document, &bytes), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_add_frame(document, NULL, &frame, &bytes, NULL),
                     TYTO_E_ARGUMENT);
    tyto_document_destroy(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_written),
        cmocka_unit_test(json_is_an_array),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(a_video_may_be_nameless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
