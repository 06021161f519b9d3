#include "processors/text/bpe.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/unicode.h"

typedef struct tyto_bpe_symbol {
    int32_t id; /* TYTO_NO_TOKEN once it was merged into the one before */
    int32_t previous, next;
    int32_t width; /* bytes of its letters */
} symbol;

/* The merge of the symbol at a place with its next one. */
typedef struct tyto_bpe_candidate {
    uint32_t rank;
    int32_t place;
    int32_t result;
} candidate;

bool tyto_ids_add(tyto_ids *ids, int32_t id)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity < 16 ? 32 : ids->capacity * 2;
        int32_t *items = tyto_realloc(ids->items, capacity, sizeof(*items));
        if (!items) {
            return false;
        }
        ids->items = items;
        ids->capacity = capacity;
    }
    ids->items[ids->count++] = id;
    return true;
}

void tyto_ids_clear(tyto_ids *ids)
{
    free(ids->items);
    *ids = (tyto_ids){0};
}

void tyto_bpe_clear(tyto_bpe *bpe)
{
    free(bpe->texts);
    free(bpe->tokens);
    free(bpe->by_id);
    free(bpe->merges);
    free(bpe->first_merge);
    free(bpe->suffix);
    free(bpe->unknown);
    *bpe = (tyto_bpe){0};
}

void tyto_bpe_scratch_clear(tyto_bpe_scratch *scratch)
{
    free(scratch->symbols);
    free(scratch->heap);
    *scratch = (tyto_bpe_scratch){0};
}

/* 33 … 126, 161 … 172 and 174 … 255 stand for themselves; the others borrow 256 and up. */
int32_t tyto_byte_letter(int byte)
{
    if (byte <= 32) {
        return 256 + byte;
    }
    if (byte <= 126) {
        return byte;
    }
    if (byte <= 160) {
        return 256 + 33 + byte - 127;
    }
    return byte == 173 ? 256 + 67 : byte;
}

int32_t tyto_byte_letter_width(unsigned char byte)
{
    return tyto_byte_letter(byte) < 0x80 ? 1 : 2;
}

int tyto_letter_byte(int32_t letter)
{
    if (letter < 256) {
        const bool itself = (letter >= 33 && letter <= 126) || (letter >= 161 && letter != 173);
        return itself ? (int)letter : -1;
    }
    const int32_t k = letter - 256;
    return k <= 32 ? (int)k : k <= 66 ? (int)(127 + k - 33) : k == 67 ? 173 : -1;
}

static int compare_texts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length != b_length ? (a_length < b_length ? -1 : 1) : memcmp(a, b, a_length);
}

static int compare_tokens(const void *a, const void *b)
{
    const tyto_token *x = a, *y = b;
    return compare_texts(x->text, x->length, y->text, y->length);
}

static tyto_status copy_tokens(tyto_bpe *bpe, const tyto_token *tokens, size_t n, const char *file,
                               tyto_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (tokens[i].length > TYTO_TOKEN_BYTES_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT,
                             "%s: token '%.40s…': got %u bytes, required at most %d", file,
                             tokens[i].text, tokens[i].length, TYTO_TOKEN_BYTES_MAX);
        }
        bytes += tokens[i].length + 1;
    }
    bpe->texts = tyto_alloc(bytes, 1);
    bpe->tokens = tyto_alloc(n, sizeof(*bpe->tokens));
    if (!bpe->texts || !bpe->tokens) {
        return tyto_fail_memory(err, "vocabulary");
    }
    char *text = bpe->texts;
    for (size_t i = 0; i < n; i++) {
        bpe->tokens[i] = tokens[i];
        bpe->tokens[i].text = memcpy(text, tokens[i].text, tokens[i].length);
        text[tokens[i].length] = '\0';
        text += tokens[i].length + 1;
    }
    bpe->count = n;
    qsort(bpe->tokens, n, sizeof(*bpe->tokens), compare_tokens);
    return TYTO_OK;
}

tyto_status tyto_bpe_set_tokens(tyto_bpe *bpe, const tyto_token *tokens, size_t n, const char *file,
                                tyto_error *err)
{
    TYTO_TRY(copy_tokens(bpe, tokens, n, file, err));
    for (size_t i = 0; i < n; i++) {
        if ((size_t)bpe->tokens[i].id >= bpe->id_end) {
            bpe->id_end = (size_t)bpe->tokens[i].id + 1;
        }
    }
    bpe->by_id = tyto_alloc(bpe->id_end, sizeof(*bpe->by_id));
    if (!bpe->by_id) {
        return tyto_fail_memory(err, "vocabulary");
    }
    memset(bpe->by_id, 0xFF, bpe->id_end * sizeof(*bpe->by_id));
    for (size_t i = 0; i < n; i++) {
        uint32_t *place = &bpe->by_id[bpe->tokens[i].id];
        if (*place != UINT32_MAX) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: tokens '%s' and '%s': got one id %d for both, required two", file,
                             bpe->tokens[*place].text, bpe->tokens[i].text, bpe->tokens[i].id);
        }
        *place = (uint32_t)i;
    }
    return TYTO_OK;
}

int32_t tyto_bpe_find(const tyto_bpe *bpe, const char *text, size_t length)
{
    size_t low = 0, count = bpe->count;
    while (count > 0) {
        const size_t half = count / 2;
        const tyto_token *token = &bpe->tokens[low + half];
        const int order = compare_texts(token->text, token->length, text, length);
        if (order == 0) {
            return token->id;
        }
        if (order < 0) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return TYTO_NO_TOKEN;
}

const tyto_token *tyto_bpe_token(const tyto_bpe *bpe, int64_t id)
{
    if (id < 0 || (uint64_t)id >= bpe->id_end || bpe->by_id[id] == UINT32_MAX) {
        return NULL;
    }
    return &bpe->tokens[bpe->by_id[id]];
}

static tyto_status find_part(const tyto_bpe *bpe, const char *text, size_t length, uint32_t rank,
                             int32_t *out, const char *file, tyto_error *err)
{
    *out = tyto_bpe_find(bpe, text, length);
    if (*out == TYTO_NO_TOKEN) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: merge %u: got token '%.*s', required one of the vocabulary", file,
                         rank + 1, (int)(length < 60 ? length : 60), text);
    }
    return TYTO_OK;
}

tyto_status tyto_bpe_make_merge(const tyto_bpe *bpe, const char *left, size_t left_length,
                                const char *right, size_t right_length, uint32_t rank,
                                tyto_merge *out, const char *file, tyto_error *err)
{
    char both[2 * TYTO_TOKEN_BYTES_MAX];
    TYTO_TRY(find_part(bpe, left, left_length, rank, &out->left, file, err));
    TYTO_TRY(find_part(bpe, right, right_length, rank, &out->right, file, err));
    memcpy(both, left, left_length);
    memcpy(both + left_length, right, right_length);
    TYTO_TRY(find_part(bpe, both, left_length + right_length, rank, &out->result, file, err));
    out->rank = rank;
    return TYTO_OK;
}

static int compare_merges(const void *a, const void *b)
{
    const tyto_merge *x = a, *y = b;
    if (x->left != y->left) {
        return x->left < y->left ? -1 : 1;
    }
    if (x->right != y->right) {
        return x->right < y->right ? -1 : 1;
    }
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Keeps one merge of each pair. */
static void drop_repeated(tyto_bpe *bpe, bool last_counts)
{
    size_t n = 0;
    for (size_t i = 0; i < bpe->merge_count; i++) {
        const tyto_merge *merge = &bpe->merges[i];
        const bool again = n > 0 && bpe->merges[n - 1].left == merge->left &&
                           bpe->merges[n - 1].right == merge->right;
        if (!again) {
            bpe->merges[n++] = *merge;
        } else if (last_counts) {
            bpe->merges[n - 1] = *merge;
        }
    }
    bpe->merge_count = n;
}

static void find_letters(tyto_bpe *bpe)
{
    const size_t suffix_length = strlen(bpe->suffix);
    for (int byte = 0; byte < 256; byte++) {
        char text[TYTO_TOKEN_BYTES_MAX];
        const size_t n = tyto_utf8_write(tyto_byte_letter(byte), text);
        bpe->letter[byte] = tyto_bpe_find(bpe, text, n);
        memcpy(text + n, bpe->suffix, suffix_length);
        bpe->last[byte] = tyto_bpe_find(bpe, text, n + suffix_length);
    }
}

tyto_status tyto_bpe_finish(tyto_bpe *bpe, tyto_merge *merges, size_t count, bool last_counts,
                            const char *suffix, tyto_error *err)
{
    bpe->merges = merges;
    bpe->merge_count = count;
    bpe->suffix = tyto_copy_text(suffix, strlen(suffix));
    bpe->first_merge = tyto_alloc_zeroed(bpe->id_end + 1, sizeof(*bpe->first_merge));
    if (!bpe->suffix || !bpe->first_merge) {
        return tyto_fail_memory(err, "vocabulary");
    }
    if (count > 0) {
        qsort(merges, count, sizeof(*merges), compare_merges);
    }
    drop_repeated(bpe, last_counts);
    size_t at = 0;
    for (size_t id = 0; id <= bpe->id_end; id++) {
        while (at < bpe->merge_count && (size_t)bpe->merges[at].left < id) {
            at++;
        }
        bpe->first_merge[id] = (uint32_t)at;
    }
    find_letters(bpe);
    return TYTO_OK;
}

tyto_status tyto_bpe_set_unknown(tyto_bpe *bpe, const char *token, tyto_error *err)
{
    bpe->unknown_id = TYTO_NO_TOKEN;
    if (!token) {
        return TYTO_OK;
    }
    bpe->unknown_id = tyto_bpe_find(bpe, token, strlen(token));
    bpe->unknown = tyto_copy_text(token, strlen(token));
    return bpe->unknown ? TYTO_OK : tyto_fail_memory(err, "vocabulary");
}

static const tyto_merge *find_merge(const tyto_bpe *bpe, int32_t left, int32_t right)
{
    uint32_t low = bpe->first_merge[left], end = bpe->first_merge[left + 1];
    while (low < end) {
        const uint32_t middle = low + (end - low) / 2;
        if (bpe->merges[middle].right < right) {
            low = middle + 1;
        } else {
            end = middle;
        }
    }
    const bool found = low < bpe->first_merge[left + 1] && bpe->merges[low].right == right;
    return found ? &bpe->merges[low] : NULL;
}

static bool comes_before(const candidate *a, const candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->place < b->place;
}

static void push(candidate *heap, size_t *count, candidate item)
{
    size_t at = (*count)++;
    while (at > 0 && comes_before(&item, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = item;
}

static candidate pop(candidate *heap, size_t *count)
{
    const candidate top = heap[0], item = heap[--*count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < *count; at = child) {
        child += child + 1 < *count && comes_before(&heap[child + 1], &heap[child]);
        if (!comes_before(&heap[child], &item)) {
            break;
        }
        heap[at] = heap[child];
    }
    heap[at] = item;
    return top;
}

/* Room for a word of n symbols: each of its merges replaces one candidate by at most two. */
static bool make_room(tyto_bpe_scratch *scratch, size_t n)
{
    if (n > scratch->symbol_capacity) {
        free(scratch->symbols);
        scratch->symbols = tyto_alloc(n, sizeof(*scratch->symbols));
        scratch->symbol_capacity = scratch->symbols ? n : 0;
    }
    if (2 * n > scratch->heap_capacity) {
        free(scratch->heap);
        scratch->heap = tyto_alloc(2 * n, sizeof(*scratch->heap));
        scratch->heap_capacity = scratch->heap ? 2 * n : 0;
    }
    return scratch->symbol_capacity >= n && scratch->heap_capacity >= 2 * n;
}

static void add_symbol(symbol *symbols, int32_t *count, int32_t id, int32_t width)
{
    symbols[*count] =
        (symbol){.id = id, .previous = *count - 1, .next = *count + 1, .width = width};
    ++*count;
}

/* The word's bytes as symbols. An unknown byte is held back until it's clear what follows it. */
static tyto_status spell(const tyto_bpe *bpe, const char *word, size_t n, symbol *symbols,
                         int32_t *count, tyto_error *err)
{
    bool held = false;
    int32_t held_width = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned char byte = (unsigned char)word[i];
        const int32_t width = tyto_byte_letter_width(byte);
        const int32_t id = i + 1 < n ? bpe->letter[byte] : bpe->last[byte];
        if (id == TYTO_NO_TOKEN && !bpe->unknown) {
            continue;
        }
        if (id == TYTO_NO_TOKEN && bpe->unknown_id == TYTO_NO_TOKEN) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "vocabulary: got no token for byte %d nor for '%s' (unk_token), "
                             "required one of them",
                             byte, bpe->unknown);
        }
        if (held && !(id == TYTO_NO_TOKEN && bpe->fuse_unknown)) {
            add_symbol(symbols, count, bpe->unknown_id, held_width);
            held_width = 0;
        }
        held = id == TYTO_NO_TOKEN;
        held_width = held ? held_width + width : 0;
        if (!held) {
            add_symbol(symbols, count, id, width);
        }
    }
    if (held) {
        add_symbol(symbols, count, bpe->unknown_id, held_width);
    }
    return TYTO_OK;
}

static void propose(const tyto_bpe *bpe, const symbol *symbols, int32_t place, candidate *heap,
                    size_t *heap_count)
{
    const tyto_merge *merge = find_merge(bpe, symbols[place].id, symbols[symbols[place].next].id);
    if (merge) {
        push(heap, heap_count, (candidate){merge->rank, place, merge->result});
    }
}

/* Merges the best pair, again and again. A candidate whose symbols have changed since is dropped,
 * unless they now merge into the same token: so does the reference. */
static void merge_all(const tyto_bpe *bpe, symbol *symbols, int32_t count, candidate *heap)
{
    size_t heap_count = 0;
    for (int32_t i = 0; i + 1 < count; i++) {
        propose(bpe, symbols, i, heap, &heap_count);
    }
    while (heap_count > 0) {
        const candidate top = pop(heap, &heap_count);
        symbol *here = &symbols[top.place];
        if (here->id == TYTO_NO_TOKEN || here->next >= count) {
            continue;
        }
        symbol *right = &symbols[here->next];
        const tyto_merge *merge = find_merge(bpe, here->id, right->id);
        if (!merge || merge->result != top.result) {
            continue;
        }
        here->id = top.result;
        here->next = right->next;
        here->width += right->width;
        right->id = TYTO_NO_TOKEN;
        if (here->next < count) {
            symbols[here->next].previous = top.place;
            propose(bpe, symbols, top.place, heap, &heap_count);
        }
        if (here->previous >= 0) {
            propose(bpe, symbols, here->previous, heap, &heap_count);
        }
    }
}

tyto_status tyto_bpe_encode(const tyto_bpe *bpe, const char *word, size_t n,
                            tyto_bpe_scratch *scratch, tyto_ids *out, tyto_ids *widths,
                            tyto_error *err)
{
    if (n > INT32_MAX || !make_room(scratch, n)) {
        return tyto_fail_memory(err, "text");
    }
    int32_t count = 0;
    TYTO_TRY(spell(bpe, word, n, scratch->symbols, &count, err));
    merge_all(bpe, scratch->symbols, count, scratch->heap);
    for (int32_t i = 0; i < count; i++) {
        const symbol *s = &scratch->symbols[i];
        if (s->id != TYTO_NO_TOKEN &&
            !(tyto_ids_add(out, s->id) && (!widths || tyto_ids_add(widths, s->width)))) {
            return tyto_fail_memory(err, "text");
        }
    }
    return TYTO_OK;
}
