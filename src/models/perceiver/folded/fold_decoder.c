#include "models/perceiver/folded/fold_decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/derive.h"
#include "nn/algebra.h"

/* An output is folded when its channels are at most the decoder's divided by this. */
#define FEWER 4

/* Plain weights as floats, which are there for the time of folding. */
typedef struct raw_decoder {
    float *query, *attention_out, *dense1, *dense2; /* weights */
    float *final, *product[TYTO_PERCEIVER_MODALITIES_MAX];
} raw_decoder;

/* The decoder that is folded, and what becomes of it. */
typedef struct decoder_folding {
    const tyto_model_source *source;
    const char *prefix;
    const tyto_perceiver_decoder *decoder;
    const tyto_perceiver_postprocessor *post; /* or NULL */
    raw_decoder raw;
    tyto_perceiver_decoder_fold *fold;
    double *basis; /* [Q][channels], or NULL: the Q channels themselves */
} decoder_folding;

/* Scores of a query x with a key: rstd·(x − mean)·(γ⊙W_qᵀk) + (W_q·β + b_q)·k. */
static bool fold_query(const decoder_folding *folding)
{
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const tyto_perceiver_scores scores = {.qk_channels = layer->qk_channels,
                                          .channels = layer->q_dim,
                                          .weight = folding->raw.query,
                                          .gamma = layer->norm1.gamma,
                                          .beta = layer->norm1.beta,
                                          .bias = layer->query.bias};
    return tyto_perceiver_pack_scores(folding->source, &scores, &folding->fold->query);
}

/* centred[V + 1][Q]: what each value, and the bias, makes of a row without its mean. */
static double *centre(const decoder_folding *folding)
{
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const int64_t Q = layer->q_dim, V = layer->v_channels;
    double *columns = tyto_alloc((size_t)((V + 1) * Q), sizeof(*columns)),
           *wide = tyto_widen_copy(folding->raw.attention_out, Q * V);
    if (!columns || !wide) {
        free(columns);
        free(wide);
        return NULL;
    }
    tyto_transpose_wide(Q, V, wide, columns);
    tyto_widen(Q, layer->attention_out.bias, columns + V * Q);
    tyto_centre_rows_wide(V + 1, Q, columns);
    free(wide);
    return columns;
}

/* *state[channels][V + 1] makes z of the values and a bias; folding->basis is the basis that z has
 * coordinates in. When there are fewer values than channels, what they span is rotated to as few
 * channels. A rotation keeps lengths, and layer norm depends on nothing else. */
static bool fold_state(decoder_folding *folding, double **state)
{
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const int64_t Q = layer->q_dim, all = layer->v_channels + 1;
    double *columns = centre(folding);
    folding->fold->channels = tyto_min_i64(Q, all);
    *state = tyto_alloc((size_t)(folding->fold->channels * all), sizeof(**state));
    bool done = columns && *state;
    if (done && all < Q) {
        folding->basis = tyto_alloc((size_t)(Q * all), sizeof(*folding->basis));
        done = folding->basis != NULL;
        if (done) {
            tyto_orthonormalize(folding->source->pool, all, Q, columns, *state);
            tyto_transpose_wide(all, Q, columns, folding->basis);
        }
    } else if (done) {
        tyto_transpose_wide(all, Q, columns, *state);
    }
    free(columns);
    return done;
}

/* The MLP's first product as one of z: W1·γ on z's basis, with the bias b1 + W1·β. */
static bool fold_hidden(const decoder_folding *folding)
{
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const int64_t Q = layer->q_dim, WQ = Q * layer->widening, r = folding->fold->channels;
    double *scaled = tyto_alloc((size_t)(WQ * Q), sizeof(*scaled)),
           *rotated = tyto_alloc((size_t)(WQ * r), sizeof(*rotated)),
           *bias = tyto_alloc((size_t)WQ, sizeof(*bias));
    bool done = scaled && rotated && bias;
    if (done) {
        tyto_scale_columns_wide(WQ, Q, 1.0, folding->raw.dense1, layer->norm.gamma, scaled);
        tyto_widen(WQ, layer->dense1.bias, bias);
        tyto_add_dots_wide(WQ, Q, 1.0, folding->raw.dense1, layer->norm.beta, bias);
    }
    if (done && folding->basis) {
        tyto_multiply_wide(folding->source->pool, WQ, r, Q, scaled, folding->basis, rotated);
    }
    done = done &&
           tyto_perceiver_pack(folding->source, WQ, r, folding->basis ? rotated : scaled,
                               &folding->fold->hidden.weight) &&
           tyto_perceiver_keep(folding->source, WQ, bias, &folding->fold->hidden.bias);
    free(scaled);
    free(rotated);
    free(bias);
    return done;
}

/* total[P,Q] and shift[P]: the products after the decoder, F, and their biases, f. NULL where there
 * is none. */
static bool join_products(const decoder_folding *folding, const tyto_linear_weights *product,
                          const float *raw_product, int64_t P, double *total, double *shift)
{
    const tyto_perceiver_decoder *decoder = folding->decoder;
    const int64_t Q = decoder->num_channels;
    const float *first = decoder->final_project ? folding->raw.final : raw_product;
    if (!decoder->final_project || !product) {
        const float *bias = decoder->final_project ? decoder->final.bias : product->bias;
        tyto_widen(P * Q, first, total);
        tyto_widen(P, bias, shift);
        return true;
    }
    const int64_t C = decoder->output_num_channels;
    double *a = tyto_widen_copy(raw_product, P * C),
           *b = tyto_widen_copy(folding->raw.final, C * Q);
    if (a && b) {
        tyto_multiply_wide(folding->source->pool, P, Q, C, a, b, total);
        tyto_widen(P, product->bias, shift);
        tyto_add_products_wide(P, C, a, decoder->final.bias, shift);
    }
    const bool done = a && b;
    free(a);
    free(b);
    return done;
}

/* One output's tail, of total[P,Q] and shift[P] of join_products. */
static bool fold_tail(const decoder_folding *folding, int64_t P, const double *state,
                      const double *total, double *shift, tyto_perceiver_tail *tail)
{
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const int64_t Q = layer->q_dim, V = layer->v_channels, WQ = Q * layer->widening,
                  r = folding->fold->channels;
    double *out = tyto_widen_copy(folding->raw.attention_out, Q * V),
           *dense2 = tyto_widen_copy(folding->raw.dense2, Q * WQ),
           *values = tyto_alloc((size_t)((r + P) * V), sizeof(*values)),
           *biases = tyto_alloc((size_t)(r + P), sizeof(*biases)),
           *mixed = tyto_alloc((size_t)(P * WQ), sizeof(*mixed));
    bool done = out && dense2 && values && biases && mixed;
    if (done) {
        tyto_multiply_wide(folding->source->pool, P, V, Q, total, out, values + r * V);
        tyto_multiply_wide(folding->source->pool, P, WQ, Q, total, dense2, mixed);
        tyto_split_last_column(r, V, state, values, biases);
        memset(biases + r, 0, (size_t)P * sizeof(*biases));
        tyto_add_products_wide(P, Q, total, layer->attention_out.bias, biases + r);
        tyto_add_products_wide(P, Q, total, layer->dense2.bias, shift);
    }
    done = done && tyto_perceiver_pack(folding->source, r + P, V, values, &tail->state.weight) &&
           tyto_perceiver_keep(folding->source, r + P, biases, &tail->state.bias) &&
           tyto_perceiver_keep(folding->source, P * WQ, mixed, &tail->out) &&
           tyto_perceiver_keep(folding->source, P, shift, &tail->out_bias);
    tail->outputs = done ? P : 0;
    free(out);
    free(dense2);
    free(values);
    free(biases);
    free(mixed);
    return done;
}

/* Channels of the output that `product` (or NULL) makes of decoded rows; 0: not to be folded. */
static int64_t folded_outputs(const tyto_perceiver_decoder *decoder,
                              const tyto_linear_weights *product)
{
    const int64_t P = product ? product->weight.n : decoder->output_num_channels;
    return P > decoder->num_channels / FEWER ? 0 : P;
}

/* Folds the output that `product` (or NULL) makes of decoded rows, when that is worth it. */
static bool fold_output(const decoder_folding *folding, const tyto_linear_weights *product,
                        const float *raw_product, const double *state, tyto_perceiver_tail *tail)
{
    const tyto_perceiver_decoder *decoder = folding->decoder;
    const int64_t P = folded_outputs(decoder, product);
    if (P == 0) {
        return true;
    }
    double *total = tyto_alloc((size_t)(P * decoder->num_channels), sizeof(*total)),
           *shift = tyto_alloc((size_t)P, sizeof(*shift));
    const bool done = total && shift &&
                      join_products(folding, product, raw_product, P, total, shift) &&
                      fold_tail(folding, P, state, total, shift, tail);
    free(total);
    free(shift);
    return done;
}

/* Each target has a postprocessor of its own, or all have one or none. */
static int count_targets(const tyto_perceiver_postprocessor *post)
{
    return post && post->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR ? post->count : 1;
}

static const tyto_perceiver_postprocessor *target_part(const tyto_perceiver_postprocessor *post,
                                                       int i)
{
    return post && post->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR ? &post->modalities[i].part
                                                                         : post;
}

static void ask(void *context, tyto_binder *binder)
{
    decoder_folding *folding = context;
    const tyto_perceiver_postprocessor *post = folding->post;
    const char *prefix = folding->prefix;
    const tyto_perceiver_decoder *decoder = folding->decoder;
    const tyto_perceiver_layer *layer = &decoder->cross;
    const int64_t Q = layer->q_dim, WQ = Q * layer->widening;
    char inner[128];
    snprintf(inner, sizeof(inner), "%sdecoder.%s", prefix,
             decoder->type == TYTO_PERCEIVER_BASIC_DECODER ? "" : "decoder.");
    tyto_binder_prefix(binder, "%sdecoding_cross_attention.", inner);
#define WEIGHT(slot, name, rows, columns)                                                          \
    tyto_binder_floats(binder, slot, name ".weight", (const int64_t[4]){rows, columns},            \
                       #rows ", " #columns)
    WEIGHT(&folding->raw.query, "attention.self.query", layer->qk_channels, Q);
    WEIGHT(&folding->raw.attention_out, "attention.output.dense", Q, layer->v_channels);
    WEIGHT(&folding->raw.dense1, "mlp.dense1", WQ, Q);
    WEIGHT(&folding->raw.dense2, "mlp.dense2", Q, WQ);
    if (decoder->final_project) {
        tyto_binder_prefix(binder, "%s", inner);
        WEIGHT(&folding->raw.final, "final_layer", decoder->output_num_channels, Q);
    }
    for (int i = 0; post && i < count_targets(post); i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        tyto_binder_prefix(binder, "%soutput_postprocessor.%s%s%s", prefix,
                           part == post ? "" : "modalities.",
                           part == post ? "" : post->modalities[i].name, part == post ? "" : ".");
        WEIGHT(&folding->raw.product[i], "classifier", part->out_channels, part->in_channels);
    }
#undef WEIGHT
}

static tyto_status make(void *context, tyto_error *err)
{
    decoder_folding *folding = context;
    const tyto_perceiver_postprocessor *post = folding->post;
    const int targets = count_targets(post);
    double *state = NULL;
    bool done = fold_query(folding) && fold_state(folding, &state) && fold_hidden(folding);
    tyto_status status = done ? TYTO_OK : tyto_fail_memory(err, folding->source->tensors_name);
    for (int i = 0; status == TYTO_OK && i < targets; i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        status = tyto_perceiver_fold_step(folding->source, "decoder", i, targets, err);
        if (status == TYTO_OK &&
            !fold_output(folding, part ? &part->classifier : NULL, folding->raw.product[i], state,
                         &folding->fold->tails[i])) {
            status = tyto_fail_memory(err, folding->source->tensors_name);
        }
    }
    free(state);
    free(folding->basis);
    return status;
}

/* A product that folding makes. */
static void bind_product(tyto_binder *binder, tyto_linear_weights *slot, const char *name,
                         int64_t out, int64_t in)
{
    tyto_binder_linear(binder, slot, (const char *const[]){name, NULL}, &out, in, 0, true,
                       "folded");
}

/* All that folding makes of the decoder. */
static void bind(void *context, tyto_binder *binder)
{
    const decoder_folding *folding = context;
    const tyto_perceiver_postprocessor *post = folding->post;
    const char *prefix = folding->prefix;
    const tyto_perceiver_layer *layer = &folding->decoder->cross;
    const int64_t V = layer->v_channels, WQ = layer->q_dim * layer->widening;
    tyto_perceiver_decoder_fold *fold = folding->fold;
    fold->channels = tyto_min_i64(layer->q_dim, V + 1);
    tyto_binder_prefix(binder, "%sdecoder.folded.", prefix);
    tyto_binder_matrix(binder, &fold->query, "query", layer->q_dim + 2, layer->qk_channels,
                       "folded");
    bind_product(binder, &fold->hidden, "hidden", WQ, fold->channels);
    for (int i = 0; i < count_targets(post); i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        const int64_t P = folded_outputs(folding->decoder, part ? &part->classifier : NULL);
        fold->tails[i].outputs = P;
        if (P > 0) {
            tyto_binder_prefix(binder, "%sdecoder.folded.%d.", prefix, i);
            bind_product(binder, &fold->tails[i].state, "state", fold->channels + P, V);
            tyto_binder_floats(binder, &fold->tails[i].out, "out.weight", (const int64_t[4]){P, WQ},
                               "folded");
            tyto_binder_floats(binder, &fold->tails[i].out_bias, "out.bias", (const int64_t[4]){P},
                               "folded");
        }
    }
}

bool tyto_perceiver_can_fold_decoder(const tyto_perceiver_parts *parts)
{
    const tyto_perceiver_decoder *decoder = parts->decoder;
    const bool attends = decoder && decoder->type != TYTO_PERCEIVER_PROJECTION_DECODER &&
                         decoder->type != TYTO_PERCEIVER_CLASSIFICATION_DECODER;
    return attends && decoder->cross.heads == 1 && !decoder->cross.residual &&
           (decoder->final_project || parts->output_postprocessor);
}

tyto_status tyto_perceiver_fold_decoder(const tyto_perceiver_parts *parts,
                                        const tyto_model_source *source, const char *prefix,
                                        tyto_perceiver_decoder_fold **out, tyto_error *err)
{
    static const tyto_perceiver_derivation derivation = {"decoder", ask, make, bind};
    decoder_folding folding = {.source = source,
                               .prefix = prefix,
                               .decoder = parts->decoder,
                               .post = parts->output_postprocessor};
    folding.fold = tyto_alloc_zeroed(1, sizeof(*folding.fold));
    const tyto_status status = folding.fold
                                   ? tyto_perceiver_derive(source, &derivation, &folding, err)
                                   : tyto_fail_memory(err, source->tensors_name);
    if (status == TYTO_OK) {
        *out = folding.fold;
    } else {
        free(folding.fold);
    }
    return status;
}
