/* Results as JSON: an object per photo, and COCO's documents. */
#include <stdlib.h>

#include "json.h"
#include "memory.h"
#include "results.h"

static json_t *box_object(const tyto_box *box)
{
    json_t *object = json_made(json_object());
    json_put(object, "xmin", json_float(box->xmin));
    json_put(object, "ymin", json_float(box->ymin));
    json_put(object, "xmax", json_float(box->xmax));
    json_put(object, "ymax", json_float(box->ymax));
    return object;
}

static json_t *query_list(const result_writer *to)
{
    json_t *list = json_made(json_array());
    for (size_t i = 0; i < to->n_queries; i++) {
        const query_note *note = &to->queries[i];
        json_t *item = json_made(json_object());
        json_put(item, "label", json_text(to->labels[note->label]));
        json_put(item, "label_index", json_integer((json_int_t)note->label));
        json_put(item, "image", json_text(note->photo));
        json_put(item, "objectness", json_float(note->chosen->objectness));
        json_put(item, "overlap", json_float(note->chosen->iou));
        json_put(item, "box", box_object(&note->chosen->box));
        json_push(list, item);
    }
    return list;
}

static json_t *photo_object(const result_writer *to, const photo_result *result)
{
    json_t *object = json_made(json_object()), *list = json_made(json_array());
    json_put(object, "image", json_text(result->photo));
    json_put(object, "width", json_integer(result->width_px));
    json_put(object, "height", json_integer(result->height_px));
    json_put(object, "threshold", json_float(result->threshold));
    if (to->n_queries > 0) {
        json_put(object, "queries", query_list(to));
    }
    for (size_t i = 0; i < result->found->count; i++) {
        const tyto_detection *d = &result->found->items[i];
        json_t *item = json_made(json_object());
        json_put(item, "label", json_text(to->labels[d->label]));
        json_put(item, "label_index", json_integer(d->label));
        json_put(item, "score", json_float(d->score));
        json_put(item, "box", box_object(&d->box));
        json_push(list, item);
    }
    json_put(object, "detections", list);
    return object;
}

static void write_photo(const result_writer *to, const photo_result *result, bool indented)
{
    json_t *object = photo_object(to, result);
    json_write(object, indented, to->out.stream);
    json_decref(object);
}

bool json_begin(result_writer *to)
{
    if (to->many) {
        fputs("[", to->out.stream);
    }
    return true;
}

/* One photo is an object; several are an array with a photo on each line. */
bool json_photo(result_writer *to, const photo_result *result)
{
    if (to->many) {
        fputs(to->written ? ",\n" : "\n", to->out.stream);
    }
    write_photo(to, result, !to->many);
    return true;
}

bool json_end(result_writer *to)
{
    if (to->many || to->written) {
        fputs(to->many ? "\n]\n" : "\n", to->out.stream);
    }
    return true;
}

bool jsonl_photo(result_writer *to, const photo_result *result)
{
    write_photo(to, result, false);
    fputc('\n', to->out.stream);
    return true;
}

/* COCO documents come whole, at the end. */
typedef struct coco {
    json_t *images, *categories, *annotations;
} coco;

bool coco_begin(result_writer *to)
{
    coco *document = take(1, sizeof(*document));
    document->images = json_made(json_array());
    document->categories = json_made(json_array());
    document->annotations = json_made(json_array());
    for (size_t i = 0; i < to->n_labels; i++) {
        json_t *category = json_made(json_object());
        json_put(category, "id", json_integer((json_int_t)i + 1));
        json_put(category, "name", json_text(to->labels[i]));
        json_push(document->categories, category);
    }
    to->state = document;
    return true;
}

/* COCO names its photos by their number: 000000397133.jpg is 397133. Other photos are counted. */
static json_int_t image_id(const result_writer *to, const photo_result *result)
{
    return to->numbered ? strtoll(path_base(result->photo), NULL, 10)
                        : (json_int_t)result->index + 1;
}

static json_t *annotation(const tyto_detection *d, json_int_t image, size_t id)
{
    const float width = d->box.xmax - d->box.xmin, height = d->box.ymax - d->box.ymin;
    json_t *object = json_made(json_object()), *box = json_made(json_array());
    json_push(box, json_float(d->box.xmin));
    json_push(box, json_float(d->box.ymin));
    json_push(box, json_float(width));
    json_push(box, json_float(height));
    if (id > 0) {
        json_put(object, "id", json_integer((json_int_t)id));
    }
    json_put(object, "image_id", json_integer(image));
    json_put(object, "category_id", json_integer(d->label + 1));
    json_put(object, "bbox", box);
    if (id > 0) {
        json_put(object, "area", json_float(width * height));
        json_put(object, "iscrowd", json_integer(0));
    }
    json_put(object, "score", json_float(d->score));
    return object;
}

bool coco_photo(result_writer *to, const photo_result *result)
{
    coco *document = to->state;
    const bool whole = to->format->end == coco_end;
    const json_int_t id = image_id(to, result);
    json_t *image = json_made(json_object());
    json_put(image, "id", json_integer(id));
    json_put(image, "file_name", json_text(path_base(result->photo)));
    json_put(image, "width", json_integer(result->width_px));
    json_put(image, "height", json_integer(result->height_px));
    json_push(document->images, image);
    for (size_t i = 0; i < result->found->count; i++) {
        const size_t next = json_array_size(document->annotations) + 1;
        json_push(document->annotations,
                  annotation(&result->found->items[i], id, whole ? next : 0));
    }
    return true;
}

static bool finish(result_writer *to, const json_t *written)
{
    coco *document = to->state;
    json_write(written, false, to->out.stream);
    fputc('\n', to->out.stream);
    json_decref(document->images);
    json_decref(document->categories);
    json_decref(document->annotations);
    free(document);
    to->state = NULL;
    return true;
}

bool coco_end(result_writer *to)
{
    const coco *document = to->state;
    json_t *whole = json_made(json_object());
    json_put(whole, "images", json_incref(document->images));
    json_put(whole, "categories", json_incref(document->categories));
    json_put(whole, "annotations", json_incref(document->annotations));
    finish(to, whole);
    json_decref(whole);
    return true;
}

bool coco_results_end(result_writer *to)
{
    const coco *document = to->state;
    return finish(to, document->annotations);
}
