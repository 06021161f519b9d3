#include "base/error.h"
#include "processors/image/image_processor.h"
#include "runtime/engine.h"

tyto_status tyto_image_processor_run(const tyto_image_processor *processor,
                                     const tyto_engine *engine, const tyto_image *image, float *out,
                                     tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, processor);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, out);
    if (engine) {
        TYTO_TRY(tyto_engine_start(engine, err));
    }
    return tyto_image_processor_run_on(processor, engine ? engine->pool : NULL, image, out, err);
}
