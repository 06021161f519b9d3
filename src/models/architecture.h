/** What a family of models gives to the runtime: how it is opened, and its heads. */
#ifndef TYTO_MODELS_ARCHITECTURE_H
#define TYTO_MODELS_ARCHITECTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <tyto/tensor.h>

#include "models/family_tasks.h"
#include "models/io.h"
#include "nn/exec.h"
#include "weights/binder.h"

/** Everything that opening a model may use. The model keeps none of it but what the store owns
 *  and what its tables point at in the file. */
typedef struct tyto_model_source {
    const json_t *config;    /* config.json */
    const char *config_name; /* for messages */
    const json_t *parts;     /* the user's own composition, or NULL */
    const char *parts_name;
    const tyto_tensor_file *tensors;
    const char *tensors_name;
    tyto_weight_store *store;
    const tyto_kernels *kernels;
    tyto_pool *pool;
} tyto_model_source;

/** One network of a model, run on named tensors. */
typedef struct tyto_head {
    const char *name; /* `Class` or `Class.method`, as the reference spells it */
    /** Reads the inputs, checks them, and declares the outputs. Everything that can be refused is
     *  refused here, before any arithmetic. *request, in scratch, is what `run` gets. */
    tyto_status (*declare)(const void *model, tyto_exec *exec, tyto_io *io, void **request);
    /** Computes the outputs that were declared and are wanted. */
    tyto_status (*run)(const void *model, tyto_exec *exec, tyto_io *io, void *request);
} tyto_head;

/** Names, types and shapes of a typical run of a head, for measurements; data is NULL. */
typedef struct tyto_example {
    tyto_tensor inputs[4];
    size_t n_inputs;
    const char *wanted[4];
    size_t n_wanted;
} tyto_example;

/** Sizes of a head's inputs that its caller chooses; each ≥ 1. */
typedef struct tyto_sizes {
    int64_t batch, queries, tokens, rows;
} tyto_sizes;

/** A kind of checkpoint: a class of a family, and what of it can be run. Adding one means its
 *  family's folder and a line in the registry. */
typedef struct tyto_architecture {
    const char *model_type;   /* of config.json */
    const char *default_head; /* the class that config.json's `architectures` names; the first of a
                                 model_type serves when it names none */
    bool has_own_tokenizer;   /* which needs no files in the checkpoint's folder */
    /* The reference's classes of its processors, where a checkpoint's files name none; NULL: CLIP's
     * tokenizer, OWLv2's image processor. */
    const char *tokenizer, *image_processor;
    const tyto_family_tasks *tasks; /* what can be asked for; never NULL */
    const tyto_head *heads;
    size_t n_heads;
    /** unexpected: as tyto_binder_finish gives it. */
    tyto_status (*open)(const tyto_model_source *source, void **model, char **unexpected,
                        tyto_error *err);
    void (*close)(void *model);
    /** Numbers of an embedding that stands for a query; NULL: there are no queries. */
    int64_t (*query_width)(const void *model);
    /** Pixels of a patch's side, and patches along the side of a picture; NULL: there are none. */
    void (*patches)(const void *model, int64_t *side_px, int64_t *grid);
    /** False when there is no example of that head. batch and queries ≥ 1. */
    bool (*example)(const void *model, const char *head, int64_t batch, int64_t queries,
                    tyto_example *out);
    /** The inputs that a head commonly takes, of these sizes, and nothing wanted. False when there
     *  is no such head, or what it takes isn't known. */
    bool (*signature)(const void *model, const char *head, const tyto_sizes *sizes,
                      tyto_example *out);
} tyto_architecture;

/** A checkpoint that the family's makers have published, for advice. */
typedef struct tyto_published {
    const char *id;    /* on the hub; NULL behind the last of a list */
    const char *class; /* as tyto_architecture.default_head */
} tyto_published;

/** All that a family's folder gives to the runtime, as `tyto_NAME_family`; FAMILY(NAME) in
 *  runtime/families.def is the line that adds it. */
typedef struct tyto_family {
    const tyto_architecture *const *architectures;
    size_t count;
    const tyto_architecture *composed; /* the one that takes a user's own parts
                                          (tyto_model_source.parts); or NULL */
    const tyto_published *published;   /* the one to name first for each class comes first */
} tyto_family;

#endif
