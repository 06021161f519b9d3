/** Image processors from the inside. */
#ifndef TYTO_PROCESSORS_IMAGE_IMAGE_PROCESSOR_H
#define TYTO_PROCESSORS_IMAGE_IMAGE_PROCESSOR_H

#include <tyto/processor.h>

#include "base/pool.h"
#include "processors/class_of_model.h"

/** Largest side of a processor's output. */
#define TYTO_PROCESSOR_SIDE_MAX 16384

typedef enum tyto_image_processor_kind {
    TYTO_PROCESSOR_OWLV2,
    TYTO_PROCESSOR_PERCEIVER,
} tyto_image_processor_kind;

/** What preprocessor_config.json says, with the reference's defaults where it says nothing. */
struct tyto_image_processor {
    tyto_image_processor_kind kind;
    bool do_rescale, do_pad, do_resize, do_normalize;
    double rescale_factor;
    int64_t height, width; /* of the output */
    double mean[3], std[3];
    /* Of a Perceiver: */
    bool do_center_crop;
    int64_t crop_height, crop_width;
    int resample;         /* a tyto_resample_filter */
    bool is_whole_factor; /* rescale_factor has no fraction in the file */
};

/** tyto_image_processor_open by whoever knows what kinds of models have. */
TYTO_NODISCARD tyto_status tyto_image_processor_open_by(const char *folder,
                                                        tyto_class_of_model_fn class_of_model,
                                                        tyto_image_processor **out,
                                                        tyto_error *err);

/** tyto_image_processor_run on a pool; pool NULL: one thread. */
TYTO_NODISCARD tyto_status tyto_image_processor_run_on(const tyto_image_processor *processor,
                                                       tyto_pool *pool, const tyto_image *image,
                                                       float *out, tyto_error *err);

/* The kinds, in files of their own. */
TYTO_NODISCARD tyto_status tyto_owlv2_process(const tyto_image_processor *processor,
                                              tyto_pool *pool, const tyto_image *image, float *out,
                                              tyto_error *err);
TYTO_NODISCARD tyto_status tyto_perceiver_process(const tyto_image_processor *processor,
                                                  tyto_pool *pool, const tyto_image *image,
                                                  float *out, tyto_error *err);
void tyto_perceiver_process_shape(const tyto_image_processor *processor, int64_t width_px,
                                  int64_t height_px, int64_t shape[3]);

#endif
