/* Documents of very many photos: what they take of memory meanwhile, and that nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <tyto/tyto.h>

#define PHOTOS 800
#define BOXES 60
/* Of a document, and of what its records and its end are made in. */
#define MEMORY_MAX_KB 14000
#define PLACE "test_documents_many.tmp"

static long peak_kb(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void write_all(tyto_results *results, tyto_format format)
{
    static const char *const labels[] = {"a cat", "a dog"};
    tyto_detection boxes[BOXES];
    const tyto_detections found = {boxes, BOXES};
    tyto_detection_document_options options;
    tyto_document *document;
    tyto_bytes bytes;
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = format;
    options.labels = labels;
    options.n_labels = 2;
    options.n_photos = PHOTOS;
    assert_int_equal(tyto_detection_document_create(&options, &document, &bytes, NULL), TYTO_OK);
    assert_int_equal(tyto_results_begin(results, document, &bytes, NULL), TYTO_OK);
    for (int i = 0; i < BOXES; i++) {
        boxes[i] = (tyto_detection){
            .box = {(float)i, 1.25F, (float)i + 7.5F, 9.0F}, .score = 0.5F, .label_index = i % 2};
    }
    for (int64_t i = 0; i < PHOTOS; i++) {
        char name[64];
        snprintf(name, sizeof(name), "shots/a photo with a name %lld.jpg", (long long)i);
        const tyto_photo_detections photo = {
            .photo = name, .index = i, .width_px = 640, .height_px = 480, .detections = &found};
        assert_int_equal(tyto_document_add_detections(document, &photo, &bytes, NULL), TYTO_OK);
        assert_int_equal(tyto_results_add(results, &bytes, NULL), TYTO_OK);
    }
    assert_int_equal(tyto_results_end(results, true, NULL), TYTO_OK);
}

/* The formats that are one value of JSON with what other records need in common. */
static void memory_does_not_grow(void **state)
{
    (void)state;
    static const tyto_format formats[] = {TYTO_FORMAT_COCO_RESULTS, TYTO_FORMAT_COCO};
    const long before = peak_kb();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        tyto_results_options options;
        tyto_results *results;
        tyto_results_options_init(&options, sizeof(options));
        options.path = PLACE;
        options.format = formats[i];
        assert_int_equal(tyto_results_open(&options, &results, NULL), TYTO_OK);
        write_all(results, formats[i]);
        tyto_results_destroy(results);
#ifndef __SANITIZE_ADDRESS__
        if (peak_kb() - before > MEMORY_MAX_KB) {
            fail_msg("%s: %ld kB", tyto_format_name(formats[i]), peak_kb() - before);
        }
#else
        (void)before;
#endif
    }
    json_t *set = json_load_file(PLACE, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(set, "images")), PHOTOS);
    const json_t *annotations = json_object_get(set, "annotations");
    assert_int_equal(json_array_size(annotations), PHOTOS * BOXES);
    for (size_t i = 0; i < PHOTOS * BOXES; i++) {
        const json_t *one = json_array_get(annotations, i);
        assert_int_equal(json_integer_value(json_object_get(one, "id")), i + 1);
        assert_int_equal(json_integer_value(json_object_get(one, "image_id")), i / BOXES + 1);
    }
    json_decref(set);
    unlink(PLACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_does_not_grow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
