/* Pictures searched tile by tile. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/guided.h"
#include "results/nms.h"
#include "tasks/search.h"
#include "tasks/vocabulary.h"
#include <tyto/memory.h>

tyto_status tyto_search_tiles(const tyto_session *session, int64_t width_px, int64_t height_px,
                              const tyto_search_options *options, tyto_tiles *out, tyto_error *err)
{
    tyto_search_options own;
    const tyto_image_processor *processor;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_search_options_read(&own, options, err));
    TYTO_TRY(tyto_picture_processor(session, own.processor, &processor, err));
    int64_t side = own.tile_px;
    if (side == 0 && !processor->do_resize) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tiles: the image processor doesn't resize, required a side in pixels");
    }
    if (side == 0) {
        side = own.input_px > 0 ? own.input_px : tyto_min_i64(processor->width, processor->height);
    }
    return tyto_tiles_make(width_px, height_px, side, own.tile_overlap, out, err);
}

/* The parts of a photo, the whole one first if it takes part. */
typedef struct parts {
    tyto_search_job *job;
    const tyto_image *photo;
    tyto_tiles tiles;
    tyto_image tile;
    tyto_part *items;
    int64_t count;
    int64_t patches; /* of the parts so far */
} parts;

static tyto_status search_part(parts *run, int64_t index, tyto_error *err)
{
    const bool whole_too = run->job->options.whole, whole = whole_too && index == 0;
    const tyto_image *image = whole ? run->photo : &run->tile;
    tyto_part *part = &run->items[index];
    int64_t x = 0, y = 0, patches;
    TYTO_TRY(tyto_follow_step(&run->job->follow, "tiles", NULL, index, run->count, err));
    if (!whole) {
        const int64_t tile = index - whole_too;
        tyto_tiles_place(&run->tiles, tile, &x, &y);
        TYTO_TRY(tyto_tiles_cut(&run->tiles, tile, run->photo, &run->tile, err));
    }
    part->place =
        (tyto_box){(float)x, (float)y, (float)(x + image->width_px), (float)(y + image->height_px)};
    TYTO_TRY(tyto_search_picture(run->job, image, &patches, &part->found, err));
    for (int64_t i = 0; i < part->found.count; i++) {
        tyto_detection *found = &part->found.items[i];
        found->box = (tyto_box){found->box.xmin + (float)x, found->box.ymin + (float)y,
                                found->box.xmax + (float)x, found->box.ymax + (float)y};
        found->patch += run->patches;
    }
    run->patches += patches;
    return TYTO_OK;
}

/* The part's detection of that patch, whose count went through all parts; NULL: it has none. */
static const float *part_embedding(const tyto_part *part, int64_t patch)
{
    for (int64_t i = 0; i < part->found.count; i++) {
        if (part->found.items[i].patch == patch) {
            return part->found.embeddings + i * part->found.embedding_width;
        }
    }
    return NULL;
}

/* What is kept has the embeddings that it had in its part. */
static tyto_status merge_embeddings(const parts *run, tyto_detections *out, tyto_error *err)
{
    const int64_t width = run->items[0].found.embedding_width;
    const size_t bytes = (size_t)width * sizeof(float);
    out->embeddings = tyto_alloc((size_t)out->count, bytes);
    if (!out->embeddings) {
        return tyto_fail_memory(err, "embeddings");
    }
    out->embedding_width = width;
    for (int64_t i = 0; i < out->count; i++) {
        const float *kept = NULL;
        for (int64_t p = 0; p < run->count && !kept; p++) {
            kept = part_embedding(&run->items[p], out->items[i].patch);
        }
        memcpy(out->embeddings + i * width, kept, bytes);
    }
    return TYTO_OK;
}

static tyto_status merge(const parts *run, bool relative, tyto_detections *out, tyto_error *err)
{
    const tyto_search_options *how = &run->job->options;
    const int64_t labels = run->job->vocabulary ? run->job->vocabulary->count : 1;
    const tyto_merge_options options = {.struct_bytes = sizeof(options),
                                        .rule = how->merge,
                                        .overlap = how->merge_overlap,
                                        .any_label = how->nms == TYTO_NMS_ALL};
    TYTO_TRY(tyto_merge_parts(run->items, run->count, run->photo->width_px, run->photo->height_px,
                              labels, &options, out, err));
    tyto_status status =
        tyto_suppress(out->items, &out->count, labels, how->nms, how->nms_iou, how->top_k, err);
    if (status == TYTO_OK && relative) {
        tyto_scores_make_relative(out->items, &out->count);
    }
    if (status == TYTO_OK && how->embeddings) {
        status = merge_embeddings(run, out, err);
    }
    if (status != TYTO_OK) {
        tyto_detections_clear(out);
    }
    return status;
}

static tyto_status search_parts(parts *run, bool relative, tyto_detections *out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    run->count = run->tiles.columns * run->tiles.rows + run->job->options.whole;
    run->items = tyto_alloc_zeroed((size_t)run->count, sizeof(*run->items));
    if (!run->items) {
        status = tyto_fail_memory(err, "tiles");
        goto cleanup;
    }
    TYTO_CHECK(
        tyto_image_make(run->tiles.tile_width_px, run->tiles.tile_height_px, &run->tile, err));
    for (int64_t i = 0; i < run->count; i++) {
        TYTO_CHECK(search_part(run, i, err));
    }
    TYTO_CHECK(merge(run, relative, out, err));
cleanup:
    for (int64_t i = 0; run->items && i < run->count; i++) {
        tyto_detections_clear(&run->items[i].found);
    }
    tyto_free(run->items);
    tyto_image_clear(&run->tile);
    return status;
}

tyto_status tyto_search_parts(tyto_search_job *job, const tyto_image *image, tyto_detections *out,
                              tyto_error *err)
{
    parts all = {.job = job, .photo = image};
    const bool relative = job->options.guided && job->options.relative_scores;
    TYTO_TRY(tyto_search_tiles(job->session, image->width_px, image->height_px, &job->options,
                               &all.tiles, err));
    if (all.tiles.columns * all.tiles.rows == 1) {
        TYTO_TRY(tyto_follow_step(&job->follow, "tiles", NULL, 0, 1, err));
        return tyto_search_picture(job, image, NULL, out, err);
    }
    /* Scores are relative to those of all parts, once these are merged. */
    job->options.relative_scores = false;
    const tyto_status status = search_parts(&all, relative, out, err);
    job->options.relative_scores = relative;
    return status;
}
