#include "wish.h"

#include <string.h>

bool wish_read(work *job, wish *out)
{
    *out = (wish){.nms = "off", .boxes = "image", .threshold = TYTO_THRESHOLD_MODEL, .iou = 0.5};
    if (!work_unpack(job, job->body, "{s?s, s?o, s?s, s?o, s?F, s?F, s?I, s?s, s?s, s?b, s?b, s?s}",
                     "photo", &out->photo, "image", &out->image, "vocabulary", &out->vocabulary,
                     "labels", &out->labels, "threshold", &out->threshold, "iou", &out->iou,
                     "top_k", &out->top_k, "nms", &out->nms, "boxes", &out->boxes, "multi_label",
                     &out->multi_label, "templates", &out->templates, "model", &out->model)) {
        return false;
    }
    if (!out->vocabulary == !out->labels) {
        reply_error(job->x, 400, "required vocabulary or labels, and not both");
        return false;
    }
    return true;
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

bool wish_options(work *job, const wish *asked, tyto_search_options *options)
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
        !(asked->iou >= 0.0 && asked->iou <= 1.0) || asked->top_k < 0) {
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

const queries *wish_queries(work *job, wish *asked)
{
    if (asked->vocabulary) {
        asked->held = vocabulary_take(job, asked->vocabulary);
        return asked->held ? asked->held->thing : NULL;
    }
    asked->own = queries_encode(job, asked->labels, NULL, NULL, asked->templates);
    return asked->own;
}

void wish_clear(work *job, wish *asked)
{
    store_release(&job->server->vocabularies, asked->held);
    queries_destroy(asked->own);
    *asked = (wish){0};
}
