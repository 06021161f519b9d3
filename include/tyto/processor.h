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

/** Reads what a checkpoint folder says of an Owlv2ImageProcessor or a PerceiverImageProcessor, of
 *  their variants (…Fast, …Pil) or of their older feature extractors: `image_processor` of
 *  processor_config.json, as version 5 saves it, or else preprocessor_config.json. Absent fields
 *  take the reference's defaults. What names no class is read as config.json's model_type asks.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED (names the field), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_open(const char *folder,
                                                              tyto_image_processor **out,
                                                              tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_image_processor_destroy(tyto_image_processor *processor);

/** A switch of the processor: as its file says, or the other way. */
typedef enum tyto_switch {
    TYTO_SWITCH_AS_CONFIGURED = 0,
    TYTO_SWITCH_ON = 1,
    TYTO_SWITCH_OFF = 2
} tyto_switch;

/** What is to differ from preprocessor_config.json; by default nothing. What only the other kind
 *  of processor has is refused: do_pad is OWLv2's, the crop a Perceiver's. OWLv2's pictures are
 *  resized bilinearly after anti-aliasing, and no other `resample` is taken (the reference takes
 *  any, to no effect). */
typedef struct tyto_image_processor_options {
    size_t struct_bytes; /**< set by tyto_image_processor_options_init */
    tyto_switch do_rescale, do_pad, do_resize, do_normalize;
    double rescale_factor;       /**< 0: as configured */
    int64_t height_px, width_px; /**< of the output; 0: as configured */
    const double *mean, *std;    /**< [3] each; NULL: as configured */
    tyto_switch do_center_crop;
    int64_t crop_height_px, crop_width_px; /**< 0: as configured */
    const int *resample; /**< Pillow's number of a filter, 0 to 5; NULL: as configured */
} tyto_image_processor_options;

/** All defaults. struct_bytes is sizeof(tyto_image_processor_options). */
TYTO_API void tyto_image_processor_options_init(tyto_image_processor_options *options,
                                                size_t struct_bytes);

/** What options that were set by texts point to. Zeros at first. */
typedef struct tyto_image_processor_values {
    double mean[3], std[3];
    int resample;
    uint64_t reserved[4]; /**< zeros */
} tyto_image_processor_values;

/** Sets what people write, as "image-mean" to "0.5" or "0.48,0.46,0.41".
 *  name     size, crop-size: WIDTHxHEIGHT, or one number for a square; image-mean, image-std: one
 *           number, or R,G,B; rescale-factor: a number; pad, resize, rescale, normalize, crop:
 *           config, on or off; resample: nearest, lanczos, bilinear, bicubic, box or hamming; "_"
 *           is as good as "-"
 *  values   hold what the options then point to: they live as long, and stay where they are
 *  errors   E_ARGUMENT (another name or text; the options are as before)    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_options_set(
    tyto_image_processor_options *options, tyto_image_processor_values *values, const char *name,
    const char *text, tyto_error *err);

/** A processor that differs from another, `base`, in what the options say.
 *  memory  release *out with tyto_image_processor_destroy; `base` may go before it
 *  errors  E_ARGUMENT (NULL), E_RANGE (a size outside 1 … 16384, a std of 0, a number that is not
 *          finite, a filter that isn't), E_UNSUPPORTED (a step of the other kind), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_override(
    const tyto_image_processor *base, const tyto_image_processor_options *options,
    tyto_image_processor **out, tyto_error *err);

/** A processor without a file: the reference's defaults for a class, and what the options say.
 *  type    Owlv2ImageProcessor, PerceiverImageProcessor, or another name that files have for them
 *  memory  release *out with tyto_image_processor_destroy
 *  errors  E_UNSUPPORTED (another class, a step of the other kind), and as above */
TYTO_API TYTO_NODISCARD tyto_status
tyto_image_processor_create(const char *type, const tyto_image_processor_options *options,
                            tyto_image_processor **out, tyto_error *err);

/** The shape [channels, height, width] that a picture of this size becomes; a side may be 0 where
 *  a crop leaves nothing, which tyto_image_processor_run refuses. NULL gives [0, 0, 0]. */
TYTO_API void tyto_image_processor_shape(const tyto_image_processor *processor, int64_t width_px,
                                         int64_t height_px, int64_t shape[3]);

/** OWLv2: out[3,H,W] = normalise(resize(pad(rescale(image)))); Perceiver: out[3,H,W] =
 *  normalise(rescale(resize(centre crop(image)))). Each step as the config switches it.
 *  memory  out has room for the shape above, contiguous, aliases nothing
 *  engine  whose threads help while no other call uses them; NULL: the caller's alone. What comes
 *          out is the same
 *  errors  E_ARGUMENT, E_RANGE (a crop that leaves nothing), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_processor_run(const tyto_image_processor *processor,
                                                             const tyto_engine *engine,
                                                             const tyto_image *image, float *out,
                                                             tyto_error *err);

TYTO_END_DECLS

#endif
