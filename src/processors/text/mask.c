/* A text with masks in place of some of its bytes. */
#include <stdlib.h>
#include <string.h>
#include <tyto/masked_text.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/encode.h"

static tyto_status check_span(const tyto_span *span, size_t length, tyto_error *err)
{
    if (span->start_bytes >= span->end_bytes || span->end_bytes > length) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "span: got %zu to %zu, required a start before its end, in a text of %zu "
                         "bytes",
                         span->start_bytes, span->end_bytes, length);
    }
    return TYTO_OK;
}

/* masked[length]: 1 for bytes of a span. */
static tyto_status mark_spans(const tyto_span *spans, int64_t n, size_t length, uint8_t *masked,
                              tyto_error *err)
{
    memset(masked, 0, length);
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(check_span(&spans[i], length, err));
        memset(masked + spans[i].start_bytes, 1, spans[i].end_bytes - spans[i].start_bytes);
    }
    return TYTO_OK;
}

/* The ids of the text: what isn't masked piece by piece, and a mask for each byte that is. */
static tyto_status encode(tyto_text_encoder *e, const char *text, size_t length,
                          const uint8_t *masked, int32_t mask, tyto_ids *ids, tyto_error *err)
{
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && masked[end] == masked[at]) {
            end++;
        }
        if (!masked[at]) {
            TYTO_TRY(tyto_text_encode(e, 0, text + at, end - at, ids, err));
        }
        for (size_t i = at; masked[at] && i < end; i++) {
            if (!tyto_ids_add(ids, mask)) {
                return tyto_fail_memory(err, "text");
            }
        }
        at = end;
    }
    return TYTO_OK;
}

static tyto_status lay_out(const tyto_tokenizer *tokenizer, const tyto_ids *ids, int32_t mask,
                           tyto_masked_text *out, tyto_error *err)
{
    out->input_ids = tyto_alloc(ids->count + 2, sizeof(*out->input_ids));
    out->positions = tyto_alloc(ids->count, sizeof(*out->positions));
    if (!out->input_ids || !out->positions) {
        return tyto_fail_memory(err, "text");
    }
    out->input_ids[out->count++] = tokenizer->start_id;
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->items[i] == mask) {
            out->positions[out->n_masks++] = out->count;
        }
        out->input_ids[out->count++] = ids->items[i];
    }
    out->input_ids[out->count++] = tokenizer->end_id;
    if (out->n_masks == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "text: got no mask, required %s or a span",
                         tyto_tokenizer_token(tokenizer, mask));
    }
    return TYTO_OK;
}

tyto_status tyto_masked_text_make(const tyto_tokenizer *tokenizer, const char *text,
                                  size_t length_bytes, const tyto_span *spans, int64_t n_spans,
                                  tyto_masked_text *out, tyto_error *err)
{
    tyto_text_encoder e = {.tokenizer = tokenizer};
    tyto_ids ids = {0};
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tokenizer);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, out);
    *out = (tyto_masked_text){0};
    if (n_spans < 0 || (n_spans > 0 && !spans)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "spans: got %lld of them at %s, required them",
                         (long long)n_spans, spans ? "a place" : "NULL");
    }
    if (tokenizer->kind != TYTO_TOKENIZER_KIND_BYTES) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tokenizer: got one of byte pairs, required one of bytes to mask them");
    }
    if (length_bytes > TYTO_TEXT_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "text: got %zu bytes, required at most %d",
                         length_bytes, TYTO_TEXT_BYTES_MAX);
    }
    const int32_t mask = tokenizer->roles[TYTO_TOKEN_ROLE_MASK];
    uint8_t *masked = tyto_alloc(length_bytes, 1);
    if (!masked) {
        return tyto_fail_memory(err, "text");
    }
    TYTO_CHECK(mark_spans(spans, n_spans, length_bytes, masked, err));
    TYTO_CHECK(encode(&e, text, length_bytes, masked, mask, &ids, err));
    TYTO_CHECK(lay_out(tokenizer, &ids, mask, out, err));
cleanup:
    free(masked);
    tyto_ids_clear(&ids);
    tyto_text_encoder_clear(&e);
    if (status != TYTO_OK) {
        tyto_masked_text_clear(out);
    }
    return status;
}

void tyto_masked_text_clear(tyto_masked_text *text)
{
    if (text) {
        free(text->input_ids);
        free(text->positions);
        *text = (tyto_masked_text){0};
    }
}
