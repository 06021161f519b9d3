#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/model.h"
#include "nn/linear.h"
#include "nn/rows.h"

#define CROSS_ATTENTIONS "cross_attentions.1"

/* Channels of a decoded row. */
static int64_t decoded_channels(const tyto_perceiver_decoder *decoder)
{
    return decoder->type == TYTO_PERCEIVER_PROJECTION_DECODER || decoder->final_project
               ? decoder->output_num_channels
               : decoder->num_channels;
}

/* The shape in which a decoder gives its rows; how many of them it gives goes to *rows. */
static tyto_status decoded_shape(const tyto_perceiver_queries *queries, tyto_exec *exec,
                                 int64_t batch, int *rank, int64_t *shape, int64_t *rows)
{
    const tyto_perceiver_decoder *decoder = queries->decoder;
    *rank = 0;
    *rows = queries->rows;
    shape[(*rank)++] = batch;
    switch (decoder->type) {
    case TYTO_PERCEIVER_PROJECTION_DECODER:
    case TYTO_PERCEIVER_CLASSIFICATION_DECODER:
        *rows = 1;
        break;
    case TYTO_PERCEIVER_BASIC_DECODER:
    case TYTO_PERCEIVER_MULTIMODAL_DECODER:
        shape[(*rank)++] = queries->rows;
        break;
    case TYTO_PERCEIVER_FLOW_DECODER:
        for (int i = 0; i < decoder->shape_rank; i++) {
            shape[(*rank)++] = decoder->shape[i];
        }
        break;
    case TYTO_PERCEIVER_VIDEO_DECODER:
        for (int i = 1; i < decoder->shape_rank; i++) {
            shape[(*rank)++] = decoder->shape[i];
        }
        if (decoder->shape[0] != batch ||
            queries->rows != decoder->shape[1] * decoder->shape[2] * decoder->shape[3]) {
            return tyto_fail(exec->err, TYTO_E_SHAPE,
                             "decoder: output_shape: got %lld queries in a batch of %lld, required "
                             "%lld in %lld",
                             (long long)queries->rows, (long long)batch,
                             (long long)(decoder->shape[1] * decoder->shape[2] * decoder->shape[3]),
                             (long long)decoder->shape[0]);
        }
        break;
    }
    shape[(*rank)++] = decoded_channels(decoder);
    return TYTO_OK;
}

/* Declares one output of decoded rows [batch,…,channels] after its postprocessor (or NULL). */
static tyto_status declare_target(const tyto_perceiver_postprocessor *post, const char *name,
                                  int rank, int64_t *shape, tyto_exec *exec, tyto_io *io,
                                  bool for_loss, tyto_perceiver_target *target)
{
    if (post) {
        target->product = &post->classifier;
        shape[rank - 1] = post->out_channels;
    }
    if (post && post->type == TYTO_PERCEIVER_AUDIO_POSTPROCESSOR) {
        for (int i = 2; i < rank; i++) {
            shape[1] *= shape[i];
        }
        rank = 2;
    } else if (post && post->type == TYTO_PERCEIVER_CLASSIFICATION_POSTPROCESSOR) {
        if (rank != 3) {
            return tyto_fail(exec->err, TYTO_E_SHAPE,
                             "%s: got decoded rows of rank %d, required 3 to classify", name, rank);
        }
        shape[1] = shape[2];
        rank = 2;
        target->rows = 1;
    }
    target->each = 1;
    for (int i = 1; i < rank; i++) {
        target->each *= shape[i];
    }
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, rank, shape, &target->to));
    if (!target->to && for_loss) {
        return tyto_exec_floats(exec, shape[0] * target->each, &target->to);
    }
    return TYTO_OK;
}

/* First row and number of rows of a modality: of the queries, or, when the decoder knows no
 * modalities, as many as the input has. */
static void find_rows(const tyto_perceiver *model, const tyto_perceiver_queries *queries,
                      const tyto_perceiver_inputs *inputs, const char *name, int64_t *first,
                      int64_t *rows)
{
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    const bool own = decoder->type == TYTO_PERCEIVER_MULTIMODAL_DECODER;
    const int count = own ? queries->count : inputs ? inputs->count : 0;
    *first = *rows = 0;
    for (int i = 0; i < count; i++) {
        const char *other = own ? decoder->modalities[i].name : inputs->part->modalities[i].name;
        *rows = own ? queries->queries[i].rows : inputs->inputs[i].rows;
        if (strcmp(other, name) == 0) {
            return;
        }
        *first += *rows;
    }
    *rows = 0;
}

static tyto_status declare_modalities(const tyto_perceiver *model,
                                      const tyto_perceiver_queries *queries,
                                      const tyto_perceiver_inputs *inputs, tyto_exec *exec,
                                      tyto_io *io, int64_t batch, tyto_perceiver_target *targets,
                                      int *count)
{
    const tyto_perceiver_postprocessor *post = model->parts.output_postprocessor;
    const int64_t channels = decoded_channels(model->parts.decoder);
    for (*count = 0; *count < post->count; (*count)++) {
        const tyto_perceiver_post_modality *modality = &post->modalities[*count];
        tyto_perceiver_target *target = &targets[*count];
        char name[TYTO_IO_NAME_BYTES];
        *target = (tyto_perceiver_target){.divisor = 1.0f};
        find_rows(model, queries, inputs, modality->name, &target->first, &target->rows);
        if (target->rows == 0 || target->first + target->rows > queries->rows) {
            return tyto_fail(exec->err, TYTO_E_SHAPE,
                             "logits.%s: got %lld decoded rows in all, required rows %lld to %lld",
                             modality->name, (long long)queries->rows, (long long)target->first,
                             (long long)(target->first + target->rows));
        }
        int64_t shape[3] = {batch, target->rows, channels};
        tyto_io_name(name, "logits", modality->name);
        TYTO_TRY(declare_target(&modality->part, name, 3, shape, exec, io, false, target));
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_declare_logits(const tyto_perceiver *model,
                                          const tyto_perceiver_queries *queries,
                                          const tyto_perceiver_inputs *inputs, tyto_exec *exec,
                                          tyto_io *io, int64_t batch, bool for_loss,
                                          tyto_perceiver_target *targets, int *count)
{
    const tyto_perceiver_postprocessor *post = model->parts.output_postprocessor;
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    int64_t shape[TYTO_RANK_MAX];
    int rank;
    if (post && post->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        return declare_modalities(model, queries, inputs, exec, io, batch, targets, count);
    }
    *count = 1;
    *targets = (tyto_perceiver_target){.divisor = 1.0f};
    TYTO_TRY(decoded_shape(queries, exec, batch, &rank, shape, &targets->rows));
    if (decoder->type == TYTO_PERCEIVER_FLOW_DECODER) {
        targets->divisor = (float)decoder->rescale_factor;
    }
    if (model->embedding_decoder.weight.data) {
        targets->product = &model->embedding_decoder;
        shape[rank - 1] = model->config.vocab_size;
    }
    return declare_target(post, "logits", rank, shape, exec, io, for_loss, targets);
}

tyto_status tyto_perceiver_declare_queries(const tyto_perceiver *model,
                                           const tyto_perceiver_queries *queries, tyto_io *io,
                                           int64_t batch)
{
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    const int64_t maps[4] = {batch, decoder->cross.heads, queries->rows, model->config.num_latents};
    float *memory;
    if (decoder->type == TYTO_PERCEIVER_PROJECTION_DECODER) {
        return TYTO_OK;
    }
    return tyto_io_output(
        io, model->config.output_attentions ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST,
        CROSS_ATTENTIONS, 4, maps, &memory);
}

/* y[rows,n] = x[rows,k]·wᵀ + b */
static tyto_status product(tyto_exec *exec, const tyto_linear_weights *weights, int64_t rows,
                           const float *x, float *y)
{
    return tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                 .ldx = weights->weight.k,
                                                 .rows = rows,
                                                 .weight = &weights->weight,
                                                 .bias = weights->bias,
                                                 .y = y,
                                                 .ldy = weights->weight.n});
}

/* Hands decoded rows first … first+n−1 of batch element b to those targets that need them. */
static tyto_status emit(const tyto_perceiver_target *targets, int count, tyto_exec *exec, int64_t b,
                        int64_t first, int64_t n, int64_t channels, const float *decoded)
{
    for (int i = 0; i < count; i++) {
        const tyto_perceiver_target *target = &targets[i];
        const int64_t from = tyto_max_i64(first, target->first),
                      rows = tyto_min_i64(first + n, target->first + target->rows) - from;
        if (!target->to || rows <= 0) {
            continue;
        }
        const int64_t wide = target->product ? target->product->weight.n : channels;
        const float *rows_in = decoded + (from - first) * channels;
        float *to = target->to + b * target->each + (from - target->first) * wide;
        if (target->product) {
            TYTO_TRY(product(exec, target->product, rows, rows_in, to));
        } else {
            TYTO_TRY(tyto_copy_rows(exec, rows, channels, rows_in, channels, to, channels));
        }
        if (target->divisor != 1.0f) {
            TYTO_TRY(tyto_divide(exec, rows * wide, target->divisor, to));
        }
    }
    return TYTO_OK;
}

/* One batch element on its way through the decoder. */
typedef struct element {
    const tyto_perceiver *model;
    const tyto_perceiver_queries *queries;
    const tyto_perceiver_target *targets;
    int count;
    int64_t b;
    tyto_perceiver_memory memory;
} element;

/* Decodes queries first … first+n−1 together. */
static tyto_status decode_rows(const element *of, tyto_exec *exec, int64_t first, int64_t n)
{
    const tyto_perceiver_decoder *decoder = of->queries->decoder;
    const int64_t Q = decoder->num_channels, C = decoded_channels(decoder);
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows, *states, *decoded;
    TYTO_TRY(tyto_exec_floats(exec, n * Q, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n * Q, &states));
    TYTO_TRY(tyto_perceiver_queries_rows(of->queries, exec, of->b, first, n, rows));
    TYTO_TRY(tyto_perceiver_layer_cross(&decoder->cross, exec, n, rows, &of->memory, states));
    decoded = states;
    if (decoder->final_project) {
        TYTO_TRY(tyto_exec_floats(exec, n * C, &decoded));
        TYTO_TRY(product(exec, &decoder->final, n, states, decoded));
    }
    TYTO_TRY(emit(of->targets, of->count, exec, of->b, first, n, C, decoded));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* All rows that targets need, some at a time; all at once when their attention is wanted. */
static tyto_status decode_element(const element *of, tyto_exec *exec)
{
    if (of->memory.probabilities) {
        return decode_rows(of, exec, 0, of->queries->rows);
    }
    for (int i = 0; i < of->count; i++) {
        const tyto_perceiver_target *target = &of->targets[i];
        const int64_t end = target->first + target->rows;
        if (target->to && tyto_perceiver_decodes_folded(of->model, of->queries, of->targets, i)) {
            TYTO_TRY(tyto_perceiver_decode_folded(of->model, of->queries, exec, of->b,
                                                  of->memory.kv, of->targets, i));
            continue;
        }
        for (int64_t first = target->first; target->to && first < end;
             first += TYTO_PERCEIVER_ROWS_TOGETHER) {
            TYTO_TRY(tyto_exec_step(exec, first - target->first, target->rows));
            TYTO_TRY(decode_rows(of, exec, first,
                                 tyto_min_i64(TYTO_PERCEIVER_ROWS_TOGETHER, end - first)));
        }
    }
    return TYTO_OK;
}

/* decoded[1,C] = classifier(mean of the latents) */
static tyto_status decode_mean(const tyto_perceiver *model, tyto_exec *exec, int64_t batch,
                               const float *latents, const tyto_perceiver_target *targets,
                               int count)
{
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    const int64_t N = model->config.num_latents, D = model->config.d_latents;
    size_t mark = tyto_arena_mark(exec->arena);
    float *mean, *decoded;
    TYTO_TRY(tyto_exec_floats(exec, D, &mean));
    TYTO_TRY(tyto_exec_floats(exec, decoder->output_num_channels, &decoded));
    for (int64_t b = 0; b < batch; b++) {
        TYTO_TRY(tyto_exec_step(exec, b, batch));
        TYTO_TRY(tyto_mean_rows(exec, N, D, latents + b * N * D, D, mean));
        TYTO_TRY(product(exec, &decoder->classifier, 1, mean, decoded));
        TYTO_TRY(emit(targets, count, exec, b, 0, 1, decoder->output_num_channels, decoded));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_decode(const tyto_perceiver *model,
                                  const tyto_perceiver_queries *queries, tyto_exec *exec,
                                  const tyto_io *io, int64_t batch, const float *latents,
                                  const tyto_perceiver_target *targets, int count)
{
    const tyto_perceiver_layer *layer = &queries->decoder->cross;
    const int64_t N = model->config.num_latents, D = model->config.d_latents;
    float *maps = tyto_io_find(io, CROSS_ATTENTIONS), *kv;
    bool wanted = maps != NULL;
    for (int i = 0; i < count; i++) {
        wanted = wanted || targets[i].to;
    }
    exec->stage = "decoder";
    if (!wanted) {
        return TYTO_OK;
    }
    if (queries->decoder->type == TYTO_PERCEIVER_PROJECTION_DECODER) {
        return decode_mean(model, exec, batch, latents, targets, count);
    }
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, N * (layer->qk_channels + layer->v_channels), &kv));
    for (int64_t b = 0; b < batch; b++) {
        element of = {
            .model = model, .queries = queries, .targets = targets, .count = count, .b = b};
        of.memory = (tyto_perceiver_memory){.kv = kv, .keys = N};
        if (maps) {
            of.memory.probabilities = maps + b * layer->heads * queries->rows * N;
        }
        TYTO_TRY(tyto_perceiver_layer_inputs(layer, exec, N, latents + b * N * D, kv));
        TYTO_TRY(decode_element(&of, exec));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
