/** Pictures to network inputs, as preprocessor_config.json describes. */
#ifndef TYTO_PROCESSOR_H
#define TYTO_PROCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Immutable: any number of threads may use one. */
typedef struct tyto_image_processor tyto_image_processor;

/** Reads preprocessor_config.json from a checkpoint folder, as Owlv2ImageProcessor or
 *  PerceiverImageProcessor writes it, or their older feature extractors; absent fields take the
 *  reference's defaults. A file that names none is read as config.json's model_type asks.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED (names the field), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_open(const char *folder,
                                                              tyto_image_processor **out,
                                                              tyto_error *err);
TYTO_API void tyto_image_processor_destroy(tyto_image_processor *processor);

/** The shape [channels, height, width] that a picture of this size becomes; a side may be 0 where
 *  a crop leaves nothing, which tyto_image_processor_run refuses. */
TYTO_API void tyto_image_processor_shape(const tyto_image_processor *processor, int64_t width_px,
                                         int64_t height_px, int64_t shape[3]);

/** OWLv2: out[3,H,W] = normalise(resize(pad(rescale(image)))); Perceiver: out[3,H,W] =
 *  normalise(rescale(resize(centre crop(image)))). Each step as the config switches it.
 *  memory  out has room for the shape above, contiguous, aliases nothing
 *  engine  threads and kernels; may be NULL: one thread, scalar
 *  errors  E_ARGUMENT, E_RANGE (a crop that leaves nothing), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_run(const tyto_image_processor *processor,
                                                             tyto_engine *engine,
                                                             const tyto_image *image, float *out,
                                                             tyto_error *err);

TYTO_END_DECLS

#endif
