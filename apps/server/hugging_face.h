/** The Hugging Face inference API: {"inputs", "parameters"}, and the clouds' {"instances"}. */
#ifndef TYTO_SERVER_HUGGING_FACE_H
#define TYTO_SERVER_HUGGING_FACE_H

#include "routes.h"

/** POST / and /models/{model}, with or without /pipeline/{task}. */
void hugging_face(exchange *x, worker *w);
/** POST /invocations and /predict: the same, or {"instances": [...]} → {"predictions": [...]}. */
void hugging_face_instances(exchange *x, worker *w);

/** The name of the i-th task; NULL behind the last. */
const char *hugging_face_task(size_t i);

#endif
