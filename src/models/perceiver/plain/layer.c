#include "models/perceiver/plain/layer.h"

#include <math.h>

#include "base/error.h"
#include "nn/attention.h"
#include "nn/feed_forward.h"
#include "nn/masks.h"

static tyto_norm layer_norm(const tyto_norm_weights *weights)
{
    return (tyto_norm){weights->gamma, weights->beta, TYTO_PERCEIVER_EPS};
}

tyto_status tyto_perceiver_product(tyto_exec *exec, const tyto_linear_weights *weights,
                                   int64_t rows, const float *x, float *y)
{
    return tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                 .ldx = weights->weight.k,
                                                 .rows = rows,
                                                 .weight = &weights->weight,
                                                 .bias = weights->bias,
                                                 .y = y,
                                                 .ldy = weights->weight.n});
}

/* y[rows,out] = norm(x[rows,in])·wᵀ + b, all of them dense. */
static tyto_status normed_product(tyto_exec *exec, const tyto_norm_weights *norm,
                                  const tyto_linear_weights *weights, int64_t rows, const float *x,
                                  float *y)
{
    return tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                 .ldx = weights->weight.k,
                                                 .norm = layer_norm(norm),
                                                 .rows = rows,
                                                 .weight = &weights->weight,
                                                 .bias = weights->bias,
                                                 .y = y,
                                                 .ldy = weights->weight.n});
}

/* y += dense2(act(dense1(norm(y)))) */
static tyto_status feed_forward(const tyto_perceiver_layer *layer, tyto_exec *exec, int64_t rows,
                                float *y)
{
    return tyto_feed_forward(exec, &(tyto_feed_forward_args){.x = y,
                                                             .norm = layer_norm(&layer->norm),
                                                             .rows = rows,
                                                             .first = &layer->dense1.weight,
                                                             .second = &layer->dense2.weight,
                                                             .first_bias = layer->dense1.bias,
                                                             .second_bias = layer->dense2.bias,
                                                             .activation = layer->act,
                                                             .y = y});
}

tyto_status tyto_perceiver_layer_inputs(const tyto_perceiver_layer *layer, tyto_exec *exec,
                                        int64_t rows, const float *inputs, float *kv)
{
    return normed_product(exec, &layer->norm2, &layer->kv, rows, inputs, kv);
}

/* context[rows,V] = attention of query[rows,K] to memory. With a mask for each query, each query is
 * attended for by itself. */
static tyto_status attend(const tyto_perceiver_layer *layer, tyto_exec *exec, int64_t rows,
                          const float *query, const tyto_perceiver_memory *memory, float *context)
{
    const int64_t K = layer->qk_channels, V = layer->v_channels, H = layer->heads;
    const tyto_attention_view keys = {.token = K + V, .head = K / H};
    tyto_attention_args args = {
        .batch = 1,
        .queries = rows,
        .keys = memory->keys,
        .heads = H,
        .qk_channels = K / H,
        .v_channels = V / H,
        .scale = 1.0f / sqrtf((float)(K / H)),
        .q = query,
        .k = memory->kv,
        .v = memory->kv + K,
        .q_strides = {.token = K, .head = K / H},
        .k_strides = keys,
        .v_strides = {.token = K + V, .head = V / H},
        .key_mask = memory->mask,
        .out = context,
        .out_strides = {.token = V, .head = V / H},
        .probabilities = memory->probabilities,
    };
    if (!memory->mask_per_query) {
        return tyto_attention(exec, &args);
    }
    args.queries = args.heads = 1;
    for (int64_t i = 0; i < rows * H; i++) {
        const int64_t row = i / H, h = i % H;
        args.q = query + row * K + h * (K / H);
        args.k = memory->kv + h * (K / H);
        args.v = memory->kv + K + h * (V / H);
        args.key_mask = memory->mask + row * memory->keys;
        args.out = context + row * V + h * (V / H);
        args.probabilities =
            memory->probabilities ? memory->probabilities + (h * rows + row) * memory->keys : NULL;
        TYTO_TRY(tyto_attention(exec, &args));
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_layer_query(const tyto_perceiver_layer *layer, tyto_exec *exec,
                                       int64_t rows, const float *x, float *query)
{
    return normed_product(exec, &layer->norm1, &layer->query, rows, x, query);
}

tyto_status tyto_perceiver_layer_finish(const tyto_perceiver_layer *layer, tyto_exec *exec,
                                        int64_t rows, const float *x, tyto_operand context,
                                        int64_t ldc, float *y)
{
    const tyto_linear_weights *out = &layer->attention_out;
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = context.floats,
                                                   .x_bf16 = context.bf16,
                                                   .ldx = ldc,
                                                   .rows = rows,
                                                   .weight = &out->weight,
                                                   .bias = out->bias,
                                                   .residual = layer->residual ? x : NULL,
                                                   .ldr = layer->q_dim,
                                                   .y = y,
                                                   .ldy = layer->q_dim}));
    return feed_forward(layer, exec, rows, y);
}

tyto_status tyto_perceiver_layer_cross(const tyto_perceiver_layer *layer, tyto_exec *exec,
                                       int64_t rows, const float *x,
                                       const tyto_perceiver_memory *memory, float *y)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *query, *context;
    TYTO_TRY(tyto_exec_floats(exec, rows * layer->qk_channels, &query));
    TYTO_TRY(tyto_exec_floats(exec, rows * layer->v_channels, &context));
    TYTO_TRY(tyto_perceiver_layer_query(layer, exec, rows, x, query));
    if (memory->uniform) {
        /* A query of zeros gives every key the same score. */
        TYTO_TRY(tyto_clear_rows(exec, rows, layer->qk_channels, memory->uniform,
                                 memory->mask_per_query ? 1 : 0, query));
    }
    TYTO_TRY(attend(layer, exec, rows, query, memory, context));
    TYTO_TRY(tyto_perceiver_layer_finish(layer, exec, rows, x, (tyto_operand){.floats = context},
                                         layer->v_channels, y));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Multiplies what each head gave, and its probabilities, by its factor. */
static tyto_status mask_heads(const tyto_perceiver_layer *layer, tyto_exec *exec, int64_t batch,
                              int64_t tokens, const float *head_mask, float *context,
                              float *probabilities)
{
    const int64_t H = layer->heads;
    TYTO_TRY(tyto_scale_heads(exec, batch * tokens, H, layer->v_channels / H, head_mask, context));
    return probabilities
               ? tyto_scale_heads(exec, batch, H, tokens * tokens, head_mask, probabilities)
               : TYTO_OK;
}

tyto_status tyto_perceiver_layer_self(const tyto_perceiver_layer *layer, tyto_exec *exec,
                                      int64_t batch, int64_t tokens, const float *head_mask,
                                      float *x, float *probabilities)
{
    const int64_t Q = layer->q_dim, K = layer->qk_channels, V = layer->v_channels, H = layer->heads,
                  rows = batch * tokens;
    size_t mark = tyto_arena_mark(exec->arena);
    const bool in_bf16 = !probabilities && tyto_attention_takes_bf16(exec);
    const int64_t all = tyto_operand_row_stride(in_bf16, 2 * K + V);
    const bool gives_bf16 =
        in_bf16 && !head_mask && tyto_linear_takes_bf16(exec, &layer->attention_out.weight);
    tyto_operand qkv, context;
    TYTO_TRY(tyto_exec_operand(exec, gives_bf16, rows * V, &context));
    TYTO_TRY(tyto_exec_operand(exec, in_bf16, rows * all, &qkv));
    const tyto_operand k = tyto_operand_at(qkv, K), v = tyto_operand_at(qkv, 2 * K);
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                   .ldx = Q,
                                                   .norm = layer_norm(&layer->norm1),
                                                   .rows = rows,
                                                   .weight = &layer->qkv.weight,
                                                   .bias = layer->qkv.bias,
                                                   .y = qkv.floats,
                                                   .y_bf16 = qkv.bf16,
                                                   .ldy = all}));
    const tyto_attention_view keys = {.batch = tokens * all, .token = all, .head = K / H};
    TYTO_TRY(tyto_attention(
        exec,
        &(tyto_attention_args){.batch = batch,
                               .queries = tokens,
                               .keys = tokens,
                               .heads = H,
                               .qk_channels = K / H,
                               .v_channels = V / H,
                               .scale = 1.0f / sqrtf((float)(K / H)),
                               .q = qkv.floats,
                               .k = k.floats,
                               .v = v.floats,
                               .q_bf16 = qkv.bf16,
                               .k_bf16 = k.bf16,
                               .v_bf16 = v.bf16,
                               .q_strides = keys,
                               .k_strides = keys,
                               .v_strides = {.batch = tokens * all, .token = all, .head = V / H},
                               .out = context.floats,
                               .out_bf16 = context.bf16,
                               .out_strides = {.batch = tokens * V, .token = V, .head = V / H},
                               .probabilities = probabilities}));
    if (head_mask) {
        TYTO_TRY(mask_heads(layer, exec, batch, tokens, head_mask, context.floats, probabilities));
    }
    TYTO_TRY(tyto_perceiver_layer_finish(layer, exec, rows, x, context, V, x));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
