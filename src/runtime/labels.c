#include "runtime/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* The class that a key names; −1 when it is no number below `count`. */
static int64_t class_of(const char *key, int64_t count)
{
    int64_t value = 0;
    if (!*key) {
        return -1;
    }
    for (; *key; key++) {
        if (*key < '0' || *key > '9' || value > count) {
            return -1;
        }
        value = 10 * value + (*key - '0');
    }
    return value < count ? value : -1;
}

tyto_status tyto_labels_read(const json_t *config, const char *file, tyto_labels *out,
                             tyto_error *err)
{
    json_t *names = json_object_get(config, "id2label");
    const char *key;
    json_t *value;
    *out = (tyto_labels){0};
    if (!json_is_object(names)) {
        return TYTO_OK;
    }
    const int64_t count = (int64_t)json_object_size(names);
    if (count > TYTO_LABELS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: 'id2label': got %lld names, required at most %d",
                         file, (long long)count, TYTO_LABELS_MAX);
    }
    out->names = tyto_alloc_zeroed((size_t)count, sizeof(*out->names));
    out->count = out->names ? count : 0;
    if (!out->names) {
        return tyto_fail_memory(err, file);
    }
    json_object_foreach(names, key, value)
    {
        const int64_t i = class_of(key, count);
        if (i >= 0 && json_is_string(value) &&
            !out->names[i]) { /* "1" and "01" are the same class */
            out->names[i] = tyto_copy_text(json_string_value(value), json_string_length(value));
            if (!out->names[i]) {
                return tyto_fail_memory(err, file);
            }
        }
    }
    return TYTO_OK;
}

void tyto_labels_clear(tyto_labels *labels)
{
    for (int64_t i = 0; i < labels->count; i++) {
        free(labels->names[i]);
    }
    free(labels->names);
    *labels = (tyto_labels){0};
}
