/** Photos searched in tiles: the options of that, and the search. */
#ifndef TYTO_CLI_TILES_H
#define TYTO_CLI_TILES_H

#include <tyto/tiles.h>

#include "options.h"

/** What the options below write. */
typedef struct tiles_args {
    const char *size; /**< NULL: no tiles; else pixels, "auto" or nothing */
    double overlap, merge_overlap;
    int merge; /**< a tyto_merge_rule */
    bool only;
} tiles_args;

#define TILES_DEFAULTS                                                                             \
    {                                                                                              \
        .overlap = OPTION_UNSET, .merge_overlap = OPTION_UNSET, .merge = OPTION_UNSET              \
    }

/** The words of --tile-merge, in the order of tyto_merge_rule. */
#define TILE_MERGES "seams|iou|smaller|off"

/** Lines of an option table; `type` are a command's arguments, `field` their tiles_args. */
#define TILE_OPTIONS(type, field)                                                                  \
    {"tiles",                                                                                      \
     0,                                                                                            \
     OPTION_MAYBE,                                                                                 \
     "SIZE",                                                                                       \
     "search big photos in tiles of SIZE pixels too, for small things; auto or no SIZE: as many "  \
     "pixels as the network sees",                                                                 \
     offsetof(type, field.size)},                                                                  \
        {"tile-overlap",                                                                           \
         0,                                                                                        \
         OPTION_REAL,                                                                              \
         "X",                                                                                      \
         "share of a tile's side that neighbours have in common (default 0.25)",                   \
         offsetof(type, field.overlap),                                                            \
         0,                                                                                        \
         TYTO_TILE_OVERLAP_MAX},                                                                   \
        {"tiles-only",                                                                             \
         0,                                                                                        \
         OPTION_FLAG,                                                                              \
         NULL,                                                                                     \
         "leave out the search of the whole photo, which finds what is larger than a tile",        \
         offsetof(type, field.only)},                                                              \
        {"tile-merge",                                                                             \
         0,                                                                                        \
         OPTION_CHOICE,                                                                            \
         TILE_MERGES,                                                                              \
         "what makes boxes of two tiles one thing: their overlap where both tiles see (default), " \
         "intersection over union, over the smaller box, or nothing",                              \
         offsetof(type, field.merge)},                                                             \
    {                                                                                              \
        "tile-merge-overlap", 0, OPTION_REAL, "X", "for that: how much is enough (default 0.5)",   \
            offsetof(type, field.merge_overlap), 0, 1                                              \
    }

/** A search by tyto_detect or tyto_match, in tiles where the options say so. */
typedef struct tile_search {
    bool tiled, guided;
    tyto_tile_options options;
    /* For the progress bar: the photo that is searched, of how many. */
    const char *photo;
    size_t index, count;
} tile_search;

/** Reads the options; complains and returns false on wrong usage. `boxes`: a tyto_boxes_mode. */
bool tiles_read(const tiles_args *args, int boxes, tile_search *out);

/** Searches a photo. */
tyto_status tiles_search(tile_search *search, tyto_session *session,
                         const tyto_vocabulary *vocabulary, const tyto_image *image,
                         const tyto_postprocess_options *options, tyto_detections *out,
                         tyto_error *err);

#endif
