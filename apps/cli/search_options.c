#include "search_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"
#include "signals.h"

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

static bool read_tiles(const tiles_args *args, tyto_search_options *out)
{
    out->tiles = args->size != NULL;
    if (!out->tiles) {
        return true;
    }
    if (out->boxes == TYTO_BOXES_REFERENCE) {
        say_error("--boxes: the reference has no tiles, required image with --tiles");
        return false;
    }
    out->whole = !args->only;
    out->tile_overlap = args->overlap != OPTION_UNSET ? args->overlap : out->tile_overlap;
    out->merge = args->merge != OPTION_UNSET ? (tyto_merge_rule)args->merge : out->merge;
    out->merge_overlap =
        args->merge_overlap != OPTION_UNSET ? (float)args->merge_overlap : out->merge_overlap;
    return read_side(args->size, &out->tile_px);
}

static void read_shortcuts(const shortcut_args *args, tyto_search_options *out)
{
    out->skip_padding = args->skip_padding;
    out->input_px = args->input_px;
    if (args->positions != OPTION_UNSET) {
        out->positions = (tyto_positions)args->positions;
    }
}

bool photo_search_follow(void *user, const tyto_progress *progress)
{
    const photo_search *search = user;
    if (progress->stage && strcmp(progress->stage, "tiles") == 0) {
        progress_show(search->index * (size_t)progress->total + (size_t)progress->done,
                      search->count * (size_t)progress->total, search->photo);
    }
    return !interrupted();
}

bool photo_search_read(const tiles_args *tiles, const shortcut_args *shortcuts, photo_search *out)
{
    read_shortcuts(shortcuts, &out->options);
    return read_tiles(tiles, &out->options);
}

tyto_status photo_search_run(photo_search *search, const tyto_image *image, tyto_detections *out,
                             tyto_error *err)
{
    tyto_tiles tiles;
    const tyto_search_source source = {.image = image};
    search->options.progress = photo_search_follow;
    search->options.progress_user = search;
    if (search->options.tiles &&
        tyto_search_tiles(search->session, image->width_px, image->height_px, &search->options,
                          &tiles, NULL) == TYTO_OK) {
        say_info("%s: %lld x %lld tiles of %lldx%lld pixels", search->photo,
                 (long long)tiles.columns, (long long)tiles.rows, (long long)tiles.tile_width_px,
                 (long long)tiles.tile_height_px);
    }
    return tyto_search(search->session, &source, 1, search->vocabulary, &search->options, out, err);
}
