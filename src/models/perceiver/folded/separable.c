#include "models/perceiver/folded/separable.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/rows/image.h"
#include "nn/columns.h"
#include "nn/linear.h"
#include "nn/rows.h"

/* Learned positions whose sums were folded. */
static bool has_table(const tyto_perceiver_input *input)
{
    return input->part->position.type == TYTO_PERCEIVER_POSITION_TRAINABLE &&
           input->part->fold.table_sums;
}

bool tyto_perceiver_input_separable(const tyto_perceiver_input *input)
{
    return input->part && !input->part->add_pos &&
           (tyto_perceiver_positions_separable(&input->positions) || has_table(input));
}

/* The folded product that content is, or NULL. */
static const tyto_packed_matrix *content_product(const tyto_perceiver_separable *separable)
{
    const tyto_perceiver_input *content = separable->content;
    return content && content->raw > 0 && content->raw < content->content &&
                   content->part->fold.content.data
               ? &content->part->fold.content
               : NULL;
}

/* The folded projection of learned positions, or NULL. */
static const tyto_packed_matrix *table_product(const tyto_perceiver_separable *separable)
{
    return separable->norm.table_channels > 0 && separable->content->part->fold.table.data
               ? &separable->content->part->fold.table
               : NULL;
}

static tyto_status start_axes(tyto_perceiver_separable *separable, tyto_exec *exec)
{
    const tyto_fourier *fourier = &separable->positions->fourier;
    const int64_t size = separable->positions->size;
    tyto_separable *norm = &separable->norm;
    norm->rank = fourier->rank;
    for (int a = 0; a < fourier->rank; a++) {
        const int64_t n = fourier->dims[a];
        norm->dims[a] = n;
        TYTO_TRY(tyto_exec_floats(exec, n * size, &separable->axes[a]));
        norm->axis_sums[a] = tyto_arena_take(exec->arena, (size_t)n, 2 * sizeof(double));
        if (!norm->axis_sums[a]) {
            return tyto_fail_memory(exec->err, "scratch");
        }
        tyto_fourier_axis(fourier, a, separable->axes[a]);
        tyto_separable_sums(n, size, separable->axes[a], norm->axis_sums[a]);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_separable_start(tyto_perceiver_separable *separable, tyto_exec *exec,
                                           int64_t channels)
{
    const tyto_perceiver_input *content = separable->content;
    const tyto_perceiver_positions *positions = separable->positions;
    tyto_separable *norm = &separable->norm;
    *norm = (tyto_separable){.channels = channels,
                             .content_channels = content ? content->content : 0,
                             .eps = TYTO_PERCEIVER_EPS};
    norm->raw = content_product(separable) ? content->raw : norm->content_channels;
    tyto_separable_sums(1, channels - norm->content_channels - positions->channels,
                        separable->padding, norm->padding_sums);
    if (tyto_perceiver_positions_separable(positions)) {
        return start_axes(separable, exec);
    }
    norm->table = positions->position->table;
    norm->table_channels = positions->size;
    norm->table_sums = content->part->fold.table_sums;
    return TYTO_OK;
}

/* The rows carry what content is made of; its product is made for its sums alone, if at all. */
static tyto_status raw_rows(const tyto_perceiver_separable *separable, tyto_exec *exec, int64_t b,
                            tyto_separable_args *args)
{
    const tyto_perceiver_input *input = separable->content;
    const int64_t D = tyto_separable_columns(&separable->norm);
    float *content;
    TYTO_TRY(tyto_perceiver_image_raw(input, exec, b, args->first, args->n, args->rows, D));
    args->moments = input->part->fold.moments;
    if (args->moments) {
        return TYTO_OK;
    }
    args->ldc = input->content;
    TYTO_TRY(tyto_exec_floats(exec, args->n * input->content, &content));
    args->content = content;
    return tyto_linear(exec, &(tyto_linear_args){.x = args->rows,
                                                 .ldx = D,
                                                 .rows = args->n,
                                                 .weight = &input->part->content.weight,
                                                 .bias = input->part->content.bias,
                                                 .y = content,
                                                 .ldy = input->content});
}

tyto_status tyto_perceiver_compact_rows(const tyto_perceiver_separable *separable, tyto_exec *exec,
                                        int64_t b, int64_t first, const int64_t *indices, int64_t n,
                                        float *rows, float *factors)
{
    tyto_separable_args args = {
        .first = first, .indices = indices, .n = n, .rows = rows, .factors = factors};
    size_t mark = tyto_arena_mark(exec->arena);
    if (content_product(separable)) {
        TYTO_TRY(raw_rows(separable, exec, b, &args));
    } else if (separable->content) {
        TYTO_TRY(tyto_perceiver_input_content(separable->content, exec, b, first, n, rows,
                                              tyto_separable_columns(&separable->norm)));
    }
    TYTO_TRY(tyto_separable_rows(exec, &separable->norm, &args));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* operand[N,channels] = weights[N,…] by a folded product, whose last output, what its bias brings,
 * is added to constants[N]; without a product the weights themselves. Rows of operand and of
 * constants are ldo apart. */
static tyto_status fold_operand(const tyto_packed_matrix *product, tyto_exec *exec, int64_t N,
                                int64_t channels, const float *weights, int64_t ldw, float *operand,
                                float *constants, int64_t ldo)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *folded;
    if (!product) {
        return tyto_copy_rows(exec, N, channels, weights, ldw, operand, ldo);
    }
    const int64_t all = product->n;
    TYTO_TRY(tyto_exec_floats(exec, N * all, &folded));
    TYTO_TRY(tyto_linear(
        exec,
        &(tyto_linear_args){
            .x = weights, .ldx = ldw, .rows = N, .weight = product, .y = folded, .ldy = all}));
    TYTO_TRY(tyto_copy_rows(exec, N, channels, folded, all, operand, ldo));
    TYTO_TRY(tyto_add_rows(exec, N, 1, folded + channels, all, constants, ldo));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_compact_operand(const tyto_perceiver_separable *separable,
                                           tyto_exec *exec, int64_t N, const float *weights,
                                           int64_t ld, float *out)
{
    const tyto_separable *norm = &separable->norm;
    const int64_t D = tyto_separable_columns(norm), R = norm->raw, T = norm->table_channels,
                  C = norm->content_channels, padding = C + separable->positions->channels;
    float *constants = out + R + 1;
    TYTO_TRY(tyto_fill_rows(exec, N, D, 0.0f, out, D));
    TYTO_TRY(tyto_subtract_column(exec, N, 1, weights + norm->channels, ld, out + R, D));
    TYTO_TRY(tyto_dot_rows(exec, N, norm->channels - padding, weights + padding, ld,
                           separable->padding, constants, D));
    TYTO_TRY(fold_operand(content_product(separable), exec, N, R, weights, ld, out, constants, D));
    return T > 0 ? fold_operand(table_product(separable), exec, N, T, weights + C, ld, out + R + 2,
                                constants, D)
                 : TYTO_OK;
}
