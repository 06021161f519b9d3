/** What a search is asked for: the fields that /v1/detect and /v1/video share. */
#ifndef TYTO_SERVER_WISH_H
#define TYTO_SERVER_WISH_H

#include "queries.h"

/** The fields of a search. Texts and values are the body's. */
typedef struct wish {
    json_t *image, *labels;
    const char *photo, *vocabulary, *model, *nms, *boxes;
    double threshold, iou;
    json_int_t top_k;
    int multi_label, templates;
    held *held;   /**< the vocabulary, once it was taken */
    queries *own; /**< or what was sent along */
} wish;

/* Calls that return NULL or false have replied an error. */

/** Reads the fields of the body, which has no others. wish_clear is due if it succeeds. */
bool wish_read(work *job, wish *out);
/** The library's options for it. */
bool wish_options(work *job, const wish *asked, tyto_search_options *options);
/** What is looked for: held, or encoded now; lives until wish_clear. */
const queries *wish_queries(work *job, wish *asked);
void wish_clear(work *job, wish *asked);

#endif
