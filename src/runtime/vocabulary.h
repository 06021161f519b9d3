/** A vocabulary from the inside. */
#ifndef TYTO_RUNTIME_VOCABULARY_H
#define TYTO_RUNTIME_VOCABULARY_H

#include <tyto/detect.h>

struct tyto_vocabulary {
    size_t count;
    int64_t width;
    char **texts;
    float *embeds; /* [count,width] of length 1 */
};

#endif
