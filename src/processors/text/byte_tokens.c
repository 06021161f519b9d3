#include "processors/text/byte_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_byte_tokens_clear(tyto_byte_tokens *tokens)
{
    for (size_t i = 0; i < tokens->content_count; i++) {
        free(tokens->contents[i].text);
        free(tokens->contents[i].points);
    }
    free(tokens->contents);
    free(tokens->entries);
    *tokens = (tyto_byte_tokens){0};
}

/* Every byte as the code point of its number, in UTF-8. */
const char *tyto_byte_spelling(int byte)
{
    static const char spellings[TYTO_BYTES][3] = {
#define LOW(c) {(char)(c)}
#define HIGH(c)                                                                                    \
    {                                                                                              \
        (char)(0xC0 | (c) >> 6), (char)(0x80 | ((c)&0x3F))                                         \
    }
#define FOUR(macro, c) macro(c), macro((c) + 1), macro((c) + 2), macro((c) + 3)
#define SIXTEEN(macro, c)                                                                          \
    FOUR(macro, c), FOUR(macro, (c) + 4), FOUR(macro, (c) + 8), FOUR(macro, (c) + 12)
#define SIXTY_FOUR(macro, c)                                                                       \
    SIXTEEN(macro, c), SIXTEEN(macro, (c) + 16), SIXTEEN(macro, (c) + 32), SIXTEEN(macro, (c) + 48)
        SIXTY_FOUR(LOW, 0), SIXTY_FOUR(LOW, 64), SIXTY_FOUR(HIGH, 128), SIXTY_FOUR(HIGH, 192)};
    return spellings[byte];
}

int tyto_byte_spelled(const char *text, size_t length)
{
    bool valid = false;
    int32_t c = -1;
    if (length > 0 && tyto_utf8_sequence(text, length, &valid) == length && valid) {
        tyto_utf8_read(text, &c);
    }
    return c < TYTO_BYTES ? (int)c : -1;
}

static tyto_byte_content *look(const tyto_byte_tokens *tokens, const char *text)
{
    for (size_t i = 0; i < tokens->content_count; i++) {
        if (strcmp(tokens->contents[i].text, text) == 0) {
            return &tokens->contents[i];
        }
    }
    return NULL;
}

int32_t tyto_byte_tokens_look(const tyto_byte_tokens *tokens, const char *content)
{
    const tyto_byte_content *found = look(tokens, content);
    const int byte = tyto_byte_spelled(content, strlen(content));
    if (found) {
        return found->id;
    }
    return byte >= 0 ? byte + TYTO_BYTE_ID_FIRST : TYTO_NO_TOKEN;
}

bool tyto_byte_tokens_has(const tyto_byte_tokens *tokens, const char *content)
{
    return look(tokens, content) != NULL;
}

bool tyto_byte_tokens_is_special(const tyto_byte_tokens *tokens, const char *content)
{
    const tyto_byte_content *found = look(tokens, content);
    return found && found->is_special;
}

void tyto_byte_tokens_mark(tyto_byte_tokens *tokens, const char *content, bool additional)
{
    tyto_byte_content *found = look(tokens, content);
    if (found) {
        found->is_special = true;
        found->is_additional |= additional;
    }
}

size_t tyto_byte_tokens_size(const tyto_byte_tokens *tokens)
{
    size_t size = TYTO_BYTES;
    for (size_t i = 0; i < tokens->content_count; i++) {
        const tyto_byte_content *content = &tokens->contents[i];
        size += tyto_byte_spelled(content->text, content->length) < 0;
    }
    return size;
}

static tyto_status new_content(tyto_byte_tokens *tokens, const char *text, size_t *place,
                               tyto_error *err)
{
    if (tokens->content_count == tokens->content_capacity) {
        const size_t capacity = tokens->content_capacity ? 2 * tokens->content_capacity : 8;
        tyto_byte_content *contents =
            tyto_realloc(tokens->contents, capacity, sizeof(*tokens->contents));
        if (!contents) {
            return tyto_fail_memory(err, "added tokens");
        }
        tokens->contents = contents;
        tokens->content_capacity = capacity;
    }
    tyto_byte_content *content = &tokens->contents[tokens->content_count];
    *content = (tyto_byte_content){.length = strlen(text)};
    content->text = tyto_copy_text(text, content->length);
    content->points = tyto_alloc(content->length, sizeof(*content->points));
    *place = tokens->content_count++;
    if (!content->text || !content->points) {
        return tyto_fail_memory(err, "added tokens");
    }
    for (size_t at = 0; at < content->length;) {
        at += tyto_utf8_read(text + at, &content->points[content->point_count++]);
    }
    if (content->length > tokens->longest) {
        tokens->longest = content->length;
    }
    return TYTO_OK;
}

static tyto_byte_entry *entry_at(const tyto_byte_tokens *tokens, int32_t id)
{
    for (size_t i = 0; i < tokens->entry_count; i++) {
        if (tokens->entries[i].id == id) {
            return &tokens->entries[i];
        }
    }
    return NULL;
}

static tyto_status new_entry(tyto_byte_tokens *tokens, tyto_byte_entry **out, tyto_error *err)
{
    if (tokens->entry_count == tokens->entry_capacity) {
        const size_t capacity = tokens->entry_capacity ? 2 * tokens->entry_capacity : 8;
        tyto_byte_entry *entries =
            tyto_realloc(tokens->entries, capacity, sizeof(*tokens->entries));
        if (!entries) {
            return tyto_fail_memory(err, "added tokens");
        }
        tokens->entries = entries;
        tokens->entry_capacity = capacity;
    }
    *out = &tokens->entries[tokens->entry_count++];
    return TYTO_OK;
}

tyto_status tyto_byte_tokens_put(tyto_byte_tokens *tokens, int32_t id,
                                 const tyto_added_token *token, const char *file, tyto_error *err)
{
    const size_t length = strlen(token->content);
    if (length > TYTO_TOKEN_BYTES_MAX || tokens->entry_count >= TYTO_ADDED_TOKENS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: added token '%.40s': got number %zu, of %zu bytes, required at most "
                         "%d tokens of %d bytes",
                         file, token->content, tokens->entry_count + 1, length,
                         TYTO_ADDED_TOKENS_MAX, TYTO_TOKEN_BYTES_MAX);
    }
    const tyto_byte_content *found = look(tokens, token->content);
    size_t place = found ? (size_t)(found - tokens->contents) : 0;
    if (!found) {
        TYTO_TRY(new_content(tokens, token->content, &place, err));
    }
    tyto_byte_entry *entry = entry_at(tokens, id);
    if (!entry) {
        TYTO_TRY(new_entry(tokens, &entry, err));
    }
    tokens->contents[place].id = id;
    *entry = (tyto_byte_entry){id, tokens->contents[place].text, token->single_word, token->lstrip,
                               token->rstrip};
    return TYTO_OK;
}

static int compare_points(const int32_t *a, size_t a_count, const int32_t *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return a_count < b_count ? -1 : a_count > b_count;
}

static int compare_contents(const void *a, const void *b)
{
    const tyto_byte_content *x = a, *y = b;
    return compare_points(x->points, x->point_count, y->points, y->point_count);
}

static int compare_entries(const void *a, const void *b)
{
    const tyto_byte_entry *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

const tyto_byte_content *tyto_byte_tokens_find(const tyto_byte_tokens *tokens, const char *text,
                                               size_t length)
{
    size_t low = 0, end = length <= tokens->longest ? tokens->content_count : 0;
    while (low < end) {
        /* UTF-8 sorts as its code points do. */
        const size_t middle = low + (end - low) / 2;
        const tyto_byte_content *c = &tokens->contents[middle];
        const size_t shared = c->length < length ? c->length : length;
        int order = memcmp(c->text, text, shared);
        order = order ? order : (c->length > length) - (c->length < length);
        if (order == 0) {
            return c;
        }
        low = order < 0 ? middle + 1 : low;
        end = order < 0 ? end : middle;
    }
    return NULL;
}

const tyto_byte_entry *tyto_byte_tokens_entry(const tyto_byte_tokens *tokens, int64_t id)
{
    size_t low = 0, end = tokens->entry_count;
    while (low < end) {
        const size_t middle = low + (end - low) / 2;
        if (tokens->entries[middle].id == id) {
            return &tokens->entries[middle];
        }
        low = tokens->entries[middle].id < id ? middle + 1 : low;
        end = tokens->entries[middle].id < id ? end : middle;
    }
    return NULL;
}

void tyto_byte_tokens_finish(tyto_byte_tokens *tokens)
{
    qsort(tokens->entries, tokens->entry_count, sizeof(*tokens->entries), compare_entries);
    qsort(tokens->contents, tokens->content_count, sizeof(*tokens->contents), compare_contents);
    for (int byte = 0; byte < TYTO_BYTES; byte++) {
        tokens->spelled_like[byte] = SIZE_MAX;
    }
    for (size_t i = 0; i < tokens->content_count; i++) {
        const int byte = tyto_byte_spelled(tokens->contents[i].text, tokens->contents[i].length);
        if (byte >= 0) {
            tokens->spelled_like[byte] = i;
        }
    }
}
