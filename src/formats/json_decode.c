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
    bool loose;  /* what Python's json takes besides, see tyto_json_decode_loosely */
    int depth;
    char *text; /* room for the longest text */
    json_error_t *where;
    bool no_memory;
} decoder;

/* Says what is wrong at the present byte, or at the first wrong one; always NULL. */
static json_t *refuse(decoder *reader, const char *what)
{
    json_error_t *where = reader->where;
    if (where->text[0] != '\0' || reader->no_memory) {
        return NULL;
    }
    where->line = where->column = 1;
    for (size_t i = 0; i < reader->at; i++) {
        where->column = reader->bytes[i] == '\n' ? 1 : where->column + 1;
        where->line += reader->bytes[i] == '\n';
    }
    where->position = (int)reader->at;
    snprintf(where->text, sizeof(where->text), "%s", what);
    return NULL;
}

static json_t *run_out(decoder *reader)
{
    reader->no_memory = true;
    return NULL;
}

/* The present byte; -1 at the end. */
static int peek(const decoder *reader)
{
    return reader->at < reader->length ? (unsigned char)reader->bytes[reader->at] : -1;
}

static void skip_space(decoder *reader)
{
    while (reader->at < reader->length && strchr(" \t\r\n", reader->bytes[reader->at]) &&
           reader->bytes[reader->at] != '\0') {
        reader->at++;
    }
}

static bool take(decoder *reader, char wanted)
{
    if (peek(reader) != (unsigned char)wanted) {
        return false;
    }
    reader->at++;
    return true;
}

static bool take_word(decoder *reader, const char *word)
{
    const size_t length = strlen(word);
    if (reader->length - reader->at < length ||
        memcmp(reader->bytes + reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Skips digits; false when there are none. */
static bool take_digits(decoder *reader)
{
    const size_t start = reader->at;
    while (is_digit(peek(reader))) {
        reader->at++;
    }
    return reader->at > start;
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

static json_t *decode_number(decoder *reader)
{
    const size_t start = reader->at;
    bool real = false;
    (void)take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader)) {
        return refuse(reader, "a number without digits");
    }
    if (take(reader, '.')) {
        real = true;
        if (!take_digits(reader)) {
            return refuse(reader, "a number without digits after its point");
        }
    }
    if (peek(reader) == 'e' || peek(reader) == 'E') {
        real = true;
        reader->at++;
        (void)(take(reader, '+') || take(reader, '-'));
        if (!take_digits(reader)) {
            return refuse(reader, "a number without digits in its exponent");
        }
    }
    char number[NUMBER_BYTES_MAX];
    const size_t length = reader->at - start;
    if (length >= sizeof(number)) {
        return refuse(reader, "a number of too many digits");
    }
    memcpy(number, reader->bytes + start, length);
    number[length] = '\0';
    errno = 0;
    const long long whole = real ? 0 : strtoll(number, NULL, 10);
    json_t *value;
    if (!real && errno == 0) {
        value = json_integer(whole);
    } else if (!real && reader->loose) {
        value = json_stringn_nocheck(number, length + 1);
    } else {
        const double close = to_real(number);
        if (!isfinite(close)) {
            return refuse(reader, "a number that is too large");
        }
        value = json_real(close);
    }
    return value ? value : run_out(reader);
}

/* Four hexadecimal digits; -1 when they aren't. */
static int take_hex(decoder *reader)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const int c = peek(reader);
        const int digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
        reader->at++;
    }
    return value;
}

/* Writes a code point as UTF-8 and returns the end. */
static char *put_utf8(char *out, int point)
{
    if (point < 0x80) {
        *out++ = (char)point;
    } else if (point < 0x800) {
        *out++ = (char)(0xc0 | point >> 6);
        *out++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *out++ = (char)(0xe0 | point >> 12);
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    } else {
        *out++ = (char)(0xf0 | point >> 18);
        *out++ = (char)(0x80 | (point >> 12 & 0x3f));
        *out++ = (char)(0x80 | (point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (point & 0x3f));
    }
    return out;
}

static bool is_high(int point)
{
    return point >= 0xd800 && point < 0xdc00;
}

static bool is_low(int point)
{
    return point >= 0xdc00 && point < 0xe000;
}

/* The code point of an escape after its \u, pairs of surrogates joined; -1 after refusing. Loosely
 * read, a surrogate may be alone. */
static int take_unicode(decoder *reader)
{
    const int first = take_hex(reader);
    if (first <= 0 || (is_low(first) && !reader->loose)) {
        (void)refuse(reader, first == 0 ? "\\u0000 in a text" : "a wrong \\u escape");
        return -1;
    }
    if (!is_high(first)) {
        return first;
    }
    const size_t after = reader->at;
    const int second = take_word(reader, "\\u") ? take_hex(reader) : -1;
    if (is_low(second)) {
        return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }
    if (!reader->loose) {
        (void)refuse(reader, "half a surrogate pair");
        return -1;
    }
    reader->at = after;
    return first;
}

/* Python has U+DC80 … U+DCFF where a file's name holds a byte that isn't UTF-8: it is that byte
 * again. No other lone surrogate is in UTF-8. */
static char *put_point(char *out, int point)
{
    if (point >= 0xdc80 && point < 0xdd00) {
        *out++ = (char)(point & 0xff);
        return out;
    }
    return put_utf8(out, is_high(point) || is_low(point) ? 0xfffd : point);
}

/* An escape after its backslash; NULL after refusing. */
static char *take_escape(decoder *reader, char *out)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const int c = peek(reader);
    const char *name = c > 0 ? strchr(names, c) : NULL;
    if (name) {
        reader->at++;
        *out++ = meanings[name - names];
        return out;
    }
    if (!take(reader, 'u')) {
        (void)refuse(reader, "a wrong escape");
        return NULL;
    }
    const int point = take_unicode(reader);
    return point < 0 ? NULL : put_point(out, point);
}

/* Bytes of the UTF-8 sequence at the present place; 0 when it is not one (RFC 3629). */
static size_t utf8_bytes(const decoder *reader)
{
    const unsigned char *p = (const unsigned char *)reader->bytes + reader->at;
    const size_t left = reader->length - reader->at, count = p[0] < 0x80   ? 1
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
static bool decode_text(decoder *reader, size_t *length)
{
    char *out = reader->text;
    if (!take(reader, '"')) {
        (void)refuse(reader, "something where a text must be");
        return false;
    }
    for (;;) {
        const int c = peek(reader);
        if (c < 0x20) {
            (void)refuse(reader, c < 0 ? "a text without end" : "a control character in a text");
            return false;
        }
        if (take(reader, '"')) {
            break;
        }
        if (take(reader, '\\')) {
            out = take_escape(reader, out);
            if (!out) {
                return false;
            }
            continue;
        }
        const size_t count = utf8_bytes(reader);
        if (count == 0) {
            (void)refuse(reader, "bytes that are not UTF-8");
            return false;
        }
        memcpy(out, reader->bytes + reader->at, count);
        out += count;
        reader->at += count;
    }
    *out = '\0';
    *length = (size_t)(out - reader->text);
    return true;
}

static json_t *decode_value(decoder *reader);

/* Members up to the closing brace, into `object`; false when something is wrong. */
static bool decode_members(decoder *reader, json_t *object)
{
    skip_space(reader);
    if (take(reader, '}')) {
        return true;
    }
    do {
        size_t length;
        skip_space(reader);
        if (!decode_text(reader, &length)) {
            return false;
        }
        if (reader->unique && json_object_get(object, reader->text)) {
            (void)refuse(reader, "a name that comes twice");
            return false;
        }
        /* Kept aside, since the value's texts need the room. */
        char *name = tyto_copy_text(reader->text, length);
        if (!name) {
            (void)run_out(reader);
            return false;
        }
        skip_space(reader);
        json_t *value =
            take(reader, ':') ? decode_value(reader) : refuse(reader, "no ':' after a name");
        const bool kept = value && json_object_set_new_nocheck(object, name, value) == 0;
        free(name);
        if (!kept) {
            (void)(value ? run_out(reader) : NULL);
            return false;
        }
        skip_space(reader);
    } while (take(reader, ','));
    return take(reader, '}') || refuse(reader, "no ',' or '}' after a member");
}

static bool decode_elements(decoder *reader, json_t *array)
{
    skip_space(reader);
    if (take(reader, ']')) {
        return true;
    }
    do {
        json_t *value = decode_value(reader);
        if (!value) {
            return false;
        }
        if (json_array_append_new(array, value) != 0) {
            (void)run_out(reader);
            return false;
        }
        skip_space(reader);
    } while (take(reader, ','));
    return take(reader, ']') || refuse(reader, "no ',' or ']' after an element");
}

/* An object or an array, whose opening bracket is the present byte. */
static json_t *decode_nested(decoder *reader)
{
    if (reader->depth == DEPTH_MAX) {
        return refuse(reader, "arrays and objects nested too deeply");
    }
    const bool is_object = reader->bytes[reader->at++] == '{';
    json_t *value = is_object ? json_object() : json_array();
    if (!value) {
        return run_out(reader);
    }
    reader->depth++;
    const bool whole = is_object ? decode_members(reader, value) : decode_elements(reader, value);
    reader->depth--;
    if (!whole) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

static json_t *decode_value(decoder *reader)
{
    size_t length;
    skip_space(reader);
    const int c = peek(reader);
    if (c == '{' || c == '[') {
        return decode_nested(reader);
    }
    if (c == '"') {
        if (!decode_text(reader, &length)) {
            return NULL;
        }
        json_t *text = json_stringn_nocheck(reader->text, length);
        return text ? text : run_out(reader);
    }
    /* Python writes these three, which JSON doesn't have, and jansson has no reals for them. */
    static const char *const not_finite[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof(not_finite) / sizeof(not_finite[0]); i++) {
        if (take_word(reader, not_finite[i])) {
            json_t *text = json_string_nocheck(not_finite[i]);
            return text ? text : run_out(reader);
        }
    }
    if (c == '-' || is_digit(c)) {
        return decode_number(reader);
    }
    if (take_word(reader, "true")) {
        return json_true();
    }
    if (take_word(reader, "false")) {
        return json_false();
    }
    if (take_word(reader, "null")) {
        return json_null();
    }
    return refuse(reader, c < 0 ? "its end, where a value must be" : "something that is no value");
}

static json_t *decode(decoder reader, bool *no_memory)
{
    json_error_t *where = reader.where;
    *where = (json_error_t){.line = -1, .column = -1};
    /* Each escape is longer than what it means. */
    reader.text = tyto_alloc(reader.length, 1);
    json_t *value = reader.text ? decode_value(&reader) : run_out(&reader);
    skip_space(&reader);
    if (value && reader.at < reader.length) {
        json_decref(value);
        value = refuse(&reader, "something after its end");
    }
    free(reader.text);
    *no_memory = reader.no_memory;
    return value;
}

json_t *tyto_json_decode(const char *bytes, size_t length, bool unique, json_error_t *where,
                         bool *no_memory)
{
    return decode((decoder){.bytes = bytes, .length = length, .unique = unique, .where = where},
                  no_memory);
}

json_t *tyto_json_decode_loosely(const char *bytes, size_t length, json_error_t *where,
                                 bool *no_memory)
{
    return decode((decoder){.bytes = bytes, .length = length, .loose = true, .where = where},
                  no_memory);
}
