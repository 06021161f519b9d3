/* Which processor a picture goes through. */
#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"

tyto_status tyto_image_processor_run_on(const tyto_image_processor *processor, tyto_pool *pool,
                                        const tyto_image *image, float *out, tyto_error *err)
{
    if (image->width_px < 1 || image->height_px < 1 || !image->data) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "image: got no pixels");
    }
    return processor->kind == TYTO_PROCESSOR_PERCEIVER
               ? tyto_perceiver_process(processor, pool, image, out, err)
               : tyto_owlv2_process(processor, pool, image, out, err);
}
