#include <math.h>
#include <string.h>

#include "base/error.h"
#include "models/owlv2/heads.h"
#include "nn/linear.h"
#include "nn/norm.h"

/* Boxes that overlap the whole picture at least this much of the best one are candidates. */
#define CANDIDATE_SHARE 0.8f

/* One image-guided run. Outputs that nobody wants are NULL. */
typedef struct guided {
    const tyto_owlv2 *model;
    int64_t grid, patches, queries;
    float *logits;             /* [B,P,queries] */
    float *target_pred_boxes;  /* [B,P,4] */
    float *query_pred_boxes;   /* [Q,P,4] */
    float *image_embeds;       /* [B,grid,grid,D] */
    float *query_image_embeds; /* [Q,grid,grid,D] */
    float *class_embeds;       /* [B,P,E] */
    float *query_embeds;       /* [Q,E] of length 1 */
} guided;

/* Intersection over union of the whole picture [0,0,1,1] and a box given by its centre. */
static float overlap_with_picture(const float box[4])
{
    const float x0 = box[0] - 0.5f * box[2], y0 = box[1] - 0.5f * box[3];
    const float x1 = box[0] + 0.5f * box[2], y1 = box[1] + 0.5f * box[3];
    const float w = fmaxf(fminf(x1, 1.0f) - fmaxf(x0, 0.0f), 0.0f);
    const float h = fmaxf(fminf(y1, 1.0f) - fmaxf(y0, 0.0f), 0.0f);
    const float both = w * h;
    return both / (1.0f + (x1 - x0) * (y1 - y0) - both);
}

/* Among the boxes that cover most of the picture, the patch whose embedding is least like the
 * picture's mean embedding.
 * source  Owlv2ForObjectDetection.embed_image_query; its boxes are sigmoids, so one always
 *         overlaps and its fall-back to generalised IoU is never reached */
static int64_t choose_query(const float *boxes, const float *embeds, int64_t P, int64_t E,
                            float *mean)
{
    float best = 0.0f, least = INFINITY;
    int64_t chosen = 0;
    memset(mean, 0, (size_t)E * sizeof(float));
    for (int64_t p = 0; p < P; p++) {
        best = fmaxf(best, overlap_with_picture(boxes + 4 * p));
        for (int64_t e = 0; e < E; e++) {
            mean[e] += embeds[p * E + e] / (float)P;
        }
    }
    for (int64_t p = 0; p < P; p++) {
        if (overlap_with_picture(boxes + 4 * p) < best * CANDIDATE_SHARE) {
            continue;
        }
        float likeness = 0.0f;
        for (int64_t e = 0; e < E; e++) {
            likeness += mean[e] * embeds[p * E + e];
        }
        if (likeness < least) {
            least = likeness;
            chosen = p;
        }
    }
    return chosen;
}

/* The part of an output that belongs to picture b, or scratch when nobody wants it. */
static tyto_status part(tyto_exec *exec, float *output, int64_t b, int64_t each, float **out)
{
    *out = output ? output + b * each : NULL;
    return output ? TYTO_OK : tyto_exec_floats(exec, each, out);
}

static tyto_status embed_query(guided *run, tyto_exec *exec, int64_t q, const float *hidden)
{
    const tyto_owlv2 *model = run->model;
    const int64_t P = run->patches, E = model->config.projection_dim,
                  D = model->config.vision.encoder.hidden_size;
    size_t mark = tyto_arena_mark(exec->arena);
    float *features, *boxes, *embeds, *mean, *chosen = run->query_embeds + q * E;
    TYTO_TRY(part(exec, run->query_image_embeds, q, P * D, &features));
    TYTO_TRY(part(exec, run->query_pred_boxes, q, P * 4, &boxes));
    TYTO_TRY(tyto_exec_floats(exec, P * E, &embeds));
    TYTO_TRY(tyto_exec_floats(exec, E, &mean));
    TYTO_TRY(tyto_owlv2_image_features(model, exec, hidden, P, features));
    TYTO_TRY(tyto_owlv2_predict_boxes(model, exec, features, run->grid, boxes));
    TYTO_TRY(tyto_owlv2_dense(exec, &model->class_dense, features, P, TYTO_ACT_NONE, embeds));
    if (!tyto_exec_planning(exec)) {
        int64_t p = choose_query(boxes, embeds, P, E, mean);
        memcpy(chosen, embeds + p * E, (size_t)E * sizeof(float));
    }
    TYTO_TRY(tyto_normalize_rows(exec, 1, E, chosen, TYTO_OWLV2_LENGTH_EPSILON, chosen));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status embed_queries(void *context, tyto_exec *exec, int64_t first, int64_t n,
                                 float *hidden)
{
    guided *run = context;
    const int64_t each = (run->patches + 1) * run->model->config.vision.encoder.hidden_size;
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(embed_query(run, exec, first + i, hidden + i * each));
    }
    return TYTO_OK;
}

static tyto_status match_target(guided *run, tyto_exec *exec, int64_t b, const float *hidden)
{
    const tyto_owlv2 *model = run->model;
    const int64_t P = run->patches, E = model->config.projection_dim,
                  D = model->config.vision.encoder.hidden_size;
    size_t mark = tyto_arena_mark(exec->arena);
    float *features, *embeds;
    TYTO_TRY(part(exec, run->image_embeds, b, P * D, &features));
    TYTO_TRY(part(exec, run->class_embeds, b, P * E, &embeds));
    TYTO_TRY(tyto_owlv2_image_features(model, exec, hidden, P, features));
    TYTO_TRY(tyto_owlv2_class_embeds(model, exec, features, P, embeds));
    if (run->logits) {
        /* Each target has its own query picture, or all share the only one. */
        const float *query = run->query_embeds + (run->queries == 1 ? 0 : b * E);
        TYTO_TRY(tyto_owlv2_class_logits(model, exec, features, P, embeds, query, 1, 1,
                                         run->logits + b * P));
    }
    if (run->target_pred_boxes) {
        TYTO_TRY(tyto_owlv2_predict_boxes(model, exec, features, run->grid,
                                          run->target_pred_boxes + b * P * 4));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status match_targets(void *context, tyto_exec *exec, int64_t first, int64_t n,
                                 float *hidden)
{
    guided *run = context;
    const int64_t each = (run->patches + 1) * run->model->config.vision.encoder.hidden_size;
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(match_target(run, exec, first + i, hidden + i * each));
    }
    return TYTO_OK;
}

static tyto_status declare_outputs(guided *run, tyto_io *io, int64_t targets)
{
    const int64_t P = run->patches, G = run->grid, Q = run->queries,
                  E = run->model->config.projection_dim,
                  D = run->model->config.vision.encoder.hidden_size;
    const struct {
        const char *name;
        float **memory;
        int rank;
        int64_t shape[4];
    } outputs[] = {
        {"logits", &run->logits, 3, {targets, P, 1}},
        {"image_embeds", &run->image_embeds, 4, {targets, G, G, D}},
        {"query_image_embeds", &run->query_image_embeds, 4, {Q, G, G, D}},
        {"target_pred_boxes", &run->target_pred_boxes, 3, {targets, P, 4}},
        {"query_pred_boxes", &run->query_pred_boxes, 3, {Q, P, 4}},
        {"class_embeds", &run->class_embeds, 3, {targets, P, E}},
    };
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, outputs[i].name, outputs[i].rank,
                                outputs[i].shape, outputs[i].memory));
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_image_guided_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    tyto_owlv2_pictures targets, queries;
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", &targets));
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "query_pixel_values", &queries));
    if (queries.batch != 1 && queries.batch != targets.batch) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "input 'query_pixel_values': got %lld pictures, required 1 or one per "
                         "target (%lld)",
                         (long long)queries.batch, (long long)targets.batch);
    }
    guided run = {
        .model = owlv2, .grid = tyto_owlv2_grid(&owlv2->config.vision), .queries = queries.batch};
    run.patches = run.grid * run.grid;
    TYTO_TRY(declare_outputs(&run, io, targets.batch));
    TYTO_TRY(
        tyto_exec_floats(exec, queries.batch * owlv2->config.projection_dim, &run.query_embeds));
    TYTO_TRY(
        tyto_owlv2_vision_forward(&owlv2->vision, exec, io, NULL, &queries, embed_queries, &run));
    return tyto_owlv2_vision_forward(&owlv2->vision, exec, io, "vision_model_output", &targets,
                                     match_targets, &run);
}
