/** How far a detection is from what is really there. docs/detection_loss.md defines each term. */
#ifndef TYTO_MODELS_OWLV2_LOSS_H
#define TYTO_MODELS_OWLV2_LOSS_H

#include "nn/exec.h"

/** X(name, value by default, least, most). Each is an input `loss_options.name` of the head.
 *  source  the training configuration of the OWL authors */
#define TYTO_OWLV2_LOSS_OPTIONS(X)                                                                 \
    X(cost_ce, 1.0, 0.0, 1e6)                                                                      \
    X(cost_bbox, 1.0, 0.0, 1e6)                                                                    \
    X(cost_giou, 1.0, 0.0, 1e6)                                                                    \
    X(weight_ce, 1.0, 0.0, 1e6)                                                                    \
    X(weight_bbox, 1.0, 0.0, 1e6)                                                                  \
    X(weight_giou, 1.0, 0.0, 1e6)                                                                  \
    X(weight_objectness, 1.0, 0.0, 1e6)                                                            \
    X(focal_alpha, 0.3, -1.0, 1.0)                                                                 \
    X(focal_gamma, 2.0, 0.0, 100.0)                                                                \
    X(batch_normalization, 0.0, 0.0, 1.0)                                                          \
    X(objectness_from_scores, 0.0, 0.0, 1.0)

/** focal_alpha below 0 weighs both sides with 1; the last two are switches, 0 or 1. */
typedef struct tyto_owlv2_loss_options {
#define TYTO_OWLV2_LOSS_FIELD(name, value, least, most) double name;
    TYTO_OWLV2_LOSS_OPTIONS(TYTO_OWLV2_LOSS_FIELD)
#undef TYTO_OWLV2_LOSS_FIELD
} tyto_owlv2_loss_options;

/** What is really in one photo: labels[count], boxes[count,4] as centre and size in [0,1]. */
typedef struct tyto_owlv2_targets {
    const int64_t *labels;
    const float *boxes;
    int64_t count;
} tyto_owlv2_targets;

/** What was found in photo `index`.
 *  shapes  logits[patches,queries], rows `stride` apart; boxes[patches,4]; objectness[patches];
 *          valid[queries]: 0 for queries that are padding */
typedef struct tyto_owlv2_found {
    int64_t index, patches, queries, stride;
    const float *logits, *boxes, *objectness;
    const uint8_t *valid;
} tyto_owlv2_found;

/** Sums over one photo; objectness is a mean over its patches. */
typedef struct tyto_owlv2_loss_terms {
    double ce, bbox, giou, objectness;
    int64_t matched;
} tyto_owlv2_loss_terms;

/** Means over a batch, each without its weight, and their weighted sum. */
typedef struct tyto_owlv2_loss {
    double total, ce, bbox, giou, objectness;
} tyto_owlv2_loss;

void tyto_owlv2_loss_options_init(tyto_owlv2_loss_options *options);

/** Labels are queries of the photo that are no padding; boxes are finite, sizes not negative.
 *  errors  E_RANGE "labels.0.class_labels[2]: got 7, required …" */
TYTO_NODISCARD tyto_status tyto_owlv2_targets_check(const tyto_owlv2_targets *targets,
                                                    const tyto_owlv2_found *found, tyto_error *err);

/** Pairs targets with patches, one to one, and adds up the terms.
 *  shapes  patch_of_target[count] receives −1 for a target that is left over
 *  errors  E_RANGE (logits or boxes that are not finite), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_owlv2_photo_loss(
    tyto_exec *exec, const tyto_owlv2_loss_options *options, const tyto_owlv2_found *found,
    const tyto_owlv2_targets *targets, int64_t *patch_of_target, tyto_owlv2_loss_terms *out);

/** Joins the photos of a batch, at least one. */
void tyto_owlv2_loss_join(const tyto_owlv2_loss_options *options,
                          const tyto_owlv2_loss_terms *photos, int64_t count, tyto_owlv2_loss *out);

#endif
