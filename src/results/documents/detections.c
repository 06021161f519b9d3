/* Documents of detections: how they begin, take photos, and end, in any format. */
#include "results/documents/detections.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"

static const tyto_detections_format *const formats[] = {
    [TYTO_FORMAT_TEXT] = &tyto_detections_text,
    [TYTO_FORMAT_JSON] = &tyto_detections_json,
    [TYTO_FORMAT_JSONL] = &tyto_detections_jsonl,
    [TYTO_FORMAT_CSV] = &tyto_detections_csv,
    [TYTO_FORMAT_COCO] = &tyto_detections_coco,
    [TYTO_FORMAT_COCO_RESULTS] = &tyto_detections_coco_results,
    [TYTO_FORMAT_YOLO] = &tyto_detections_yolo,
    [TYTO_FORMAT_VOC] = &tyto_detections_voc,
    [TYTO_FORMAT_ODVG] = &tyto_detections_odvg,
    [TYTO_FORMAT_OPENIMAGES] = &tyto_detections_openimages,
    [TYTO_FORMAT_LABELSTUDIO] = &tyto_detections_labelstudio,
};

static const tyto_detection_document_options defaults = {
    .struct_bytes = sizeof(defaults), .n_photos = 1, .threshold = 0.1F};

void tyto_detection_document_options_init(tyto_detection_document_options *options,
                                          size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static void end(tyto_document *document, tyto_writer *writer)
{
    const tyto_detections_format *format = formats[document->format];
    if (format->end) {
        format->end(document, writer);
    }
}

static bool rest(tyto_document *document, tyto_writer *writer)
{
    const tyto_detections_format *format = formats[document->format];
    return format->rest && format->rest(document, writer);
}

static size_t end_bytes(const tyto_document *document)
{
    const tyto_detections_format *format = formats[document->format];
    return format->end_bytes ? format->end_bytes(document) : 0;
}

static void forget(tyto_document *document)
{
    const tyto_detections_format *format = formats[document->format];
    if (format->forget) {
        format->forget(document);
    }
}

static void destroy(void *given)
{
    tyto_detections_state *state = given;
    for (int64_t i = 0; state->labels && i < state->options.n_labels; i++) {
        free(state->labels[i]);
    }
    for (int64_t i = 0; state->examples && i < state->options.n_examples; i++) {
        free((char *)(uintptr_t)state->examples[i].photo);
    }
    for (int64_t i = 0; state->image_ids && i < state->options.n_photos; i++) {
        free(state->image_ids[i]);
    }
    for (int64_t i = 0; state->category_ids && i < state->options.n_labels; i++) {
        free(state->category_ids[i]);
    }
    free(state->image_ids);
    free(state->category_ids);
    free(state->folder);
    free(state->mirrored);
    free(state->labels);
    free(state->examples);
    tyto_spill_clear(&state->annotations);
    free(state);
}

static const char *label(const tyto_document *document, int64_t index)
{
    const bool there = index >= 0 && index < tyto_detections_state_of(document)->options.n_labels;
    return there ? tyto_detections_label(document, index) : NULL;
}

static tyto_status resume(tyto_resume *given)
{
    const tyto_detections_format *format = formats[given->document->format];
    return format->resume ? format->resume(given)
                          : tyto_resume_refuse(given, "a format that isn't read back");
}

static const tyto_document_kind kind = {.name = "a document of detections",
                                        .end = end,
                                        .rest = rest,
                                        .end_bytes = end_bytes,
                                        .forget = forget,
                                        .destroy = destroy,
                                        .list = "detections",
                                        .label = label,
                                        .check = tyto_detections_check_record,
                                        .resume = resume};

static bool is_coco(tyto_format format)
{
    return format == TYTO_FORMAT_COCO || format == TYTO_FORMAT_COCO_RESULTS;
}

static tyto_status check_ids(const tyto_detection_document_options *options, tyto_error *err)
{
    if (!options->ids) {
        return TYTO_OK;
    }
    if (!is_coco(options->format)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "document: got a set of ids in format %s, required coco or coco-results",
                         tyto_format_name(options->format));
    }
    TYTO_REQUIRE(err, options->photos);
    for (int64_t i = 0; i < options->n_photos; i++) {
        TYTO_REQUIRE(err, options->photos[i]);
    }
    return TYTO_OK;
}

static tyto_status check(const tyto_detection_document_options *options, tyto_error *err)
{
    if (!tyto_format_name(options->format)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got format %d, required one of %d",
                         (int)options->format, (int)(sizeof(formats) / sizeof(formats[0])));
    }
    if (options->files && !tyto_format_has_files(options->format)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "document: got a file for each photo in format %s, required yolo or voc",
                         tyto_format_name(options->format));
    }
    if (options->n_labels < 0 || options->n_examples < 0 || options->n_photos < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got a number below 0 of %s",
                         options->n_labels < 0     ? "labels"
                         : options->n_examples < 0 ? "examples"
                                                   : "photos");
    }
    if ((options->n_labels > 0 && !options->labels) ||
        (options->n_examples > 0 && !options->examples)) {
        return tyto_fail_null(err,
                              options->n_labels > 0 && !options->labels ? "labels" : "examples");
    }
    for (int64_t i = 0; i < options->n_labels; i++) {
        if (!options->labels[i]) {
            return tyto_fail_null(err, "labels[i]");
        }
    }
    for (int64_t i = 0; i < options->n_examples; i++) {
        const tyto_example_note *example = &options->examples[i];
        if (!example->photo) {
            return tyto_fail_null(err, "examples[i].photo");
        }
        if (example->label_index < 0 || example->label_index >= options->n_labels) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "document: example %lld: got label %lld, required one of %lld labels",
                             (long long)i, (long long)example->label_index,
                             (long long)options->n_labels);
        }
    }
    TYTO_TRY(check_ids(options, err));
    return options->files ? tyto_detections_check_files(options, err) : TYTO_OK;
}

/* The ids of the set, and names. */
static tyto_status make_ids(tyto_detections_state *state,
                            const tyto_detection_document_options *given, tyto_error *err)
{
    TYTO_TRY(tyto_detections_folder(given, &state->folder, err));
    TYTO_TRY(tyto_detections_numbered(given->photos, given->n_photos, &state->numbered, err));
    if (!given->ids || !is_coco(given->format)) {
        return TYTO_OK;
    }
    state->image_ids = tyto_alloc_zeroed((size_t)given->n_photos, sizeof(char *));
    state->category_ids = tyto_alloc_zeroed((size_t)given->n_labels, sizeof(char *));
    if (!state->image_ids || !state->category_ids) {
        return tyto_fail_memory(err, "document");
    }
    TYTO_TRY(tyto_detections_image_ids(given, state->image_ids, err));
    return tyto_detections_category_ids(given, state->category_ids, err);
}

static tyto_status copy(tyto_detections_state *state, const tyto_detection_document_options *given,
                        tyto_error *err)
{
    tyto_detection_document_options *own = &state->options;
    state->labels = tyto_alloc_zeroed((size_t)given->n_labels, sizeof(*state->labels));
    state->examples = tyto_alloc_zeroed((size_t)given->n_examples, sizeof(*state->examples));
    bool good = state->labels && state->examples;
    for (int64_t i = 0; good && i < given->n_labels; i++) {
        state->labels[i] = tyto_copy_text(given->labels[i], strlen(given->labels[i]));
        good = state->labels[i];
    }
    for (int64_t i = 0; good && i < given->n_examples; i++) {
        const char *photo = given->examples[i].photo;
        state->examples[i] = given->examples[i];
        state->examples[i].photo = tyto_copy_text(photo, strlen(photo));
        good = state->examples[i].photo;
    }
    own->labels = (const char *const *)state->labels;
    own->examples = state->examples;
    own->photos = NULL;
    own->folder = NULL;
    own->mirrored = NULL;
    if (good && given->mirrored) {
        state->mirrored = tyto_copy_text(given->mirrored, strlen(given->mirrored));
        good = state->mirrored;
    }
    own->ids = NULL;
    return good ? TYTO_OK : tyto_fail_memory(err, "document");
}

static tyto_status create(const tyto_detection_document_options *given, tyto_document **document,
                          tyto_bytes *out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_writer writer;
    tyto_detection_document_options options = defaults;
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_options_read(&options, sizeof(options), given, "tyto_detection_document_options",
                               err));
    TYTO_TRY(check(&options, err));
    tyto_detections_state *state = tyto_alloc_zeroed(1, sizeof(*state));
    if (!state) {
        return tyto_fail_memory(err, "document");
    }
    state->options = options;
    tyto_spill_init(&state->annotations);
    status = copy(state, &options, err);
    if (status == TYTO_OK) {
        status = make_ids(state, &options, err);
    }
    if (status != TYTO_OK) {
        destroy(state);
        return status;
    }
    TYTO_TRY(tyto_document_open(&kind, options.format, state, document, err));
    (*document)->alone = options.n_photos <= 1 && !options.array;
    TYTO_CHECK(tyto_document_begin_step(*document, &kind, &writer, err));
    if (formats[options.format]->begin) {
        formats[options.format]->begin(*document, &writer);
    }
    TYTO_CHECK(tyto_document_end_step(*document, &writer, out, err));
cleanup:
    if (status != TYTO_OK) {
        tyto_document_destroy(*document);
        *document = NULL;
    }
    return status;
}

static tyto_status check_photo(const tyto_document *document, const tyto_photo_detections *photo,
                               tyto_error *err)
{
    const int64_t n_labels = tyto_detections_state_of(document)->options.n_labels;
    const tyto_detections *detections = photo->detections;
    const bool nameless =
        document->format == TYTO_FORMAT_JSON || document->format == TYTO_FORMAT_JSONL;
    const char *name = photo->photo || !nameless ? photo->photo : "photo";
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, photo->detections);
    const tyto_detections_state *state = tyto_detections_state_of(document);
    const int64_t most = state->image_ids ? state->options.n_photos : INT64_MAX;
    if (photo->index < 0 || photo->index >= most) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got index %lld, required 0 to %lld", name,
                         (long long)photo->index, (long long)most - 1);
    }
    TYTO_TRY(tyto_check_list(detections->items, detections->count, "detections", err));
    for (int64_t i = 0; i < detections->count; i++) {
        const int64_t label = detections->items[i].label_index;
        if (label < 0 || label >= n_labels) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: detection %lld: got label %lld, required one of %lld labels",
                             name, (long long)i, (long long)label, (long long)n_labels);
        }
    }
    return TYTO_OK;
}

static tyto_status add(tyto_document *document, const tyto_photo_detections *photo, tyto_bytes *out,
                       tyto_error *err)
{
    tyto_writer writer;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind, &writer, err));
    TYTO_TRY(check_photo(document, photo, err));
    formats[document->format]->photo(document, photo, &writer);
    return tyto_document_end_step(document, &writer, out, err);
}

tyto_status tyto_detection_document_check(const tyto_detection_document_options *options,
                                          tyto_error *err)
{
    tyto_document *document;
    tyto_bytes begin;
    TYTO_ENTER(err);
    TYTO_TRY(create(options, &document, &begin, err));
    tyto_bytes_clear(&begin);
    tyto_document_destroy(document);
    return TYTO_OK;
}

tyto_status tyto_detection_document_create(const tyto_detection_document_options *options,
                                           tyto_document **document, tyto_bytes *out,
                                           tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    return create(options, document, out, err);
}

tyto_status tyto_document_add_detections(tyto_document *document,
                                         const tyto_photo_detections *photo, tyto_bytes *out,
                                         tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, out);
    return add(document, photo, out, err);
}

tyto_status tyto_detection_document_write(const tyto_detection_document_options *options,
                                          const tyto_photo_detections *photo, tyto_bytes *out,
                                          tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_document *document = NULL;
    tyto_bytes parts[3] = {{0}};
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    tyto_writer_init(&writer);
    TYTO_CHECK(create(options, &document, &parts[0], err));
    if (tyto_detections_state_of(document)->options.files) {
        status = tyto_fail(err, TYTO_E_ARGUMENT,
                           "document: got a file for each photo, required one document");
        goto cleanup;
    }
    TYTO_CHECK(add(document, photo, &parts[1], err));
    TYTO_CHECK(tyto_document_end(document, &parts[2], err));
    for (int i = 0; i < 3; i++) {
        tyto_writer_bytes(&writer, parts[i].data, parts[i].length_bytes);
    }
    TYTO_CHECK(tyto_writer_end(&writer, out, err));
cleanup:
    for (int i = 0; i < 3; i++) {
        tyto_bytes_clear(&parts[i]);
    }
    tyto_document_destroy(document);
    return status;
}
