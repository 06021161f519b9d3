#include <tyto/words.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

/* Words longer than this are nobody's slip. */
#define WORD_BYTES_MAX 48

/* Edits (insert, drop, change, swap neighbours) that turn a into b, and *beginning: into the
 * beginning of b that takes the fewest. Both are short. */
static size_t distance(const char *a, const char *b, size_t *beginning)
{
    size_t rows[3][WORD_BYTES_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    const size_t n = strlen(a), m = strlen(b);
    for (size_t j = 0; j <= m; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    *beginning = last[0];
    for (size_t j = 1; j <= m; j++) {
        *beginning = last[j] < *beginning ? last[j] : *beginning;
    }
    return last[m];
}

/* How far a word is from a known one, in halves of an edit: a beginning of it, with a slip in longer
 * ones, is nearer than another word is with one slip more. SIZE_MAX: it wasn't meant. */
static size_t word_cost(const char *word, size_t length, const char *known)
{
    const size_t other = strlen(known), allowed = 1 + (other < length ? other : length) / 4;
    size_t beginning;
    if (other > WORD_BYTES_MAX) {
        return SIZE_MAX;
    }
    const size_t edits = distance(word, known, &beginning);
    const bool begins = length >= 3 && beginning <= length / 5;
    const size_t whole = edits <= allowed ? 2 * edits : SIZE_MAX,
                 part = begins ? 2 * beginning + 1 : SIZE_MAX;
    return whole < part ? whole : part;
}

const char *tyto_word_nearest(const char *word, const char *const *known, int64_t count)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    const size_t length = word && known ? strlen(word) : WORD_BYTES_MAX + 1;
    for (int64_t i = 0; i < count && length <= WORD_BYTES_MAX; i++) {
        const size_t cost = word_cost(word, length, known[i]);
        if (cost < least) {
            least = cost;
            best = known[i];
        }
    }
    return best;
}

/* The number and its unit; false when it isn't one. */
static bool read_byte_count(const char *text, uint64_t *out)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"", 1},           {"KB", 1000},      {"MB", 1000 * 1000}, {"GB", 1000 * 1000 * 1000},
        {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0 || number == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(end, units[i].unit) == 0) {
            return !__builtin_mul_overflow((uint64_t)number, units[i].bytes, out);
        }
    }
    return false;
}

tyto_status tyto_byte_count_read(const char *text, uint64_t *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, out);
    return read_byte_count(text, out)
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_FORMAT,
                           "got '%s', required a whole number of bytes, with KB, MB, GB, KiB, MiB "
                           "or GiB as its unit",
                           text);
}

/* C1 controls, C2 80 … C2 9F in UTF-8, steer some terminals. */
static bool is_control(const unsigned char *text, const unsigned char *at)
{
    const bool c1_begins = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
    const bool c1_ends = at > text && at[-1] == 0xc2 && at[0] >= 0x80 && at[0] < 0xa0;
    return *at < 0x20 || *at == 0x7f || c1_begins || c1_ends;
}

size_t tyto_text_plain(const char *text, char *out, size_t bytes)
{
    size_t length = 0;
    const unsigned char *begin = (const unsigned char *)(text ? text : "");
    for (const unsigned char *at = begin; *at; at++) {
        char piece[5] = {(char)*at};
        if (is_control(begin, at)) {
            snprintf(piece, sizeof(piece), "\\x%02x", *at);
        }
        for (const char *c = piece; *c; c++, length++) {
            if (length + 1 < bytes) {
                out[length] = *c;
            }
        }
    }
    if (bytes > 0) {
        out[length < bytes ? length : bytes - 1] = '\0';
    }
    return length;
}

const char *tyto_text_quote(const char *text, char out[TYTO_QUOTE_BYTES])
{
    static const char more[] = "\u2026";
    size_t length = text ? strlen(text) : 0;
    const bool cut = length > TYTO_QUOTE_BYTES - sizeof(more) - 2;
    if (cut) {
        length = TYTO_QUOTE_BYTES - sizeof(more) - 2;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--; /* not in the midst of a character */
        }
    }
    snprintf(out, TYTO_QUOTE_BYTES, "\"%.*s%s\"", (int)length, text ? text : "", cut ? more : "");
    return out;
}
