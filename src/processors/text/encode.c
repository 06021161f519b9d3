/* A text to ids and their places: cut out added tokens, normalise, split into words, merge. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/encode.h"

void tyto_text_encoder_clear(tyto_text_encoder *e)
{
    tyto_bpe_scratch_clear(&e->scratch);
    tyto_points_clear(&e->points);
    tyto_ids_clear(&e->widths);
    free(e->text_points);
    free(e->byte_points);
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

/* ---- places ---- */

bool tyto_places_add(tyto_places *places, tyto_place place)
{
    if (places->count == places->capacity) {
        const size_t capacity = places->capacity ? 2 * places->capacity : 32;
        tyto_place *items = tyto_realloc(places->items, capacity, sizeof(*items));
        if (!items) {
            return false;
        }
        places->items = items;
        places->capacity = capacity;
    }
    places->items[places->count++] = place;
    return true;
}

void tyto_places_clear(tyto_places *places)
{
    free(places->items);
    *places = (tyto_places){0};
}

/* Counts the code points before each byte of a text, and before its end. */
static bool count_points(tyto_text_encoder *e, const char *text, size_t length)
{
    if (length >= e->text_capacity) {
        free(e->text_points);
        e->text_points = tyto_alloc(length + 1, sizeof(*e->text_points));
        e->text_capacity = e->text_points ? length + 1 : 0;
    }
    if (!e->text_points) {
        return false;
    }
    int32_t count = 0;
    for (size_t i = 0; i < length; i++) {
        e->text_points[i] = count;
        count += i + 1 == length || ((unsigned char)text[i + 1] & 0xC0) != 0x80;
    }
    e->text_points[length] = count;
    return true;
}

/* Adds a place that spans source code points [first, last] of a piece that starts at `base`. */
static bool add_place(tyto_text_encoder *e, int32_t base, size_t first, size_t last)
{
    const tyto_range *sources = e->points.sources;
    return tyto_places_add(
        e->places, (tyto_place){base + sources[first].start, base + sources[last].end, e->word});
}

/* Adds the places of the tokens of a word, the n bytes of e->text from `at` on. Their widths count
 * letters, each of which stands for a byte. */
static bool add_word_places(tyto_text_encoder *e, int32_t base, size_t at, size_t n)
{
    const size_t end = at + n;
    int64_t here = 0, token_end = 0; /* letters' bytes before byte `at`, and up to a token's end */
    for (size_t i = 0; i < e->widths.count; i++) {
        const int64_t token_start = token_end;
        token_end += e->widths.items[i];
        int32_t width = tyto_byte_letter_width((unsigned char)e->text[at]);
        for (; here + width <= token_start && at + 1 < end; at++) {
            here += width;
            width = tyto_byte_letter_width((unsigned char)e->text[at + 1]);
        }
        const size_t first = at;
        for (; here + width < token_end && at + 1 < end; at++) {
            here += width;
            width = tyto_byte_letter_width((unsigned char)e->text[at + 1]);
        }
        if (!add_place(e, base, e->byte_points[first], e->byte_points[at])) {
            return false;
        }
    }
    return true;
}

/* A token's span without the white space that it took along: of a plain text piece, whose first code
 * point has the place `start`. */
static tyto_place trimmed(const tyto_piece *piece, tyto_place place)
{
    int32_t leading = 0, trailing = 0, count = 0;
    for (size_t at = 0; at < piece->length;) {
        int32_t c;
        at += tyto_utf8_read(piece->text + at, &c);
        const bool space = tyto_char_kind_of(c) == TYTO_CHAR_SPACE;
        leading += space && leading == count;
        trailing = space ? trailing + 1 : 0;
        count++;
    }
    const int32_t start = place.start + leading, end = place.end - trailing;
    place.start = start < place.end ? start : place.end;
    place.end = end < 0 ? place.end : end > place.start ? end : place.start;
    return place;
}

/* Adds an added token, and its place. */
static tyto_status add_token(tyto_text_encoder *e, const tyto_piece *piece, tyto_place place,
                             tyto_ids *ids, tyto_error *err)
{
    place = e->tokenizer->trims_offsets ? trimmed(piece, place) : place;
    if (!tyto_ids_add(ids, piece->id) || (e->places && !tyto_places_add(e->places, place))) {
        return tyto_fail_memory(err, "text");
    }
    e->word += !e->is_word;
    return TYTO_OK;
}

/* ---- pieces ---- */

/* Encodes the words of a part of e->text that starts at its byte `start`. */
static tyto_status encode_words(tyto_text_encoder *e, int32_t base, size_t start, size_t length,
                                tyto_ids *ids, tyto_error *err)
{
    tyto_ids *widths = e->places ? &e->widths : NULL;
    for (size_t at = 0; at < length;) {
        tyto_char_kind kind;
        const char *word = e->text + start + at;
        const size_t n = word_length(word, length - at, &kind);
        if (kind != TYTO_CHAR_SPACE) {
            e->widths.count = 0;
            TYTO_TRY(tyto_bpe_encode(&e->tokenizer->bpe, word, n, &e->scratch, ids, widths, err));
            if (widths && !add_word_places(e, base, start + at, n)) {
                return tyto_fail_memory(err, "text");
            }
            e->word += !e->is_word;
        }
        at += n;
    }
    return TYTO_OK;
}

/* Makes room for `bytes` of normalised text. */
static bool make_room(tyto_text_encoder *e, size_t bytes)
{
    if (bytes <= e->capacity) {
        return true;
    }
    free(e->text);
    free(e->byte_points);
    e->text = tyto_alloc(bytes, 1);
    e->byte_points = e->places ? tyto_alloc(bytes, sizeof(*e->byte_points)) : NULL;
    e->capacity = e->text && (!e->places || e->byte_points) ? bytes : 0;
    return e->capacity > 0;
}

/* Normalises a piece into e->text. */
static tyto_status normalize(tyto_text_encoder *e, const tyto_piece *piece, size_t *length,
                             tyto_error *err)
{
    e->points.count = 0;
    e->points.has_sources = e->places != NULL;
    if (!tyto_points_read(&e->points, piece->text, piece->length) ||
        !tyto_normalize(&e->tokenizer->normalizer, &e->points) ||
        !make_room(e, 4 * e->points.count)) {
        return tyto_fail_memory(err, "text");
    }
    *length = 0;
    for (size_t i = 0; i < e->points.count; i++) {
        const size_t n = tyto_utf8_write(e->points.c[i], e->text + *length);
        for (size_t k = 0; e->places && k < n; k++) {
            e->byte_points[*length + k] = (uint32_t)i;
        }
        *length += n;
    }
    return TYTO_OK;
}

/* Encodes a piece whose first code point is number `base` of the text. */
static tyto_status encode_piece(tyto_text_encoder *e, const tyto_piece *piece, int32_t base,
                                tyto_ids *ids, tyto_error *err)
{
    size_t length = 0;
    TYTO_TRY(normalize(e, piece, &length, err));
    tyto_search search;
    tyto_piece inner;
    tyto_search_start(&search, &e->tokenizer->added, true, e->text, length);
    while (tyto_search_next(&search, &inner)) {
        const size_t start = (size_t)(inner.text - e->text);
        if (inner.id == TYTO_NO_TOKEN) {
            TYTO_TRY(encode_words(e, base, start, inner.length, ids, err));
            continue;
        }
        tyto_place place = {0};
        if (e->places) {
            const tyto_range *sources = e->points.sources;
            place.start = base + sources[e->byte_points[start]].start;
            place.end = base + sources[e->byte_points[start + inner.length - 1]].end;
            place.word = e->word;
        }
        TYTO_TRY(add_token(e, &inner, place, ids, err));
    }
    return TYTO_OK;
}

static tyto_status encode_clip(tyto_text_encoder *e, const char *text, size_t length, tyto_ids *ids,
                               tyto_error *err)
{
    tyto_search search;
    tyto_piece piece;
    if (e->places && !count_points(e, text, length)) {
        return tyto_fail_memory(err, "text");
    }
    tyto_search_start(&search, &e->tokenizer->added, false, text, length);
    while (tyto_search_next(&search, &piece)) {
        const size_t start = (size_t)(piece.text - text);
        const int32_t base = e->places ? e->text_points[start] : 0;
        if (piece.id == TYTO_NO_TOKEN) {
            TYTO_TRY(encode_piece(e, &piece, base, ids, err));
            continue;
        }
        const int32_t end = e->places ? e->text_points[start + piece.length] : 0;
        TYTO_TRY(add_token(e, &piece, (tyto_place){base, end, e->word}, ids, err));
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
