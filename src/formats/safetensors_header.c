/* The header of one safetensors file: everything it claims is checked before a tensor is made. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "tensor/tensor.h"

#define METADATA "__metadata__"

/* A tensor of the header before its place in the file is known to be right. */
typedef struct entry {
    tyto_tensor tensor;
    size_t begin, end; /* within the data */
    size_t position;   /* within the header */
} entry;

/* Where an entry stands, for messages. */
typedef struct place {
    const char *path;
    const char *name;
    tyto_error *err;
} place;

static tyto_status parse_json(const uint8_t *text, size_t length, const char *path, json_t **out,
                              tyto_error *err)
{
    json_error_t where;
    if (length == 0 || text[0] != '{') {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: header: required a JSON object at byte 8", path);
    }
    bool no_memory;
    *out = tyto_json_decode((const char *)text, length, true, &where, &no_memory);
    if (*out) {
        return TYTO_OK;
    }
    if (no_memory) {
        return tyto_fail_memory(err, path);
    }
    return tyto_fail(err, TYTO_E_FORMAT, "%s: header: not valid JSON at byte %d: %s", path,
                     where.position + 8, where.text);
}

static tyto_status read_dtype(const json_t *info, place at, tyto_dtype *out)
{
    const json_t *dtype = json_object_get(info, "dtype");
    if (!json_is_string(dtype)) {
        return tyto_fail(at.err, TYTO_E_FORMAT, "%s: '%s': dtype: got %s, required a string",
                         at.path, at.name, tyto_json_type(dtype));
    }
    if (!tyto_dtype_from_name(json_string_value(dtype), out)) {
        return tyto_fail(at.err, TYTO_E_UNSUPPORTED,
                         "%s: '%s': dtype: got '%.20s', required a type of 8, 16, 32 or 64 bits "
                         "that this build knows",
                         at.path, at.name, json_string_value(dtype));
    }
    return TYTO_OK;
}

static tyto_status read_shape(const json_t *info, place at, tyto_tensor *out)
{
    const json_t *shape = json_object_get(info, "shape");
    if (!json_is_array(shape)) {
        return tyto_fail(at.err, TYTO_E_FORMAT, "%s: '%s': shape: got %s, required an array",
                         at.path, at.name, tyto_json_type(shape));
    }
    size_t rank = json_array_size(shape);
    if (rank > TYTO_RANK_MAX) {
        return tyto_fail(at.err, TYTO_E_LIMIT,
                         "%s: '%s': shape: got %zu dimensions, required at most %d", at.path,
                         at.name, rank, TYTO_RANK_MAX);
    }
    out->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *size = json_array_get(shape, i);
        if (!json_is_integer(size) || json_integer_value(size) < 0) {
            return tyto_fail(at.err, TYTO_E_FORMAT,
                             "%s: '%s': shape: required integers of 0 or more", at.path, at.name);
        }
        out->shape[i] = json_integer_value(size);
    }
    return TYTO_OK;
}

static tyto_status read_offsets(const json_t *info, place at, size_t data_bytes, entry *out)
{
    const json_t *offsets = json_object_get(info, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0);
    const json_t *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end)) {
        return tyto_fail(at.err, TYTO_E_FORMAT, "%s: '%s': data_offsets: required two integers",
                         at.path, at.name);
    }
    int64_t start = json_integer_value(begin), stop = json_integer_value(end);
    if (start < 0 || stop < start || (uint64_t)stop > data_bytes) {
        return tyto_fail(at.err, TYTO_E_FORMAT,
                         "%s: '%s': data_offsets: got [%" PRId64 ",%" PRId64
                         "], required a part of the file's %zu data bytes",
                         at.path, at.name, start, stop, data_bytes);
    }
    out->begin = (size_t)start;
    out->end = (size_t)stop;
    return TYTO_OK;
}

static tyto_status read_entry(const json_t *info, place at, size_t data_bytes, entry *out)
{
    if (!json_is_object(info)) {
        return tyto_fail(at.err, TYTO_E_FORMAT, "%s: '%s': got %s, required an object", at.path,
                         at.name, tyto_json_type(info));
    }
    TYTO_TRY(read_dtype(info, at, &out->tensor.dtype));
    TYTO_TRY(read_shape(info, at, &out->tensor));
    TYTO_TRY(read_offsets(info, at, data_bytes, out));
    size_t bytes;
    char shape[TYTO_SHAPE_TEXT_BYTES];
    if (!tyto_tensor_bytes(&out->tensor, &bytes)) {
        return tyto_fail(at.err, TYTO_E_FORMAT, "%s: '%s': shape: %s is larger than any memory",
                         at.path, at.name,
                         tyto_tensor_shape_text(out->tensor.shape, out->tensor.rank, shape));
    }
    if (bytes != out->end - out->begin) {
        return tyto_fail(at.err, TYTO_E_FORMAT,
                         "%s: '%s': data_offsets: got %zu bytes, required %zu for %s%s", at.path,
                         at.name, out->end - out->begin, bytes, tyto_dtype_name(out->tensor.dtype),
                         tyto_tensor_shape_text(out->tensor.shape, out->tensor.rank, shape));
    }
    return TYTO_OK;
}

static int by_place(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->begin != b->begin) {
        return a->begin < b->begin ? -1 : 1;
    }
    if (a->end != b->end) {
        return a->end < b->end ? -1 : 1;
    }
    return a->position < b->position ? -1 : 1;
}

/* The data must be covered from its first to its last byte, each byte by one tensor. */
static tyto_status check_cover(const entry *entries, size_t count, size_t data_bytes,
                               const char *path, tyto_error *err)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].begin != at) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: '%s': data_offsets: got a start at %zu, required %zu (no overlap "
                             "and no hole)",
                             path, entries[i].tensor.name, entries[i].begin, at);
        }
        at = entries[i].end;
    }
    if (at != data_bytes) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: got %zu data bytes, required %zu as the header says", path,
                         data_bytes, at);
    }
    return TYTO_OK;
}

static tyto_status check_metadata(const json_t *metadata, const char *path, tyto_error *err)
{
    if (metadata && !json_is_object(metadata)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '" METADATA "': got %s, required an object", path,
                         tyto_json_type(metadata));
    }
    const char *key;
    const json_t *value;
    /* json_object_foreach takes a non-const object, but only reads it. */
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (!json_is_string(value)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: '" METADATA "': '%.80s': got %s, required a string", path, key,
                             tyto_json_type(value));
        }
    }
    return TYTO_OK;
}

/* Copies the names into shard->names and reads the entries in the header's order. */
static tyto_status read_entries(json_t *header, tyto_shard *shard, size_t data_bytes,
                                entry *entries, size_t *count, tyto_error *err)
{
    size_t name_bytes = 0;
    const char *name;
    json_t *info;
    json_object_foreach(header, name, info)
    {
        name_bytes += strlen(name) + 1;
    }
    shard->names = tyto_alloc(name_bytes, 1);
    if (!shard->names) {
        return tyto_fail_memory(err, shard->path);
    }
    char *next = shard->names;
    *count = 0;
    json_object_foreach(header, name, info)
    {
        if (strcmp(name, METADATA) == 0) {
            continue;
        }
        size_t length = strlen(name);
        if (length > TYTO_TENSOR_NAME_BYTES_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT,
                             "%s: '%.40s...': got a name of %zu bytes, required at most %zu",
                             shard->path, name, length, TYTO_TENSOR_NAME_BYTES_MAX);
        }
        entry *item = &entries[*count];
        *item = (entry){.position = *count, .tensor = {.name = next}};
        memcpy(next, name, length + 1);
        next += length + 1;
        TYTO_TRY(read_entry(info, (place){shard->path, name, err}, data_bytes, item));
        ++*count;
    }
    return TYTO_OK;
}

static tyto_status append(tyto_tensor_file *file, const entry *entries, size_t count,
                          const uint8_t *data, const char *path, tyto_error *err)
{
    tyto_tensor *tensors = tyto_realloc(file->tensors, file->count + count, sizeof(*file->tensors));
    if (!tensors) {
        return tyto_fail_memory(err, path);
    }
    file->tensors = tensors;
    for (size_t i = 0; i < count; i++) {
        tyto_tensor *tensor = &tensors[file->count + i];
        *tensor = entries[i].tensor;
        tensor->data = (void *)(uintptr_t)(data + entries[i].begin);
    }
    file->count += count;
    return TYTO_OK;
}

static tyto_status read_header(tyto_tensor_file *file, tyto_shard *shard, json_t *header,
                               const uint8_t *data, size_t data_bytes, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    entry *entries = NULL;
    size_t count = json_object_size(header);
    if (count > TYTO_TENSORS_MAX || file->count + count > TYTO_TENSORS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got %zu tensors, required at most %zu",
                         shard->path, file->count + count, TYTO_TENSORS_MAX);
    }
    json_t *metadata = json_object_get(header, METADATA);
    if (metadata && !json_is_null(metadata)) {
        TYTO_CHECK(check_metadata(metadata, shard->path, err));
        shard->metadata = json_incref(metadata);
    }
    entries = tyto_alloc(count, sizeof(*entries));
    if (!entries) {
        status = tyto_fail_memory(err, shard->path);
        goto cleanup;
    }
    TYTO_CHECK(read_entries(header, shard, data_bytes, entries, &count, err));
    qsort(entries, count, sizeof(*entries), by_place);
    TYTO_CHECK(check_cover(entries, count, data_bytes, shard->path, err));
    TYTO_CHECK(append(file, entries, count, data, shard->path, err));
cleanup:
    free(entries);
    return status;
}

tyto_status tyto_shard_parse(tyto_tensor_file *file, tyto_shard *shard, const uint8_t *bytes,
                             size_t length, tyto_error *err)
{
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    uint64_t header_bytes = tyto_cursor_little(&cursor, 8);
    if (cursor.failed) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got %zu bytes, required at least 8", shard->path,
                         length);
    }
    if (header_bytes > TYTO_TENSOR_HEADER_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: header: got %" PRIu64 " bytes, required at most %zu (is this a "
                         "safetensors file?)",
                         shard->path, header_bytes, TYTO_TENSOR_HEADER_BYTES_MAX);
    }
    const uint8_t *text = tyto_cursor_take(&cursor, (size_t)header_bytes);
    if (!text) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: header: got %zu bytes, required %" PRIu64 " (the file is cut short)",
                         shard->path, length - 8, header_bytes);
    }
    json_t *header;
    TYTO_TRY(parse_json(text, (size_t)header_bytes, shard->path, &header, err));
    tyto_status status =
        read_header(file, shard, header, bytes + cursor.at, length - cursor.at, err);
    json_decref(header);
    return status;
}
