/** A loaded model from the inside. */
#ifndef TYTO_RUNTIME_MODEL_H
#define TYTO_RUNTIME_MODEL_H

#include <tyto/inspect.h>
#include <tyto/model.h>
#include <tyto/tensor.h>

#include "models/architecture.h"
#include "runtime/engine.h"
#include "runtime/labels.h"
#include "runtime/names.h"
#include "runtime/registry.h"

struct tyto_model {
    char *folder; /* it was opened from */
    const tyto_engine *engine;
    const tyto_architecture *architecture;
    tyto_precision precision; /* never AUTO */
    void *network;            /* the architecture's own */
    char *head;
    tyto_tensor_file *tensors; /* looked-up tables stay mapped */
    tyto_weight_store store;
    tyto_labels labels;
    tyto_tokenizer *tokenizer;
    tyto_image_processor *image_processor;
    tyto_names mismatches[TYTO_MISMATCHES]; /* of tyto_model_open_with */
};

/** The architecture that a config's model_type and `architectures` name.
 *  composed  its parts are the user's own */
TYTO_NODISCARD tyto_status tyto_architecture_read(const json_t *config, const char *name,
                                                  bool composed, const tyto_architecture **out,
                                                  tyto_error *err);

/** A model of tensors in memory instead of a folder's. */
typedef struct tyto_model_memory {
    const char *folder; /* of processors, or NULL */
    const json_t *config;
    const char *config_name;
    const json_t *parts; /* of the user's own composition, or NULL */
    const char *parts_name;
    const tyto_tensor_file *tensors;
} tyto_model_memory;

/** memory  the model keeps none of the source */
TYTO_NODISCARD tyto_status tyto_model_open_memory(const tyto_engine *engine,
                                                  const tyto_model_memory *source, tyto_model **out,
                                                  tyto_error *err);

/** Opens a checkpoint folder's weights, in one file or in shards.
 *  memory  *name, for messages, is newly allocated (tyto_free); NULL when there are none */
TYTO_NODISCARD tyto_status tyto_weights_open(const char *folder, tyto_tensor_file **out,
                                             char **name, tyto_error *err);

/** tyto_model_open with other choices for int8 than those in the folder, borrowed. */
TYTO_NODISCARD tyto_status tyto_model_open_chosen(const tyto_engine *engine, const char *path,
                                                  const tyto_tensor_file *choices, tyto_model **out,
                                                  tyto_error *err);

/** What opening a checkpoint comes to, as far as it comes. */
typedef struct tyto_model_outlook {
    const tyto_architecture *architecture; /* NULL: config.json names none that this build runs */
    tyto_precision precision;              /* never AUTO or DEFAULT */
    bool packed;                           /* its weights are, for `packed_for` */
    tyto_precision packed_for;
    bool packed_anew; /* not taken as they lie */
    bool by_choices;  /* of the file beside the weights, for int8 */
} tyto_model_outlook;

/** tyto_model_inspect for an engine: shows the tensors, and says what opening comes to.
 *  errors  as tyto_model_inspect; *out is then what was found out before */
TYTO_NODISCARD tyto_status tyto_model_look(const tyto_engine *engine, const char *path,
                                           tyto_parameter_fn visit, void *user,
                                           tyto_model_outlook *out, tyto_error *err);

#endif
