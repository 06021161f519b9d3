/** Vocabularies: what photos are searched for, as features. */
#ifndef TYTO_VOCABULARY_H
#define TYTO_VOCABULARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/embed.h>

TYTO_BEGIN_DECLS

/** Queries, encoded once, for any number of photos: a label, and features for each, of which the
 *  direction counts. Texts and example pictures have features of one space. Immutable; any thread
 *  may use it. */
typedef struct tyto_vocabulary tyto_vocabulary;

/** What a query was made of. */
typedef enum tyto_query_kind {
    TYTO_QUERY_KIND_TEXT = 0,
    TYTO_QUERY_KIND_CLASS = 1,   /**< features that were saved, or that the caller had */
    TYTO_QUERY_KIND_EXAMPLE = 2, /**< a thing in a picture that was pointed at */
    TYTO_QUERY_KIND_IMAGE = 3,   /**< a whole picture */
    TYTO_QUERY_KIND_BOX = 4      /**< a thing in a picture that was found there */
} tyto_query_kind;

/** The kind's name, such as "text"; NULL: there is no such kind. */
TYTO_API const char *tyto_query_kind_name(tyto_query_kind kind);

/** One query of a vocabulary, which its pointers live as long as. */
typedef struct tyto_query {
    const char *label;
    tyto_query_kind kind;
    int64_t width;         /**< of the features */
    const float *features; /**< [width], as tyto_vocabulary_features gives them */
    tyto_box box; /**< TYTO_QUERY_KIND_BOX: where it is, in pixels of its picture; else zeros */
    float score;  /**< TYTO_QUERY_KIND_BOX: with which it was found there; else 0 */
    uint64_t reserved[4]; /**< zeros */
} tyto_query;

/** Encodes `count` texts.
 *  options  templates, progress; NULL: the defaults
 *  memory   release *out with tyto_vocabulary_destroy, here and below
 *  errors   those of tyto_embed_texts */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_create(tyto_session *session,
                                                           const char *const *texts, int64_t count,
                                                           const tyto_embed_options *options,
                                                           tyto_vocabulary **out, tyto_error *err);
/** A vocabulary of features that the caller has: features[count,width], normalised or not, but not
 *  0. The queries are of the kind TYTO_QUERY_KIND_CLASS.
 *  errors  E_ARGUMENT, E_RANGE (features that are 0 or not finite), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_from_features(const float *features,
                                                                  const char *const *labels,
                                                                  int64_t count, int64_t width,
                                                                  tyto_vocabulary **out,
                                                                  tyto_error *err);
TYTO_API void tyto_vocabulary_destroy(tyto_vocabulary *vocabulary);

TYTO_API int64_t tyto_vocabulary_count(const tyto_vocabulary *vocabulary);
/** The label of query i, or NULL when there is no such query. */
TYTO_API const char *tyto_vocabulary_label(const tyto_vocabulary *vocabulary, int64_t i);
/** Fills *out and returns true, or returns false when there is no query i. */
TYTO_API bool tyto_vocabulary_query(const tyto_vocabulary *vocabulary, int64_t i, tyto_query *out);
/** [count,width] as they were given: texts as Owlv2Model.get_text_features gives them, examples as
 *  embed_image_query does, means at length 1; and all of them at length 1. They live as the
 *  vocabulary does. */
TYTO_API const float *tyto_vocabulary_features(const tyto_vocabulary *vocabulary);
TYTO_API const float *tyto_vocabulary_unit_features(const tyto_vocabulary *vocabulary);
TYTO_API int64_t tyto_vocabulary_width(const tyto_vocabulary *vocabulary);

/** The queries of all parts, in order.
 *  errors  E_ARGUMENT (no part), E_SHAPE (widths that differ), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_join(const tyto_vocabulary *const *parts,
                                                         int64_t count, tyto_vocabulary **out,
                                                         tyto_error *err);
/** Queries of the same label become one, their mean at length 1, at the place of the first and of
 *  its kind.
 *  errors  E_RANGE (features that cancel out), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_average(const tyto_vocabulary *vocabulary,
                                                            tyto_vocabulary **out, tyto_error *err);

/** Writes the features as .safetensors: a tensor for each label, [width], or [n,width] where n
 *  queries have it; or .npy: [count,width] without labels. Beside its place first, then renamed.
 *  errors  E_ARGUMENT (another ending, a label that is not UTF-8), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_save(const tyto_vocabulary *vocabulary,
                                                         const char *path, tyto_error *err);
/** Reads either, of any float type: by the name's ending, or else by what the file holds; "-" is
 *  standard input. Labels come in the order of the data; those of .npy are "0",
 *  "1", and so on.
 *  errors  E_FORMAT (neither of the two, no tensor, or not such ones), E_RANGE,
 *          E_NOT_FOUND, E_IO, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_load(const char *path, tyto_vocabulary **out,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
