#include "models/perceiver/folded/fold_input.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/derive.h"
#include "models/perceiver/rows/positions.h"
#include "nn/algebra.h"
#include "nn/rows.h"
#include "nn/separable.h"

/* Most inputs of a content whose sums come from moments: they grow with the square. */
#define MOMENTS_MAX 8
/* Positions that are projected together for their sums. */
#define POSITIONS_TOGETHER 4096

/* *out = (weight[n,k], bias[n]) transposed: [k + 1, n]. */
static bool pack_transposed(const tyto_model_source *source, int64_t n, int64_t k,
                            const float *weight, const float *bias, tyto_packed_matrix *out)
{
    float *rows = tyto_alloc((size_t)((k + 1) * n), sizeof(*rows));
    tyto_exec exec = {.pool = source->pool};
    const bool made = rows && tyto_transpose(&exec, n, k, weight, k, rows, n) == TYTO_OK &&
                      tyto_copy_rows(&exec, 1, n, bias, 0, rows + k * n, n) == TYTO_OK;
    const bool done = made && tyto_weight_store_pack(source->store, source->kernels, source->pool,
                                                     k + 1, n, rows, out);
    free(rows);
    return done;
}

/* *out of (weight[n,k], bias[n]), when there are few inputs. */
static bool find_moments(const tyto_model_source *source, int64_t n, int64_t k, const float *weight,
                         const float *bias, float **out)
{
    if (k > MOMENTS_MAX) {
        return true;
    }
    *out = tyto_weight_store_floats(source->store, (k + 2) * (k + 1));
    if (*out) {
        tyto_separable_moments(n, k, weight, bias, *out);
    }
    return *out != NULL;
}

/* sums[positions][2] of all learned positions after their projection, made some at a time in rows.
 */
static tyto_status sum_positions(const tyto_perceiver_position *position, tyto_exec *exec,
                                 float *rows, float *sums)
{
    const tyto_perceiver_positions positions = {.position = position,
                                                .count = position->index_count,
                                                .size = position->num_channels,
                                                .channels =
                                                    tyto_perceiver_position_channels(position)};
    void *taken;
    TYTO_TRY(tyto_exec_take(exec, 2 * POSITIONS_TOGETHER, sizeof(double), &taken));
    double *wide = taken;
    for (int64_t first = 0; first < positions.count; first += POSITIONS_TOGETHER) {
        const int64_t n = tyto_min_i64(POSITIONS_TOGETHER, positions.count - first);
        TYTO_TRY(tyto_perceiver_positions_rows(&positions, exec, first, NULL, n, rows,
                                               positions.channels));
        tyto_separable_sums(n, positions.channels, rows, wide);
        tyto_round(2 * n, wide, sums + 2 * first);
    }
    return TYTO_OK;
}

static tyto_status fold_sums(tyto_perceiver_preprocessor *part, const tyto_model_source *source,
                             tyto_error *err)
{
    const tyto_perceiver_position *position = &part->position;
    const int64_t channels = tyto_perceiver_position_channels(position);
    tyto_arena arena = {0};
    tyto_exec exec = {
        .kernels = source->kernels, .pool = source->pool, .arena = &arena, .err = err};
    tyto_status status = TYTO_OK;
    float *rows = tyto_alloc((size_t)(POSITIONS_TOGETHER * channels), sizeof(*rows)),
          *sums = tyto_weight_store_floats(source->store, 2 * position->index_count);
    if (!rows || !sums) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    TYTO_CHECK(sum_positions(position, &exec, rows, sums));
    part->fold.table_sums = sums;
cleanup:
    tyto_arena_clear(&arena);
    free(rows);
    return status;
}

/* Which products of an input are folded. */
typedef struct input_parts {
    bool conv1x1, after; /* what makes the content */
    bool learned, projected;
    int64_t raw; /* channels of what the content is made of */
} input_parts;

static input_parts parts_of(const tyto_perceiver_preprocessor *part)
{
    const tyto_perceiver_position *position = &part->position;
    input_parts parts = {.conv1x1 = part->prep == TYTO_PERCEIVER_PREP_CONV1X1,
                         .after =
                             part->prep == TYTO_PERCEIVER_PREP_PATCHES && part->conv_after_patching,
                         .learned = position->type == TYTO_PERCEIVER_POSITION_TRAINABLE};
    parts.projected = parts.learned && position->project_pos_dim > 0;
    parts.raw = parts.conv1x1 ? part->in_channels : part->conv_after_patching_in_channels;
    return parts;
}

/* The preprocessor that is folded. */
typedef struct input_folding {
    tyto_perceiver_preprocessor *part;
    const tyto_model_source *source;
    const char *prefix;
    float *content, *projection; /* plain weights */
} input_folding;

static void ask(void *context, tyto_binder *binder)
{
    input_folding *folding = context;
    const tyto_perceiver_preprocessor *part = folding->part;
    const input_parts parts = parts_of(part);
    const int64_t points = parts.conv1x1 ? 1 : 0; /* a convolution has two more dimensions */
    tyto_binder_prefix(binder, "%sinput_preprocessor.", folding->prefix);
    if (parts.conv1x1 || parts.after) {
        tyto_binder_floats(binder, &folding->content,
                           parts.conv1x1 ? "convnet_1x1.weight" : "conv_after_patches.weight",
                           (const int64_t[4]){part->out_channels, parts.raw, points, points},
                           "out_channels");
    }
    if (parts.projected) {
        tyto_binder_floats(
            binder, &folding->projection, "positions_projection.weight",
            (const int64_t[4]){part->position.project_pos_dim, part->position.out_channels},
            "project_pos_dim");
    }
}

static tyto_status make(void *context, tyto_error *err)
{
    const input_folding *folding = context;
    const tyto_model_source *source = folding->source;
    tyto_perceiver_preprocessor *part = folding->part;
    const tyto_perceiver_position *position = &part->position;
    const input_parts parts = parts_of(part);
    const float *content = folding->content, *projection = folding->projection;
    bool done = !content || (pack_transposed(source, part->out_channels, parts.raw, content,
                                             part->content.bias, &part->fold.content) &&
                             find_moments(source, part->out_channels, parts.raw, content,
                                          part->content.bias, &part->fold.moments));
    done = done && (!projection ||
                    pack_transposed(source, position->project_pos_dim, position->out_channels,
                                    projection, position->projection.bias, &part->fold.table));
    return !done           ? tyto_fail_memory(err, source->tensors_name)
           : parts.learned ? fold_sums(part, source, err)
                           : TYTO_OK;
}

static void bind(void *context, tyto_binder *binder)
{
    const input_folding *folding = context;
    const tyto_perceiver_preprocessor *part = folding->part;
    const tyto_perceiver_position *position = &part->position;
    const input_parts parts = parts_of(part);
    tyto_perceiver_input_fold *fold = &folding->part->fold;
    tyto_binder_prefix(binder, "%sinput_preprocessor.folded.", folding->prefix);
    if (parts.conv1x1 || parts.after) {
        tyto_binder_matrix(binder, &fold->content, "content", parts.raw + 1, part->out_channels,
                           "folded");
    }
    if ((parts.conv1x1 || parts.after) && parts.raw <= MOMENTS_MAX) {
        tyto_binder_floats(binder, &fold->moments, "moments",
                           (const int64_t[4]){parts.raw + 2, parts.raw + 1}, "folded");
    }
    if (parts.projected) {
        tyto_binder_matrix(binder, &fold->table, "table", position->out_channels + 1,
                           position->project_pos_dim, "folded");
    }
    if (parts.learned) {
        tyto_binder_floats(binder, &fold->table_sums, "table_sums",
                           (const int64_t[4]){position->index_count, 2}, "folded");
    }
}

tyto_status tyto_perceiver_fold_input(tyto_perceiver_preprocessor *part,
                                      const tyto_model_source *source, const char *prefix,
                                      tyto_error *err)
{
    static const tyto_perceiver_derivation derivation = {"input", ask, make, bind};
    input_folding folding = {.part = part, .source = source, .prefix = prefix};
    if (!part || part->type != TYTO_PERCEIVER_IMAGE_PREPROCESSOR || part->add_pos) {
        return TYTO_OK;
    }
    return tyto_perceiver_derive(source, &derivation, &folding, err);
}
