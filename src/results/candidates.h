/** Labels of boxes that reach their threshold: what every post-processing begins with. */
#ifndef TYTO_RESULTS_CANDIDATES_H
#define TYTO_RESULTS_CANDIDATES_H

#include <tyto/postprocess.h>

/** One photo's outputs. */
typedef struct tyto_photo_outputs {
    const float *logits;       /* [boxes,queries] */
    const float *pred_boxes;   /* [boxes,4] */
    const uint8_t *query_mask; /* [queries] or NULL */
    int64_t boxes, queries;
    int64_t width_px, height_px; /* 0×0: boxes stay in [0,1] */
    const tyto_postprocess_options *options;
} tyto_photo_outputs;

/** A label of a box that reaches its threshold; `box` is the row of pred_boxes. */
typedef struct tyto_candidate {
    float score;
    int64_t box;
    int64_t label;
} tyto_candidate;

typedef struct tyto_candidates {
    tyto_candidate *items;
    size_t count, capacity;
    size_t most; /* 0: any number */
    float floor; /* once there were more: what a score must exceed to be among the most */
} tyto_candidates;

/** Checks the outputs and the options, and lists each box's best label, or all with multi_label,
 *  highest score first; ties by box, then label.
 *  inclusive  a score that equals its threshold is kept too
 *  most       so many of the highest alone are listed, of boxes that can be placed in the photo, and
 *             no more memory is taken than these need; 0: all
 *  memory     release items with tyto_free, whatever the status
 *  errors     E_ARGUMENT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_candidates_collect(const tyto_photo_outputs *photo, bool inclusive,
                                                   int64_t most, tyto_candidates *out,
                                                   tyto_error *err);

#endif
