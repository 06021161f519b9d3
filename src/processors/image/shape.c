/* How large a picture comes out of its processor. */
#include "base/memory.h"
#include "processors/image/image_processor.h"

void tyto_image_processor_shape(const tyto_image_processor *processor, int64_t width_px,
                                int64_t height_px, int64_t shape[3])
{
    if (!shape) {
        return;
    }
    if (!processor) {
        shape[0] = shape[1] = shape[2] = 0;
        return;
    }
    if (processor->kind == TYTO_PROCESSOR_PERCEIVER) {
        tyto_perceiver_process_shape(processor, width_px, height_px, shape);
        return;
    }
    const int64_t side = tyto_max_i64(width_px, height_px);
    shape[0] = 3;
    shape[1] = processor->do_resize ? processor->height : processor->do_pad ? side : height_px;
    shape[2] = processor->do_resize ? processor->width : processor->do_pad ? side : width_px;
}
