/** Texts and whole pictures as vectors of one space, and how alike they are. */
#ifndef TYTO_EMBED_H
#define TYTO_EMBED_H

#include <tyto/image.h>
#include <tyto/vocabulary.h>

TYTO_BEGIN_DECLS

/** The features of texts, of any length as the reference gives them; with templates the mean of
 *  the seven prompt templates' directions, at length 1.
 *  memory  *out[count,width]; release with tyto_free
 *  errors  E_ARGUMENT (no text, model without tokenizer), E_LIMIT, E_MEMORY
 *  source  Owlv2Model.get_text_features */
TYTO_API TYTO_NODISCARD tyto_status tyto_embed_texts(tyto_session *session,
                                                     const char *const *texts, size_t count,
                                                     bool templates, float **out, int64_t *width,
                                                     tyto_error *err);
/** The features of a whole picture, of any length.
 *  memory  *out[width]; release with tyto_free
 *  errors  E_ARGUMENT (model without image processor), E_LIMIT, E_MEMORY
 *  source  Owlv2Model.get_image_features */
TYTO_API TYTO_NODISCARD tyto_status tyto_embed_image(tyto_session *session, const tyto_image *image,
                                                     float **out, int64_t *width, tyto_error *err);

/** How alike a picture and each query of a vocabulary are.
 *  logits         [count] receives exp(logit_scale) · cosine
 *  probabilities  [count] receives their softmax; or NULL
 *  source  Owlv2Model.forward, logits_per_image */
TYTO_API TYTO_NODISCARD tyto_status tyto_similarity(tyto_session *session,
                                                    const tyto_vocabulary *vocabulary,
                                                    const tyto_image *image, float *logits,
                                                    float *probabilities, tyto_error *err);

TYTO_END_DECLS

#endif
