#include "models/owlv2/encoder.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/attention.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"

int64_t tyto_owlv2_together(int64_t total, int64_t tokens)
{
    return tyto_min_i64(total, tyto_max_i64(1, TYTO_OWLV2_ROWS_TOGETHER / tokens));
}

static tyto_output_kind kind_of(bool by_default)
{
    return by_default ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST;
}

tyto_status tyto_owlv2_declare_states(const tyto_owlv2_encoder_config *config, tyto_io *io,
                                      const char *prefix, int64_t total, int64_t tokens,
                                      bool *wanted)
{
    const int64_t states[3] = {total, tokens, config->hidden_size};
    const int64_t maps[4] = {total, config->num_attention_heads, tokens, tokens};
    const tyto_owlv2_extras *extras = *prefix ? &config->within : &config->alone;
    char name[TYTO_IO_NAME_BYTES];
    float *memory;
    *wanted = false;
    for (int64_t i = 0; i <= config->num_hidden_layers; i++) {
        tyto_io_name_at(name, prefix, "hidden_states", i);
        TYTO_TRY(tyto_io_output(io, kind_of(extras->hidden_states), name, 3, states, &memory));
        *wanted = *wanted || memory;
    }
    for (int64_t i = 0; i < config->num_hidden_layers; i++) {
        tyto_io_name_at(name, prefix, "attentions", i);
        TYTO_TRY(tyto_io_output(io, kind_of(extras->attentions), name, 4, maps, &memory));
        *wanted = *wanted || memory;
    }
    return TYTO_OK;
}

/* Copies the batch's hidden states to its part of the output, when that is wanted. */
static void give_hidden_state(const tyto_exec *exec, const tyto_io *io,
                              const tyto_owlv2_batch *batch, int64_t layer, const float *hidden,
                              int64_t D)
{
    char name[TYTO_IO_NAME_BYTES];
    if (!batch->prefix) {
        return;
    }
    tyto_io_name_at(name, batch->prefix, "hidden_states", layer);
    float *to = tyto_io_find(io, name);
    if (to && !tyto_exec_planning(exec)) {
        int64_t each = batch->tokens * D;
        memcpy(to + batch->first * each, hidden, (size_t)(batch->n * each) * sizeof(float));
    }
}

/* The batch's part of the attention output, or NULL. */
static float *attention_output(const tyto_exec *exec, const tyto_io *io,
                               const tyto_owlv2_batch *batch, int64_t layer, int64_t H)
{
    char name[TYTO_IO_NAME_BYTES];
    if (!batch->prefix) {
        return NULL;
    }
    tyto_io_name_at(name, batch->prefix, "attentions", layer);
    float *to = tyto_io_find(io, name);
    if (!to || tyto_exec_planning(exec)) {
        return to;
    }
    return to + batch->first * H * batch->tokens * batch->tokens;
}

static tyto_norm norm_of(const tyto_owlv2_encoder_config *config, const tyto_norm_weights *weights)
{
    return (tyto_norm){weights->gamma, weights->beta, (float)config->layer_norm_eps};
}

static bool in_bf16(const tyto_exec *exec, const float *probabilities)
{
    return !probabilities && tyto_attention_takes_bf16(exec);
}

/* mixed[n,tokens,D] = attention(norm1(hidden)) */
static tyto_status attend(const tyto_owlv2_layer *layer, const tyto_owlv2_encoder_config *config,
                          tyto_exec *exec, const tyto_owlv2_batch *batch, const float *hidden,
                          tyto_numbers mixed, float *probabilities)
{
    const int64_t B = batch->n, T = batch->tokens, D = config->hidden_size,
                  H = config->num_attention_heads, rows = B * T, d = D / H;
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_numbers qkv; /* [3,H,B,T,D/H] */
    TYTO_TRY(tyto_exec_numbers(exec, in_bf16(exec, probabilities), rows * 3 * D, &qkv));
    const tyto_numbers k = tyto_numbers_from(qkv, rows * D),
                       v = tyto_numbers_from(qkv, 2 * rows * D);
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = hidden,
                                                   .ldx = D,
                                                   .norm = norm_of(config, &layer->norm1),
                                                   .rows = rows,
                                                   .weight = &layer->qkv.weight,
                                                   .bias = layer->qkv.bias,
                                                   .y = qkv.floats,
                                                   .y_bf16 = qkv.bf16,
                                                   .ldy = d,
                                                   .group = d,
                                                   .group_stride = rows * d}));
    const tyto_attention_view from = {.batch = T * d, .token = d, .head = rows * d};
    TYTO_TRY(tyto_attention(
        exec, &(tyto_attention_args){.batch = B,
                                     .queries = T,
                                     .keys = T,
                                     .heads = H,
                                     .qk_channels = d,
                                     .v_channels = d,
                                     .scale = 1.0f / sqrtf((float)d),
                                     .q = qkv.floats,
                                     .k = k.floats,
                                     .v = v.floats,
                                     .q_bf16 = qkv.bf16,
                                     .k_bf16 = k.bf16,
                                     .v_bf16 = v.bf16,
                                     .q_strides = from,
                                     .k_strides = from,
                                     .v_strides = from,
                                     .causal = batch->causal,
                                     .key_mask = batch->mask,
                                     .out = mixed.floats,
                                     .out_bf16 = mixed.bf16,
                                     .out_strides = {.batch = T * D, .token = D, .head = d},
                                     .probabilities = probabilities}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* hidden += out_proj(mixed); hidden += fc2(act(fc1(norm2(hidden)))) */
static tyto_status after_attention(const tyto_owlv2_layer *layer,
                                   const tyto_owlv2_encoder_config *config, tyto_exec *exec,
                                   int64_t rows, tyto_numbers mixed, float *hidden)
{
    const int64_t D = config->hidden_size;
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = mixed.floats,
                                                   .x_bf16 = mixed.bf16,
                                                   .ldx = D,
                                                   .rows = rows,
                                                   .weight = &layer->attention_out.weight,
                                                   .bias = layer->attention_out.bias,
                                                   .residual = hidden,
                                                   .ldr = D,
                                                   .y = hidden,
                                                   .ldy = D}));
    return tyto_feed_forward(exec, &(tyto_feed_forward_args){.x = hidden,
                                                             .norm = norm_of(config, &layer->norm2),
                                                             .rows = rows,
                                                             .first = &layer->fc1.weight,
                                                             .second = &layer->fc2.weight,
                                                             .first_bias = layer->fc1.bias,
                                                             .second_bias = layer->fc2.bias,
                                                             .activation = config->hidden_act,
                                                             .y = hidden});
}

int64_t tyto_owlv2_rows_of_block(const tyto_exec *exec, const tyto_packed_matrix *weight,
                                 int64_t rows)
{
    const int64_t most = tyto_max_i64(1024, 512 * (int64_t)tyto_pool_threads(exec->pool)),
                  blocks = tyto_max_i64(1, (rows + most - 1) / most);
    /* Fewer rows than planned may go in larger parts. */
    return tyto_round_up(tyto_exec_planning(exec) ? tyto_min_i64(rows, most)
                                                  : (rows + blocks - 1) / blocks,
                         tyto_linear_tile_rows(exec->kernels, weight));
}

static tyto_status run_layer(const tyto_owlv2_layer *layer, const tyto_owlv2_encoder_config *config,
                             tyto_exec *exec, const tyto_owlv2_batch *batch, float *hidden,
                             float *probabilities)
{
    const int64_t D = config->hidden_size, rows = batch->n * batch->tokens,
                  block = tyto_owlv2_rows_of_block(exec, &layer->fc1.weight, rows);
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_numbers mixed;
    const bool bf16 =
        in_bf16(exec, probabilities) && tyto_linear_takes_bf16(exec, &layer->attention_out.weight);
    TYTO_TRY(tyto_exec_numbers(exec, bf16, rows * D, &mixed));
    TYTO_TRY(attend(layer, config, exec, batch, hidden, mixed, probabilities));
    for (int64_t at = 0; at < rows; at += block) {
        TYTO_TRY(after_attention(layer, config, exec, tyto_min_i64(block, rows - at),
                                 tyto_numbers_from(mixed, at * D), hidden + at * D));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_encoder_forward(const tyto_owlv2_layer *layers,
                                       const tyto_owlv2_encoder_config *config, tyto_exec *exec,
                                       tyto_io *io, const tyto_owlv2_batch *batch, float *hidden)
{
    const int64_t D = config->hidden_size, H = config->num_attention_heads;
    for (int64_t i = 0; i < config->num_hidden_layers; i++) {
        give_hidden_state(exec, io, batch, i, hidden, D);
        float *probabilities = attention_output(exec, io, batch, i, H);
        TYTO_TRY(run_layer(&layers[i], config, exec, batch, hidden, probabilities));
    }
    give_hidden_state(exec, io, batch, config->num_hidden_layers, hidden, D);
    return TYTO_OK;
}
