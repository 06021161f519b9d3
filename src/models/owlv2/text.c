#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/encoder.h"
#include "nn/norm.h"
#include "tensor/convert.h"

/* Position of the text's highest id, the first of equals: its end token. */
static int64_t end_position(const int64_t *ids, int64_t tokens)
{
    int64_t best = 0;
    for (int64_t t = 1; t < tokens; t++) {
        if (ids[t] > ids[best]) {
            best = t;
        }
    }
    return best;
}

static tyto_status check_ids(const int64_t *ids, int64_t count, int64_t vocab_size, tyto_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= vocab_size) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "input 'input_ids': got %lld, required 0 to %lld (vocab_size - 1)",
                             (long long)ids[i], (long long)vocab_size - 1);
        }
    }
    return TYTO_OK;
}

/* hidden[n,used,D] = token_embedding[ids] + position_embedding */
static void embed(const tyto_owlv2_text *text, const int64_t *ids, int64_t n, int64_t tokens,
                  int64_t used, float *hidden)
{
    const int64_t D = text->config.encoder.hidden_size;
    const tyto_table_weights *table = &text->token_embedding;
    const size_t row_bytes = (size_t)D * tyto_dtype_bytes(table->dtype);
    for (int64_t i = 0; i < n * used; i++) {
        int64_t t = i % used, id = ids[i / used * tokens + t];
        float *row = hidden + i * D;
        const float *position = text->position_embedding + t * D;
        tyto_convert(row, TYTO_F32, (const char *)table->rows + (size_t)id * row_bytes,
                     table->dtype, D);
        for (int64_t c = 0; c < D; c++) {
            row[c] += position[c];
        }
    }
}

/* Tokens that matter for the pooled output: attention is causal, so none after the last end. */
static int64_t used_tokens(const int64_t *ids, int64_t n, int64_t tokens)
{
    int64_t used = 1;
    for (int64_t i = 0; i < n; i++) {
        used = tyto_max_i64(used, end_position(ids + i * tokens, tokens) + 1);
    }
    return used;
}

/* mask[n,used] from mask[n,tokens] */
static tyto_status narrow_mask(tyto_exec *exec, const uint8_t *mask, int64_t n, int64_t tokens,
                               int64_t used, const uint8_t **out)
{
    *out = mask;
    if (!mask || (used == tokens && !tyto_exec_planning(exec))) {
        return TYTO_OK;
    }
    uint8_t *narrow = tyto_arena_take(exec->arena, (size_t)(n * used), 1);
    if (!narrow) {
        return tyto_fail_memory(exec->err, "attention_mask");
    }
    for (int64_t i = 0; !tyto_exec_planning(exec) && i < n; i++) {
        memcpy(narrow + i * used, mask + i * tokens, (size_t)used);
    }
    *out = narrow;
    return TYTO_OK;
}

/* Texts first … first+n−1 through the tower. states[total,tokens,D] or NULL. */
static tyto_status forward_some(const tyto_owlv2_text *text, tyto_exec *exec, tyto_io *io,
                                tyto_owlv2_batch batch, const int64_t *ids, int64_t tokens,
                                float *states, float *pooled)
{
    const int64_t D = text->config.encoder.hidden_size, n = batch.n, used = batch.tokens;
    const float eps = (float)text->config.encoder.layer_norm_eps;
    size_t mark = tyto_arena_mark(exec->arena);
    float *hidden, *ends;
    TYTO_TRY(tyto_exec_floats(exec, n * tokens * D, &hidden));
    TYTO_TRY(tyto_exec_floats(exec, n * D, &ends));
    TYTO_TRY(narrow_mask(exec, batch.mask, n, tokens, used, &batch.mask));
    if (!tyto_exec_planning(exec)) {
        embed(text, ids, n, tokens, used, hidden);
    }
    TYTO_TRY(
        tyto_owlv2_encoder_forward(text->layers, &text->config.encoder, exec, io, &batch, hidden));
    if (!tyto_exec_planning(exec)) {
        for (int64_t i = 0; i < n; i++) {
            int64_t end = end_position(ids + i * tokens, tokens);
            memcpy(ends + i * D, hidden + (i * used + end) * D, (size_t)D * sizeof(float));
        }
    }
    TYTO_TRY(tyto_layer_norm(exec, n, D, ends, text->final_norm.gamma, text->final_norm.beta, eps,
                             pooled));
    if (states) {
        TYTO_TRY(tyto_layer_norm(exec, n * tokens, D, hidden, text->final_norm.gamma,
                                 text->final_norm.beta, eps, states));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_text_forward(const tyto_owlv2_text *text, tyto_exec *exec, tyto_io *io,
                                    const char *prefix, const int64_t *ids, const uint8_t *mask,
                                    int64_t n, int64_t tokens, float *pooled)
{
    const int64_t D = text->config.encoder.hidden_size;
    char name[TYTO_IO_NAME_BYTES];
    float *last;
    bool states_wanted;
    exec->stage = "text tower";
    if (tokens > text->config.max_position_embeddings) {
        return tyto_fail(exec->err, TYTO_E_SHAPE,
                         "input 'input_ids': got %lld tokens, required at most %lld "
                         "(max_position_embeddings)",
                         (long long)tokens, (long long)text->config.max_position_embeddings);
    }
    tyto_io_name(name, prefix, "last_hidden_state");
    TYTO_TRY(
        tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 3, (const int64_t[]){n, tokens, D}, &last));
    TYTO_TRY(
        tyto_owlv2_declare_states(&text->config.encoder, io, prefix, n, tokens, &states_wanted));
    const bool planning = tyto_exec_planning(exec);
    int64_t used = tokens;
    if (!planning) {
        TYTO_TRY(check_ids(ids, n * tokens, text->config.vocab_size, exec->err));
        used = last || states_wanted ? tokens : used_tokens(ids, n, tokens);
    }
    const int64_t together = tyto_owlv2_together(n, tokens);
    for (int64_t first = 0; first < n; first += together) {
        tyto_owlv2_batch batch = {.prefix = prefix,
                                  .first = first,
                                  .total = n,
                                  .n = tyto_min_i64(together, n - first),
                                  .tokens = used,
                                  .mask = mask ? mask + first * tokens : NULL,
                                  .causal = true};
        float *states = last ? last + first * tokens * D : NULL;
        TYTO_TRY(forward_some(text, exec, io, batch, ids + first * tokens, tokens, states,
                              pooled + first * D));
        if (planning) {
            break; /* later batches need no more scratch */
        }
    }
    return TYTO_OK;
}
