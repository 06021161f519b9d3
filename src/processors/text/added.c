#include "processors/text/added.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* The reference keeps a list of special tokens and one of the others, and a token that comes again
 * with other flags may be in both: where it is looked for is decided by how it came first, how it
 * is cut out by how it came last. */
typedef struct tyto_added_entry {
    char *content;
    int32_t id;
    tyto_added_token latest; /* content unset */
    bool is_special;
    bool special_normalized; /* as it first became special */
    size_t special_order;
    bool is_plain[2]; /* among the others: as it is, normalized */
    size_t plain_order[2];
} entry;

static void clear_patterns(tyto_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        free(patterns->items[i].text);
    }
    free(patterns->items);
}

void tyto_added_clear(tyto_added *added)
{
    for (size_t i = 0; i < added->count; i++) {
        free(added->entries[i].content);
    }
    free(added->entries);
    clear_patterns(&added->plain);
    clear_patterns(&added->normalized);
    *added = (tyto_added){0};
}

static entry *find(const tyto_added *added, const char *content)
{
    for (size_t i = 0; i < added->count; i++) {
        if (strcmp(added->entries[i].content, content) == 0) {
            return &added->entries[i];
        }
    }
    return NULL;
}

int32_t tyto_added_find(const tyto_added *added, const char *content)
{
    const entry *e = find(added, content);
    return e ? e->id : TYTO_NO_TOKEN;
}

int32_t tyto_added_id(const tyto_added *added, size_t i)
{
    return added->entries[i].id;
}

const char *tyto_added_text(const tyto_added *added, int64_t id, bool *is_special)
{
    size_t low = 0, count = added->count;
    while (count > 0) {
        const size_t half = count / 2;
        const entry *e = &added->entries[low + half];
        if (e->id == id) {
            *is_special = e->is_special;
            return e->content;
        }
        low += e->id < id ? half + 1 : 0;
        count = e->id < id ? count - half - 1 : half;
    }
    *is_special = false;
    return NULL;
}

/* The id of a content that is new: the vocabulary's own, or one past all others. */
static tyto_status choose_id(const tyto_added *added, const tyto_bpe *bpe, const char *content,
                             int32_t *out, const char *file, tyto_error *err)
{
    *out = tyto_bpe_find(bpe, content, strlen(content));
    if (*out != TYTO_NO_TOKEN) {
        return TYTO_OK;
    }
    int64_t free_id = (int64_t)bpe->count;
    for (size_t i = 0; i < added->count; i++) {
        free_id = tyto_max_i64(free_id, (int64_t)added->entries[i].id + 1);
    }
    if (free_id > TYTO_TOKEN_ID_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: added token '%.60s': got id %lld, required at most %d", file, content,
                         (long long)free_id, TYTO_TOKEN_ID_MAX);
    }
    if (tyto_bpe_token(bpe, free_id)) {
        return tyto_fail(
            err, TYTO_E_FORMAT,
            "%s: added token '%.60s': got id %lld, which is that of '%s', required one "
            "of its own",
            file, content, (long long)free_id, tyto_bpe_token(bpe, free_id)->text);
    }
    *out = (int32_t)free_id;
    return TYTO_OK;
}

static tyto_status new_entry(tyto_added *added, const tyto_bpe *bpe, const char *content,
                             entry **out, const char *file, tyto_error *err)
{
    int32_t id;
    if (strlen(content) > TYTO_TOKEN_BYTES_MAX || added->count >= TYTO_ADDED_TOKENS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: added token '%.40s…': got number %zu, of %zu bytes, required at most "
                         "%d tokens of %d bytes",
                         file, content, added->count + 1, strlen(content), TYTO_ADDED_TOKENS_MAX,
                         TYTO_TOKEN_BYTES_MAX);
    }
    TYTO_TRY(choose_id(added, bpe, content, &id, file, err));
    if (added->count == added->capacity) {
        const size_t capacity = added->capacity ? 2 * added->capacity : 8;
        entry *entries = tyto_realloc(added->entries, capacity, sizeof(*entries));
        if (!entries) {
            return tyto_fail_memory(err, "added tokens");
        }
        added->entries = entries;
        added->capacity = capacity;
    }
    char *copy = tyto_copy_text(content, strlen(content));
    if (!copy) {
        return tyto_fail_memory(err, "added tokens");
    }
    *out = &added->entries[added->count++];
    **out = (entry){.content = copy, .id = id};
    return TYTO_OK;
}

tyto_status tyto_added_add(tyto_added *added, const tyto_bpe *bpe, const tyto_added_token *token,
                           const char *file, tyto_error *err)
{
    if (token->content[0] == '\0') {
        return TYTO_OK;
    }
    entry *e = find(added, token->content);
    const bool is_new = !e;
    if (is_new) {
        TYTO_TRY(new_entry(added, bpe, token->content, &e, file, err));
    }
    if (token->special && !e->is_special) {
        e->is_special = true;
        e->special_normalized = token->normalized;
        e->special_order = added->orders++;
    }
    const tyto_added_token *old = &e->latest;
    const bool same = !is_new && old->single_word == token->single_word &&
                      old->lstrip == token->lstrip && old->rstrip == token->rstrip &&
                      old->normalized == token->normalized && old->special == token->special;
    if (same) {
        return TYTO_OK;
    }
    e->latest = *token;
    e->latest.content = NULL;
    if (!e->is_special && !e->is_plain[token->normalized]) {
        e->is_plain[token->normalized] = true;
        e->plain_order[token->normalized] = added->orders++;
    }
    return TYTO_OK;
}

static int compare_patterns(const void *a, const void *b)
{
    const tyto_pattern *x = a, *y = b;
    const size_t shared = x->length < y->length ? x->length : y->length;
    const int order = memcmp(x->text, y->text, shared);
    if (order != 0) {
        return order;
    }
    if (x->length != y->length) {
        return x->length < y->length ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The content, normalised, as a string of its own. */
static char *normalized_text(const char *content, const tyto_normalizer *normalizer, size_t *length)
{
    tyto_points points = {0};
    char *text = NULL;
    if (tyto_points_read(&points, content, strlen(content)) &&
        tyto_normalize(normalizer, &points)) {
        text = tyto_alloc(points.count, 4);
    }
    *length = 0;
    for (size_t i = 0; text && i < points.count; i++) {
        *length += tyto_utf8_write(points.c[i], text + *length);
    }
    tyto_points_clear(&points);
    return text;
}

static tyto_status add_pattern(tyto_patterns *patterns, const entry *e, size_t order,
                               const tyto_normalizer *normalizer, tyto_error *err)
{
    tyto_pattern *pattern = &patterns->items[patterns->count];
    *pattern = (tyto_pattern){.order = order, .id = e->id};
    pattern->text = normalized_text(e->content, normalizer, &pattern->length);
    if (!pattern->text) {
        return tyto_fail_memory(err, "added tokens");
    }
    patterns->count++;
    patterns->starts[(unsigned char)pattern->text[0]] = true;
    return TYTO_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

tyto_status tyto_added_finish(tyto_added *added, const tyto_normalizer *normalizer, tyto_error *err)
{
    static const tyto_normalizer none = {0};
    tyto_patterns *sets[2] = {&added->plain, &added->normalized};
    for (int set = 0; set < 2; set++) {
        const tyto_normalizer *steps = set ? normalizer : &none;
        sets[set]->items = tyto_alloc(2 * added->count, sizeof(*sets[set]->items));
        if (!sets[set]->items) {
            return tyto_fail_memory(err, "added tokens");
        }
        for (size_t i = 0; i < added->count; i++) {
            const entry *e = &added->entries[i];
            if (e->is_special && e->special_normalized == (set == 1)) {
                TYTO_TRY(add_pattern(sets[set], e, e->special_order, steps, err));
            }
            /* All special ones come before all others. */
            if (e->is_plain[set]) {
                TYTO_TRY(
                    add_pattern(sets[set], e, added->orders + e->plain_order[set], steps, err));
            }
        }
        if (sets[set]->count > 0) {
            qsort(sets[set]->items, sets[set]->count, sizeof(*sets[set]->items), compare_patterns);
        }
    }
    if (added->count > 0) {
        qsort(added->entries, added->count, sizeof(*added->entries), compare_ids);
    }
    return TYTO_OK;
}

void tyto_search_start(tyto_search *search, const tyto_added *added, bool normalized,
                       const char *text, size_t length)
{
    *search = (tyto_search){.added = added,
                            .patterns = normalized ? &added->normalized : &added->plain,
                            .text = text,
                            .length = length,
                            .id = TYTO_NO_TOKEN};
}

/* The first pattern of [low, end) whose byte `depth` isn't below `byte`; all share what is before.
 */
static size_t first_from(const tyto_pattern *items, size_t low, size_t end, size_t depth, int byte)
{
    while (low < end) {
        const size_t middle = low + (end - low) / 2;
        const tyto_pattern *p = &items[middle];
        const int here = p->length > depth ? (unsigned char)p->text[depth] : -1;
        if (here < byte) {
            low = middle + 1;
        } else {
            end = middle;
        }
    }
    return low;
}

/* The longest pattern that the text has at a place, or NULL. */
static const tyto_pattern *longest_at(const tyto_patterns *patterns, const char *text, size_t left)
{
    const tyto_pattern *best = NULL;
    size_t low = 0, end = patterns->count;
    for (size_t depth = 0; low < end; depth++) {
        if (patterns->items[low].length == depth) {
            best = &patterns->items[low];
        }
        if (depth == left) {
            break;
        }
        const int byte = (unsigned char)text[depth];
        low = first_from(patterns->items, low, end, depth, byte);
        end = first_from(patterns->items, low, end, depth, byte + 1);
    }
    return best;
}

/* The place of the last code point before `end` > 0. */
static size_t last_point(const char *text, size_t end, int32_t *c)
{
    do {
        end--;
    } while (((unsigned char)text[end] & 0xC0) == 0x80);
    tyto_utf8_read(text + end, c);
    return end;
}

static bool touches_word(const char *text, size_t length, size_t start, size_t end)
{
    int32_t c;
    if (start > 0) {
        last_point(text, start, &c);
        if (tyto_char_is_word(c)) {
            return true;
        }
    }
    if (end < length) {
        tyto_utf8_read(text + end, &c);
        return tyto_char_is_word(c);
    }
    return false;
}

/* Goes back over white space, not before `floor`. */
static size_t spaces_before(const char *text, size_t start, size_t floor)
{
    while (start > floor) {
        int32_t c;
        const size_t at = last_point(text, start, &c);
        if (tyto_char_kind_of(c) != TYTO_CHAR_SPACE) {
            break;
        }
        start = at;
    }
    return start;
}

/* Goes over white space. What the last call went over isn't looked at again: tokens that are white
 * space themselves would else make this take the square of the text's length. */
static size_t spaces_after(tyto_search *search, size_t end)
{
    if (end < search->spaces_end) {
        return search->spaces_end;
    }
    while (end < search->length) {
        int32_t c;
        const size_t n = tyto_utf8_read(search->text + end, &c);
        if (tyto_char_kind_of(c) != TYTO_CHAR_SPACE) {
            break;
        }
        end += n;
    }
    search->spaces_end = end;
    return end;
}

static const tyto_added_token *flags_of(const tyto_added *added, int32_t id)
{
    size_t low = 0, end = added->count;
    while (end - low > 1) {
        const size_t middle = low + (end - low) / 2;
        if (added->entries[middle].id <= id) {
            low = middle;
        } else {
            end = middle;
        }
    }
    return &added->entries[low].latest;
}

/* Finds the next match that counts, and sets id, match_start and match_end. */
static bool find_match(tyto_search *search)
{
    const char *text = search->text;
    while (search->next < search->length) {
        const size_t at = search->next;
        const tyto_pattern *pattern =
            search->patterns->starts[(unsigned char)text[at]]
                ? longest_at(search->patterns, text + at, search->length - at)
                : NULL;
        if (!pattern) {
            search->next++;
            continue;
        }
        size_t start = at, end = at + pattern->length;
        search->next = end;
        const tyto_added_token *flags = flags_of(search->added, pattern->id);
        if (flags->single_word && touches_word(text, search->length, start, end)) {
            continue;
        }
        if (flags->lstrip) {
            start = start > search->done ? spaces_before(text, start, search->done) : search->done;
        }
        if (flags->rstrip) {
            end = spaces_after(search, end);
        }
        search->id = pattern->id;
        search->match_start = start;
        search->match_end = end;
        return true;
    }
    return false;
}

bool tyto_search_next(tyto_search *search, tyto_piece *piece)
{
    if (search->id == TYTO_NO_TOKEN && !find_match(search)) {
        *piece =
            (tyto_piece){search->text + search->done, search->length - search->done, TYTO_NO_TOKEN};
        search->done = search->length;
        return piece->length > 0;
    }
    if (search->done < search->match_start) {
        *piece = (tyto_piece){search->text + search->done, search->match_start - search->done,
                              TYTO_NO_TOKEN};
        search->done = search->match_start;
        return true;
    }
    *piece = (tyto_piece){search->text + search->match_start,
                          search->match_end - search->match_start, search->id};
    search->done = search->match_end;
    search->id = TYTO_NO_TOKEN;
    return true;
}
