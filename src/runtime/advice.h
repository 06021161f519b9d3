/** What a checkpoint says of its own use: the object "tyto" of its config.json,
 *  {"threshold": 0.4, "note": "knows …"}. Other programs ignore it. */
#ifndef TYTO_RUNTIME_ADVICE_H
#define TYTO_RUNTIME_ADVICE_H

#include <jansson.h>
#include <tyto/status.h>

typedef struct tyto_advice {
    float threshold; /* of scores after texts; below 0: none is recommended */
    char *note;      /* one line for people, or NULL */
} tyto_advice;

/** Longest note. */
#define TYTO_ADVICE_NOTE_BYTES_MAX 1000

/** file    for messages
 *  memory  release with tyto_advice_clear
 *  errors  E_FORMAT (a threshold or a note that is none), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_advice_read(const json_t *config, const char *file,
                                            tyto_advice *out, tyto_error *err);
void tyto_advice_clear(tyto_advice *advice);

#endif
