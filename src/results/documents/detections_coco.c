/* Detections as COCO's documents. Images come before annotations, which are kept until the end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "results/documents/detections.h"

/* Most bytes of annotations that are written at once. */
#define PART_BYTES ((size_t)1 << 20)

/* COCO names its photos by their number: 000000397133.jpg is 397133. Other photos are counted. */
static void write_image_id(const tyto_document *document, const tyto_photo_detections *photo,
                           tyto_writer *writer)
{
    const tyto_detections_state *state = tyto_detections_state_of(document);
    if (state->image_ids && photo->index < state->options.n_photos) {
        tyto_writer_text(writer, state->image_ids[photo->index]);
    } else {
        tyto_writer_format(writer, "%lld",
                           state->numbered ? strtoll(tyto_path_base(photo->photo), NULL, 10)
                                           : (long long)photo->index + 1);
    }
}

static void write_category_id(const tyto_document *document, int64_t label, tyto_writer *writer)
{
    const tyto_detections_state *state = tyto_detections_state_of(document);
    if (state->category_ids) {
        tyto_writer_text(writer, state->category_ids[label]);
    } else {
        tyto_writer_format(writer, "%lld", (long long)label + 1);
    }
}

/* Writes the rest of an object whose first members are written, with ids as they are spelled. */
static void write_rest(tyto_writer *writer, json_t *rest)
{
    char *text = rest ? json_dumps(rest, JSON_REAL_PRECISION(9)) : NULL;
    if (text) {
        tyto_writer_text(writer, ", ");
        tyto_writer_text(writer, text + 1);
    } else {
        writer->no_memory = true;
    }
    free(text);
    json_decref(rest);
}

static void begin_item(tyto_writer *list, int64_t count)
{
    tyto_writer_text(list, count > 0 ? ", " : "");
}

/* Without an id it is a result: an item of the array that COCO's evaluation reads. */
static void add_annotation(const tyto_document *document, const tyto_photo_detections *photo,
                           const tyto_detection *d, int64_t id, tyto_writer *list)
{
    const float width = d->box.xmax - d->box.xmin, height = d->box.ymax - d->box.ymin;
    json_t *rest = json_object(), *box = json_array();
    tyto_json_push(list, box, tyto_json_float(d->box.xmin));
    tyto_json_push(list, box, tyto_json_float(d->box.ymin));
    tyto_json_push(list, box, tyto_json_float(width));
    tyto_json_push(list, box, tyto_json_float(height));
    tyto_json_put(list, rest, "bbox", box);
    if (id > 0) {
        tyto_json_put(list, rest, "area", tyto_json_float(width * height));
        tyto_json_put(list, rest, "iscrowd", json_integer(0));
    }
    tyto_json_put(list, rest, "score", tyto_json_float(d->score));
    tyto_writer_text(list, "{");
    if (id > 0) {
        tyto_writer_format(list, "\"id\": %lld, ", (long long)id);
    }
    tyto_writer_text(list, "\"image_id\": ");
    write_image_id(document, photo, list);
    tyto_writer_text(list, ", \"category_id\": ");
    write_category_id(document, d->label_index, list);
    write_rest(list, rest);
}

static void add_image(const tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *list)
{
    json_t *rest = json_object();
    const char *name = tyto_detections_photo_name(document, photo->photo);
    tyto_json_put(list, rest, "file_name", tyto_json_string(name));
    tyto_json_put(list, rest, "width", json_integer(photo->width_px));
    tyto_json_put(list, rest, "height", json_integer(photo->height_px));
    begin_item(list, document->records);
    tyto_writer_text(list, "{\"id\": ");
    write_image_id(document, photo, list);
    write_rest(list, rest);
}

/* Moves what the list has to the annotations that are kept. */
static void keep(tyto_detections_state *state, tyto_writer *list, tyto_writer *writer)
{
    const int code =
        list->buffer.length == 0
            ? 0
            : tyto_spill_add(&state->annotations, list->buffer.data, list->buffer.length);
    writer->no_memory |= list->no_memory || code == ENOMEM;
    writer->too_long |= list->too_long;
    writer->file_error = code == ENOMEM ? writer->file_error : code;
    tyto_writer_clear(list);
}

static void add_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    const bool whole = document->format == TYTO_FORMAT_COCO;
    tyto_writer later, *list = whole ? &later : writer;
    tyto_writer_init(&later);
    state->bytes_before = tyto_spill_bytes(&state->annotations);
    state->n_before = state->n_annotations;
    if (whole) {
        add_image(document, photo, writer);
    }
    document->records++;
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const int64_t next = state->n_annotations + 1;
        begin_item(list, state->n_annotations);
        add_annotation(document, photo, &photo->detections->items[i], whole ? next : 0, list);
        state->n_annotations = next;
    }
    keep(state, &later, writer);
}

static void write_categories(const tyto_document *document, tyto_writer *writer)
{
    tyto_writer_text(writer, "[");
    for (int64_t i = 0; i < tyto_detections_state_of(document)->options.n_labels; i++) {
        json_t *rest = json_object();
        tyto_json_put(writer, rest, "name", tyto_json_string(tyto_detections_label(document, i)));
        begin_item(writer, i);
        tyto_writer_text(writer, "{\"id\": ");
        write_category_id(document, i, writer);
        write_rest(writer, rest);
    }
    tyto_writer_text(writer, "]");
}

static void begin_whole(tyto_document *document, tyto_writer *writer)
{
    (void)document;
    tyto_writer_text(writer, "{\"images\": [");
}

static void end_whole(tyto_document *document, tyto_writer *writer)
{
    tyto_writer_text(writer, "], \"categories\": ");
    write_categories(document, writer);
    tyto_writer_text(writer, ", \"annotations\": [");
}

/* Annotations, a part of them, and what closes the document after the last. */
static bool write_annotations(tyto_document *document, tyto_writer *writer)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    char *part = tyto_alloc(PART_BYTES, 1);
    size_t length = 0;
    if (!part) {
        writer->no_memory = true;
        return false;
    }
    const int code = tyto_spill_read(&state->annotations, part, PART_BYTES, &length);
    writer->file_error = code;
    if (length > 0) {
        tyto_writer_bytes(writer, part, length);
    } else {
        tyto_writer_text(writer, "]}\n");
    }
    free(part);
    return code == 0 && length > 0;
}

static size_t end_bytes(const tyto_document *document)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    if (state->categories_bytes == 0) {
        tyto_writer writer;
        tyto_writer_init(&writer);
        write_categories(document, &writer);
        state->categories_bytes = writer.buffer.length;
        tyto_writer_clear(&writer);
    }
    return state->categories_bytes + (size_t)tyto_spill_bytes(&state->annotations);
}

static void forget(tyto_document *document)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    tyto_spill_cut(&state->annotations, state->bytes_before);
    state->n_annotations = state->n_before;
}

static void begin_results(tyto_document *document, tyto_writer *writer)
{
    (void)document;
    tyto_writer_text(writer, "[");
}

static void end_results(tyto_document *document, tyto_writer *writer)
{
    (void)document;
    tyto_writer_text(writer, "]\n");
}

/* The photos of the run by their ids, as JSON has them. */
typedef struct numbered {
    char *id;
    int64_t at;
} numbered;

static int by_id(const void *left, const void *right)
{
    const numbered *a = left, *b = right;
    return strcmp(a->id, b->id);
}

static void drop_photos(numbered *photos, int64_t count)
{
    for (int64_t i = 0; photos && i < count; i++) {
        free(photos[i].id);
    }
    free(photos);
}

static numbered *number_photos(const tyto_resume *resume)
{
    const int64_t count = resume->n_names;
    numbered *photos = tyto_alloc_zeroed((size_t)count, sizeof(*photos));
    bool good = photos != NULL;
    for (int64_t i = 0; good && i < count; i++) {
        const tyto_photo_detections photo = {.photo = resume->names[i], .index = i};
        tyto_writer id;
        tyto_bytes bytes = {0};
        tyto_writer_init(&id);
        write_image_id(resume->document, &photo, &id);
        good = tyto_writer_end(&id, &bytes, NULL) == TYTO_OK;
        photos[i] = (numbered){bytes.data, i};
    }
    if (good && count > 1) {
        qsort(photos, (size_t)count, sizeof(*photos), by_id);
    } else if (!good) {
        drop_photos(photos, count);
        photos = NULL;
    }
    return photos;
}

/* The place of the photo in the run; −1: it isn't there. */
static int64_t find(const tyto_resume *resume, const numbered *photos, const json_t *id)
{
    numbered key = {.id = id ? json_dumps(id, JSON_ENCODE_ANY) : NULL};
    const numbered *found =
        key.id ? bsearch(&key, photos, (size_t)resume->n_names, sizeof(*photos), by_id) : NULL;
    resume->writer->no_memory |= id && !key.id;
    free(key.id);
    return found ? found->at : -1;
}

/* Whether a category's id is that of the label. */
static bool is_category(const tyto_resume *resume, const json_t *id, int64_t label)
{
    const tyto_detections_state *state = tyto_detections_state_of(resume->document);
    if (!state->category_ids) {
        return json_integer_value(id) == label + 1;
    }
    char *text = label < state->options.n_labels && id ? json_dumps(id, JSON_ENCODE_ANY) : NULL;
    const bool same = text && strcmp(text, state->category_ids[label]) == 0;
    free(text);
    return same;
}

static bool is_wanted(const tyto_resume *resume, int64_t at)
{
    return !resume->wanted || resume->wanted[at];
}

static tyto_status check_categories(const tyto_resume *resume, const json_t *categories)
{
    const int64_t count = (int64_t)json_array_size(categories),
                  required = tyto_detections_state_of(resume->document)->options.n_labels;
    for (int64_t i = 0; i < count; i++) {
        const json_t *category = json_array_get(categories, (size_t)i);
        const bool same = is_category(resume, json_object_get(category, "id"), i);
        TYTO_TRY(tyto_resume_check_label(resume, same ? i : -1,
                                         json_string_value(json_object_get(category, "name"))));
    }
    return count == required ? TYTO_OK
                             : tyto_fail(resume->err, TYTO_E_ARGUMENT,
                                         "got results of %lld labels, required those of %lld",
                                         (long long)count, (long long)required);
}

static json_t *photo_name(const tyto_resume *resume, int64_t at)
{
    return tyto_json_string(tyto_detections_photo_name(resume->document, resume->names[at]));
}

/* Adds an item as it was. */
static void add_item(tyto_writer *list, int64_t count, json_t *item)
{
    begin_item(list, count);
    tyto_writer_json_new(list, item, false);
}

/* A photo keeps its id, which is its place in the run unless its name is one. */
static tyto_status take_images(tyto_resume *resume, const numbered *photos, json_t *images)
{
    const tyto_detections_state *state = tyto_detections_state_of(resume->document);
    const bool kept = state->numbered || state->image_ids;
    for (size_t i = 0; i < json_array_size(images); i++) {
        json_t *image = json_array_get(images, i);
        const int64_t at = find(resume, photos, json_object_get(image, "id"));
        const char *name = json_string_value(json_object_get(image, "file_name"));
        json_t *own = at < 0 ? NULL : photo_name(resume, at);
        const bool same =
            name && (at < 0 ? kept : own && strcmp(json_string_value(own), name) == 0);
        json_decref(own);
        if (!same) {
            return tyto_fail(resume->err, TYTO_E_ARGUMENT,
                             "got results whose image %lld is '%s', required those of the same "
                             "photos",
                             (long long)json_integer_value(json_object_get(image, "id")),
                             name ? name : "");
        }
        if (at >= 0 && !(resume->done[at] = is_wanted(resume, at))) {
            continue;
        }
        add_item(resume->writer, resume->document->records++, json_incref(image));
    }
    return TYTO_OK;
}

/* whole: they have ids, and their photos are known already */
static tyto_status take_annotations(tyto_resume *resume, const numbered *photos, json_t *items,
                                    bool whole)
{
    tyto_detections_state *state = tyto_detections_state_of(resume->document);
    tyto_writer later, *list = whole ? &later : resume->writer;
    tyto_writer_init(&later);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        const int64_t category = json_integer_value(json_object_get(item, "category_id")),
                      at = find(resume, photos, json_object_get(item, "image_id"));
        const bool own = !state->category_ids;
        if ((own && (category < 1 || category > state->options.n_labels)) ||
            !json_is_array(json_object_get(item, "bbox"))) {
            tyto_writer_clear(&later);
            return tyto_fail(resume->err, TYTO_E_ARGUMENT,
                             "got results of category %lld, required those of %lld labels",
                             (long long)category, (long long)state->options.n_labels);
        }
        if (at >= 0 && !whole) {
            resume->done[at] = is_wanted(resume, at);
        }
        if (at >= 0 && !resume->done[at]) {
            continue;
        }
        if (whole) {
            tyto_json_put(resume->writer, item, "id", json_integer(state->n_annotations + 1));
        }
        add_item(list, state->n_annotations++, json_incref(item));
        if (list->buffer.length > PART_BYTES && whole) {
            keep(state, list, resume->writer);
        }
    }
    keep(state, &later, resume->writer);
    return TYTO_OK;
}

static tyto_status take_all(tyto_resume *resume, const numbered *photos, json_t *root)
{
    if (resume->document->format == TYTO_FORMAT_COCO_RESULTS) {
        return json_is_array(root) ? take_annotations(resume, photos, root, false)
                                   : tyto_resume_refuse(resume, "no list");
    }
    json_t *images = json_object_get(root, "images"),
           *categories = json_object_get(root, "categories"),
           *annotations = json_object_get(root, "annotations");
    if (!json_is_array(images) || !json_is_array(categories) || !json_is_array(annotations)) {
        return tyto_resume_refuse(resume, "no images, categories and annotations");
    }
    TYTO_TRY(check_categories(resume, categories));
    TYTO_TRY(take_images(resume, photos, images));
    return take_annotations(resume, photos, annotations, true);
}

static tyto_status resume_coco(tyto_resume *resume)
{
    json_error_t where;
    if (resume->length == 0) {
        return TYTO_OK;
    }
    numbered *photos = number_photos(resume);
    json_t *root = photos ? json_loadb(resume->bytes, resume->length, 0, &where) : NULL;
    tyto_status status;
    if (root) {
        status = take_all(resume, photos, root);
    } else if (!photos || json_error_code(&where) == json_error_out_of_memory) {
        status = tyto_fail_memory(resume->err, "results");
    } else {
        status = tyto_resume_refuse(resume, where.text);
    }
    json_decref(root);
    drop_photos(photos, resume->n_names);
    return status;
}

const tyto_detections_format tyto_detections_coco = {
    begin_whole, add_photo, end_whole, resume_coco, write_annotations, end_bytes, forget};
const tyto_detections_format tyto_detections_coco_results = {
    .begin = begin_results, .photo = add_photo, .end = end_results, .resume = resume_coco};
