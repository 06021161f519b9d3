#include "formats/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"

/* Bytes before the JSON header: its length, little-endian. */
#define LENGTH_BYTES 8
#define METADATA_KEY "__metadata__"
#define INDEX_SUFFIX ".index.json"

/* One mapped file and the header that names its tensors. */
typedef struct shard {
    char *path;
    tyto_file_map map;
    json_t *header; /* owns the tensors' names */
} shard;

typedef struct entry {
    tyto_tensor tensor;
    size_t shard;
} entry;

struct tyto_tensor_file {
    shard *shards;
    size_t n_shards;
    entry *entries; /* in file order */
    size_t count, capacity;
    const entry **by_name; /* sorted */
};

void tyto_tensor_file_close(tyto_tensor_file *file)
{
    if (!file) {
        return;
    }
    for (size_t i = 0; i < file->n_shards; i++) {
        json_decref(file->shards[i].header);
        tyto_file_map_close(&file->shards[i].map);
        free(file->shards[i].path);
    }
    free(file->shards);
    free(file->entries);
    free(file->by_name);
    free(file);
}

static bool find_dtype(const char *name, tyto_dtype *out)
{
    for (unsigned i = 0; i < TYTO_DTYPE_COUNT; i++) {
        if (strcmp(name, tyto_dtype_name((tyto_dtype)i)) == 0) {
            *out = (tyto_dtype)i;
            return true;
        }
    }
    return false;
}

/* Reads "shape" and returns the tensor's bytes, or false when it is not valid. */
static bool read_shape(const json_t *shape, tyto_tensor *tensor, size_t *bytes)
{
    int64_t count = 1;
    if (!json_is_array(shape) || json_array_size(shape) > TYTO_RANK_MAX) {
        return false;
    }
    tensor->rank = (int)json_array_size(shape);
    for (int i = 0; i < tensor->rank; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        tensor->shape[i] = json_is_integer(size) ? json_integer_value(size) : -1;
        if (tensor->shape[i] < 0 || !tyto_mul_i64(count, tensor->shape[i], &count)) {
            return false;
        }
    }
    return tyto_mul_size((size_t)count, tyto_dtype_bytes(tensor->dtype), bytes);
}

/* Reads one member of the header; `area` is the part of the map after it. */
static tyto_status read_entry(const char *path, const char *name, const json_t *value,
                              const uint8_t *area, size_t area_bytes, entry *out, tyto_error *err)
{
    const char *type = json_string_value(json_object_get(value, "dtype"));
    const json_t *offsets = json_object_get(value, "data_offsets");
    size_t bytes;
    tyto_tensor *tensor = &out->tensor;
    if (!json_is_object(value) || !type || json_array_size(offsets) != 2) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: '%s': required an object with dtype, shape and two data_offsets",
                         path, name);
    }
    if (!find_dtype(type, &tensor->dtype)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: '%s': got dtype %s, which is not known",
                         path, name, type);
    }
    if (!read_shape(json_object_get(value, "shape"), tensor, &bytes)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: '%s': required a shape of at most %d sizes whose product fits", path,
                         name, TYTO_RANK_MAX);
    }
    const json_int_t begin = json_integer_value(json_array_get(offsets, 0)),
                     end = json_integer_value(json_array_get(offsets, 1));
    if (!json_is_integer(json_array_get(offsets, 0)) ||
        !json_is_integer(json_array_get(offsets, 1)) || begin < 0 || end < begin ||
        (uint64_t)end > area_bytes || (uint64_t)(end - begin) != bytes) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: '%s': got data_offsets [%lld,%lld], required %zu bytes inside the "
                         "%zu after the header",
                         path, name, (long long)begin, (long long)end, bytes, area_bytes);
    }
    tensor->name = name;
    tensor->data = (void *)(uintptr_t)(area + begin);
    return TYTO_OK;
}

static tyto_status append(tyto_tensor_file *file, const entry *added, const char *path,
                          tyto_error *err)
{
    if (file->count == TYTO_SAFETENSORS_TENSORS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: required at most %zu tensors", path,
                         TYTO_SAFETENSORS_TENSORS_MAX);
    }
    if (file->count == file->capacity) {
        size_t capacity = file->capacity ? 2 * file->capacity : 256;
        entry *entries = tyto_realloc(file->entries, capacity, sizeof(*entries));
        if (!entries) {
            return tyto_fail_memory(err, path);
        }
        file->entries = entries;
        file->capacity = capacity;
    }
    file->entries[file->count++] = *added;
    return TYTO_OK;
}

static int by_offset(const void *a, const void *b)
{
    const tyto_tensor *x = &((const entry *)a)->tensor, *y = &((const entry *)b)->tensor;
    if (x->data != y->data) {
        return (uintptr_t)x->data < (uintptr_t)y->data ? -1 : 1;
    }
    /* Empty tensors come before the one that begins where they lie. */
    const int64_t m = tyto_tensor_elements(x), n = tyto_tensor_elements(y);
    return (m > n) - (m < n);
}

/* The format wants the tensors to fill the area without holes or overlaps. */
static tyto_status check_cover(const char *path, entry *entries, size_t count, const uint8_t *area,
                               size_t area_bytes, tyto_error *err)
{
    const uint8_t *at = area;
    if (count) {
        qsort(entries, count, sizeof(*entries), by_offset);
    }
    for (size_t i = 0; i < count; i++) {
        const tyto_tensor *tensor = &entries[i].tensor;
        if ((const uint8_t *)tensor->data != at) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': its data overlaps or leaves a hole",
                             path, tensor->name);
        }
        at += (size_t)tyto_tensor_elements(tensor) * tyto_dtype_bytes(tensor->dtype);
    }
    if (at != area + area_bytes) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got %zu bytes of data, required %zu", path,
                         area_bytes, (size_t)(at - area));
    }
    return TYTO_OK;
}

/* Maps a file and adds its tensors. */
static tyto_status add_shard(tyto_tensor_file *file, size_t index, const char *path,
                             tyto_error *err)
{
    shard *part = &file->shards[index];
    TYTO_TRY(tyto_file_map_open(path, &part->map, err));
    tyto_cursor cursor = tyto_cursor_over(part->map.data, part->map.length);
    uint64_t header_bytes = tyto_cursor_little(&cursor, LENGTH_BYTES);
    if (cursor.failed || header_bytes > cursor.length - cursor.at) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: not a safetensors file, or cut: got %zu bytes, required a header of "
                         "%llu",
                         path, part->map.length, (unsigned long long)header_bytes);
    }
    if (header_bytes > TYTO_SAFETENSORS_HEADER_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got a header of %llu bytes, required at most %zu",
                         path, (unsigned long long)header_bytes, TYTO_SAFETENSORS_HEADER_MAX);
    }
    const uint8_t *text = tyto_cursor_take(&cursor, header_bytes);
    const uint8_t *area = part->map.data + cursor.at;
    const size_t area_bytes = cursor.length - cursor.at, first = file->count;
    TYTO_TRY(tyto_json_parse((const char *)text, header_bytes, path, &part->header, err));
    const char *name;
    json_t *value;
    json_object_foreach(part->header, name, value)
    {
        entry added = {.shard = index};
        if (strcmp(name, METADATA_KEY) == 0) {
            continue;
        }
        TYTO_TRY(read_entry(path, name, value, area, area_bytes, &added, err));
        TYTO_TRY(append(file, &added, path, err));
    }
    return check_cover(path, file->entries + first, file->count - first, area, area_bytes, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const entry *const *)a)->tensor.name, (*(const entry *const *)b)->tensor.name);
}

/* Sorts the names for look-up; a name may stand in one shard only. */
static tyto_status index_names(tyto_tensor_file *file, const char *path, tyto_error *err)
{
    file->by_name = tyto_alloc(file->count, sizeof(*file->by_name));
    if (!file->by_name) {
        return tyto_fail_memory(err, path);
    }
    for (size_t i = 0; i < file->count; i++) {
        file->by_name[i] = &file->entries[i];
    }
    if (file->count) {
        qsort(file->by_name, file->count, sizeof(*file->by_name), compare_names);
    }
    for (size_t i = 1; i < file->count; i++) {
        const char *name = file->by_name[i]->tensor.name;
        if (strcmp(file->by_name[i - 1]->tensor.name, name) == 0) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': in two shards", path, name);
        }
    }
    return TYTO_OK;
}

static bool make_shards(tyto_tensor_file *file, size_t count)
{
    file->shards = tyto_alloc_zeroed(count, sizeof(*file->shards));
    file->n_shards = file->shards ? count : 0;
    return file->shards != NULL;
}

/* A shard's name must be that of a file beside the index. */
static bool plain_name(const char *name)
{
    return name && *name && !strchr(name, '/') && strcmp(name, "..") != 0 && strcmp(name, ".") != 0;
}

/* The distinct values of weight_map, as keys of an object. */
static tyto_status list_shards(const char *path, const json_t *index, json_t **out, tyto_error *err)
{
    const json_t *map = json_object_get(index, "weight_map");
    const char *name;
    json_t *value;
    if (!json_is_object(map) || json_object_size(map) == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'weight_map': got %s, required an object", path,
                         tyto_json_type(map));
    }
    *out = json_object();
    if (!*out) {
        return tyto_fail_memory(err, path);
    }
    json_object_foreach((json_t *)(uintptr_t)map, name, value)
    {
        const char *file_name = json_string_value(value);
        if (!plain_name(file_name)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: '%s': required the name of a file beside the index", path, name);
        }
        if (json_object_set_new(*out, file_name, json_true()) != 0) {
            return tyto_fail_memory(err, path);
        }
    }
    if (json_object_size(*out) > TYTO_SAFETENSORS_SHARDS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got %zu files, required at most %zu", path,
                         json_object_size(*out), TYTO_SAFETENSORS_SHARDS_MAX);
    }
    return TYTO_OK;
}

static tyto_status open_shards(tyto_tensor_file *file, const char *path, const json_t *names,
                               tyto_error *err)
{
    size_t i = 0;
    const char *name;
    json_t *value;
    const size_t folder_bytes = (size_t)(tyto_path_base(path) - path);
    char *folder = tyto_copy_text(path, folder_bytes);
    tyto_status status = TYTO_OK;
    if (!folder || !make_shards(file, json_object_size(names))) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    json_object_foreach((json_t *)(uintptr_t)names, name, value)
    {
        file->shards[i].path = tyto_path_join(folder, name);
        if (!file->shards[i].path) {
            status = tyto_fail_memory(err, path);
            goto cleanup;
        }
        TYTO_CHECK(add_shard(file, i, file->shards[i].path, err));
        i++;
    }
cleanup:
    free(folder);
    return status;
}

static tyto_status open_index(tyto_tensor_file *file, const char *path, tyto_error *err)
{
    json_t *index = NULL, *names = NULL;
    tyto_status status = tyto_json_load(path, &index, err);
    if (status == TYTO_OK) {
        status = list_shards(path, index, &names, err);
    }
    if (status == TYTO_OK) {
        status = open_shards(file, path, names, err);
    }
    json_decref(names);
    json_decref(index);
    return status;
}

static bool is_index(const char *path)
{
    const size_t length = strlen(path), suffix = strlen(INDEX_SUFFIX);
    return length >= suffix && strcmp(path + length - suffix, INDEX_SUFFIX) == 0;
}

tyto_status tyto_tensor_file_open(const char *path, tyto_tensor_file **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_tensor_file *file = tyto_alloc_zeroed(1, sizeof(*file));
    if (!file) {
        return tyto_fail_memory(err, path);
    }
    if (is_index(path)) {
        TYTO_CHECK(open_index(file, path, err));
    } else if (make_shards(file, 1)) {
        TYTO_CHECK(add_shard(file, 0, path, err));
    } else {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    TYTO_CHECK(index_names(file, path, err));
    *out = file;
    file = NULL;
cleanup:
    tyto_tensor_file_close(file);
    return status;
}

size_t tyto_tensor_file_count(const tyto_tensor_file *file)
{
    return file->count;
}

const tyto_tensor *tyto_tensor_file_at(const tyto_tensor_file *file, size_t i)
{
    return i < file->count ? &file->entries[i].tensor : NULL;
}

const tyto_tensor *tyto_tensor_file_find(const tyto_tensor_file *file, const char *name)
{
    const entry key = {.tensor = {.name = name}}, *key_at = &key;
    const entry *const *found =
        bsearch(&key_at, file->by_name, file->count, sizeof(*file->by_name), compare_names);
    return found ? &(*found)->tensor : NULL;
}

void tyto_tensor_file_release(const tyto_tensor_file *file, const tyto_tensor *tensor)
{
    const entry *at = (const entry *)(const void *)tensor;
    const tyto_file_map *map = &file->shards[at->shard].map;
    tyto_file_map_release(map, (size_t)((const uint8_t *)tensor->data - map->data),
                          (size_t)tyto_tensor_elements(tensor) * tyto_dtype_bytes(tensor->dtype));
}

/* Adds "text" as a JSON string. */
static bool add_string(tyto_buffer *header, const char *text)
{
    json_t *value = json_string(text);
    char *escaped = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    bool added = escaped && tyto_buffer_text(header, escaped);
    free(escaped);
    json_decref(value);
    return added;
}

static tyto_status check_names(const char *path, const tyto_tensor *tensors, size_t count,
                               tyto_error *err)
{
    json_t *seen = json_object();
    tyto_status status = seen ? TYTO_OK : tyto_fail_memory(err, path);
    for (size_t i = 0; status == TYTO_OK && i < count; i++) {
        if (json_object_get(seen, tensors[i].name) || strcmp(tensors[i].name, METADATA_KEY) == 0) {
            status = tyto_fail(err, TYTO_E_ARGUMENT, "%s: '%s': the name stands twice", path,
                               tensors[i].name);
        } else if (json_object_set_new(seen, tensors[i].name, json_true()) != 0) {
            status = tyto_fail(err, TYTO_E_ARGUMENT, "%s: a tensor's name is not UTF-8", path);
        }
    }
    json_decref(seen);
    return status;
}

/* The JSON header, padded so that data begins at a multiple of 8. */
static bool build_header(tyto_buffer *header, const tyto_tensor *tensors, size_t count)
{
    size_t offset = 0;
    tyto_buffer_text(header, "{");
    for (size_t i = 0; i < count; i++) {
        const tyto_tensor *tensor = &tensors[i];
        const size_t bytes = (size_t)tyto_tensor_elements(tensor) * tyto_dtype_bytes(tensor->dtype);
        tyto_buffer_text(header, i ? "," : "");
        if (!add_string(header, tensor->name)) {
            return false;
        }
        tyto_buffer_format(header, ":{\"dtype\":\"%s\",\"shape\":[",
                           tyto_dtype_name(tensor->dtype));
        for (int d = 0; d < tensor->rank; d++) {
            tyto_buffer_format(header, "%s%lld", d ? "," : "", (long long)tensor->shape[d]);
        }
        tyto_buffer_format(header, "],\"data_offsets\":[%zu,%zu]}", offset, offset + bytes);
        offset += bytes;
    }
    tyto_buffer_text(header, "}");
    while (!header->failed && header->length % 8 != 0) {
        tyto_buffer_text(header, " ");
    }
    return !header->failed;
}

tyto_status tyto_tensor_file_save(const char *path, const tyto_tensor *tensors, size_t count,
                                  tyto_error *err)
{
    tyto_buffer header;
    tyto_file_writer writer;
    TYTO_TRY(check_names(path, tensors, count, err));
    tyto_buffer_init(&header, TYTO_SAFETENSORS_HEADER_MAX);
    tyto_status status = build_header(&header, tensors, count)
                             ? tyto_file_writer_open(path, &writer, err)
                             : tyto_fail_memory(err, path);
    if (status == TYTO_OK) {
        uint8_t length[LENGTH_BYTES];
        for (int i = 0; i < LENGTH_BYTES; i++) {
            length[i] = (uint8_t)((uint64_t)header.length >> (8 * i));
        }
        fwrite(length, 1, sizeof(length), writer.stream);
        fwrite(header.data, 1, header.length, writer.stream);
        for (size_t i = 0; i < count; i++) {
            fwrite(tensors[i].data, tyto_dtype_bytes(tensors[i].dtype),
                   (size_t)tyto_tensor_elements(&tensors[i]), writer.stream);
        }
        status = tyto_file_writer_commit(&writer, err);
    }
    tyto_buffer_clear(&header);
    return status;
}
