/* Detections as COCO's documents, which come whole, at their end. */
#include <stdlib.h>

#include "base/file.h"
#include "results/documents/detections.h"

/* COCO names its photos by their number: 000000397133.jpg is 397133. Other photos are counted. */
static int64_t image_id(const tyto_document *document, const tyto_photo_detections *photo)
{
    return tyto_detections_state_of(document)->numbered
               ? strtoll(tyto_path_base(photo->photo), NULL, 10)
               : photo->index + 1;
}

/* An item of a list whose items so far were `count`. */
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
    const int64_t id = image_id(document, photo);
    if (whole) {
        json_t *image = json_object();
        tyto_json_put(writer, image, "id", json_integer(id));
        tyto_json_put(writer, image, "file_name", tyto_json_string(tyto_path_base(photo->photo)));
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

const tyto_detections_format tyto_detections_coco = {NULL, add_photo, end_whole};
const tyto_detections_format tyto_detections_coco_results = {NULL, add_photo, end_results};
