#include "tiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

/* The option that makes no sense without tiles; NULL: none was given. */
static const char *lonely_option(const tiles_args *args)
{
    return args->overlap != OPTION_UNSET         ? "tile-overlap"
           : args->only                          ? "tiles-only"
           : args->merge != OPTION_UNSET         ? "tile-merge"
           : args->merge_overlap != OPTION_UNSET ? "tile-merge-overlap"
                                                 : NULL;
}

static bool read_side(const char *size, int64_t *side)
{
    char *end;
    if (!*size || strcmp(size, "auto") == 0) {
        *side = 0;
        return true;
    }
    errno = 0;
    *side = strtoll(size, &end, 10);
    if (end == size || *end || errno || *side < 1) {
        say_error("--tiles: got '%s', required auto or a whole number of pixels of at least 1",
                  size);
        return false;
    }
    return true;
}

static void show_progress(void *user, int64_t done, int64_t total)
{
    const tile_search *search = user;
    progress_show(search->index * (size_t)total + (size_t)done, search->count * (size_t)total,
                  search->photo);
}

bool tiles_read(const tiles_args *args, int boxes, tile_search *out)
{
    tyto_tile_options *options = &out->options;
    tyto_tile_options_init(options);
    out->tiled = args->size != NULL;
    if (!out->tiled) {
        const char *name = lonely_option(args);
        if (name) {
            say_error("--%s: no tiles, required --tiles beside it", name);
        }
        return !name;
    }
    if (boxes == TYTO_BOXES_REFERENCE) {
        say_error("--boxes: the reference has no tiles, required image with --tiles");
        return false;
    }
    options->whole = !args->only;
    options->overlap = args->overlap != OPTION_UNSET ? args->overlap : options->overlap;
    options->merge = args->merge != OPTION_UNSET ? (tyto_merge_rule)args->merge : options->merge;
    options->merge_overlap =
        args->merge_overlap != OPTION_UNSET ? (float)args->merge_overlap : options->merge_overlap;
    options->progress = show_progress;
    options->user = out;
    return read_side(args->size, &options->side_px);
}

tyto_status tiles_search(tile_search *search, tyto_session *session,
                         const tyto_vocabulary *vocabulary, const tyto_image *image,
                         const tyto_postprocess_options *options, tyto_detections *out,
                         tyto_error *err)
{
    tyto_tiles tiles;
    if (!search->tiled) {
        return search->guided ? tyto_match(session, vocabulary, image, options, out, err)
                              : tyto_detect(session, vocabulary, image, options, out, err);
    }
    if (tyto_tiles_plan(session, image->width_px, image->height_px, &search->options, &tiles,
                        NULL) == TYTO_OK) {
        say_info("%s: %lld x %lld tiles of %lldx%lld pixels", search->photo,
                 (long long)tiles.columns, (long long)tiles.rows, (long long)tiles.tile_width_px,
                 (long long)tiles.tile_height_px);
    }
    search->options.user = search;
    return search->guided
               ? tyto_match_tiles(session, vocabulary, image, options, &search->options, out, err)
               : tyto_detect_tiles(session, vocabulary, image, options, &search->options, out, err);
}
