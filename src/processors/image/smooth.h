/** Resizing by a gaussian and linear sampling, pass by pass, in the picture's own numbers. */
#ifndef TYTO_PROCESSORS_IMAGE_SMOOTH_H
#define TYTO_PROCESSORS_IMAGE_SMOOTH_H

#include <tyto/tensor.h>

#include "base/pool.h"

/** tyto_resize_antialiased on a pool; pool NULL: one thread. */
TYTO_NODISCARD tyto_status tyto_smooth(const tyto_tensor *image, const double *sigma,
                                       tyto_pool *pool, tyto_tensor *out, tyto_error *err);

/** Refuses pictures that aren't [H,W,C] with 1 to `channels` channels, an output of another type or
 *  number of channels, and sides that are too large. */
TYTO_NODISCARD tyto_status tyto_resize_check(const tyto_tensor *image, int64_t channels,
                                             const tyto_tensor *out, tyto_error *err);

#endif
