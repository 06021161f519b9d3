/** Vocabularies: what photos are searched for, as embeddings. */
#ifndef TYTO_VOCABULARY_H
#define TYTO_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/session.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** Queries, encoded once, for any number of photos: labels, and an embedding for each, of which
 *  the direction counts. Texts and example pictures have embeddings of one space. Immutable. */
typedef struct tyto_vocabulary tyto_vocabulary;

/** Encodes `count` texts. templates: average the embeddings of the seven prompt templates of the
 *  OWL-ViT authors per text.
 *  errors  E_ARGUMENT (no text, model without tokenizer), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_create(tyto_session *session,
                                                           const char *const *texts, size_t count,
                                                           bool templates, tyto_vocabulary **out,
                                                           tyto_error *err);
/** A vocabulary of embeddings that the caller has: embeds[count,width], of any length but 0.
 *  errors  E_ARGUMENT, E_RANGE (an embedding that is 0 or not finite), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_from_embeds(const float *embeds,
                                                                const char *const *labels,
                                                                size_t count, int64_t width,
                                                                tyto_vocabulary **out,
                                                                tyto_error *err);
TYTO_API void tyto_vocabulary_destroy(tyto_vocabulary *vocabulary);

TYTO_API size_t tyto_vocabulary_count(const tyto_vocabulary *vocabulary);
/** The label of query i, or NULL when there is no such query. */
TYTO_API const char *tyto_vocabulary_text(const tyto_vocabulary *vocabulary, size_t i);
/** [count,width] as they were given: texts as Owlv2Model.get_text_features gives them, examples as
 *  embed_image_query does, means at length 1; and all of them at length 1. They live as the
 *  vocabulary does. */
TYTO_API const float *tyto_vocabulary_features(const tyto_vocabulary *vocabulary);
TYTO_API const float *tyto_vocabulary_embeds(const tyto_vocabulary *vocabulary);
TYTO_API int64_t tyto_vocabulary_width(const tyto_vocabulary *vocabulary);

/** The queries of all parts, in order.
 *  errors  E_ARGUMENT (no part), E_SHAPE (widths that differ), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_join(const tyto_vocabulary *const *parts,
                                                         size_t count, tyto_vocabulary **out,
                                                         tyto_error *err);
/** Queries of the same label become one, their mean at length 1, at the place of the first.
 *  errors  E_RANGE (embeddings that cancel out), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_average(const tyto_vocabulary *vocabulary,
                                                            tyto_vocabulary **out, tyto_error *err);

/** Writes the features as .safetensors: a tensor for each label, [width], or [n,width] where n
 *  queries have it; or .npy: [count,width] without labels. Beside its place first, then renamed.
 *  errors  E_ARGUMENT (another ending, a label that is not UTF-8), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_save(const tyto_vocabulary *vocabulary,
                                                         const char *path, tyto_error *err);
/** Reads either, of any float type. Labels come in the order of the data; those of .npy are "0",
 *  "1", and so on.
 *  errors  E_ARGUMENT (another ending), E_FORMAT (no tensor, or not such ones), E_RANGE,
 *          E_NOT_FOUND, E_IO, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_load(const char *path, tyto_vocabulary **out,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
