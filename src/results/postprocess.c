/* A photo's logits and boxes to detections. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/boxes.h"
#include "results/nms.h"
#include <tyto/memory.h>

/* A label of a box above its threshold; `box` is the row of pred_boxes. */
typedef struct candidate {
    float score;
    int64_t box;
    int64_t label;
} candidate;

typedef struct candidates {
    candidate *items;
    size_t count, capacity;
} candidates;

typedef struct photo {
    const float *logits;
    const float *pred_boxes;
    const uint8_t *query_mask;
    int64_t boxes, queries;
    const tyto_postprocess_options *options;
} photo;

void tyto_postprocess_options_init(tyto_postprocess_options *options)
{
    *options = (tyto_postprocess_options){
        .threshold = 0.1F,
        .boxes = TYTO_BOXES_IMAGE,
        .padded = true,
        .nms = TYTO_NMS_OFF,
        .nms_iou = 0.5F,
    };
}

void tyto_detections_clear(tyto_detections *detections)
{
    if (detections) {
        tyto_free(detections->items);
        *detections = (tyto_detections){0};
    }
}

static float sigmoid(float logit)
{
    return (float)(1.0 / (1.0 + exp(-(double)logit)));
}

static float threshold_of(const tyto_postprocess_options *options, int64_t label)
{
    return options->label_thresholds ? options->label_thresholds[label] : options->threshold;
}

static bool add(candidates *list, candidate item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 64;
        candidate *items = tyto_realloc(list->items, capacity, sizeof(*items));
        if (!items) {
            return false;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static bool keep_if_above(const photo *p, int64_t box, int64_t label, candidates *out)
{
    float score = sigmoid(p->logits[box * p->queries + label]);
    if (!(score > threshold_of(p->options, label))) {
        return true; /* a score that is not a number ends here too */
    }
    return add(out, (candidate){.score = score, .box = box, .label = label});
}

/* The first highest logit, or -1 when all queries are masked. As in the reference, one logit that
 * is not a number spoils its box: it is returned, and fails every threshold. */
static int64_t best_label(const photo *p, int64_t box)
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

static bool collect(const photo *p, candidates *out)
{
    for (int64_t box = 0; box < p->boxes; box++) {
        if (!p->options->multi_label) {
            int64_t label = best_label(p, box);
            if (label >= 0 && !keep_if_above(p, box, label, out)) {
                return false;
            }
            continue;
        }
        for (int64_t q = 0; q < p->queries; q++) {
            bool masked = p->query_mask && !p->query_mask[q];
            if (!masked && !keep_if_above(p, box, q, out)) {
                return false;
            }
        }
    }
    return true;
}

static int by_score(const void *left, const void *right)
{
    const candidate *a = left;
    const candidate *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    if (a->box != b->box) {
        return a->box < b->box ? -1 : 1;
    }
    return a->label < b->label ? -1 : a->label > b->label;
}

static size_t place(const photo *p, const candidates *found, const tyto_box_scale *scale,
                    tyto_detection *out)
{
    size_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        const candidate *c = &found->items[i];
        if (tyto_box_place(p->pred_boxes + 4 * c->box, scale, &out[count].box)) {
            out[count].score = c->score;
            out[count].label = c->label;
            count++;
        }
    }
    return count;
}

static tyto_status check_options(const photo *p, tyto_error *err)
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

static tyto_status check_photo(const photo *p, int64_t width_px, int64_t height_px, tyto_error *err)
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
    if (width_px < 0 || height_px < 0 || (width_px == 0) != (height_px == 0)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "photo: got size %lld×%lld, required positive sides, or 0×0 for none",
                         (long long)width_px, (long long)height_px);
    }
    return check_options(p, err);
}

tyto_status tyto_postprocess_object_detection(const float *logits, const float *pred_boxes,
                                              const uint8_t *query_mask, int64_t boxes,
                                              int64_t queries, int64_t width_px, int64_t height_px,
                                              const tyto_postprocess_options *options,
                                              tyto_detections *out, tyto_error *err)
{
    *out = (tyto_detections){0};
    photo p = {logits, pred_boxes, query_mask, boxes, queries, options};
    candidates found = {0};
    tyto_detection *items = NULL;
    tyto_status status;
    TYTO_CHECK(check_photo(&p, width_px, height_px, err));
    if (!collect(&p, &found) || !(items = tyto_alloc(found.count, sizeof(*items)))) {
        status = tyto_fail_memory(err, "detections");
        goto cleanup;
    }
    if (found.count > 1) {
        qsort(found.items, found.count, sizeof(*found.items), by_score);
    }
    tyto_box_scale scale = tyto_box_scale_for(options->boxes, options->padded, width_px, height_px);
    size_t count = place(&p, &found, &scale, items);
    TYTO_CHECK(tyto_nms(items, &count, queries, options->nms, options->nms_iou,
                        (size_t)options->top_k, err));
    *out = (tyto_detections){.items = items, .count = count};
    items = NULL;
cleanup:
    tyto_free(found.items);
    tyto_free(items);
    return status;
}
