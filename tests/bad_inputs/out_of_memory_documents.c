/* Documents whose allocations fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "out_of_memory.h"

static const char *const labels[] = {"a cat", "a \"red\" cube,\t\xff"};
static tyto_detection boxes[] = {
    {.box = {1.5F, 2.0F, 3.25F, 4.0F}, .score = 0.1F, .label_index = 0},
    {.box = {0.0F, 0.0F, 1.0F, 1.0F}, .score = 0.25F, .label_index = 1},
};
static const tyto_detections found = {boxes, 2};
/* The format of the document that is written now. */
static tyto_format format;

static tyto_status write_detections(tyto_error *err)
{
    static const tyto_example_note example = {.photo = "cup.jpg", .label_index = 1};
    static const char *const names[] = {"1.jpg", "2.jpg"};
    tyto_detection_document_options options;
    tyto_document *document = NULL;
    tyto_bytes bytes = {0};
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = format;
    options.labels = labels;
    options.n_labels = 2;
    options.examples = &example;
    options.n_examples = 1;
    options.photos = names;
    options.n_photos = 2;
    options.files = tyto_format_has_files(format);
    tyto_status status = tyto_detection_document_create(&options, &document, &bytes, err);
    for (int i = 0; i < 2 && status == TYTO_OK; i++) {
        const tyto_photo_detections photo = {
            .photo = names[i], .index = i, .width_px = 8, .height_px = 8, .detections = &found};
        tyto_bytes_clear(&bytes);
        status = tyto_document_add_detections(document, &photo, &bytes, err);
    }
    if (status == TYTO_OK) {
        tyto_bytes_clear(&bytes);
        status = tyto_document_end(document, &bytes, err);
    }
    if (status != TYTO_OK && bytes.data) {
        status = TYTO_E_IO; /* bytes of a step that failed */
    }
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    return status;
}

static tyto_status write_one_photo(tyto_error *err)
{
    tyto_detection_document_options options;
    const tyto_photo_detections photo = {
        .photo = "a.jpg", .width_px = 8, .height_px = 8, .detections = &found};
    tyto_bytes bytes = {0};
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = TYTO_FORMAT_JSON;
    options.labels = labels;
    options.n_labels = 2;
    tyto_status status = tyto_detection_document_write(&options, &photo, &bytes, err);
    tyto_bytes_clear(&bytes);
    return status;
}

static tyto_status write_decoding(tyto_error *err)
{
    static char *texts[] = {"a cat", "two\nlines\xff"};
    static size_t lengths[] = {5, 10};
    const tyto_decoding decoding = {.count = 2, .texts = texts, .lengths_bytes = lengths};
    tyto_bytes bytes = {0};
    tyto_status status = tyto_decoding_document_write(&decoding, TYTO_FORMAT_JSON, &bytes, err);
    tyto_bytes_clear(&bytes);
    return status;
}

void documents_are_written(void **state)
{
    (void)state;
    for (int i = TYTO_FORMAT_TEXT; i <= TYTO_FORMAT_YOLO; i++) {
        format = (tyto_format)i;
        fail_each_once_and_forever(write_detections);
    }
    fail_each_once_and_forever(write_one_photo);
    fail_each_once_and_forever(write_decoding);
}
