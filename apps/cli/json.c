#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Enough decimal digits for any float. */
#define FLOAT_DIGITS 9

void float_digits(char *to, size_t bytes, float value)
{
    for (int digits = 1; digits <= FLOAT_DIGITS; digits++) {
        snprintf(to, bytes, "%.*g", digits, (double)value);
        const bool exponent = strchr(to, 'e') && fabsf(value) < 1e6F && fabsf(value) >= 1e-4F;
        if (strtof(to, NULL) == value && !exponent) {
            return;
        }
    }
}

json_t *json_made(json_t *value)
{
    if (!value) {
        out_of_memory();
    }
    return value;
}

json_t *json_float(float value)
{
    char digits[32];
    float_digits(digits, sizeof(digits), value);
    return json_made(json_real(strtod(digits, NULL)));
}

/* Bytes of the UTF-8 sequence that begins here; 0 when there is none. */
static size_t sequence(const unsigned char *at)
{
    const size_t length = at[0] < 0x80                    ? 1
                          : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                          : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                          : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                          : 0;
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

json_t *json_text(const char *text)
{
    char *clean = take(3 * strlen(text) + 1, 1), *to = clean;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        const size_t length = sequence(at);
        const char *from = length ? (const char *)at : "\xef\xbf\xbd";
        const size_t bytes = length ? length : 3;
        memcpy(to, from, bytes);
        to += bytes;
        at += length ? length : 1;
    }
    json_t *value = json_made(json_string(clean));
    free(clean);
    return value;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, json_made(value)) != 0) {
        out_of_memory();
    }
}

void json_push(json_t *array, json_t *value)
{
    if (json_array_append_new(array, json_made(value)) != 0) {
        out_of_memory();
    }
}

void json_write(const json_t *value, bool indented, FILE *to)
{
    char *text = json_dumps(value, JSON_REAL_PRECISION(FLOAT_DIGITS) | JSON_ENCODE_ANY |
                                       (indented ? JSON_INDENT(2) : 0));
    if (!text) {
        out_of_memory();
    }
    fputs(text, to);
    free(text);
}

void csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}
