/* A decoder of JSON (RFC 8259) to jansson's values. Jansson's own drops bytes of a token when the
 * token's buffer can't grow, and then ends the process or gives a wrong text; here the one buffer
 * that texts are decoded into is as long as the document. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/json.h"

/* Deepest nesting of arrays and objects. */
#define DEPTH_MAX 512
/* Longest number, in characters. */
#define NUMBER_BYTES_MAX 1024

typedef struct decoder {
    const char *bytes;
    size_t length, at;
    bool unique; /* a member's name must not come twice */
    int depth;
    char *text; /* room for the longest text */
    json_error_t *where;
    bool no_memory;
} decoder;

/* Says what is wrong at the present byte, or at the first wrong one; always NULL. */
static json_t *refuse(decoder *from, const char *what)
{
    json_error_t *where = from->where;
    if (where->text[0] != '\0' || from->no_memory) {
        return NULL;
    }
    where->line = where->column = 1;
    for (size_t i = 0; i < from->at; i++) {
        where->column = from->bytes[i] == '\n' ? 1 : where->column + 1;
        where->line += from->bytes[i] == '\n';
    }
    where->position = (int)from->at;
    snprintf(where->text, sizeof(where->text), "%s", what);
    return NULL;
}

static json_t *run_out(decoder *from)
{
    from->no_memory = true;
    return NULL;
}

/* The present byte; -1 at the end. */
static int peek(const decoder *from)
{
    return from->at < from->length ? (unsigned char)from->bytes[from->at] : -1;
}

static void skip_space(decoder *from)
{
    while (from->at < from->length && strchr(" \t\r\n", from->bytes[from->at]) &&
           from->bytes[from->at] != '\0') {
        from->at++;
    }
}

static bool take(decoder *from, char wanted)
{
    if (peek(from) != (unsigned char)wanted) {
        return false;
    }
    from->at++;
    return true;
}

static bool take_word(decoder *from, const char *word)
{
    const size_t length = strlen(word);
    if (from->length - from->at < length || memcmp(from->bytes + from->at, word, length) != 0) {
        return false;
    }
    from->at += length;
    return true;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Skips digits; false when there are none. */
static bool take_digits(decoder *from)
{
    const size_t start = from->at;
    while (is_digit(peek(from))) {
        from->at++;
    }
    return from->at > start;
}

/* strtod, whatever the program's locale has for a decimal point. */
static double to_real(char *number)
{
    char *point = strchr(number, '.');
    const char *local = localeconv()->decimal_point;
    if (point && local[0] != '\0' && local[1] == '\0') {
        *point = local[0];
    }
    return strtod(number, NULL);
}

static json_t *decode_number(decoder *from)
{
    const size_t start = from->at;
    bool real = false;
    (void)take(from, '-');
    if (!take(from, '0') && !take_digits(from)) {
        return refuse(from, "a number without digits");
    }
    if (take(from, '.')) {
        real = true;
        if (!take_digits(from)) {
            return refuse(from, "a number without digits after its point");
        }
    }
    if (peek(from) == 'e' || peek(from) == 'E') {
        real = true;
        from->at++;
        (void)(take(from, '+') || take(from, '-'));
        if (!take_digits(from)) {
            return refuse(from, "a number without digits in its exponent");
        }
    }
    char number[NUMBER_BYTES_MAX];
    const size_t length = from->at - start;
    if (length >= sizeof(number)) {
        return refuse(from, "a number of too many digits");
    }
    memcpy(number, from->bytes + start, length);
    number[length] = '\0';
    errno = 0;
    const long long whole = real ? 0 : strtoll(number, NULL, 10);
    json_t *value;
    if (!real && errno == 0) {
        value = json_integer(whole);
    } else {
        const double close = to_real(number);
        if (!isfinite(close)) {
            return refuse(from, "a number that is too large");
        }
        value = json_real(close);
    }
    return value ? value : run_out(from);
}

/* Four hexadecimal digits; -1 when they aren't. */
static int take_hex(decoder *from)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const int c = peek(from);
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
        from->at++;
    }
    return value;
}

/* Writes a code point as UTF-8 and returns the end. */
static char *put_utf8(char *to, int point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    }
    return to;
}

/* The code point of an escape after its \u, pairs of surrogates joined; -1 after refusing. */
static int take_unicode(decoder *from)
{
    const int first = take_hex(from);
    if (first <= 0 || (first >= 0xdc00 && first < 0xe000)) {
        (void)refuse(from, first == 0 ? "\\u0000 in a text" : "a wrong \\u escape");
        return -1;
    }
    if (first < 0xd800 || first >= 0xe000) {
        return first;
    }
    const int second = take_word(from, "\\u") ? take_hex(from) : -1;
    if (second < 0xdc00 || second >= 0xe000) {
        (void)refuse(from, "half a surrogate pair");
        return -1;
    }
    return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
}

/* An escape after its backslash; NULL after refusing. */
static char *take_escape(decoder *from, char *to)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const int c = peek(from);
    const char *name = c > 0 ? strchr(names, c) : NULL;
    if (name) {
        from->at++;
        *to++ = meanings[name - names];
        return to;
    }
    if (!take(from, 'u')) {
        (void)refuse(from, "a wrong escape");
        return NULL;
    }
    const int point = take_unicode(from);
    return point < 0 ? NULL : put_utf8(to, point);
}

/* Bytes of the UTF-8 sequence at the present place; 0 when it is not one (RFC 3629). */
static size_t utf8_bytes(const decoder *from)
{
    const unsigned char *p = (const unsigned char *)from->bytes + from->at;
    const size_t left = from->length - from->at, count = p[0] < 0x80   ? 1
                                                         : p[0] < 0xc2 ? 0
                                                         : p[0] < 0xe0 ? 2
                                                         : p[0] < 0xf0 ? 3
                                                         : p[0] < 0xf5 ? 4
                                                                       : 0;
    if (count == 0 || count > left) {
        return 0;
    }
    for (size_t i = 1; i < count; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool wrong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
                       (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90);
    return wrong ? 0 : count;
}

/* A text into from->text, with a NUL; false after refusing. */
static bool decode_text(decoder *from, size_t *length)
{
    char *to = from->text;
    if (!take(from, '"')) {
        (void)refuse(from, "something where a text must be");
        return false;
    }
    for (;;) {
        const int c = peek(from);
        if (c < 0x20) {
            (void)refuse(from, c < 0 ? "a text without end" : "a control character in a text");
            return false;
        }
        if (take(from, '"')) {
            break;
        }
        if (take(from, '\\')) {
            to = take_escape(from, to);
            if (!to) {
                return false;
            }
            continue;
        }
        const size_t count = utf8_bytes(from);
        if (count == 0) {
            (void)refuse(from, "bytes that are not UTF-8");
            return false;
        }
        memcpy(to, from->bytes + from->at, count);
        to += count;
        from->at += count;
    }
    *to = '\0';
    *length = (size_t)(to - from->text);
    return true;
}

static json_t *decode_value(decoder *from);

/* Members up to the closing brace, into `object`; false when something is wrong. */
static bool decode_members(decoder *from, json_t *object)
{
    skip_space(from);
    if (take(from, '}')) {
        return true;
    }
    do {
        size_t length;
        skip_space(from);
        if (!decode_text(from, &length)) {
            return false;
        }
        if (from->unique && json_object_get(object, from->text)) {
            (void)refuse(from, "a name that comes twice");
            return false;
        }
        /* Kept aside, since the value's texts need the room. */
        char *name = tyto_copy_text(from->text, length);
        if (!name) {
            (void)run_out(from);
            return false;
        }
        skip_space(from);
        json_t *value = take(from, ':') ? decode_value(from) : refuse(from, "no ':' after a name");
        const bool kept = value && json_object_set_new_nocheck(object, name, value) == 0;
        free(name);
        if (!kept) {
            (void)(value ? run_out(from) : NULL);
            return false;
        }
        skip_space(from);
    } while (take(from, ','));
    return take(from, '}') || refuse(from, "no ',' or '}' after a member");
}

static bool decode_elements(decoder *from, json_t *array)
{
    skip_space(from);
    if (take(from, ']')) {
        return true;
    }
    do {
        json_t *value = decode_value(from);
        if (!value) {
            return false;
        }
        if (json_array_append_new(array, value) != 0) {
            (void)run_out(from);
            return false;
        }
        skip_space(from);
    } while (take(from, ','));
    return take(from, ']') || refuse(from, "no ',' or ']' after an element");
}

/* An object or an array, whose opening bracket is the present byte. */
static json_t *decode_nested(decoder *from)
{
    if (from->depth == DEPTH_MAX) {
        return refuse(from, "arrays and objects nested too deeply");
    }
    const bool is_object = from->bytes[from->at++] == '{';
    json_t *value = is_object ? json_object() : json_array();
    if (!value) {
        return run_out(from);
    }
    from->depth++;
    const bool whole = is_object ? decode_members(from, value) : decode_elements(from, value);
    from->depth--;
    if (!whole) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

static json_t *decode_value(decoder *from)
{
    size_t length;
    skip_space(from);
    const int c = peek(from);
    if (c == '{' || c == '[') {
        return decode_nested(from);
    }
    if (c == '"') {
        if (!decode_text(from, &length)) {
            return NULL;
        }
        json_t *text = json_stringn_nocheck(from->text, length);
        return text ? text : run_out(from);
    }
    /* Python writes these three, which JSON doesn't have, and jansson has no reals for them. */
    static const char *const not_finite[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof(not_finite) / sizeof(not_finite[0]); i++) {
        if (take_word(from, not_finite[i])) {
            json_t *text = json_string_nocheck(not_finite[i]);
            return text ? text : run_out(from);
        }
    }
    if (c == '-' || is_digit(c)) {
        return decode_number(from);
    }
    if (take_word(from, "true")) {
        return json_true();
    }
    if (take_word(from, "false")) {
        return json_false();
    }
    if (take_word(from, "null")) {
        return json_null();
    }
    return refuse(from, c < 0 ? "its end, where a value must be" : "something that is no value");
}

json_t *tyto_json_decode(const char *bytes, size_t length, bool unique, json_error_t *where,
                         bool *no_memory)
{
    decoder from = {.bytes = bytes, .length = length, .unique = unique, .where = where};
    *where = (json_error_t){.line = -1, .column = -1};
    /* Each escape is longer than what it means. */
    from.text = tyto_alloc(length, 1);
    json_t *value = from.text ? decode_value(&from) : run_out(&from);
    skip_space(&from);
    if (value && from.at < length) {
        json_decref(value);
        value = refuse(&from, "something after its end");
    }
    free(from.text);
    *no_memory = from.no_memory;
    return value;
}
