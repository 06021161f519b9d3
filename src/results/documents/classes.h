/** A class in documents. */
#ifndef TYTO_RESULTS_DOCUMENTS_CLASSES_H
#define TYTO_RESULTS_DOCUMENTS_CLASSES_H

#include <stdio.h>
#include <tyto/classes_document.h>

#include "results/document.h"

#define TYTO_CLASS_NAME_BYTES 32

/** The name of a class, made in `room` when it has none. */
static inline const char *tyto_class_name(const tyto_class *item, char room[TYTO_CLASS_NAME_BYTES])
{
    if (!item->label) {
        snprintf(room, TYTO_CLASS_NAME_BYTES, "LABEL_%lld", (long long)item->label_index);
    }
    return item->label ? item->label : room;
}

/** [{"label": …, "label_index": …, "score": …, "logit": …}], without logits where they say nothing.
 */
json_t *tyto_json_classes(tyto_writer *writer, const tyto_classes *classes, bool logits);

#endif
