#include "models/owlv2/detection.h"

#include "base/error.h"
#include "models/owlv2/features.h"
#include "models/owlv2/heads.h"
#include "models/owlv2/labels.h"
#include "models/owlv2/queries.h"
#include "nn/rows.h"

/* The logit of a query that is padding. */
#define PADDED_LOGIT (-1e6f)

/* One detection run. Outputs that nobody wants are NULL. */
typedef struct detection {
    const tyto_owlv2 *model;
    tyto_owlv2_views views;
    tyto_owlv2_queries queries;
    tyto_owlv2_labels labels;
    int64_t patches;
    float *logits;             /* [B,P,most] */
    float *objectness_logits;  /* [B,P] */
    float *pred_boxes;         /* [B,P,4] */
    float *image_embeds;       /* [B,grid,grid,D] */
    float *class_embeds;       /* [B,P,E] */
    const float *unit_queries; /* [total,E] */
    int64_t next_query;        /* the first of the picture that comes next */
} detection;

/* class_embeds[P,E], and the logits[P,most] of photo b. */
static tyto_status classify(const detection *run, tyto_exec *exec, int64_t b, const float *features,
                            float *embeds, float *logits)
{
    const int64_t P = run->patches, E = run->model->config.projection_dim, most = run->queries.most,
                  count = run->queries.counts[b];
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_need(exec, P * E, &embeds));
    TYTO_TRY(tyto_owlv2_class_embeds(run->model, exec, features, P, embeds));
    if (logits && count > 0) {
        TYTO_TRY(tyto_owlv2_class_logits(run->model, exec, features, P, embeds,
                                         run->unit_queries + run->next_query * E, count, most,
                                         logits));
    }
    if (logits) {
        TYTO_TRY(tyto_mask_columns(exec, P, most, run->queries.valid + b * most, PADDED_LOGIT,
                                   logits, most));
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
    const int64_t P = run->patches;
    if (run->class_embeds || run->logits) {
        TYTO_TRY(classify(run, exec, b, features,
                          part(run->class_embeds, b, P * model->config.projection_dim),
                          part(run->logits, b, P * run->queries.most)));
    }
    run->next_query += run->queries.counts[b];
    if (run->objectness_logits) {
        TYTO_TRY(tyto_owlv2_predict_objectness(model, exec, features, P,
                                               part(run->objectness_logits, b, P)));
    }
    return run->pred_boxes ? tyto_owlv2_predict_boxes(model, exec, features, &run->views.window,
                                                      part(run->pred_boxes, b, P * 4))
                           : TYTO_OK;
}

static tyto_status declare_outputs(detection *run, tyto_io *io)
{
    const tyto_owlv2_window *window = &run->views.window;
    const int64_t B = run->views.batch, P = run->patches, E = run->model->config.projection_dim,
                  D = run->model->config.vision.encoder.hidden_size;
    if (run->queries.total > 0) {
        TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits", 3,
                                (const int64_t[]){B, P, run->queries.most}, &run->logits));
    }
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "objectness_logits", 2,
                            (const int64_t[]){B, P}, &run->objectness_logits));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "pred_boxes", 3, (const int64_t[]){B, P, 4},
                            &run->pred_boxes));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_embeds", 4,
                            (const int64_t[]){B, window->rows, window->columns, D},
                            &run->image_embeds));
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "class_embeds", 3, (const int64_t[]){B, P, E},
                          &run->class_embeds);
}

tyto_status tyto_owlv2_detection_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                         void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(detection), request));
    detection *run = *request;
    *run = (detection){.model = owlv2};
    TYTO_TRY(tyto_owlv2_views_read(owlv2, io, "pixel_values", "image_embeds", true, &run->views));
    run->patches = tyto_owlv2_window_patches(&run->views.window);
    TYTO_TRY(tyto_owlv2_queries_declare(owlv2, exec, io, run->views.batch, &run->queries));
    TYTO_TRY(declare_outputs(run, io));
    TYTO_TRY(tyto_owlv2_labels_declare(exec, io, &run->queries, &run->labels));
    return tyto_owlv2_views_declare(owlv2, exec, io, "vision_model_output", &run->views);
}

/* What the loss looks at is computed whether or not anybody wants to see it. */
static tyto_status need_for_loss(detection *run, tyto_exec *exec)
{
    const int64_t boxes = run->views.batch * run->patches;
    TYTO_TRY(tyto_exec_need(exec, boxes * run->queries.most, &run->logits));
    TYTO_TRY(tyto_exec_need(exec, boxes, &run->objectness_logits));
    return tyto_exec_need(exec, boxes * 4, &run->pred_boxes);
}

tyto_status tyto_owlv2_detection_run(const void *model, tyto_exec *exec, tyto_io *io, void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    detection *run = request;
    float *unit;
    TYTO_TRY(tyto_exec_floats(exec, run->queries.total * owlv2->config.projection_dim, &unit));
    TYTO_TRY(tyto_owlv2_queries_run(owlv2, exec, &run->queries, unit));
    run->unit_queries = unit;
    if (run->labels.wanted) {
        TYTO_TRY(need_for_loss(run, exec));
    }
    TYTO_TRY(tyto_owlv2_views_run(owlv2, exec, &run->views, run->image_embeds, detect_in, run));
    if (!run->labels.wanted) {
        return TYTO_OK;
    }
    const tyto_owlv2_predictions predictions = {
        .patches = run->patches,
        .logits = run->logits,
        .boxes = run->pred_boxes,
        .objectness = run->objectness_logits,
    };
    return tyto_owlv2_labels_run(&run->labels, exec, &run->queries, &predictions);
}
