/* Which processor a picture goes through. */
#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"

void tyto_image_processor_shape(const tyto_image_processor *processor, int64_t width_px,
                                int64_t height_px, int64_t shape[3])
{
    if (processor->kind == TYTO_PROCESSOR_PERCEIVER) {
        tyto_perceiver_process_shape(processor, width_px, height_px, shape);
        return;
    }
    const int64_t side = tyto_max_i64(width_px, height_px);
    shape[0] = 3;
    shape[1] = processor->do_resize ? processor->height : processor->do_pad ? side : height_px;
    shape[2] = processor->do_resize ? processor->width : processor->do_pad ? side : width_px;
}

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
