/** The Open Inference Protocol, version 2: named tensors of any head. */
#ifndef TYTO_SERVER_INFERENCE_H
#define TYTO_SERVER_INFERENCE_H

#include "routes.h"

/** POST /v2/models/{model}/infer, with or without /versions/{version}: JSON, with the tensors'
 *  numbers in it or as bytes behind it. */
void inference(exchange *x, worker *w);
/** GET /v2/models/{model} and below. */
void inference_model(exchange *x);
void inference_ready(exchange *x);
void inference_stats(exchange *x);
/** POST /v2/repository/index, …/models/{model}/load and …/unload. */
void inference_index(exchange *x);
void inference_load(exchange *x, worker *w);
void inference_unload(exchange *x);

#endif
