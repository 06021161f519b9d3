/* Spans of texts: where something stands in one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/masked_text.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_spans_clear(tyto_spans *spans)
{
    if (spans) {
        free(spans->items);
        *spans = (tyto_spans){0};
    }
}

static bool is_power_of_two(int64_t n)
{
    return (n & (n - 1)) == 0;
}

static tyto_status add(tyto_spans *spans, tyto_span span, tyto_error *err)
{
    /* Room doubles whenever it is full. */
    if (is_power_of_two(spans->count)) {
        const size_t room = spans->count > 0 ? 2 * (size_t)spans->count : 1;
        tyto_span *items = tyto_realloc(spans->items, room, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(err, "spans");
        }
        spans->items = items;
    }
    spans->items[spans->count++] = span;
    return TYTO_OK;
}

tyto_status tyto_spans_add(tyto_spans *spans, tyto_span span, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, spans);
    return add(spans, span, err);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

tyto_status tyto_spans_add_text(tyto_spans *spans, const char *text, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, spans);
    TYTO_REQUIRE(err, text);
    char *colon, *end = NULL;
    errno = 0;
    const unsigned long long first = strtoull(text, &colon, 10);
    const bool good = is_digit(text[0]) && *colon == ':' && is_digit(colon[1]);
    const unsigned long long last = good ? strtoull(colon + 1, &end, 10) : 0;
    if (!good || *end || errno || first >= last || last > TYTO_TEXT_BYTES_MAX) {
        return tyto_fail(
            err, TYTO_E_ARGUMENT,
            "span: got '%.40s', required START:END, bytes of the text with START before END", text);
    }
    return add(spans, (tyto_span){(size_t)first, (size_t)last}, err);
}

tyto_status tyto_spans_find(tyto_spans *spans, const char *text, size_t text_bytes,
                            const char *part, size_t part_bytes, int64_t *found, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, spans);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, part);
    if (part_bytes == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "part: got no bytes, required a text to find");
    }
    int64_t count = 0;
    const char *end = text + text_bytes;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), part, part_bytes)) != NULL;
         at += part_bytes) {
        const size_t start = (size_t)(at - text);
        TYTO_TRY(add(spans, (tyto_span){start, start + part_bytes}, err));
        count++;
    }
    if (found) {
        *found = count;
    }
    return TYTO_OK;
}
