/** Image processors from the inside. */
#ifndef TYTO_PROCESSORS_IMAGE_IMAGE_PROCESSOR_H
#define TYTO_PROCESSORS_IMAGE_IMAGE_PROCESSOR_H

#include <tyto/processor.h>

#include "base/pool.h"

/** Largest side of a processor's output. */
#define TYTO_PROCESSOR_SIDE_MAX 16384

/** What preprocessor_config.json says, with the reference's defaults where it says nothing. */
struct tyto_image_processor {
    bool do_rescale, do_pad, do_resize, do_normalize;
    double rescale_factor;
    int64_t height, width; /* of the output */
    double mean[3], std[3];
};

/** tyto_image_processor_run on a pool; pool NULL: one thread. */
TYTO_NODISCARD tyto_status tyto_image_processor_run_on(const tyto_image_processor *processor,
                                                       tyto_pool *pool, const tyto_image *image,
                                                       float *out, tyto_error *err);

#endif
