/** A loaded model from the inside. */
#ifndef TYTO_RUNTIME_MODEL_H
#define TYTO_RUNTIME_MODEL_H

#include <tyto/inspect.h>
#include <tyto/model.h>
#include <tyto/tensor.h>

#include "models/architecture.h"
#include "runtime/advice.h"
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
    tyto_advice advice;
    tyto_tokenizer *tokenizer;
    tyto_image_processor *image_processor;
    tyto_names mismatches[TYTO_FITS]; /* where initial values are allowed, or it was asked for */
};

/** The architecture that a config's model_type and `architectures` name.
 *  composed  its parts are the user's own */
TYTO_NODISCARD tyto_status tyto_architecture_read(const json_t *config, const char *name,
                                                  bool composed, const tyto_architecture **out,
                                                  tyto_error *err);

/** Reads the description of the user's own parts, from `text` of `length` bytes or from a file;
 *  NULL when both are NULL.
 *  name    what messages call a text; NULL: "parts"
 *  memory  *called, for messages, lives as long as name and file
 *  errors  E_ARGUMENT (both are given), and those of tyto_json_load */
TYTO_NODISCARD tyto_status tyto_parts_read(const char *text, size_t length, const char *name,
                                           const char *file, json_t **out, const char **called,
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

/** How a model is opened; all of it is borrowed for that time. NULL: as its folder says. */
typedef struct tyto_model_opening {
    tyto_precision precision; /* DEFAULT: the engine's */
    const json_t *parts;      /* of the user's own composition */
    const char *parts_name;   /* for messages */
    tyto_checkpoint_tensor_fn
        visit; /* nothing but names and shapes of tensors is looked at, and shown */
    void *user;
    const tyto_tensor_file *choices; /* for int8, instead of those beside the weights */
    const tyto_tensor_file *tensors; /* instead of the folder's weights */
    tyto_model_outlook *outlook;
    tyto_progress_fn progress;
    void *progress_user;
} tyto_model_opening;

TYTO_NODISCARD tyto_status tyto_model_open_folder(const tyto_engine *engine, const char *path,
                                                  const tyto_model_opening *how, tyto_model **out,
                                                  tyto_error *err);
/** The same with a config in memory.
 *  folder  of processors, and of weights unless how->tensors are there; NULL: none */
TYTO_NODISCARD tyto_status tyto_model_open_config(const tyto_engine *engine, const char *folder,
                                                  const json_t *config, const char *config_name,
                                                  const tyto_model_opening *how, tyto_model **out,
                                                  tyto_error *err);

/** Opens a checkpoint folder's weights, in one file or in shards.
 *  memory  *name, for messages, is newly allocated (tyto_free); NULL when there are none */
TYTO_NODISCARD tyto_status tyto_weights_open(const char *folder, tyto_tensor_file **out,
                                             char **name, tyto_error *err);

/** tyto_model_inspect for an engine: shows the tensors, and says what opening comes to.
 *  errors  as tyto_model_inspect; *out is then what was found out before */
TYTO_NODISCARD tyto_status tyto_model_look(const tyto_engine *engine, const char *path,
                                           tyto_checkpoint_tensor_fn visit, void *user,
                                           tyto_model_outlook *out, tyto_error *err);

#endif
