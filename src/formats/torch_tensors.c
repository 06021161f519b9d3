/* From a pickle's values to tensors: what is claimed of shapes, strides and storages is checked
 * before anything is read. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/torch.h"
#include "tensor/tensor.h"

/* A tensor that was found. */
typedef struct found {
    tyto_tensor tensor;
    size_t name_at; /* in the names */
    int64_t strides[TYTO_RANK_MAX];
    size_t copy_bytes; /* 0: it lies in a row in the file */
} found;

typedef struct collector {
    const tyto_torch_source *source;
    found *tensors;
    size_t count, capacity;
    size_t visited;
    tyto_buffer names;
    char name[TYTO_TENSOR_NAME_BYTES_MAX + 1]; /* of the value that is looked at */
    size_t name_length;
    tyto_error *err;
} collector;

static const tyto_pickle_value *argument(const tyto_pickle *pickle, const tyto_pickle_value *call,
                                         size_t i)
{
    return tyto_pickle_at(pickle, &pickle->values[call->argument], i);
}

static bool read_integer(const tyto_pickle_value *value, int64_t *out)
{
    if (!value || value->kind != TYTO_PICKLE_INTEGER || value->integer < 0) {
        return false;
    }
    *out = value->integer;
    return true;
}

static tyto_status fail_storage(const char *path, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_FORMAT,
                     "%s: required a storage as ('storage', type, key, place, elements)", path);
}

/* A view is (key, offset, elements); torch wrote such until 0.4. */
static bool read_view(const tyto_pickle *pickle, const tyto_pickle_value *id,
                      tyto_torch_storage *out)
{
    const tyto_pickle_value *view = tyto_pickle_at(pickle, id, 5);
    if (!view || view->kind == TYTO_PICKLE_NONE) {
        return true;
    }
    return read_integer(tyto_pickle_at(pickle, view, 1), &out->view_offset) &&
           read_integer(tyto_pickle_at(pickle, view, 2), &out->elements);
}

tyto_status tyto_torch_storage_read(const tyto_pickle *pickle, const tyto_pickle_value *persistent,
                                    const char *path, tyto_torch_storage *out, tyto_error *err)
{
    const tyto_pickle_value *id = &pickle->values[persistent->argument];
    const tyto_pickle_value *type = tyto_pickle_at(pickle, id, 1);
    *out = (tyto_torch_storage){.key = tyto_pickle_at(pickle, id, 2)};
    if (!tyto_pickle_is_text(tyto_pickle_at(pickle, id, 0), "storage") || !type ||
        type->kind != TYTO_PICKLE_NAME ||
        tyto_pickle_meanings[type->global].role != TYTO_ROLE_STORAGE || !out->key ||
        out->key->kind != TYTO_PICKLE_TEXT ||
        !read_integer(tyto_pickle_at(pickle, id, 4), &out->elements) ||
        !read_view(pickle, id, out)) {
        return fail_storage(path, err);
    }
    out->dtype = tyto_pickle_meanings[type->global].dtype;
    out->untyped = type->global == TYTO_PICKLE_UNTYPED_STORAGE;
    return TYTO_OK;
}

static tyto_status fail_tensor(const collector *collection, const char *what)
{
    return tyto_fail(collection->err, TYTO_E_FORMAT, "%s: '%s': %s", collection->source->path,
                     collection->name, what);
}

/* The bytes that a storage stands for. */
static tyto_status find_storage(const collector *collection, const tyto_torch_storage *storage,
                                const uint8_t **data, size_t *bytes)
{
    const size_t width = tyto_dtype_bytes(storage->dtype);
    size_t offset, wanted, end, there;
    TYTO_TRY(collection->source->find(collection->source->user, storage->key, data, &there,
                                      collection->err));
    if (!tyto_mul_size((size_t)storage->view_offset, width, &offset) ||
        !tyto_mul_size((size_t)storage->elements, width, &wanted) ||
        !tyto_add_size(offset, wanted, &end) || end > there) {
        return tyto_fail(
            collection->err, TYTO_E_FORMAT,
            "%s: '%s': its storage has %zu bytes, required %" PRId64 " elements of %zu bytes",
            collection->source->path, collection->name, there, storage->elements, width);
    }
    *data += offset;
    *bytes = wanted;
    return TYTO_OK;
}

static tyto_status read_sizes(const collector *collection, const tyto_pickle_value *sizes,
                              const tyto_pickle_value *strides, found *out)
{
    const tyto_pickle *pickle = collection->source->pickle;
    if (!sizes || !strides || sizes->kind != TYTO_PICKLE_TUPLE ||
        strides->kind != TYTO_PICKLE_TUPLE || sizes->count != strides->count) {
        return fail_tensor(collection, "required a size and a stride for each dimension");
    }
    if (sizes->count > TYTO_RANK_MAX) {
        return tyto_fail(
            collection->err, TYTO_E_LIMIT, "%s: '%s': got %u dimensions, required at most %d",
            collection->source->path, collection->name, (unsigned)sizes->count, TYTO_RANK_MAX);
    }
    out->tensor.rank = (int)sizes->count;
    for (size_t i = 0; i < sizes->count; i++) {
        if (!read_integer(tyto_pickle_at(pickle, sizes, i), &out->tensor.shape[i]) ||
            !read_integer(tyto_pickle_at(pickle, strides, i), &out->strides[i])) {
            return fail_tensor(collection, "size and stride: required integers of 0 or more");
        }
    }
    return TYTO_OK;
}

/* The last element that the strides reach must lie in the storage. */
static tyto_status check_reach(const collector *collection, const found *it, int64_t offset,
                               int64_t elements)
{
    int64_t last = offset;
    for (int i = 0; i < it->tensor.rank; i++) {
        int64_t step;
        if (!tyto_mul_i64(it->tensor.shape[i] - 1, it->strides[i], &step) ||
            __builtin_add_overflow(last, step, &last)) {
            last = INT64_MAX;
            break;
        }
    }
    if (last >= elements) {
        return tyto_fail(collection->err, TYTO_E_FORMAT,
                         "%s: '%s': reaches element %" PRId64 " of a storage of %" PRId64,
                         collection->source->path, collection->name, last, elements);
    }
    return TYTO_OK;
}

static bool is_contiguous(const found *it)
{
    int64_t expected = 1;
    for (int i = it->tensor.rank; i-- > 0;) {
        if (it->tensor.shape[i] != 1 && it->strides[i] != expected) {
            return false;
        }
        expected *= it->tensor.shape[i];
    }
    return true;
}

/* The type of the elements: the storage's, or for an untyped one the call's own. */
static tyto_status read_type(const collector *collection, const tyto_pickle_value *call,
                             const tyto_torch_storage *storage, tyto_dtype *out)
{
    if (call->global != TYTO_PICKLE_REBUILD_TENSOR_V3) {
        *out = storage->dtype;
        return TYTO_OK;
    }
    const tyto_pickle_value *type = argument(collection->source->pickle, call, 6);
    if (!type || type->kind != TYTO_PICKLE_NAME ||
        tyto_pickle_meanings[type->global].role != TYTO_ROLE_TYPE || !storage->untyped) {
        return fail_tensor(collection, "required a type of elements");
    }
    *out = tyto_pickle_meanings[type->global].dtype;
    return TYTO_OK;
}

/* Marks such as "conjugated" change what the elements mean. */
static tyto_status check_metadata(const collector *collection, const tyto_pickle_value *call)
{
    const size_t place = call->global == TYTO_PICKLE_REBUILD_TENSOR_V3 ? 7 : 6;
    const tyto_pickle_value *metadata = argument(collection->source->pickle, call, place);
    if (metadata && metadata->kind != TYTO_PICKLE_NONE &&
        !(metadata->kind == TYTO_PICKLE_DICT && metadata->count == 0)) {
        return tyto_fail(collection->err, TYTO_E_UNSUPPORTED,
                         "%s: '%s': has metadata, which this build doesn't know",
                         collection->source->path, collection->name);
    }
    return TYTO_OK;
}

/* _rebuild_tensor(storage, offset, size, stride, ...) */
static tyto_status read_tensor(const collector *collection, const tyto_pickle_value *call,
                               found *out)
{
    const tyto_pickle *pickle = collection->source->pickle;
    const tyto_pickle_value *persistent = argument(pickle, call, 0);
    tyto_torch_storage storage;
    const uint8_t *data;
    int64_t offset;
    size_t storage_bytes = 0, bytes;
    if (!persistent || persistent->kind != TYTO_PICKLE_PERSISTENT ||
        !read_integer(argument(pickle, call, 1), &offset)) {
        return fail_tensor(collection, "required a storage and an offset");
    }
    TYTO_TRY(tyto_torch_storage_read(pickle, persistent, collection->source->path, &storage,
                                     collection->err));
    TYTO_TRY(read_type(collection, call, &storage, &out->tensor.dtype));
    TYTO_TRY(check_metadata(collection, call));
    TYTO_TRY(read_sizes(collection, argument(pickle, call, 2), argument(pickle, call, 3), out));
    if (!tyto_tensor_bytes(&out->tensor, &bytes)) {
        return fail_tensor(collection, "its size is larger than any file");
    }
    if (bytes == 0) {
        return TYTO_OK;
    }
    TYTO_TRY(find_storage(collection, &storage, &data, &storage_bytes));
    const size_t width = tyto_dtype_bytes(out->tensor.dtype);
    TYTO_TRY(check_reach(collection, out, offset, (int64_t)(storage_bytes / width)));
    out->tensor.data = (void *)(uintptr_t)(data + (size_t)offset * width);
    out->copy_bytes = is_contiguous(out) ? 0 : bytes;
    return TYTO_OK;
}

static tyto_status add_tensor(collector *collection, const tyto_pickle_value *call)
{
    if (collection->count == collection->capacity) {
        const size_t wanted = collection->capacity ? 2 * collection->capacity : 64;
        found *moved = tyto_realloc(collection->tensors, wanted, sizeof(*moved));
        if (!moved) {
            return tyto_fail_memory(collection->err, collection->source->path);
        }
        collection->tensors = moved;
        collection->capacity = wanted;
    }
    found *it = &collection->tensors[collection->count];
    *it = (found){.name_at = collection->names.length};
    TYTO_TRY(read_tensor(collection, call, it));
    collection->count++;
    if (!tyto_buffer_add(&collection->names, collection->name, collection->name_length + 1)) {
        return collection->names.length + collection->name_length + 1 > collection->names.maximum
                   ? tyto_fail(collection->err, TYTO_E_LIMIT,
                               "%s: got more bytes of names, required at most %zu",
                               collection->source->path, collection->names.maximum)
                   : tyto_fail_memory(collection->err, collection->source->path);
    }
    return TYTO_OK;
}

/* Adds ".key" to the name. */
static tyto_status extend_name(collector *collection, const void *key, size_t length)
{
    const size_t dot = collection->name_length ? 1 : 0;
    if (length > TYTO_TENSOR_NAME_BYTES_MAX - collection->name_length - dot) {
        return tyto_fail(collection->err, TYTO_E_LIMIT,
                         "%s: got a longer name of a tensor, required at most %zu bytes",
                         collection->source->path, TYTO_TENSOR_NAME_BYTES_MAX);
    }
    utf8proc_int32_t codepoint;
    for (size_t at = 0; at < length;) {
        const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)key + at;
        const utf8proc_ssize_t used =
            utf8proc_iterate(bytes, (utf8proc_ssize_t)(length - at), &codepoint);
        if (used <= 0 || codepoint == 0) {
            return tyto_fail(collection->err, TYTO_E_FORMAT,
                             "%s: a name below '%.200s': required UTF-8 without NUL",
                             collection->source->path, collection->name);
        }
        at += (size_t)used;
    }
    memcpy(collection->name + collection->name_length, ".", dot);
    memcpy(collection->name + collection->name_length + dot, key, length);
    collection->name_length += dot + length;
    collection->name[collection->name_length] = '\0';
    return TYTO_OK;
}

static tyto_status name_item(collector *collection, const tyto_pickle_value *container,
                             const tyto_pickle_item *item, size_t position)
{
    char digits[24];
    const tyto_pickle_value *key = &collection->source->pickle->values[item->key];
    if (container->kind == TYTO_PICKLE_DICT && key->kind == TYTO_PICKLE_TEXT) {
        return extend_name(collection, key->text, key->count);
    }
    if (container->kind == TYTO_PICKLE_DICT && key->kind != TYTO_PICKLE_INTEGER) {
        return tyto_fail(collection->err, TYTO_E_FORMAT,
                         "%s: a name below '%.200s': required a text or an integer",
                         collection->source->path, collection->name);
    }
    const int64_t number = container->kind == TYTO_PICKLE_DICT ? key->integer : (int64_t)position;
    const int length = snprintf(digits, sizeof(digits), "%" PRId64, number);
    return extend_name(collection, digits, (size_t)length);
}

static tyto_status visit(collector *collection, const tyto_pickle_value *value, int depth);

static tyto_status visit_items(collector *collection, const tyto_pickle_value *container, int depth)
{
    const tyto_pickle *pickle = collection->source->pickle;
    const size_t before = collection->name_length;
    size_t position = 0;
    for (uint32_t i = container->first; i != TYTO_PICKLE_END; i = pickle->items[i].next) {
        if (++collection->visited > TYTO_TENSORS_MAX) {
            return tyto_fail(collection->err, TYTO_E_LIMIT,
                             "%s: got more values, required at most %zu", collection->source->path,
                             TYTO_TENSORS_MAX);
        }
        TYTO_TRY(name_item(collection, container, &pickle->items[i], position++));
        TYTO_TRY(visit(collection, &pickle->values[pickle->items[i].value], depth + 1));
        collection->name_length = before;
        collection->name[before] = '\0';
    }
    return TYTO_OK;
}

static tyto_status visit_call(collector *collection, const tyto_pickle_value *call)
{
    if (call->global == TYTO_PICKLE_REBUILD_PARAMETER ||
        call->global == TYTO_PICKLE_REBUILD_PARAMETER_STATE) {
        call = argument(collection->source->pickle, call, 0);
    }
    if (!call || call->kind != TYTO_PICKLE_CALL ||
        (call->global != TYTO_PICKLE_REBUILD_TENSOR &&
         call->global != TYTO_PICKLE_REBUILD_TENSOR_V2 &&
         call->global != TYTO_PICKLE_REBUILD_TENSOR_V3)) {
        return fail_tensor(collection, "required a parameter made of a tensor");
    }
    return add_tensor(collection, call);
}

static tyto_status visit(collector *collection, const tyto_pickle_value *value, int depth)
{
    switch (value->kind) {
    case TYTO_PICKLE_DICT:
    case TYTO_PICKLE_LIST:
    case TYTO_PICKLE_TUPLE:
        if (depth > TYTO_TORCH_DEPTH_MAX) {
            return tyto_fail(collection->err, TYTO_E_LIMIT,
                             "%s: '%.200s': got deeper nesting, required at most %d dicts",
                             collection->source->path, collection->name, TYTO_TORCH_DEPTH_MAX);
        }
        return visit_items(collection, value, depth);
    case TYTO_PICKLE_CALL:
        return visit_call(collection, value);
    default:
        return TYTO_OK;
    }
}

/* Brings a strided tensor's elements into a row. */
static void copy_strided(const found *it, uint8_t *out)
{
    const tyto_tensor *tensor = &it->tensor;
    const size_t width = tyto_dtype_bytes(tensor->dtype);
    int64_t index[TYTO_RANK_MAX] = {0};
    const int last = tensor->rank - 1;
    const uint8_t *row = tensor->data;
    for (int dim = last; dim >= 0;) {
        for (int64_t i = 0; i < tensor->shape[last]; i++, out += width) {
            memcpy(out, row + (size_t)(i * it->strides[last]) * width, width);
        }
        for (dim = last - 1; dim >= 0; dim--) {
            row += (size_t)it->strides[dim] * width;
            if (++index[dim] < tensor->shape[dim]) {
                break;
            }
            row -= (size_t)(index[dim] * it->strides[dim]) * width;
            index[dim] = 0;
        }
    }
}

static tyto_status copy_all(collector *collection, tyto_shard *shard)
{
    const size_t most = collection->source->file_bytes + TYTO_TORCH_COPY_BYTES;
    size_t total = 0;
    for (size_t i = 0; i < collection->count; i++) {
        if (!tyto_add_size(total, collection->tensors[i].copy_bytes, &total) || total > most) {
            return tyto_fail(collection->err, TYTO_E_LIMIT,
                             "%s: '%s': tensors that are not in a row take more than %zu bytes",
                             collection->source->path,
                             collection->names.data + collection->tensors[i].name_at, most);
        }
    }
    if (total == 0) {
        return TYTO_OK;
    }
    shard->copies = tyto_alloc(total, 1);
    if (!shard->copies) {
        return tyto_fail_memory(collection->err, collection->source->path);
    }
    uint8_t *at = shard->copies;
    for (size_t i = 0; i < collection->count; i++) {
        found *it = &collection->tensors[i];
        if (it->copy_bytes) {
            copy_strided(it, at);
            it->tensor.data = at;
            at += it->copy_bytes;
        }
    }
    return TYTO_OK;
}

static tyto_status append(collector *collection, tyto_tensor_file *file, tyto_shard *shard)
{
    if (collection->count > TYTO_TENSORS_MAX - file->count) {
        return tyto_fail(collection->err, TYTO_E_LIMIT, "%s: got %zu tensors, required at most %zu",
                         collection->source->path, file->count + collection->count,
                         TYTO_TENSORS_MAX);
    }
    tyto_tensor *tensors =
        tyto_realloc(file->tensors, file->count + collection->count, sizeof(*file->tensors));
    if (!tensors) {
        return tyto_fail_memory(collection->err, collection->source->path);
    }
    file->tensors = tensors;
    shard->names = tyto_buffer_take(&collection->names);
    for (size_t i = 0; i < collection->count; i++) {
        tensors[file->count + i] = collection->tensors[i].tensor;
        tensors[file->count + i].name = shard->names + collection->tensors[i].name_at;
    }
    file->count += collection->count;
    return TYTO_OK;
}

tyto_status tyto_torch_collect(const tyto_torch_source *source, tyto_tensor_file *file,
                               tyto_shard *shard, tyto_error *err)
{
    tyto_status status;
    const tyto_pickle_value *root = &source->pickle->values[source->pickle->root];
    collector *collection = tyto_alloc_zeroed(1, sizeof(*collection));
    if (!collection) {
        return tyto_fail_memory(err, source->path);
    }
    collection->source = source;
    collection->err = err;
    tyto_buffer_init(&collection->names, TYTO_TENSOR_HEADER_BYTES_MAX);
    if (root->kind != TYTO_PICKLE_DICT) {
        status = tyto_fail(err, TYTO_E_FORMAT, "%s: required a dict of tensors", source->path);
        goto cleanup;
    }
    TYTO_CHECK(visit(collection, root, 0));
    TYTO_CHECK(copy_all(collection, shard));
    TYTO_CHECK(append(collection, file, shard));
cleanup:
    tyto_buffer_clear(&collection->names);
    free(collection->tensors);
    free(collection);
    return status;
}
