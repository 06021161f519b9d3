#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/towers.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/patches.h"
#include "nn/rows.h"

tyto_status tyto_owlv2_pictures_read(const tyto_owlv2_vision *vision, tyto_io *io, const char *name,
                                     bool windows, tyto_owlv2_pictures *out)
{
    int64_t shape[4] = {TYTO_IO_ANY, vision->config.num_channels, TYTO_IO_ANY, TYTO_IO_ANY};
    const void *pixels;
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 4, shape, &pixels));
    *out = (tyto_owlv2_pictures){
        .pixels = pixels, .batch = shape[0], .height = shape[2], .width = shape[3]};
    return tyto_owlv2_window_read(&vision->config, io, name, windows, shape[2], shape[3],
                                  &out->window);
}

tyto_status tyto_owlv2_pictures_declare(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                        tyto_io *io, const char *prefix,
                                        tyto_owlv2_pictures *pictures)
{
    const tyto_owlv2_encoder_config *config = &vision->config.encoder;
    const int64_t B = pictures->batch, T = tyto_owlv2_window_patches(&pictures->window) + 1,
                  D = config->hidden_size;
    char name[TYTO_IO_NAME_BYTES];
    tyto_io_name(name, prefix, "last_hidden_state");
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 3, (const int64_t[]){B, T, D},
                            &pictures->states.last));
    tyto_io_name(name, prefix, "pooler_output");
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 2, (const int64_t[]){B, D},
                            &pictures->states.pooled));
    return tyto_owlv2_states_declare(config, exec, io, prefix, B, T, &pictures->states);
}

/* patches[P,D] = the picture's patches in reading order, each plus its position. */
static tyto_status embed_picture(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                 const tyto_owlv2_pictures *pictures, int64_t index,
                                 const float *positions, float *patches)
{
    const int64_t D = vision->config.encoder.hidden_size, C = vision->config.num_channels,
                  side = vision->config.patch_size, height = pictures->height,
                  width = pictures->width, rows = height / side * (width / side),
                  cols = C * side * side;
    size_t mark = tyto_arena_mark(exec->arena);
    float *pixels;
    TYTO_TRY(tyto_exec_floats(exec, rows * cols, &pixels));
    TYTO_TRY(tyto_patches(exec, pictures->pixels + index * C * height * width, C, height, width,
                          side, pixels));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = pixels,
                                                   .ldx = cols,
                                                   .rows = rows,
                                                   .weight = &vision->patch_embedding.weight,
                                                   .residual = positions,
                                                   .ldr = D,
                                                   .y = patches,
                                                   .ldy = D}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* hidden[n,T,D] of pictures first … first+n−1: the class embedding and the patches, each plus its
 * position, after the first norm. */
static tyto_status embed(const tyto_owlv2_vision *vision, tyto_exec *exec,
                         const tyto_owlv2_pictures *pictures, int64_t first, int64_t n,
                         const float *positions, float *hidden)
{
    const int64_t D = vision->config.encoder.hidden_size,
                  T = tyto_owlv2_window_patches(&pictures->window) + 1;
    exec->stage = "patch embedding";
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(
            embed_picture(vision, exec, pictures, first + i, positions, hidden + (i * T + 1) * D));
    }
    TYTO_TRY(tyto_copy_rows(exec, n, D, vision->class_embedding, 0, hidden, T * D));
    TYTO_TRY(tyto_add_rows(exec, n, D, vision->position_embedding, 0, hidden, T * D));
    return tyto_layer_norm(exec, n * T, D, hidden, vision->pre_norm.gamma, vision->pre_norm.beta,
                           (float)vision->config.encoder.layer_norm_eps, hidden);
}

tyto_status tyto_owlv2_pictures_pool(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                     const float *hidden, int64_t n, int64_t tokens, float *pooled)
{
    const int64_t D = vision->config.encoder.hidden_size;
    TYTO_TRY(tyto_copy_rows(exec, n, D, hidden, tokens * D, pooled, D));
    return tyto_layer_norm(exec, n, D, pooled, vision->post_norm.gamma, vision->post_norm.beta,
                           (float)vision->config.encoder.layer_norm_eps, pooled);
}

/* The positions[P,D] of the window's patches: the model's own memory, or scratch. */
static tyto_status find_positions(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                  const tyto_owlv2_window *window, const float **positions)
{
    const int64_t D = vision->config.encoder.hidden_size, G = tyto_owlv2_grid(&vision->config);
    float *own;
    *positions = vision->position_embedding + D;
    if (window->rows == G && window->columns == G && window->grid_rows == G &&
        window->grid_columns == G) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_exec_floats(exec, tyto_owlv2_window_patches(window) * D, &own));
    *positions = own;
    return tyto_owlv2_positions(&vision->config, exec, vision->position_embedding, window, own);
}

/* A group of pictures through the layers, and its part of the outputs. */
static tyto_status run_group(const tyto_owlv2_vision *vision, tyto_exec *exec,
                             const tyto_owlv2_pictures *pictures, const tyto_owlv2_sequences *some,
                             const float *positions, float *hidden)
{
    const tyto_owlv2_encoder_config *config = &vision->config.encoder;
    const tyto_owlv2_states *states = &pictures->states;
    const int64_t D = config->hidden_size, n = some->n, T = some->tokens, first = some->first;
    TYTO_TRY(embed(vision, exec, pictures, first, n, positions, hidden));
    exec->stage = "image tower";
    TYTO_TRY(tyto_owlv2_encoder_run(vision->layers, config, exec, some, states, hidden));
    if (states->last) {
        TYTO_TRY(tyto_copy_rows(exec, n * T, D, hidden, D, states->last + first * T * D, D));
    }
    return states->pooled
               ? tyto_owlv2_pictures_pool(vision, exec, hidden, n, T, states->pooled + first * D)
               : TYTO_OK;
}

tyto_status tyto_owlv2_pictures_run(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                    const tyto_owlv2_pictures *pictures,
                                    tyto_owlv2_pictures_fn visit, void *context)
{
    const int64_t D = vision->config.encoder.hidden_size, batch = pictures->batch,
                  T = tyto_owlv2_window_patches(&pictures->window) + 1,
                  together = tyto_owlv2_together(batch, T);
    const size_t mark = tyto_arena_mark(exec->arena);
    const float *positions;
    float *hidden;
    TYTO_TRY(find_positions(vision, exec, &pictures->window, &positions));
    TYTO_TRY(tyto_exec_floats(exec, together * T * D, &hidden));
    for (int64_t first = 0; first < batch; first += together) {
        const tyto_owlv2_sequences some = tyto_owlv2_group(batch, together, first, T);
        TYTO_TRY(run_group(vision, exec, pictures, &some, positions, hidden));
        if (visit) {
            TYTO_TRY(visit(context, exec, first, some.n, hidden));
        }
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
