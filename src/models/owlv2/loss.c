#include "models/owlv2/loss.h"

#include <math.h>

#include "base/error.h"
#include "nn/assignment.h"
#include "nn/boxes.h"
#include "nn/detection_loss.h"
#include "nn/find.h"

void tyto_owlv2_loss_options_init(tyto_owlv2_loss_options *options)
{
#define DEFAULT(name, value, least, most) options->name = value;
    TYTO_OWLV2_LOSS_OPTIONS(DEFAULT)
#undef DEFAULT
}

tyto_status tyto_owlv2_targets_check(const tyto_owlv2_targets *targets,
                                     const tyto_owlv2_found *found, tyto_error *err)
{
    for (int64_t t = 0; t < targets->count; t++) {
        int64_t label = targets->labels[t];
        if (label < 0 || label >= found->queries || !found->valid[label]) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "labels.%lld.class_labels[%lld]: got %lld, required one of the "
                             "photo's %lld queries that is no padding",
                             (long long)found->index, (long long)t, (long long)label,
                             (long long)found->queries);
        }
        const float *box = targets->boxes + 4 * t;
        if (!isfinite(box[0]) || !isfinite(box[1]) || !isfinite(box[2]) || !isfinite(box[3]) ||
            box[2] < 0.0f || box[3] < 0.0f) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "labels.%lld.boxes[%lld]: got [%g,%g,%g,%g], required finite numbers "
                             "and sizes of at least 0",
                             (long long)found->index, (long long)t, (double)box[0], (double)box[1],
                             (double)box[2], (double)box[3]);
        }
    }
    return TYTO_OK;
}

static tyto_focal focal_of(const tyto_owlv2_loss_options *options)
{
    return (tyto_focal){.alpha = options->focal_alpha, .gamma = options->focal_gamma};
}

static tyto_patch_logits logits_of(const tyto_owlv2_found *found)
{
    return (tyto_patch_logits){.patches = found->patches,
                               .queries = found->queries,
                               .stride = found->stride,
                               .logits = found->logits,
                               .valid = found->valid};
}

/* costs[count,patches] of pairing each target with each patch */
static tyto_status find_costs(tyto_exec *exec, const tyto_owlv2_loss_options *options,
                              const tyto_owlv2_found *found, const tyto_owlv2_targets *targets,
                              double *costs)
{
    return tyto_pair_costs(exec, &(tyto_pair_costs_args){.focal = focal_of(options),
                                                         .weight_focal = options->cost_ce,
                                                         .weight_distance = options->cost_bbox,
                                                         .weight_giou = options->cost_giou,
                                                         .logits = logits_of(found),
                                                         .boxes = found->boxes,
                                                         .targets = targets->count,
                                                         .labels = targets->labels,
                                                         .target_boxes = targets->boxes,
                                                         .costs = costs});
}

static tyto_status not_finite(const tyto_owlv2_found *found, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_RANGE,
                     "loss: photo %lld: got logits or boxes that are not finite numbers, required "
                     "finite ones",
                     (long long)found->index);
}

static tyto_status add_up(const tyto_owlv2_loss_options *options, const tyto_owlv2_found *found,
                          const tyto_owlv2_targets *targets, const int64_t *patch_of_target,
                          tyto_owlv2_loss_terms *out, tyto_error *err)
{
    const tyto_focal focal = focal_of(options);
    const tyto_patch_logits logits = logits_of(found);
    *out = (tyto_owlv2_loss_terms){.ce = tyto_focal_absent_sum(&focal, &logits)};
    for (int64_t t = 0; t < targets->count; t++) {
        int64_t p = patch_of_target[t];
        if (p < 0) {
            continue;
        }
        double logit = (double)found->logits[p * found->stride + targets->labels[t]];
        const float *box = found->boxes + 4 * p, *wanted = targets->boxes + 4 * t;
        out->matched++;
        out->ce += tyto_focal_present(&focal, logit) - tyto_focal_absent(&focal, logit);
        out->bbox += tyto_box_corner_distance(box, wanted);
        out->giou += 1.0 - tyto_giou(box, wanted);
    }
    out->objectness = tyto_objectness_loss(found->patches, found->objectness,
                                           options->objectness_from_scores > 0.0 ? &logits : NULL,
                                           targets->count, patch_of_target);
    bool finite = isfinite(out->ce) && isfinite(out->bbox) && isfinite(out->giou) &&
                  isfinite(out->objectness);
    return finite ? TYTO_OK : not_finite(found, err);
}

tyto_status tyto_owlv2_photo_loss(tyto_exec *exec, const tyto_owlv2_loss_options *options,
                                  const tyto_owlv2_found *found, const tyto_owlv2_targets *targets,
                                  int64_t *patch_of_target, tyto_owlv2_loss_terms *out)
{
    int64_t cells;
    size_t mark = tyto_arena_mark(exec->arena);
    double *costs = NULL;
    if (!__builtin_mul_overflow(targets->count, found->patches, &cells)) {
        costs = tyto_arena_take(exec->arena, (size_t)cells, sizeof(*costs));
    }
    if (!costs) {
        return tyto_fail_memory(exec->err, "loss");
    }
    TYTO_TRY(find_costs(exec, options, found, targets, costs));
    if (!tyto_all_finite(cells, costs)) {
        return not_finite(found, exec->err);
    }
    TYTO_TRY(tyto_assign(exec, costs, targets->count, found->patches, patch_of_target));
    TYTO_TRY(add_up(options, found, targets, patch_of_target, out, exec->err));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

void tyto_owlv2_loss_join(const tyto_owlv2_loss_options *options,
                          const tyto_owlv2_loss_terms *photos, int64_t count, tyto_owlv2_loss *out)
{
    *out = (tyto_owlv2_loss){0};
    int64_t matched = 0;
    for (int64_t b = 0; b < count; b++) {
        matched += photos[b].matched;
    }
    for (int64_t b = 0; b < count; b++) {
        bool batch = options->batch_normalization > 0.0;
        double share_of = batch ? fmax(1.0, (double)matched)
                                : fmax(1.0, (double)photos[b].matched) * (double)count;
        out->ce += photos[b].ce / share_of;
        out->bbox += photos[b].bbox / share_of;
        out->giou += photos[b].giou / share_of;
        out->objectness += photos[b].objectness / (double)count;
    }
    out->total = options->weight_ce * out->ce + options->weight_bbox * out->bbox +
                 options->weight_giou * out->giou + options->weight_objectness * out->objectness;
}
