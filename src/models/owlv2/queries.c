#include "models/owlv2/queries.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/contrastive.h"
#include "models/owlv2/heads.h"
#include "nn/masks.h"
#include "nn/norm.h"
#include "nn/rows.h"

/* Reads how many queries each photo has. */
static tyto_status read_counts(tyto_io *io, tyto_owlv2_queries *queries)
{
    const void *given;
    int64_t sum = 0;
    TYTO_TRY(
        tyto_io_input(io, "queries_per_image", TYTO_I64, 1, (int64_t[]){queries->photos}, &given));
    queries->counts = given;
    for (int64_t b = 0; b < queries->photos; b++) {
        const int64_t count = queries->counts[b];
        if (count < 0 || count > queries->total - sum) {
            sum = -1;
            break;
        }
        sum += count;
        queries->most = tyto_max_i64(queries->most, count);
    }
    if (sum != queries->total) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input 'queries_per_image': required numbers that add up to the %lld "
                         "queries given",
                         (long long)queries->total);
    }
    return TYTO_OK;
}

/* Gives each photo as many queries. */
static tyto_status share_out(tyto_exec *exec, tyto_owlv2_queries *queries)
{
    const int64_t photos = queries->photos;
    int64_t *counts = tyto_arena_take(exec->arena, (size_t)photos, sizeof(*counts));
    if (!counts) {
        return tyto_fail_memory(exec->err, "queries");
    }
    queries->most = queries->total / photos;
    if (queries->total % photos != 0) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "queries: got %lld for %lld photos, required a multiple (or input "
                         "'queries_per_image')",
                         (long long)queries->total, (long long)photos);
    }
    for (int64_t b = 0; b < photos; b++) {
        counts[b] = queries->most;
    }
    queries->counts = counts;
    return TYTO_OK;
}

/* Marks the queries that are no padding: a text that is begins with the id 0. */
static tyto_status find_valid(tyto_exec *exec, tyto_owlv2_queries *queries)
{
    const int64_t photos = queries->photos, most = queries->most;
    uint8_t *valid = tyto_arena_take(exec->arena, (size_t)photos, (size_t)most);
    if (!valid) {
        return tyto_fail_memory(exec->err, "queries");
    }
    const tyto_owlv2_texts *texts = &queries->texts;
    tyto_mask_groups(photos, most, queries->counts, queries->given ? NULL : texts->ids, texts->used,
                     valid);
    queries->valid = valid;
    return TYTO_OK;
}

/* Whether nobody asks for anything that depends on queries, and there are none. */
static bool needs_none(const tyto_io *io)
{
    static const char *const inputs[] = {"input_ids", "text_embeds", "queries_per_image",
                                         "labels.0.class_labels"},
                             *const outputs[] = {"logits", "text_embeds", "loss"};
    bool none = io->n_wanted > 0;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        none = none && !tyto_io_has(io, inputs[i]);
    }
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
        none = none && !tyto_io_wants(io, TYTO_OUTPUT_ON_REQUEST, outputs[i]);
    }
    return none;
}

/* Takes embeddings that an earlier run gave. */
static tyto_status read_embeds(const tyto_owlv2 *model, tyto_io *io, tyto_owlv2_queries *queries)
{
    int64_t shape[2] = {TYTO_IO_ANY, model->config.projection_dim};
    const void *given;
    TYTO_TRY(tyto_io_input(io, "text_embeds", TYTO_F32, 2, shape, &given));
    queries->given = given;
    queries->total = shape[0];
    return TYTO_OK;
}

tyto_status tyto_owlv2_queries_declare(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                       int64_t photos, tyto_owlv2_queries *out)
{
    *out = (tyto_owlv2_queries){.photos = photos};
    if (needs_none(io)) {
        TYTO_TRY(share_out(exec, out));
        return find_valid(exec, out);
    }
    if (tyto_io_has(io, "text_embeds")) {
        TYTO_TRY(read_embeds(model, io, out));
    } else {
        TYTO_TRY(tyto_owlv2_texts_read(io, &out->texts));
        TYTO_TRY(
            tyto_owlv2_texts_declare(&model->text, exec, io, "text_model_output", &out->texts));
        out->total = out->texts.n;
    }
    TYTO_TRY(tyto_io_has(io, "queries_per_image") ? read_counts(io, out) : share_out(exec, out));
    TYTO_TRY(find_valid(exec, out));
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_embeds", 3,
                          (const int64_t[]){photos, out->most, model->config.projection_dim},
                          &out->text_embeds);
}

/* The output text_embeds[photos,most,E]; places without a query are 0. */
static tyto_status give_embeds(const tyto_owlv2_queries *queries, tyto_exec *exec, int64_t E,
                               const float *embeds)
{
    float *out = queries->text_embeds;
    for (int64_t b = 0; b < queries->photos; b++) {
        const int64_t count = queries->counts[b];
        TYTO_TRY(tyto_copy_rows(exec, count, E, embeds, E, out, E));
        TYTO_TRY(tyto_fill_rows(exec, queries->most - count, E, 0.0f, out + count * E, E));
        embeds += count * E;
        out += queries->most * E;
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_queries_run(const tyto_owlv2 *model, tyto_exec *exec,
                                   const tyto_owlv2_queries *queries, float *unit)
{
    const int64_t E = model->config.projection_dim, N = queries->total;
    const float *embeds = queries->given ? queries->given : unit;
    exec->stage = "queries";
    if (queries->texts.n > 0) {
        TYTO_TRY(tyto_owlv2_texts_project(model, exec, &queries->texts, unit));
        TYTO_TRY(tyto_normalize_rows(exec, N, E, unit, 0.0f, unit));
    }
    if (queries->text_embeds) {
        TYTO_TRY(give_embeds(queries, exec, E, embeds));
    }
    return tyto_normalize_rows(exec, N, E, embeds, TYTO_OWLV2_LENGTH_EPSILON, unit);
}
