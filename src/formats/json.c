#include "formats/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* Checks what a document was decoded to, NULL with the reason why. */
static tyto_status check_root(json_t *value, json_type root, const char *name,
                              const json_error_t *where, bool no_memory, json_t **out,
                              tyto_error *err)
{
    if (!value) {
        if (no_memory) {
            return tyto_fail_memory(err, name);
        }
        return tyto_fail(err, TYTO_E_FORMAT, "%s: not valid JSON at line %d, column %d: %s", name,
                         where->line, where->column, where->text);
    }
    if (json_typeof(value) != root) {
        tyto_status status =
            tyto_fail(err, TYTO_E_FORMAT, "%s: got %s, required %s", name, tyto_json_type(value),
                      root == JSON_ARRAY ? "an array" : "an object");
        json_decref(value);
        return status;
    }
    *out = value;
    return TYTO_OK;
}

tyto_status tyto_json_parse_as(json_type root, const char *bytes, size_t length, const char *name,
                               json_t **out, tyto_error *err)
{
    json_error_t where;
    bool no_memory;
    json_t *value = tyto_json_decode(bytes, length, false, &where, &no_memory);
    return check_root(value, root, name, &where, no_memory, out, err);
}

tyto_status tyto_json_parse_loosely(json_type root, const char *bytes, size_t length,
                                    const char *name, json_t **out, tyto_error *err)
{
    json_error_t where;
    bool no_memory;
    json_t *value = tyto_json_decode_loosely(bytes, length, &where, &no_memory);
    return check_root(value, root, name, &where, no_memory, out, err);
}

tyto_status tyto_json_parse(const char *bytes, size_t length, const char *name, json_t **out,
                            tyto_error *err)
{
    return tyto_json_parse_as(JSON_OBJECT, bytes, length, name, out, err);
}

tyto_status tyto_json_load(const char *path, json_t **out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_TRY(tyto_file_read(path, TYTO_JSON_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_json_parse(bytes, length, path, out, err);
    free(bytes);
    return status;
}

const char *tyto_json_long_number(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && json_string_length(value) == strlen(text) + 1 ? text : NULL;
}

/* Whether a text stands for one of the numbers that JSON doesn't have. */
static bool is_not_finite(const json_t *text)
{
    const char *word = json_string_value(text);
    return strcmp(word, "NaN") == 0 || strcmp(word, "Infinity") == 0 ||
           strcmp(word, "-Infinity") == 0;
}

const char *tyto_json_type(const json_t *value)
{
    if (!value) {
        return "nothing";
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return is_not_finite(value) ? "a number that is not finite" : "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "an unknown type";
}

/* The member, or NULL when it is absent or null. */
static const json_t *member(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static tyto_status wrong_type(const json_t *value, const char *file, const char *key,
                              const char *required, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %s, required %s", file, key,
                     tyto_json_type(value), required);
}

tyto_status tyto_json_int(const json_t *object, const char *file, const char *key, int64_t *out,
                          tyto_error *err)
{
    const json_t *value = member(object, key);
    if (!value) {
        return TYTO_OK;
    }
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return TYTO_OK;
    }
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (real > -9e15 && real < 9e15 && real == (double)(int64_t)real) {
        *out = (int64_t)real;
        return TYTO_OK;
    }
    return wrong_type(value, file, key, "an integer", err);
}

tyto_status tyto_json_double(const json_t *object, const char *file, const char *key, double *out,
                             tyto_error *err)
{
    const json_t *value = member(object, key);
    if (!value) {
        return TYTO_OK;
    }
    if (!json_is_number(value)) {
        return wrong_type(value, file, key, "a number", err);
    }
    *out = json_number_value(value);
    return TYTO_OK;
}

tyto_status tyto_json_bool(const json_t *object, const char *file, const char *key, bool *out,
                           tyto_error *err)
{
    const json_t *value = member(object, key);
    if (!value) {
        return TYTO_OK;
    }
    if (!json_is_boolean(value)) {
        return wrong_type(value, file, key, "true or false", err);
    }
    *out = json_is_true(value);
    return TYTO_OK;
}

tyto_status tyto_json_text(const json_t *object, const char *file, const char *key,
                           const char **out, tyto_error *err)
{
    const json_t *value = member(object, key);
    if (!value) {
        return TYTO_OK;
    }
    if (!json_is_string(value)) {
        return wrong_type(value, file, key, "a string", err);
    }
    *out = json_string_value(value);
    return TYTO_OK;
}
