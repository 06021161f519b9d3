#include "queries.h"

#include <stdlib.h>

#include "bounds.h"

void queries_destroy(void *thing)
{
    queries *q = thing;
    if (q) {
        tyto_vocabulary_destroy(q->vocabulary);
        free(q);
    }
}

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

held *photo_take(work *job, const char *id)
{
    return take(job, &job->server->photos, id, "photo", METRIC_PHOTO_HITS, METRIC_PHOTO_MISSES);
}

held *vocabulary_take(work *job, const char *id)
{
    return take(job, &job->server->vocabularies, id, "vocabulary", METRIC_VOCABULARY_HITS,
                METRIC_VOCABULARY_MISSES);
}

bool photo_encode(work *job, const tyto_image *image, tyto_photo **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool went = work_went(job, tyto_photo_create(job->session, image, NULL, out, &err), &err);
    work_stage(job, "image");
    return went;
}

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
    if (!bounds_labels(job, json_array_size(array))) {
        return false;
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
        h = photo_take(job, id);
        good = h != NULL;
    } else if (good) {
        good = work_picture_text(job, text, &image) && photo_encode(job, &image, &own);
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

bool queries_average(work *job, tyto_vocabulary **parts, int64_t n)
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

queries *queries_encode(work *job, const json_t *texts, const json_t *exemplars,
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
        good = queries_average(job, parts, n);
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

void queries_keep_wanted(const queries *q, tyto_detections *found)
{
    int64_t n = 0;
    for (int64_t i = 0; i < found->count; i++) {
        if (found->items[i].label_index < q->wanted) {
            found->items[n++] = found->items[i];
        }
    }
    found->count = n;
}

const char **queries_labels(work *job, const queries *q)
{
    const char **labels = calloc((size_t)q->wanted + 1, sizeof(*labels));
    if (!labels) {
        reply_error(job->x, 503, "out of memory");
    }
    for (int64_t i = 0; labels && i < q->wanted; i++) {
        labels[i] = tyto_vocabulary_label(q->vocabulary, i);
    }
    return labels;
}
