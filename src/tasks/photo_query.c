/* The patch of a picture that stands for a thing in it. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "runtime/session.h"
#include "tasks/photo.h"
#include "tasks/vocabulary.h"

/* Pixels of one unit of the network's square, along each axis. */
static void unit_of(const tyto_photo *photo, float *x, float *y)
{
    const float width = (float)photo->width_px, height = (float)photo->height_px;
    *x = photo->padded && height > width ? height : width;
    *y = photo->padded && width > height ? width : height;
}

static tyto_box cut(tyto_box box, const tyto_photo *photo)
{
    box.xmin = fmaxf(box.xmin, 0.0F);
    box.ymin = fmaxf(box.ymin, 0.0F);
    box.xmax = fminf(box.xmax, (float)photo->width_px);
    box.ymax = fminf(box.ymax, (float)photo->height_px);
    return box;
}

/* A region in pixels as centre and size in the network's square. */
static tyto_status place_region(const tyto_photo *photo, const tyto_box *region, float out[4],
                                tyto_error *err)
{
    const double box[4] = {(double)region->xmin, (double)region->ymin, (double)region->xmax,
                           (double)region->ymax};
    if (!isfinite(box[0]) || !isfinite(box[1]) || !isfinite(box[2]) || !isfinite(box[3]) ||
        !(region->xmin < region->xmax && region->ymin < region->ymax)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "query box: got %g,%g,%g,%g, required left < right and top < bottom",
                         box[0], box[1], box[2], box[3]);
    }
    const tyto_box inside = cut(*region, photo);
    if (!(inside.xmin < inside.xmax && inside.ymin < inside.ymax)) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "query box: got %g,%g,%g,%g, required one that overlaps the picture of "
                         "%lldx%lld pixels",
                         box[0], box[1], box[2], box[3], (long long)photo->width_px,
                         (long long)photo->height_px);
    }
    float x, y;
    unit_of(photo, &x, &y);
    out[0] = (inside.xmin + inside.xmax) / (2.0F * x);
    out[1] = (inside.ymin + inside.ymax) / (2.0F * y);
    out[2] = (inside.xmax - inside.xmin) / x;
    out[3] = (inside.ymax - inside.ymin) / y;
    return TYTO_OK;
}

static tyto_box corners(const float box[4])
{
    return (tyto_box){box[0] - 0.5F * box[2], box[1] - 0.5F * box[3], box[0] + 0.5F * box[2],
                      box[1] + 0.5F * box[3]};
}

/* Intersection over union of two boxes given as centre and size. */
static float overlap(const float left[4], const float right[4])
{
    const tyto_box a = corners(left), b = corners(right);
    const float w = fminf(a.xmax, b.xmax) - fmaxf(a.xmin, b.xmin),
                h = fminf(a.ymax, b.ymax) - fmaxf(a.ymin, b.ymin);
    const float both = w > 0.0F && h > 0.0F ? w * h : 0.0F;
    return both / (left[2] * left[3] + right[2] * right[3] - both);
}

static tyto_query_box describe(const tyto_photo *photo, const float region[4], const float box[4],
                               float objectness_logit, int64_t patch)
{
    float x, y;
    unit_of(photo, &x, &y);
    const tyto_box square = corners(box),
                   placed = {square.xmin * x, square.ymin * y, square.xmax * x, square.ymax * y};
    return (tyto_query_box){.box = cut(placed, photo),
                            .iou = overlap(region, box),
                            .objectness = 1.0F / (1.0F + expf(-objectness_logit)),
                            .patch = patch};
}

/* The highest objectness of all patches. */
static int64_t most_object(const float *logits, int64_t count)
{
    int64_t best = 0;
    for (int64_t p = 1; p < count; p++) {
        best = logits[p] > logits[best] ? p : best;
    }
    return best;
}

/* The head's outputs, in the order of `wanted` below. */
enum { EMBEDS, INDICES, BOXES, OBJECTNESS, OUTPUTS };

static tyto_status embed_region(tyto_session *session, const char *head, const tyto_photo *photo,
                                float region[4], tyto_query_rule rule, const tyto_tensor **outputs,
                                tyto_error *err)
{
    static const char *const wanted[OUTPUTS] = {"query_embeds", "box_indices", "query_pred_boxes",
                                                "query_objectness_logits"};
    int64_t number = (int64_t)rule - TYTO_QUERY_RULE_REFERENCE; /* as heads count them */
    int64_t n_outputs;
    tyto_tensor inputs[3] = {
        photo->embeds,
        {.name = "query_boxes", .dtype = TYTO_F32, .rank = 3, .shape = {1, 1, 4}, .data = region},
        {.name = "query_rule", .dtype = TYTO_I64, .data = &number}};
    inputs[0].name = "query_image_embeds";
    return tyto_forward(session, head, inputs, 3, wanted, OUTPUTS, outputs, &n_outputs, err);
}

/* Takes the box with the highest objectness, then runs the head again with that box as its region.
 */
static tyto_status embed_best_object(tyto_session *session, const char *head,
                                     const tyto_photo *photo, const tyto_tensor **outputs,
                                     tyto_error *err)
{
    const int64_t patch = most_object((*outputs)[OBJECTNESS].data, (*outputs)[OBJECTNESS].shape[1]);
    float box[4];
    memcpy(box, (const float *)(*outputs)[BOXES].data + 4 * patch, sizeof(box));
    return embed_region(session, head, photo, box, TYTO_QUERY_RULE_OBJECTNESS, outputs, err);
}

tyto_status tyto_photo_query(tyto_session *session, const tyto_photo *photo, const tyto_box *region,
                             tyto_query_rule rule, const char *label, tyto_query_box *chosen,
                             tyto_vocabulary **out, tyto_error *err)
{
    float square[4] = {0.5F, 0.5F, 1.0F, 1.0F};
    const tyto_family_search *family;
    const tyto_tensor *outputs;
    int64_t patch;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, label);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_search_family(session, &family, err));
    if (!family->query_head) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "model: examples can't be queries of it");
    }
    TYTO_TRY(tyto_check_enum((int)rule, TYTO_QUERY_RULE_OVERLAP, "rule", err));
    if (rule == TYTO_QUERY_RULE_AUTO) {
        rule = region ? TYTO_QUERY_RULE_OBJECTNESS : TYTO_QUERY_RULE_REFERENCE;
    }
    if (region) {
        TYTO_TRY(place_region(photo, region, square, err));
    }
    TYTO_TRY(embed_region(session, family->query_head, photo, square, rule, &outputs, err));
    if (rule == TYTO_QUERY_RULE_OBJECTNESS && !region) {
        TYTO_TRY(embed_best_object(session, family->query_head, photo, &outputs, err));
    }
    memcpy(&patch, outputs[INDICES].data, sizeof(patch));
    const tyto_query_box box =
        describe(photo, square, (const float *)outputs[BOXES].data + 4 * patch,
                 ((const float *)outputs[OBJECTNESS].data)[patch], patch);
    TYTO_TRY(tyto_vocabulary_make(outputs[EMBEDS].data, &label, 1, outputs[EMBEDS].shape[2],
                                  TYTO_QUERY_KIND_EXAMPLE, out, err));
    if (chosen) {
        *chosen = box;
    }
    return TYTO_OK;
}
