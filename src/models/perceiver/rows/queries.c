#include "models/perceiver/rows/queries.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/find.h"
#include "nn/rows.h"

#define POINTS "subsampled_output_points"

/* Says which positions the queries of a decoder have. top: it is the whole decoder, not that of a
 * modality. */
static tyto_status prepare_positions(const tyto_perceiver_inputs *inputs, const char *name,
                                     bool top, bool points, tyto_perceiver_query *out,
                                     tyto_error *err)
{
    const tyto_perceiver_decoder *part = out->part;
    const bool fourier = part->position.type == TYTO_PERCEIVER_POSITION_FOURIER,
               video = part->type == TYTO_PERCEIVER_VIDEO_DECODER;
    const int64_t *dims = part->output_index_dims;
    int rank = part->output_index_rank;
    if (fourier && top && !points && !video) {
        /* The reference takes the flat inputs [B,rows,channels] for [B,channels,positions…], so
         * there are as many positions as channels. */
        if (!inputs) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "input 'inputs': missing, required for Fourier queries");
        }
        dims = &inputs->channels;
        rank = 1;
    } else if (fourier && rank == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: the decoder has no output_index_dims", name);
    }
    return tyto_perceiver_positions_prepare(&part->position, name, rank, dims, !top || points,
                                            &out->positions, err);
}

static tyto_status check_points(const tyto_perceiver_query *query, const char *name, int64_t count,
                                tyto_error *err)
{
    const int64_t wrong = tyto_find_outside(count, query->points, query->positions.count);
    return wrong < 0
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_RANGE, "input '%s': got %lld, required 0 to %lld", name,
                           (long long)query->points[wrong], (long long)query->positions.count - 1);
}

static tyto_status read_points(tyto_io *io, const char *name, int64_t batch, bool top,
                               tyto_perceiver_query *out)
{
    int64_t shape[2] = {-1, -1};
    const void *points;
    out->points_per_batch = top && tyto_io_rank(io, name) == 2;
    if (out->points_per_batch) {
        shape[0] = batch;
    }
    TYTO_TRY(tyto_io_input(io, name, TYTO_I64, out->points_per_batch ? 2 : 1, shape, &points));
    out->points = points;
    out->rows = shape[out->points_per_batch ? 1 : 0];
    return check_points(out, name, out->rows * (out->points_per_batch ? batch : 1), io->err);
}

/* The content that is joined in front of a query: that of the modality, or of the only input. */
static tyto_status find_content(const tyto_perceiver_inputs *inputs, const char *modality,
                                tyto_perceiver_query *out, tyto_error *err)
{
    const bool several =
        inputs && inputs->part && inputs->part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR;
    if (inputs && inputs->part && !several && !modality) {
        out->content = &inputs->inputs[0];
    }
    for (int i = 0; several && modality && i < inputs->count; i++) {
        if (strcmp(inputs->part->modalities[i].name, modality) == 0) {
            out->content = &inputs->inputs[i];
        }
    }
    if (!out->content) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "decoder: concat_preprocessed_input: required preprocessed inputs%s%s",
                         modality ? " of modality " : "", modality ? modality : "");
    }
    if (out->content->rows != out->rows || out->content->batch != inputs->batch) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "decoder: concat_preprocessed_input: got %lld rows of input, required as "
                         "many as queries (%lld)",
                         (long long)out->content->rows, (long long)out->rows);
    }
    return TYTO_OK;
}

/* One decoder's queries; modality NULL: it is the whole decoder. */
static tyto_status prepare_one(const tyto_perceiver_decoder *part, const char *modality,
                               int64_t required, const tyto_perceiver_inputs *inputs, tyto_io *io,
                               int64_t batch, tyto_perceiver_query *out)
{
    char name[TYTO_IO_NAME_BYTES];
    tyto_io_name(name, modality ? POINTS : "", modality ? modality : POINTS);
    *out = (tyto_perceiver_query){.part = part};
    const bool points = tyto_io_has(io, name);
    TYTO_TRY(prepare_positions(inputs, modality ? modality : "decoder", !modality, points, out,
                               io->err));
    out->rows = out->positions.count;
    if (points) {
        TYTO_TRY(read_points(io, name, batch, !modality, out));
    }
    out->channels = out->positions.channels;
    if (part->concat_preprocessed_input) {
        TYTO_TRY(find_content(inputs, modality, out, io->err));
        out->channels += out->content->content;
    }
    if (out->channels != required) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "decoder: %s: got queries of %lld channels, required %lld (%s)",
                         modality ? modality : "num_channels", (long long)out->channels,
                         (long long)required, modality ? "num_query_channels" : "num_channels");
    }
    return TYTO_OK;
}

/* The inputs themselves are the queries of optical flow. */
static tyto_status prepare_flow(const tyto_perceiver_decoder *decoder,
                                const tyto_perceiver_inputs *inputs, tyto_perceiver_queries *out,
                                tyto_error *err)
{
    int64_t positions = 1;
    if (!inputs) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "input 'inputs': missing, required for the queries of optical flow");
    }
    if (inputs->channels != decoder->num_channels) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "decoder: num_channels: got inputs of %lld channels, required %lld",
                         (long long)inputs->channels, (long long)decoder->num_channels);
    }
    for (int i = 0; i < decoder->shape_rank; i++) {
        if (!tyto_mul_i64(positions, decoder->shape[i], &positions)) {
            positions = INT64_MAX;
        }
    }
    if (positions != inputs->rows) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "decoder: output_image_shape: got %lld positions in the inputs, required "
                         "%lld",
                         (long long)inputs->rows, (long long)positions);
    }
    out->inputs = inputs;
    out->rows = inputs->rows;
    return TYTO_OK;
}

tyto_status tyto_perceiver_queries_prepare(const tyto_perceiver_decoder *decoder,
                                           const tyto_perceiver_inputs *inputs, tyto_io *io,
                                           int64_t batch, tyto_perceiver_queries *out)
{
    const bool several = decoder->type == TYTO_PERCEIVER_MULTIMODAL_DECODER;
    *out = (tyto_perceiver_queries){.decoder = decoder, .count = several ? decoder->count : 1};
    out->queries = tyto_arena_take(io->scratch, (size_t)out->count, sizeof(*out->queries));
    if (!out->queries) {
        return tyto_fail_memory(io->err, "queries");
    }
    switch (decoder->type) {
    case TYTO_PERCEIVER_PROJECTION_DECODER:
        out->count = 0;
        out->rows = 1;
        return TYTO_OK;
    case TYTO_PERCEIVER_FLOW_DECODER:
        out->count = 0;
        return prepare_flow(decoder, inputs, out, io->err);
    case TYTO_PERCEIVER_MULTIMODAL_DECODER:
        for (int i = 0; i < out->count; i++) {
            const tyto_perceiver_output_modality *modality = &decoder->modalities[i];
            TYTO_TRY(prepare_one(&modality->part, modality->name, modality->part.query_channels,
                                 inputs, io, batch, &out->queries[i]));
            out->rows += out->queries[i].rows;
        }
        return TYTO_OK;
    case TYTO_PERCEIVER_BASIC_DECODER:
    case TYTO_PERCEIVER_CLASSIFICATION_DECODER:
    case TYTO_PERCEIVER_VIDEO_DECODER:
        break;
    }
    TYTO_TRY(
        prepare_one(decoder, NULL, decoder->num_channels, inputs, io, batch, &out->queries[0]));
    out->rows = out->queries[0].rows;
    return TYTO_OK;
}

tyto_status tyto_perceiver_queries_start(tyto_perceiver_queries *queries, tyto_exec *exec)
{
    for (int i = 0; i < queries->count; i++) {
        TYTO_TRY(tyto_perceiver_positions_start(&queries->queries[i].positions, exec));
    }
    return TYTO_OK;
}

/* Queries first … first+n−1 of one decoder, rows `stride` floats apart. */
static tyto_status one_rows(const tyto_perceiver_query *query, tyto_exec *exec, int64_t b,
                            int64_t first, int64_t n, float *out, int64_t stride)
{
    if (query->content) {
        TYTO_TRY(tyto_perceiver_input_content(query->content, exec, b, first, n, out, stride));
        out += query->content->content;
    }
    return tyto_perceiver_positions_rows(&query->positions, exec, first,
                                         tyto_perceiver_query_points(query, b, first), n, out,
                                         stride);
}

tyto_status tyto_perceiver_queries_rows(const tyto_perceiver_queries *queries, tyto_exec *exec,
                                        int64_t b, int64_t first, int64_t n, float *out)
{
    const tyto_perceiver_decoder *decoder = queries->decoder;
    const int64_t Q = decoder->num_channels;
    if (queries->inputs) {
        return tyto_perceiver_inputs_rows(queries->inputs, exec, b, first, n, out);
    }
    if (decoder->type != TYTO_PERCEIVER_MULTIMODAL_DECODER) {
        return one_rows(&queries->queries[0], exec, b, first, n, out, Q);
    }
    int64_t start = 0; /* of the modality among all rows */
    for (int i = 0; i < queries->count; i++) {
        const tyto_perceiver_query *query = &queries->queries[i];
        const tyto_perceiver_output_modality *modality = &decoder->modalities[i];
        const int64_t begin = tyto_max_i64(first, start),
                      end = tyto_min_i64(first + n, start + query->rows);
        if (begin < end) {
            float *rows = out + (begin - first) * Q;
            TYTO_TRY(one_rows(query, exec, b, begin - start, end - begin, rows, Q));
            TYTO_TRY(tyto_copy_rows(exec, end - begin, modality->pad, modality->padding, 0,
                                    rows + query->channels, Q));
        }
        start += query->rows;
    }
    return TYTO_OK;
}
