/** Parts of big photos: where tiles lie, and how what they show is put together. tyto_search does
 *  all of it; these are its steps by themselves. */
#ifndef TYTO_TILES_H
#define TYTO_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Most tiles of a photo; more is E_LIMIT. */
#define TYTO_TILES_MAX 16384
/** Largest share of a tile's side that neighbours have in common. */
#define TYTO_TILE_OVERLAP_MAX 0.9

/** How a photo is covered: by tiles of one size, evenly from edge to edge, so that neighbours share
 *  at least the overlap and no tile is narrower than the others. */
typedef struct tyto_tiles {
    int64_t width_px, height_px;           /**< of the photo */
    int64_t tile_width_px, tile_height_px; /**< of each tile: the side, or the photo where it is
                                                smaller */
    int64_t columns, rows;
    uint64_t reserved[4]; /**< zeros */
} tyto_tiles;

/** overlap  share of the side that neighbours have in common at least, 0 … TYTO_TILE_OVERLAP_MAX
 *  errors   E_ARGUMENT (side, overlap), E_FORMAT (no pixels), E_LIMIT (a photo beyond
 *           tyto_image's limits, too many tiles)
 *  threads  any, as of all calls here */
TYTO_API TYTO_NODISCARD tyto_status tyto_tiles_make(int64_t width_px, int64_t height_px,
                                                    int64_t side_px, double overlap,
                                                    tyto_tiles *out, tyto_error *err);
/** Where tile `tile` < columns·rows begins in the photo, row by row; 0 for one that isn't. */
TYTO_API void tyto_tiles_place(const tyto_tiles *tiles, int64_t tile, int64_t *x_px, int64_t *y_px);
/** Copies a tile's pixels.
 *  image  of the size that the tiles are for
 *  out    of a tile's size, such as tyto_image_make makes it
 *  errors E_ARGUMENT, E_SHAPE (another size), E_RANGE (no such tile) */
TYTO_API TYTO_NODISCARD tyto_status tyto_tiles_cut(const tyto_tiles *tiles, int64_t tile,
                                                   const tyto_image *image, tyto_image *out,
                                                   tyto_error *err);

/** When what two parts of a photo show is one thing: boxes of one label, or of any with
 *  `any_label`, and of different parts, for which a share exceeds the merge's `overlap`. */
typedef enum tyto_merge_rule {
    /** The intersection over union of the two boxes, each cut at those edges of its part that the
     *  other touches: what is cut off at a seam is compared by what both parts could see.
     *  Complete boxes go before cut ones; of boxes that are all cut the hull stays; and a cut box
     *  that lies in a complete one is part of it. */
    TYTO_MERGE_RULE_SEAMS = 0,
    TYTO_MERGE_RULE_IOU = 1, /**< the intersection over the union; the higher score stays */
    TYTO_MERGE_RULE_SMALLER =
        2,                  /**< the intersection over the smaller box; the higher score stays */
    TYTO_MERGE_RULE_OFF = 3 /**< never: all boxes of all parts stay */
} tyto_merge_rule;

/** A part of a photo, and what was found there. */
typedef struct tyto_part {
    tyto_box place;        /**< in pixels of the photo */
    tyto_detections found; /**< boxes in pixels of the photo too */
    uint64_t reserved[4];  /**< zeros */
} tyto_part;

typedef struct tyto_merge_options {
    size_t struct_bytes; /**< set by tyto_merge_options_init */
    tyto_merge_rule rule;
    float overlap; /**< 0 … 1 */
    bool any_label;
} tyto_merge_options;

/** Seams at 0.5, of one label. */
TYTO_API void tyto_merge_options_init(tyto_merge_options *options, size_t struct_bytes);

/** What the parts of a photo show, each thing once, highest score first.
 *  size     the photo's; an edge of a part at the photo's own edge cuts nothing
 *  labels   0 … n_labels−1
 *  options  NULL: the defaults
 *  memory   the parts stay as they are; release *out with tyto_detections_clear
 *  errors   E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_merge_parts(const tyto_part *parts, int64_t n_parts,
                                                     int64_t width_px, int64_t height_px,
                                                     int64_t n_labels,
                                                     const tyto_merge_options *options,
                                                     tyto_detections *out, tyto_error *err);

TYTO_END_DECLS

#endif
