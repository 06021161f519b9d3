#include "base/error.h"
#include "models/owlv2/features.h"
#include "models/owlv2/heads.h"
#include "models/owlv2/labels.h"
#include "models/owlv2/queries.h"
#include "nn/norm.h"

/* The logit of a query that is padding. */
#define PADDED_LOGIT (-1e6f)

/* One detection run. Outputs that nobody wants are NULL. */
typedef struct detection {
    const tyto_owlv2 *model;
    const tyto_owlv2_queries *queries;
    const float *unit_queries; /* [total,E] */
    tyto_owlv2_window window;
    int64_t patches;
    int64_t next_query;       /* the first of the picture that comes next */
    float *logits;            /* [B,P,most] */
    float *objectness_logits; /* [B,P] */
    float *pred_boxes;        /* [B,P,4] */
    float *image_embeds;      /* [B,grid,grid,D] */
    float *class_embeds;      /* [B,P,E] */
} detection;

/* Columns of padded queries, and of those that only other photos have. */
static void mask_padded(const detection *run, int64_t first_query, int64_t count, float *logits)
{
    const int64_t most = run->queries->most;
    for (int64_t q = 0; q < most; q++) {
        if (q < count && tyto_owlv2_query_valid(run->queries, first_query + q)) {
            continue;
        }
        for (int64_t p = 0; p < run->patches; p++) {
            logits[p * most + q] = PADDED_LOGIT;
        }
    }
}

/* class_embeds[P,E], and the logits[P,most] of `count` queries from `first_query` on. */
static tyto_status classify(const detection *run, tyto_exec *exec, const float *features,
                            int64_t first_query, int64_t count, float *embeds, float *logits)
{
    const int64_t P = run->patches, E = run->model->config.projection_dim;
    size_t mark = tyto_arena_mark(exec->arena);
    if (!embeds) {
        TYTO_TRY(tyto_exec_floats(exec, P * E, &embeds));
    }
    TYTO_TRY(tyto_owlv2_class_embeds(run->model, exec, features, P, embeds));
    if (logits && count > 0) {
        TYTO_TRY(tyto_owlv2_class_logits(run->model, exec, features, P, embeds,
                                         run->unit_queries + first_query * E, count,
                                         run->queries->most, logits));
    }
    if (logits && !tyto_exec_planning(exec)) {
        mask_padded(run, first_query, count, logits);
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* The part of an output that belongs to photo b; NULL stays NULL. */
static float *part(float *output, int64_t b, int64_t each)
{
    return output ? output + b * each : NULL;
}

static tyto_status detect_in(void *context, tyto_exec *exec, int64_t b, const float *features)
{
    detection *run = context;
    const tyto_owlv2 *model = run->model;
    const int64_t P = run->patches, count = tyto_owlv2_query_count(run->queries, b);
    if (run->class_embeds || run->logits) {
        TYTO_TRY(classify(run, exec, features, run->next_query, count,
                          part(run->class_embeds, b, P * model->config.projection_dim),
                          part(run->logits, b, P * run->queries->most)));
    }
    run->next_query += count;
    if (run->objectness_logits) {
        TYTO_TRY(tyto_owlv2_predict_objectness(model, exec, features, P,
                                               part(run->objectness_logits, b, P)));
    }
    return run->pred_boxes ? tyto_owlv2_predict_boxes(model, exec, features, &run->window,
                                                      part(run->pred_boxes, b, P * 4))
                           : TYTO_OK;
}

static tyto_status declare_outputs(detection *run, tyto_io *io, int64_t photos)
{
    const int64_t P = run->patches, E = run->model->config.projection_dim,
                  D = run->model->config.vision.encoder.hidden_size;
    if (run->queries->total > 0) {
        TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits", 3,
                                (const int64_t[]){photos, P, run->queries->most}, &run->logits));
    }
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "objectness_logits", 2,
                            (const int64_t[]){photos, P}, &run->objectness_logits));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "pred_boxes", 3,
                            (const int64_t[]){photos, P, 4}, &run->pred_boxes));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_embeds", 4,
                            (const int64_t[]){photos, run->window.rows, run->window.columns, D},
                            &run->image_embeds));
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "class_embeds", 3,
                          (const int64_t[]){photos, P, E}, &run->class_embeds);
}

/* *memory stays when it is an output, else becomes scratch. */
static tyto_status need(tyto_exec *exec, int64_t count, float **memory)
{
    return *memory ? TYTO_OK : tyto_exec_floats(exec, count, memory);
}

/* What the loss looks at is computed whether or not anybody wants to see it. */
static tyto_status need_for_loss(detection *run, tyto_exec *exec, int64_t photos)
{
    const int64_t boxes = photos * run->patches;
    TYTO_TRY(need(exec, boxes * run->queries->most, &run->logits));
    TYTO_TRY(need(exec, boxes, &run->objectness_logits));
    return need(exec, boxes * 4, &run->pred_boxes);
}

tyto_status tyto_owlv2_detection_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    const int64_t E = owlv2->config.projection_dim;
    tyto_owlv2_views views;
    float *unit;
    TYTO_TRY(tyto_owlv2_views_read(owlv2, io, "pixel_values", "image_embeds", true, &views));

    tyto_owlv2_queries queries;
    TYTO_TRY(tyto_owlv2_queries_forward(owlv2, exec, io, views.batch, &queries));
    TYTO_TRY(tyto_exec_floats(exec, queries.total * E, &unit));
    TYTO_TRY(tyto_normalize_rows(exec, queries.total, E, queries.embeds, TYTO_OWLV2_LENGTH_EPSILON,
                                 unit));

    detection run = {.model = owlv2,
                     .queries = &queries,
                     .unit_queries = unit,
                     .window = views.window,
                     .patches = tyto_owlv2_window_patches(&views.window)};
    TYTO_TRY(declare_outputs(&run, io, views.batch));
    tyto_owlv2_labels labels;
    TYTO_TRY(tyto_owlv2_labels_read(exec, io, &queries, &labels));
    if (labels.wanted) {
        TYTO_TRY(need_for_loss(&run, exec, views.batch));
    }
    TYTO_TRY(tyto_owlv2_features_forward(owlv2, exec, io, "vision_model_output", &views,
                                         run.image_embeds, detect_in, &run));
    if (!labels.wanted) {
        return TYTO_OK;
    }
    const tyto_owlv2_batch batch = {views.batch, run.patches,    queries.most,
                                    run.logits,  run.pred_boxes, run.objectness_logits};
    return tyto_owlv2_labels_loss(&labels, exec, &queries, &batch);
}
