#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/split.h"
#include "models/perceiver/model.h"
#include "nn/gather.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rows.h"

/* Inputs of one kind: rows that come apart, or whole ones. */
typedef struct kind {
    bool splits;
    tyto_perceiver_split split;
    int64_t start, rows; /* among all inputs */
} kind;

/* All inputs on their way into the latents. */
typedef struct reading {
    const tyto_perceiver *model;
    const tyto_perceiver_inputs *inputs;
    int64_t b;
    int count;
    kind kinds[TYTO_PERCEIVER_MODALITIES_MAX];
    tyto_gather_source sources[TYTO_PERCEIVER_MODALITIES_MAX];
    tyto_gather gather;
} reading;

/* One kind for each modality. Masked ones are whole. */
static tyto_status find_kinds(reading *of, tyto_exec *exec)
{
    const tyto_perceiver_inputs *inputs = of->inputs;
    const bool several =
        inputs->part && inputs->part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR;
    int64_t start = 0;
    of->count = inputs->count;
    for (int i = 0; i < of->count; i++) {
        const tyto_perceiver_input *input = &inputs->inputs[i];
        const bool masked =
            several && (inputs->masked[i] || inputs->part->modalities[i].mask_probability >= 1.0);
        of->kinds[i] = (kind){
            .splits = !masked && tyto_perceiver_splits(input), .start = start, .rows = input->rows};
        start += input->rows;
        of->sources[i] = (tyto_gather_source){.channels = inputs->channels};
        if (!of->kinds[i].splits) {
            continue;
        }
        tyto_perceiver_split *split = &of->kinds[i].split;
        *split = (tyto_perceiver_split){.content = input,
                                        .positions = &input->positions,
                                        .content_channels = input->content,
                                        .channels = inputs->channels};
        if (several) {
            split->padding = inputs->part->modalities[i].padding;
        }
        TYTO_TRY(tyto_perceiver_split_prepare(split, exec));
        of->sources[i].channels = tyto_perceiver_split_row(split);
        if (split->table == 0) {
            of->sources[i].rank = input->positions.rank;
            memcpy(of->sources[i].dims, input->positions.dims, sizeof(of->sources[i].dims));
        }
    }
    return TYTO_OK;
}

/* What the latents multiply inputs of a kind with, and tables for their positions. scored[N, I +
 * 1]: queries by the folded key weights. */
static tyto_status set_source(const reading *of, tyto_exec *exec, int i, const float *scored)
{
    const kind *from = &of->kinds[i];
    const tyto_perceiver_split *split = &from->split;
    const tyto_gather_source *source = &of->sources[i];
    const int64_t N = of->gather.queries, all = of->inputs->channels + 1, D = source->channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *q, *table;
    if (!from->splits) {
        tyto_gather_set(exec, &of->gather, source, -1, scored, all);
        return TYTO_OK;
    }
    TYTO_TRY(tyto_exec_floats(exec, N * D, &q));
    TYTO_TRY(tyto_perceiver_split_partners(split, exec, N, scored, all, q));
    for (int a = 0; a < source->rank; a++) {
        const int64_t size = split->positions->size;
        TYTO_TRY(tyto_exec_floats(exec, source->dims[a] * N, &table));
        TYTO_TRY(tyto_matmul_nt(exec, source->dims[a], N, size, split->axes[a], size,
                                scored + split->content_channels, all, table, N));
        /* The constant goes with the factor, as the tables do. */
        for (int64_t n = 0; a == source->rank - 1 && n < N; n++) {
            for (int64_t d = 0; d < source->dims[a]; d++) {
                table[d * N + n] += q[n * D + split->raw + 1];
            }
            q[n * D + split->raw + 1] = 0.0f;
        }
        tyto_gather_set(exec, &of->gather, source, a, table, N);
    }
    tyto_gather_set(exec, &of->gather, source, -1, q, D);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static tyto_status set_sources(const reading *of, tyto_exec *exec)
{
    const tyto_perceiver_layer *layer = &of->model->cross;
    const int64_t N = of->gather.queries, K = layer->qk_channels;
    const tyto_packed_matrix *key = &of->model->encoder_fold->key;
    size_t mark = tyto_arena_mark(exec->arena);
    float *query, *scored;
    TYTO_TRY(tyto_exec_floats(exec, N * K, &query));
    TYTO_TRY(tyto_exec_floats(exec, N * key->n, &scored));
    TYTO_TRY(tyto_perceiver_layer_query(layer, exec, N, of->model->latents, query));
    TYTO_TRY(tyto_linear(
        exec, &(tyto_linear_args){
                  .x = query, .ldx = K, .rows = N, .weight = key, .y = scored, .ldy = key->n}));
    for (int i = 0; i < of->count; i++) {
        TYTO_TRY(set_source(of, exec, i, scored));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Rows first … first+n−1 of a kind. */
static tyto_status read_rows(const reading *of, tyto_exec *exec, int i, int64_t first, int64_t n)
{
    const kind *from = &of->kinds[i];
    const int64_t I = of->inputs->channels,
                  D = from->splits ? tyto_perceiver_split_row(&from->split) : I;
    size_t mark = tyto_arena_mark(exec->arena);
    float *rows, *factors, *units;
    TYTO_TRY(tyto_exec_floats(exec, n * D, &rows));
    TYTO_TRY(tyto_exec_floats(exec, n, &factors));
    exec->stage = "inputs";
    if (from->splits) {
        TYTO_TRY(
            tyto_perceiver_split_rows(&from->split, exec, of->b, first, NULL, n, rows, factors));
    } else {
        TYTO_TRY(tyto_exec_floats(exec, 2 * I, &units));
        TYTO_TRY(tyto_fill_rows(exec, 1, I, 1.0f, units, I));
        TYTO_TRY(tyto_fill_rows(exec, 1, I, 0.0f, units + I, I));
        TYTO_TRY(tyto_perceiver_inputs_rows(of->inputs, exec, of->b, from->start + first, n, rows));
        TYTO_TRY(tyto_layer_norm(exec, n, I, rows, units, units + I, TYTO_PERCEIVER_EPS, rows));
    }
    exec->stage = "cross-attention";
    TYTO_TRY(tyto_gather_add(exec, &of->gather, &of->sources[i], first, n, rows, D, factors));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Whole lines together, where rows are of a grid. */
static tyto_status read_kind(const reading *of, tyto_exec *exec, int i)
{
    const tyto_gather_source *source = &of->sources[i];
    const int64_t width = source->rank ? source->dims[source->rank - 1] : 1,
                  lines = TYTO_PERCEIVER_ROWS_TOGETHER / width, rows = of->kinds[i].rows,
                  together = lines > 0 ? lines * width : TYTO_PERCEIVER_ROWS_TOGETHER;
    for (int64_t first = 0; first < rows; first += together) {
        exec->stage = "inputs";
        TYTO_TRY(tyto_exec_step(exec, of->kinds[i].start + first, of->inputs->rows));
        TYTO_TRY(read_rows(of, exec, i, first, tyto_min_i64(together, rows - first)));
    }
    return TYTO_OK;
}

/* x[N,I] += weights[N,dims]·features[dims,size] in channels from `at` on. */
static tyto_status add_axis(tyto_exec *exec, int64_t N, int64_t dims, int64_t size,
                            const float *weights, int64_t ldw, const float *features, float *x,
                            int64_t I)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *turned, *sums;
    TYTO_TRY(tyto_exec_floats(exec, size * dims, &turned));
    TYTO_TRY(tyto_exec_floats(exec, N * size, &sums));
    TYTO_TRY(tyto_transpose(exec, dims, size, features, size, turned, dims));
    TYTO_TRY(tyto_matmul_nt(exec, N, size, dims, weights, ldw, turned, dims, sums, size));
    TYTO_TRY(tyto_add_rows(exec, N, size, sums, size, x, I));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* x[N,out] += a product of what was gathered of its inputs, x's rows I apart: gathered·wᵀ +
 * total·bias; or what was gathered, when there is no product. */
static tyto_status add_product(tyto_exec *exec, const tyto_linear_weights *product, int64_t N,
                               int64_t out, const float *gathered, int64_t ldg,
                               const double *totals, float *x, int64_t I)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *made = NULL;
    if (product) {
        TYTO_TRY(tyto_exec_floats(exec, N * out, &made));
        TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = gathered,
                                                       .ldx = ldg,
                                                       .rows = N,
                                                       .weight = &product->weight,
                                                       .y = made,
                                                       .ldy = out}));
    }
    for (int64_t n = 0; n < N; n++) {
        const float *from = product ? made + n * out : gathered + n * ldg;
        for (int64_t c = 0; c < out; c++) {
            x[n * I + c] += from[c] + (product ? (float)totals[n] * product->bias[c] : 0.0f);
        }
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* totals[N] = Σ weight·rstd over the inputs of a kind that comes apart. */
static void sum_totals(const kind *from, const tyto_gather_source *source, int64_t N,
                       const float *own, int64_t all, double *totals)
{
    const int64_t rows = tyto_gather_rows(source),
                  last = source->rank ? source->dims[source->rank - 1] : 0;
    for (int64_t n = 0; n < N; n++) {
        totals[n] = source->rank ? 0.0 : (double)own[n * all + from->split.raw + 1];
        for (int64_t i = rows - last; i < rows; i++) {
            totals[n] += (double)own[n * all + i];
        }
    }
}

/* x[N,I] += what was gathered of rows that come apart. */
static tyto_status join_split(const reading *of, tyto_exec *exec, int i, const float *own, float *x)
{
    const kind *from = &of->kinds[i];
    const tyto_perceiver_split *split = &from->split;
    const tyto_gather_source *source = &of->sources[i];
    const tyto_perceiver_preprocessor *part = split->content->part;
    const int64_t N = of->gather.queries, I = of->inputs->channels, all = of->gather.rows,
                  C = split->content_channels, P = split->positions->channels, R = split->raw;
    const bool product = R<C, projected = part->position.project_pos_dim> 0;
    size_t mark = tyto_arena_mark(exec->arena);
    double *totals = tyto_arena_take(exec->arena, (size_t)N, sizeof(*totals));
    if (!totals) {
        return tyto_fail_memory(exec->err, "scratch");
    }
    sum_totals(from, source, N, own, all, totals);
    TYTO_TRY(add_product(exec, product ? &part->content : NULL, N, C, own, all, totals, x, I));
    if (split->table > 0) {
        TYTO_TRY(add_product(exec, projected ? &part->position.projection : NULL, N, P, own + R + 2,
                             all, totals, x + C, I));
    }
    int64_t row = source->channels;
    for (int a = 0; a < source->rank; a++) {
        TYTO_TRY(add_axis(exec, N, source->dims[a], P, own + row, all, split->axes[a], x + C, I));
        row += source->dims[a];
    }
    for (int64_t n = 0; n < N; n++) {
        for (int64_t c = C + P; c < I; c++) {
            x[n * I + c] += (float)(totals[n] * (double)split->padding[c - C - P]);
        }
    }
    TYTO_TRY(tyto_subtract_column(exec, N, I, own + R, all, x, I));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* x[N,I] = the weighted sums of normed inputs, before γ and β. */
static tyto_status join(const reading *of, tyto_exec *exec, const float *gathered, float *x)
{
    const int64_t N = of->gather.queries, I = of->inputs->channels, all = of->gather.rows;
    TYTO_TRY(tyto_fill_rows(exec, N, I, 0.0f, x, I));
    for (int i = 0; i < of->count; i++) {
        const float *own = gathered + of->sources[i].row;
        if (of->kinds[i].splits) {
            TYTO_TRY(join_split(of, exec, i, own, x));
        } else {
            TYTO_TRY(add_product(exec, NULL, N, I, own, all, NULL, x, I));
        }
    }
    return TYTO_OK;
}

/* The layer's values of what was gathered, and all that follows attention. */
static tyto_status finish(const reading *of, tyto_exec *exec, float *hidden)
{
    const tyto_perceiver_layer *layer = &of->model->cross;
    const int64_t N = of->gather.queries, I = of->inputs->channels, K = layer->qk_channels,
                  width = K + layer->v_channels;
    size_t mark = tyto_arena_mark(exec->arena);
    float *gathered, *x, *kv;
    TYTO_TRY(tyto_exec_floats(exec, N * of->gather.rows, &gathered));
    TYTO_TRY(tyto_exec_floats(exec, N * I, &x));
    TYTO_TRY(tyto_exec_floats(exec, N * width, &kv));
    tyto_gather_finish(exec, &of->gather, gathered);
    TYTO_TRY(join(of, exec, gathered, x));
    TYTO_TRY(tyto_multiply_rows(exec, N, I, layer->norm2.gamma, 0, x, I));
    TYTO_TRY(tyto_add_rows(exec, N, I, layer->norm2.beta, 0, x, I));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                   .ldx = I,
                                                   .rows = N,
                                                   .weight = &layer->kv.weight,
                                                   .bias = layer->kv.bias,
                                                   .y = kv,
                                                   .ldy = width}));
    TYTO_TRY(tyto_perceiver_layer_finish(layer, exec, N, of->model->latents,
                                         (tyto_numbers){.floats = kv + K}, width, hidden));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_encode_folded(const tyto_perceiver *model, tyto_exec *exec,
                                         const tyto_perceiver_inputs *inputs, int64_t b,
                                         float *hidden)
{
    reading of = {.model = model, .inputs = inputs, .b = b};
    size_t mark = tyto_arena_mark(exec->arena);
    exec->stage = "cross-attention";
    TYTO_TRY(find_kinds(&of, exec));
    TYTO_TRY(tyto_gather_start(exec, model->config.num_latents, of.sources, of.count, &of.gather));
    TYTO_TRY(set_sources(&of, exec));
    for (int i = 0; i < of.count; i++) {
        TYTO_TRY(read_kind(&of, exec, i));
    }
    TYTO_TRY(finish(&of, exec, hidden));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
