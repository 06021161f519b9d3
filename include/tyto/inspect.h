/** Looking at a checkpoint without loading it: what its files hold, whether they fit, and what
 *  opening it will come to. */
#ifndef TYTO_INSPECT_H
#define TYTO_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/engine.h>
#include <tyto/progress.h>
#include <tyto/tasks.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** A tensor that is needed or there. */
typedef struct tyto_checkpoint_tensor {
    const char *name;
    tyto_fit fit;
    const tyto_tensor *tensor;    /**< in the file; NULL when missing */
    int rank;                     /**< of the shape that is required; −1 when none is */
    int64_t shape[TYTO_RANK_MAX]; /**< that shape */
    uint64_t reserved[4];
} tyto_checkpoint_tensor;

/** Receives a tensor. memory: everything lives until it returns */
typedef void (*tyto_checkpoint_tensor_fn)(void *user, const tyto_checkpoint_tensor *parameter);

/** Shows `visit` every tensor that the checkpoint folder's network needs, and then every other
 *  that its files hold, each once. No weights are read, so it takes no time.
 *  errors  as tyto_model_open, but tensors that don't fit are no error here
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_inspect(const char *path,
                                                       tyto_checkpoint_tensor_fn visit, void *user,
                                                       tyto_error *err);

/** What was found out about a checkpoint, or about files of tensors.
 *  threads  immutable: any number */
typedef struct tyto_inspection tyto_inspection;

/** Looks at a checkpoint folder: its architecture, parameters, types, sizes, processors and config,
 *  which tensors fit, and what tyto_model_open will make of it with this engine: the precision that
 *  it computes in, whether weights are packed anew, what it can be asked for, and what it lacks for
 *  that. No weights are read. What can't be read or opened is no error: the inspection says so.
 *  memory   release *out with tyto_inspection_destroy
 *  errors   E_NOT_FOUND (no such folder), E_MEMORY
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_inspection_create(const tyto_engine *engine,
                                                           const char *path, tyto_inspection **out,
                                                           tyto_error *err);
typedef struct tyto_inspection_options {
    size_t struct_bytes; /**< set by tyto_inspection_options_init */
    tyto_log_fn log;     /**< receives what can't be read, as errors; NULL: nobody */
    void *log_user;
    /** While numbers are read: stage "tensors", its subject the file, in tensors of that file. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_inspection_options;

/** All defaults. struct_bytes is sizeof(tyto_inspection_options). */
TYTO_API void tyto_inspection_options_init(tyto_inspection_options *options, size_t struct_bytes);

/** Looks at files of tensors, .safetensors or torch's: each tensor's type and shape, and the least,
 *  largest and mean of its finite numbers. A file that can't be read is logged as an error; the
 *  others are looked at all the same.
 *  paths    [count]
 *  options  NULL: the defaults
 *  memory   release *out with tyto_inspection_destroy
 *  errors   E_ARGUMENT, E_CANCELLED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_inspection_create_files(
    const char *const *paths, int64_t count, const tyto_inspection_options *options,
    tyto_inspection **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_inspection_destroy(tyto_inspection *inspection);

/** Whether the checkpoint can be used as it is; of files, whether all could be read. */
TYTO_API bool tyto_inspection_is_whole(const tyto_inspection *inspection);
/** The precision that a model of this checkpoint computes in with that engine. */
TYTO_API tyto_precision tyto_inspection_precision(const tyto_inspection *inspection);
/** Whether its class has the task. That it can be done needs what the documents list as "lacks". */
TYTO_API bool tyto_inspection_offers(const tyto_inspection *inspection, tyto_task task);

/** The whole as one object of JSON; of files, an array with an object for each.
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_inspection_json(const tyto_inspection *inspection,
                                                         tyto_bytes *out, tyto_error *err);
/** The same for people. tensors: list every tensor of a checkpoint, as JSON always does. */
TYTO_API TYTO_NODISCARD tyto_status tyto_inspection_text(const tyto_inspection *inspection,
                                                         bool tensors, tyto_bytes *out,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
