/** Texts in any script, by the fonts of the system: shaped, in both directions, emoji in colour. */
#ifndef TYTO_RESULTS_SCRIPT_H
#define TYTO_RESULTS_SCRIPT_H

#include <stdbool.h>

#include "results/paint.h"

/** One size of letters.
 *  memory   the libraries behind it (pango, GLib) end the process when an allocation fails; only
 *           the pixels of a text are asked for in a way that can be refused
 *  threads  one at a time; several at once may each have one */
typedef struct tyto_script tyto_script;

/** Pixels that a text takes: to the right of where it begins, above and below the baseline. */
typedef struct tyto_script_size {
    int64_t width_px, ascent_px, descent_px;
} tyto_script_size;

/** size_px  of an em
 *  out      NULL when this system has no fonts, or this build does without them */
TYTO_NODISCARD tyto_status tyto_script_open(int64_t size_px, tyto_script **out, tyto_error *err);
void tyto_script_close(tyto_script *script);

/** False when no font has all letters of the text.
 *  text     UTF-8 without control characters, single spaces
 *  room_px  it is shortened with an ellipsis to this width, as far as that goes; 0: never */
bool tyto_script_measure(tyto_script *script, const char *text, int64_t room_px,
                         tyto_script_size *out);
/** Draws a text that was measured with the same room, the beginning of its baseline at (x, y); what
 *  reaches beyond `size` is cut.
 *  errors  E_MEMORY, and the picture is as it was */
TYTO_NODISCARD tyto_status tyto_script_draw(tyto_script *script, const char *text, int64_t room_px,
                                            const tyto_script_size *size, int64_t x, int64_t y,
                                            tyto_paint paint, tyto_image *image, tyto_error *err);

#endif
