#include "models/owlv2/image_guided.h"

#include "base/error.h"
#include "models/owlv2/choose.h"
#include "models/owlv2/features.h"
#include "models/owlv2/heads.h"
#include "nn/norm.h"

/* One image-guided run. Outputs that nobody wants are NULL. */
typedef struct guided {
    const tyto_owlv2 *model;
    tyto_owlv2_views targets, examples;
    int64_t grid, patches;
    float *logits;             /* [B,P,queries] */
    float *target_pred_boxes;  /* [B,P,4] */
    float *query_pred_boxes;   /* [Q,P,4] */
    float *image_embeds;       /* [B,grid,grid,D] */
    float *query_image_embeds; /* [Q,grid,grid,D] */
    float *class_embeds;       /* [B,P,E] */
    float *query_embeds;       /* [Q,E] of length 1 */
} guided;

/* The embedding of the whole picture's patch, chosen as the reference does. */
static tyto_status embed_query(void *context, tyto_exec *exec, int64_t q, const float *features)
{
    guided *run = context;
    const int64_t P = run->patches, E = run->model->config.projection_dim;
    size_t mark = tyto_arena_mark(exec->arena);
    int64_t chosen;
    tyto_owlv2_choice choice = {.rule = TYTO_OWLV2_RULE_REFERENCE,
                                .count = 1,
                                .indices = &chosen,
                                .regions = tyto_owlv2_whole_picture,
                                .embeds = run->query_embeds + q * E,
                                .boxes = run->query_pred_boxes ? run->query_pred_boxes + q * P * 4
                                                               : NULL};
    TYTO_TRY(tyto_owlv2_choose(run->model, exec, features, run->grid, &choice));
    TYTO_TRY(
        tyto_normalize_rows(exec, 1, E, choice.embeds, TYTO_OWLV2_LENGTH_EPSILON, choice.embeds));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status match_target(void *context, tyto_exec *exec, int64_t b, const float *features)
{
    guided *run = context;
    const tyto_owlv2 *model = run->model;
    const int64_t P = run->patches, E = model->config.projection_dim;
    size_t mark = tyto_arena_mark(exec->arena);
    float *embeds = run->class_embeds ? run->class_embeds + b * P * E : NULL;
    TYTO_TRY(tyto_exec_need(exec, P * E, &embeds));
    TYTO_TRY(tyto_owlv2_class_embeds(model, exec, features, P, embeds));
    if (run->logits) {
        /* Each target has its own query picture, or all share the only one. */
        const float *query = run->query_embeds + (run->examples.batch == 1 ? 0 : b * E);
        TYTO_TRY(tyto_owlv2_class_logits(model, exec, features, P, embeds, query, 1, 1,
                                         run->logits + b * P));
    }
    if (run->target_pred_boxes) {
        const tyto_owlv2_window whole = tyto_owlv2_window_whole(&model->config.vision);
        TYTO_TRY(tyto_owlv2_predict_boxes(model, exec, features, &whole,
                                          run->target_pred_boxes + b * P * 4));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status declare_outputs(guided *run, tyto_io *io)
{
    const int64_t P = run->patches, G = run->grid, B = run->targets.batch, Q = run->examples.batch,
                  E = run->model->config.projection_dim,
                  D = run->model->config.vision.encoder.hidden_size;
    const struct {
        const char *name;
        float **memory;
        int rank;
        int64_t shape[4];
    } outputs[] = {
        {"logits", &run->logits, 3, {B, P, 1}},
        {"image_embeds", &run->image_embeds, 4, {B, G, G, D}},
        {"query_image_embeds", &run->query_image_embeds, 4, {Q, G, G, D}},
        {"target_pred_boxes", &run->target_pred_boxes, 3, {B, P, 4}},
        {"query_pred_boxes", &run->query_pred_boxes, 3, {Q, P, 4}},
        {"class_embeds", &run->class_embeds, 3, {B, P, E}},
    };
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, outputs[i].name, outputs[i].rank,
                                outputs[i].shape, outputs[i].memory));
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_image_guided_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                            void **request)
{
    const tyto_owlv2 *owlv2 = model;
    const int64_t grid = tyto_owlv2_grid(&owlv2->config.vision);
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(guided), request));
    guided *run = *request;
    *run = (guided){.model = owlv2, .grid = grid, .patches = grid * grid};
    TYTO_TRY(
        tyto_owlv2_views_read(owlv2, io, "pixel_values", "image_embeds", false, &run->targets));
    TYTO_TRY(tyto_owlv2_views_read(owlv2, io, "query_pixel_values", "query_image_embeds", false,
                                   &run->examples));
    if (run->examples.batch != 1 && run->examples.batch != run->targets.batch) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "query pictures: got %lld, required 1 or one per target (%lld)",
                         (long long)run->examples.batch, (long long)run->targets.batch);
    }
    TYTO_TRY(declare_outputs(run, io));
    return tyto_owlv2_views_declare(owlv2, exec, io, "vision_model_output", &run->targets);
}

tyto_status tyto_owlv2_image_guided_run(const void *model, tyto_exec *exec, tyto_io *io,
                                        void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    guided *run = request;
    TYTO_TRY(tyto_exec_floats(exec, run->examples.batch * owlv2->config.projection_dim,
                              &run->query_embeds));
    TYTO_TRY(tyto_owlv2_views_run(owlv2, exec, &run->examples, run->query_image_embeds, embed_query,
                                  run));
    return tyto_owlv2_views_run(owlv2, exec, &run->targets, run->image_embeds, match_target, run);
}
