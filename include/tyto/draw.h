/** Drawing of results on pictures. */
#ifndef TYTO_DRAW_H
#define TYTO_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/image.h>
#include <tyto/tree.h>

TYTO_BEGIN_DECLS

/** Widest lines and largest letters that are drawn. */
#define TYTO_DRAW_PX_MAX 1000

/** How results are drawn. */
typedef struct tyto_draw_options {
    size_t struct_bytes; /**< set by tyto_draw_options_init */
    int64_t line_px;     /**< width of a box's lines; 0: chosen by the picture's size */
    int64_t text_px;     /**< size of the letters; 0: chosen by the picture's size and by how many
                              labels there are */
    bool no_labels;      /**< boxes alone */
    bool no_scores;      /**< labels without their scores */
    const int64_t *ids;  /**< [detections.count] identities from 1, which labels then have behind
                              them, with a colour each instead of one per label; −1: none. NULL:
                              nothing has any */
    /** [detections.count] from 0: how many of the others each lies in. Depths have a colour each,
     *  and lines are thinner the deeper they are; NULL: all are alike. */
    const int64_t *depths;
} tyto_draw_options;

/** Labels with scores, sizes chosen. */
TYTO_API void tyto_draw_options_init(tyto_draw_options *options, size_t struct_bytes);

/** Draws boxes with labels and scores into the picture: one colour per label, sizes chosen from the
 *  picture's. Labels in Latin, Greek and Cyrillic have a font that is part of the library; others
 *  those of the system, shaped, in their direction, emoji in colour. A label that no font has all
 *  letters of is written as "[N]", its place in `labels` from 1, and a legend in a corner says what
 *  N is, as far as it can be drawn. Control and format characters change nothing. Boxes are cut to
 *  the picture; those outside it or with NaN are left out. Labels stay inside the picture and are
 *  shortened, or left out, where it is too small for them.
 *  labels   [n_labels] one UTF-8 text per label index
 *  options  NULL: all defaults
 *  errors   E_ARGUMENT (no picture, a detection without a label), E_RANGE (a size below 0 or above
 *           TYTO_DRAW_PX_MAX), E_MEMORY, E_UNSUPPORTED (a FreeType without its usual modules); the
 *           picture is then as it was, unless memory ends while the system's fonts draw
 *  memory   pango, which draws with the system's fonts, ends the process when it gets none; it is
 *           asked for nothing while the library's own font has all letters
 *  threads  any, with distinct pictures */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_detections(
    tyto_image *image, const tyto_detections *detections, const char *const *labels,
    int64_t n_labels, const tyto_draw_options *options, tyto_error *err);

/** Draws what was found by a tree: things with their labels, scores and choices, as in "a face
 *  (happy) 0.81", colours by depth; choices about the photo itself on a frame around it.
 *  found    as a search by this tree gives it
 *  options  ids and depths don't count
 *  errors   those of tyto_draw_detections; E_ARGUMENT (something that isn't of the tree) */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_tree(tyto_image *image, const tyto_tree *tree,
                                                   const tyto_tree_found *found,
                                                   const tyto_draw_options *options,
                                                   tyto_error *err);

/** The labels that tyto_draw_detections writes as numbers here, to be said beside pictures.
 *  out      "[2] text, [3] text"; NULL when there are none; release with tyto_free
 *  errors   E_ARGUMENT, E_MEMORY, E_UNSUPPORTED as above    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_numbered(const char *const *labels, int64_t n_labels,
                                                       char **out, tyto_error *err);

TYTO_END_DECLS

#endif
