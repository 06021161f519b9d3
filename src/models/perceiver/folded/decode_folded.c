#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/split.h"
#include "models/perceiver/model.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rows.h"

/* The queries that a target is decoded from, when they are those of one modality. */
static const tyto_perceiver_query *find_query(const tyto_perceiver_queries *queries,
                                              const tyto_perceiver_target *target)
{
    int64_t start = 0;
    for (int i = 0; i < queries->count; i++) {
        if (start == target->first && queries->queries[i].rows == target->rows) {
            return &queries->queries[i];
        }
        start += queries->queries[i].rows;
    }
    return NULL;
}

/* The trained channels at the end of a modality's queries. */
static const float *find_padding(const tyto_perceiver_decoder *decoder,
                                 const tyto_perceiver_query *query)
{
    for (int i = 0; i < decoder->count; i++) {
        if (query->part == &decoder->modalities[i].part) {
            return decoder->modalities[i].padding;
        }
    }
    return NULL;
}

/* How a target's queries come apart; false when they don't. */
static bool split_queries(const tyto_perceiver_queries *queries,
                          const tyto_perceiver_target *target, tyto_perceiver_split *out,
                          const tyto_perceiver_query **query)
{
    *out = (tyto_perceiver_split){.channels = queries->decoder->num_channels};
    if (queries->inputs) {
        const tyto_perceiver_input *input = &queries->inputs->inputs[0];
        *query = NULL;
        out->content = input;
        out->positions = &input->positions;
        out->content_channels = input->content;
        return queries->inputs->count == 1 && tyto_perceiver_splits(input) &&
               tyto_perceiver_positions_separate(&input->positions) && input->rows == target->rows;
    }
    *query = find_query(queries, target);
    if (!*query || !tyto_perceiver_positions_separate(&(*query)->positions)) {
        return false;
    }
    out->positions = &(*query)->positions;
    out->content = (*query)->content;
    out->content_channels = out->content ? out->content->content : 0;
    out->padding = find_padding(queries->decoder, *query);
    return true;
}

bool tyto_perceiver_decodes_folded(const tyto_perceiver *model,
                                   const tyto_perceiver_queries *queries,
                                   const tyto_perceiver_target *targets, int i)
{
    tyto_perceiver_split split;
    const tyto_perceiver_query *query;
    return model->decoder_fold && model->decoder_fold->tails[i].outputs > 0 &&
           targets[i].rows >= model->config.num_latents &&
           split_queries(queries, &targets[i], &split, &query);
}

/* What queries attend to. */
typedef struct folded_memory {
    tyto_grid grid;
    float *keys; /* [N, content + 2] */
    float *strips;
} folded_memory;

/* y[rows,n] = act(x[rows,k]·wᵀ + b), rows of x ldx floats apart. */
static tyto_status dense(tyto_exec *exec, const tyto_packed_matrix *weight, const float *bias,
                         int64_t rows, const float *x, int64_t ldx, tyto_activation activation,
                         float *y)
{
    return tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                 .ldx = ldx,
                                                 .rows = rows,
                                                 .weight = weight,
                                                 .bias = bias,
                                                 .activation = activation,
                                                 .y = y,
                                                 .ldy = weight->n});
}

/* What each key adds for positions: tables of the axes, with constants[N], ldc floats apart, in the
 * last one's. scored[N, Q + 2]: keys by the folded query weights. */
static tyto_status make_tables(const tyto_perceiver_split *split, tyto_exec *exec, int64_t N,
                               const float *scored, const float *constants, int64_t ldc,
                               tyto_grid *grid)
{
    const tyto_perceiver_positions *positions = split->positions;
    const int64_t C = split->content_channels, size = positions->size, all = split->channels + 2;
    const int last = positions->rank - 1;
    *grid = (tyto_grid){.rank = positions->rank};
    memcpy(grid->dims, positions->dims, sizeof(grid->dims));
    for (int a = 0; a < last; a++) {
        float *table;
        TYTO_TRY(tyto_exec_floats(exec, grid->dims[a] * N, &table));
        TYTO_TRY(tyto_matmul_nt(exec, grid->dims[a], N, size, split->axes[a], size, scored + C, all,
                                table, N));
        grid->outer[a] = table;
    }
    float *table;
    grid->stride = tyto_grid_stride(exec->kernels, grid->dims[last]);
    TYTO_TRY(tyto_exec_floats(exec, N * grid->stride, &table));
    TYTO_TRY(tyto_matmul_nt(exec, N, grid->dims[last], size, scored + C, all, split->axes[last],
                            size, table, grid->stride));
    grid->last = table;
    for (int64_t j = 0; j < N; j++) {
        for (int64_t i = 0; i < grid->stride; i++) {
            float *entry = &table[j * grid->stride + i];
            *entry = i < grid->dims[last] ? *entry + constants[j * ldc] : 0.0f;
        }
    }
    return TYTO_OK;
}

/* Everything that the latents bring, of their keys and values kv[N, K + V]. */
static tyto_status make_memory(const tyto_perceiver *model, const tyto_perceiver_tail *tail,
                               const tyto_perceiver_split *split, tyto_exec *exec, const float *kv,
                               folded_memory *out)
{
    const tyto_perceiver_layer *layer = &model->parts.decoder->cross;
    const tyto_perceiver_decoder_fold *fold = model->decoder_fold;
    const int64_t N = model->config.num_latents, K = layer->qk_channels,
                  width = K + layer->v_channels, Z = tail->state.weight.n,
                  D = tyto_perceiver_split_row(split);
    TYTO_TRY(tyto_exec_floats(exec, N * D, &out->keys));
    TYTO_TRY(tyto_exec_floats(exec, tyto_grid_strips_floats(exec, N, Z), &out->strips));
    float *scored, *values;
    TYTO_TRY(tyto_exec_floats(exec, N * fold->query.n, &scored));
    TYTO_TRY(tyto_exec_floats(exec, N * Z, &values));
    TYTO_TRY(dense(exec, &fold->query, NULL, N, kv, width, TYTO_ACT_NONE, scored));
    TYTO_TRY(dense(exec, &tail->state.weight, tail->state.bias, N, kv + K, width, TYTO_ACT_NONE,
                   values));
    tyto_grid_strips(exec, N, Z, values, Z, out->strips);
    TYTO_TRY(tyto_perceiver_split_partners(split, exec, N, scored, fold->query.n, out->keys));
    TYTO_TRY(make_tables(split, exec, N, scored, out->keys + split->raw + 1, D, &out->grid));
    /* In its place comes what goes with the 1 of a query's row. */
    return tyto_copy_rows(exec, N, 1, scored + split->channels + 1, fold->query.n,
                          out->keys + split->raw + 1, D);
}

/* One target on its way. */
typedef struct folded_target {
    const tyto_perceiver *model;
    const tyto_perceiver_target *target;
    const tyto_perceiver_tail *tail;
    const tyto_perceiver_split *split;
    const tyto_perceiver_query *query;
    int64_t b;
    folded_memory memory;
} folded_target;

/* Rows first … first+n−1 of the target. */
static tyto_status decode_rows(const folded_target *of, tyto_exec *exec, int64_t first, int64_t n)
{
    const tyto_perceiver_decoder_fold *fold = of->model->decoder_fold;
    const tyto_perceiver_layer *layer = &of->model->parts.decoder->cross;
    const tyto_perceiver_target *target = of->target;
    const int64_t D = tyto_perceiver_split_row(of->split), Z = of->tail->state.weight.n,
                  hidden = fold->hidden.weight.n, r = fold->channels, P = of->tail->outputs;
    const int64_t *indices = NULL;
    float *rows, *factors, *states, *wide;
    size_t mark = tyto_arena_mark(exec->arena);
    if (of->query && of->query->points) {
        indices =
            of->query->points + (of->query->points_per_batch ? of->b * of->query->rows : 0) + first;
    }
    TYTO_TRY(tyto_exec_floats(exec, n * D, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n, &factors));
    TYTO_TRY(tyto_exec_floats(exec, n * Z, &states));
    TYTO_TRY(tyto_exec_floats(exec, n * hidden, &wide));
    TYTO_TRY(tyto_perceiver_split_rows(of->split, exec, of->b, first, indices, n, rows, factors));
    TYTO_TRY(
        tyto_grid_attention(exec, &(tyto_grid_attention_args){.grid = &of->memory.grid,
                                                              .first = first,
                                                              .indices = indices,
                                                              .queries = n,
                                                              .keys = of->model->config.num_latents,
                                                              .qk_channels = D,
                                                              .v_channels = Z,
                                                              .q = rows,
                                                              .factor = factors,
                                                              .k = of->memory.keys,
                                                              .ldq = D,
                                                              .ldk = D,
                                                              .strips = of->memory.strips,
                                                              .out = states,
                                                              .ldo = Z}));
    TYTO_TRY(tyto_rms_norm(exec, n, r, Z, layer->q_dim, TYTO_PERCEIVER_EPS, states));
    TYTO_TRY(dense(exec, &fold->hidden.weight, fold->hidden.bias, n, states, Z, layer->act, wide));
    float *to = target->to + of->b * target->each + first * P;
    TYTO_TRY(tyto_linear_few(exec, &(tyto_linear_few_args){.x = wide,
                                                           .ldx = hidden,
                                                           .rows = n,
                                                           .n = P,
                                                           .k = hidden,
                                                           .weight = of->tail->out,
                                                           .bias = of->tail->out_bias,
                                                           .more = states + r,
                                                           .ldm = Z,
                                                           .y = to,
                                                           .ldy = P}));
    if (target->divisor != 1.0f) {
        TYTO_TRY(tyto_divide(exec, n * P, target->divisor, to));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_decode_folded(const tyto_perceiver *model,
                                         const tyto_perceiver_queries *queries, tyto_exec *exec,
                                         int64_t b, const float *kv,
                                         const tyto_perceiver_target *targets, int i)
{
    const tyto_perceiver_target *target = &targets[i];
    tyto_perceiver_split split;
    folded_target of = {.model = model,
                        .target = target,
                        .tail = &model->decoder_fold->tails[i],
                        .split = &split,
                        .b = b};
    size_t mark = tyto_arena_mark(exec->arena);
    (void)split_queries(queries, target, &split, &of.query);
    TYTO_TRY(tyto_perceiver_split_prepare(&split, exec));
    TYTO_TRY(make_memory(model, of.tail, &split, exec, kv, &of.memory));
    /* Whole lines together. */
    const int64_t width = of.memory.grid.dims[of.memory.grid.rank - 1],
                  lines = TYTO_PERCEIVER_ROWS_TOGETHER / width,
                  together = lines > 0 ? lines * width : TYTO_PERCEIVER_ROWS_TOGETHER;
    for (int64_t first = 0; first < target->rows; first += together) {
        TYTO_TRY(tyto_exec_step(exec, first, target->rows));
        TYTO_TRY(decode_rows(&of, exec, first, tyto_min_i64(together, target->rows - first)));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
