/** Similarities: what each text of a vocabulary is to a photo. */
#ifndef TYTO_SIMILARITIES_H
#define TYTO_SIMILARITIES_H

#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** A label beside a photo. */
typedef struct tyto_similarity_item {
    int64_t label_index;  /**< in the vocabulary */
    float logit;          /**< exp(logit_scale) · cosine */
    float probability;    /**< the softmax of all logits of the photo */
    uint64_t reserved[4]; /**< zeros */
} tyto_similarity_item;

/** Highest logit first; ties by label.
 *  memory  items is owned; release with tyto_similarities_clear */
typedef struct tyto_similarities {
    tyto_similarity_item *items;
    int64_t count;
    uint64_t reserved[4]; /**< 0 */
} tyto_similarities;

TYTO_API void tyto_similarities_clear(tyto_similarities *similarities);

/** Sorts what tyto_similarity gives of one photo, and keeps the top_k (0: all).
 *  logits  [count]; probabilities [count]
 *  errors  E_ARGUMENT, E_MEMORY    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_similarities_rank(const float *logits,
                                                           const float *probabilities,
                                                           int64_t count, int64_t top_k,
                                                           tyto_similarities *out, tyto_error *err);

TYTO_END_DECLS

#endif
