#include "results/candidates.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/boxes.h"

/* Fewer aren't worth sorting. */
enum { PRUNED_MIN = 4096 };

static float sigmoid(float logit)
{
    return (float)(1.0 / (1.0 + exp(-(double)logit)));
}

static float threshold_of(const tyto_postprocess_options *options, int64_t label)
{
    return options->label_thresholds ? options->label_thresholds[label] : options->threshold;
}

static int by_score(const void *left, const void *right)
{
    const tyto_candidate *a = left;
    const tyto_candidate *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    if (a->box != b->box) {
        return a->box < b->box ? -1 : 1;
    }
    return a->label < b->label ? -1 : a->label > b->label;
}

static void sort(tyto_candidates *list)
{
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof(*list->items), by_score);
    }
}

/* Takes out what can't be among the most. Candidates come in order of box and label, so that a later
 * one of the same score isn't either. */
static void prune(tyto_candidates *list)
{
    sort(list);
    list->count = list->most;
    list->floor = list->items[list->most - 1].score;
}

static bool add(tyto_candidates *list, tyto_candidate item)
{
    if (list->most > 0 && item.score <= list->floor) {
        return true;
    }
    if (list->most > 0 && list->count / 2 >= list->most && list->count >= PRUNED_MIN) {
        prune(list);
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        tyto_candidate *items = tyto_realloc(list->items, capacity, sizeof(*items));
        if (!items) {
            return false;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static bool keep_if_above(const tyto_photo_outputs *p, bool inclusive, int64_t box, int64_t label,
                          tyto_candidates *out)
{
    const float score = sigmoid(p->logits[box * p->queries + label]),
                threshold = threshold_of(p->options, label);
    if (!(score > threshold) && !(inclusive && score == threshold)) {
        return true; /* a score that is not a number ends here too */
    }
    return add(out, (tyto_candidate){.score = score, .box = box, .label = label});
}

/* The first highest logit, or -1 when all queries are masked. As in the reference, one logit that
 * is not a number spoils its box: it is returned, and fails every threshold. */
static int64_t best_label(const tyto_photo_outputs *p, int64_t box)
{
    const float *row = p->logits + box * p->queries;
    int64_t best = -1;
    for (int64_t q = 0; q < p->queries; q++) {
        if (p->query_mask && !p->query_mask[q]) {
            continue;
        }
        if (isnan(row[q])) {
            return q;
        }
        if (best < 0 || row[q] > row[best]) {
            best = q;
        }
    }
    return best;
}

static bool collect(const tyto_photo_outputs *p, bool inclusive, tyto_candidates *out)
{
    const tyto_box_scale scale =
        tyto_box_scale_for(p->options->boxes, p->options->padded, p->width_px, p->height_px);
    for (int64_t box = 0; box < p->boxes; box++) {
        tyto_box placed;
        if (out->most > 0 && !tyto_box_place(p->pred_boxes + 4 * box, &scale, &placed)) {
            continue;
        }
        if (!p->options->multi_label) {
            int64_t label = best_label(p, box);
            if (label >= 0 && !keep_if_above(p, inclusive, box, label, out)) {
                return false;
            }
            continue;
        }
        for (int64_t q = 0; q < p->queries; q++) {
            bool masked = p->query_mask && !p->query_mask[q];
            if (!masked && !keep_if_above(p, inclusive, box, q, out)) {
                return false;
            }
        }
    }
    return true;
}

static tyto_status check_options(const tyto_photo_outputs *p, tyto_error *err)
{
    const tyto_postprocess_options *options = p->options;
    if (!options->label_thresholds && isnan(options->threshold)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "threshold: got nan, required a number");
    }
    for (int64_t q = 0; options->label_thresholds && q < p->queries; q++) {
        if (isnan(options->label_thresholds[q])) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "threshold of label %lld: got nan, required a number", (long long)q);
        }
    }
    if (!(options->nms_iou >= 0.0F && options->nms_iou <= 1.0F)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "nms_iou: got %g, required 0 … 1",
                         (double)options->nms_iou);
    }
    if (options->top_k < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "top_k: got %lld, required at least 0",
                         (long long)options->top_k);
    }
    return TYTO_OK;
}

static tyto_status check_photo(const tyto_photo_outputs *p, tyto_error *err)
{
    int64_t logits;
    if (!p->logits || !p->pred_boxes || !p->options) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "post-processing: got NULL, required logits, boxes and options");
    }
    if (p->boxes < 0 || p->queries < 1 || !tyto_mul_i64(p->boxes, p->queries, &logits)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "logits: got shape [%lld,%lld], required at least [0,1]",
                         (long long)p->boxes, (long long)p->queries);
    }
    if (p->width_px < 0 || p->height_px < 0 || (p->width_px == 0) != (p->height_px == 0)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "photo: got size %lld×%lld, required positive sides, or 0×0 for none",
                         (long long)p->width_px, (long long)p->height_px);
    }
    return check_options(p, err);
}

tyto_status tyto_candidates_collect(const tyto_photo_outputs *photo, bool inclusive, int64_t most,
                                    tyto_candidates *out, tyto_error *err)
{
    *out = (tyto_candidates){.most = (size_t)most, .floor = -INFINITY};
    TYTO_TRY(check_photo(photo, err));
    if (!collect(photo, inclusive, out)) {
        return tyto_fail_memory(err, "detections");
    }
    sort(out);
    if (most > 0 && out->count > out->most) {
        out->count = out->most;
    }
    return TYTO_OK;
}
