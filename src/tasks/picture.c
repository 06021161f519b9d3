/* Pictures as networks take them, and the options of encoding them. */
#include "base/error.h"
#include "base/options.h"
#include "runtime/session.h"
#include "tasks/embed.h"
#include "tasks/photo.h"

static const tyto_embed_options defaults = {.struct_bytes = sizeof(defaults)};

void tyto_embed_options_init(tyto_embed_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_embed_options_read(tyto_embed_options *own, const tyto_embed_options *given,
                                    tyto_error *err)
{
    *own = defaults;
    return tyto_options_read(own, sizeof(*own), given, "tyto_embed_options", err);
}

tyto_status tyto_picture_processor(const tyto_session *session, const tyto_image_processor *given,
                                   const tyto_image_processor **out, tyto_error *err)
{
    *out = given ? given : session->model->image_processor;
    return *out ? TYTO_OK
                : tyto_fail(err, TYTO_E_ARGUMENT,
                            "%s: no image processor that can be used, required to read pictures "
                            "(preprocessor_config.json)",
                            session->model->folder ? session->model->folder : "model");
}

tyto_status tyto_picture_read(tyto_session *session, const tyto_image_processor *processor,
                              const tyto_image *image, tyto_tensor *out, tyto_error *err)
{
    int64_t shape[3];
    TYTO_TRY(tyto_picture_processor(session, processor, &processor, err));
    tyto_image_processor_shape(processor, image->width_px, image->height_px, shape);
    TYTO_TRY(tyto_session_pixels(session, shape[0] * shape[1] * shape[2], "pixel_values", err));
    *out = (tyto_tensor){.name = "pixel_values",
                         .dtype = TYTO_F32,
                         .rank = 4,
                         .shape = {1, shape[0], shape[1], shape[2]},
                         .data = session->pixels};
    return tyto_image_processor_run_on(processor, session->pool, image, session->pixels, err);
}
