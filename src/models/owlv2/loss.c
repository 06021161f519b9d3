#include "models/owlv2/loss.h"

#include <math.h>

#include "base/error.h"
#include "nn/assignment.h"

void tyto_owlv2_loss_options_init(tyto_owlv2_loss_options *options)
{
#define DEFAULT(name, value, least, most) options->name = value;
    TYTO_OWLV2_LOSS_OPTIONS(DEFAULT)
#undef DEFAULT
}

/* log(1 + eˣ), without overflow. */
static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* Focal loss of a logit whose query is there … */
static double focal_there(const tyto_owlv2_loss_options *o, double logit)
{
    double weight = o->focal_alpha < 0.0 ? 1.0 : o->focal_alpha;
    return weight * pow(sigmoid(-logit), o->focal_gamma) * softplus(-logit);
}

/* … and of one whose query is not. */
static double focal_absent(const tyto_owlv2_loss_options *o, double logit)
{
    double weight = o->focal_alpha < 0.0 ? 1.0 : 1.0 - o->focal_alpha;
    return weight * pow(sigmoid(logit), o->focal_gamma) * softplus(logit);
}

/* Left, top, right, bottom. */
static void corners(const float box[4], double out[4])
{
    for (int i = 0; i < 2; i++) {
        out[i] = (double)box[i] - 0.5 * (double)box[i + 2];
        out[i + 2] = (double)box[i] + 0.5 * (double)box[i + 2];
    }
}

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

double tyto_owlv2_giou(const float a[4], const float b[4])
{
    double p[4], q[4];
    corners(a, p);
    corners(b, q);
    double shared = fmax(0.0, fmin(p[2], q[2]) - fmax(p[0], q[0])) *
                    fmax(0.0, fmin(p[3], q[3]) - fmax(p[1], q[1]));
    double joined = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared;
    double hull = (fmax(p[2], q[2]) - fmin(p[0], q[0])) * (fmax(p[3], q[3]) - fmin(p[1], q[1]));
    return share(shared, joined) - share(hull - joined, hull);
}

static double distance_of_centres(const float a[4], const float b[4])
{
    double sum = 0.0;
    for (int i = 0; i < 4; i++) {
        sum += fabs((double)a[i] - (double)b[i]);
    }
    return sum;
}

static double distance_of_corners(const float a[4], const float b[4])
{
    double p[4], q[4], sum = 0.0;
    corners(a, p);
    corners(b, q);
    for (int i = 0; i < 4; i++) {
        sum += fabs(p[i] - q[i]);
    }
    return sum;
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

/* costs[count,patches] of pairing each target with each patch */
static void fill_costs(const tyto_owlv2_loss_options *o, const tyto_owlv2_found *found,
                       const tyto_owlv2_targets *targets, double *costs)
{
    for (int64_t t = 0; t < targets->count; t++) {
        const float *wanted = targets->boxes + 4 * t;
        for (int64_t p = 0; p < found->patches; p++) {
            const float *box = found->boxes + 4 * p;
            double logit = (double)found->logits[p * found->stride + targets->labels[t]];
            costs[t * found->patches + p] =
                o->cost_ce * (focal_there(o, logit) - focal_absent(o, logit)) +
                o->cost_bbox * distance_of_centres(box, wanted) -
                o->cost_giou * tyto_owlv2_giou(box, wanted);
        }
    }
}

/* Every query as if it were absent everywhere. */
static double absent_everywhere(const tyto_owlv2_loss_options *o, const tyto_owlv2_found *found)
{
    double sum = 0.0;
    for (int64_t p = 0; p < found->patches; p++) {
        for (int64_t q = 0; q < found->queries; q++) {
            if (found->valid[q]) {
                sum += focal_absent(o, (double)found->logits[p * found->stride + q]);
            }
        }
    }
    return sum;
}

/* The highest class score of a patch; 0 without queries. */
static double best_score(const tyto_owlv2_found *found, int64_t patch)
{
    double best = 0.0;
    for (int64_t q = 0; q < found->queries; q++) {
        if (found->valid[q]) {
            best = fmax(best, sigmoid((double)found->logits[patch * found->stride + q]));
        }
    }
    return best;
}

/* Mean cross-entropy of the objectness logits with the scores, or with 1 for paired patches. */
static double objectness_loss(const tyto_owlv2_loss_options *o, const tyto_owlv2_found *found,
                              const int64_t *patch_of_target, int64_t count)
{
    double sum = 0.0;
    for (int64_t p = 0; p < found->patches; p++) {
        double logit = (double)found->objectness[p];
        double wanted = o->objectness_from_scores > 0.0 ? best_score(found, p) : 0.0;
        sum += softplus(logit) - wanted * logit;
    }
    for (int64_t t = 0; t < count && !(o->objectness_from_scores > 0.0); t++) {
        if (patch_of_target[t] >= 0) {
            sum -= (double)found->objectness[patch_of_target[t]];
        }
    }
    return sum / (double)found->patches;
}

static tyto_status not_finite(const tyto_owlv2_found *found, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_RANGE,
                     "loss: photo %lld: got logits or boxes that are not finite numbers, required "
                     "finite ones",
                     (long long)found->index);
}

static tyto_status add_up(const tyto_owlv2_loss_options *o, const tyto_owlv2_found *found,
                          const tyto_owlv2_targets *targets, const int64_t *patch_of_target,
                          tyto_owlv2_loss_terms *out, tyto_error *err)
{
    *out = (tyto_owlv2_loss_terms){.ce = absent_everywhere(o, found)};
    for (int64_t t = 0; t < targets->count; t++) {
        int64_t p = patch_of_target[t];
        if (p < 0) {
            continue;
        }
        double logit = (double)found->logits[p * found->stride + targets->labels[t]];
        const float *box = found->boxes + 4 * p, *wanted = targets->boxes + 4 * t;
        out->matched++;
        out->ce += focal_there(o, logit) - focal_absent(o, logit);
        out->bbox += distance_of_corners(box, wanted);
        out->giou += 1.0 - tyto_owlv2_giou(box, wanted);
    }
    out->objectness = objectness_loss(o, found, patch_of_target, targets->count);
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
    fill_costs(options, found, targets, costs);
    for (int64_t i = 0; i < cells; i++) {
        if (!isfinite(costs[i])) {
            return not_finite(found, exec->err);
        }
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
