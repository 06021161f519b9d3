/** A loaded model from the inside. */
#ifndef TYTO_RUNTIME_MODEL_H
#define TYTO_RUNTIME_MODEL_H

#include <tyto/model.h>
#include <tyto/tensor.h>

#include "models/architecture.h"
#include "runtime/engine.h"
#include "runtime/labels.h"
#include "runtime/registry.h"

struct tyto_model {
    char *folder; /* it was opened from */
    tyto_engine *engine;
    const tyto_architecture *architecture;
    tyto_precision precision; /* never AUTO */
    void *network;            /* the architecture's own */
    char *head;
    tyto_tensor_file *tensors; /* looked-up tables stay mapped */
    tyto_weight_store store;
    tyto_labels labels;
    tyto_tokenizer *tokenizer;
    tyto_image_processor *image_processor;
};

/** Opens a checkpoint folder's weights, in one file or in shards.
 *  memory  *name, for messages, is newly allocated (tyto_free); NULL when there are none */
TYTO_NODISCARD tyto_status tyto_weights_open(const char *folder, tyto_tensor_file **out,
                                             char **name, tyto_error *err);

/** tyto_model_open with other choices for int8 than those in the folder, borrowed. */
TYTO_NODISCARD tyto_status tyto_model_open_chosen(tyto_engine *engine, const char *path,
                                                  const tyto_tensor_file *choices, tyto_model **out,
                                                  tyto_error *err);

#endif
