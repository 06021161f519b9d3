#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/towers.h"
#include "nn/find.h"
#include "nn/norm.h"
#include "nn/rows.h"

static tyto_status check_ids(const int64_t *ids, int64_t count, int64_t vocab_size, tyto_error *err)
{
    const int64_t wrong = tyto_find_outside(count, ids, vocab_size);
    return wrong < 0 ? TYTO_OK
                     : tyto_fail(err, TYTO_E_RANGE,
                                 "input 'input_ids': got %lld, required 0 to %lld (vocab_size - 1)",
                                 (long long)ids[wrong], (long long)vocab_size - 1);
}

/* Finds the end token of each text, which has its highest id, and how many tokens are used. */
static tyto_status find_ends(tyto_exec *exec, tyto_owlv2_texts *texts)
{
    const bool all = texts->states.last || texts->states.some;
    int64_t *ends = tyto_arena_take(exec->arena, (size_t)texts->n, sizeof(*ends));
    if (!ends) {
        return tyto_fail_memory(exec->err, "input_ids");
    }
    texts->used = all ? texts->tokens : 1;
    for (int64_t i = 0; i < texts->n; i++) {
        ends[i] = tyto_find_largest(texts->tokens, texts->ids + i * texts->tokens);
        texts->used = tyto_max_i64(texts->used, ends[i] + 1);
    }
    const int64_t together = tyto_owlv2_together(texts->n, texts->tokens);
    for (int64_t i = 0; i < texts->n; i++) {
        ends[i] += i % together * texts->used;
    }
    texts->ends = ends;
    return TYTO_OK;
}

/* Leaves the tokens out that aren't used. */
static tyto_status shorten(tyto_exec *exec, tyto_owlv2_texts *texts)
{
    const size_t n = (size_t)texts->n, used = (size_t)texts->used, tokens = (size_t)texts->tokens;
    if (used == tokens) {
        return TYTO_OK;
    }
    int64_t *ids = tyto_arena_take(exec->arena, n * used, sizeof(*ids));
    uint8_t *mask = texts->mask ? tyto_arena_take(exec->arena, n * used, 1) : NULL;
    if (!ids || (texts->mask && !mask)) {
        return tyto_fail_memory(exec->err, "input_ids");
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(ids + i * used, texts->ids + i * tokens, used * sizeof(*ids));
        if (mask) {
            memcpy(mask + i * used, texts->mask + i * tokens, used);
        }
    }
    texts->ids = ids;
    texts->mask = mask;
    return TYTO_OK;
}

tyto_status tyto_owlv2_texts_read(tyto_io *io, tyto_owlv2_texts *out)
{
    int64_t shape[2] = {TYTO_IO_ANY, TYTO_IO_ANY};
    const void *ids, *mask = NULL;
    TYTO_TRY(tyto_io_input(io, "input_ids", TYTO_I64, 2, shape, &ids));
    if (tyto_io_has(io, "attention_mask")) {
        TYTO_TRY(tyto_io_input(io, "attention_mask", TYTO_U8, 2, shape, &mask));
    }
    *out = (tyto_owlv2_texts){.n = shape[0], .tokens = shape[1], .ids = ids, .mask = mask};
    return TYTO_OK;
}

tyto_status tyto_owlv2_texts_declare(const tyto_owlv2_text *text, tyto_exec *exec, tyto_io *io,
                                     const char *prefix, tyto_owlv2_texts *texts)
{
    const tyto_owlv2_encoder_config *config = &text->config.encoder;
    const int64_t N = texts->n, T = texts->tokens, D = config->hidden_size,
                  most = text->config.max_position_embeddings;
    char name[TYTO_IO_NAME_BYTES];
    if (T > most) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "input 'input_ids': got %lld tokens, required at most %lld "
                         "(max_position_embeddings)",
                         (long long)T, (long long)most);
    }
    tyto_io_name(name, prefix, "pooler_output");
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 2, (const int64_t[]){N, D},
                            &texts->states.pooled));
    tyto_io_name(name, prefix, "last_hidden_state");
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 3, (const int64_t[]){N, T, D},
                            &texts->states.last));
    TYTO_TRY(tyto_owlv2_states_declare(config, exec, io, prefix, N, T, &texts->states));
    TYTO_TRY(check_ids(texts->ids, N * T, text->config.vocab_size, exec->err));
    TYTO_TRY(find_ends(exec, texts));
    return shorten(exec, texts);
}

/* hidden[n,used,D] = token_embedding[ids] + position_embedding */
static tyto_status embed(const tyto_owlv2_text *text, tyto_exec *exec, const int64_t *ids,
                         const tyto_owlv2_sequences *some, float *hidden)
{
    const int64_t D = text->config.encoder.hidden_size, T = some->tokens;
    const tyto_table_weights *table = &text->token_embedding;
    TYTO_TRY(tyto_embed_rows(exec, some->n * T, D, table->rows, table->dtype, ids, hidden, D));
    for (int64_t i = 0; i < some->n; i++) {
        TYTO_TRY(tyto_add_rows(exec, T, D, text->position_embedding, D, hidden + i * T * D, D));
    }
    return TYTO_OK;
}

/* A group of texts, and its part of pooled[n,D]. */
static tyto_status run_group(const tyto_owlv2_text *text, tyto_exec *exec,
                             const tyto_owlv2_texts *texts, const tyto_owlv2_sequences *some,
                             float *pooled)
{
    const tyto_owlv2_encoder_config *config = &text->config.encoder;
    const tyto_norm_weights *norm = &text->final_norm;
    const int64_t D = config->hidden_size, T = some->tokens, first = some->first;
    const float eps = (float)config->layer_norm_eps;
    size_t mark = tyto_arena_mark(exec->arena);
    float *hidden;
    TYTO_TRY(tyto_exec_floats(exec, some->n * T * D, &hidden));
    TYTO_TRY(embed(text, exec, texts->ids + first * T, some, hidden));
    TYTO_TRY(tyto_owlv2_encoder_run(text->layers, config, exec, some, &texts->states, hidden));
    TYTO_TRY(tyto_select_rows(exec, some->n, D, hidden, D, texts->ends + first, pooled, D));
    TYTO_TRY(tyto_layer_norm(exec, some->n, D, pooled, norm->gamma, norm->beta, eps, pooled));
    if (texts->states.last) {
        TYTO_TRY(tyto_layer_norm(exec, some->n * T, D, hidden, norm->gamma, norm->beta, eps,
                                 texts->states.last + first * T * D));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_texts_run(const tyto_owlv2_text *text, tyto_exec *exec,
                                 const tyto_owlv2_texts *texts, float *pooled)
{
    const int64_t D = text->config.encoder.hidden_size, T = texts->used,
                  together = tyto_owlv2_together(texts->n, texts->tokens);
    exec->stage = "text tower";
    for (int64_t first = 0; first < texts->n; first += together) {
        tyto_owlv2_sequences some = tyto_owlv2_group(texts->n, together, first, T);
        some.mask = texts->mask ? texts->mask + first * T : NULL;
        some.causal = true;
        TYTO_TRY(run_group(text, exec, texts, &some, pooled + first * D));
    }
    return TYTO_OK;
}
