#include "models/owlv2/choose.h"

#include <math.h>

#include "base/error.h"
#include "models/owlv2/features.h"
#include "models/owlv2/heads.h"
#include "nn/boxes.h"
#include "nn/columns.h"
#include "nn/find.h"
#include "nn/rows.h"

/* A candidate overlaps at least this much of what the best one does. */
#define CANDIDATE_SHARE 0.8f

const float tyto_owlv2_whole_picture[4] = {0.5f, 0.5f, 1.0f, 1.0f};

/* What all patches of a picture have. */
typedef struct patches {
    int64_t count;
    const float *boxes;
    const float *merits; /* by the rule, the highest is chosen; NULL: how well boxes overlap */
    float *ious;         /* scratch: with the region that is looked at */
} patches;

/* The patch that stands for a region. */
static tyto_status choose_one(tyto_exec *exec, const patches *all, const float region[4],
                              int64_t *chosen)
{
    TYTO_TRY(tyto_ious(exec, all->count, all->boxes, region, all->ious));
    const float most = tyto_largest_positive(all->count, all->ious);
    *chosen = -1;
    if (most > 0.0f) {
        *chosen = tyto_find_best(all->count, all->merits ? all->merits : all->ious, all->ious,
                                 most * CANDIDATE_SHARE);
    }
    if (*chosen < 0) {
        *chosen = tyto_nearest_box(all->count, all->boxes, region);
    }
    return TYTO_OK;
}

/* How little each patch is like the mean embedding of all. */
static tyto_status find_unlikeness(tyto_exec *exec, int64_t P, int64_t E, const float *embeds,
                                   float *merits)
{
    float *mean;
    TYTO_TRY(tyto_exec_floats(exec, E, &mean));
    TYTO_TRY(tyto_mean_rows_single(exec, P, E, embeds, E, mean));
    TYTO_TRY(tyto_dot_rows_single(exec, P, E, embeds, E, mean, merits, 1));
    return tyto_scale(exec, P, -1.0f, merits);
}

tyto_status tyto_owlv2_choose(const tyto_owlv2 *model, tyto_exec *exec, const float *features,
                              int64_t grid, tyto_owlv2_choice *choice)
{
    const tyto_owlv2_window whole = tyto_owlv2_window_whole(&model->config.vision);
    const int64_t P = grid * grid, E = model->config.projection_dim;
    const bool by_objectness = choice->rule == TYTO_OWLV2_RULE_OBJECTNESS;
    float *embeds, *merits, *ious;
    TYTO_TRY(tyto_exec_need(exec, P * 4, &choice->boxes));
    TYTO_TRY(tyto_exec_floats(exec, P * E, &embeds));
    TYTO_TRY(tyto_exec_floats(exec, P, &merits));
    TYTO_TRY(tyto_exec_floats(exec, P, &ious));
    TYTO_TRY(tyto_owlv2_predict_boxes(model, exec, features, &whole, choice->boxes));
    if (choice->objectness || by_objectness) {
        TYTO_TRY(tyto_exec_need(exec, P, &choice->objectness));
        TYTO_TRY(tyto_owlv2_predict_objectness(model, exec, features, P, choice->objectness));
    }
    exec->stage = "class head";
    TYTO_TRY(tyto_owlv2_dense(exec, &model->class_dense, features, P, TYTO_ACT_NONE, embeds));
    patches all = {.count = P, .boxes = choice->boxes, .merits = choice->objectness, .ious = ious};
    if (choice->rule == TYTO_OWLV2_RULE_REFERENCE) {
        TYTO_TRY(find_unlikeness(exec, P, E, embeds, merits));
        all.merits = merits;
    } else if (choice->rule == TYTO_OWLV2_RULE_OVERLAP) {
        all.merits = NULL;
    }
    for (int64_t i = 0; i < choice->count; i++) {
        TYTO_TRY(choose_one(exec, &all, choice->regions + 4 * i, &choice->indices[i]));
    }
    return tyto_select_rows(exec, choice->count, E, embeds, E, choice->indices, choice->embeds, E);
}

/* One run of embed_image_query. Outputs that nobody wants are NULL. */
typedef struct embedding {
    const tyto_owlv2 *model;
    tyto_owlv2_views views;
    tyto_owlv2_rule rule;
    int64_t grid, regions; /* of each picture */
    const float *boxes;    /* [Q,N,4]; or NULL: whole pictures */
    float *query_embeds, *pred_boxes, *objectness, *image_embeds;
    int64_t *indices;
} embedding;

static tyto_status embed_one(void *context, tyto_exec *exec, int64_t q, const float *features)
{
    const embedding *run = context;
    const int64_t P = run->grid * run->grid, N = run->regions,
                  E = run->model->config.projection_dim;
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_owlv2_choice choice = {.rule = run->rule,
                                .count = N,
                                .regions =
                                    run->boxes ? run->boxes + q * N * 4 : tyto_owlv2_whole_picture,
                                .embeds = run->query_embeds + q * N * E,
                                .indices = run->indices + q * N,
                                .boxes = run->pred_boxes ? run->pred_boxes + q * P * 4 : NULL,
                                .objectness = run->objectness ? run->objectness + q * P : NULL};
    TYTO_TRY(tyto_owlv2_choose(run->model, exec, features, run->grid, &choice));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Regions must be boxes. */
static tyto_status check_regions(const float *boxes, int64_t count, tyto_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        const float *box = boxes + 4 * i;
        if (!isfinite(box[0]) || !isfinite(box[1]) || !(box[2] > 0.0f && box[3] > 0.0f) ||
            !isfinite(box[2]) || !isfinite(box[3])) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "input 'query_boxes': box %lld: got %g,%g,%g,%g, required a centre "
                             "and a size above 0",
                             (long long)i, (double)box[0], (double)box[1], (double)box[2],
                             (double)box[3]);
        }
    }
    return TYTO_OK;
}

static tyto_status read_regions(embedding *run, tyto_io *io)
{
    int64_t shape[3] = {run->views.batch, TYTO_IO_ANY, 4};
    const void *given;
    run->regions = 1;
    if (!tyto_io_has(io, "query_boxes")) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_io_input(io, "query_boxes", TYTO_F32, 3, shape, &given));
    run->boxes = given;
    run->regions = shape[1];
    return check_regions(run->boxes, shape[0] * shape[1], io->err);
}

static tyto_status read_rule(embedding *run, tyto_io *io)
{
    const void *given;
    if (!tyto_io_has(io, "query_rule")) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_io_input(io, "query_rule", TYTO_I64, 0, NULL, &given));
    const int64_t rule = *(const int64_t *)given;
    if (rule < 0 || rule >= TYTO_OWLV2_RULES) {
        return tyto_fail(io->err, TYTO_E_RANGE, "input 'query_rule': got %lld, required 0 to %d",
                         (long long)rule, TYTO_OWLV2_RULES - 1);
    }
    run->rule = (tyto_owlv2_rule)rule;
    return TYTO_OK;
}

tyto_status tyto_owlv2_embed_query_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                           void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(embedding), request));
    embedding *run = *request;
    *run = (embedding){.model = owlv2, .grid = tyto_owlv2_grid(&owlv2->config.vision)};
    TYTO_TRY(tyto_owlv2_views_read(owlv2, io, "query_pixel_values", "query_image_embeds", false,
                                   &run->views));
    TYTO_TRY(read_regions(run, io));
    TYTO_TRY(read_rule(run, io));
    const int64_t Q = run->views.batch, G = run->grid, P = G * G, N = run->regions,
                  E = owlv2->config.projection_dim, D = owlv2->config.vision.encoder.hidden_size;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "query_embeds", 3, (const int64_t[]){Q, N, E},
                            &run->query_embeds));
    TYTO_TRY(tyto_io_output_integers(io, TYTO_OUTPUT_DEFAULT, "box_indices", 2,
                                     (const int64_t[]){Q, N}, &run->indices));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "query_pred_boxes", 3,
                            (const int64_t[]){Q, P, 4}, &run->pred_boxes));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "query_objectness_logits", 2,
                            (const int64_t[]){Q, P}, &run->objectness));
    return tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "query_image_embeds", 4,
                          (const int64_t[]){Q, G, G, D}, &run->image_embeds);
}

tyto_status tyto_owlv2_embed_query_run(const void *model, tyto_exec *exec, tyto_io *io,
                                       void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    embedding *run = request;
    const int64_t regions = run->views.batch * run->regions;
    TYTO_TRY(tyto_exec_need(exec, regions * owlv2->config.projection_dim, &run->query_embeds));
    if (!run->indices) {
        void *indices;
        TYTO_TRY(tyto_exec_take(exec, regions, sizeof(*run->indices), &indices));
        run->indices = indices;
    }
    return tyto_owlv2_views_run(owlv2, exec, &run->views, run->image_embeds, embed_one, run);
}
