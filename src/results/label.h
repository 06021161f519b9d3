/** What a label says, and where it goes. */
#ifndef TYTO_RESULTS_LABEL_H
#define TYTO_RESULTS_LABEL_H

#include <stdbool.h>

#include "results/font.h"
#include "results/script.h"

/** Most code points of a label that are shown. */
#define TYTO_LABEL_CODES_MAX 200
/** Room for the score behind them: a space, a sign, digits. */
#define TYTO_LABEL_SCORE_MAX 16
/** Bytes of a label's text as UTF-8, with its end. */
#define TYTO_LABEL_BYTES (4 * TYTO_LABEL_CODES_MAX + 1)

/** Text ready to be drawn. Neither codes nor words: there is no room for any. */
typedef struct tyto_label_line {
    int32_t codes[TYTO_LABEL_CODES_MAX + TYTO_LABEL_SCORE_MAX];
    size_t count;
    int64_t width_px; /* of all */
    /* What a font of the system draws before the codes; "": nothing. */
    char words[TYTO_LABEL_BYTES];
    int64_t words_room_px, gap_px;
    tyto_script_size words_size;
} tyto_label_line;

/** A label's text as it is shown: composed (NFC), white space simplified, bytes that are not UTF-8
 *  replaced. Returns the count of codes. */
size_t tyto_label_codes(const char *text, int32_t codes[TYTO_LABEL_CODES_MAX]);

/** "text score", composed (NFC), white space simplified, bytes that are not UTF-8 replaced.
 *  At most max_px wide: shortened with an ellipsis; where less than half of the text would stay,
 *  the score is left out.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_label_compose(tyto_font *font, const char *text, float score,
                                              int64_t max_px, tyto_label_line *out,
                                              tyto_error *err);

/** Codes as UTF-8, without format characters that could turn around the order of what follows. */
void tyto_label_words(const int32_t *codes, size_t count, char out[TYTO_LABEL_BYTES]);

/** How labels are written: by the library's font where it has their letters, else by those of the
 *  system, else as numbers. */
typedef struct tyto_lettering {
    tyto_font *font;
    int64_t size_px;
    tyto_script *script; /* NULL until a label needs it, or when there are no fonts */
    bool script_sought;
} tyto_lettering;

TYTO_NODISCARD tyto_status tyto_lettering_open(int64_t size_px, tyto_lettering *out,
                                               tyto_error *err);
void tyto_lettering_close(tyto_lettering *lettering);

/** Whether a label is written as "[N]", since no font has all of its letters. */
TYTO_NODISCARD tyto_status tyto_lettering_numbers(tyto_lettering *lettering, const char *label,
                                                  bool *numbered, tyto_error *err);
/** The line of a label: its text or "[number]", the identity (above 0), the score (not NaN).
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_lettering_compose(tyto_lettering *lettering, const char *label,
                                                  int64_t number, int64_t id, float score,
                                                  int64_t max_px, tyto_label_line *out,
                                                  tyto_error *err);
/** The line of a legend for a label written as a number: what of its text can be drawn, else its
 *  index among the labels.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_lettering_explain(tyto_lettering *lettering, const char *label,
                                                  int64_t number, int64_t max_px,
                                                  tyto_label_line *out, tyto_error *err);
/** Pixels above and below the baseline: the font's, or more where a script needs more, at most
 *  twice as many. */
int64_t tyto_lettering_ascent(const tyto_lettering *lettering, const tyto_label_line *line);
int64_t tyto_lettering_descent(const tyto_lettering *lettering, const tyto_label_line *line);
/** Draws a line, the beginning of its baseline at (x, y).
 *  errors  E_MEMORY, for a line with words of the system's fonts alone */
TYTO_NODISCARD tyto_status tyto_lettering_draw(tyto_lettering *lettering,
                                               const tyto_label_line *line, int64_t x, int64_t y,
                                               tyto_paint paint, tyto_image *image,
                                               tyto_error *err);

/** The place of a label at a box, inside the picture: above it, else inside, below or along its
 *  edges, wherever it hides the least of the labels placed before.
 *  size        the label's; no larger than the picture
 *  overlap_px  how far a label outside the box reaches over its edge; negative: how far it stays
 *              away */
typedef struct tyto_label_request {
    tyto_rect box;
    int64_t width_px, height_px;
    int64_t overlap_px;
    int64_t picture_width_px, picture_height_px;
} tyto_label_request;

tyto_rect tyto_label_place(const tyto_label_request *request, const tyto_rect *taken,
                           size_t taken_count);

#endif
