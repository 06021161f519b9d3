#include "models/owlv2/window.h"

#include "base/error.h"
#include "nn/bicubic.h"
#include "nn/rows.h"

tyto_owlv2_window tyto_owlv2_window_whole(const tyto_owlv2_vision_config *config)
{
    const int64_t G = tyto_owlv2_grid(config);
    return (tyto_owlv2_window){.rows = G, .columns = G, .grid_rows = G, .grid_columns = G};
}

static tyto_status read_grid(tyto_io *io, tyto_owlv2_window *window)
{
    int64_t shape[1] = {2};
    const void *given;
    TYTO_TRY(tyto_io_input(io, "patch_grid", TYTO_I64, 1, shape, &given));
    window->grid_rows = ((const int64_t *)given)[0];
    window->grid_columns = ((const int64_t *)given)[1];
    if (window->rows > window->grid_rows || window->columns > window->grid_columns) {
        return tyto_fail(
            io->err, TYTO_E_SHAPE,
            "input 'patch_grid': got %lldx%lld, required at least the pixels' %lldx%lld",
            (long long)window->grid_rows, (long long)window->grid_columns, (long long)window->rows,
            (long long)window->columns);
    }
    return TYTO_OK;
}

static tyto_status check_grid(const tyto_owlv2_window *window, int64_t G, tyto_io *io)
{
    const int64_t most = window->interpolated ? TYTO_OWLV2_GRID_MAX : G;
    if (window->grid_rows > most || window->grid_columns > most) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input 'patch_grid': got %lldx%lld, required at most %lldx%lld (%s)",
                         (long long)window->grid_rows, (long long)window->grid_columns,
                         (long long)most, (long long)most,
                         window->interpolated ? "interpolate_pos_encoding" : "image_size");
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_window_read(const tyto_owlv2_vision_config *config, tyto_io *io,
                                   const char *name, bool windows, int64_t height, int64_t width,
                                   tyto_owlv2_window *out)
{
    const int64_t P = config->patch_size, G = tyto_owlv2_grid(config);
    const bool part = windows && tyto_io_has(io, "patch_grid"),
               resized = windows && tyto_io_has(io, "interpolate_pos_encoding");
    const void *given;
    *out = (tyto_owlv2_window){height / P, width / P, height / P, width / P, false};
    if (resized) {
        TYTO_TRY(tyto_io_input(io, "interpolate_pos_encoding", TYTO_I64, 0, NULL, &given));
        out->interpolated = *(const int64_t *)given != 0;
    }
    if (!part && !out->interpolated) {
        if (out->rows * out->columns != G * G) {
            return tyto_fail(io->err, TYTO_E_SHAPE,
                             "input '%s': got %lldx%lld pixels, required %lldx%lld (image_size)",
                             name, (long long)height, (long long)width,
                             (long long)config->image_size, (long long)config->image_size);
        }
        *out = tyto_owlv2_window_whole(config);
        return TYTO_OK;
    }
    if (out->rows < 1 || out->columns < 1) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input '%s': got %lldx%lld pixels, required a patch of %lldx%lld", name,
                         (long long)height, (long long)width, (long long)P, (long long)P);
    }
    if (part) {
        TYTO_TRY(read_grid(io, out));
    }
    return check_grid(out, G, io);
}

tyto_status tyto_owlv2_positions(const tyto_owlv2_vision_config *config, tyto_exec *exec,
                                 const float *embedding, const tyto_owlv2_window *window,
                                 float *out)
{
    const int64_t D = config->encoder.hidden_size, G = tyto_owlv2_grid(config);
    const float *patches = embedding + D;
    if (!window->interpolated) {
        return tyto_copy_rows(exec, window->rows, window->columns * D, patches, G * D, out,
                              window->columns * D);
    }
    return tyto_bicubic(exec, &(tyto_bicubic_args){.x = patches,
                                                   .height = G,
                                                   .width = G,
                                                   .channels = D,
                                                   .grid_rows = window->grid_rows,
                                                   .grid_columns = window->grid_columns,
                                                   .y = out,
                                                   .rows = window->rows,
                                                   .columns = window->columns});
}
