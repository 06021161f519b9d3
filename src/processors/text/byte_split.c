/* Text to ids of bytes, with added tokens cut out as the reference's slow tokenizers do it: by a
 * trie that keeps all partial matches (Trie.split), then piece by piece (PreTrainedTokenizer.
 * tokenize). What that cutting does with overlapping tokens is peculiar, and kept to the letter. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/byte_tokens.h"

/* Where a match has got to: contents[low, end) share their first `depth` code points. */
typedef struct place {
    size_t low, end, depth;
} place;

/* A match that began at code point `start`. */
typedef struct state {
    size_t start;
    place at;
    bool failed; /* on the current code point: its place wasn't moved */
} state;

/* A piece of the text, or a copy of its own. */
typedef struct piece {
    const char *text;
    size_t length;
    char *copy; /* what text points to, when it isn't the given text */
} piece;

typedef struct splitter {
    const tyto_byte_tokens *tokens;
    const char *text;
    int32_t *points; /* [count]: code points; a byte that is none is 0x110000 and more */
    size_t *offsets; /* [count + 1]: in bytes */
    size_t count;
    state *states; /* as many as the longest content has code points */
    size_t state_count;
    size_t done; /* code points that lie in pieces */
    piece *pieces;
    size_t piece_count, piece_capacity;
} splitter;

static void clear_splitter(splitter *s)
{
    for (size_t i = 0; i < s->piece_count; i++) {
        free(s->pieces[i].copy);
    }
    free(s->pieces);
    free(s->states);
    free(s->offsets);
    free(s->points);
}

static bool read_points(splitter *s, const char *text, size_t length)
{
    s->text = text;
    s->points = tyto_alloc(length, sizeof(*s->points));
    s->offsets = tyto_alloc(length + 1, sizeof(*s->offsets));
    s->states = tyto_alloc(s->tokens->longest + 1, sizeof(*s->states));
    if (!s->points || !s->offsets || !s->states) {
        return false;
    }
    for (size_t at = 0; at < length; s->count++) {
        bool valid;
        size_t n = tyto_utf8_sequence(text + at, length - at, &valid);
        s->offsets[s->count] = at;
        if (valid) {
            tyto_utf8_read(text + at, &s->points[s->count]);
        } else {
            s->points[s->count] = 0x110000 + (unsigned char)text[at];
            n = 1;
        }
        at += n;
    }
    s->offsets[s->count] = length;
    return true;
}

/* The first content of a place whose next code point isn't below c. */
static size_t first_from(const tyto_byte_tokens *tokens, const place *at, int32_t c)
{
    size_t low = at->low, end = at->end;
    while (low < end) {
        const size_t middle = low + (end - low) / 2;
        const tyto_byte_content *content = &tokens->contents[middle];
        const int32_t here = content->point_count > at->depth ? content->points[at->depth] : -1;
        low = here < c ? middle + 1 : low;
        end = here < c ? end : middle;
    }
    return low;
}

/* Moves a place over c, or leaves it where no content goes on with c. */
static bool step(const tyto_byte_tokens *tokens, place *at, int32_t c)
{
    const size_t low = first_from(tokens, at, c), end = first_from(tokens, at, c + 1);
    if (low == end) {
        return false;
    }
    *at = (place){low, end, at->depth + 1};
    return true;
}

static bool is_end(const tyto_byte_tokens *tokens, const place *at)
{
    return tokens->contents[at->low].point_count == at->depth;
}

static bool add_piece(splitter *s, size_t end)
{
    if (end <= s->done) {
        return true;
    }
    if (s->piece_count == s->piece_capacity) {
        const size_t capacity = s->piece_capacity ? 2 * s->piece_capacity : 16;
        piece *pieces = tyto_realloc(s->pieces, capacity, sizeof(*pieces));
        if (!pieces) {
            return false;
        }
        s->pieces = pieces;
        s->piece_capacity = capacity;
    }
    const size_t start = s->offsets[s->done];
    s->pieces[s->piece_count++] = (piece){s->text + start, s->offsets[end] - start, NULL};
    s->done = end;
    return true;
}

/* A match is complete: the longest of those that began no later is the one. Earlier ones have been
 * moved over the current code point already, or have failed on it and are looked at as if they had
 * been. */
static void choose(const splitter *s, size_t current, size_t *start, size_t *end, size_t *skip)
{
    for (size_t i = 0; i < s->state_count && s->states[i].start <= *start; i++) {
        place at = s->states[i].at;
        size_t ahead = s->states[i].start < *start ? current + 1 : current;
        bool more = true;
        *end = ahead;
        while (more) {
            if (is_end(s->tokens, &at)) {
                *start = s->states[i].start;
                *end = *skip = ahead;
            }
            more = ahead < s->count && step(s->tokens, &at, s->points[ahead]);
            ahead += more;
        }
    }
}

/* Moves all matches over a code point; true when one was complete before it, and was cut out. */
static bool advance(splitter *s, size_t current, size_t *skip, bool *memory)
{
    for (size_t i = 0; i < s->state_count; i++) {
        state *match = &s->states[i];
        if (is_end(s->tokens, &match->at)) {
            size_t start = match->start, end = current;
            choose(s, current, &start, &end, skip);
            *memory = add_piece(s, start) && add_piece(s, end);
            return true;
        }
        match->failed = !step(s->tokens, &match->at, s->points[current]);
    }
    return false;
}

static void drop_failed(splitter *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->state_count; i++) {
        if (!s->states[i].failed) {
            s->states[kept++] = s->states[i];
        }
    }
    s->state_count = kept;
}

static bool split(splitter *s)
{
    const place root = {0, s->tokens->content_count, 0};
    size_t skip = 0;
    bool memory = true;
    for (size_t current = 0; current < s->count && memory; current++) {
        if (current < skip) {
            continue;
        }
        if (advance(s, current, &skip, &memory)) {
            s->state_count = 0;
        } else {
            drop_failed(s);
        }
        place at = root;
        if (current >= skip && step(s->tokens, &at, s->points[current])) {
            s->states[s->state_count++] = (state){current, at, false};
        }
    }
    for (size_t i = 0; i < s->state_count && memory; i++) {
        if (is_end(s->tokens, &s->states[i].at)) {
            memory = add_piece(s, s->states[i].start) && add_piece(s, s->count);
            break;
        }
    }
    return memory && add_piece(s, s->count);
}

/* Bytes of the white space that text begins with. */
static size_t blank_start(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        bool valid;
        int32_t c = 0;
        const size_t n = tyto_utf8_sequence(text + at, length - at, &valid);
        if (valid) {
            tyto_utf8_read(text + at, &c);
        }
        if (!valid || !tyto_char_is_blank(c)) {
            break;
        }
        at += n;
    }
    return at;
}

/* The length without the white space at its end. */
static size_t without_blank_end(const char *text, size_t length)
{
    while (length > 0) {
        size_t at = length - 1;
        while (at > 0 && length - at < 4 && ((unsigned char)text[at] & 0xC0) == 0x80) {
            at--;
        }
        bool valid;
        int32_t c = 0;
        const size_t n = tyto_utf8_sequence(text + at, length - at, &valid);
        if (valid && n == length - at) {
            tyto_utf8_read(text + at, &c);
        }
        if (!valid || n != length - at || !tyto_char_is_blank(c)) {
            break;
        }
        length = at;
    }
    return length;
}

/* *out = first + second, in a copy of its own. */
static bool join(piece *out, const piece *first, const piece *second)
{
    const size_t length = first->length + second->length;
    char *copy = tyto_alloc(length, 1);
    if (!copy) {
        return false;
    }
    memcpy(copy, first->text, first->length);
    memcpy(copy + first->length, second->text, second->length);
    free(out->copy);
    *out = (piece){copy, length, copy};
    return true;
}

/* What an added token does to the pieces beside it. */
static bool treat_neighbours(splitter *s, size_t i, const tyto_byte_entry *entry)
{
    static const piece none = {"", 0, NULL};
    piece *own = &s->pieces[i];
    piece *left = i > 0 ? own - 1 : NULL, *right = i + 1 < s->piece_count ? own + 1 : NULL;
    const bool after_letter = left && left->length > 0 && left->text[left->length - 1] != ' ';
    const bool before_letter = right && right->length > 0 && right->text[0] != ' ';
    if (entry->rstrip && right) {
        const size_t blank = blank_start(right->text, right->length);
        right->text += blank;
        right->length -= blank;
    }
    if (entry->lstrip && left) {
        left->length = without_blank_end(left->text, left->length);
    }
    if (entry->single_word && (after_letter || before_letter)) {
        if (!(after_letter ? join(left, left, own) : join(right, own, right))) {
            return false;
        }
        free(own->copy);
        *own = none;
    }
    return true;
}

static bool treat_pieces(splitter *s)
{
    for (size_t i = 0; i < s->piece_count; i++) {
        const piece *p = &s->pieces[i];
        const tyto_byte_content *content = tyto_byte_tokens_find(s->tokens, p->text, p->length);
        if (content && !treat_neighbours(s, i, tyto_byte_tokens_entry(s->tokens, content->id))) {
            return false;
        }
    }
    return true;
}

static bool add_bytes(const tyto_byte_tokens *tokens, const char *text, size_t length,
                      tyto_ids *ids)
{
    for (size_t i = 0; i < length; i++) {
        const int byte = (unsigned char)text[i];
        const size_t spelled = tokens->spelled_like[byte];
        const int32_t id =
            spelled == SIZE_MAX ? byte + TYTO_BYTE_ID_FIRST : tokens->contents[spelled].id;
        if (!tyto_ids_add(ids, id)) {
            return false;
        }
    }
    return true;
}

static bool add_pieces(const splitter *s, tyto_ids *ids)
{
    for (size_t i = 0; i < s->piece_count; i++) {
        const piece *p = &s->pieces[i];
        const tyto_byte_content *content = tyto_byte_tokens_find(s->tokens, p->text, p->length);
        if (!(content ? tyto_ids_add(ids, content->id)
                      : add_bytes(s->tokens, p->text, p->length, ids))) {
            return false;
        }
    }
    return true;
}

tyto_status tyto_byte_tokens_encode(const tyto_byte_tokens *tokens, const char *text, size_t length,
                                    bool split_special, tyto_ids *ids, tyto_error *err)
{
    splitter s = {.tokens = tokens};
    bool memory;
    if (split_special) {
        memory = add_bytes(tokens, text, length, ids);
    } else {
        memory =
            read_points(&s, text, length) && split(&s) && treat_pieces(&s) && add_pieces(&s, ids);
    }
    clear_splitter(&s);
    return memory ? TYTO_OK : tyto_fail_memory(err, "text");
}
