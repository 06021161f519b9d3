#include "models/owlv2/queries.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/contrastive.h"
#include "nn/norm.h"

int64_t tyto_owlv2_query_count(const tyto_owlv2_queries *queries, int64_t photo)
{
    return queries->ragged ? tyto_io_integer(queries->io, "queries_per_image", photo)
                           : queries->most;
}

bool tyto_owlv2_query_valid(const tyto_owlv2_queries *queries, int64_t i)
{
    return !queries->from_text ||
           tyto_io_integer(queries->io, "input_ids", i * queries->tokens) > 0;
}

/* Shares out N queries among the photos. */
static tyto_status count_queries(tyto_io *io, int64_t photos, tyto_owlv2_queries *queries)
{
    queries->photos = photos;
    queries->ragged = tyto_io_has(io, "queries_per_image");
    if (!queries->ragged) {
        queries->most = queries->total / photos;
        if (queries->total % photos != 0) {
            return tyto_fail(io->err, TYTO_E_SHAPE,
                             "queries: got %lld for %lld photos, required a multiple (or input "
                             "'queries_per_image')",
                             (long long)queries->total, (long long)photos);
        }
        return TYTO_OK;
    }
    const void *counts;
    int64_t sum = 0;
    TYTO_TRY(tyto_io_input(io, "queries_per_image", TYTO_I64, 1, (int64_t[]){photos}, &counts));
    for (int64_t b = 0; b < photos; b++) {
        int64_t count = tyto_io_integer(io, "queries_per_image", b);
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

/* embeds[total,E] = the texts' features at length 1 */
static tyto_status encode_texts(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                tyto_owlv2_queries *queries)
{
    const int64_t E = model->config.projection_dim;
    tyto_owlv2_texts texts;
    TYTO_TRY(tyto_owlv2_texts_read(io, &texts));
    queries->total = texts.n;
    queries->tokens = texts.tokens;
    TYTO_TRY(tyto_exec_floats(exec, texts.n * E, &queries->embeds));
    TYTO_TRY(
        tyto_owlv2_texts_project(model, exec, io, "text_model_output", &texts, queries->embeds));
    return tyto_normalize_rows(exec, texts.n, E, queries->embeds, 0.0f, queries->embeds);
}

/* Uses embeddings that the caller computed before. */
static tyto_status take_embeds(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                               tyto_owlv2_queries *queries)
{
    const int64_t E = model->config.projection_dim;
    int64_t shape[2] = {-1, E};
    const void *given;
    TYTO_TRY(tyto_io_input(io, "text_embeds", TYTO_F32, 2, shape, &given));
    queries->total = shape[0];
    TYTO_TRY(tyto_exec_floats(exec, queries->total * E, &queries->embeds));
    if (!tyto_exec_planning(exec)) {
        memcpy(queries->embeds, given, (size_t)(queries->total * E) * sizeof(float));
    }
    return TYTO_OK;
}

/* The output text_embeds[photos,most,E]; places of missing queries are 0. */
static tyto_status give_embeds(const tyto_owlv2 *model, const tyto_exec *exec, tyto_io *io,
                               const tyto_owlv2_queries *queries)
{
    const int64_t E = model->config.projection_dim, each = queries->most * E;
    float *out;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_embeds", 3,
                            (const int64_t[]){queries->photos, queries->most, E}, &out));
    if (!out || tyto_exec_planning(exec)) {
        return TYTO_OK;
    }
    const float *from = queries->embeds;
    memset(out, 0, (size_t)(queries->photos * each) * sizeof(float));
    for (int64_t b = 0; b < queries->photos; b++) {
        int64_t count = tyto_owlv2_query_count(queries, b) * E;
        memcpy(out + b * each, from, (size_t)count * sizeof(float));
        from += count;
    }
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

tyto_status tyto_owlv2_queries_forward(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                       int64_t photos, tyto_owlv2_queries *out)
{
    exec->stage = "queries";
    *out = (tyto_owlv2_queries){
        .io = io, .photos = photos, .from_text = !tyto_io_has(io, "text_embeds")};
    if (needs_none(io)) {
        return TYTO_OK;
    }
    if (out->from_text) {
        TYTO_TRY(encode_texts(model, exec, io, out));
    } else {
        TYTO_TRY(take_embeds(model, exec, io, out));
    }
    TYTO_TRY(count_queries(io, photos, out));
    return give_embeds(model, exec, io, out);
}
