/* What a search does when nobody says otherwise. */
#include <float.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/search.h"

static const tyto_search_options defaults = {.struct_bytes = sizeof(defaults),
                                             .threshold = TYTO_THRESHOLD_MODEL,
                                             .nms_iou = 0.5F,
                                             .whole = true,
                                             .tile_overlap = 0.25,
                                             .merge_overlap = 0.5F};

void tyto_search_options_init(tyto_search_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_search_options_init_guided(tyto_search_options *options, size_t struct_bytes)
{
    tyto_search_options guided = defaults;
    guided.guided = guided.relative_scores = true;
    guided.nms = TYTO_NMS_ALL;
    guided.nms_iou = 0.3F;
    tyto_options_init(options, struct_bytes, &guided, sizeof(guided));
}

/* Stands for a threshold where the model's is wanted. */
static float resolve(const tyto_model *model, float threshold, bool guided, bool objects)
{
    return threshold != TYTO_THRESHOLD_MODEL ? threshold
           : objects                         ? TYTO_THRESHOLD_COMMON
                                             : tyto_model_threshold(model, guided);
}

float tyto_search_threshold(const tyto_session *session, const tyto_vocabulary *vocabulary,
                            const tyto_search_options *options)
{
    tyto_search_options own = defaults;
    const tyto_status status =
        tyto_options_read(&own, sizeof(own), options, "tyto_search_options", NULL);
    return resolve(session ? session->model : NULL,
                   status == TYTO_OK ? own.threshold : TYTO_THRESHOLD_MODEL, own.guided,
                   !vocabulary);
}

tyto_status tyto_search_resolve(const tyto_model *model, bool objects, tyto_search_options *options,
                                float **labels, tyto_error *err)
{
    const int64_t n = options->label_thresholds ? options->n_label_thresholds : 0;
    *labels = NULL;
    options->threshold = resolve(model, options->threshold, options->guided, objects);
    if (n == 0) {
        return TYTO_OK;
    }
    *labels = tyto_alloc((size_t)n, sizeof(**labels));
    if (!*labels) {
        return tyto_fail_memory(err, "label thresholds");
    }
    for (int64_t i = 0; i < n; i++) {
        (*labels)[i] = resolve(model, options->label_thresholds[i], options->guided, objects);
    }
    options->label_thresholds = *labels;
    return TYTO_OK;
}

static tyto_status check_number(const char *name, double value, double least, double most,
                                tyto_error *err)
{
    if (value >= least && value <= most) {
        return TYTO_OK;
    }
    return most < FLT_MAX ? tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %g, required %g to %g", name,
                                      value, least, most)
                          : tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %g, required %s", name, value,
                                      least == 0.0 ? "at least 0" : "a number");
}

tyto_status tyto_search_options_read(tyto_search_options *own, const tyto_search_options *given,
                                     tyto_error *err)
{
    *own = defaults;
    TYTO_TRY(tyto_options_read(own, sizeof(*own), given, "tyto_search_options", err));
    TYTO_TRY(tyto_check_enum((int)own->nms, TYTO_NMS_ALL, "nms", err));
    TYTO_TRY(tyto_check_enum((int)own->boxes, TYTO_BOXES_REFERENCE, "boxes", err));
    TYTO_TRY(tyto_check_enum((int)own->positions, TYTO_POSITIONS_TRUNCATED, "positions", err));
    TYTO_TRY(tyto_check_enum((int)own->merge, TYTO_MERGE_RULE_OFF, "merge", err));
    TYTO_TRY(
        tyto_check_list(own->label_thresholds, own->n_label_thresholds, "label_thresholds", err));
    TYTO_TRY(check_number("threshold", own->threshold, -FLT_MAX, FLT_MAX, err));
    TYTO_TRY(check_number("nms_iou", own->nms_iou, 0.0, 1.0, err));
    TYTO_TRY(check_number("top_k", (double)own->top_k, 0.0, DBL_MAX, err));
    TYTO_TRY(check_number("tile_px", (double)own->tile_px, 0.0, DBL_MAX, err));
    TYTO_TRY(check_number("tile_overlap", own->tile_overlap, 0.0, TYTO_TILE_OVERLAP_MAX, err));
    return check_number("merge_overlap", own->merge_overlap, 0.0, 1.0, err);
}
