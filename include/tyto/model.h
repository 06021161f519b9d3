/** Models: a checkpoint folder, opened and bound. */
#ifndef TYTO_MODEL_H
#define TYTO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/choice.h>
#include <tyto/engine.h>
#include <tyto/precision.h>
#include <tyto/processor.h>
#include <tyto/progress.h>
#include <tyto/tokenizer.h>

TYTO_BEGIN_DECLS

/** A loaded model: immutable, shareable between threads, outlives its sessions. */
typedef struct tyto_model tyto_model;

/** The threshold of checkpoints that recommend none: of scores after texts, and after examples,
 *  which are higher. */
#define TYTO_THRESHOLD_COMMON 0.1F
#define TYTO_THRESHOLD_EXAMPLES 0.6F

/** What becomes of tensors that don't fit config.json. */
typedef enum tyto_missing {
    TYTO_MISSING_REFUSE = 0,    /**< an error that lists all of them */
    TYTO_MISSING_INITIALISE = 1 /**< initial values, as tyto_parameters_create draws them */
} tyto_missing;

typedef struct tyto_model_open_options {
    size_t struct_bytes;      /**< set by tyto_model_open_options_init */
    tyto_precision precision; /**< that the model computes in; DEFAULT, the default: the engine's */
    tyto_missing missing;     /**< tensors that are needed and not there; default: refused */
    tyto_missing misshapen;   /**< tensors of another shape than config.json's; default: refused */
    uint64_t seed;            /**< of initial values; default 0 */
    bool list_mismatches; /**< tyto_model_mismatch_count gives what did not fit; it does in any case
                                   where initial values are allowed */

    /** JSON of the parts that a network is composed of instead of those that its class has, for
     *  classes that take some: docs/perceiver.md has a Perceiver's. NULL: the class's own. */
    const char *parts;
    size_t parts_length_bytes; /**< bytes of it */
    const char *parts_name;    /**< of it, for messages; NULL: "parts" */
    const char *parts_file;    /**< or a file that holds it, instead of `parts`; NULL: none */

    /** Its choices for int8 are taken instead of those in the folder: notes of the same checkpoint.
     *  NULL: none. */
    const tyto_calibration *calibration;
    tyto_choice_fn report; /**< receives what is chosen by it; NULL: nobody */
    void *report_user;

    /** Before each choice (stage "choices", its subject the product), before each tensor is bound
     *  (stage "tensors"), and while products of weights are made (stage "folding"). A stop leaves
     *  nothing behind. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_model_open_options;

/** All defaults. struct_bytes is sizeof(tyto_model_open_options). */
TYTO_API void tyto_model_open_options_init(tyto_model_open_options *options, size_t struct_bytes);

/** Opens the checkpoint folder `path` (config.json, preprocessor_config.json, tokenizer files, and
 *  as weights the first of model.safetensors, model.safetensors.index.json, pytorch_model.bin and
 *  pytorch_model.bin.index.json that is there) and packs the weights; a folder that
 *  tyto_model_pack wrote is mapped instead. Processors are read when the files are there; a model
 *  without them still runs tyto_forward, and so, after a warning, does one whose image processor is
 *  of a kind that this build lacks.
 *  options  NULL: all defaults
 *  memory   the model keeps nothing of the options; release *out with tyto_model_destroy
 *  errors   E_ARGUMENT (NULL; parts given twice), E_NOT_FOUND, E_IO, E_FORMAT (every missing or
 *           misshapen tensor in one message; a part or argument that isn't known, channels that
 *           don't fit), E_UNSUPPORTED (a config value that can't be honoured; parts of a class that
 *           takes none), E_CANCELLED, E_LIMIT, E_MEMORY
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_open(const tyto_engine *engine, const char *path,
                                                    const tyto_model_open_options *options,
                                                    tyto_model **out, tyto_error *err);

/** What the network that config.json describes makes of a tensor. */
typedef enum tyto_fit {
    TYTO_FIT_GOOD = 0,      /**< it is used */
    TYTO_FIT_MISSING = 1,   /**< it is needed, or declared by the reference, and not there */
    TYTO_FIT_SHAPE = 2,     /**< config.json makes it another shape */
    TYTO_FIT_TYPE = 3,      /**< its type can't be used for weights */
    TYTO_FIT_IGNORED = 4,   /**< a buffer that older versions saved */
    TYTO_FIT_UNEXPECTED = 5 /**< the network has no use for it */
} tyto_fit;

/** Of a model that was opened with initial values allowed, or with list_mismatches: how many
 *  tensors did not fit in that way (MISSING, SHAPE or UNEXPECTED), and the name of the i-th, or
 *  NULL. 0 for a folder of packed weights, and for any other model. */
TYTO_API int64_t tyto_model_mismatch_count(const tyto_model *model, tyto_fit kind);
TYTO_API const char *tyto_model_mismatch(const tyto_model *model, tyto_fit kind, int64_t i);

/** NULL is fine. */
TYTO_API void tyto_model_destroy(tyto_model *model);

/** The head that config.json's `architectures` names, such as "Owlv2ForObjectDetection". */
TYTO_API const char *tyto_model_head(const tyto_model *model);
/** Whether tyto_forward has a head of that name here, such as
 *  "Owlv2ForObjectDetection.image_guided_detection". */
TYTO_API bool tyto_model_has_head(const tyto_model *model, const char *head);
/** The width of a vocabulary's embeddings that the model compares; 0: it compares none. */
TYTO_API int64_t tyto_model_query_width(const tyto_model *model);
/** The checkpoint's tokenizer, or NULL when it has none. */
TYTO_API const tyto_tokenizer *tyto_model_tokenizer(const tyto_model *model);
/** The checkpoint's image processor, or NULL when it has none. */
TYTO_API const tyto_image_processor *tyto_model_image_processor(const tyto_model *model);
/** How many classes config.json's id2label names, and the name of class i: NULL when it has none.
 */
TYTO_API int64_t tyto_model_label_count(const tyto_model *model);
TYTO_API const char *tyto_model_label(const tyto_model *model, int64_t i);
/** What scores are compared with when nobody says otherwise: what the checkpoint recommends
 *  ("threshold" in the object "tyto" of its config.json), or else TYTO_THRESHOLD_EXAMPLES where
 *  pictures are examples, and TYTO_THRESHOLD_COMMON. */
TYTO_API float tyto_model_threshold(const tyto_model *model, bool examples);
/** A line about what the checkpoint is for ("note" in the same object), or NULL. */
TYTO_API const char *tyto_model_note(const tyto_model *model);
/** The precision that the model computes with: the engine's or, for AUTO and DEFAULT, what was
 *  chosen for this checkpoint. */
TYTO_API tyto_precision tyto_model_precision(const tyto_model *model);
/** Number of parameters, and bytes that the packed weights hold. */
TYTO_API int64_t tyto_model_parameter_count(const tyto_model *model);
TYTO_API size_t tyto_model_weight_bytes(const tyto_model *model);

TYTO_END_DECLS

#endif
