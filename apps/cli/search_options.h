/** How photos are searched, on the command line: tiles, approximations, and the search of one photo
 *  by all of it. */
#ifndef TYTO_CLI_SEARCH_OPTIONS_H
#define TYTO_CLI_SEARCH_OPTIONS_H

#include <tyto/search.h>

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
    OPTION_LINE("tiles", 0, OPTION_MAYBE, "SIZE",                                                  \
                "search big photos in tiles of SIZE pixels too, for small things; auto or "        \
                "no SIZE: as many pixels as the network sees",                                     \
                offsetof(type, field.size)),                                                       \
        OPTION_LINE("tile-overlap", 0, OPTION_REAL, "X",                                           \
                    "share of a tile's side that neighbours have in common (default 0.25)",        \
                    offsetof(type, field.overlap), 0, TYTO_TILE_OVERLAP_MAX, .needs = "tiles"),    \
        OPTION_LINE(                                                                               \
            "tiles-only", 0, OPTION_FLAG, NULL,                                                    \
            "leave out the search of the whole photo, which finds what is larger than a tile",     \
            offsetof(type, field.only), .needs = "tiles"),                                         \
        OPTION_LINE("tile-merge", 0, OPTION_CHOICE, TILE_MERGES,                                   \
                    "what makes boxes of two tiles one thing: their overlap where both tiles "     \
                    "see (default), intersection over union, over the smaller box, or nothing",    \
                    offsetof(type, field.merge), .needs = "tiles"),                                \
        OPTION_LINE("tile-merge-overlap", 0, OPTION_REAL, "X",                                     \
                    "for that: how much is enough (default 0.5)",                                  \
                    offsetof(type, field.merge_overlap), 0, 1, .needs = "tiles")

/** What the options below write. */
typedef struct shortcut_args {
    bool skip_padding;
    int64_t input_px;
    int positions; /**< a tyto_positions */
} shortcut_args;

#define SHORTCUT_DEFAULTS                                                                          \
    {                                                                                              \
        .positions = OPTION_UNSET                                                                  \
    }

/** The words of --positions, in the order of tyto_positions. */
#define POSITION_WORDS "interpolate|truncate"

/** Lines of an option table; `type` are a command's arguments, `field` their shortcut_args. */
#define SHORTCUT_OPTIONS(type, field)                                                              \
    OPTION_LINE("skip-padding", 0, OPTION_FLAG, NULL,                                              \
                "approximate, faster: leave out the patches that hold no part of the photo",       \
                offsetof(type, field.skip_padding)),                                               \
        OPTION_LINE(                                                                               \
            "input-size", 0, OPTION_INTEGER, "N",                                                  \
            "approximate, faster: resize photos to N pixels in place of the checkpoint's size",    \
            offsetof(type, field.input_px), 1, 1e6),                                               \
        OPTION_LINE(                                                                               \
            "positions", 0, OPTION_CHOICE, POSITION_WORDS,                                         \
            "for --input-size: the checkpoint's positions resized (default), or their top left",   \
            offsetof(type, field.positions), .needs = "input-size")

/** A search, photo by photo. */
typedef struct photo_search {
    tyto_search_options options;
    tyto_session *session;
    const tyto_vocabulary *vocabulary; /**< NULL: objects of any kind */
    /* The photo that is searched, of how many: for messages and the progress bar. */
    const char *photo;
    size_t index, count;
} photo_search;

/** Reads the options over those that are there; `boxes` must be. Complains and returns false on
 *  wrong usage. */
bool photo_search_read(const tiles_args *tiles, const shortcut_args *shortcuts, photo_search *out);
/** Its progress function, whose user it is. Tiles move the bar; everything else only asks whether
 *  to go on. */
bool photo_search_follow(void *user, const tyto_progress *progress);
/** Searches one photo. */
tyto_status photo_search_run(photo_search *search, const tyto_image *image, tyto_detections *out,
                             tyto_error *err);

#endif
