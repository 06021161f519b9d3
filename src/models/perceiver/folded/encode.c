#include "models/perceiver/folded/encode.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/fold_encoder.h"
#include "models/perceiver/folded/separable.h"
#include "models/perceiver/plain/layer.h"
#include "nn/columns.h"
#include "nn/gather.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rows.h"

/* Inputs of one modality: separable rows, or whole ones. */
typedef struct modality_rows {
    bool compact; /* its rows are compact */
    tyto_perceiver_separable separable;
    int64_t start, rows; /* among all inputs */
} modality_rows;

/* All inputs on their way into the latents. */
typedef struct encoding {
    const tyto_perceiver *model;
    const tyto_perceiver_inputs *inputs;
    int64_t b;
    int count;
    modality_rows modalities[TYTO_PERCEIVER_MODALITIES_MAX];
    tyto_gather_source sources[TYTO_PERCEIVER_MODALITIES_MAX];
    tyto_gather gather;
} encoding;

/* Says which modalities are separable. Masked ones are whole. */
static tyto_status start_modalities(encoding *work, tyto_exec *exec)
{
    const tyto_perceiver_inputs *inputs = work->inputs;
    const bool several =
        inputs->part && inputs->part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR;
    int64_t start = 0;
    work->count = inputs->count;
    for (int i = 0; i < work->count; i++) {
        const tyto_perceiver_input *input = &inputs->inputs[i];
        const bool masked =
            several && (inputs->masked[i] || inputs->part->modalities[i].mask_probability >= 1.0);
        modality_rows *modality = &work->modalities[i];
        tyto_gather_source *source = &work->sources[i];
        modality->compact = !masked && tyto_perceiver_input_separable(input);
        modality->start = start;
        modality->rows = input->rows;
        start += input->rows;
        *source = (tyto_gather_source){.channels = inputs->channels};
        if (!modality->compact) {
            continue;
        }
        tyto_perceiver_separable *separable = &modality->separable;
        separable->content = input;
        separable->positions = &input->positions;
        separable->padding = several ? inputs->part->modalities[i].padding : NULL;
        TYTO_TRY(tyto_perceiver_separable_start(separable, exec, inputs->channels));
        source->channels = tyto_separable_columns(&separable->norm);
        source->rank = separable->norm.rank;
        memcpy(source->dims, separable->norm.dims, sizeof(source->dims));
    }
    return TYTO_OK;
}

/* What the latents multiply a modality's inputs with, and tables for their positions.
 * weights[N,I+1]: queries by the folded key weights. */
static tyto_status set_source(const encoding *work, tyto_exec *exec, int i, const float *weights)
{
    const modality_rows *modality = &work->modalities[i];
    const tyto_perceiver_separable *separable = &modality->separable;
    const tyto_gather_source *source = &work->sources[i];
    const int64_t N = work->gather.queries, ldw = work->inputs->channels + 1, D = source->channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *q, *constants, *table;
    if (!modality->compact) {
        tyto_gather_set(exec, &work->gather, source, -1, weights, ldw);
        return TYTO_OK;
    }
    TYTO_TRY(tyto_exec_floats(exec, N * D, &q));
    TYTO_TRY(tyto_exec_floats(exec, N, &constants));
    TYTO_TRY(tyto_perceiver_compact_operand(separable, exec, N, weights, ldw, q));
    for (int a = 0; a < source->rank; a++) {
        const int64_t size = separable->positions->size;
        TYTO_TRY(tyto_exec_floats(exec, source->dims[a] * N, &table));
        TYTO_TRY(tyto_matmul_nt(exec, source->dims[a], N, size, separable->axes[a], size,
                                weights + separable->norm.content_channels, ldw, table, N));
        if (a == source->rank - 1) {
            /* The constant goes with the factor, as the tables do. */
            float *column = q + separable->norm.raw + 1;
            TYTO_TRY(tyto_copy_rows(exec, N, 1, column, D, constants, 1));
            TYTO_TRY(tyto_add_rows(exec, source->dims[a], N, constants, 0, table, N));
            TYTO_TRY(tyto_fill_rows(exec, N, 1, 0.0f, column, D));
        }
        tyto_gather_set(exec, &work->gather, source, a, table, N);
    }
    tyto_gather_set(exec, &work->gather, source, -1, q, D);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status set_sources(const encoding *work, tyto_exec *exec)
{
    const tyto_perceiver_layer *layer = &work->model->cross;
    const int64_t N = work->gather.queries, K = layer->qk_channels;
    const tyto_packed_matrix *key = &work->model->encoder_fold->key;
    size_t mark = tyto_arena_mark(exec->arena);
    float *query, *weights;
    TYTO_TRY(tyto_exec_floats(exec, N * K, &query));
    TYTO_TRY(tyto_exec_floats(exec, N * key->n, &weights));
    TYTO_TRY(tyto_perceiver_layer_query(layer, exec, N, work->model->latents, query));
    TYTO_TRY(tyto_linear(
        exec, &(tyto_linear_args){
                  .x = query, .ldx = K, .rows = N, .weight = key, .y = weights, .ldy = key->n}));
    for (int i = 0; i < work->count; i++) {
        TYTO_TRY(set_source(work, exec, i, weights));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* rows[n,I] = whole rows, normed without γ and β. */
static tyto_status whole_rows(const encoding *work, tyto_exec *exec, int64_t first, int64_t n,
                              float *rows)
{
    const int64_t I = work->inputs->channels;
    float *units;
    TYTO_TRY(tyto_exec_floats(exec, 2 * I, &units));
    TYTO_TRY(tyto_fill_rows(exec, 1, I, 1.0f, units, I));
    TYTO_TRY(tyto_fill_rows(exec, 1, I, 0.0f, units + I, I));
    TYTO_TRY(tyto_perceiver_inputs_rows(work->inputs, exec, work->b, first, n, rows));
    return tyto_layer_norm(exec, n, I, rows, units, units + I, TYTO_PERCEIVER_EPS, rows);
}

/* Rows first … first+n−1 of a modality. */
static tyto_status read_rows(const encoding *work, tyto_exec *exec, int i, int64_t first, int64_t n)
{
    const modality_rows *modality = &work->modalities[i];
    const tyto_gather_source *source = &work->sources[i];
    const int64_t D = source->channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows, *factors;
    TYTO_TRY(tyto_exec_floats(exec, n * D, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n, &factors));
    exec->stage = "inputs";
    if (modality->compact) {
        TYTO_TRY(tyto_perceiver_compact_rows(&modality->separable, exec, work->b, first, NULL, n,
                                             rows, factors));
    } else {
        TYTO_TRY(whole_rows(work, exec, modality->start + first, n, rows));
    }
    exec->stage = "cross-attention";
    TYTO_TRY(tyto_gather_add(exec, &work->gather, source, first, n, rows, D, factors));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Whole lines together, where rows are of a grid. */
static tyto_status read_modality(const encoding *work, tyto_exec *exec, int i)
{
    const tyto_gather_source *source = &work->sources[i];
    const modality_rows *modality = &work->modalities[i];
    const int64_t width = source->rank ? source->dims[source->rank - 1] : 1,
                  lines = TYTO_PERCEIVER_ROWS_TOGETHER / width, rows = modality->rows,
                  together = lines > 0 ? lines * width : TYTO_PERCEIVER_ROWS_TOGETHER;
    for (int64_t first = 0; first < rows; first += together) {
        exec->stage = "inputs";
        TYTO_TRY(tyto_exec_step(exec, modality->start + first, work->inputs->rows));
        TYTO_TRY(read_rows(work, exec, i, first, tyto_min_i64(together, rows - first)));
    }
    return TYTO_OK;
}

/* x[N,size] += weights[N,dims]·features[dims,size], rows of x ldx apart. */
static tyto_status add_axis(tyto_exec *exec, int64_t N, int64_t dims, int64_t size,
                            const float *weights, int64_t ldw, const float *features, float *x,
                            int64_t ldx)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *transposed, *sums;
    TYTO_TRY(tyto_exec_floats(exec, size * dims, &transposed));
    TYTO_TRY(tyto_exec_floats(exec, N * size, &sums));
    TYTO_TRY(tyto_transpose(exec, dims, size, features, size, transposed, dims));
    TYTO_TRY(tyto_matmul_nt(exec, N, size, dims, weights, ldw, transposed, dims, sums, size));
    TYTO_TRY(tyto_add_rows(exec, N, size, sums, size, x, ldx));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* x[N,out] += gathered·wᵀ + totals·bias: a product of what was gathered of its inputs; or gathered
 * itself, when there is no product. Rows of x are ldx apart. */
static tyto_status add_product(tyto_exec *exec, const tyto_linear_weights *product, int64_t N,
                               int64_t out, const float *gathered, int64_t ldg,
                               const double *totals, float *x, int64_t ldx)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *made;
    if (!product) {
        return tyto_add_rows(exec, N, out, gathered, ldg, x, ldx);
    }
    TYTO_TRY(tyto_exec_floats(exec, N * out, &made));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = gathered,
                                                   .ldx = ldg,
                                                   .rows = N,
                                                   .weight = &product->weight,
                                                   .y = made,
                                                   .ldy = out}));
    TYTO_TRY(tyto_add_outer(exec, N, out, totals, true, product->bias, made, out));
    TYTO_TRY(tyto_add_rows(exec, N, out, made, out, x, ldx));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* totals[N] = Σ weight·rstd over the inputs of a separable modality: of a grid, what any of its
 * axes gathered. */
static tyto_status sum_totals(const modality_rows *modality, const tyto_gather_source *source,
                              tyto_exec *exec, int64_t N, const float *gathered, int64_t ldg,
                              double *totals)
{
    const int64_t rows = tyto_gather_rows(source),
                  last = source->rank ? source->dims[source->rank - 1] : 0;
    return last ? tyto_sum_rows(exec, N, last, gathered + rows - last, ldg, totals)
                : tyto_sum_rows(exec, N, 1, gathered + modality->separable.norm.raw + 1, ldg,
                                totals);
}

/* x[N,I] += what was gathered of separable rows. */
static tyto_status join_separable(const encoding *work, tyto_exec *exec, int i,
                                  const float *gathered, float *x)
{
    const modality_rows *modality = &work->modalities[i];
    const tyto_perceiver_separable *separable = &modality->separable;
    const tyto_gather_source *source = &work->sources[i];
    const tyto_perceiver_preprocessor *part = separable->content->part;
    const int64_t N = work->gather.queries, I = work->inputs->channels, ldg = work->gather.rows,
                  C = separable->norm.content_channels, P = separable->positions->channels,
                  R = separable->norm.raw;
    const bool projected = part->position.project_pos_dim > 0;
    size_t mark = tyto_arena_mark(exec->arena);
    double *totals = tyto_arena_take(exec->arena, (size_t)N, sizeof(*totals));
    if (!totals) {
        return tyto_fail_memory(exec->err, "scratch");
    }
    TYTO_TRY(sum_totals(modality, source, exec, N, gathered, ldg, totals));
    TYTO_TRY(add_product(exec, R < C ? &part->content : NULL, N, C, gathered, ldg, totals, x, I));
    if (separable->norm.table_channels > 0) {
        TYTO_TRY(add_product(exec, projected ? &part->position.projection : NULL, N, P,
                             gathered + R + 2, ldg, totals, x + C, I));
    }
    int64_t row = source->channels;
    for (int a = 0; a < source->rank; a++) {
        TYTO_TRY(add_axis(exec, N, source->dims[a], P, gathered + row, ldg, separable->axes[a],
                          x + C, I));
        row += source->dims[a];
    }
    TYTO_TRY(tyto_add_outer(exec, N, I - C - P, totals, false, separable->padding, x + C + P, I));
    TYTO_TRY(tyto_subtract_column(exec, N, I, gathered + R, ldg, x, I));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* x[N,I] = the weighted sums of normed inputs, before γ and β. */
static tyto_status join(const encoding *work, tyto_exec *exec, const float *gathered, float *x)
{
    const int64_t N = work->gather.queries, I = work->inputs->channels, ldg = work->gather.rows;
    TYTO_TRY(tyto_fill_rows(exec, N, I, 0.0f, x, I));
    for (int i = 0; i < work->count; i++) {
        const float *own = gathered + work->sources[i].row;
        if (work->modalities[i].compact) {
            TYTO_TRY(join_separable(work, exec, i, own, x));
        } else {
            TYTO_TRY(tyto_add_rows(exec, N, I, own, ldg, x, I));
        }
    }
    return TYTO_OK;
}

/* The layer's values of what was gathered, and all that follows attention. */
static tyto_status finish(const encoding *work, tyto_exec *exec, float *hidden)
{
    const tyto_perceiver_layer *layer = &work->model->cross;
    const int64_t N = work->gather.queries, I = work->inputs->channels, K = layer->qk_channels,
                  width = K + layer->v_channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *gathered, *x, *kv;
    TYTO_TRY(tyto_exec_floats(exec, N * work->gather.rows, &gathered));
    TYTO_TRY(tyto_exec_floats(exec, N * I, &x));
    TYTO_TRY(tyto_exec_floats(exec, N * width, &kv));
    tyto_gather_finish(exec, &work->gather, gathered);
    TYTO_TRY(join(work, exec, gathered, x));
    TYTO_TRY(tyto_multiply_rows(exec, N, I, layer->norm2.gamma, 0, x, I));
    TYTO_TRY(tyto_add_rows(exec, N, I, layer->norm2.beta, 0, x, I));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                   .ldx = I,
                                                   .rows = N,
                                                   .weight = &layer->kv.weight,
                                                   .bias = layer->kv.bias,
                                                   .y = kv,
                                                   .ldy = width}));
    TYTO_TRY(tyto_perceiver_layer_finish(layer, exec, N, work->model->latents,
                                         (tyto_operand){.floats = kv + K}, width, hidden));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_encode_folded(const tyto_perceiver *model, tyto_exec *exec,
                                         const tyto_perceiver_inputs *inputs, int64_t b,
                                         float *hidden)
{
    encoding work = {.model = model, .inputs = inputs, .b = b};
    size_t mark = tyto_arena_mark(exec->arena);
    exec->stage = "cross-attention";
    TYTO_TRY(start_modalities(&work, exec));
    TYTO_TRY(
        tyto_gather_start(exec, model->config.num_latents, work.sources, work.count, &work.gather));
    TYTO_TRY(set_sources(&work, exec));
    for (int i = 0; i < work.count; i++) {
        TYTO_TRY(read_modality(&work, exec, i));
    }
    TYTO_TRY(finish(&work, exec, hidden));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
