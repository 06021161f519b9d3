/* Files of tensors, one or a sharded set, opened and looked up. */
#include "formats/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "formats/torch.h"
#include "tensor/tensor.h"

static int by_tensor_name(const void *left, const void *right)
{
    const tyto_tensor *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

tyto_status tyto_tensor_file_finish(tyto_tensor_file *file, const char *path, tyto_error *err)
{
    file->by_name = tyto_alloc(file->count, sizeof(*file->by_name));
    if (!file->by_name) {
        return tyto_fail_memory(err, path);
    }
    for (size_t i = 0; i < file->count; i++) {
        file->by_name[i] = &file->tensors[i];
    }
    qsort(file->by_name, file->count, sizeof(*file->by_name), by_tensor_name);
    for (size_t i = 1; i < file->count; i++) {
        if (strcmp(file->by_name[i - 1]->name, file->by_name[i]->name) == 0) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': %s", path, file->by_name[i]->name,
                             file->shard_count > 1 ? "in two shards, required in one"
                                                   : "named twice, required once");
        }
    }
    return TYTO_OK;
}

/* The format is recognised by its first bytes. */
static tyto_status parse_shard(tyto_tensor_file *file, tyto_shard *shard, const uint8_t *bytes,
                               size_t length, tyto_error *err)
{
    return tyto_torch_begins(bytes, length) ? tyto_torch_parse(file, shard, bytes, length, err)
                                            : tyto_shard_parse(file, shard, bytes, length, err);
}

/* A file with `count` empty shards. */
static tyto_status create(size_t count, const char *path, tyto_tensor_file **out, tyto_error *err)
{
    tyto_tensor_file *file = tyto_alloc_zeroed(1, sizeof(*file));
    if (!file) {
        return tyto_fail_memory(err, path);
    }
    file->shards = tyto_alloc_zeroed(count, sizeof(*file->shards));
    if (!file->shards) {
        free(file);
        return tyto_fail_memory(err, path);
    }
    file->shard_count = count;
    *out = file;
    return TYTO_OK;
}

tyto_status tyto_tensor_file_parse(const void *bytes, size_t length, const char *name,
                                   tyto_tensor_file **out, tyto_error *err)
{
    tyto_tensor_file *file = NULL;
    tyto_status status;
    TYTO_CHECK(create(1, name, &file, err));
    file->shards[0].path = tyto_copy_text(name, strlen(name));
    if (!file->shards[0].path) {
        status = tyto_fail_memory(err, name);
        goto cleanup;
    }
    TYTO_CHECK(parse_shard(file, &file->shards[0], bytes, length, err));
    TYTO_CHECK(tyto_tensor_file_finish(file, name, err));
    *out = file;
    file = NULL;
cleanup:
    tyto_tensor_file_destroy(file);
    return status;
}

tyto_status tyto_tensor_file_of(const tyto_tensor *tensors, size_t count, const char *name,
                                tyto_tensor_file **out, tyto_error *err)
{
    tyto_tensor_file *file = NULL;
    tyto_status status;
    TYTO_CHECK(create(1, name, &file, err));
    file->tensors = tyto_alloc(count, sizeof(*tensors));
    if (!file->tensors) {
        status = tyto_fail_memory(err, name);
        goto cleanup;
    }
    if (count > 0) {
        memcpy(file->tensors, tensors, count * sizeof(*tensors));
    }
    file->count = count;
    TYTO_CHECK(tyto_tensor_file_finish(file, name, err));
    *out = file;
    file = NULL;
cleanup:
    tyto_tensor_file_destroy(file);
    return status;
}

/* Maps and reads one shard; takes `path` over. */
static tyto_status open_shard(tyto_tensor_file *file, tyto_shard *shard, char *path,
                              tyto_error *err)
{
    shard->path = path;
    if (!path) {
        return tyto_fail_memory(err, "tensors");
    }
    TYTO_TRY(tyto_file_map_open(path, &shard->map, err));
    return parse_shard(file, shard, shard->map.data, shard->map.length, err);
}

static tyto_status open_single(const char *path, tyto_tensor_file **out, tyto_error *err)
{
    tyto_tensor_file *file = NULL;
    tyto_status status;
    TYTO_CHECK(create(1, path, &file, err));
    TYTO_CHECK(open_shard(file, &file->shards[0], tyto_copy_text(path, strlen(path)), err));
    TYTO_CHECK(tyto_tensor_file_finish(file, path, err));
    *out = file;
    file = NULL;
cleanup:
    tyto_tensor_file_destroy(file);
    return status;
}

/* The index may not promise a tensor that its file lacks. */
static tyto_status check_promises(const tyto_tensor_file *file, const json_t *index,
                                  const char *path, tyto_error *err)
{
    const char *name;
    const json_t *shard;
    json_object_foreach(json_object_get(index, "weight_map"), name, shard)
    {
        const tyto_tensor *tensor = tyto_tensor_file_find(file, name);
        if (!tensor) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%.200s': not in '%s', required as listed",
                             path, name, json_string_value(shard));
        }
    }
    return TYTO_OK;
}

static tyto_status open_sharded(const char *path, tyto_tensor_file **out, tyto_error *err)
{
    tyto_tensor_file *file = NULL;
    json_t *index = NULL;
    tyto_shard_names shards = {0};
    char *folder = tyto_copy_text(path, (size_t)(tyto_path_base(path) - path));
    tyto_status status = TYTO_OK;
    if (!folder) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    TYTO_CHECK(tyto_json_load(path, &index, err));
    TYTO_CHECK(tyto_shard_names_read(index, path, &shards, err));
    TYTO_CHECK(create(shards.count, path, &file, err));
    for (size_t i = 0; i < shards.count; i++) {
        TYTO_CHECK(
            open_shard(file, &file->shards[i], tyto_path_join(folder, shards.names[i]), err));
    }
    TYTO_CHECK(tyto_tensor_file_finish(file, path, err));
    TYTO_CHECK(check_promises(file, index, path, err));
    *out = file;
    file = NULL;
cleanup:
    tyto_tensor_file_destroy(file);
    free(shards.names);
    json_decref(index);
    free(folder);
    return status;
}

tyto_status tyto_tensor_file_open(const char *path, tyto_tensor_file **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    const char *ending = ".index.json";
    size_t length = strlen(path), ending_length = strlen(ending);
    if (length >= ending_length && strcmp(path + length - ending_length, ending) == 0) {
        return open_sharded(path, out, err);
    }
    return open_single(tyto_file_or_input(path), out, err);
}

void tyto_tensor_file_destroy(tyto_tensor_file *file)
{
    if (!file) {
        return;
    }
    for (size_t i = 0; i < file->shard_count; i++) {
        tyto_shard *shard = &file->shards[i];
        tyto_file_map_close(&shard->map);
        json_decref(shard->metadata);
        free(shard->names);
        free(shard->copies);
        free(shard->path);
    }
    free(file->shards);
    free(file->by_name);
    free(file->tensors);
    free(file);
}

int64_t tyto_tensor_file_count(const tyto_tensor_file *file)
{
    return file ? (int64_t)file->count : 0;
}

const tyto_tensor *tyto_tensor_file_at(const tyto_tensor_file *file, int64_t i)
{
    return file && i >= 0 && i < (int64_t)file->count ? &file->tensors[i] : NULL;
}

const tyto_tensor *tyto_tensor_file_find(const tyto_tensor_file *file, const char *name)
{
    size_t low = 0, high = file && name ? file->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(file->by_name[middle]->name, name);
        if (order == 0) {
            return file->by_name[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const char *tyto_tensor_file_metadata(const tyto_tensor_file *file, const char *key)
{
    for (size_t i = 0; file && key && i < file->shard_count; i++) {
        const json_t *value = json_object_get(file->shards[i].metadata, key);
        if (value) {
            return json_string_value(value);
        }
    }
    return NULL;
}

void tyto_tensor_file_release_bytes(const tyto_tensor_file *file, const void *data, size_t bytes)
{
    const uint8_t *begin = data;
    for (size_t i = 0; i < file->shard_count; i++) {
        const tyto_file_map *map = &file->shards[i].map;
        if (map->data && begin >= map->data && begin < map->data + map->length) {
            tyto_file_map_release(map, (size_t)(begin - map->data), bytes);
        }
    }
}

void tyto_tensor_file_release(const tyto_tensor_file *file, const tyto_tensor *tensor)
{
    size_t bytes;
    if (tyto_tensor_bytes(tensor, &bytes)) {
        tyto_tensor_file_release_bytes(file, tensor->data, bytes);
    }
}
