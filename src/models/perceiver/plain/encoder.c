#include "models/perceiver/plain/encoder.h"

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/plain/layer.h"
#include "nn/masks.h"
#include "nn/rows.h"

#define CROSS_ATTENTIONS "cross_attentions.0"

static tyto_output_kind kind_of(bool by_default)
{
    return by_default ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST;
}

tyto_status tyto_perceiver_declare_states(const tyto_perceiver *model, tyto_io *io, int64_t batch,
                                          int64_t rows)
{
    const tyto_perceiver_config *config = &model->config;
    const int64_t N = config->num_latents, per_block = config->num_self_attends_per_block,
                  states[3] = {batch, N, config->d_latents},
                  maps[4] = {batch, config->num_self_attention_heads, N, N},
                  crossed[4] = {batch, model->cross.heads, N, rows};
    const tyto_output_kind attentions = kind_of(config->output_attentions);
    char name[TYTO_IO_NAME_BYTES];
    float *memory;
    for (int64_t i = 0; i < config->num_blocks * (per_block + 1); i++) {
        tyto_io_name_at(name, "", "hidden_states", i);
        TYTO_TRY(
            tyto_io_output(io, kind_of(config->output_hidden_states), name, 3, states, &memory));
    }
    for (int64_t i = 0; i < config->num_blocks * per_block; i++) {
        tyto_io_name_at(name, "", "attentions", i);
        TYTO_TRY(tyto_io_output(io, attentions, name, 4, maps, &memory));
    }
    return tyto_io_output(io, attentions, CROSS_ATTENTIONS, 4, crossed, &memory);
}

tyto_status tyto_perceiver_masks_read(const tyto_perceiver *model, tyto_io *io,
                                      const tyto_perceiver_inputs *inputs,
                                      tyto_perceiver_masks *out)
{
    const tyto_perceiver_config *config = &model->config;
    const void *values;
    *out = (tyto_perceiver_masks){0};
    TYTO_TRY(tyto_perceiver_mask_read(io, inputs->batch, config->num_latents, inputs->rows,
                                      &out->inputs));
    if (tyto_io_has(io, "head_mask")) {
        int64_t shape[2] = {config->num_self_attention_heads, 0};
        out->per_layer = tyto_io_rank(io, "head_mask") == 2;
        if (out->per_layer) {
            shape[0] = -1;
            shape[1] = config->num_self_attention_heads;
        }
        TYTO_TRY(tyto_io_input(io, "head_mask", TYTO_F32, out->per_layer ? 2 : 1, shape, &values));
        if (out->per_layer && shape[0] < config->num_self_attends_per_block) {
            return tyto_fail(io->err, TYTO_E_SHAPE,
                             "input 'head_mask': got %lld layers, required at least %lld "
                             "(num_self_attends_per_block)",
                             (long long)shape[0], (long long)config->num_self_attends_per_block);
        }
        out->heads = values;
    }
    return TYTO_OK;
}

/* Keys and values of one batch element's inputs: of all, or of those that `seen` is not 0 for. */
static tyto_status project(const tyto_perceiver *model, tyto_exec *exec,
                           const tyto_perceiver_inputs *inputs, int64_t b, const uint8_t *seen,
                           float *kv, int64_t *keys)
{
    const tyto_perceiver_layer *layer = &model->cross;
    const int64_t width = layer->qk_channels + layer->v_channels,
                  together = tyto_min_i64(TYTO_PERCEIVER_ROWS_TOGETHER, inputs->rows);
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows;
    TYTO_TRY(tyto_exec_floats(exec, together * inputs->channels, &rows));
    *keys = 0;
    for (int64_t first = 0; first < inputs->rows; first += together) {
        int64_t n = tyto_min_i64(together, inputs->rows - first);
        TYTO_TRY(tyto_exec_step(exec, first, inputs->rows));
        if (seen && !tyto_mask_any(seen + first, n)) {
            continue;
        }
        TYTO_TRY(tyto_perceiver_inputs_rows(inputs, exec, b, first, n, rows));
        if (seen) {
            n = tyto_keep_rows(n, inputs->channels, seen + first, rows);
        }
        TYTO_TRY(tyto_perceiver_layer_inputs(layer, exec, n, rows, kv + *keys * width));
        *keys += n;
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

float *tyto_perceiver_cross_attentions(const tyto_io *io)
{
    return tyto_io_find(io, CROSS_ATTENTIONS);
}

tyto_status tyto_perceiver_attend_inputs(const tyto_perceiver *model, tyto_exec *exec,
                                         const tyto_io *io, const tyto_perceiver_inputs *inputs,
                                         const tyto_perceiver_masks *masks, int64_t b,
                                         float *hidden)
{
    const tyto_perceiver_layer *layer = &model->cross;
    const int64_t N = model->config.num_latents, T = inputs->rows;
    const tyto_perceiver_mask *mask = &masks->inputs;
    tyto_perceiver_memory memory = {.mask_per_query = mask->per_latent};
    const uint8_t *seen = NULL;
    float *maps = tyto_perceiver_cross_attentions(io), *kv;
    if (mask->seen) {
        const int64_t line = b * (mask->per_latent ? N : 1);
        memory.mask = mask->seen + line * T;
        memory.uniform = mask->uniform + line;
    }
    if (maps) {
        memory.probabilities = maps + b * layer->heads * N * T;
    }
    if (memory.mask && !mask->per_latent && !maps) {
        seen = memory.mask;
        memory.mask = NULL;
    }
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, T * (layer->qk_channels + layer->v_channels), &kv));
    exec->stage = "inputs";
    TYTO_TRY(project(model, exec, inputs, b, seen, kv, &memory.keys));
    memory.kv = kv;
    exec->stage = "cross-attention";
    TYTO_TRY(tyto_perceiver_layer_cross(layer, exec, N, model->latents, &memory, hidden));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Hands the hidden states to hidden_states.index, when somebody asked for it. */
static tyto_status give_state(const tyto_perceiver *model, tyto_exec *exec, const tyto_io *io,
                              int64_t first, int64_t n, const float *hidden, int64_t index)
{
    char name[TYTO_IO_NAME_BYTES];
    const int64_t each = model->config.num_latents * model->config.d_latents;
    tyto_io_name_at(name, "", "hidden_states", index);
    float *output = tyto_io_find(io, name);
    return output ? tyto_copy_rows(exec, n, each, hidden, each, output + first * each, each)
                  : TYTO_OK;
}

tyto_status tyto_perceiver_run_blocks(const tyto_perceiver *model, tyto_exec *exec,
                                      const tyto_io *io, const tyto_perceiver_masks *masks,
                                      int64_t first, int64_t n, float *hidden)
{
    const tyto_perceiver_config *config = &model->config;
    const int64_t N = config->num_latents, H = config->num_self_attention_heads,
                  layers = config->num_self_attends_per_block;
    char name[TYTO_IO_NAME_BYTES];
    exec->stage = "self-attention";
    for (int64_t block = 0; block < config->num_blocks; block++) {
        for (int64_t i = 0; i < layers; i++) {
            const float *heads = masks->heads;
            TYTO_TRY(tyto_exec_step(exec, block * layers + i, config->num_blocks * layers));
            TYTO_TRY(give_state(model, exec, io, first, n, hidden, block * (layers + 1) + i));
            tyto_io_name_at(name, "", "attentions", block * layers + i);
            float *maps = tyto_io_find(io, name);
            if (maps) {
                maps += first * H * N * N;
            }
            if (heads && masks->per_layer) {
                heads += i * H;
            }
            TYTO_TRY(tyto_perceiver_layer_self(&model->layers[i], exec, n, N, heads, hidden, maps));
        }
        TYTO_TRY(give_state(model, exec, io, first, n, hidden, block * (layers + 1) + layers));
    }
    return TYTO_OK;
}
