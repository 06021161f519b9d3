/** What a label says, and where it goes. */
#ifndef TYTO_RESULTS_LABEL_H
#define TYTO_RESULTS_LABEL_H

#include "results/font.h"

/** Most code points of a label that are shown. */
#define TYTO_LABEL_CODES_MAX 200
/** Room for the score behind them: a space, a sign, digits. */
#define TYTO_LABEL_SCORE_MAX 16

/** Text ready to be drawn. count 0: there is no room for any. */
typedef struct tyto_label_line {
    int32_t codes[TYTO_LABEL_CODES_MAX + TYTO_LABEL_SCORE_MAX];
    size_t count;
    int64_t width_px;
} tyto_label_line;

/** "text score", composed (NFC), white space simplified, bytes that are not UTF-8 replaced.
 *  At most max_px wide: shortened with an ellipsis; where less than half of the text would stay,
 *  the score is left out.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_label_compose(tyto_font *font, const char *text, float score,
                                              int64_t max_px, tyto_label_line *out,
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
