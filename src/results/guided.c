/* A photo's logits and boxes to what resembles example pictures. */
#include "results/guided.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/boxes.h"
#include "results/candidates.h"
#include "results/nms.h"
#include <tyto/memory.h>
#include <tyto/postprocess.h>

/* Scores become relative to the best one: this share of it, and all below, is nothing. */
#define LEAST_SHARE 0.1F
#define SCORE_EPSILON 1e-6F

static const tyto_postprocess_options defaults = {
    .struct_bytes = sizeof(defaults),
    .padded = true,
    .nms = TYTO_NMS_ALL,
    .nms_iou = 0.3F,
    .relative_scores = true,
};

void tyto_postprocess_options_init_guided(tyto_postprocess_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* Boxes in the unit square of the network, where overlaps are measured. A box that lies outside the
 * photo is no result, so it neither suppresses others nor is what others are measured by. */
static int64_t place_in_square(const tyto_photo_outputs *p, const tyto_candidates *found,
                               const tyto_box_scale *scale, tyto_detection *out)
{
    const tyto_box_scale square = {.x = 1.0F, .y = 1.0F};
    int64_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        const tyto_candidate *c = &found->items[i];
        const float *box = p->pred_boxes + 4 * c->box;
        tyto_detection item = {.score = c->score, .label_index = c->label, .patch = c->box};
        if (item.score > 0.0F && tyto_box_place(box, scale, &item.box) &&
            tyto_box_place(box, &square, &item.box)) {
            out[count++] = item;
        }
    }
    return count;
}

void tyto_scores_make_relative(tyto_detection *items, int64_t *count)
{
    const float most = *count > 0 ? items[0].score + SCORE_EPSILON : 1.0F;
    int64_t n = 0;
    while (n < *count) {
        const float share = (items[n].score - most * LEAST_SHARE) / (most * (1.0F - LEAST_SHARE));
        if (!(share > 0.0F)) {
            break;
        }
        items[n++].score = share < 1.0F ? share : 1.0F;
    }
    *count = n;
}

tyto_status tyto_postprocess_image_guided_detection(const float *logits,
                                                    const float *target_pred_boxes, int64_t boxes,
                                                    int64_t queries, int64_t width_px,
                                                    int64_t height_px,
                                                    const tyto_postprocess_options *options,
                                                    tyto_detections *out, tyto_error *err)
{
    tyto_postprocess_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_detections){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_postprocess_options", err));
    options = &own;
    const tyto_photo_outputs photo = {logits,  target_pred_boxes, NULL,      boxes,
                                      queries, width_px,          height_px, &own};
    tyto_candidates found;
    tyto_detection *items = NULL;
    tyto_status status;
    TYTO_CHECK(tyto_candidates_collect(&photo, true, 0, &found, err));
    items = tyto_alloc(found.count, sizeof(*items));
    if (!items) {
        status = tyto_fail_memory(err, "detections");
        goto cleanup;
    }
    const tyto_box_scale scale =
        tyto_box_scale_for(options->boxes, options->padded, width_px, height_px);
    int64_t count = place_in_square(&photo, &found, &scale, items);
    TYTO_CHECK(tyto_suppress(items, &count, queries,
                             options->nms_iou < 1.0F ? options->nms : TYTO_NMS_OFF,
                             options->nms_iou, options->top_k, err));
    if (options->relative_scores) {
        tyto_scores_make_relative(items, &count);
    }
    for (int64_t i = 0; i < count; i++) {
        /* It could be placed before. */
        (void)tyto_box_place(target_pred_boxes + 4 * items[i].patch, &scale, &items[i].box);
    }
    *out = (tyto_detections){.items = items, .count = count};
    items = NULL;
cleanup:
    tyto_free(found.items);
    tyto_free(items);
    return status;
}
