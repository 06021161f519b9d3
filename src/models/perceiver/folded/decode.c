#include "models/perceiver/folded/decode.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/fold_decoder.h"
#include "models/perceiver/folded/separable.h"
#include "nn/columns.h"
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

/* Says what a target's queries are made of; false when they are not separable. *query: whose they
 * are, NULL when they are the inputs. */
static bool describe_queries(const tyto_perceiver_queries *queries,
                             const tyto_perceiver_target *target, tyto_perceiver_separable *out,
                             const tyto_perceiver_query **query)
{
    *out = (tyto_perceiver_separable){0};
    *query = NULL;
    if (queries->inputs) {
        const tyto_perceiver_input *input = &queries->inputs->inputs[0];
        out->content = input;
        out->positions = &input->positions;
        return queries->inputs->count == 1 && tyto_perceiver_input_separable(input) &&
               tyto_perceiver_positions_separable(&input->positions) && input->rows == target->rows;
    }
    *query = find_query(queries, target);
    if (!*query || !tyto_perceiver_positions_separable(&(*query)->positions)) {
        return false;
    }
    out->positions = &(*query)->positions;
    out->content = (*query)->content;
    out->padding = find_padding(queries->decoder, *query);
    return true;
}

bool tyto_perceiver_decodes_folded(const tyto_perceiver *model,
                                   const tyto_perceiver_queries *queries,
                                   const tyto_perceiver_target *target, int i)
{
    tyto_perceiver_separable separable;
    const tyto_perceiver_query *query;
    return model->decoder_fold && model->decoder_fold->tails[i].outputs > 0 &&
           target->rows >= model->config.num_latents &&
           describe_queries(queries, target, &separable, &query);
}

/* What queries attend to. */
typedef struct folded_memory {
    tyto_grid grid;
    float *tables[TYTO_GRID_AXES_MAX]; /* of the grid */
    float *keys;                       /* [N, columns of compact queries] */
    float *strips;                     /* of the values */
} folded_memory;

/* One target on its way. */
typedef struct decoding {
    const tyto_perceiver *model;
    const tyto_perceiver_target *target;
    const tyto_perceiver_tail *tail;
    tyto_perceiver_separable separable;
    const tyto_perceiver_query *query;
    int64_t b;
    folded_memory memory;
} decoding;

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

/* Memory of all that the latents bring. */
static tyto_status take_memory(decoding *work, tyto_exec *exec)
{
    const tyto_separable *norm = &work->separable.norm;
    const int64_t N = work->model->config.num_latents, Z = work->tail->state.weight.n;
    const int last = norm->rank - 1;
    folded_memory *memory = &work->memory;
    tyto_grid *grid = &memory->grid;
    *grid = (tyto_grid){.rank = norm->rank,
                        .stride = tyto_grid_stride(exec->kernels, norm->dims[last])};
    memcpy(grid->dims, norm->dims, sizeof(grid->dims));
    TYTO_TRY(tyto_exec_floats(exec, N * tyto_separable_columns(norm), &memory->keys));
    TYTO_TRY(tyto_exec_floats(exec, tyto_grid_strips_floats(exec, N, Z), &memory->strips));
    for (int a = 0; a < last; a++) {
        TYTO_TRY(tyto_exec_floats(exec, grid->dims[a] * N, &memory->tables[a]));
        grid->outer[a] = memory->tables[a];
    }
    TYTO_TRY(tyto_exec_floats(exec, N * grid->stride, &memory->tables[last]));
    grid->last = memory->tables[last];
    return TYTO_OK;
}

/* What positions add to the scores of each key: tables of the axes, with constants[N], ldc floats
 * apart, in the last one's. weights[N, Q + 2]: keys by the folded query weights. */
static tyto_status make_tables(const decoding *work, tyto_exec *exec, const float *weights,
                               const float *constants, int64_t ldc)
{
    const tyto_perceiver_separable *separable = &work->separable;
    const tyto_grid *grid = &work->memory.grid;
    const int64_t N = work->model->config.num_latents, size = separable->positions->size,
                  ldw = separable->norm.channels + 2, columns = grid->dims[grid->rank - 1];
    const float *position = weights + separable->norm.content_channels;
    float *table = work->memory.tables[grid->rank - 1];
    for (int a = 0; a < grid->rank - 1; a++) {
        TYTO_TRY(tyto_matmul_nt(exec, grid->dims[a], N, size, separable->axes[a], size, position,
                                ldw, work->memory.tables[a], N));
    }
    TYTO_TRY(tyto_matmul_nt(exec, N, columns, size, position, ldw, separable->axes[grid->rank - 1],
                            size, table, grid->stride));
    TYTO_TRY(tyto_add_column(exec, N, columns, constants, ldc, table, grid->stride));
    return tyto_fill_rows(exec, N, grid->stride - columns, 0.0f, table + columns, grid->stride);
}

/* Everything that the latents bring, of their keys and values kv[N, K + V]. */
static tyto_status make_memory(decoding *work, tyto_exec *exec, const float *kv)
{
    const tyto_perceiver_layer *layer = &work->model->parts.decoder->cross;
    const tyto_packed_matrix *query = &work->model->decoder_fold->query;
    const tyto_linear_weights *state = &work->tail->state;
    const tyto_separable *norm = &work->separable.norm;
    const int64_t N = work->model->config.num_latents, K = layer->qk_channels,
                  width = K + layer->v_channels, Z = state->weight.n,
                  D = tyto_separable_columns(norm);
    folded_memory *memory = &work->memory;
    float *weights, *values;
    TYTO_TRY(take_memory(work, exec));
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, N * query->n, &weights));
    TYTO_TRY(tyto_exec_floats(exec, N * Z, &values));
    TYTO_TRY(dense(exec, query, NULL, N, kv, width, TYTO_ACT_NONE, weights));
    TYTO_TRY(dense(exec, &state->weight, state->bias, N, kv + K, width, TYTO_ACT_NONE, values));
    tyto_grid_strips(exec, N, Z, values, Z, memory->strips);
    TYTO_TRY(
        tyto_perceiver_compact_operand(&work->separable, exec, N, weights, query->n, memory->keys));
    float *constants = memory->keys + norm->raw + 1;
    TYTO_TRY(make_tables(work, exec, weights, constants, D));
    /* The constants are in the tables now. In their place comes what goes with the 1 of a query. */
    TYTO_TRY(tyto_copy_rows(exec, N, 1, weights + norm->channels + 1, query->n, constants, D));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Rows first … first+n−1 of the target. */
static tyto_status decode_rows(const decoding *work, tyto_exec *exec, int64_t first, int64_t n)
{
    const tyto_perceiver_decoder_fold *fold = work->model->decoder_fold;
    const tyto_perceiver_layer *layer = &work->model->parts.decoder->cross;
    const tyto_perceiver_target *target = work->target;
    const tyto_perceiver_tail *tail = work->tail;
    const folded_memory *memory = &work->memory;
    const int64_t D = tyto_separable_columns(&work->separable.norm), Z = tail->state.weight.n,
                  hidden = fold->hidden.weight.n, r = fold->channels, P = tail->outputs;
    const int64_t *indices =
        work->query ? tyto_perceiver_query_points(work->query, work->b, first) : NULL;
    float *rows, *factors, *states, *wide,
        *output = target->output + work->b * target->each + first * P;
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, n * D, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n, &factors));
    TYTO_TRY(tyto_exec_floats(exec, n * Z, &states));
    TYTO_TRY(tyto_exec_floats(exec, n * hidden, &wide));
    TYTO_TRY(tyto_perceiver_compact_rows(&work->separable, exec, work->b, first, indices, n, rows,
                                         factors));
    TYTO_TRY(tyto_grid_attention(
        exec, &(tyto_grid_attention_args){.grid = &memory->grid,
                                          .first = first,
                                          .indices = indices,
                                          .queries = n,
                                          .keys = work->model->config.num_latents,
                                          .qk_channels = D,
                                          .v_channels = Z,
                                          .q = rows,
                                          .factor = factors,
                                          .k = memory->keys,
                                          .ldq = D,
                                          .ldk = D,
                                          .strips = memory->strips,
                                          .out = states,
                                          .ldo = Z}));
    TYTO_TRY(tyto_rms_norm(exec, n, r, Z, layer->q_dim, TYTO_PERCEIVER_EPS, states));
    TYTO_TRY(dense(exec, &fold->hidden.weight, fold->hidden.bias, n, states, Z, layer->act, wide));
    TYTO_TRY(tyto_linear_few(exec, &(tyto_linear_few_args){.x = wide,
                                                           .ldx = hidden,
                                                           .rows = n,
                                                           .n = P,
                                                           .k = hidden,
                                                           .weight = tail->out,
                                                           .bias = tail->out_bias,
                                                           .more = states + r,
                                                           .ldm = Z,
                                                           .y = output,
                                                           .ldy = P}));
    if (target->divisor != 1.0f) {
        TYTO_TRY(tyto_divide(exec, n * P, target->divisor, output));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_decode_folded(const tyto_perceiver *model,
                                         const tyto_perceiver_queries *queries, tyto_exec *exec,
                                         int64_t b, const float *kv,
                                         const tyto_perceiver_target *target, int i)
{
    decoding work = {
        .model = model, .target = target, .tail = &model->decoder_fold->tails[i], .b = b};
    size_t mark = tyto_arena_mark(exec->arena);
    (void)describe_queries(queries, target, &work.separable, &work.query);
    TYTO_TRY(tyto_perceiver_separable_start(&work.separable, exec, queries->decoder->num_channels));
    TYTO_TRY(make_memory(&work, exec, kv));
    /* Whole lines together. */
    const int64_t width = work.memory.grid.dims[work.memory.grid.rank - 1],
                  lines = TYTO_PERCEIVER_ROWS_TOGETHER / width,
                  together = lines > 0 ? lines * width : TYTO_PERCEIVER_ROWS_TOGETHER;
    for (int64_t first = 0; first < target->rows; first += together) {
        TYTO_TRY(tyto_exec_step(exec, first, target->rows));
        TYTO_TRY(decode_rows(&work, exec, first, tyto_min_i64(together, target->rows - first)));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
