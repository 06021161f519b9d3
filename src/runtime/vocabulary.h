/** A vocabulary from the inside. */
#ifndef TYTO_RUNTIME_VOCABULARY_H
#define TYTO_RUNTIME_VOCABULARY_H

#include <tyto/vocabulary.h>

/** Most queries of one vocabulary. */
#define TYTO_VOCABULARY_MAX ((size_t)1 << 20)

struct tyto_vocabulary {
    size_t count;
    int64_t width;
    char **texts;
    float *embeds; /* [count,width] of length 1 */
};

/** A vocabulary with labels and no embeddings yet.
 *  errors  E_ARGUMENT (no label, or too many), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_vocabulary_start(const char *const *labels, size_t count,
                                                 tyto_vocabulary **out, tyto_error *err);

/** first[count]: the first query that has the label of query i; false when memory is out. */
bool tyto_vocabulary_firsts(const tyto_vocabulary *vocabulary, size_t *first);

/** Makes row[width] as long as 1; false when it is 0 or not finite, and then untouched. */
bool tyto_scale_to_unit(float *row, int64_t width);

#endif
