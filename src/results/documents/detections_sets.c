/* Detections as data sets of other tools have them, a record for each photo: ODVG's lines,
 * OpenImages' table, and Label Studio's tasks with predictions. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "results/documents/detections.h"

static char *photo_name(const tyto_document *document, const char *photo)
{
    const char *name = tyto_detections_photo_name(document, photo);
    return tyto_copy_text(name, strlen(name));
}

/* A photo's name without its ending, of the folder of all: ImageID of OpenImages. NULL when memory
 * is out. */
static char *image_id(const tyto_document *document, const char *photo)
{
    const char *name = tyto_detections_photo_name(document, photo), *base = tyto_path_base(name);
    return tyto_copy_text(name, (size_t)(base - name) + tyto_path_stem_bytes(base));
}

static void odvg_line(tyto_document *document, tyto_writer *writer, json_t *record)
{
    document->records++;
    tyto_writer_json_new(writer, record, false);
    tyto_writer_text(writer, "\n");
}

/* https://github.com/open-mmlab/mmdetection/blob/main/docs/en/user_guides/dataset_prepare.md: boxes
 * are left, top, right, bottom in pixels; label counts from 0. */
static void odvg_photo(tyto_document *document, const tyto_photo_detections *photo,
                       tyto_writer *writer)
{
    json_t *object = json_object(), *detection = json_object(), *instances = json_array();
    const char *name = tyto_detections_photo_name(document, photo->photo);
    tyto_json_put(writer, object, "filename", tyto_json_string(name));
    tyto_json_put(writer, object, "height", json_integer(photo->height_px));
    tyto_json_put(writer, object, "width", json_integer(photo->width_px));
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const tyto_detection *d = &photo->detections->items[i];
        const float sides[] = {d->box.xmin, d->box.ymin, d->box.xmax, d->box.ymax};
        json_t *item = json_object(), *box = json_array();
        for (size_t k = 0; k < sizeof(sides) / sizeof(sides[0]); k++) {
            tyto_json_push(writer, box, tyto_json_float(sides[k]));
        }
        tyto_json_put(writer, item, "bbox", box);
        tyto_json_put(writer, item, "label", json_integer(d->label_index));
        tyto_json_put(writer, item, "category",
                      tyto_json_string(tyto_detections_label(document, d->label_index)));
        tyto_json_put(writer, item, "score", tyto_json_float(d->score));
        tyto_json_push(writer, instances, item);
    }
    tyto_json_put(writer, detection, "instances", instances);
    tyto_json_put(writer, object, "detection", detection);
    odvg_line(document, writer, object);
}

static const char *odvg_name(const json_t *record)
{
    return json_string_value(json_object_get(record, "filename"));
}

static tyto_status odvg_check(const tyto_resume *resume, const json_t *record)
{
    const json_t *list = json_object_get(json_object_get(record, "detection"), "instances");
    if (!json_is_array(list)) {
        return tyto_resume_refuse(resume, "a line without instances");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        TYTO_TRY(tyto_resume_check_label(resume, json_integer_value(json_object_get(item, "label")),
                                         json_string_value(json_object_get(item, "category"))));
    }
    return TYTO_OK;
}

static tyto_status odvg_resume(tyto_resume *resume)
{
    static const tyto_record_reader reader = {
        .spell = photo_name, .name = odvg_name, .check = odvg_check, .write = odvg_line};
    return tyto_resume_lines(resume, &reader);
}

static void openimages_begin(tyto_document *document, tyto_writer *writer)
{
    document->header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,"
                       "IsTruncated,IsGroupOf,IsDepiction,IsInside";
    tyto_writer_text(writer, document->header);
    tyto_writer_text(writer, "\n");
}

/* https://storage.googleapis.com/openimages/web/download_v7.html: boxes in parts of 1; −1 is what
 * isn't known of a box. */
static void openimages_photo(tyto_document *document, const tyto_photo_detections *photo,
                             tyto_writer *writer)
{
    const float width = (float)photo->width_px, height = (float)photo->height_px;
    char *id = image_id(document, photo->photo);
    writer->no_memory |= !id;
    document->records++;
    for (int64_t i = 0; id && i < photo->detections->count; i++) {
        const tyto_detection *d = &photo->detections->items[i];
        const float numbers[] = {d->score, d->box.xmin / width, d->box.xmax / width,
                                 d->box.ymin / height, d->box.ymax / height};
        tyto_writer_csv(writer, id);
        tyto_writer_text(writer, ",machine,");
        tyto_writer_csv(writer, tyto_detections_label(document, d->label_index));
        for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            tyto_writer_text(writer, ",");
            tyto_writer_float(writer, numbers[k]);
        }
        tyto_writer_text(writer, ",-1,-1,-1,-1,-1\n");
    }
    free(id);
}

static tyto_status openimages_resume(tyto_resume *resume)
{
    static const tyto_record_reader reader = {.spell = image_id, .label = "LabelName"};
    return tyto_resume_rows(resume, &reader);
}

/* A region, in percent of the photo's sides. */
static json_t *region(const tyto_document *document, const tyto_photo_detections *photo, int64_t i,
                      tyto_writer *writer)
{
    const tyto_detection *d = &photo->detections->items[i];
    const double width = (double)photo->width_px / 100, height = (double)photo->height_px / 100;
    json_t *item = json_object(), *value = json_object(), *labels = json_array();
    char id[24];
    snprintf(id, sizeof(id), "%lld", (long long)i + 1);
    tyto_json_put(writer, value, "x", tyto_json_real((double)d->box.xmin / width));
    tyto_json_put(writer, value, "y", tyto_json_real((double)d->box.ymin / height));
    tyto_json_put(writer, value, "width",
                  tyto_json_real(((double)d->box.xmax - (double)d->box.xmin) / width));
    tyto_json_put(writer, value, "height",
                  tyto_json_real(((double)d->box.ymax - (double)d->box.ymin) / height));
    tyto_json_put(writer, value, "rotation", json_integer(0));
    tyto_json_push(writer, labels,
                   tyto_json_string(tyto_detections_label(document, d->label_index)));
    tyto_json_put(writer, value, "rectanglelabels", labels);
    tyto_json_put(writer, item, "id", json_string(id));
    tyto_json_put(writer, item, "type", json_string("rectanglelabels"));
    tyto_json_put(writer, item, "from_name", json_string("label"));
    tyto_json_put(writer, item, "to_name", json_string("image"));
    tyto_json_put(writer, item, "original_width", json_integer(photo->width_px));
    tyto_json_put(writer, item, "original_height", json_integer(photo->height_px));
    tyto_json_put(writer, item, "image_rotation", json_integer(0));
    tyto_json_put(writer, item, "value", value);
    tyto_json_put(writer, item, "score", tyto_json_float(d->score));
    return item;
}

static void labelstudio_task(tyto_document *document, tyto_writer *writer, json_t *task)
{
    tyto_writer_text(writer, document->records++ > 0 ? ",\n" : "\n");
    tyto_writer_json_new(writer, task, false);
}

static void labelstudio_begin(tyto_document *document, tyto_writer *writer)
{
    (void)document;
    tyto_writer_text(writer, "[");
}

/* https://labelstud.io/guide/predictions: a task with its data and predictions, for a configuration
 * with <Image name="image" value="$image"/> and <RectangleLabels name="label" toName="image">. The
 * prediction's score is the mean of its regions'. */
static void labelstudio_photo(tyto_document *document, const tyto_photo_detections *photo,
                              tyto_writer *writer)
{
    json_t *task = json_object(), *data = json_object(), *predictions = json_array(),
           *prediction = json_object(), *result = json_array();
    double sum = 0.0;
    const int64_t count = photo->detections->count;
    for (int64_t i = 0; i < count; i++) {
        tyto_json_push(writer, result, region(document, photo, i, writer));
        sum += (double)photo->detections->items[i].score;
    }
    const char *name = tyto_detections_photo_name(document, photo->photo);
    tyto_json_put(writer, data, "image", tyto_json_string(name));
    tyto_json_put(writer, task, "data", data);
    tyto_json_put(writer, prediction, "model_version", json_string("tyto"));
    tyto_json_put(writer, prediction, "score", tyto_json_real(count > 0 ? sum / (double)count : 0));
    tyto_json_put(writer, prediction, "result", result);
    tyto_json_push(writer, predictions, prediction);
    tyto_json_put(writer, task, "predictions", predictions);
    labelstudio_task(document, writer, task);
}

static const char *labelstudio_name(const json_t *record)
{
    return json_string_value(json_object_get(json_object_get(record, "data"), "image"));
}

static tyto_status labelstudio_check(const tyto_resume *resume, const json_t *record)
{
    const json_t *prediction = json_array_get(json_object_get(record, "predictions"), 0),
                 *list = json_object_get(prediction, "result");
    if (!json_is_array(list)) {
        return tyto_resume_refuse(resume, "a task without a prediction");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_object_get(json_array_get(list, i), "value");
        TYTO_TRY(tyto_resume_find_label(
            resume,
            json_string_value(json_array_get(json_object_get(value, "rectanglelabels"), 0))));
    }
    return TYTO_OK;
}

static tyto_status labelstudio_resume(tyto_resume *resume)
{
    static const tyto_record_reader reader = {.spell = photo_name,
                                              .name = labelstudio_name,
                                              .check = labelstudio_check,
                                              .write = labelstudio_task};
    return tyto_resume_lines(resume, &reader);
}

static void labelstudio_end(tyto_document *document, tyto_writer *writer)
{
    (void)document;
    tyto_writer_text(writer, "\n]\n");
}

const tyto_detections_format tyto_detections_odvg = {NULL, odvg_photo, NULL, odvg_resume};
const tyto_detections_format tyto_detections_openimages = {openimages_begin, openimages_photo, NULL,
                                                           openimages_resume};
const tyto_detections_format tyto_detections_labelstudio = {labelstudio_begin, labelstudio_photo,
                                                            labelstudio_end, labelstudio_resume};
