/** A vocabulary from the inside. */
#ifndef TYTO_TASKS_VOCABULARY_H
#define TYTO_TASKS_VOCABULARY_H

#include <tyto/tensor.h>
#include <tyto/vocabulary.h>
#include <tyto/vocabulary_builder.h>

/** Most queries of one vocabulary. */
#define TYTO_VOCABULARY_MAX ((int64_t)1 << 20)

/** What a query was made of. */
typedef struct tyto_origin {
    tyto_query_kind kind;
    tyto_box box; /* of TYTO_QUERY_KIND_BOX, with its score; else zeros */
    float score;
} tyto_origin;

struct tyto_vocabulary {
    int64_t count, width;
    char **labels;
    tyto_origin *origins;
    float *features; /* [count,width] as they were given */
    float *unit;     /* [count,width] the same at length 1 */
};

/** tyto_vocabulary_from_features, of any kind. */
TYTO_NODISCARD tyto_status tyto_vocabulary_make(const float *features, const char *const *labels,
                                                int64_t count, int64_t width, tyto_query_kind kind,
                                                tyto_vocabulary **out, tyto_error *err);

/** Adds a photo's queries, which are the builder's afterwards, on failure too. */
TYTO_NODISCARD tyto_status tyto_vocabulary_builder_add_photo(tyto_vocabulary_builder *builder,
                                                             tyto_vocabulary *queries,
                                                             tyto_error *err);

/** The queries as heads take them: text_embeds[count,width], of length 1. */
tyto_tensor tyto_vocabulary_tensor(const tyto_vocabulary *vocabulary);

/** first[count]: the place of the first label that label i equals; false when memory is out. */
bool tyto_labels_firsts(const char *const *labels, int64_t count, int64_t *first);

/** Makes row[width] as long as 1; false when it is 0 or not finite, and then untouched. */
bool tyto_scale_to_unit(float *row, int64_t width);

#endif
