/** The labels' font: text to pixels. */
#ifndef TYTO_RESULTS_FONT_H
#define TYTO_RESULTS_FONT_H

#include "results/paint.h"

/** One size of the font, with the glyphs that were asked for so far.
 *  threads  one at a time */
typedef struct tyto_font tyto_font;

/** size_px  of an em
 *  errors   E_MEMORY, E_UNSUPPORTED (a FreeType that lacks what the font needs) */
TYTO_NODISCARD tyto_status tyto_font_open(int64_t size_px, tyto_font **out, tyto_error *err);
void tyto_font_close(tyto_font *font);

/** How much of a text the font has. */
typedef enum tyto_font_cover {
    TYTO_FONT_HAS_ALL,
    TYTO_FONT_LACKS_MARKS, /**< what changes the letters before: they are drawn without */
    TYTO_FONT_LACKS_LETTERS,
} tyto_font_cover;

tyto_font_cover tyto_font_covers(const tyto_font *font, const int32_t *codes, size_t count);

/** Pixels above and below the baseline that letters, with marks on top of small ones, reach. */
int64_t tyto_font_ascent(const tyto_font *font);
int64_t tyto_font_descent(const tyto_font *font);

/** The advance of code points in pixels; makes their glyphs ready for tyto_font_draw.
 *  A code point that the font lacks is an empty box; one that only changes its neighbours, nothing.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_font_measure(tyto_font *font, const int32_t *codes, size_t count,
                                             int64_t *width_px, tyto_error *err);
/** Draws code points that were measured before. Allocates nothing. */
void tyto_font_draw(const tyto_font *font, const int32_t *codes, size_t count, int64_t x,
                    int64_t baseline, tyto_paint paint, tyto_image *image);

#endif
