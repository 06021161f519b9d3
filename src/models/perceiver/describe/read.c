#include "models/perceiver/describe/read.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"

bool tyto_perceiver_list_has(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = strstr(list, name); at && length > 0; at = strstr(at + 1, name)) {
        if (at > list && at[-1] == ' ' && at[length] == ' ') {
            return true;
        }
    }
    return false;
}

tyto_status tyto_perceiver_part_type(const json_t *object, const char *where,
                                     const char *const *types, const char *const *arguments,
                                     int count, int *type, tyto_error *err)
{
    const char *name = NULL, *key;
    if (!json_is_object(object)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got %s, required an object", where,
                         object ? tyto_json_type(object) : "nothing");
    }
    TYTO_TRY(tyto_json_text(object, where, "type", &name, err));
    *type = 0;
    while (name && *type < count && strcmp(types[*type], name) != 0) {
        (*type)++;
    }
    if (!name || *type == count) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'type': got '%s', required one such as %s", where,
                         name ? name : "", types[0]);
    }
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        key = json_object_iter_key(at);
        if (strcmp(key, "type") != 0 &&
            (strchr(key, ' ') || !tyto_perceiver_list_has(arguments[*type], key))) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': not an argument of %s", where, key,
                             name);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_read_choice(const json_t *object, const char *where, const char *key,
                                       const char *const *choices, int *out, tyto_error *err)
{
    const char *text = choices[0];
    TYTO_TRY(tyto_json_text(object, where, key, &text, err));
    for (*out = 0; choices[*out]; (*out)++) {
        if (strcmp(choices[*out], text) == 0) {
            return TYTO_OK;
        }
    }
    return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got '%s', required one such as '%s'", where,
                     key, text, choices[0]);
}

void tyto_perceiver_where(char where[TYTO_PERCEIVER_WHERE_BYTES], const char *outer,
                          const char *name)
{
    snprintf(where, TYTO_PERCEIVER_WHERE_BYTES, "%.400s: modalities.%s", outer, name);
}

/* The names of all modalities, sorted, and their places in the description; names point into the
 * document. */
static tyto_status read_names(const json_t *object, const char *where, const char **names,
                              int *places, int *count, tyto_error *err)
{
    json_t *modalities = json_object_get(object, "modalities");
    const size_t size = json_object_size(modalities);
    if (!json_is_object(modalities) || size < 1 || size > TYTO_PERCEIVER_MODALITIES_MAX) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'modalities': required an object of 1 to %d",
                         where, TYTO_PERCEIVER_MODALITIES_MAX);
    }
    *count = 0;
    int place = 0;
    for (void *at = json_object_iter(modalities); at; at = json_object_iter_next(modalities, at)) {
        const char *name = json_object_iter_key(at);
        if (!*name || strlen(name) >= TYTO_PERCEIVER_MODALITY_BYTES || strchr(name, '.')) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: 'modalities': '%s': required a name of 1 to %d bytes without "
                             "dots",
                             where, name, TYTO_PERCEIVER_MODALITY_BYTES - 1);
        }
        int i = (*count)++;
        for (; i > 0 && strcmp(names[i - 1], name) > 0; i--) {
            names[i] = names[i - 1];
            places[i] = places[i - 1];
        }
        names[i] = name;
        places[i] = place++;
    }
    return TYTO_OK;
}

/* Reads `min_padding_size`. */
static tyto_status read_padding(const json_t *object, const char *where, int64_t *out,
                                tyto_error *err)
{
    *out = 2;
    TYTO_TRY(tyto_json_int(object, where, "min_padding_size", out, err));
    if (*out < 0 || *out > TYTO_PERCEIVER_SIZE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'min_padding_size': got %lld, required 0 to %d",
                         where, (long long)*out, TYTO_PERCEIVER_SIZE_MAX);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_read_modalities(const json_t *object, const char *where,
                                           const tyto_perceiver_config *config,
                                           tyto_perceiver_modality_fn read, size_t item_bytes,
                                           void **items, int *count, int64_t *padding,
                                           tyto_error *err)
{
    const char *names[TYTO_PERCEIVER_MODALITIES_MAX];
    int places[TYTO_PERCEIVER_MODALITIES_MAX];
    if (padding) {
        TYTO_TRY(read_padding(object, where, padding, err));
    }
    TYTO_TRY(read_names(object, where, names, places, count, err));
    *items = tyto_alloc_zeroed((size_t)*count, item_bytes);
    if (!*items) {
        return tyto_fail_memory(err, where);
    }
    for (int i = 0; i < *count; i++) {
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        tyto_perceiver_where(inner, where, names[i]);
        const json_t *part = json_object_get(json_object_get(object, "modalities"), names[i]);
        const char *type = json_string_value(json_object_get(part, "type"));
        const tyto_perceiver_modality modality = {.name = names[i],
                                                  .where = inner,
                                                  .place = places[i],
                                                  .part = part,
                                                  .type = type ? type : ""};
        TYTO_TRY(read(&modality, config, (char *)*items + (size_t)i * item_bytes, err));
    }
    return TYTO_OK;
}

void tyto_perceiver_bind_padding(tyto_binder *binder, const char *prefix, const char *name,
                                 int64_t pad, float **padding)
{
    tyto_binder_prefix(binder, "%spadding.", prefix);
    if (pad > 0) {
        tyto_binder_floats(binder, padding, name, (const int64_t[4]){1, pad}, "1, padding");
    } else {
        tyto_binder_empty(binder, name);
    }
}
