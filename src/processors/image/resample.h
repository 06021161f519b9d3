/** Resizing pictures as Pillow does, to the bit. */
#ifndef TYTO_PROCESSORS_IMAGE_RESAMPLE_H
#define TYTO_PROCESSORS_IMAGE_RESAMPLE_H

#include <tyto/image.h>
#include <tyto/tensor.h>

#include "base/pool.h"

/** Pillow's filters, by its numbers. */
typedef enum tyto_resample_filter {
    TYTO_RESAMPLE_NEAREST,
    TYTO_RESAMPLE_LANCZOS,
    TYTO_RESAMPLE_BILINEAR,
    TYTO_RESAMPLE_BICUBIC,
    TYTO_RESAMPLE_BOX,
    TYTO_RESAMPLE_HAMMING,
    TYTO_RESAMPLE_FILTERS
} tyto_resample_filter;

/** *out = image in that size: one direction, then the other, each rounded to bytes, by weights in
 *  fixed point with 22 bits of fraction.
 *  memory  release *out with tyto_image_clear
 *  errors  E_LIMIT, E_MEMORY    threads  those of pool; NULL: one
 *  source  Image.resize of an RGB picture in Pillow 13, whose order of directions differs from
 * older versions' for pictures that lose much more height than width */
TYTO_NODISCARD tyto_status tyto_resample(const tyto_image *image, tyto_resample_filter filter,
                                         int64_t width_px, int64_t height_px, tyto_pool *pool,
                                         tyto_image *out, tyto_error *err);

/** tyto_resize_filtered on a pool; pool NULL: one thread. */
TYTO_NODISCARD tyto_status tyto_resample_tensor(const tyto_tensor *image,
                                                tyto_resample_filter filter, tyto_pool *pool,
                                                tyto_tensor *out, tyto_error *err);

#endif
