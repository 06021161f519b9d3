/** Parameters: made from a config, listed, read, written, saved, and run. */
#ifndef TYTO_PARAMETERS_H
#define TYTO_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/model.h>
#include <tyto/progress.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** All parameters of a network by their names in a checkpoint, with its config: what a trainer
 *  writes into. Those of an opened folder stay mapped, and initial values are drawn when they are
 *  asked for, so that only what was written takes memory. A tensor that a network uses in two
 *  places, such as tied embeddings, is one.
 *  threads  one thread at a time while it is written; any number of readers else */
typedef struct tyto_parameters tyto_parameters;

/** One tensor of them. Made by the library, and valid until tyto_parameters_destroy. */
typedef struct tyto_parameter {
    const char *name;             /**< in the checkpoint */
    tyto_dtype dtype;             /**< that it is held and saved in */
    int rank;                     /**< 0: a scalar */
    int64_t shape[TYTO_RANK_MAX]; /**< a dimension may be 0 */
    bool buffer;  /**< saved and loaded, but no parameter: statistics of a batch norm, counters */
    bool unused;  /**< the reference declares and saves it; the network has no use for it */
    bool initial; /**< its values are initial: no file had it, and nobody wrote it */
} tyto_parameter;

typedef struct tyto_parameters_options {
    size_t struct_bytes;       /**< set by tyto_parameters_options_init */
    uint64_t seed;             /**< of initial values; default 0 */
    const char *architecture;  /**< the reference's class, such as "Owlv2Model"; NULL: the one that
                                   the config names in `architectures`, else its model_type's
                                   first */
    const char *parts;         /**< JSON of the parts that the network is composed of, as in
                                   tyto_model_open_options; NULL: the class's own */
    size_t parts_length_bytes; /**< bytes of it */
    const char *parts_name;    /**< of it, for messages; NULL: "parts" */
    const char *parts_file;    /**< or a file that holds it, instead of `parts`; NULL: none */
    tyto_missing missing;      /**< tyto_parameters_open: tensors that are needed and not there */
    tyto_missing misshapen;    /**< tyto_parameters_open: tensors that config.json makes another
                                   shape; initial values replace them */
} tyto_parameters_options;

/** All defaults. struct_bytes is sizeof(tyto_parameters_options). */
TYTO_API void tyto_parameters_options_init(tyto_parameters_options *options, size_t struct_bytes);

/** Parameters of the network that `config`, a config.json of `length_bytes` bytes, describes, with
 *  initial values: distributions and constants are the reference's (_init_weights of its class, and
 *  torch's where that passes a parameter by); the draws are ours. An element depends on the seed,
 *  the parameter's name and its place alone: the same on every machine, and in every version with
 *  the same first number.
 *
 *  All types are F32; the config that is saved names the class and float32.
 *  name     of the config, for messages; NULL: "config"
 *  options  NULL: all defaults
 *  memory   config may go after the call; release *out with tyto_parameters_destroy
 *  errors   those of tyto_model_open for a config; E_RANGE (a standard deviation that is negative
 *           or not finite)
 *  threads  any
 *  source   Owlv2PreTrainedModel._init_weights, PerceiverPreTrainedModel._init_weights,
 *           torch.nn.Linear.reset_parameters */
TYTO_API TYTO_NODISCARD tyto_status tyto_parameters_create(const char *config, size_t length_bytes,
                                                           const char *name,
                                                           const tyto_parameters_options *options,
                                                           tyto_parameters **out, tyto_error *err);

/** The same of the config in a file, or of that in a folder.
 *  errors   E_NOT_FOUND, E_IO and E_LIMIT of that file as well */
TYTO_API TYTO_NODISCARD tyto_status
tyto_parameters_create_file(const char *path, const tyto_parameters_options *options,
                            tyto_parameters **out, tyto_error *err);

/** Parameters of the checkpoint folder `path`, in the types that its files have. Tensors that the
 *  network doesn't know, and buffers that older versions of the reference saved, are left out.
 *  errors   those of tyto_model_open; E_UNSUPPORTED (a folder of packed weights) */
TYTO_API TYTO_NODISCARD tyto_status tyto_parameters_open(const char *path,
                                                         const tyto_parameters_options *options,
                                                         tyto_parameters **out, tyto_error *err);
TYTO_API void tyto_parameters_destroy(tyto_parameters *parameters);

/** The class whose parameters these are, such as "Owlv2ForObjectDetection". */
TYTO_API const char *tyto_parameters_architecture(const tyto_parameters *parameters);
/** Tensors, buffers included; in the order of the network's own table. */
TYTO_API int64_t tyto_parameters_count(const tyto_parameters *parameters);
/** The i-th; NULL outside of 0 … count − 1. */
TYTO_API const tyto_parameter *tyto_parameters_at(const tyto_parameters *parameters, int64_t i);
/** The one of that name, or NULL. */
TYTO_API const tyto_parameter *tyto_parameters_find(const tyto_parameters *parameters,
                                                    const char *name);

/** What did not fit when a folder was opened: how many names, and the i-th or NULL. */
TYTO_API int64_t tyto_parameters_mismatch_count(const tyto_parameters *parameters, tyto_fit kind);
TYTO_API const char *tyto_parameters_mismatch(const tyto_parameters *parameters, tyto_fit kind,
                                              int64_t i);

/** Copies the values of the parameter of that name to `values`, which the caller owns.
 *  dtype    of the values: F32, F64, or the parameter's own
 *  bytes    that `values` has room for: its elements in that type, neither more nor fewer
 *  errors   E_NOT_FOUND (no such name), E_SHAPE (another number of bytes), E_ARGUMENT (a type that
 *           it can't be read as), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_parameters_read(const tyto_parameters *parameters,
                                                         const char *name, tyto_dtype dtype,
                                                         void *values, size_t bytes,
                                                         tyto_error *err);
/** Replaces the tensor that `values->name` names by a copy of values->data. The tensor takes the
 *  type of the values: F32, F64, F16 or BF16, or I64 for a counter. Models that were made before
 *  stay as they are.
 *  errors   E_NOT_FOUND, E_SHAPE (another shape), E_ARGUMENT (another type, no data), E_MEMORY (and
 *           nothing has changed) */
TYTO_API TYTO_NODISCARD tyto_status tyto_parameters_write(tyto_parameters *parameters,
                                                          const tyto_tensor *values,
                                                          tyto_error *err);

typedef struct tyto_parameters_save_options {
    size_t struct_bytes;      /**< set by tyto_parameters_save_options_init */
    bool replace;             /**< a checkpoint that lies there is replaced: its files, and nothing
                                   else */
    bool to_dtype;            /**< weights become `dtype`; else each keeps its type */
    tyto_dtype dtype;         /**< F32, F16 or BF16; rounded to nearest, ties to even */
    uint64_t max_shard_bytes; /**< a file holds no more, unless one tensor alone does; 0: 5·10⁹ */
    const char *companions;   /**< a folder whose files of processor and tokenizer are copied; NULL:
                                   the one that was opened, if any */
    /** While weights are written: stage "weights", its subject the file that grows, in bytes of
     *  all. A stop leaves nothing behind. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_parameters_save_options;

/** All defaults. struct_bytes is sizeof(tyto_parameters_save_options). */
TYTO_API void tyto_parameters_save_options_init(tyto_parameters_save_options *options,
                                                size_t struct_bytes);

/** Writes a checkpoint folder that the reference loads with nothing missing and nothing unexpected:
 *  config.json, model.safetensors or numbered shards and their index, and the files of processor
 *  and tokenizer where there are some. It is filled beside its place and appears whole or not at
 *  all; the folder that was opened may be replaced.
 *  options  NULL: all defaults
 *  memory   a few megabytes beyond the parameters
 *  errors   E_EXISTS (something is there already), E_RANGE (a number that `dtype` can't hold, with
 *           its tensor), E_ARGUMENT, E_NOT_FOUND (the folder above), E_IO, E_CANCELLED, E_MEMORY
 *  source   PreTrainedModel.save_pretrained */
TYTO_API TYTO_NODISCARD tyto_status
tyto_parameters_save(const tyto_parameters *parameters, const char *path,
                     const tyto_parameters_save_options *options, tyto_error *err);

/** A model of the parameters as they are now. It has copies of all it needs: they may be written or
 *  go while it lives. Processors are those of the folder that was opened, if any.
 *  options  precision, calibration and progress count, whose stages are those of tyto_model_open
 *           and, before them, "initial values"; NULL: all defaults
 *  memory   initial values are drawn into memory while the model is made: 4 bytes each, besides
 *           the model's own
 *  errors   those of tyto_model_open */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_create(const tyto_engine *engine,
                                                      const tyto_parameters *parameters,
                                                      const tyto_model_open_options *options,
                                                      tyto_model **out, tyto_error *err);

TYTO_END_DECLS

#endif
