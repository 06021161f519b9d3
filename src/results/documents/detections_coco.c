/* Detections as COCO's documents, which come whole, at their end. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "results/documents/detections.h"

/* COCO names its photos by their number: 000000397133.jpg is 397133. Other photos are counted. */
static int64_t image_id(const tyto_document *document, const char *photo, int64_t index)
{
    return tyto_detections_state_of(document)->numbered ? strtoll(tyto_path_base(photo), NULL, 10)
                                                        : index + 1;
}

static const char *image_name(const char *photo)
{
    return tyto_path_base(photo);
}

static void add_item(tyto_writer *list, int64_t count, json_t *item)
{
    tyto_writer_text(list, count > 0 ? ", " : "");
    tyto_writer_json_new(list, item, false);
}

static json_t *annotation(tyto_writer *writer, const tyto_detection *d, int64_t image, int64_t id)
{
    const float width = d->box.xmax - d->box.xmin, height = d->box.ymax - d->box.ymin;
    json_t *object = json_object(), *box = json_array();
    tyto_json_push(writer, box, tyto_json_float(d->box.xmin));
    tyto_json_push(writer, box, tyto_json_float(d->box.ymin));
    tyto_json_push(writer, box, tyto_json_float(width));
    tyto_json_push(writer, box, tyto_json_float(height));
    if (id > 0) {
        tyto_json_put(writer, object, "id", json_integer(id));
    }
    tyto_json_put(writer, object, "image_id", json_integer(image));
    tyto_json_put(writer, object, "category_id", json_integer(d->label_index + 1));
    tyto_json_put(writer, object, "bbox", box);
    if (id > 0) {
        tyto_json_put(writer, object, "area", tyto_json_float(width * height));
        tyto_json_put(writer, object, "iscrowd", json_integer(0));
    }
    tyto_json_put(writer, object, "score", tyto_json_float(d->score));
    return object;
}

static void add_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    const bool whole = document->format == TYTO_FORMAT_COCO;
    const int64_t id = image_id(document, photo->photo, photo->index);
    if (whole) {
        json_t *image = json_object();
        tyto_json_put(writer, image, "id", json_integer(id));
        tyto_json_put(writer, image, "file_name", tyto_json_string(image_name(photo->photo)));
        tyto_json_put(writer, image, "width", json_integer(photo->width_px));
        tyto_json_put(writer, image, "height", json_integer(photo->height_px));
        add_item(&state->images, document->records, image);
    }
    document->records++;
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const int64_t next = state->n_annotations + 1;
        add_item(&state->annotations, state->n_annotations,
                 annotation(writer, &photo->detections->items[i], id, whole ? next : 0));
        state->n_annotations = next;
    }
    /* A list that couldn't take an item fails now rather than at the end. */
    writer->no_memory |= state->images.no_memory | state->annotations.no_memory;
    writer->too_long |= state->images.too_long | state->annotations.too_long;
}

static void write_list(tyto_writer *writer, tyto_writer *list)
{
    tyto_writer_text(writer, "[");
    tyto_writer_bytes(writer, list->buffer.data, list->buffer.length);
    tyto_writer_text(writer, "]");
    tyto_writer_clear(list);
}

static void write_categories(const tyto_document *document, tyto_writer *writer)
{
    tyto_writer_text(writer, "[");
    for (int64_t i = 0; i < tyto_detections_state_of(document)->options.n_labels; i++) {
        json_t *category = json_object();
        tyto_json_put(writer, category, "id", json_integer(i + 1));
        tyto_json_put(writer, category, "name",
                      tyto_json_string(tyto_detections_label(document, i)));
        add_item(writer, i, category);
    }
    tyto_writer_text(writer, "]");
}

static void end_whole(tyto_document *document, tyto_writer *writer)
{
    tyto_detections_state *state = tyto_detections_state_of(document);
    tyto_writer_text(writer, "{\"images\": ");
    write_list(writer, &state->images);
    tyto_writer_text(writer, ", \"categories\": ");
    write_categories(document, writer);
    tyto_writer_text(writer, ", \"annotations\": ");
    write_list(writer, &state->annotations);
    tyto_writer_text(writer, "}\n");
}

static void end_results(tyto_document *document, tyto_writer *writer)
{
    write_list(writer, &tyto_detections_state_of(document)->annotations);
    tyto_writer_text(writer, "\n");
}

/* The photos of the run by their ids. */
typedef struct numbered {
    int64_t id, at;
} numbered;

static int by_id(const void *left, const void *right)
{
    const numbered *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

static numbered *number_photos(const tyto_resume *resume)
{
    numbered *photos = tyto_alloc((size_t)resume->n_names, sizeof(*photos));
    for (int64_t i = 0; photos && i < resume->n_names; i++) {
        photos[i] = (numbered){image_id(resume->document, resume->names[i], i), i};
    }
    if (photos) {
        qsort(photos, (size_t)resume->n_names, sizeof(*photos), by_id);
    }
    return photos;
}

/* The place of the photo in the run; −1: it isn't there. */
static int64_t find(const tyto_resume *resume, const numbered *photos, int64_t id)
{
    const numbered key = {.id = id};
    const numbered *found = bsearch(&key, photos, (size_t)resume->n_names, sizeof(*photos), by_id);
    return found ? found->at : -1;
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
        TYTO_TRY(tyto_resume_check_label(resume,
                                         json_integer_value(json_object_get(category, "id")) - 1,
                                         json_string_value(json_object_get(category, "name"))));
    }
    return count == required ? TYTO_OK
                             : tyto_fail(resume->err, TYTO_E_ARGUMENT,
                                         "got results of %lld labels, required those of %lld",
                                         (long long)count, (long long)required);
}

/* A photo keeps its id, which is its place in the run unless its name is one. */
static tyto_status take_images(tyto_resume *resume, const numbered *photos, json_t *images)
{
    tyto_detections_state *state = tyto_detections_state_of(resume->document);
    for (size_t i = 0; i < json_array_size(images); i++) {
        json_t *image = json_array_get(images, i);
        const int64_t id = json_integer_value(json_object_get(image, "id")),
                      at = find(resume, photos, id);
        const char *name = json_string_value(json_object_get(image, "file_name"));
        json_t *own = at < 0 ? NULL : tyto_json_string(image_name(resume->names[at]));
        const bool same =
            name && (at < 0 ? state->numbered : own && strcmp(json_string_value(own), name) == 0);
        json_decref(own);
        if (!same) {
            return tyto_fail(resume->err, TYTO_E_ARGUMENT,
                             "got results whose image %lld is '%s', required those of the same "
                             "photos",
                             (long long)id, name ? name : "");
        }
        if (at >= 0 && !(resume->done[at] = is_wanted(resume, at))) {
            continue;
        }
        add_item(&state->images, resume->document->records++, json_incref(image));
    }
    return TYTO_OK;
}

/* whole: they have ids, and their photos are known already */
static tyto_status take_annotations(tyto_resume *resume, const numbered *photos, json_t *items,
                                    bool whole)
{
    tyto_detections_state *state = tyto_detections_state_of(resume->document);
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        const int64_t category = json_integer_value(json_object_get(item, "category_id")),
                      at = find(resume, photos,
                                json_integer_value(json_object_get(item, "image_id")));
        if (category < 1 || category > state->options.n_labels ||
            !json_is_array(json_object_get(item, "bbox"))) {
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
        add_item(&state->annotations, state->n_annotations++, json_incref(item));
    }
    resume->writer->no_memory |= state->images.no_memory | state->annotations.no_memory;
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
    free(photos);
    return status;
}

const tyto_detections_format tyto_detections_coco = {NULL, add_photo, end_whole, resume_coco};
const tyto_detections_format tyto_detections_coco_results = {NULL, add_photo, end_results,
                                                             resume_coco};
