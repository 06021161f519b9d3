#include "nn/detection_loss.h"

#include <math.h>

#include "nn/boxes.h"

/* log(1 + eˣ), without overflow. */
static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

double tyto_focal_present(const tyto_focal *focal, double logit)
{
    const double weight = focal->alpha < 0.0 ? 1.0 : focal->alpha;
    return weight * pow(sigmoid(-logit), focal->gamma) * softplus(-logit);
}

double tyto_focal_absent(const tyto_focal *focal, double logit)
{
    const double weight = focal->alpha < 0.0 ? 1.0 : 1.0 - focal->alpha;
    return weight * pow(sigmoid(logit), focal->gamma) * softplus(logit);
}

double tyto_focal_present_slope(const tyto_focal *focal, double logit)
{
    const double weight = focal->alpha < 0.0 ? 1.0 : focal->alpha, gamma = focal->gamma,
                 absent = sigmoid(-logit);
    return -weight * pow(absent, gamma) * (gamma * sigmoid(logit) * softplus(-logit) + absent);
}

double tyto_focal_absent_slope(const tyto_focal *focal, double logit)
{
    const double weight = focal->alpha < 0.0 ? 1.0 : 1.0 - focal->alpha, gamma = focal->gamma,
                 present = sigmoid(logit);
    return weight * pow(present, gamma) * (present + gamma * sigmoid(-logit) * softplus(logit));
}

double tyto_focal_absent_sum(const tyto_focal *focal, const tyto_patch_logits *x)
{
    double sum = 0.0;
    for (int64_t p = 0; p < x->patches; p++) {
        for (int64_t q = 0; q < x->queries; q++) {
            if (x->valid[q]) {
                sum += tyto_focal_absent(focal, (double)x->logits[p * x->stride + q]);
            }
        }
    }
    return sum;
}

void tyto_focal_absent_sum_backward(const tyto_focal *focal, const tyto_patch_logits *x,
                                    double slope, float *dlogits)
{
    for (int64_t p = 0; p < x->patches; p++) {
        for (int64_t q = 0; q < x->queries; q++) {
            const int64_t i = p * x->stride + q;
            if (x->valid[q]) {
                dlogits[i] += (float)(slope * tyto_focal_absent_slope(focal, (double)x->logits[i]));
            }
        }
    }
}

double tyto_best_score(const tyto_patch_logits *x, int64_t patch)
{
    double best = 0.0;
    for (int64_t q = 0; q < x->queries; q++) {
        if (x->valid[q]) {
            best = fmax(best, sigmoid((double)x->logits[patch * x->stride + q]));
        }
    }
    return best;
}

static void costs_task(void *context, int64_t t, int worker)
{
    (void)worker;
    const tyto_pair_costs_args *args = context;
    const tyto_patch_logits *x = &args->logits;
    const float *target = args->target_boxes + 4 * t;
    for (int64_t p = 0; p < x->patches; p++) {
        const float *box = args->boxes + 4 * p;
        const double logit = (double)x->logits[p * x->stride + args->labels[t]];
        args->costs[t * x->patches + p] =
            args->weight_focal *
                (tyto_focal_present(&args->focal, logit) - tyto_focal_absent(&args->focal, logit)) +
            args->weight_distance * tyto_box_distance(box, target) -
            args->weight_giou * tyto_giou(box, target);
    }
}

tyto_status tyto_pair_costs(tyto_exec *exec, const tyto_pair_costs_args *args)
{
    tyto_pair_costs_args job = *args;
    tyto_pool_run(exec->pool, args->targets, costs_task, &job);
    return TYTO_OK;
}

double tyto_objectness_loss(int64_t patches, const float *objectness,
                            const tyto_patch_logits *scores, int64_t pairs, const int64_t *paired)
{
    double sum = 0.0;
    for (int64_t p = 0; p < patches; p++) {
        const double logit = (double)objectness[p],
                     wanted = scores ? tyto_best_score(scores, p) : 0.0;
        sum += softplus(logit) - wanted * logit;
    }
    for (int64_t t = 0; t < pairs && !scores; t++) {
        if (paired[t] >= 0) {
            sum -= (double)objectness[paired[t]];
        }
    }
    return sum / (double)patches;
}

void tyto_objectness_loss_backward(int64_t patches, const float *objectness,
                                   const tyto_patch_logits *scores, int64_t pairs,
                                   const int64_t *paired, double slope, float *dobjectness)
{
    const double each = slope / (double)patches;
    for (int64_t p = 0; p < patches; p++) {
        const double wanted = scores ? tyto_best_score(scores, p) : 0.0;
        dobjectness[p] += (float)(each * (sigmoid((double)objectness[p]) - wanted));
    }
    for (int64_t t = 0; t < pairs && !scores; t++) {
        if (paired[t] >= 0) {
            dobjectness[paired[t]] -= (float)each;
        }
    }
}
