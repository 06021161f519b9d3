/* JSON values of documents, and their text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "results/writer.h"

/* Digits of a number in JSON: enough for any float. */
#define REAL_DIGITS 9

/* Bytes of the UTF-8 sequence that begins here, within `left` bytes; 0 when there is none. */
static size_t sequence(const unsigned char *at, size_t left)
{
    const size_t length = at[0] < 0x80                    ? 1
                          : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                          : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                          : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                          : 0;
    if (length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
    const bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
    const bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    return length > 1 && (surrogate || beyond || overlong) ? 0 : length;
}

json_t *tyto_json_string_bytes(const char *bytes, size_t length)
{
    static const char replacement[] = "\xef\xbf\xbd";
    char *clean = length < SIZE_MAX / 3 ? tyto_alloc(3 * length + 1, 1) : NULL;
    size_t clean_length = 0;
    if (!clean) {
        return NULL;
    }
    for (size_t at = 0; at < length;) {
        const size_t good = sequence((const unsigned char *)bytes + at, length - at);
        const size_t count = good > 0 ? good : sizeof(replacement) - 1;
        memcpy(clean + clean_length, good > 0 ? bytes + at : replacement, count);
        clean_length += count;
        at += good > 0 ? good : 1;
    }
    json_t *value = json_stringn(clean, clean_length);
    free(clean);
    return value;
}

json_t *tyto_json_string(const char *text)
{
    return text ? tyto_json_string_bytes(text, strlen(text)) : json_null();
}

json_t *tyto_json_float(float value)
{
    return tyto_json_real(tyto_float_decimal(value));
}

json_t *tyto_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

void tyto_json_put(tyto_writer *writer, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) {
        writer->no_memory = true;
    }
}

void tyto_json_push(tyto_writer *writer, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) {
        writer->no_memory = true;
    }
}

static int append(const char *bytes, size_t length, void *user)
{
    tyto_writer_bytes(user, bytes, length);
    return 0;
}

void tyto_writer_json(tyto_writer *writer, const json_t *value, bool indented)
{
    const size_t flags =
        JSON_REAL_PRECISION(REAL_DIGITS) | JSON_ENCODE_ANY | (indented ? JSON_INDENT(2) : 0);
    if (json_dump_callback(value, append, writer, flags) != 0) {
        writer->no_memory = true;
    }
}

void tyto_writer_json_new(tyto_writer *writer, json_t *value, bool indented)
{
    tyto_writer_json(writer, value, indented);
    json_decref(value);
}
