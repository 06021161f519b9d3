/** Drawing of results on pictures. */
#ifndef TYTO_DRAW_H
#define TYTO_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/image.h>

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
} tyto_draw_options;

/** Labels with scores, sizes chosen. */
TYTO_API void tyto_draw_options_init(tyto_draw_options *options, size_t struct_bytes);

/** Draws boxes with labels and scores into the picture: one colour per label, a font that is part
 *  of the library (Latin, Greek, Cyrillic; an empty box for other letters), sizes chosen from the
 *  picture's. Boxes are cut to the picture; those outside it or with NaN are left out. Labels stay
 *  inside the picture and are shortened, or left out, where it is too small for them.
 *  labels   [n_labels] one UTF-8 text per label index
 *  options  NULL: all defaults
 *  errors   E_ARGUMENT (no picture, a detection without a label), E_RANGE (a size below 0 or above
 *           TYTO_DRAW_PX_MAX), E_MEMORY, E_UNSUPPORTED (a FreeType without its usual modules); the
 *           picture is then as it was
 *  threads  any, with distinct pictures */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_detections(
    tyto_image *image, const tyto_detections *detections, const char *const *labels,
    int64_t n_labels, const tyto_draw_options *options, tyto_error *err);

TYTO_END_DECLS

#endif
