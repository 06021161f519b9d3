#include "own.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/detection_document.h>

#include "bounds.h"
#include "wish.h"

void own_destroy_photo(void *thing)
{
    tyto_photo_destroy(thing);
}

/* ----------------------------------------------------------------------------- what is held */

static held *put(work *job, store *s, void *thing, int64_t bytes, const char *what)
{
    bool large;
    held *h = store_put(s, thing, job->served->serial, bytes, &large);
    if (!h) {
        reply_error(job->x, large ? 422 : 503,
                    large ? "the %s is larger than all that is held here" : "%s: out of memory",
                    what);
    }
    return h;
}

static void drop(exchange *x, store *s, const char *what)
{
    if (store_drop(s, x->captures[0])) {
        reply_text(x, 204, NULL, "");
    } else {
        reply_error(x, 404, "there is no such %s", what);
    }
}

void own_drop_photo(exchange *x)
{
    drop(x, &x->server->photos, "photo");
}

void own_drop_vocabulary(exchange *x)
{
    drop(x, &x->server->vocabularies, "vocabulary");
}

/* ----------------------------------------------------------------------------------- photos */

void own_photo(exchange *x, worker *w)
{
    work job;
    tyto_image image = {0};
    tyto_photo *photo = NULL;
    const char *model = NULL;
    json_t *text = NULL;
    bool good =
        work_begin(&job, x, w) &&
        (!job.body || work_unpack(&job, job.body, "{s:o, s?s}", "image", &text, "model", &model)) &&
        work_task(&job, model, TYTO_TASK_SEARCH);
    good = good &&
           (text ? work_picture_text(&job, text, &image) : work_picture_body(&job, &image)) &&
           photo_encode(&job, &image, &photo);
    held *h = good ? put(&job, &x->server->photos, photo, (int64_t)tyto_photo_bytes(photo), "photo")
                   : NULL;
    if (h) {
        reply_json(x, 201,
                   json_pack("{s:s, s:I, s:I}", "id", h->id, "width", (json_int_t)image.width_px,
                             "height", (json_int_t)image.height_px));
        store_release(&x->server->photos, h);
    }
    tyto_image_clear(&image);
    work_end(&job, 1);
}

/* ----------------------------------------------------------------------------- vocabularies */

/* The memory that queries hold, about. */
static int64_t bytes_of(const queries *q)
{
    const int64_t count = tyto_vocabulary_count(q->vocabulary);
    return 256 + count * (2 * (int64_t)sizeof(float) * tyto_vocabulary_width(q->vocabulary) + 128);
}

void own_vocabulary(exchange *x, worker *w)
{
    work job;
    const char *model = NULL;
    json_t *texts = NULL, *exemplars = NULL, *negatives = NULL;
    int templates = 0;
    queries *q = NULL;
    if (work_begin(&job, x, w) &&
        work_unpack(&job, job.body, "{s?o, s?o, s?o, s?b, s?s}", "texts", &texts, "exemplars",
                    &exemplars, "negatives", &negatives, "templates", &templates, "model",
                    &model) &&
        work_task(&job, model, TYTO_TASK_SEARCH)) {
        q = queries_encode(&job, texts, exemplars, negatives, templates);
    }
    held *h = q ? put(&job, &x->server->vocabularies, q, bytes_of(q), "vocabulary") : NULL;
    if (h) {
        reply_json(x, 201, json_pack("{s:s}", "id", h->id));
        store_release(&x->server->vocabularies, h);
    }
    work_end(&job, 1);
}

/* ---------------------------------------------------------------------------------- searches */

static void reply_found(work *job, const queries *q, const tyto_search_options *options,
                        const tyto_photo_detections *found)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    tyto_detection_document_options document;
    const char **labels = queries_labels(job, q);
    if (!labels) {
        return;
    }
    tyto_detection_document_options_init(&document, sizeof(document));
    document.format = TYTO_FORMAT_JSON;
    document.labels = labels;
    document.n_labels = q->wanted;
    document.threshold = tyto_search_threshold(job->session, q->vocabulary, options);
    if (work_went(job, tyto_detection_document_write(&document, found, &bytes, &err), &err)) {
        reply_bytes(job->x, 200, "application/json", bytes.data, bytes.length_bytes);
    }
    free(labels);
}

/* Looks for it in a photo that is held, or else in the picture. */
static void detect(work *job, const wish *asked, const queries *q,
                   const tyto_search_options *options, const tyto_photo *photo,
                   const tyto_image *image)
{
    tyto_detections found = {0};
    const tyto_search_source source = {.image = photo ? NULL : image, .photo = photo};
    const bool went = bounds_search(job, &source, q->vocabulary, options, &found);
    work_stage(job, "search");
    if (went) {
        queries_keep_wanted(q, &found);
        const tyto_photo_detections record = {
            .photo = asked->photo,
            .width_px = photo ? tyto_photo_width_px(photo) : image->width_px,
            .height_px = photo ? tyto_photo_height_px(photo) : image->height_px,
            .detections = &found};
        reply_found(job, q, options, &record);
    }
    tyto_detections_clear(&found);
}

void own_detect(exchange *x, worker *w)
{
    work job;
    wish asked = {0};
    tyto_search_options options;
    tyto_image image = {0};
    held *photo = NULL;
    bool good = work_begin(&job, x, w) && wish_read(&job, &asked);
    if (good && !asked.photo == !asked.image) {
        reply_error(x, 400, "required photo or image, and not both");
        good = false;
    }
    good = good && wish_options(&job, &asked, &options) &&
           work_task(&job, asked.model, TYTO_TASK_SEARCH);
    if (good && asked.photo) {
        photo = photo_take(&job, asked.photo);
        good = photo != NULL;
    } else {
        good = good && work_picture_text(&job, asked.image, &image);
    }
    const queries *q = good ? wish_queries(&job, &asked) : NULL;
    if (q) {
        options.guided = q->guided;
        detect(&job, &asked, q, &options, photo ? photo->thing : NULL, &image);
    }
    tyto_image_clear(&image);
    store_release(&x->server->photos, photo);
    wish_clear(&job, &asked);
    work_end(&job, 1);
}
