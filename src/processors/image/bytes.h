/** Resizing a picture that stays bytes, as the reference does when do_rescale is off. */
#ifndef TYTO_PROCESSORS_IMAGE_BYTES_H
#define TYTO_PROCESSORS_IMAGE_BYTES_H

#include "processors/image/image_processor.h"

/** What 0.5, the padding's value, becomes as a byte. */
#define TYTO_BYTE_PADDING 0.0

/** Pads (when do_pad) and resizes: each pass of the gaussian cuts to a byte, linear sampling
 *  rounds to one.
 *  memory  release *out with tyto_image_clear */
TYTO_NODISCARD tyto_status tyto_resize_bytes(const tyto_image_processor *processor,
                                             const tyto_image *image, tyto_pool *pool,
                                             tyto_image *out, tyto_error *err);

#endif
