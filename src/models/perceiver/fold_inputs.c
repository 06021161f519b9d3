#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/architecture.h"
#include "models/perceiver/fold.h"
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
        if (tyto_exec_planning(exec)) {
            break; /* later positions need no more scratch */
        }
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
    tyto_arena_plan(&arena);
    if (!rows || !sums) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    TYTO_CHECK(sum_positions(position, &exec, rows, sums));
    if (!tyto_arena_commit(&arena)) {
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

tyto_status tyto_perceiver_fold_input(tyto_perceiver_preprocessor *part,
                                      const tyto_model_source *source, const char *prefix,
                                      tyto_error *err)
{
    if (!part || part->type != TYTO_PERCEIVER_IMAGE_PREPROCESSOR || part->add_pos) {
        return TYTO_OK;
    }
    const tyto_perceiver_position *position = &part->position;
    const bool conv1x1 = part->prep == TYTO_PERCEIVER_PREP_CONV1X1,
               after = part->prep == TYTO_PERCEIVER_PREP_PATCHES && part->conv_after_patching,
               learned = position->type == TYTO_PERCEIVER_POSITION_TRAINABLE,
               projected = learned && position->project_pos_dim > 0;
    const int64_t raw = conv1x1 ? part->in_channels : part->conv_after_patching_in_channels;
    tyto_weight_store temporary = {0};
    float *content = NULL, *projection = NULL;
    char *unexpected = NULL;
    tyto_status status = TYTO_OK;
    tyto_binder *binder = tyto_binder_create(source->tensors, source->tensors_name, &temporary,
                                             source->kernels, source->pool);
    bool done = binder != NULL;
    if (done) {
        const int64_t points = conv1x1 ? 1 : 0; /* a convolution has two more dimensions */
        tyto_binder_prefix(binder, "%sinput_preprocessor.", prefix);
        if (conv1x1 || after) {
            tyto_binder_floats(
                binder, &content, conv1x1 ? "convnet_1x1.weight" : "conv_after_patches.weight",
                (const int64_t[4]){part->out_channels, raw, points, points}, "out_channels");
        }
        if (projected) {
            tyto_binder_floats(
                binder, &projection, "positions_projection.weight",
                (const int64_t[4]){position->project_pos_dim, position->out_channels},
                "project_pos_dim");
        }
        TYTO_CHECK(tyto_binder_finish(binder, &unexpected, err));
    }
    done = done && (!content || (turn(source, part->out_channels, raw, content, part->content.bias,
                                      &part->turned.content) &&
                                 find_moments(source, part->out_channels, raw, content,
                                              part->content.bias, &part->turned.moments)));
    done =
        done && (!projection || turn(source, position->project_pos_dim, position->out_channels,
                                     projection, position->projection.bias, &part->turned.table));
    status = !done     ? tyto_fail_memory(err, source->tensors_name)
             : learned ? fold_sums(part, source, err)
                       : TYTO_OK;
cleanup:
    free(unexpected);
    tyto_binder_destroy(binder);
    tyto_weight_store_clear(&temporary);
    return status;
}
