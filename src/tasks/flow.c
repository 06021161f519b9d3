#include <tyto/flow.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "processors/flow/tiles.h"
#include "tasks/flow.h"
#include "tasks/follow.h"
#include "tasks/offer.h"

/* The authors': what tiles share at least, and pixels of the network's unit. */
#define OVERLAP_PX 20
#define SCALE 20.0f

static const tyto_flow_options defaults = {
    .struct_bytes = sizeof(defaults), .overlap_px = OVERLAP_PX, .scale = SCALE};

void tyto_flow_options_init(tyto_flow_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_flow_plan(const tyto_model *model, int64_t width_px, int64_t height_px,
                           const tyto_flow_options *options, tyto_flow_tiles *out, tyto_error *err)
{
    tyto_flow_options own = defaults;
    int64_t height, width;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_flow_options", err));
    const tyto_family_flow *task = model->architecture->tasks->flow;
    if (!task) {
        return tyto_offer_missing(model, TYTO_TASK_FLOW, err);
    }
    task->size(model->network, &height, &width);
    if (own.overlap_px == OVERLAP_PX) {
        own.overlap_px = tyto_min_i64(OVERLAP_PX, (tyto_min_i64(height, width) - 1) / 2);
    }
    return tyto_flow_tiles_init(width_px, height_px, width, height, own.overlap_px, out, err);
}

/* One tile: its patches in the session's buffer, the network, its part of the flow. */
static tyto_status run_tile(tyto_session *session, const tyto_flow_tiles *tiles, int64_t tile,
                            const tyto_image *first, const tyto_image *second, float scale,
                            tyto_flow_field *flow, tyto_error *err)
{
    const tyto_family_flow *task = session->model->architecture->tasks->flow;
    const char *const wanted[] = {task->output};
    const int64_t W = tiles->tile_width_px, H = tiles->tile_height_px;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_TRY(tyto_session_pixels(session, 2 * TYTO_FLOW_PATCH_VALUES * H * W, "inputs", err));
    const tyto_tensor input = {.name = task->input,
                               .dtype = TYTO_F32,
                               .rank = 5,
                               .shape = {1, 2, TYTO_FLOW_PATCH_VALUES, H, W},
                               .data = session->pixels};
    TYTO_TRY(tyto_flow_preprocess(tiles, tile, first, second, session->pixels, err));
    TYTO_TRY(tyto_forward(session, task->head, &input, 1, wanted, 1, &outputs, &n_outputs, err));
    return tyto_flow_postprocess(tiles, tile, outputs[0].data, scale, flow, err);
}

tyto_status tyto_flow_of_frames(tyto_session *session, const tyto_flow_place *place,
                                const tyto_image *first, const tyto_image *second,
                                const tyto_flow_options *options, tyto_flow_field *out,
                                tyto_flow_tiles *tiles, tyto_error *err)
{
    tyto_flow_options own = defaults;
    tyto_follow follow;
    *out = (tyto_flow_field){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_flow_options", err));
    if (first->width_px != second->width_px || first->height_px != second->height_px) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "frames: got %lld x %lld and %lld x %lld pixels, required the same",
                         (long long)first->width_px, (long long)first->height_px,
                         (long long)second->width_px, (long long)second->height_px);
    }
    TYTO_TRY(tyto_flow_plan(session->model, first->width_px, first->height_px, &own, tiles, err));
    TYTO_TRY(tyto_flow_field_make(first->width_px, first->height_px, out, err));
    tyto_status status = TYTO_OK;
    const int64_t count = tiles->columns * tiles->rows;
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    for (int64_t tile = 0; tile < count && status == TYTO_OK; tile++) {
        status = tyto_follow_step(&follow, "tiles", place->name, place->pair * count + tile,
                                  place->pairs * count, err);
        if (status == TYTO_OK) {
            status = run_tile(session, tiles, tile, first, second, own.scale, out, err);
        }
    }
    tyto_follow_end(&follow);
    if (status != TYTO_OK) {
        tyto_flow_field_clear(out);
    }
    return status;
}

tyto_status tyto_flow(tyto_session *session, const tyto_image *first, const tyto_image *second,
                      const tyto_flow_options *options, tyto_flow_field *out, tyto_error *err)
{
    tyto_flow_tiles tiles;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, first);
    TYTO_REQUIRE(err, second);
    TYTO_REQUIRE(err, out);
    const tyto_flow_place alone = {.pairs = 1};
    return tyto_flow_of_frames(session, &alone, first, second, options, out, &tiles, err);
}
