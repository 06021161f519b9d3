/* What a search does when nobody says otherwise. */
#include "base/error.h"
#include "base/options.h"
#include "tasks/search.h"

static const tyto_search_options defaults = {.struct_bytes = sizeof(defaults),
                                             .threshold = 0.1F,
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
    guided.threshold = 0.0F;
    guided.nms = TYTO_NMS_ALL;
    guided.nms_iou = 0.3F;
    tyto_options_init(options, struct_bytes, &guided, sizeof(guided));
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
    return tyto_check_list(own->label_thresholds, own->n_label_thresholds, "label_thresholds", err);
}
