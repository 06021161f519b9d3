/* Processors where they meet the families, which know what their checkpoints' files leave out, and
 * the engine. */
#include <stdlib.h>
#include <tyto/resize.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "processors/image/image_processor.h"
#include "processors/image/resample.h"
#include "processors/image/smooth.h"
#include "processors/text/tokenizer.h"
#include "runtime/engine.h"
#include "runtime/registry.h"

/* The first class of the model_type that config.json has; NULL: none that is known. */
static tyto_status find_architecture(const char *folder, const tyto_architecture **out,
                                     tyto_error *err)
{
    const char *type = NULL;
    json_t *config = NULL;
    char *path = tyto_path_join(folder, TYTO_CONFIG_FILE);
    tyto_status status = path ? TYTO_OK : tyto_fail_memory(err, folder);
    *out = NULL;
    if (path && tyto_file_exists(path)) {
        TYTO_CHECK(tyto_json_load(path, &config, err));
        TYTO_CHECK(tyto_json_text(config, path, "model_type", &type, err));
        *out = type ? tyto_architecture_find(type, NULL) : NULL;
    }
cleanup:
    json_decref(config);
    free(path);
    return status;
}

static tyto_status tokenizer_class(const char *folder, const char **out, tyto_error *err)
{
    const tyto_architecture *architecture;
    TYTO_TRY(find_architecture(folder, &architecture, err));
    *out = architecture ? architecture->tokenizer : NULL;
    return TYTO_OK;
}

static tyto_status image_processor_class(const char *folder, const char **out, tyto_error *err)
{
    const tyto_architecture *architecture;
    TYTO_TRY(find_architecture(folder, &architecture, err));
    *out = architecture ? architecture->image_processor : NULL;
    return TYTO_OK;
}

tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, folder);
    TYTO_REQUIRE(err, out);
    return tyto_tokenizer_open_by(folder, tokenizer_class, out, err);
}

tyto_status tyto_image_processor_open(const char *folder, tyto_image_processor **out,
                                      tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, folder);
    TYTO_REQUIRE(err, out);
    return tyto_image_processor_open_by(folder, image_processor_class, out, err);
}

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

tyto_status tyto_resize_antialiased(const tyto_tensor *image, const double *sigma,
                                    const tyto_engine *engine, tyto_tensor *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, out);
    if (engine) {
        TYTO_TRY(tyto_engine_start(engine, err));
    }
    return tyto_smooth(image, sigma, engine ? engine->pool : NULL, out, err);
}

tyto_status tyto_resize_filtered(const tyto_tensor *image, int resample, const tyto_engine *engine,
                                 tyto_tensor *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, out);
    if (resample < 0 || resample >= TYTO_RESAMPLE_FILTERS) {
        return tyto_fail(err, TYTO_E_RANGE, "resample: got %d, required 0 to %d", resample,
                         TYTO_RESAMPLE_FILTERS - 1);
    }
    if (engine) {
        TYTO_TRY(tyto_engine_start(engine, err));
    }
    return tyto_resample_tensor(image, (tyto_resample_filter)resample, engine ? engine->pool : NULL,
                                out, err);
}
