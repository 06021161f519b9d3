/** Perceivers composed of chosen parts. */
#ifndef TYTO_PERCEIVER_H
#define TYTO_PERCEIVER_H

#include <stddef.h>
#include <tyto/model.h>

TYTO_BEGIN_DECLS

/** Opens a Perceiver checkpoint as a PerceiverModel of the parts that `parts`, JSON of `length`
 *  bytes, describes:
 *
 *      {"input_preprocessor": PART, "decoder": PART, "output_postprocessor": PART}
 *
 *  each of them optional. A PART is an object with "type", the reference's class, and the arguments
 *  of its constructor under their names, `config` left out. "modalities" holds parts by name.
 *
 *      {"input_preprocessor": {"type": "PerceiverTextPreprocessor"},
 *       "decoder": {"type": "PerceiverClassificationDecoder", "num_channels": 1280,
 *                   "trainable_position_encoding_kwargs": {"num_channels": 1280, "index_dims": 1},
 *                   "use_query_residual": true}}
 *
 *  Types: PerceiverTextPreprocessor, -ImagePreprocessor, -OneHotPreprocessor, -AudioPreprocessor,
 *  -MultimodalPreprocessor; PerceiverProjectionDecoder, -BasicDecoder, -ClassificationDecoder,
 *  -OpticalFlowDecoder, -BasicVideoAutoencodingDecoder, -MultimodalDecoder;
 *  PerceiverProjectionPostprocessor, -AudioPostprocessor, -ClassificationPostprocessor,
 *  -MultimodalPostprocessor.
 *
 *  The weights are those of PerceiverModel.save_pretrained, or lie below "perceiver." in a
 *  checkpoint of a class that wraps one. The head is "PerceiverModel"; its inputs are `inputs` or
 *  inputs.MODALITY, attention_mask, head_mask, subsampled_output_points or
 *  subsampled_output_points.MODALITY, and mask_seed where a modality is masked at random.
 *
 *  name     of the description, for messages; NULL: "parts"
 *  memory   parts may go after the call; release *out with tyto_model_destroy
 *  errors   those of tyto_model_open; E_FORMAT for an unknown part or argument, and for channels
 *           that don't fit, with both numbers
 *  threads  any
 *  source   PerceiverModel(config, input_preprocessor, decoder, output_postprocessor) */
TYTO_API TYTO_NODISCARD tyto_status tyto_perceiver_open(tyto_engine *engine, const char *path,
                                                        const char *parts, size_t length,
                                                        const char *name, tyto_model **out,
                                                        tyto_error *err);
/** The same with the description in a file.
 *  errors  E_NOT_FOUND, E_IO and E_LIMIT of that file as well */
TYTO_API TYTO_NODISCARD tyto_status tyto_perceiver_open_file(tyto_engine *engine, const char *path,
                                                             const char *parts_path,
                                                             tyto_model **out, tyto_error *err);

TYTO_END_DECLS

#endif
