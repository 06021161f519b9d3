#include "label_studio.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/detection_document.h>
#include <tyto/memory.h>

#include "bounds.h"
#include "labeling.h"
#include "queries.h"

/* A request about tasks. */
typedef struct project {
    labeling labeling;
    queries *queries; /* of the labels, or of what was drawn */
    tyto_search_options options;
    int64_t urls, bad; /* tasks without a picture of ours, and with one that can't be read */
} project;

/* Reads a configuration; false after an error was replied. */
static bool read_labeling(exchange *x, const json_t *text, const char *field, labeling *out)
{
    const char *reason, *xml = json_string_value(text);
    *out = (labeling){0};
    if (!xml) {
        reply_error(x, 400, "%s: required a text", field);
        return false;
    }
    if (!labeling_read(xml, out, &reason)) {
        reply_error(x, reason ? 422 : 503, "%s%s%s", reason ? field : "", reason ? ": " : "",
                    reason ? reason : "out of memory");
        return false;
    }
    return true;
}

void label_studio_setup(exchange *x, worker *w)
{
    work job;
    labeling l = {0};
    if (work_begin(&job, x, w) &&
        read_labeling(x, json_object_get(job.body, "schema"), "schema", &l) &&
        work_task(&job, NULL, TYTO_TASK_SEARCH)) {
        reply_json(x, 200, json_pack("{s:s}", "model_version", job.served->name));
    }
    labeling_clear(&l);
    work_end(&job, 0);
}

void label_studio_event(exchange *x, worker *w)
{
    work job;
    if (work_begin(&job, x, w)) {
        reply_json(x, 200, json_pack("{s:s}", "status", "ok"));
    }
    work_end(&job, 0);
}

/* Whether a task's picture is somewhere else: of a place's scheme, or a path of Label Studio's. */
static bool is_elsewhere(const char *picture)
{
    return (strncasecmp(picture, "data:", 5) != 0 && strstr(picture, "://")) ||
           strncmp(picture, "/data/", 6) == 0;
}

/* The picture of a task; false: it has none that can be read here. */
static bool read_picture(work *job, project *p, const json_t *task, tyto_image *out)
{
    const json_t *picture = json_object_get(json_object_get(task, "data"), p->labeling.key);
    const char *text = json_string_value(picture);
    if (!text || is_elsewhere(text)) {
        p->urls++;
        return false;
    }
    const bool good = work_picture_text(job, picture, out);
    p->bad += !good;
    return good;
}

/* ------------------------------------------------------------------------------ what is drawn */

/* A drawn box: a part of a picture, in percent of its sides. */
static bool read_region(const json_t *item, const tyto_image *image, tyto_box *box,
                        const char **label)
{
    const json_t *value = json_object_get(item, "value"),
                 *labels = json_object_get(value, "rectanglelabels");
    const json_t *sides[] = {json_object_get(value, "x"), json_object_get(value, "y"),
                             json_object_get(value, "width"), json_object_get(value, "height")};
    double at[4];
    for (size_t i = 0; i < 4; i++) {
        if (!json_is_number(sides[i])) {
            return false;
        }
        at[i] = json_number_value(sides[i]) / 100.0 *
                (double)(i % 2 ? image->height_px : image->width_px);
    }
    *label = json_string_value(json_array_get(labels, 0));
    *box = (tyto_box){(float)at[0], (float)at[1], (float)(at[0] + at[2]), (float)(at[1] + at[3])};
    return at[2] > 0.0 && at[3] > 0.0;
}

/* Queries of the boxes that are drawn in a photo, in place of the labels' texts. */
static queries *encode_drawn(work *job, const json_t *drawn, const tyto_image *image,
                             const tyto_photo *photo)
{
    tyto_error err = TYTO_ERROR_INIT;
    const size_t count = json_array_size(drawn);
    tyto_vocabulary **parts = calloc(count + 1, sizeof(*parts));
    queries *q = calloc(1, sizeof(*q));
    int64_t n = 0;
    bool good = parts && q;
    if (!good) {
        reply_error(job->x, 503, "out of memory");
    }
    for (size_t i = 0; good && i < count; i++) {
        tyto_box box;
        const char *label;
        if (read_region(json_array_get(drawn, i), image, &box, &label)) {
            good = work_went(job,
                             tyto_photo_query(job->session, photo, &box, TYTO_QUERY_RULE_AUTO,
                                              label ? label : "object", NULL, &parts[n], &err),
                             &err);
            n += good;
        }
    }
    if (good && n == 0) {
        reply_error(job->x, 422, "context.result: required a box of x, y, width and height");
        good = false;
    }
    good = good && queries_average(job, parts, n);
    if (good) {
        *q = (queries){
            .vocabulary = parts[0], .wanted = tyto_vocabulary_count(parts[0]), .guided = true};
    }
    for (int64_t i = 0; parts && !good && i < n; i++) {
        tyto_vocabulary_destroy(parts[i]);
    }
    free(parts);
    if (!good) {
        free(q);
        return NULL;
    }
    return q;
}

/* -------------------------------------------------------------------------------- predictions */

/* A prediction of nothing. */
static json_t *nothing(const work *job)
{
    return json_pack("{s:s, s:f, s:[]}", "model_version", job->served->name, "score", 0.0,
                     "result");
}

/* What the library's document for Label Studio predicts, under the names of the configuration. */
static json_t *prediction_of(work *job, const project *p, const queries *q,
                             const tyto_photo_detections *found)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detection_document_options options;
    tyto_bytes bytes = {0};
    size_t i;
    json_t *item;
    const char **labels = queries_labels(job, q);
    if (!labels) {
        return NULL;
    }
    tyto_detection_document_options_init(&options, sizeof(options));
    options.format = TYTO_FORMAT_LABELSTUDIO;
    options.labels = labels;
    options.n_labels = q->wanted;
    const bool went =
        work_went(job, tyto_detection_document_write(&options, found, &bytes, &err), &err);
    free(labels);
    if (!went) {
        return NULL;
    }
    json_t *document = json_loadb(bytes.data, bytes.length_bytes, 0, NULL);
    tyto_bytes_clear(&bytes);
    json_t *prediction =
        json_incref(json_array_get(json_object_get(json_array_get(document, 0), "predictions"), 0));
    json_decref(document);
    json_array_foreach(json_object_get(prediction, "result"), i, item)
    {
        json_object_set_new(item, "from_name", json_string(p->labeling.from_name));
        json_object_set_new(item, "to_name", json_string(p->labeling.to_name));
    }
    json_object_set_new(prediction, "model_version", json_string(job->served->name));
    if (!prediction) {
        reply_error(job->x, 503, "out of memory");
    }
    return prediction;
}

static json_t *search(work *job, const project *p, const queries *q, const tyto_image *image,
                      const tyto_photo *photo)
{
    tyto_detections found = {0};
    json_t *prediction = NULL;
    tyto_search_options options = p->options;
    options.guided = q->guided;
    const tyto_search_source source = {.image = photo ? NULL : image, .photo = photo};
    if (bounds_search(job, &source, q->vocabulary, &options, &found)) {
        const tyto_photo_detections record = {.photo = "",
                                              .width_px = image->width_px,
                                              .height_px = image->height_px,
                                              .detections = &found};
        prediction = prediction_of(job, p, q, &record);
    }
    work_stage(job, "search");
    tyto_detections_clear(&found);
    return prediction;
}

/* The prediction of a task; NULL after an error that is the whole request's. */
static json_t *predict(work *job, project *p, const json_t *task, const json_t *drawn)
{
    tyto_image image = {0};
    tyto_photo *photo = NULL;
    queries *own = NULL;
    json_t *prediction = NULL;
    if (!read_picture(job, p, task, &image)) {
        return nothing(job);
    }
    if (json_array_size(drawn) == 0) {
        prediction = p->queries ? search(job, p, p->queries, &image, NULL) : nothing(job);
    } else if (photo_encode(job, &image, &photo) &&
               (own = encode_drawn(job, drawn, &image, photo))) {
        prediction = search(job, p, own, &image, photo);
    }
    queries_destroy(own);
    tyto_photo_destroy(photo);
    tyto_image_clear(&image);
    return prediction;
}

static json_t *predict_all(work *job, project *p, const json_t *tasks, const json_t *drawn)
{
    json_t *results = json_array();
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        json_t *one = predict(job, p, json_array_get(tasks, i), drawn);
        if (!one) {
            json_decref(results);
            return NULL;
        }
        json_array_append_new(results, one);
    }
    return results;
}

/* The labels' texts as queries. A project may have none yet. */
static bool encode_labels(work *job, project *p)
{
    json_t *texts = json_array();
    for (size_t i = 0; i < p->labeling.n_labels; i++) {
        json_array_append_new(texts, json_string(p->labeling.labels[i]));
    }
    const bool any = json_array_size(texts) > 0;
    p->queries = any ? queries_encode(job, texts, NULL, NULL, false) : NULL;
    json_decref(texts);
    return !any || p->queries;
}

static bool read_project(work *job, project *p, const json_t *tasks, bool drawn)
{
    if (!json_is_array(tasks)) {
        reply_error(job->x, 400, "tasks: required an array");
        return false;
    }
    if (!read_labeling(job->x, json_object_get(job->body, "label_config"), "label_config",
                       &p->labeling)) {
        return false;
    }
    if (!p->labeling.from_name) {
        reply_error(job->x, 422, "label_config: required RectangleLabels over an Image");
        return false;
    }
    tyto_search_options_init(&p->options, sizeof(p->options));
    p->options.nms = TYTO_NMS_CLASS;
    return work_task(job, NULL, TYTO_TASK_SEARCH) && (drawn || encode_labels(job, p));
}

static void note(work *job, const project *p)
{
    char text[128];
    if (p->urls + p->bad > 0) {
        snprintf(text, sizeof(text),
                 "no boxes: %lld tasks with a URL, which isn't fetched; %lld with a bad picture",
                 (long long)p->urls, (long long)p->bad);
        free(job->x->note);
        job->x->note = strdup(text);
    }
}

int64_t label_studio_predict(work *job)
{
    project p = {0};
    const json_t *tasks = json_object_get(job->body, "tasks"),
                 *params = json_object_get(job->body, "params"),
                 *context = json_object_get(job->body, "context");
    context = json_is_object(context) ? context : json_object_get(params, "context");
    const json_t *drawn = json_object_get(context, "result");
    json_t *results = read_project(job, &p, tasks, json_array_size(drawn) > 0)
                          ? predict_all(job, &p, tasks, drawn)
                          : NULL;
    if (results) {
        reply_json(job->x, 200, json_pack("{s:o}", "results", results));
    }
    note(job, &p);
    queries_destroy(p.queries);
    labeling_clear(&p.labeling);
    return (int64_t)json_array_size(tasks);
}
