#include "models/perceiver/folded/fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/model.h"
#include "weights/binder.h"

#define LOG2_E 1.4426950408889634
/* An output is folded when it has so many times fewer channels than the decoder. */
#define FEWER 4

/* The plain parameters once more, as floats; gone when folding is done. */
typedef struct raw_decoder {
    float *query, *attention_out, *dense1, *dense2; /* weights */
    float *final, *product[TYTO_PERCEIVER_MODALITIES_MAX];
} raw_decoder;

/* What everything here works with. */
typedef struct folding {
    const tyto_model_source *source;
    const tyto_perceiver_decoder *decoder;
    tyto_weight_store temporary;
    raw_decoder raw;
    tyto_perceiver_decoder_fold *to;
    double *basis; /* [Q][channels], or NULL: the Q channels themselves */
} folding;

typedef struct multiply_job {
    int64_t n, k;
    const double *a, *b;
    double *c;
} multiply_job;

/* Numbers that are computed side by side: compilers turn so many into vectors. */
#define SIDE 16

static void multiply_row(void *context, int64_t m, int worker)
{
    (void)worker;
    const multiply_job *job = context;
    const double *a = job->a + m * job->k;
    double *c = job->c + m * job->n;
    int64_t j = 0;
    for (; j + SIDE <= job->n; j += SIDE) {
        double sum[SIDE] = {0};
        for (int64_t i = 0; i < job->k; i++) {
            for (int s = 0; s < SIDE; s++) {
                sum[s] += a[i] * job->b[i * job->n + j + s];
            }
        }
        memcpy(c + j, sum, sizeof(sum));
    }
    for (; j < job->n; j++) {
        c[j] = 0.0;
        for (int64_t i = 0; i < job->k; i++) {
            c[j] += a[i] * job->b[i * job->n + j];
        }
    }
}

/* c[m,n] = a[m,k]·b[k,n] */
static void multiply(tyto_pool *pool, int64_t m, int64_t n, int64_t k, const double *a,
                     const double *b, double *c)
{
    multiply_job job = {.n = n, .k = k, .a = a, .b = b, .c = c};
    tyto_pool_run(pool, m, multiply_row, &job);
}

static double *widen(const float *values, int64_t count)
{
    double *wide = tyto_alloc((size_t)count, sizeof(*wide));
    for (int64_t i = 0; wide && i < count; i++) {
        wide[i] = (double)values[i];
    }
    return wide;
}

/* *out = values[n,k] packed in the model's store. */
static bool pack(const folding *of, int64_t n, int64_t k, const double *values,
                 tyto_packed_matrix *out)
{
    float *narrow = tyto_alloc((size_t)(n * k), sizeof(*narrow));
    bool done = narrow != NULL;
    for (int64_t i = 0; done && i < n * k; i++) {
        narrow[i] = (float)values[i];
    }
    done = done && tyto_weight_store_pack(of->source->store, of->source->kernels, of->source->pool,
                                          n, k, narrow, out);
    free(narrow);
    return done;
}

/* *out = the first n values as floats in the model's store. */
static bool keep(const folding *of, int64_t n, const double *values, float **out)
{
    *out = tyto_weight_store_floats(of->source->store, n);
    for (int64_t i = 0; *out && i < n; i++) {
        (*out)[i] = (float)values[i];
    }
    return *out != NULL;
}

/* Scores of a query x with a key: rstd·(x − mean)·(γ⊙W_qᵀk) + (W_q·β + b_q)·k. */
static bool fold_query(const folding *of)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t Q = layer->q_dim, K = layer->qk_channels;
    const double scale = LOG2_E / sqrt((double)K);
    double *rows = tyto_alloc_zeroed((size_t)((Q + 2) * K), sizeof(*rows));
    for (int64_t k = 0; rows && k < K; k++) {
        rows[(Q + 1) * K + k] = scale * (double)layer->query.bias[k];
        for (int64_t c = 0; c < Q; c++) {
            const double w = scale * (double)of->raw.query[k * Q + c],
                         scaled = w * (double)layer->norm1.gamma[c];
            rows[c * K + k] = scaled;
            rows[Q * K + k] += scaled;
            rows[(Q + 1) * K + k] += w * (double)layer->norm1.beta[c];
        }
    }
    const bool done = rows && pack(of, Q + 2, K, rows, &of->to->query);
    free(rows);
    return done;
}

/* centred[V + 1][Q]: what each value, and the bias, makes of a row without its mean. */
static double *centre(const folding *of)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t Q = layer->q_dim, V = layer->v_channels;
    double *columns = tyto_alloc((size_t)((V + 1) * Q), sizeof(*columns));
    for (int64_t j = 0; columns && j <= V; j++) {
        double *column = columns + j * Q, mean = 0.0;
        for (int64_t q = 0; q < Q; q++) {
            column[q] = j < V ? (double)of->raw.attention_out[q * V + j]
                              : (double)layer->attention_out.bias[q];
            mean += column[q] / (double)Q;
        }
        for (int64_t q = 0; q < Q; q++) {
            column[q] -= mean;
        }
    }
    return columns;
}

typedef struct sweep_job {
    int64_t length, first;
    double *columns;
    double *factors; /* [columns] */
} sweep_job;

static double dot(int64_t n, const double *a, const double *b)
{
    double parts[SIDE] = {0}, sum = 0.0;
    int64_t i = 0;
    for (; i + SIDE <= n; i += SIDE) {
        for (int s = 0; s < SIDE; s++) {
            parts[s] += a[i + s] * b[i + s];
        }
    }
    for (; i < n; i++) {
        sum += a[i] * b[i];
    }
    for (int s = 0; s < SIDE; s++) {
        sum += parts[s];
    }
    return sum;
}

/* Takes the direction of column `first` out of a later one. */
static void sweep(void *context, int64_t index, int worker)
{
    (void)worker;
    const sweep_job *job = context;
    const int64_t n = job->length;
    const double *unit = job->columns + job->first * n;
    double *column = job->columns + (job->first + 1 + index) * n;
    const double along = dot(n, unit, column);
    int64_t i = 0;
    job->factors[job->first + 1 + index] = along;
    for (; i + SIDE <= n; i += SIDE) {
        for (int s = 0; s < SIDE; s++) {
            column[i + s] -= along * unit[i + s];
        }
    }
    for (; i < n; i++) {
        column[i] -= along * unit[i];
    }
}

/* columns[count][length] become orthonormal, or 0 where they depend on earlier ones;
 * triangle[count][count] gives them back: old column j = Σ_i triangle[i][j]·column i.
 * source  Gram–Schmidt, modified; Björck 1967 */
static void orthonormalize(tyto_pool *pool, int64_t count, int64_t length, double *columns,
                           double *triangle)
{
    memset(triangle, 0, (size_t)(count * count) * sizeof(*triangle));
    double largest = 0.0;
    for (int64_t i = 0; i < count; i++) {
        double *column = columns + i * length;
        const double norm = sqrt(dot(length, column, column));
        largest = fmax(largest, norm);
        const bool gone = norm <= 1e-12 * largest;
        for (int64_t c = 0; c < length; c++) {
            column[c] = gone ? 0.0 : column[c] / norm;
        }
        triangle[i * count + i] = gone ? 0.0 : norm;
        sweep_job job = {length, i, columns, triangle + i * count};
        tyto_pool_run(pool, count - 1 - i, sweep, &job);
    }
}

/* to[columns][rows] = from[rows][columns] */
static void transpose(int64_t rows, int64_t columns, const double *from, double *to)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            to[c * rows + r] = from[r * columns + c];
        }
    }
}

/* *state[channels][V + 1] = values and bias to z, and the basis that z is of. When there are fewer
 * values than channels, their span is rotated to as few; lengths, which are all that layer norm
 * looks at, stay. */
static bool fold_state(folding *of, double **state)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t Q = layer->q_dim, all = layer->v_channels + 1;
    double *columns = centre(of);
    of->to->channels = tyto_min_i64(Q, all);
    *state = tyto_alloc((size_t)(of->to->channels * all), sizeof(**state));
    bool done = columns && *state;
    if (done && all < Q) {
        of->basis = tyto_alloc((size_t)(Q * all), sizeof(*of->basis));
        done = of->basis != NULL;
        if (done) {
            orthonormalize(of->source->pool, all, Q, columns, *state);
            transpose(all, Q, columns, of->basis);
        }
    } else if (done) {
        transpose(all, Q, columns, *state);
    }
    free(columns);
    return done;
}

/* W1·γ on z's basis; b1 + W1·β. */
static bool fold_hidden(const folding *of)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t Q = layer->q_dim, WQ = Q * layer->widening, r = of->to->channels;
    double *scaled = tyto_alloc((size_t)(WQ * Q), sizeof(*scaled)),
           *rotated = tyto_alloc((size_t)(WQ * r), sizeof(*rotated)),
           *bias = tyto_alloc((size_t)WQ, sizeof(*bias));
    bool done = scaled && rotated && bias;
    for (int64_t h = 0; done && h < WQ; h++) {
        bias[h] = (double)layer->dense1.bias[h];
        for (int64_t q = 0; q < Q; q++) {
            const double w = (double)of->raw.dense1[h * Q + q];
            scaled[h * Q + q] = w * (double)layer->norm.gamma[q];
            bias[h] += w * (double)layer->norm.beta[q];
        }
    }
    if (done && of->basis) {
        multiply(of->source->pool, WQ, r, Q, scaled, of->basis, rotated);
    }
    done = done && pack(of, WQ, r, of->basis ? rotated : scaled, &of->to->hidden.weight) &&
           keep(of, WQ, bias, &of->to->hidden.bias);
    free(scaled);
    free(rotated);
    free(bias);
    return done;
}

/* total[P,Q] and shift[P]: the products after the decoder, F, and their biases, f. NULL where there
 * is none. */
static bool join_products(const folding *of, const tyto_linear_weights *product,
                          const float *raw_product, int64_t P, double *total, double *shift)
{
    const tyto_perceiver_decoder *decoder = of->decoder;
    const int64_t Q = decoder->num_channels;
    const float *first = decoder->final_project ? of->raw.final : raw_product;
    if (!decoder->final_project || !product) {
        const float *bias = decoder->final_project ? decoder->final.bias : product->bias;
        for (int64_t i = 0; i < P * Q; i++) {
            total[i] = (double)first[i];
        }
        for (int64_t p = 0; p < P; p++) {
            shift[p] = (double)bias[p];
        }
        return true;
    }
    const int64_t C = decoder->output_num_channels;
    double *a = widen(raw_product, P * C), *b = widen(of->raw.final, C * Q);
    if (a && b) {
        multiply(of->source->pool, P, Q, C, a, b, total);
    }
    for (int64_t p = 0; a && b && p < P; p++) {
        shift[p] = (double)product->bias[p];
        for (int64_t c = 0; c < C; c++) {
            shift[p] += a[p * C + c] * (double)decoder->final.bias[c];
        }
    }
    const bool done = a && b;
    free(a);
    free(b);
    return done;
}

/* One output's tail, of total[P,Q] and shift[P] of join_products. */
static bool fold_tail(const folding *of, int64_t P, const double *state, const double *total,
                      double *shift, tyto_perceiver_tail *tail)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t Q = layer->q_dim, V = layer->v_channels, WQ = Q * layer->widening,
                  r = of->to->channels;
    double *out = widen(of->raw.attention_out, Q * V), *dense2 = widen(of->raw.dense2, Q * WQ),
           *values = tyto_alloc((size_t)((r + P) * V), sizeof(*values)),
           *biases = tyto_alloc((size_t)(r + P), sizeof(*biases)),
           *mixed = tyto_alloc((size_t)(P * WQ), sizeof(*mixed));
    bool done = out && dense2 && values && biases && mixed;
    if (done) {
        multiply(of->source->pool, P, V, Q, total, out, values + r * V);
        multiply(of->source->pool, P, WQ, Q, total, dense2, mixed);
    }
    for (int64_t i = 0; done && i < r; i++) {
        memcpy(values + i * V, state + i * (V + 1), (size_t)V * sizeof(*values));
        biases[i] = state[i * (V + 1) + V];
    }
    for (int64_t p = 0; done && p < P; p++) {
        biases[r + p] = 0.0;
        for (int64_t q = 0; q < Q; q++) {
            biases[r + p] += total[p * Q + q] * (double)layer->attention_out.bias[q];
            shift[p] += total[p * Q + q] * (double)layer->dense2.bias[q];
        }
    }
    done = done && pack(of, r + P, V, values, &tail->state.weight) &&
           keep(of, r + P, biases, &tail->state.bias) && keep(of, P * WQ, mixed, &tail->out) &&
           keep(of, P, shift, &tail->out_bias);
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
static bool fold_output(const folding *of, const tyto_linear_weights *product,
                        const float *raw_product, const double *state, tyto_perceiver_tail *tail)
{
    const tyto_perceiver_decoder *decoder = of->decoder;
    const int64_t P = folded_outputs(decoder, product);
    if (P == 0) {
        return true;
    }
    double *total = tyto_alloc((size_t)(P * decoder->num_channels), sizeof(*total)),
           *shift = tyto_alloc((size_t)P, sizeof(*shift));
    const bool done = total && shift && join_products(of, product, raw_product, P, total, shift) &&
                      fold_tail(of, P, state, total, shift, tail);
    free(total);
    free(shift);
    return done;
}

/* Postprocessors by target. */
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

static void bind_raw(folding *of, tyto_binder *binder, const tyto_perceiver_postprocessor *post,
                     const char *prefix)
{
    const tyto_perceiver_decoder *decoder = of->decoder;
    const tyto_perceiver_layer *layer = &decoder->cross;
    const int64_t Q = layer->q_dim, WQ = Q * layer->widening;
    char inner[128];
    snprintf(inner, sizeof(inner), "%sdecoder.%s", prefix,
             decoder->type == TYTO_PERCEIVER_BASIC_DECODER ? "" : "decoder.");
    tyto_binder_prefix(binder, "%sdecoding_cross_attention.", inner);
#define WEIGHT(slot, name, rows, columns)                                                          \
    tyto_binder_floats(binder, slot, name ".weight", (const int64_t[4]){rows, columns},            \
                       #rows ", " #columns)
    WEIGHT(&of->raw.query, "attention.self.query", layer->qk_channels, Q);
    WEIGHT(&of->raw.attention_out, "attention.output.dense", Q, layer->v_channels);
    WEIGHT(&of->raw.dense1, "mlp.dense1", WQ, Q);
    WEIGHT(&of->raw.dense2, "mlp.dense2", Q, WQ);
    if (decoder->final_project) {
        tyto_binder_prefix(binder, "%s", inner);
        WEIGHT(&of->raw.final, "final_layer", decoder->output_num_channels, Q);
    }
    for (int i = 0; post && i < count_targets(post); i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        tyto_binder_prefix(binder, "%soutput_postprocessor.%s%s%s", prefix,
                           part == post ? "" : "modalities.",
                           part == post ? "" : post->modalities[i].name, part == post ? "" : ".");
        WEIGHT(&of->raw.product[i], "classifier", part->out_channels, part->in_channels);
    }
#undef WEIGHT
}

/* Queries whose scores come apart into axes, and outputs of few channels: see README.md. */
static bool can_fold(const tyto_perceiver *model)
{
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    if (!decoder || model->embedding_decoder.weight.data) {
        return false;
    }
    const bool attends = decoder->type != TYTO_PERCEIVER_PROJECTION_DECODER &&
                         decoder->type != TYTO_PERCEIVER_CLASSIFICATION_DECODER;
    return attends && decoder->cross.heads == 1 && !decoder->cross.residual &&
           (decoder->final_project || model->parts.output_postprocessor);
}

static bool fold_all(folding *of, const tyto_perceiver_postprocessor *post)
{
    double *state = NULL;
    bool done = fold_query(of) && fold_state(of, &state) && fold_hidden(of);
    for (int i = 0; done && i < count_targets(post); i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        done = fold_output(of, part ? &part->classifier : NULL, of->raw.product[i], state,
                           &of->to->tails[i]);
    }
    free(state);
    free(of->basis);
    return done;
}

/* A product that folding makes. */
static void bind_product(tyto_binder *binder, tyto_linear_weights *slot, const char *name,
                         int64_t out, int64_t in)
{
    tyto_binder_linear(binder, slot, (const char *const[]){name, NULL}, &out, in, 0, true,
                       "folded");
}

/* All that folding makes of the decoder. */
static void bind_folded(const folding *of, tyto_binder *binder,
                        const tyto_perceiver_postprocessor *post, const char *prefix)
{
    const tyto_perceiver_layer *layer = &of->decoder->cross;
    const int64_t V = layer->v_channels, WQ = layer->q_dim * layer->widening;
    tyto_perceiver_decoder_fold *to = of->to;
    to->channels = tyto_min_i64(layer->q_dim, V + 1);
    tyto_binder_prefix(binder, "%sdecoder.folded.", prefix);
    tyto_binder_matrix(binder, &to->query, "query", layer->q_dim + 2, layer->qk_channels, "folded");
    bind_product(binder, &to->hidden, "hidden", WQ, to->channels);
    for (int i = 0; i < count_targets(post); i++) {
        const tyto_perceiver_postprocessor *part = target_part(post, i);
        const int64_t P = folded_outputs(of->decoder, part ? &part->classifier : NULL);
        to->tails[i].outputs = P;
        if (P > 0) {
            tyto_binder_prefix(binder, "%sdecoder.folded.%d.", prefix, i);
            bind_product(binder, &to->tails[i].state, "state", to->channels + P, V);
            tyto_binder_floats(binder, &to->tails[i].out, "out.weight", (const int64_t[4]){P, WQ},
                               "folded");
            tyto_binder_floats(binder, &to->tails[i].out_bias, "out.bias", (const int64_t[4]){P},
                               "folded");
        }
    }
}

tyto_status tyto_perceiver_end_folded(tyto_binder *binder, const char *name, tyto_error *err)
{
    char *unexpected = NULL;
    tyto_status status = TYTO_OK;
    if (tyto_binder_packed(binder)) {
        status = tyto_binder_finish(binder, &unexpected, err);
    } else if (!tyto_binder_record(binder)) {
        status = tyto_fail_memory(err, name);
    }
    free(unexpected);
    return status;
}

static tyto_status fold_decoder(tyto_perceiver *model, const tyto_model_source *source,
                                const char *prefix, tyto_error *err)
{
    const tyto_perceiver_postprocessor *post = model->parts.output_postprocessor;
    folding of = {.source = source, .decoder = model->parts.decoder};
    char *unexpected = NULL;
    tyto_status status = TYTO_OK;
    tyto_binder *raw = tyto_binder_create(source->tensors, source->tensors_name, &of.temporary,
                                          source->kernels, source->pool),
                *folded = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                             source->kernels, source->pool);
    of.to = tyto_alloc_zeroed(1, sizeof(*of.to));
    if (!raw || !folded || !of.to) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    tyto_binder_derived(folded);
    if (!tyto_binder_packed(raw)) {
        bind_raw(&of, raw, post, prefix);
        TYTO_CHECK(tyto_binder_finish(raw, &unexpected, err));
        if (!fold_all(&of, post)) {
            status = tyto_fail_memory(err, source->tensors_name);
            goto cleanup;
        }
    }
    bind_folded(&of, folded, post, prefix);
    TYTO_CHECK(tyto_perceiver_end_folded(folded, source->tensors_name, err));
    model->decoder_fold = of.to;
    of.to = NULL;
cleanup:
    free(unexpected);
    free(of.to);
    tyto_binder_destroy(raw);
    tyto_binder_destroy(folded);
    tyto_weight_store_clear(&of.temporary);
    return status;
}

/* to[I + 1][K] of the encoder, from key[K][I]. */
static bool fold_key(const folding *of, const tyto_perceiver_layer *layer, const float *key,
                     tyto_perceiver_encoder_fold *to)
{
    const int64_t I = layer->kv_dim, K = layer->qk_channels;
    const double scale = LOG2_E / sqrt((double)K);
    double *rows = tyto_alloc_zeroed((size_t)((I + 1) * K), sizeof(*rows));
    for (int64_t k = 0; rows && k < K; k++) {
        for (int64_t c = 0; c < I; c++) {
            const double w = scale * (double)key[k * I + c] * (double)layer->norm2.gamma[c];
            rows[c * K + k] = w;
            rows[I * K + k] += w;
        }
    }
    const bool done = rows && pack(of, I + 1, K, rows, &to->key);
    free(rows);
    return done;
}

static tyto_status fold_encoder(tyto_perceiver *model, const tyto_model_source *source,
                                const char *prefix, tyto_error *err)
{
    const tyto_perceiver_layer *layer = &model->cross;
    const int64_t I = layer->kv_dim, K = layer->qk_channels;
    folding of = {.source = source};
    float *key = NULL;
    char *unexpected = NULL;
    tyto_status status = TYTO_OK;
    tyto_binder *raw = tyto_binder_create(source->tensors, source->tensors_name, &of.temporary,
                                          source->kernels, source->pool),
                *folded = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                             source->kernels, source->pool);
    tyto_perceiver_encoder_fold *to = tyto_alloc_zeroed(1, sizeof(*to));
    if (!raw || !folded || !to) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    if (!tyto_binder_packed(raw)) {
        tyto_binder_prefix(raw, "%sencoder.cross_attention.", prefix);
        tyto_binder_floats(raw, &key, "attention.self.key.weight", (const int64_t[4]){K, I},
                           "qk_channels");
        TYTO_CHECK(tyto_binder_finish(raw, &unexpected, err));
        if (!fold_key(&of, layer, key, to)) {
            status = tyto_fail_memory(err, source->tensors_name);
            goto cleanup;
        }
    }
    tyto_binder_derived(folded);
    tyto_binder_prefix(folded, "%sencoder.folded.", prefix);
    tyto_binder_matrix(folded, &to->key, "key", I + 1, K, "folded");
    TYTO_CHECK(tyto_perceiver_end_folded(folded, source->tensors_name, err));
    model->encoder_fold = to;
    to = NULL;
cleanup:
    free(unexpected);
    free(to);
    tyto_binder_destroy(raw);
    tyto_binder_destroy(folded);
    tyto_weight_store_clear(&of.temporary);
    return status;
}

tyto_status tyto_perceiver_fold(tyto_perceiver *model, const tyto_model_source *source,
                                const char *prefix, tyto_error *err)
{
    if (source->store->list) {
        return TYTO_OK;
    }
    if (model->cross.heads == 1) {
        TYTO_TRY(fold_encoder(model, source, prefix, err));
        TYTO_TRY(tyto_perceiver_fold_input(model->parts.input_preprocessor, source, prefix, err));
    }
    return can_fold(model) ? fold_decoder(model, source, prefix, err) : TYTO_OK;
}
