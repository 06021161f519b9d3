/* Documents of detections: each format into a buffer, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/detection_document.h>
#include <tyto/memory.h>

/* A quote, a comma, a line end, UTF-8, and a byte that isn't. */
#define NASTY "a \"red\", K\xc3\xa4se\n\xff"

static const char *const labels[] = {"a cat", NASTY};
static tyto_detection found[] = {
    {.box = {1.5F, 2.0F, 3.25F, 4.0F}, .score = 0.1F, .label_index = 0},
    {.box = {0.0F, 0.0F, 1.0F, 1.0F / 3.0F}, .score = 0.0001F, .label_index = 1},
};
static const tyto_detections two = {found, 2}, none = {NULL, 0};
static const tyto_example_note example = {.photo = "cup, 1.jpg",
                                          .label_index = 1,
                                          .box = {1.0F, 2.0F, 3.0F, 4.0F},
                                          .objectness = 0.5F,
                                          .overlap = 0.25F};

/* A document of what one photo, or two photos, show. */
typedef struct case_t {
    const char *name;
    tyto_format format;
    int64_t n_photos, n_examples;
    const char *photos[2];
    const tyto_detections *found[2];
    bool scores;
    const char *required;
} case_t;

#define PHOTO_JSON                                                                                 \
    "{\"image\": \"in/a.jpg\", \"width\": 10, \"height\": 8, \"threshold\": 0.1, "                 \
    "\"detections\": [{\"label\": \"a cat\", \"label_index\": 0, \"score\": 0.1, \"box\": "        \
    "{\"xmin\": 1.5, \"ymin\": 2.0, \"xmax\": 3.25, \"ymax\": 4.0}}, {\"label\": \"a "             \
    "\\\"red\\\", "                                                                                \
    "K\xc3\xa4se\\n\xef\xbf\xbd\", \"label_index\": 1, \"score\": 0.0001, \"box\": {\"xmin\": "    \
    "0.0, \"ymin\": 0.0, \"xmax\": 1.0, \"ymax\": 0.33333334}}]}"
#define EMPTY_JSON                                                                                 \
    "{\"image\": \"7.jpg\", \"width\": 10, \"height\": 8, \"threshold\": 0.1, \"detections\": []}"
#define PHOTO_TEXT                                                                                 \
    "in/a.jpg (10 x 8 px): 2 found\n"                                                              \
    "  score      xmin     ymin     xmax     ymax  label\n"                                        \
    "  0.100       1.5      2.0      3.2      4.0  a cat\n"                                        \
    "  0.000       0.0      0.0      1.0      0.3  a \"red\", K\xc3\xa4se\\x0a\xff\n"
#define CATEGORIES                                                                                 \
    "\"categories\": [{\"id\": 1, \"name\": \"a cat\"}, {\"id\": 2, \"name\": \"a \\\"red\\\", "   \
    "K\xc3\xa4se\\n\xef\xbf\xbd\"}]"

static const case_t cases[] = {
    {"text", TYTO_FORMAT_TEXT, 1, 0, {"in/a.jpg"}, {&two}, false, PHOTO_TEXT},
    {"text, two photos",
     TYTO_FORMAT_TEXT,
     2,
     0,
     {"in/a.jpg", "7.jpg"},
     {&two, &none},
     false,
     PHOTO_TEXT "\n7.jpg (10 x 8 px): nothing found\n"},
    {"text, an example",
     TYTO_FORMAT_TEXT,
     1,
     1,
     {"b\n.jpg"},
     {&none},
     false,
     "1 example\n"
     "  object      xmin     ymin     xmax     ymax  label\n"
     "  0.500        1.0      2.0      3.0      4.0  a \"red\", K\xc3\xa4se\\x0a\xff (cup, 1.jpg)\n"
     "\nb\\x0a.jpg (10 x 8 px): nothing found\n"},
    {"text, no photo", TYTO_FORMAT_TEXT, 2, 0, {NULL}, {NULL}, false, ""},
    {"json, two photos",
     TYTO_FORMAT_JSON,
     2,
     0,
     {"in/a.jpg", "7.jpg"},
     {&two, &none},
     false,
     "[\n" PHOTO_JSON ",\n" EMPTY_JSON "\n]\n"},
    {"json, one empty photo",
     TYTO_FORMAT_JSON,
     1,
     0,
     {"7.jpg"},
     {&none},
     false,
     "{\n  \"image\": \"7.jpg\",\n  \"width\": 10,\n  \"height\": 8,\n  \"threshold\": 0.1,\n"
     "  \"detections\": []\n}\n"},
    {"json, no photo of two", TYTO_FORMAT_JSON, 2, 0, {NULL}, {NULL}, false, "[\n]\n"},
    {"json, no photo of one", TYTO_FORMAT_JSON, 1, 0, {NULL}, {NULL}, false, ""},
    {"jsonl", TYTO_FORMAT_JSONL, 1, 0, {"in/a.jpg"}, {&two}, false, PHOTO_JSON "\n"},
    {"jsonl, an example",
     TYTO_FORMAT_JSONL,
     1,
     1,
     {"7.jpg"},
     {&none},
     false,
     "{\"image\": \"7.jpg\", \"width\": 10, \"height\": 8, \"threshold\": 0.1, \"queries\": "
     "[{\"label\": \"a \\\"red\\\", K\xc3\xa4se\\n\xef\xbf\xbd\", \"label_index\": 1, \"image\": "
     "\"cup, 1.jpg\", \"objectness\": 0.5, \"overlap\": 0.25, \"box\": {\"xmin\": 1.0, \"ymin\": "
     "2.0, \"xmax\": 3.0, \"ymax\": 4.0}}], \"detections\": []}\n"},
    {"csv",
     TYTO_FORMAT_CSV,
     2,
     0,
     {"in,a.jpg", "7.jpg"},
     {&two, &none},
     false,
     "image,width,height,label,label_index,score,xmin,ymin,xmax,ymax\n"
     "\"in,a.jpg\",10,8,a cat,0,0.1,1.5,2,3.25,4\n"
     "\"in,a.jpg\",10,8,\"a \"\"red\"\", K\xc3\xa4se\n\xff\",1,0.0001,0,0,1,0.33333334\n"},
    {"coco, counted",
     TYTO_FORMAT_COCO,
     2,
     0,
     {"in/a.jpg", "7.jpg"},
     {&two, &none},
     false,
     "{\"images\": [{\"id\": 1, \"file_name\": \"in/a.jpg\", \"width\": 10, \"height\": 8}, "
     "{\"id\": "
     "2, \"file_name\": \"7.jpg\", \"width\": 10, \"height\": 8}], " CATEGORIES
     ", \"annotations\": [{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [1.5, 2.0, "
     "1.75, 2.0], \"area\": 3.5, \"iscrowd\": 0, \"score\": 0.1}, {\"id\": 2, \"image_id\": 1, "
     "\"category_id\": 2, \"bbox\": [0.0, 0.0, 1.0, 0.33333334], \"area\": 0.33333334, "
     "\"iscrowd\": 0, \"score\": 0.0001}]}\n"},
    {"coco, no photo",
     TYTO_FORMAT_COCO,
     2,
     0,
     {NULL},
     {NULL},
     false,
     "{\"images\": [], " CATEGORIES ", \"annotations\": []}\n"},
    {"coco-results, numbered",
     TYTO_FORMAT_COCO_RESULTS,
     2,
     0,
     {"in/000000397133.jpg", "7.jpg"},
     {&none, &two},
     false,
     "[{\"image_id\": 7, \"category_id\": 1, \"bbox\": [1.5, 2.0, 1.75, 2.0], \"score\": 0.1}, "
     "{\"image_id\": 7, \"category_id\": 2, \"bbox\": [0.0, 0.0, 1.0, 0.33333334], \"score\": "
     "0.0001}]\n"},
    {"coco-results, no photo", TYTO_FORMAT_COCO_RESULTS, 1, 0, {NULL}, {NULL}, false, "[]\n"},
    {"yolo",
     TYTO_FORMAT_YOLO,
     1,
     0,
     {"in/a.jpg"},
     {&two},
     false,
     "0 0.237500 0.375000 0.175000 0.250000\n1 0.050000 0.020833 0.100000 0.041667\n"},
    {"yolo, scores",
     TYTO_FORMAT_YOLO,
     1,
     0,
     {"in/a.jpg"},
     {&two},
     true,
     "0 0.237500 0.375000 0.175000 0.250000 0.100000\n"
     "1 0.050000 0.020833 0.100000 0.041667 0.000100\n"},
    {"voc",
     TYTO_FORMAT_VOC,
     1,
     0,
     {"in/a&b.jpg"},
     {&two},
     false,
     "<annotation>\n  <filename>a&amp;b.jpg</filename>\n  <source>\n    <database>Unknown"
     "</database>\n  </source>\n  <size>\n    <width>10</width>\n    <height>8</height>\n    "
     "<depth>3</depth>\n  </size>\n  <segmented>0</segmented>\n  <object>\n    <name>a cat</name>\n"
     "    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n    <difficult>0</difficult>\n"
     "    <score>0.1</score>\n    <bndbox>\n      <xmin>3</xmin>\n      <ymin>3</ymin>\n      "
     "<xmax>3</xmax>\n      <ymax>4</ymax>\n    </bndbox>\n  </object>\n  <object>\n    <name>a "
     "\"red\", K\xc3\xa4se&#10;\xef\xbf\xbd</name>\n    <pose>Unspecified</pose>\n    "
     "<truncated>0</truncated>\n    <difficult>0</difficult>\n    <score>0.0001</score>\n    "
     "<bndbox>\n      <xmin>1</xmin>\n      <ymin>1</ymin>\n      <xmax>1</xmax>\n      "
     "<ymax>1</ymax>\n    </bndbox>\n  </object>\n</annotation>\n"},
    {"odvg",
     TYTO_FORMAT_ODVG,
     2,
     0,
     {"in/a.jpg", "in/b/c.jpg"},
     {&two, &none},
     false,
     "{\"filename\": \"a.jpg\", \"height\": 8, \"width\": 10, \"detection\": {\"instances\": "
     "[{\"bbox\": [1.5, 2.0, 3.25, 4.0], \"label\": 0, \"category\": \"a cat\", \"score\": 0.1}, "
     "{\"bbox\": [0.0, 0.0, 1.0, 0.33333334], \"label\": 1, \"category\": \"a \\\"red\\\", "
     "K\xc3\xa4se\\n\xef\xbf\xbd\", \"score\": 0.0001}]}}\n{\"filename\": \"b/c.jpg\", \"height\": "
     "8, \"width\": 10, \"detection\": {\"instances\": []}}\n"},
    {"openimages",
     TYTO_FORMAT_OPENIMAGES,
     2,
     0,
     {"in/a.b.jpg", "in/x,y/c.jpg"},
     {&two, &two},
     false,
     "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,"
     "IsDepiction,IsInside\na.b,machine,a cat,0.1,0.15,0.325,0.25,0.5,-1,-1,-1,-1,-1\n"
     "a.b,machine,\"a \"\"red\"\", K\xc3\xa4se\n\xff\",0.0001,0,0.1,0,0.041666668,-1,-1,-1,-1,-1\n"
     "\"x,y/c\",machine,a cat,0.1,0.15,0.325,0.25,0.5,-1,-1,-1,-1,-1\n"
     "\"x,y/c\",machine,\"a \"\"red\"\", K\xc3\xa4se\n\xff\",0.0001,0,0.1,0,0.041666668,-1,-1,-1,"
     "-1,-1\n"},
    {"labelstudio",
     TYTO_FORMAT_LABELSTUDIO,
     2,
     0,
     {"7.jpg", "a.jpg"},
     {&none, &two},
     false,
     "[\n{\"data\": {\"image\": \"7.jpg\"}, \"predictions\": [{\"model_version\": \"tyto\", "
     "\"score\": 0.0, \"result\": []}]},\n{\"data\": {\"image\": \"a.jpg\"}, \"predictions\": "
     "[{\"model_version\": \"tyto\", \"score\": 0.0500500007, \"result\": [{\"id\": \"1\", "
     "\"type\": \"rectanglelabels\", \"from_name\": \"label\", \"to_name\": \"image\", "
     "\"original_width\": 10, \"original_height\": 8, \"image_rotation\": 0, \"value\": {\"x\": "
     "15.0, \"y\": 25.0, \"width\": 17.5, \"height\": 25.0, \"rotation\": 0, "
     "\"rectanglelabels\": [\"a cat\"]}, \"score\": 0.1}, {\"id\": \"2\", \"type\": "
     "\"rectanglelabels\", \"from_name\": \"label\", \"to_name\": \"image\", \"original_width\": "
     "10, \"original_height\": 8, \"image_rotation\": 0, \"value\": {\"x\": 0.0, \"y\": 0.0, "
     "\"width\": 10.0, \"height\": 4.16666679, \"rotation\": 0, \"rectanglelabels\": [\"a "
     "\\\"red\\\", K\xc3\xa4se\\n\xef\xbf\xbd\"]}, \"score\": 0.0001}]}]}\n]\n"},
};

static tyto_detection_document_options options_of(const case_t *c)
{
    tyto_detection_document_options options;
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = c->format;
    options.labels = labels;
    options.n_labels = 2;
    options.examples = &example;
    options.n_examples = c->n_examples;
    options.photos = c->photos[0] ? c->photos : NULL;
    options.n_photos = c->n_photos;
    options.scores = c->scores;
    return options;
}

static tyto_photo_detections photo_of(const case_t *c, int i)
{
    return (tyto_photo_detections){.photo = c->photos[i],
                                   .index = i,
                                   .width_px = 10,
                                   .height_px = 8,
                                   .detections = c->found[i]};
}

static void append(char *to, tyto_bytes *bytes)
{
    assert_int_equal(strlen(bytes->data), bytes->length_bytes);
    strcat(to, bytes->data);
    tyto_bytes_clear(bytes);
}

static void write_case(const case_t *c)
{
    char whole[4096] = "";
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    const tyto_detection_document_options options = options_of(c);
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, &err), TYTO_OK);
    append(whole, &bytes);
    for (int i = 0; i < 2 && c->photos[i]; i++) {
        const tyto_photo_detections photo = photo_of(c, i);
        assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_OK);
        assert_null(tyto_document_file(document));
        append(whole, &bytes);
    }
    assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
    append(whole, &bytes);
    tyto_document_destroy(document);
    if (strcmp(whole, c->required) != 0) {
        fail_msg("%s: got\n%s\nrequired\n%s", c->name, whole, c->required);
    }
    if (c->photos[0] && !c->photos[1]) {
        const tyto_photo_detections photo = photo_of(c, 0);
        assert_int_equal(tyto_detection_document_write(&options, &photo, &bytes, &err), TYTO_OK);
        assert_string_equal(bytes.data, c->required);
        tyto_bytes_clear(&bytes);
    }
}

static void test_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_case(&cases[i]);
    }
}

/* Indented JSON of one photo and the line of JSON lines say the same. */
static void test_one_photo_is_indented(void **state)
{
    (void)state;
    tyto_bytes bytes;
    tyto_error err = TYTO_ERROR_INIT;
    case_t c = {.n_photos = 1, .photos = {"in/a.jpg"}, .found = {&two}, .format = TYTO_FORMAT_JSON};
    const tyto_detection_document_options options = options_of(&c);
    const tyto_photo_detections photo = photo_of(&c, 0);
    assert_int_equal(tyto_detection_document_write(&options, &photo, &bytes, &err), TYTO_OK);
    char *to = bytes.data;
    for (const char *at = bytes.data; *at; at++) {
        if (*at == '\n') {
            at += strspn(at, "\n ");
            if (at[-1] == ' ' && to[-1] == ',') {
                *to++ = ' ';
            }
            at--;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    assert_string_equal(bytes.data, PHOTO_JSON);
    tyto_bytes_clear(&bytes);
}

static void test_yolo_files(void **state)
{
    (void)state;
    tyto_bytes bytes;
    tyto_document *document;
    tyto_error err = TYTO_ERROR_INIT;
    case_t c = {.n_photos = 2,
                .photos = {"in/a.b.jpg", "-"},
                .found = {&two, &none},
                .format = TYTO_FORMAT_YOLO};
    static const char *const files[] = {"a.b.txt", "stdin.txt"};
    tyto_detection_document_options options = options_of(&c);
    options.files = true;
    /* A label is a line of classes.txt. */
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "got more than one line, required one line of text"));
    static const char *const lines[] = {"a cat", "a \"red\", K\xc3\xa4se\t\xff"};
    options.labels = lines;
    options.data_yaml = true;
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, &err), TYTO_OK);
    assert_string_equal(tyto_document_file(document), "classes.txt");
    assert_string_equal(bytes.data, "a cat\na \"red\", K\xc3\xa4se\t\xff\n");
    tyto_bytes_clear(&bytes);
    for (int i = 0; i < 2; i++) {
        const tyto_photo_detections photo = photo_of(&c, i);
        assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_OK);
        assert_string_equal(tyto_document_file(document), files[i]);
        assert_int_equal(bytes.length_bytes > 0, i == 0);
        tyto_bytes_clear(&bytes);
    }
    assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
    assert_string_equal(tyto_document_file(document), "data.yaml");
    assert_string_equal(bytes.data, "nc: 2\nnames:\n  0: \"a cat\"\n"
                                    "  1: \"a \\\"red\\\", K\xc3\xa4se\\t\xef\xbf\xbd\"\n");
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    options.data_yaml = false;
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, &err), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
    assert_null(tyto_document_file(document));
    assert_int_equal(bytes.length_bytes, 0);
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    const tyto_photo_detections photo = photo_of(&c, 0);
    assert_int_equal(tyto_detection_document_write(&options, &photo, &bytes, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

/* What check says of YOLO's files; "" when nothing. */
static void assert_files(const char *label, const char *one, const char *other, const char *message)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *const photos[] = {one, other};
    tyto_detection_document_options options;
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = TYTO_FORMAT_YOLO;
    options.files = true;
    options.labels = &label;
    options.n_labels = 1;
    options.photos = photos;
    options.n_photos = 2;
    const tyto_status status = tyto_detection_document_check(&options, &err);
    assert_int_equal(status, *message ? TYTO_E_ARGUMENT : TYTO_OK);
    if (!strstr(*message ? err.message : "", message)) {
        fail_msg("'%s': got %s, required %s", label, err.message, message);
    }
    tyto_error_clear(&err);
}

static void test_yolo_keeps_its_names(void **state)
{
    (void)state;
    /* Python's splitlines, which readers of classes.txt use, knows all of these line ends. */
    static const char *const lines[] = {"a\nb", "a\rb",      "a\vb",
                                        "\x1c", "a\xc2\x85", "\xe2\x80\xa8 b"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_files(lines[i], "a.jpg", "b.jpg", "got more than one line");
    }
    assert_files(" ", "a.jpg", "b.jpg", "got nothing, required one line");
    assert_files("a\tcat", "a.jpg", "b.jpg", "");
    assert_files("a cat", "in/classes.jpg", "b.jpg",
                 "in/classes.jpg: its boxes would be written over");
    assert_files("a cat", "a/c.jpg", "b/c.png",
                 "both would be written to 'c.txt', required different names");
}

/* Ids and names of COCO's documents, as "[id] name" for each photo. */
static void assert_coco(const char *const *photos, const char *folder, const tyto_coco *ids,
                        const char *required)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    static const char *const cat[] = {"a cat"};
    tyto_detection one = found[0];
    const tyto_detections only = {&one, 1};
    tyto_detection_document_options options;
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = TYTO_FORMAT_COCO;
    options.labels = cat;
    options.n_labels = 1;
    options.photos = photos;
    options.n_photos = 2;
    options.folder = folder;
    options.ids = ids;
    const tyto_status status = tyto_detection_document_create(&options, &document, &bytes, &err);
    if (status != TYTO_OK) {
        assert_string_equal(err.message, required);
        tyto_error_clear(&err);
        return;
    }
    char whole[4096] = "";
    append(whole, &bytes);
    for (int i = 0; i < 2; i++) {
        const tyto_photo_detections photo = {
            .photo = photos[i], .index = i, .width_px = 9, .height_px = 9, .detections = &only};
        assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_OK);
        append(whole, &bytes);
    }
    for (bool more = true; more;) {
        assert_int_equal(tyto_document_end_part(document, &bytes, &more, &err), TYTO_OK);
        append(whole, &bytes);
    }
    assert_int_equal(tyto_document_end(document, &bytes, NULL), TYTO_E_ARGUMENT);
    char text[1024] = "";
    for (const char *at = whole; (at = strstr(at, "{\"id\": ")) && strstr(at, "file_name");) {
        const char *id = at + strlen("{\"id\": "), *name = strstr(id, "file_name") + 13;
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "[%.*s] %.*s ",
                 (int)strcspn(id, ","), id, (int)strcspn(name, "\""), name);
        at = name;
    }
    const char *category = strstr(whole, "\"category_id\": ") + 15;
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "%.*s", (int)strcspn(category, ","),
             category);
    assert_string_equal(text, required);
    tyto_document_destroy(document);
}

#define PHOTOS(one, other)                                                                         \
    (const char *const[])                                                                          \
    {                                                                                              \
        one, other                                                                                 \
    }

static void test_coco_tells_photos_apart(void **state)
{
    (void)state;
    assert_coco(PHOTOS("p/0003.jpg", "p/4.jpg"), NULL, NULL, "[3] 0003.jpg [4] 4.jpg 1");
    assert_coco(PHOTOS("p/0003.jpg", "p/3.jpg"), NULL, NULL, "[1] 0003.jpg [2] 3.jpg 1");
    assert_coco(PHOTOS("a/1.jpg", "b/1.jpg"), NULL, NULL, "[1] a/1.jpg [2] b/1.jpg 1");
    assert_coco(PHOTOS("/x/ab/c.jpg", "/x/aa/c.jpg"), NULL, NULL, "[1] ab/c.jpg [2] aa/c.jpg 1");
    assert_coco(PHOTOS("p/q/a.jpg", "p/q/b.jpg"), "p", NULL, "[1] q/a.jpg [2] q/b.jpg 1");
    assert_coco(PHOTOS("p//a.jpg", "-"), "p/", NULL, "[1] a.jpg [2] - 1");

    tyto_coco_image images[] = {{.id = 70, .file_name = "train\\a.jpg"},
                                {.id = -5, .file_name = "val/a.jpg", .id_text = "\"v a\""},
                                {.id = 8, .file_name = NULL},
                                {.id = 9, .file_name = "b.jpg"},
                                {.id = 10, .file_name = "x/c.jpg"},
                                {.id = 11, .file_name = "y/c.jpg"}};
    tyto_coco_category categories[] = {{.id = 3, .name = NULL}, {.id = 90, .name = "a cat"}};
    tyto_coco set = {.images = images, .n_images = 6, .categories = categories, .n_categories = 2};
    assert_coco(PHOTOS("in/train/a.jpg", "in/val/a.jpg"), NULL, &set,
                "[70] train/a.jpg [\"v a\"] val/a.jpg 90");
    assert_coco(PHOTOS("b.jpg", "in/d.jpg"), NULL, &set,
                "in/d.jpg: got no image of that name in the set of ids, required one");
    assert_coco(PHOTOS("c.jpg", "b.jpg"), NULL, &set,
                "c.jpg: got more than one image of that name in the set of ids, required one");
    assert_coco(PHOTOS("1/b.jpg", "2/b.jpg"), NULL, &set,
                "1/b.jpg and 2/b.jpg: both are image 9 of the set of ids, required one photo");
    categories[1].name = "cat";
    assert_coco(PHOTOS("b.jpg", "x/c.jpg"), NULL, &set,
                "label 'a cat': got no category of that name in the set of ids, required one");
}

static void test_names_of_formats(void **state)
{
    (void)state;
    static const char *const names[] = {"text", "json",         "jsonl",      "csv",
                                        "coco", "coco-results", "yolo",       "voc",
                                        "odvg", "openimages",   "labelstudio"};
    tyto_format format = TYTO_FORMAT_TEXT;
    for (int i = 0; i < 11; i++) {
        assert_string_equal(tyto_format_name((tyto_format)i), names[i]);
        assert_true(tyto_format_by_name(names[i], &format));
        assert_int_equal(format, i);
        assert_int_equal(tyto_format_has_files((tyto_format)i),
                         i == TYTO_FORMAT_YOLO || i == TYTO_FORMAT_VOC);
    }
    assert_null(tyto_format_name((tyto_format)11));
    assert_null(tyto_format_name((tyto_format)-1));
    assert_false(tyto_format_by_name("cs", &format));
    assert_false(tyto_format_by_name(NULL, &format));
    assert_true(tyto_format_by_path("a.json/found.csv", &format));
    assert_int_equal(format, TYTO_FORMAT_CSV);
    assert_false(tyto_format_by_path("a.json/found", &format));
    assert_false(tyto_format_by_path("a.json/.csv", &format));
    assert_false(tyto_format_by_path("found.", &format));
    assert_false(tyto_format_by_path(NULL, &format));
    assert_null(tyto_format_photo_file(TYTO_FORMAT_CSV, "a.jpg"));
}

static void refuse_create(const tyto_detection_document_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document = NULL;
    tyto_bytes bytes;
    assert_int_equal(tyto_detection_document_create(options, &document, &bytes, &err),
                     TYTO_E_ARGUMENT);
    assert_null(document);
    assert_null(bytes.data);
    assert_non_null(err.message);
    tyto_error_clear(&err);
}

static void test_refused_options(void **state)
{
    (void)state;
    static const char *const missing[] = {"a", NULL};
    static const tyto_example_note stray = {.photo = "a", .label_index = 2},
                                   nameless = {.label_index = 0};
    const case_t c = {.n_photos = 1, .n_examples = 1, .photos = {"a.jpg"}};
    tyto_detection_document_options options = options_of(&c);
    options.format = (tyto_format)11;
    refuse_create(&options);
    options = options_of(&c);
    options.files = true;
    refuse_create(&options);
    options = options_of(&c);
    options.labels = NULL;
    refuse_create(&options);
    options = options_of(&c);
    options.labels = missing;
    refuse_create(&options);
    options = options_of(&c);
    options.n_labels = -1;
    refuse_create(&options);
    options = options_of(&c);
    options.examples = &stray;
    refuse_create(&options);
    options = options_of(&c);
    options.examples = &nameless;
    refuse_create(&options);
    options = options_of(&c);
    options.struct_bytes = 0;
    refuse_create(&options);
}

static void test_refused_steps(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_document *document;
    tyto_bytes bytes;
    tyto_detection stray = {.label_index = 2};
    const tyto_detections strays = {&stray, 1};
    const case_t c = {.n_photos = 1, .photos = {"a.jpg"}, .found = {&strays}};
    const tyto_detection_document_options options = options_of(&c);
    tyto_photo_detections photo = photo_of(&c, 0);
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, &err), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_E_ARGUMENT);
    assert_null(bytes.data);
    photo.detections = NULL;
    assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_document_add_detections(NULL, &photo, &bytes, &err), TYTO_E_ARGUMENT);
    /* What was refused left no trace: the document goes on. */
    photo.detections = &none;
    assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_OK);
    assert_string_equal(bytes.data, "a.jpg (10 x 8 px): nothing found\n");
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_OK);
    tyto_bytes_clear(&bytes);
    assert_int_equal(tyto_document_end(document, &bytes, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_document_destroy(document);
    tyto_document_destroy(NULL);
    assert_null(tyto_document_file(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_one_photo_is_indented),
        cmocka_unit_test(test_yolo_files),
        cmocka_unit_test(test_yolo_keeps_its_names),
        cmocka_unit_test(test_coco_tells_photos_apart),
        cmocka_unit_test(test_names_of_formats),
        cmocka_unit_test(test_refused_options),
        cmocka_unit_test(test_refused_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
