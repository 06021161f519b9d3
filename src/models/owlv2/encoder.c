#include "models/owlv2/encoder.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/attention.h"
#include "nn/feed_forward.h"
#include "nn/linear.h"
#include "nn/rows.h"

int64_t tyto_owlv2_together(int64_t total, int64_t tokens)
{
    return tyto_min_i64(total, tyto_max_i64(1, TYTO_OWLV2_ROWS_TOGETHER / tokens));
}

tyto_owlv2_sequences tyto_owlv2_group(int64_t total, int64_t together, int64_t first,
                                      int64_t tokens)
{
    return (tyto_owlv2_sequences){.first = first,
                                  .group = first / together,
                                  .groups = (total + together - 1) / together,
                                  .n = tyto_min_i64(together, total - first),
                                  .tokens = tokens};
}

static tyto_output_kind kind_of(bool by_default)
{
    return by_default ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST;
}

/* places[count] of outputs prefix.list.i, all of one shape. */
static tyto_status declare_list(tyto_io *io, const char *prefix, const char *list, bool by_default,
                                int rank, const int64_t *shape, int64_t count, float **places,
                                bool *some)
{
    char name[TYTO_IO_NAME_BYTES];
    for (int64_t i = 0; i < count; i++) {
        tyto_io_name_at(name, prefix, list, i);
        TYTO_TRY(tyto_io_output(io, kind_of(by_default), name, rank, shape, &places[i]));
        *some = *some || places[i];
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_states_declare(const tyto_owlv2_encoder_config *config, tyto_exec *exec,
                                      tyto_io *io, const char *prefix, int64_t total,
                                      int64_t tokens, tyto_owlv2_states *out)
{
    const int64_t states[3] = {total, tokens, config->hidden_size},
                  maps[4] = {total, config->num_attention_heads, tokens, tokens},
                  layers = config->num_hidden_layers;
    const tyto_owlv2_extras *extras = *prefix ? &config->within : &config->alone;
    out->hidden = tyto_arena_take(exec->arena, (size_t)(2 * layers + 1), sizeof(*out->hidden));
    if (!out->hidden) {
        return tyto_fail_memory(exec->err, "hidden_states");
    }
    out->attentions = out->hidden + layers + 1;
    out->some = false;
    TYTO_TRY(declare_list(io, prefix, "hidden_states", extras->hidden_states, 3, states, layers + 1,
                          out->hidden, &out->some));
    return declare_list(io, prefix, "attentions", extras->attentions, 4, maps, layers,
                        out->attentions, &out->some);
}

/* Copies the sequences' hidden states to their part of the output, when that is wanted. */
static tyto_status give_state(tyto_exec *exec, const tyto_owlv2_states *states,
                              const tyto_owlv2_sequences *sequences, int64_t layer, int64_t D,
                              const float *hidden)
{
    const int64_t T = sequences->tokens;
    float *all = states->hidden ? states->hidden[layer] : NULL;
    return all ? tyto_copy_rows(exec, sequences->n * T, D, hidden, D,
                                all + sequences->first * T * D, D)
               : TYTO_OK;
}

/* The sequences' part of the attention output, or NULL. */
static float *attentions_of(const tyto_owlv2_states *states, const tyto_owlv2_sequences *sequences,
                            int64_t layer, int64_t H)
{
    float *all = states->attentions ? states->attentions[layer] : NULL;
    return all ? all + sequences->first * H * sequences->tokens * sequences->tokens : NULL;
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
                          tyto_exec *exec, const tyto_owlv2_sequences *sequences,
                          const float *hidden, tyto_operand mixed, float *probabilities)
{
    const int64_t B = sequences->n, T = sequences->tokens, D = config->hidden_size,
                  H = config->num_attention_heads, rows = B * T, d = D / H;
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_operand qkv; /* [3,H,B,T,D/H] */
    TYTO_TRY(tyto_exec_operand(exec, in_bf16(exec, probabilities), rows * 3 * D, &qkv));
    const tyto_operand k = tyto_operand_at(qkv, rows * D), v = tyto_operand_at(qkv, 2 * rows * D);
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
    const tyto_attention_view strides = {.batch = T * d, .token = d, .head = rows * d};
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
                                     .q_strides = strides,
                                     .k_strides = strides,
                                     .v_strides = strides,
                                     .causal = sequences->causal,
                                     .key_mask = sequences->mask,
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
                                   int64_t rows, tyto_operand mixed, float *hidden)
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
    return tyto_round_up((rows + blocks - 1) / blocks,
                         tyto_linear_tile_rows(exec->kernels, weight));
}

static tyto_status run_layer(const tyto_owlv2_layer *layer, const tyto_owlv2_encoder_config *config,
                             tyto_exec *exec, const tyto_owlv2_sequences *sequences, float *hidden,
                             float *probabilities)
{
    const int64_t D = config->hidden_size, rows = sequences->n * sequences->tokens,
                  block = tyto_owlv2_rows_of_block(exec, &layer->fc1.weight, rows);
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_operand mixed;
    const bool bf16 =
        in_bf16(exec, probabilities) && tyto_linear_takes_bf16(exec, &layer->attention_out.weight);
    TYTO_TRY(tyto_exec_operand(exec, bf16, rows * D, &mixed));
    TYTO_TRY(attend(layer, config, exec, sequences, hidden, mixed, probabilities));
    for (int64_t at = 0; at < rows; at += block) {
        TYTO_TRY(after_attention(layer, config, exec, tyto_min_i64(block, rows - at),
                                 tyto_operand_at(mixed, at * D), hidden + at * D));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_encoder_run(const tyto_owlv2_layer *layers,
                                   const tyto_owlv2_encoder_config *config, tyto_exec *exec,
                                   const tyto_owlv2_sequences *sequences,
                                   const tyto_owlv2_states *states, float *hidden)
{
    const int64_t D = config->hidden_size, H = config->num_attention_heads,
                  L = config->num_hidden_layers;
    for (int64_t i = 0; i < L; i++) {
        TYTO_TRY(tyto_exec_step(exec, sequences->group * L + i, sequences->groups * L));
        TYTO_TRY(give_state(exec, states, sequences, i, D, hidden));
        TYTO_TRY(run_layer(&layers[i], config, exec, sequences, hidden,
                           attentions_of(states, sequences, i, H)));
    }
    return give_state(exec, states, sequences, L, D, hidden);
}
