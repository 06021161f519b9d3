#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/encoder.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/patches.h"

/* One picture to tokens[1+G²,D]: class embedding, then patches in reading order, each plus its
 * position; the grid is rows × columns of patches. */
static tyto_status embed_picture(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                 const float *pixels, int64_t height, int64_t width,
                                 const float *positions, float *tokens)
{
    const int64_t D = vision->config.encoder.hidden_size, C = vision->config.num_channels,
                  P = vision->config.patch_size, patches = height / P * (width / P);
    size_t mark = tyto_arena_mark(exec->arena);
    float *columns;
    TYTO_TRY(tyto_exec_floats(exec, patches * C * P * P, &columns));
    TYTO_TRY(tyto_patches(exec, pixels, C, height, width, P, columns));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = columns,
                                                   .ldx = C * P * P,
                                                   .rows = patches,
                                                   .weight = &vision->patch_embedding.weight,
                                                   .residual = positions,
                                                   .ldr = D,
                                                   .y = tokens + D,
                                                   .ldy = D}));
    if (!tyto_exec_planning(exec)) {
        for (int64_t c = 0; c < D; c++) {
            tokens[c] = vision->class_embedding[c] + vision->position_embedding[c];
        }
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* pooled[n,D] = post_norm of each picture's class token */
static tyto_status pool(const tyto_owlv2_vision *vision, tyto_exec *exec, const float *hidden,
                        int64_t n, int64_t T, float *pooled)
{
    const int64_t D = vision->config.encoder.hidden_size;
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(tyto_layer_norm(exec, 1, D, hidden + i * T * D, vision->post_norm.gamma,
                                 vision->post_norm.beta,
                                 (float)vision->config.encoder.layer_norm_eps, pooled + i * D));
    }
    return TYTO_OK;
}

static tyto_status read_pictures(const tyto_owlv2_vision *vision, tyto_io *io, const char *name,
                                 bool windows, tyto_owlv2_pictures *out)
{
    int64_t shape[4] = {-1, vision->config.num_channels, -1, -1};
    const void *pixels;
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 4, shape, &pixels));
    *out = (tyto_owlv2_pictures){pixels, shape[0], shape[2], shape[3], {0}};
    return tyto_owlv2_window_read(&vision->config, io, name, windows, shape[2], shape[3],
                                  &out->window);
}

tyto_status tyto_owlv2_pictures_read(const tyto_owlv2_vision *vision, tyto_io *io, const char *name,
                                     tyto_owlv2_pictures *out)
{
    return read_pictures(vision, io, name, false, out);
}

tyto_status tyto_owlv2_windows_read(const tyto_owlv2_vision *vision, tyto_io *io, const char *name,
                                    tyto_owlv2_pictures *out)
{
    return read_pictures(vision, io, name, true, out);
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

/* Outputs that nobody wants are NULL; without a prefix there are none. */
static tyto_status declare_outputs(const tyto_owlv2_encoder_config *config, tyto_io *io,
                                   const char *prefix, int64_t batch, int64_t T, float **last,
                                   float **pooled)
{
    const int64_t D = config->hidden_size;
    char name[TYTO_IO_NAME_BYTES];
    bool states_wanted;
    *last = *pooled = NULL;
    if (!prefix) {
        return TYTO_OK;
    }
    tyto_io_name(name, prefix, "last_hidden_state");
    TYTO_TRY(
        tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 3, (const int64_t[]){batch, T, D}, last));
    tyto_io_name(name, prefix, "pooler_output");
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 2, (const int64_t[]){batch, D}, pooled));
    return tyto_owlv2_declare_states(config, io, prefix, batch, T, &states_wanted);
}

tyto_status tyto_owlv2_vision_forward(const tyto_owlv2_vision *vision, tyto_exec *exec, tyto_io *io,
                                      const char *prefix, const tyto_owlv2_pictures *pictures,
                                      tyto_owlv2_pictures_fn visit, void *context)
{
    const tyto_owlv2_encoder_config *config = &vision->config.encoder;
    const int64_t D = config->hidden_size, C = vision->config.num_channels,
                  T = tyto_owlv2_window_patches(&pictures->window) + 1, batch = pictures->batch,
                  each = C * pictures->height * pictures->width;
    float *last, *pooled;
    const float *positions;
    TYTO_TRY(declare_outputs(config, io, prefix, batch, T, &last, &pooled));

    const bool planning = tyto_exec_planning(exec);
    const int64_t together = tyto_owlv2_together(batch, T);
    const size_t start = tyto_arena_mark(exec->arena);
    TYTO_TRY(find_positions(vision, exec, &pictures->window, &positions));
    const size_t mark = tyto_arena_mark(exec->arena);
    for (int64_t first = 0; first < batch; first += together) {
        const int64_t n = tyto_min_i64(together, batch - first);
        const tyto_owlv2_batch some = {
            .prefix = prefix, .first = first, .total = batch, .n = n, .tokens = T};
        float *hidden;
        exec->stage = "patch embedding";
        TYTO_TRY(tyto_exec_floats(exec, n * T * D, &hidden));
        for (int64_t i = 0; i < n; i++) {
            TYTO_TRY(embed_picture(vision, exec, pictures->pixels + (first + i) * each,
                                   pictures->height, pictures->width, positions,
                                   hidden + i * T * D));
        }
        TYTO_TRY(tyto_layer_norm(exec, n * T, D, hidden, vision->pre_norm.gamma,
                                 vision->pre_norm.beta, (float)config->layer_norm_eps, hidden));
        exec->stage = "image tower";
        TYTO_TRY(tyto_owlv2_encoder_forward(vision->layers, config, exec, io, &some, hidden));
        if (last && !planning) {
            memcpy(last + first * T * D, hidden, (size_t)(n * T * D) * sizeof(float));
        }
        if (pooled) {
            TYTO_TRY(pool(vision, exec, hidden, n, T, pooled + first * D));
        }
        if (visit) {
            TYTO_TRY(visit(context, exec, first, n, hidden));
        }
        tyto_arena_release(exec->arena, mark);
        if (planning) {
            break; /* later pictures need no more scratch */
        }
    }
    tyto_arena_release(exec->arena, start);
    return TYTO_OK;
}
