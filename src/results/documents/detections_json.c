/* Detections as JSON: an object for each photo. */
#include "base/error.h"
#include "results/documents/detections.h"

static json_t *example_list(const tyto_document *document, tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    json_t *list = json_array();
    for (int64_t i = 0; i < options->n_examples; i++) {
        const tyto_example_note *example = &options->examples[i];
        json_t *item = json_object();
        tyto_json_put(writer, item, "label",
                      tyto_json_string(tyto_detections_label(document, example->label_index)));
        tyto_json_put(writer, item, "label_index", json_integer(example->label_index));
        tyto_json_put(writer, item, "image", tyto_json_string(example->photo));
        tyto_json_put(writer, item, "objectness", tyto_json_float(example->objectness));
        tyto_json_put(writer, item, "overlap", tyto_json_float(example->overlap));
        tyto_json_put(writer, item, "box", tyto_json_box(writer, &example->box));
        tyto_json_push(writer, list, item);
    }
    return list;
}

static json_t *photo_object(const tyto_document *document, const tyto_photo_detections *photo,
                            tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    json_t *object = json_object(), *list = json_array();
    tyto_json_put(writer, object, "image",
                  photo->photo ? tyto_json_string(photo->photo) : json_null());
    tyto_json_put(writer, object, "width", json_integer(photo->width_px));
    tyto_json_put(writer, object, "height", json_integer(photo->height_px));
    tyto_json_put(writer, object, "threshold", tyto_json_float(options->threshold));
    if (options->n_examples > 0) {
        tyto_json_put(writer, object, "queries", example_list(document, writer));
    }
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const tyto_detection *d = &photo->detections->items[i];
        json_t *item = json_object();
        tyto_json_put(writer, item, "label",
                      tyto_json_string(tyto_detections_label(document, d->label_index)));
        tyto_json_put(writer, item, "label_index", json_integer(d->label_index));
        tyto_json_put(writer, item, "score", tyto_json_float(d->score));
        tyto_json_put(writer, item, "box", tyto_json_box(writer, &d->box));
        tyto_json_push(writer, list, item);
    }
    tyto_json_put(writer, object, "detections", list);
    return object;
}

tyto_status tyto_detections_check_record(const tyto_document *document, const json_t *record,
                                         tyto_error *err)
{
    return tyto_resume_check_threshold(record,
                                       tyto_detections_state_of(document)->options.threshold, err);
}

static void json_begin(tyto_document *document, tyto_writer *writer)
{
    tyto_records_begin(document, writer, NULL);
}

static void json_photo(tyto_document *document, const tyto_photo_detections *photo,
                       tyto_writer *writer)
{
    tyto_records_json(document, writer, photo_object(document, photo, writer));
}

static void json_end(tyto_document *document, tyto_writer *writer)
{
    if (!document->alone && document->records == 0) {
        tyto_writer_text(writer, "\n");
    }
    tyto_records_end(document, writer);
}

const tyto_detections_format tyto_detections_json = {json_begin, json_photo, json_end};
const tyto_detections_format tyto_detections_jsonl = {NULL, json_photo, NULL};
