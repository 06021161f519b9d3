#include "models/perceiver/plain/targets.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/plain/layer.h"
#include "nn/rows.h"

/* The shape in which a decoder gives its rows; how many of them it gives goes to *rows. */
static tyto_status decoded_shape(const tyto_perceiver_queries *queries, int64_t batch, int *rank,
                                 int64_t *shape, int64_t *rows, tyto_error *err)
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
            return tyto_fail(err, TYTO_E_SHAPE,
                             "decoder: output_shape: got %lld queries in a batch of %lld, required "
                             "%lld in %lld",
                             (long long)queries->rows, (long long)batch,
                             (long long)(decoder->shape[1] * decoder->shape[2] * decoder->shape[3]),
                             (long long)decoder->shape[0]);
        }
        break;
    }
    shape[(*rank)++] = tyto_perceiver_decoder_channels(decoder);
    return TYTO_OK;
}

/* Declares the output that a postprocessor, or none (NULL), makes of decoded rows
 * [batch,…,channels]. */
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
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, rank, shape, &target->output));
    if (!target->output && for_loss) {
        return tyto_exec_floats(exec, shape[0] * target->each, &target->output);
    }
    return TYTO_OK;
}

/* Finds the decoded rows of a modality. They are its queries'; a decoder without modalities has as
 * many rows for each as the input of that name. */
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
                                      tyto_io *io, int64_t batch, tyto_perceiver_targets *targets)
{
    const tyto_perceiver_postprocessor *post = model->parts.output_postprocessor;
    const int64_t channels = tyto_perceiver_decoder_channels(model->parts.decoder);
    targets->count = post->count;
    for (int i = 0; i < post->count; i++) {
        const tyto_perceiver_post_modality *modality = &post->modalities[i];
        tyto_perceiver_target *target = &targets->items[i];
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
                                          tyto_perceiver_targets *targets)
{
    const tyto_perceiver_postprocessor *post = model->parts.output_postprocessor;
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    tyto_perceiver_target *target = &targets->items[0];
    int64_t shape[TYTO_RANK_MAX];
    int rank;
    if (post && post->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        return declare_modalities(model, queries, inputs, exec, io, batch, targets);
    }
    targets->count = 1;
    *target = (tyto_perceiver_target){.divisor = 1.0f};
    TYTO_TRY(decoded_shape(queries, batch, &rank, shape, &target->rows, io->err));
    if (decoder->type == TYTO_PERCEIVER_FLOW_DECODER) {
        target->divisor = (float)decoder->rescale_factor;
    }
    if (model->embedding_decoder.weight.data) {
        target->product = &model->embedding_decoder;
        shape[rank - 1] = model->config.vocab_size;
    }
    return declare_target(post, "logits", rank, shape, exec, io, for_loss, target);
}

tyto_status tyto_perceiver_emit(const tyto_perceiver_targets *targets, tyto_exec *exec, int64_t b,
                                int64_t first, int64_t n, int64_t channels, const float *decoded)
{
    for (int i = 0; i < targets->count; i++) {
        const tyto_perceiver_target *target = &targets->items[i];
        const int64_t begin = tyto_max_i64(first, target->first),
                      rows = tyto_min_i64(first + n, target->first + target->rows) - begin;
        if (!target->output || rows <= 0) {
            continue;
        }
        const int64_t wide = target->product ? target->product->weight.n : channels;
        const float *x = decoded + (begin - first) * channels;
        float *y = target->output + b * target->each + (begin - target->first) * wide;
        if (target->product) {
            TYTO_TRY(tyto_perceiver_product(exec, target->product, rows, x, y));
        } else {
            TYTO_TRY(tyto_copy_rows(exec, rows, channels, x, channels, y, channels));
        }
        if (target->divisor != 1.0f) {
            TYTO_TRY(tyto_divide(exec, rows * wide, target->divisor, y));
        }
    }
    return TYTO_OK;
}
