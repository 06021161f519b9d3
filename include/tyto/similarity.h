/** How alike texts and whole pictures are. */
#ifndef TYTO_SIMILARITY_H
#define TYTO_SIMILARITY_H

#include <tyto/similarities.h>
#include <tyto/vocabulary.h>

TYTO_BEGIN_DECLS

/** How alike a picture and each query of a vocabulary are.
 *  options        processor, progress; NULL: the defaults
 *  logits         [count] receives exp(logit_scale) · cosine
 *  probabilities  [count] receives their softmax; or NULL
 *  errors         E_ARGUMENT (a model that compares none, or without image processor), E_SHAPE,
 *                 E_CANCELLED, E_MEMORY
 *  source         Owlv2Model.forward, logits_per_image */
TYTO_API TYTO_NODISCARD tyto_status tyto_similarity(
    tyto_session *session, const tyto_vocabulary *vocabulary, const tyto_image *image,
    const tyto_embed_options *options, float *logits, float *probabilities, tyto_error *err);

/** The same, best first.
 *  top_k   how many queries are kept; 0: all
 *  memory  release *out with tyto_similarities_clear
 *  errors  those of tyto_similarity and tyto_similarities_rank */
TYTO_API TYTO_NODISCARD tyto_status tyto_similarity_best(
    tyto_session *session, const tyto_vocabulary *vocabulary, const tyto_image *image,
    const tyto_embed_options *options, int64_t top_k, tyto_similarities *out, tyto_error *err);

TYTO_END_DECLS

#endif
