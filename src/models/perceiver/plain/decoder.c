#include "models/perceiver/plain/decoder.h"

#include "base/error.h"
#include "nn/rows.h"

#define CROSS_ATTENTIONS "cross_attentions.1"

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

float *tyto_perceiver_query_attentions(const tyto_io *io)
{
    return tyto_io_find(io, CROSS_ATTENTIONS);
}

tyto_status tyto_perceiver_decode_rows(const tyto_perceiver_queries *queries, tyto_exec *exec,
                                       int64_t b, const tyto_perceiver_memory *memory,
                                       int64_t first, int64_t n,
                                       const tyto_perceiver_targets *targets)
{
    const tyto_perceiver_decoder *decoder = queries->decoder;
    const int64_t Q = decoder->num_channels, C = tyto_perceiver_decoder_channels(decoder);
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows, *states, *decoded;
    TYTO_TRY(tyto_exec_floats(exec, n * Q, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n * Q, &states));
    TYTO_TRY(tyto_perceiver_queries_rows(queries, exec, b, first, n, rows));
    TYTO_TRY(tyto_perceiver_layer_cross(&decoder->cross, exec, n, rows, memory, states));
    decoded = states;
    if (decoder->final_project) {
        TYTO_TRY(tyto_exec_floats(exec, n * C, &decoded));
        TYTO_TRY(tyto_perceiver_product(exec, &decoder->final, n, states, decoded));
    }
    TYTO_TRY(tyto_perceiver_emit(targets, exec, b, first, n, C, decoded));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_decode_mean(const tyto_perceiver *model, tyto_exec *exec, int64_t batch,
                                       const float *latents, const tyto_perceiver_targets *targets)
{
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    const int64_t N = model->config.num_latents, D = model->config.d_latents,
                  C = decoder->output_num_channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *mean, *decoded;
    TYTO_TRY(tyto_exec_floats(exec, D, &mean));
    TYTO_TRY(tyto_exec_floats(exec, C, &decoded));
    for (int64_t b = 0; b < batch; b++) {
        TYTO_TRY(tyto_exec_step(exec, b, batch));
        TYTO_TRY(tyto_mean_rows(exec, N, D, latents + b * N * D, D, mean));
        TYTO_TRY(tyto_perceiver_product(exec, &decoder->classifier, 1, mean, decoded));
        TYTO_TRY(tyto_perceiver_emit(targets, exec, b, 0, 1, C, decoded));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
