/* A photo's logits and boxes to detections. */
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/boxes.h"
#include "results/candidates.h"
#include "results/nms.h"
#include <tyto/memory.h>

static const tyto_postprocess_options defaults = {
    .struct_bytes = sizeof(defaults),
    .threshold = 0.1F,
    .padded = true,
    .nms_iou = 0.5F,
};

void tyto_postprocess_options_init(tyto_postprocess_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_detections_clear(tyto_detections *detections)
{
    if (detections) {
        tyto_free(detections->items);
        tyto_free(detections->embeddings);
        *detections = (tyto_detections){0};
    }
}

void tyto_frame_detections_clear(tyto_frame_detections *frame)
{
    if (frame) {
        tyto_detections_clear(&frame->detections);
        tyto_free(frame->tracks);
        *frame = (tyto_frame_detections){0};
    }
}

static int64_t place(const tyto_photo_outputs *p, const tyto_candidates *found, tyto_detection *out)
{
    const tyto_box_scale scale =
        tyto_box_scale_for(p->options->boxes, p->options->padded, p->width_px, p->height_px);
    int64_t count = 0;
    for (size_t i = 0; i < found->count; i++) {
        const tyto_candidate *c = &found->items[i];
        tyto_detection item = {.score = c->score, .label_index = c->label, .patch = c->box};
        if (tyto_box_place(p->pred_boxes + 4 * c->box, &scale, &item.box)) {
            out[count++] = item;
        }
    }
    return count;
}

tyto_status tyto_postprocess_object_detection(const float *logits, const float *pred_boxes,
                                              const uint8_t *query_mask, int64_t boxes,
                                              int64_t queries, int64_t width_px, int64_t height_px,
                                              const tyto_postprocess_options *options,
                                              tyto_detections *out, tyto_error *err)
{
    tyto_postprocess_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_detections){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_postprocess_options", err));
    const tyto_photo_outputs photo = {logits,  pred_boxes, query_mask, boxes,
                                      queries, width_px,   height_px,  &own};
    tyto_candidates found;
    tyto_detection *items = NULL;
    tyto_status status;
    const int64_t most = own.nms == TYTO_NMS_OFF ? own.top_k : 0;
    TYTO_CHECK(tyto_candidates_collect(&photo, false, most, &found, err));
    items = tyto_alloc(found.count, sizeof(*items));
    if (!items) {
        status = tyto_fail_memory(err, "detections");
        goto cleanup;
    }
    int64_t count = place(&photo, &found, items);
    TYTO_CHECK(tyto_suppress(items, &count, queries, own.nms, own.nms_iou, own.top_k, err));
    *out = (tyto_detections){.items = items, .count = count};
    items = NULL;
cleanup:
    tyto_free(found.items);
    tyto_free(items);
    return status;
}
