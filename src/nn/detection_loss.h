/** The terms of a detection loss: how far logits and boxes of patches are from targets. All in
 *  double. docs/detection_loss.md defines each.
 *  errors  none */
#ifndef TYTO_NN_DETECTION_LOSS_H
#define TYTO_NN_DETECTION_LOSS_H

#include "nn/exec.h"

/** Focal loss; alpha below 0 weighs both sides with 1.
 *  source  Lin et al. 2017 */
typedef struct tyto_focal {
    double alpha, gamma;
} tyto_focal;

/** α·σ(−x)^γ·log(1 + e^−x), of a logit whose query is in the patch. */
double tyto_focal_present(const tyto_focal *focal, double logit);
/** (1 − α)·σ(x)^γ·log(1 + eˣ), of a logit whose query is not. */
double tyto_focal_absent(const tyto_focal *focal, double logit);

/** Their derivatives by the logit: with p = σ(x),
 *      α·(γ·p·(1 − p)^γ·log p − (1 − p)^(γ+1))
 *      (1 − α)·(p^(γ+1) − γ·p^γ·(1 − p)·log(1 − p)) */
double tyto_focal_present_slope(const tyto_focal *focal, double logit);
double tyto_focal_absent_slope(const tyto_focal *focal, double logit);

/** Logits of patches: rows `stride` apart, of which columns with valid[q] = 0 are padding. */
typedef struct tyto_patch_logits {
    int64_t patches, queries, stride;
    const float *logits;  /* [patches,queries] */
    const uint8_t *valid; /* [queries] */
} tyto_patch_logits;

/** Σ_{p,q} focal_absent(logits[p,q]) over valid queries: every query as if it were nowhere. */
double tyto_focal_absent_sum(const tyto_focal *focal, const tyto_patch_logits *x);
/** dlogits[p·stride + q] += slope·∂/∂logits[p,q] of it. */
void tyto_focal_absent_sum_backward(const tyto_focal *focal, const tyto_patch_logits *x,
                                    double slope, float *dlogits);
/** max_q σ(logits[patch,q]) over valid queries; 0 without any. */
double tyto_best_score(const tyto_patch_logits *x, int64_t patch);

/** What pairing targets with patches costs:
 *  costs[t,p] = weight_focal·(focal_present(l) − focal_absent(l)) + weight_distance·distance(b, b′)
 *               − weight_giou·giou(b, b′)
 *  of l = logits[p,labels[t]], b = boxes[p] and b′ = target_boxes[t] */
typedef struct tyto_pair_costs_args {
    tyto_focal focal;
    double weight_focal, weight_distance, weight_giou;
    tyto_patch_logits logits;
    const float *boxes; /* [patches,4] */
    int64_t targets;
    const int64_t *labels;     /* [targets] */
    const float *target_boxes; /* [targets,4] */
    double *costs;             /* [targets,patches] */
} tyto_pair_costs_args;

/** threads  targets go round the pool */
TYTO_NODISCARD tyto_status tyto_pair_costs(tyto_exec *exec, const tyto_pair_costs_args *args);

/** Mean over all patches of log(1 + eˣ) − w·x, the cross-entropy of objectness logits x with w: the
 *  patch's best score where scores are given, else 1 for the patches that are paired and 0 for
 *  others.
 *  scores         or NULL
 *  paired[pairs]  patches, −1 for a target without one */
double tyto_objectness_loss(int64_t patches, const float *objectness,
                            const tyto_patch_logits *scores, int64_t pairs, const int64_t *paired);
/** dobjectness[p] += slope·(σ(x) − w) / patches; w is a constant, wherever it comes from. */
void tyto_objectness_loss_backward(int64_t patches, const float *objectness,
                                   const tyto_patch_logits *scores, int64_t pairs,
                                   const int64_t *paired, double slope, float *dobjectness);

#endif
