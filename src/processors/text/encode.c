/* Texts to ids: cut out added tokens, normalise, split into words, merge, cut, surround, pad. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/tokenizer.h"

/* What encoding needs from text to text. */
typedef struct encoder {
    const tyto_tokenizer *tokenizer;
    tyto_bpe_scratch scratch;
    tyto_points points;
    char *text; /* a normalised piece */
    size_t capacity;
} encoder;

static void clear_encoder(encoder *e)
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

static tyto_status encode_words(encoder *e, const char *text, size_t length, tyto_ids *ids,
                                tyto_error *err)
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
static tyto_status normalize(encoder *e, const tyto_piece *piece, size_t *length, tyto_error *err)
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

static tyto_status encode_piece(encoder *e, const tyto_piece *piece, tyto_ids *ids, tyto_error *err)
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

/* Appends the ids of a text, nothing around them. */
static tyto_status encode_text(encoder *e, const char *text, size_t length, tyto_ids *ids,
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

static tyto_status check_text(const char *text, size_t i, size_t length, tyto_error *err)
{
    size_t at;
    if (length > TYTO_TEXT_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "text %zu: got %zu bytes, required at most %d", i,
                         length, TYTO_TEXT_BYTES_MAX);
    }
    if (!tyto_utf8_check(text, length, &at)) {
        return tyto_fail(err, TYTO_E_FORMAT, "text %zu: byte %zu: got 0x%02X, required UTF-8", i,
                         at, (unsigned char)text[at]);
    }
    return TYTO_OK;
}

/* The rows before padding: all in one list, row i ends at ends[i]. */
typedef struct rows {
    tyto_ids ids;
    size_t *ends;
    bool *truncated;
} rows;

/* Cuts the row that starts at `start` down to `keep` ids. */
static bool cut(tyto_ids *ids, size_t start, size_t keep, bool from_left)
{
    const size_t have = ids->count - start;
    if (have <= keep) {
        return false;
    }
    if (from_left) {
        memmove(ids->items + start, ids->items + start + (have - keep), keep * sizeof(*ids->items));
    }
    ids->count = start + keep;
    return true;
}

static tyto_status encode_row(encoder *e, const char *text, size_t length, int64_t keep,
                              bool surround, rows *to, size_t i, tyto_error *err)
{
    tyto_ids *ids = &to->ids;
    if (surround && !tyto_ids_add(ids, e->tokenizer->start_id)) {
        return tyto_fail_memory(err, "text");
    }
    const size_t start = ids->count;
    TYTO_TRY(encode_text(e, text, length, ids, err));
    to->truncated[i] =
        (uint64_t)keep < SIZE_MAX && cut(ids, start, (size_t)keep, e->tokenizer->truncate_left);
    if (surround && !tyto_ids_add(ids, e->tokenizer->end_id)) {
        return tyto_fail_memory(err, "text");
    }
    to->ends[i] = ids->count;
    return TYTO_OK;
}

/* What the options amount to for this tokenizer. */
typedef struct encoding_plan {
    bool surround;
    tyto_padding padding;
    int64_t length; /* for truncation and TYTO_PAD_MAX_LENGTH */
    int64_t keep;   /* ids of a text that stay, without those around it */
} encoding_plan;

static tyto_status make_plan(const tyto_tokenizer *tokenizer, const tyto_encode_options *options,
                             encoding_plan *out, tyto_error *err)
{
    static const tyto_encode_options none = {0};
    options = options ? options : &none;
    if (options->max_length < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "max_length: got %lld, required 0 or more",
                         (long long)options->max_length);
    }
    out->surround = !options->no_special_tokens && tokenizer->start_id != TYTO_NO_TOKEN;
    out->length = options->max_length ? options->max_length : tokenizer->max_length;
    out->padding = options->padding;
    if (out->padding == TYTO_PAD_MAX_LENGTH && out->length == INT64_MAX) {
        out->padding = TYTO_PAD_NONE;
    }
    if (out->padding != TYTO_PAD_NONE && tokenizer->pad_id == TYTO_NO_TOKEN) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "padding: the tokenizer has no pad_token, required for padding");
    }
    const int64_t around = out->surround ? 2 : 0;
    if (options->truncation && out->length < around) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "max_length: got %lld, required at least %lld for the special tokens",
                         (long long)out->length, (long long)around);
    }
    out->keep = options->truncation ? out->length - around : INT64_MAX;
    return TYTO_OK;
}

static size_t longest_row(const rows *from, size_t count)
{
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t n = from->ends[i] - (i ? from->ends[i - 1] : 0);
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* Rows to *out, each filled up to `length`. */
static tyto_status lay_out(const tyto_tokenizer *tokenizer, const rows *from, size_t count,
                           size_t length, tyto_encoding *out, tyto_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t n = from->ends[i] - (i ? from->ends[i - 1] : 0);
        out->offsets[i] = total;
        if (!tyto_add_size(total, n > length ? n : length, &total)) {
            return tyto_fail_memory(err, "encoding");
        }
    }
    out->offsets[count] = total;
    out->input_ids = tyto_alloc(total, sizeof(*out->input_ids));
    out->attention_mask = tyto_alloc(total, sizeof(*out->attention_mask));
    if (!out->input_ids || !out->attention_mask) {
        return tyto_fail_memory(err, "encoding");
    }
    for (size_t i = 0; i < count; i++) {
        const size_t start = i ? from->ends[i - 1] : 0, n = from->ends[i] - start;
        const size_t row = out->offsets[i], width = out->offsets[i + 1] - row;
        const size_t first = tokenizer->pad_left ? width - n : 0;
        for (size_t k = 0; k < width; k++) {
            const bool is_token = k >= first && k - first < n;
            out->input_ids[row + k] =
                is_token ? from->ids.items[start + k - first] : tokenizer->pad_id;
            out->attention_mask[row + k] = is_token;
        }
    }
    return TYTO_OK;
}

static tyto_status encode_rows(const tyto_tokenizer *tokenizer, const char *const *texts,
                               const size_t *lengths_bytes, size_t count, const encoding_plan *plan,
                               rows *to, tyto_error *err)
{
    encoder e = {.tokenizer = tokenizer};
    tyto_status status = TYTO_OK;
    for (size_t i = 0; i < count; i++) {
        if (!texts[i]) {
            status = tyto_fail(err, TYTO_E_ARGUMENT, "text %zu: got NULL, required a text", i);
            goto cleanup;
        }
        const size_t length = lengths_bytes ? lengths_bytes[i] : strlen(texts[i]);
        TYTO_CHECK(check_text(texts[i], i, length, err));
        TYTO_CHECK(encode_row(&e, texts[i], length, plan->keep, plan->surround, to, i, err));
    }
cleanup:
    clear_encoder(&e);
    return status;
}

tyto_status tyto_tokenizer_encode(const tyto_tokenizer *tokenizer, const char *const *texts,
                                  const size_t *lengths_bytes, size_t count,
                                  const tyto_encode_options *options, tyto_encoding *out,
                                  tyto_error *err)
{
    *out = (tyto_encoding){0};
    encoding_plan plan = {0};
    TYTO_TRY(make_plan(tokenizer, options, &plan, err));
    tyto_status status = TYTO_OK;
    rows from = {0};
    from.ends = tyto_alloc(count, sizeof(*from.ends));
    from.truncated = tyto_alloc_zeroed(count, sizeof(*from.truncated));
    out->truncated = from.truncated;
    out->offsets = count < SIZE_MAX ? tyto_alloc(count + 1, sizeof(*out->offsets)) : NULL;
    if (!from.ends || !from.truncated || !out->offsets) {
        status = tyto_fail_memory(err, "encoding");
        goto cleanup;
    }
    TYTO_CHECK(encode_rows(tokenizer, texts, lengths_bytes, count, &plan, &from, err));
    const size_t length = plan.padding == TYTO_PAD_LONGEST      ? longest_row(&from, count)
                          : plan.padding == TYTO_PAD_MAX_LENGTH ? (size_t)plan.length
                                                                : 0;
    TYTO_CHECK(lay_out(tokenizer, &from, count, length, out, err));
    out->count = count;
cleanup:
    tyto_ids_clear(&from.ids);
    free(from.ends);
    if (status != TYTO_OK) {
        tyto_encoding_clear(out);
    }
    return status;
}

void tyto_encoding_clear(tyto_encoding *encoding)
{
    free(encoding->input_ids);
    free(encoding->attention_mask);
    free(encoding->offsets);
    free(encoding->truncated);
    *encoding = (tyto_encoding){0};
}
