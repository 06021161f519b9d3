/** Checkpoints written anew, as the reference saves them. */
#ifndef TYTO_CONVERT_H
#define TYTO_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/calibrate.h>
#include <tyto/model.h>
#include <tyto/progress.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

typedef struct tyto_convert_options {
    size_t struct_bytes;      /**< set by tyto_convert_options_init */
    bool to_dtype;            /**< weights become `dtype`; else each keeps its type */
    tyto_dtype dtype;         /**< F32, F16 or BF16; rounded to nearest, ties to even */
    uint64_t max_shard_bytes; /**< a file holds no more, unless one tensor alone does; 0: 5·10⁹ */
    bool force; /**< replaces what is in the folder: a checkpoint's files, and nothing else */
    const tyto_calibration *calibration; /**< of the same checkpoint: int8.safetensors is written
                                              with what it chooses; NULL: copied, if it is there */
    tyto_choice_fn report;               /**< receives what is chosen; NULL: nobody */
    void *report_user;
    /** Before each choice (stage "choices", its subject the product), and while weights are written
     *  (stage "weights", its subject the file that grows, in bytes of all). A stop leaves nothing
     *  behind. */
    tyto_progress_fn progress;
    void *progress_user;
    tyto_log_fn log; /**< receives the tensors that the network doesn't use */
    void *log_user;
    /* Of tyto_checkpoint_convert: */
    tyto_precision precision; /**< weights are packed for it; DEFAULT, the default: they are written
                                   as the reference saves them */
    const tyto_calibration_samples *samples; /**< the network runs on them first, in fp32, and what
                                                  it makes of them is the calibration; NULL: none */
    const tyto_image_options *image;         /**< how their photos are read; NULL: the defaults */
} tyto_convert_options;

/** Types stay, 5·10⁹ bytes of a file, nothing is replaced. struct_bytes:
 *  sizeof(tyto_convert_options). */
TYTO_API void tyto_convert_options_init(tyto_convert_options *options, size_t struct_bytes);

/** Writes the checkpoint folder `path`, whatever the form of its weights, to the folder `out`:
 *  model.safetensors, or numbered shards and their index, where the reference's save_pretrained
 *  would cut; config.json, whose torch_dtype follows `dtype`; and copies of the files of processor
 *  and tokenizer. Names stay. Tensors that share memory are each written in full; those that the
 *  network has no use for are kept, with a warning; buffers that older versions of the reference
 *  saved (position_ids, box_bias) are left out, as newer ones do.
 *
 *  The folder appears whole or not at all: it is filled beside its place. The two may be the same.
 *  options  NULL: the defaults
 *  memory   a few megabytes, whatever the checkpoint's size
 *  errors   E_EXISTS (something else is there already), E_RANGE (a number that `dtype` can't
 *           hold, with its tensor), E_FORMAT (every tensor that doesn't fit config.json),
 *           E_NOT_FOUND, E_IO (a full disk), E_CANCELLED, E_UNSUPPORTED (packed weights), E_LIMIT,
 *           E_MEMORY
 *  threads  any
 *  source   PreTrainedModel.save_pretrained, shard_checkpoint */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_convert(const char *path, const char *out,
                                                       const tyto_convert_options *options,
                                                       tyto_error *err);

/** Writes a model as it is bound here to the folder `out`: its weights packed for this CPU's
 *  kernels and in the model's precision (see tyto_model_precision), in model.packed.safetensors,
 *  with copies of config.json and the files of processor and tokenizer. tyto_model_open binds such
 *  a folder by mapping it, without reading it, and processes share its pages; on a CPU whose
 *  kernels cut otherwise, or in another precision, it packs the weights anew. tyto alone reads it.
 *
 *  The folder appears whole or not at all.
 *  options  force and progress count; NULL: the defaults
 *  errors   as tyto_model_convert
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_pack(const tyto_model *model, const char *out,
                                                    const tyto_convert_options *options,
                                                    tyto_error *err);

/** Does what the options say with the checkpoint folder `path`: calibrates it on samples,
 *  then packs it for a precision (tyto_model_pack) or writes it as the reference saves it
 *  (tyto_model_convert).
 *  engine   NULL: neither packs nor calibrates
 *  options  all count; NULL: the defaults. Progress has the stages of those calls, of
 *           tyto_model_open and of tyto_calibration_run
 *  errors   those of these calls
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_checkpoint_convert(const tyto_engine *engine,
                                                            const char *path, const char *out,
                                                            const tyto_convert_options *options,
                                                            tyto_error *err);

TYTO_END_DECLS

#endif
