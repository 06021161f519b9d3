/** Names of classes, as config.json's id2label gives them. */
#ifndef TYTO_RUNTIME_LABELS_H
#define TYTO_RUNTIME_LABELS_H

#include <jansson.h>
#include <tyto/status.h>

typedef struct tyto_labels {
    char **names; /* [count], NULL for a class without a name */
    int64_t count;
} tyto_labels;

/** Most names. */
#define TYTO_LABELS_MAX (1 << 20)

/** Reads id2label. Names are for people: what is no name is left out, and none at all is fine.
 *  file    for messages
 *  errors  E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_labels_read(const json_t *config, const char *file,
                                            tyto_labels *out, tyto_error *err);
void tyto_labels_clear(tyto_labels *labels);

#endif
