#include "own.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/detection_document.h>

#include "work.h"

/* Queries that are held: what is to be found, and behind it what isn't, which only draws boxes to
 * itself. */
typedef struct queries {
    tyto_vocabulary *vocabulary;
    int64_t wanted;
    bool guided; /* there are examples: scores are what tyto match's are */
} queries;

void own_destroy_photo(void *thing)
{
    tyto_photo_destroy(thing);
}

void own_destroy_vocabulary(void *thing)
{
    queries *q = thing;
    tyto_vocabulary_destroy(q->vocabulary);
    free(q);
}

/* ----------------------------------------------------------------------------- what is held */

/* The thing of an id that a field has, of the job's model. */
static held *take(work *job, store *s, const char *id, const char *what, family hits, family misses)
{
    held *h = store_take(s, id);
    metrics_add(&job->server->metrics, h ? hits : misses, 1, NULL);
    if (!h) {
        reply_error(job->x, 404,
                    "there is no such %s: it may have been dropped for want of room or "
                    "use; send it again",
                    what);
        return NULL;
    }
    if (h->owner != job->served->serial) {
        reply_error(job->x, 422, "the %s is of another model", what);
        store_release(s, h);
        return NULL;
    }
    return h;
}

static held *take_photo(work *job, const char *id)
{
    return take(job, &job->server->photos, id, "photo", METRIC_PHOTO_HITS, METRIC_PHOTO_MISSES);
}

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

static bool encode(work *job, const tyto_image *image, tyto_photo **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool went = work_went(job, tyto_photo_create(job->session, image, NULL, out, &err), &err);
    work_stage(job, "image");
    return went;
}

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
           encode(&job, &image, &photo);
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

/* Texts of an array, as the library takes them; release with free. NULL after an error. */
static const char **texts_of(work *job, const json_t *array, const char *field)
{
    const size_t count = json_array_size(array);
    const char **texts = calloc(count + 1, sizeof(*texts));
    for (size_t i = 0; texts && i < count; i++) {
        texts[i] = json_string_value(json_array_get(array, i));
        if (!texts[i] || !*texts[i]) {
            reply_error(job->x, 400, "%s[%zu]: required a text", field, i);
            free(texts);
            return NULL;
        }
    }
    if (!texts) {
        reply_error(job->x, 503, "out of memory");
    }
    return texts;
}

/* Encodes the texts of an array, which may be missing. */
static bool encode_texts(work *job, const json_t *array, const char *field, bool templates,
                         tyto_vocabulary **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_embed_options options;
    if (array && !json_is_array(array)) {
        reply_error(job->x, 400, "%s: required an array of texts", field);
        return false;
    }
    if (json_array_size(array) == 0) {
        return true;
    }
    const char **texts = texts_of(job, array, field);
    if (!texts) {
        return false;
    }
    tyto_embed_options_init(&options, sizeof(options));
    options.templates = templates;
    const bool went =
        work_went(job,
                  tyto_vocabulary_create(job->session, texts, (int64_t)json_array_size(array),
                                         &options, out, &err),
                  &err);
    free(texts);
    work_stage(job, "texts");
    return went;
}

/* An example: a photo that is held or a picture, a box in it, a label. */
static bool encode_exemplar(work *job, json_t *exemplar, tyto_vocabulary **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *id = NULL, *label = "object";
    json_t *text = NULL, *box = NULL;
    tyto_image image = {0};
    tyto_photo *own = NULL;
    held *h = NULL;
    double xmin, ymin, xmax, ymax;
    bool good = work_unpack(job, exemplar, "{s?s, s?o, s?o, s?s}", "photo", &id, "image", &text,
                            "box", &box, "label", &label);
    if (good && !id == !text) {
        reply_error(job->x, 400, "exemplars: required photo or image in each");
        good = false;
    }
    good = good && (!box || work_unpack(job, box, "{s:F, s:F, s:F, s:F}", "xmin", &xmin, "ymin",
                                        &ymin, "xmax", &xmax, "ymax", &ymax));
    if (good && id) {
        h = take_photo(job, id);
        good = h != NULL;
    } else if (good) {
        good = work_picture_text(job, text, &image) && encode(job, &image, &own);
    }
    if (good) {
        const tyto_box region =
            box ? (tyto_box){(float)xmin, (float)ymin, (float)xmax, (float)ymax} : (tyto_box){0};
        good = work_went(job,
                         tyto_photo_query(job->session, h ? h->thing : own, box ? &region : NULL,
                                          TYTO_QUERY_RULE_AUTO, label, NULL, out, &err),
                         &err);
    }
    store_release(&job->server->photos, h);
    tyto_photo_destroy(own);
    tyto_image_clear(&image);
    return good;
}

/* Makes of texts and examples, which are the first n parts, one vocabulary in their place, where
 * those of one label are one query, as for tyto match. */
static bool average(work *job, tyto_vocabulary **parts, int64_t n)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *joined = NULL, *averaged = NULL;
    const bool good =
        work_went(job,
                  tyto_vocabulary_join((const tyto_vocabulary *const *)parts, n, &joined, &err),
                  &err) &&
        work_went(job, tyto_vocabulary_average(joined, &averaged, &err), &err);
    tyto_vocabulary_destroy(joined);
    if (good) {
        for (int64_t i = 0; i < n; i++) {
            tyto_vocabulary_destroy(parts[i]);
            parts[i] = NULL;
        }
        parts[0] = averaged;
    }
    return good;
}

/* One vocabulary of texts, examples, and texts that aren't wanted. */
static queries *encode_queries(work *job, const json_t *texts, const json_t *exemplars,
                               const json_t *negatives, bool templates)
{
    tyto_error err = TYTO_ERROR_INIT;
    const size_t n_exemplars = json_array_size(exemplars);
    tyto_vocabulary **parts = calloc(n_exemplars + 2, sizeof(*parts));
    queries *q = calloc(1, sizeof(*q));
    int64_t n = 0;
    bool good = parts && q;
    if (!good) {
        reply_error(job->x, 503, "out of memory");
    } else if (exemplars && !json_is_array(exemplars)) {
        reply_error(job->x, 400, "exemplars: required an array");
        good = false;
    }
    good = good && encode_texts(job, texts, "texts", templates, &parts[0]);
    n += good && parts[0];
    for (size_t i = 0; good && i < n_exemplars; i++) {
        good = encode_exemplar(job, json_array_get(exemplars, i), &parts[n]);
        n += good;
    }
    if (good && n_exemplars > 0) {
        q->guided = true;
        good = average(job, parts, n);
        n = good ? 1 : n;
    }
    for (int64_t i = 0; i < n; i++) {
        q->wanted += tyto_vocabulary_count(parts[i]);
    }
    good = good && encode_texts(job, negatives, "negatives", templates, &parts[n]);
    n += good && parts[n];
    if (good && q->wanted == 0) {
        reply_error(job->x, 422, "required texts or exemplars");
        good = false;
    }
    good = good && work_went(job,
                             tyto_vocabulary_join((const tyto_vocabulary *const *)parts, n,
                                                  &q->vocabulary, &err),
                             &err);
    for (int64_t i = 0; parts && i < n; i++) {
        tyto_vocabulary_destroy(parts[i]);
    }
    free(parts);
    if (!good) {
        free(q);
    }
    return good ? q : NULL;
}

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
        q = encode_queries(&job, texts, exemplars, negatives, templates);
    }
    held *h = q ? put(&job, &x->server->vocabularies, q, bytes_of(q), "vocabulary") : NULL;
    if (h) {
        reply_json(x, 201, json_pack("{s:s}", "id", h->id));
        store_release(&x->server->vocabularies, h);
    }
    work_end(&job, 1);
}

/* ---------------------------------------------------------------------------------- searches */

/* What a search is asked for. */
typedef struct wish {
    json_t *image, *labels;
    const char *photo, *vocabulary, *model, *nms, *boxes;
    double threshold, iou;
    json_int_t top_k;
    int multi_label, templates;
} wish;

static bool read_wish(work *job, wish *out)
{
    *out = (wish){.nms = "off", .boxes = "image", .threshold = TYTO_THRESHOLD_MODEL, .iou = 0.5};
    if (!work_unpack(job, job->body, "{s?s, s?o, s?s, s?o, s?F, s?F, s?I, s?s, s?s, s?b, s?b, s?s}",
                     "photo", &out->photo, "image", &out->image, "vocabulary", &out->vocabulary,
                     "labels", &out->labels, "threshold", &out->threshold, "iou", &out->iou,
                     "top_k", &out->top_k, "nms", &out->nms, "boxes", &out->boxes, "multi_label",
                     &out->multi_label, "templates", &out->templates, "model", &out->model)) {
        return false;
    }
    if (!out->photo == !out->image) {
        reply_error(job->x, 400, "required photo or image, and not both");
    } else if (!out->vocabulary == !out->labels) {
        reply_error(job->x, 400, "required vocabulary or labels, and not both");
    } else {
        return true;
    }
    return false;
}

/* The place of a word among some; -1, with an error, when it is none. */
static int choose(work *job, const char *field, const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(word, words[i]) == 0) {
            return i;
        }
    }
    reply_error(job->x, 422, "%s: got an unknown word", field);
    return -1;
}

static bool set_options(work *job, const wish *asked, tyto_search_options *options)
{
    const int nms =
        choose(job, "nms", asked->nms, (const char *const[]){"off", "class", "all", NULL});
    const int boxes = nms < 0 ? -1
                              : choose(job, "boxes", asked->boxes,
                                       (const char *const[]){"image", "reference", NULL});
    if (boxes < 0) {
        return false;
    }
    const bool model = asked->threshold == (double)TYTO_THRESHOLD_MODEL;
    if ((!model && !(asked->threshold >= 0.0 && asked->threshold <= 1.0)) ||
        !(asked->iou >= 0.0 && asked->iou <= 1.0) || asked->top_k < 0 || asked->top_k > INT32_MAX) {
        reply_error(job->x, 422, "required threshold and iou from 0 to 1, and top_k of 0 or more");
        return false;
    }
    tyto_search_options_init(options, sizeof(*options));
    options->threshold = (float)asked->threshold;
    options->nms = (tyto_nms)nms;
    options->boxes = (tyto_boxes)boxes;
    options->nms_iou = (float)asked->iou;
    options->top_k = asked->top_k;
    options->multi_label = asked->multi_label;
    return true;
}

/* Takes out what isn't wanted. */
static void keep_wanted(tyto_detections *found, int64_t wanted)
{
    int64_t n = 0;
    for (int64_t i = 0; i < found->count; i++) {
        if (found->items[i].label_index < wanted) {
            found->items[n++] = found->items[i];
        }
    }
    found->count = n;
}

static void reply_found(work *job, const wish *asked, const queries *q,
                        const tyto_search_options *options, const tyto_photo_detections *found)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    tyto_detection_document_options document;
    const char **labels = calloc((size_t)q->wanted, sizeof(*labels));
    (void)asked;
    if (!labels) {
        reply_error(job->x, 503, "out of memory");
        return;
    }
    for (int64_t i = 0; i < q->wanted; i++) {
        labels[i] = tyto_vocabulary_label(q->vocabulary, i);
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

void own_detect(exchange *x, worker *w)
{
    work job;
    wish asked;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options options;
    tyto_image image = {0};
    tyto_detections found = {0};
    held *photo = NULL, *vocabulary = NULL;
    queries *own = NULL;
    bool good = work_begin(&job, x, w) && read_wish(&job, &asked) &&
                set_options(&job, &asked, &options) &&
                work_task(&job, asked.model, TYTO_TASK_SEARCH);
    if (good && asked.photo) {
        photo = take_photo(&job, asked.photo);
    }
    if (good && asked.vocabulary && (photo || asked.image)) {
        vocabulary = take(&job, &x->server->vocabularies, asked.vocabulary, "vocabulary",
                          METRIC_VOCABULARY_HITS, METRIC_VOCABULARY_MISSES);
    }
    good = good && (photo || asked.image) && (vocabulary || asked.labels);
    if (good && asked.image) {
        good = work_picture_text(&job, asked.image, &image);
    }
    if (good && asked.labels) {
        own = encode_queries(&job, asked.labels, NULL, NULL, asked.templates);
    }
    const queries *q = vocabulary ? vocabulary->thing : own;
    if (good && q) {
        options.guided = q->guided;
        const tyto_search_source source = {.image = photo ? NULL : &image,
                                           .photo = photo ? photo->thing : NULL};
        good = work_went(
            &job, tyto_search(job.session, &source, 1, q->vocabulary, &options, &found, &err),
            &err);
        work_stage(&job, "search");
        if (good) {
            keep_wanted(&found, q->wanted);
            const tyto_photo_detections record = {
                .photo = asked.photo,
                .width_px = photo ? tyto_photo_width_px(photo->thing) : image.width_px,
                .height_px = photo ? tyto_photo_height_px(photo->thing) : image.height_px,
                .detections = &found};
            reply_found(&job, &asked, q, &options, &record);
        }
    }
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
    if (own) {
        own_destroy_vocabulary(own);
    }
    store_release(&x->server->photos, photo);
    store_release(&x->server->vocabularies, vocabulary);
    work_end(&job, 1);
}
