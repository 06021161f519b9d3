#include "processors/image/image_processor.h"
#include "runtime/engine.h"

tyto_status tyto_image_processor_run(const tyto_image_processor *processor, tyto_engine *engine,
                                     const tyto_image *image, float *out, tyto_error *err)
{
    return tyto_image_processor_run_on(processor, engine ? engine->pool : NULL, image, out, err);
}
