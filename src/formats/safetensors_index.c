/* The index of a sharded set: which tensor lies in which file. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "formats/safetensors.h"

/* An index comes from outside, so it may name files of its own folder only. */
static bool is_plain_name(const char *name)
{
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strchr(name, '/') && !strchr(name, '\\');
}

static int by_text(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static tyto_status collect(json_t *map, const char *path, const char **names, tyto_error *err)
{
    const char *tensor;
    const json_t *value;
    size_t count = 0;
    json_object_foreach(map, tensor, value)
    {
        const char *name = json_string_value(value);
        if (!name) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: weight_map: '%.200s': got %s, required a file name", path, tensor,
                             tyto_json_type(value));
        }
        if (!is_plain_name(name)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: weight_map: '%.200s': got '%.200s', required the plain name of a "
                             "file in the same folder",
                             path, tensor, name);
        }
        names[count++] = name;
    }
    return TYTO_OK;
}

tyto_status tyto_shard_names_read(const json_t *index, const char *path, tyto_shard_names *out,
                                  tyto_error *err)
{
    *out = (tyto_shard_names){0};
    json_t *map = json_object_get(index, "weight_map");
    if (!json_is_object(map)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: weight_map: got %s, required an object", path,
                         tyto_json_type(map));
    }
    size_t count = json_object_size(map);
    if (count == 0 || count > TYTO_TENSORS_MAX) {
        return tyto_fail(err, count ? TYTO_E_LIMIT : TYTO_E_FORMAT,
                         "%s: weight_map: got %zu tensors, required 1 to %zu", path, count,
                         TYTO_TENSORS_MAX);
    }
    tyto_status status;
    const char **names = tyto_alloc(count, sizeof(*names));
    if (!names) {
        return tyto_fail_memory(err, path);
    }
    TYTO_CHECK(collect(map, path, names, err));
    qsort(names, count, sizeof(*names), by_text);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || strcmp(names[distinct - 1], names[i]) != 0) {
            names[distinct++] = names[i];
        }
    }
    if (distinct > TYTO_SHARDS_MAX) {
        status = tyto_fail(err, TYTO_E_LIMIT, "%s: weight_map: got %zu files, required at most %zu",
                           path, distinct, TYTO_SHARDS_MAX);
        goto cleanup;
    }
    *out = (tyto_shard_names){.names = names, .count = distinct};
    names = NULL;
cleanup:
    free(names);
    return status;
}
