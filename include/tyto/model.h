/** Models: a checkpoint folder, opened and bound. */
#ifndef TYTO_MODEL_H
#define TYTO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/processor.h>
#include <tyto/tokenizer.h>

TYTO_BEGIN_DECLS

/** A loaded model: immutable, shareable between threads, outlives its sessions. */
typedef struct tyto_model tyto_model;

/** Opens the checkpoint folder `path` (config.json, preprocessor_config.json, tokenizer files, and
 *  as weights the first of model.safetensors, model.safetensors.index.json, pytorch_model.bin and
 *  pytorch_model.bin.index.json that is there) and packs the weights; a folder that
 *  tyto_model_pack wrote is mapped instead. Processors are read when the files are there; a model
 *  without them still runs tyto_forward, and so, after a warning, does one whose image processor is
 *  of a kind that this build lacks.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT (every missing or misshapen tensor in one message),
 *          E_UNSUPPORTED (a config value that can't be honoured), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_open(tyto_engine *engine, const char *path,
                                                    tyto_model **out, tyto_error *err);
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
TYTO_API int64_t tyto_model_labels(const tyto_model *model);
TYTO_API const char *tyto_model_label(const tyto_model *model, int64_t i);
/** The precision that the model computes with: the engine's, or what that made of auto. */
TYTO_API tyto_precision tyto_model_precision(const tyto_model *model);
/** Number of parameters, and bytes that the packed weights hold. */
TYTO_API int64_t tyto_model_parameters(const tyto_model *model);
TYTO_API size_t tyto_model_weight_bytes(const tyto_model *model);

TYTO_END_DECLS

#endif
