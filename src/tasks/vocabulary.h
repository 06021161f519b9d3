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
    float *features; /* [count,width] as they were given */
    float *embeds;   /* [count,width] the same at length 1 */
};

/** first[count]: the first query that has the label of query i; false when memory is out. */
bool tyto_vocabulary_firsts(const tyto_vocabulary *vocabulary, size_t *first);

/** Makes row[width] as long as 1; false when it is 0 or not finite, and then untouched. */
bool tyto_scale_to_unit(float *row, int64_t width);

#endif
