/* A text to ids: cut out added tokens, normalise, split into words, merge. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/encode.h"

void tyto_text_encoder_clear(tyto_text_encoder *e)
{
    tyto_bpe_scratch_clear(&e->scratch);
    tyto_points_clear(&e->points);
    free(e->text);
}

/* Bytes of the contraction that the text starts with, or 0. */
static size_t contraction(const char *text, size_t length)
{
    static const char *const endings[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    if (length < 2 || text[0] != '\'') {
        return 0;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t n = strlen(endings[i]);
        if (n < length && memcmp(text + 1, endings[i], n) == 0) {
            return n + 1;
        }
    }
    return 0;
}

/* Bytes of the word that the text starts with; *kind is its first character's. A word is a
 * contraction, letters, one number, or anything else that is no space. */
static size_t word_length(const char *text, size_t length, tyto_char_kind *kind)
{
    int32_t c;
    size_t n = tyto_utf8_read(text, &c);
    *kind = tyto_char_kind_of(c);
    const size_t short_form = contraction(text, length);
    if (short_form > 0) {
        return short_form;
    }
    if (*kind == TYTO_CHAR_NUMBER) {
        return n;
    }
    while (n < length) {
        const size_t next = tyto_utf8_read(text + n, &c);
        if (tyto_char_kind_of(c) != *kind) {
            break;
        }
        n += next;
    }
    return n;
}

static tyto_status encode_words(tyto_text_encoder *e, const char *text, size_t length,
                                tyto_ids *ids, tyto_error *err)
{
    for (size_t at = 0; at < length;) {
        tyto_char_kind kind;
        const size_t n = word_length(text + at, length - at, &kind);
        if (kind != TYTO_CHAR_SPACE) {
            TYTO_TRY(tyto_bpe_encode(&e->tokenizer->bpe, text + at, n, &e->scratch, ids, err));
        }
        at += n;
    }
    return TYTO_OK;
}

/* Normalises a piece into e->text. */
static tyto_status normalize(tyto_text_encoder *e, const tyto_piece *piece, size_t *length,
                             tyto_error *err)
{
    e->points.count = 0;
    if (!tyto_points_read(&e->points, piece->text, piece->length) ||
        !tyto_normalize(&e->tokenizer->normalizer, &e->points)) {
        return tyto_fail_memory(err, "text");
    }
    if (4 * e->points.count > e->capacity) {
        free(e->text);
        e->capacity = 4 * e->points.count;
        e->text = tyto_alloc(e->capacity, 1);
        if (!e->text) {
            e->capacity = 0;
            return tyto_fail_memory(err, "text");
        }
    }
    *length = 0;
    for (size_t i = 0; i < e->points.count; i++) {
        *length += tyto_utf8_write(e->points.c[i], e->text + *length);
    }
    return TYTO_OK;
}

static tyto_status encode_piece(tyto_text_encoder *e, const tyto_piece *piece, tyto_ids *ids,
                                tyto_error *err)
{
    size_t length = 0;
    TYTO_TRY(normalize(e, piece, &length, err));
    tyto_search search;
    tyto_piece inner;
    tyto_search_start(&search, &e->tokenizer->added, true, e->text, length);
    while (tyto_search_next(&search, &inner)) {
        if (inner.id == TYTO_NO_TOKEN) {
            TYTO_TRY(encode_words(e, inner.text, inner.length, ids, err));
        } else if (!tyto_ids_add(ids, inner.id)) {
            return tyto_fail_memory(err, "text");
        }
    }
    return TYTO_OK;
}

static tyto_status encode_clip(tyto_text_encoder *e, const char *text, size_t length, tyto_ids *ids,
                               tyto_error *err)
{
    tyto_search search;
    tyto_piece piece;
    tyto_search_start(&search, &e->tokenizer->added, false, text, length);
    while (tyto_search_next(&search, &piece)) {
        if (piece.id == TYTO_NO_TOKEN) {
            TYTO_TRY(encode_piece(e, &piece, ids, err));
        } else if (!tyto_ids_add(ids, piece.id)) {
            return tyto_fail_memory(err, "text");
        }
    }
    return TYTO_OK;
}

static tyto_status check_utf8(const char *text, size_t i, size_t length, tyto_error *err)
{
    size_t at;
    if (!tyto_utf8_check(text, length, &at)) {
        return tyto_fail(err, TYTO_E_FORMAT, "text %zu: byte %zu: got 0x%02X, required UTF-8", i,
                         at, (unsigned char)text[at]);
    }
    return TYTO_OK;
}

tyto_status tyto_text_encode(tyto_text_encoder *e, size_t i, const char *text, size_t length,
                             tyto_ids *ids, tyto_error *err)
{
    if (!text) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "text %zu: got NULL, required a text", i);
    }
    if (length > TYTO_TEXT_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "text %zu: got %zu bytes, required at most %d", i,
                         length, TYTO_TEXT_BYTES_MAX);
    }
    if (e->tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        return tyto_byte_tokens_encode(&e->tokenizer->bytes, text, length, e->split_special, ids,
                                       err);
    }
    TYTO_TRY(check_utf8(text, i, length, err));
    return encode_clip(e, text, length, ids, err);
}
