#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/architecture.h"
#include "models/perceiver/folded/fold.h"
#include "weights/binder.h"

/* Most inputs of a content whose sums come from moments: they grow with the square. */
#define MOMENTS_MAX 8
/* Positions that are projected together for their sums. */
#define POSITIONS_TOGETHER 4096

/* *out = (weight[n,k], bias[n]) turned: [k + 1, n]. */
static bool turn(const tyto_model_source *source, int64_t n, int64_t k, const float *weight,
                 const float *bias, tyto_packed_matrix *out)
{
    float *rows = tyto_alloc((size_t)((k + 1) * n), sizeof(*rows));
    for (int64_t i = 0; rows && i < (k + 1) * n; i++) {
        const int64_t column = i % n, row = i / n;
        rows[i] = row < k ? weight[column * k + row] : bias[column];
    }
    const bool done = rows && tyto_weight_store_pack(source->store, source->kernels, source->pool,
                                                     k + 1, n, rows, out);
    free(rows);
    return done;
}

/* *out of (weight[n,k], bias[n]), when there are few inputs. */
static bool find_moments(const tyto_model_source *source, int64_t n, int64_t k, const float *weight,
                         const float *bias, float **out)
{
    const int64_t all = k + 1;
    if (k > MOMENTS_MAX) {
        return true;
    }
    *out = tyto_weight_store_floats(source->store, (all + 1) * all);
    for (int64_t i = 0; *out && i < (all + 1) * all; i++) {
        const int64_t a = i / all - 1, b = i % all;
        double sum = 0.0;
        for (int64_t o = 0; o < n; o++) {
            const double one = (double)(b < k ? weight[o * k + b] : bias[o]),
                         other = a < 0   ? 1.0
                                 : a < k ? (double)weight[o * k + a]
                                         : (double)bias[o];
            sum += one * other;
        }
        (*out)[i] = (float)sum;
    }
    return *out != NULL;
}

/* sums[n][2] of rows[n,channels] and of their squares. */
static void sum_rows(int64_t n, int64_t channels, const float *rows, float *sums)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0, squares = 0.0;
        for (int64_t c = 0; c < channels; c++) {
            const double value = (double)rows[i * channels + c];
            sum += value;
            squares += value * value;
        }
        sums[2 * i] = (float)sum;
        sums[2 * i + 1] = (float)squares;
    }
}

/* The sums of all learned positions, as rows have them, some at a time. */
static tyto_status sum_positions(const tyto_perceiver_position *position, tyto_exec *exec,
                                 float *rows, float *sums)
{
    const tyto_perceiver_positions positions = {.position = position,
                                                .count = position->index_count,
                                                .size = position->num_channels,
                                                .channels =
                                                    tyto_perceiver_position_channels(position)};
    for (int64_t first = 0; first < positions.count; first += POSITIONS_TOGETHER) {
        const int64_t n = tyto_min_i64(POSITIONS_TOGETHER, positions.count - first);
        TYTO_TRY(tyto_perceiver_positions_rows(&positions, exec, first, NULL, n, rows,
                                               positions.channels));
        sum_rows(n, positions.channels, rows, sums + 2 * first);
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
    part->turned.table_sums = sums;
cleanup:
    tyto_arena_clear(&arena);
    free(rows);
    return status;
}

/* What of an input is folded, and how. */
typedef struct input_parts {
    bool conv1x1, after; /* what makes the content */
    bool learned, projected;
    int64_t raw; /* channels of what the content is made of */
} input_parts;

static input_parts parts_of(const tyto_perceiver_preprocessor *part)
{
    const tyto_perceiver_position *position = &part->position;
    input_parts of = {.conv1x1 = part->prep == TYTO_PERCEIVER_PREP_CONV1X1,
                      .after =
                          part->prep == TYTO_PERCEIVER_PREP_PATCHES && part->conv_after_patching,
                      .learned = position->type == TYTO_PERCEIVER_POSITION_TRAINABLE};
    of.projected = of.learned && position->project_pos_dim > 0;
    of.raw = of.conv1x1 ? part->in_channels : part->conv_after_patching_in_channels;
    return of;
}

/* Makes all of it from the plain parameters. */
static tyto_status fold_plain(tyto_perceiver_preprocessor *part, const tyto_model_source *source,
                              tyto_binder *binder, const char *prefix, tyto_error *err)
{
    const tyto_perceiver_position *position = &part->position;
    const input_parts of = parts_of(part);
    const int64_t points = of.conv1x1 ? 1 : 0; /* a convolution has two more dimensions */
    float *content = NULL, *projection = NULL;
    char *unexpected = NULL;
    tyto_binder_prefix(binder, "%sinput_preprocessor.", prefix);
    if (of.conv1x1 || of.after) {
        tyto_binder_floats(
            binder, &content, of.conv1x1 ? "convnet_1x1.weight" : "conv_after_patches.weight",
            (const int64_t[4]){part->out_channels, of.raw, points, points}, "out_channels");
    }
    if (of.projected) {
        tyto_binder_floats(binder, &projection, "positions_projection.weight",
                           (const int64_t[4]){position->project_pos_dim, position->out_channels},
                           "project_pos_dim");
    }
    const tyto_status status = tyto_binder_finish(binder, &unexpected, err);
    free(unexpected);
    TYTO_TRY(status);
    bool done = !content || (turn(source, part->out_channels, of.raw, content, part->content.bias,
                                  &part->turned.content) &&
                             find_moments(source, part->out_channels, of.raw, content,
                                          part->content.bias, &part->turned.moments));
    done =
        done && (!projection || turn(source, position->project_pos_dim, position->out_channels,
                                     projection, position->projection.bias, &part->turned.table));
    return !done        ? tyto_fail_memory(err, source->tensors_name)
           : of.learned ? fold_sums(part, source, err)
                        : TYTO_OK;
}

/* Asks for all that folding makes of an input. */
static void bind_turned(tyto_perceiver_preprocessor *part, tyto_binder *binder, const char *prefix)
{
    const tyto_perceiver_position *position = &part->position;
    const input_parts of = parts_of(part);
    tyto_perceiver_turned *to = &part->turned;
    tyto_binder_derived(binder);
    tyto_binder_prefix(binder, "%sinput_preprocessor.folded.", prefix);
    if (of.conv1x1 || of.after) {
        tyto_binder_matrix(binder, &to->content, "content", of.raw + 1, part->out_channels,
                           "folded");
    }
    if ((of.conv1x1 || of.after) && of.raw <= MOMENTS_MAX) {
        tyto_binder_floats(binder, &to->moments, "moments",
                           (const int64_t[4]){of.raw + 2, of.raw + 1}, "folded");
    }
    if (of.projected) {
        tyto_binder_matrix(binder, &to->table, "table", position->out_channels + 1,
                           position->project_pos_dim, "folded");
    }
    if (of.learned) {
        tyto_binder_floats(binder, &to->table_sums, "table_sums",
                           (const int64_t[4]){position->index_count, 2}, "folded");
    }
}

tyto_status tyto_perceiver_fold_input(tyto_perceiver_preprocessor *part,
                                      const tyto_model_source *source, const char *prefix,
                                      tyto_error *err)
{
    if (!part || part->type != TYTO_PERCEIVER_IMAGE_PREPROCESSOR || part->add_pos) {
        return TYTO_OK;
    }
    tyto_weight_store temporary = {0};
    tyto_status status = TYTO_OK;
    tyto_binder *raw = tyto_binder_create(source->tensors, source->tensors_name, &temporary,
                                          source->kernels, source->pool),
                *folded = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                             source->kernels, source->pool);
    if (!raw || !folded) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    if (!tyto_binder_packed(raw)) {
        TYTO_CHECK(fold_plain(part, source, raw, prefix, err));
    }
    bind_turned(part, folded, prefix);
    TYTO_CHECK(tyto_perceiver_end_folded(folded, source->tensors_name, err));
cleanup:
    tyto_binder_destroy(raw);
    tyto_binder_destroy(folded);
    tyto_weight_store_clear(&temporary);
    return status;
}
