#include "models/perceiver/rows/positions.h"

#include "base/error.h"
#include "base/memory.h"
#include "nn/linear.h"
#include "nn/rows.h"

static tyto_status prepare_fourier(const char *where, int rank, const int64_t *dims, bool sampled,
                                   tyto_perceiver_positions *out, tyto_error *err)
{
    const tyto_perceiver_position *position = out->position;
    const int resolutions = position->resolution_rank;
    tyto_fourier *fourier = &out->fourier;
    if (rank > TYTO_PERCEIVER_AXES_MAX || (rank != resolutions && rank != 1 && resolutions != 1)) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "%s: Fourier features: got %d index dimensions, required %d "
                         "(max_resolution)",
                         where, rank, resolutions);
    }
    *fourier = (tyto_fourier){.rank = rank,
                              .groups = rank > resolutions ? rank : resolutions,
                              .bands = position->num_bands,
                              .coordinates = position->concat_pos,
                              .sine_only = position->sine_only,
                              .sampled = sampled};
    for (int g = 0; g < fourier->groups; g++) {
        const int64_t resolution = position->max_resolution[resolutions == 1 ? 0 : g];
        fourier->highest[g] = (float)((double)resolution / 2.0);
    }
    out->count = 1;
    for (int a = 0; a < rank; a++) {
        fourier->dims[a] = dims[a];
        if (!tyto_mul_i64(out->count, dims[a], &out->count) ||
            out->count > TYTO_PERCEIVER_POSITIONS_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT, "%s: required at most %lld positions", where,
                             (long long)TYTO_PERCEIVER_POSITIONS_MAX);
        }
    }
    out->size = tyto_fourier_channels(fourier);
    return TYTO_OK;
}

tyto_status tyto_perceiver_positions_prepare(const tyto_perceiver_position *position,
                                             const char *where, int rank, const int64_t *dims,
                                             bool sampled, tyto_perceiver_positions *out,
                                             tyto_error *err)
{
    *out = (tyto_perceiver_positions){.position = position};
    if (position->type == TYTO_PERCEIVER_POSITION_FOURIER) {
        TYTO_TRY(prepare_fourier(where, rank, dims, sampled, out, err));
    } else if (position->type == TYTO_PERCEIVER_POSITION_TRAINABLE) {
        out->count = position->index_count;
        out->size = position->num_channels;
    }
    out->channels = out->size;
    if (position->project_pos_dim > 0) {
        if (out->size != position->out_channels) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "%s: got positions of %lld channels, required out_channels (%lld)",
                             where, (long long)out->size, (long long)position->out_channels);
        }
        out->channels = position->project_pos_dim;
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_positions_start(tyto_perceiver_positions *positions, tyto_exec *exec)
{
    return tyto_fourier_start(exec, &positions->fourier);
}

bool tyto_perceiver_positions_separable(const tyto_perceiver_positions *positions)
{
    return positions->position && positions->position->type == TYTO_PERCEIVER_POSITION_FOURIER &&
           positions->position->project_pos_dim <= 0;
}

/* Rows before the projection. */
static tyto_status plain_rows(const tyto_perceiver_positions *positions, tyto_exec *exec,
                              int64_t first, const int64_t *indices, int64_t n, float *out,
                              int64_t stride)
{
    const int64_t size = positions->size;
    const float *table = positions->position->table;
    if (positions->position->type == TYTO_PERCEIVER_POSITION_FOURIER) {
        return tyto_fourier_rows(exec, &positions->fourier, first, indices, n, out, stride);
    }
    return indices ? tyto_select_rows(exec, n, size, table, size, indices, out, stride)
                   : tyto_copy_rows(exec, n, size, table + first * size, size, out, stride);
}

tyto_status tyto_perceiver_positions_rows(const tyto_perceiver_positions *positions,
                                          tyto_exec *exec, int64_t first, const int64_t *indices,
                                          int64_t n, float *out, int64_t stride)
{
    const tyto_perceiver_position *position = positions->position;
    const int64_t size = positions->size;
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows;
    if (size == 0) {
        return TYTO_OK;
    }
    if (position->project_pos_dim <= 0) {
        return plain_rows(positions, exec, first, indices, n, out, stride);
    }
    TYTO_TRY(tyto_exec_floats(exec, n * size, &rows));
    TYTO_TRY(plain_rows(positions, exec, first, indices, n, rows, size));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = rows,
                                                   .ldx = size,
                                                   .rows = n,
                                                   .weight = &position->projection.weight,
                                                   .bias = position->projection.bias,
                                                   .y = out,
                                                   .ldy = stride}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
