/* Photos searched tile by tile. */
#include <tyto/tiles.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"
#include "results/guided.h"
#include "results/nms.h"
#include "runtime/session.h"
#include "tasks/photo.h"
#include "tasks/vocabulary.h"
#include <tyto/memory.h>

void tyto_tile_options_init(tyto_tile_options *options)
{
    *options = (tyto_tile_options){
        .overlap = 0.25, .whole = true, .merge = TYTO_MERGE_SEAMS, .merge_overlap = 0.5F};
}

tyto_status tyto_tiles_plan(const tyto_session *session, int64_t width_px, int64_t height_px,
                            const tyto_tile_options *options, tyto_tiles *out, tyto_error *err)
{
    const tyto_image_processor *processor = session->processor;
    int64_t side = options->side_px;
    if (!processor) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "model: it has no preprocessor_config.json, required to read pictures");
    }
    if (side == 0 && !processor->do_resize) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tiles: the image processor doesn't resize, required a side in pixels");
    }
    if (side == 0 && session->shortcuts.input_px > 0) {
        side = session->shortcuts.input_px;
    } else if (side == 0) {
        side = tyto_min_i64(processor->width, processor->height);
    }
    return tyto_tiles_init(width_px, height_px, side, options->overlap, out, err);
}

/* One run: the parts of a photo, the whole one first if it takes part. */
typedef struct run {
    tyto_session *session;
    const tyto_vocabulary *vocabulary;
    const tyto_image *photo;
    tyto_postprocess_options options;
    const tyto_tile_options *how;
    bool guided;
    tyto_tiles tiles;
    tyto_image tile;
    tyto_part *parts;
    int64_t count;
    int64_t patches; /* of the parts so far */
} run;

static tyto_status search_part(run *r, int64_t part, tyto_error *err)
{
    const bool whole = r->how->whole && part == 0;
    const tyto_image *image = whole ? r->photo : &r->tile;
    const int64_t tile = part - r->how->whole;
    tyto_view view;
    int64_t x = 0, y = 0, patches;
    if (r->how->progress) {
        r->how->progress(r->how->user, part, r->count);
    }
    if (!whole) {
        tyto_tiles_place(&r->tiles, tile, &x, &y);
        TYTO_TRY(tyto_tiles_cut(&r->tiles, tile, r->photo, &r->tile, err));
    }
    tyto_part *to = &r->parts[part];
    to->place =
        (tyto_box){(float)x, (float)y, (float)(x + image->width_px), (float)(y + image->height_px)};
    TYTO_TRY(tyto_view_to_search(r->session, image, &view, err));
    TYTO_TRY(tyto_search(r->session, &view, r->vocabulary, &r->options, r->guided, &patches,
                         &to->found, err));
    for (size_t i = 0; i < to->found.count; i++) {
        tyto_detection *found = &to->found.items[i];
        found->box = (tyto_box){found->box.xmin + (float)x, found->box.ymin + (float)y,
                                found->box.xmax + (float)x, found->box.ymax + (float)y};
        found->patch += r->patches;
    }
    r->patches += patches;
    return TYTO_OK;
}

static tyto_status merge(run *r, bool relative, tyto_detections *out, tyto_error *err)
{
    const int64_t labels = r->vocabulary ? (int64_t)r->vocabulary->count : 1;
    const tyto_merge_options options = {.rule = r->how->merge,
                                        .overlap = r->how->merge_overlap,
                                        .any_label = r->options.nms == TYTO_NMS_ALL};
    TYTO_TRY(tyto_merge_parts(r->parts, (size_t)r->count, r->photo->width_px, r->photo->height_px,
                              labels, &options, out, err));
    const tyto_status status = tyto_nms(out->items, &out->count, labels, r->options.nms,
                                        r->options.nms_iou, (size_t)r->options.top_k, err);
    if (status != TYTO_OK) {
        tyto_detections_clear(out);
    } else if (relative) {
        tyto_scores_make_relative(out->items, &out->count);
    }
    return status;
}

static tyto_status search_parts(run *r, bool relative, tyto_detections *out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    r->count = r->tiles.columns * r->tiles.rows + r->how->whole;
    r->parts = tyto_alloc_zeroed((size_t)r->count, sizeof(*r->parts));
    if (!r->parts) {
        status = tyto_fail_memory(err, "tiles");
        goto cleanup;
    }
    TYTO_CHECK(tyto_image_create(r->tiles.tile_width_px, r->tiles.tile_height_px, &r->tile, err));
    for (int64_t part = 0; part < r->count; part++) {
        TYTO_CHECK(search_part(r, part, err));
    }
    TYTO_CHECK(merge(r, relative, out, err));
cleanup:
    for (int64_t part = 0; r->parts && part < r->count; part++) {
        tyto_detections_clear(&r->parts[part].found);
    }
    tyto_free(r->parts);
    tyto_image_clear(&r->tile);
    return status;
}

static tyto_status search_tiles(tyto_session *session, const tyto_vocabulary *vocabulary,
                                const tyto_image *image, const tyto_postprocess_options *options,
                                const tyto_tile_options *how, bool guided, tyto_detections *out,
                                tyto_error *err)
{
    run r = {.session = session,
             .vocabulary = vocabulary,
             .photo = image,
             .options = *options,
             .how = how,
             .guided = guided};
    *out = (tyto_detections){0};
    if (options->boxes != TYTO_BOXES_IMAGE) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tiles: got boxes as the reference scales them, required boxes of the "
                         "photo");
    }
    TYTO_TRY(tyto_tiles_plan(session, image->width_px, image->height_px, how, &r.tiles, err));
    if (r.tiles.columns * r.tiles.rows == 1) {
        if (how->progress) {
            how->progress(how->user, 0, 1);
        }
        return guided ? tyto_match(session, vocabulary, image, options, out, err)
                      : tyto_detect(session, vocabulary, image, options, out, err);
    }
    /* Of all parts together, once they are merged. */
    r.options.relative_scores = false;
    return search_parts(&r, options->relative_scores, out, err);
}

tyto_status tyto_detect_tiles(tyto_session *session, const tyto_vocabulary *vocabulary,
                              const tyto_image *image, const tyto_postprocess_options *options,
                              const tyto_tile_options *tile_options, tyto_detections *out,
                              tyto_error *err)
{
    return search_tiles(session, vocabulary, image, options, tile_options, false, out, err);
}

tyto_status tyto_match_tiles(tyto_session *session, const tyto_vocabulary *vocabulary,
                             const tyto_image *image, const tyto_postprocess_options *options,
                             const tyto_tile_options *tile_options, tyto_detections *out,
                             tyto_error *err)
{
    return search_tiles(session, vocabulary, image, options, tile_options, true, out, err);
}
