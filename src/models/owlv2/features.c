#include "models/owlv2/features.h"

#include "base/error.h"
#include "models/owlv2/heads.h"
#include "nn/rows.h"

tyto_status tyto_owlv2_views_read(const tyto_owlv2 *model, tyto_io *io, const char *pixels,
                                  const char *embeds, bool windows, tyto_owlv2_views *out)
{
    const int64_t G = tyto_owlv2_grid(&model->config.vision),
                  D = model->config.vision.encoder.hidden_size;
    *out = (tyto_owlv2_views){.embedded = tyto_io_has(io, embeds),
                              .window = tyto_owlv2_window_whole(&model->config.vision)};
    if (!out->embedded) {
        TYTO_TRY(tyto_owlv2_pictures_read(&model->vision, io, pixels, windows, &out->pictures));
        out->window = out->pictures.window;
        out->batch = out->pictures.batch;
        return TYTO_OK;
    }
    if (tyto_io_has(io, pixels)) {
        return tyto_fail(io->err, TYTO_E_ARGUMENT, "inputs '%s' and '%s': required one of them",
                         pixels, embeds);
    }
    int64_t shape[4] = {TYTO_IO_ANY, G, G, D};
    const void *given;
    TYTO_TRY(tyto_io_input(io, embeds, TYTO_F32, 4, shape, &given));
    out->embeds = given;
    out->batch = shape[0];
    return TYTO_OK;
}

tyto_status tyto_owlv2_views_declare(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                     const char *prefix, tyto_owlv2_views *views)
{
    return views->embedded
               ? TYTO_OK
               : tyto_owlv2_pictures_declare(&model->vision, exec, io, prefix, &views->pictures);
}

/* What becomes of the image tower's hidden states. */
typedef struct route {
    const tyto_owlv2 *model;
    int64_t patches;
    float *kept;
    tyto_owlv2_features_fn visit;
    void *context;
} route;

static tyto_status visit_some(void *context, tyto_exec *exec, int64_t first, int64_t n,
                              const float *hidden)
{
    const route *run = context;
    const int64_t P = run->patches, D = run->model->config.vision.encoder.hidden_size;
    for (int64_t b = first; b < first + n; b++) {
        size_t mark = tyto_arena_mark(exec->arena);
        float *features = run->kept ? run->kept + b * P * D : NULL;
        if (!features) {
            TYTO_TRY(tyto_exec_floats(exec, P * D, &features));
        }
        TYTO_TRY(tyto_owlv2_image_features(run->model, exec, hidden + (b - first) * (P + 1) * D, P,
                                           features));
        TYTO_TRY(run->visit(run->context, exec, b, features));
        tyto_arena_release(exec->arena, mark);
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_views_run(const tyto_owlv2 *model, tyto_exec *exec,
                                 const tyto_owlv2_views *views, float *kept,
                                 tyto_owlv2_features_fn visit, void *context)
{
    const int64_t P = tyto_owlv2_window_patches(&views->window),
                  D = model->config.vision.encoder.hidden_size;
    if (!views->embedded) {
        route run = {model, P, kept, visit, context};
        return tyto_owlv2_pictures_run(&model->vision, exec, &views->pictures, visit_some, &run);
    }
    if (kept) {
        TYTO_TRY(tyto_copy_rows(exec, views->batch * P, D, views->embeds, D, kept, D));
    }
    for (int64_t b = 0; b < views->batch; b++) {
        TYTO_TRY(visit(context, exec, b, views->embeds + b * P * D));
    }
    return TYTO_OK;
}
