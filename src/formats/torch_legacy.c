/* The form before torch 1.6: four pickles (a magic number, the version, the writer's system, the
 * tensors), a pickled list of storages, and these storages, each after the number of its elements.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/torch.h"

#define PROTOCOL_VERSION 1001
static const uint8_t magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

/* A storage that the pickle of tensors names. */
typedef struct stored {
    const tyto_pickle_value *key;
    tyto_dtype dtype;
    const uint8_t *data; /* NULL until the list of storages was read */
    size_t bytes;
} stored;

typedef struct legacy {
    tyto_cursor cursor;
    stored *storages; /* by key */
    size_t count;
    const char *path;
    tyto_error *err;
} legacy;

static int compare_keys(const tyto_pickle_value *a, const tyto_pickle_value *b)
{
    const int order = memcmp(a->text, b->text, a->count < b->count ? a->count : b->count);
    return order ? order : (a->count > b->count) - (a->count < b->count);
}

static int by_key(const void *left, const void *right)
{
    return compare_keys(((const stored *)left)->key, ((const stored *)right)->key);
}

static tyto_status next_pickle(legacy *in, tyto_pickle *out)
{
    TYTO_TRY(tyto_pickle_read(in->cursor.data + in->cursor.at, in->cursor.length - in->cursor.at,
                              in->path, out, in->err));
    in->cursor.at += out->bytes;
    return TYTO_OK;
}

static bool is_magic(const tyto_pickle *pickle)
{
    const tyto_pickle_value *value = &pickle->values[pickle->root];
    return value->kind == TYTO_PICKLE_LONG && value->count == sizeof(magic) &&
           memcmp(value->text, magic, sizeof(magic)) == 0;
}

static bool is_version(const tyto_pickle *pickle)
{
    const tyto_pickle_value *value = &pickle->values[pickle->root];
    return value->kind == TYTO_PICKLE_INTEGER && value->integer == PROTOCOL_VERSION;
}

/* {'protocol_version': ..., 'little_endian': True, 'type_sizes': {...}} */
static bool is_little_endian(const tyto_pickle *pickle)
{
    const tyto_pickle_value *value = &pickle->values[pickle->root];
    for (uint32_t i = value->first; value->kind == TYTO_PICKLE_DICT && i != TYTO_PICKLE_END;
         i = pickle->items[i].next) {
        const tyto_pickle_value *said = &pickle->values[pickle->items[i].value];
        if (tyto_pickle_is_text(&pickle->values[pickle->items[i].key], "little_endian")) {
            return said->kind == TYTO_PICKLE_BOOL && said->integer;
        }
    }
    return false;
}

static tyto_status read_front(legacy *in)
{
    static const struct {
        bool (*holds)(const tyto_pickle *pickle);
        const char *required;
    } parts[] = {
        {is_magic, "got a pickle, required a file of tensors as torch.save writes it"},
        {is_version, "required torch's protocol version 1001"},
        {is_little_endian, "required a file of a little-endian system"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        tyto_pickle pickle;
        TYTO_TRY(next_pickle(in, &pickle));
        const bool good = parts[i].holds(&pickle);
        tyto_pickle_clear(&pickle);
        if (!good) {
            return tyto_fail(in->err, TYTO_E_FORMAT, "%s: %s", in->path, parts[i].required);
        }
    }
    return TYTO_OK;
}

/* Every storage that the tensors use, once. */
static tyto_status list_storages(legacy *in, const tyto_pickle *pickle)
{
    size_t count = 0, distinct = 0;
    for (size_t i = 0; i < pickle->value_count; i++) {
        count += pickle->values[i].kind == TYTO_PICKLE_PERSISTENT;
    }
    in->storages = tyto_alloc_zeroed(count, sizeof(*in->storages));
    if (!in->storages) {
        return tyto_fail_memory(in->err, in->path);
    }
    for (size_t i = 0, at = 0; i < pickle->value_count; i++) {
        tyto_torch_storage storage;
        if (pickle->values[i].kind == TYTO_PICKLE_PERSISTENT) {
            TYTO_TRY(
                tyto_torch_storage_read(pickle, &pickle->values[i], in->path, &storage, in->err));
            in->storages[at++] = (stored){.key = storage.key, .dtype = storage.dtype};
        }
    }
    qsort(in->storages, count, sizeof(*in->storages), by_key);
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || by_key(&in->storages[distinct - 1], &in->storages[i]) != 0) {
            in->storages[distinct++] = in->storages[i];
        } else if (in->storages[distinct - 1].dtype != in->storages[i].dtype) {
            return tyto_fail(in->err, TYTO_E_FORMAT, "%s: a storage of two types, required one",
                             in->path);
        }
    }
    in->count = distinct;
    return TYTO_OK;
}

static stored *find(const legacy *in, const tyto_pickle_value *key)
{
    const stored wanted = {.key = key};
    return in->count ? bsearch(&wanted, in->storages, in->count, sizeof(wanted), by_key) : NULL;
}

/* The storages lie in the order of the list. */
static tyto_status place_storages(legacy *in, const tyto_pickle *keys)
{
    const tyto_pickle_value *list = &keys->values[keys->root];
    if (list->kind != TYTO_PICKLE_LIST) {
        return tyto_fail(in->err, TYTO_E_FORMAT, "%s: required a list of storages", in->path);
    }
    for (uint32_t i = list->first; i != TYTO_PICKLE_END; i = keys->items[i].next) {
        const tyto_pickle_value *key = &keys->values[keys->items[i].value];
        stored *storage = key->kind == TYTO_PICKLE_TEXT ? find(in, key) : NULL;
        if (!storage || storage->data) {
            return tyto_fail(in->err, TYTO_E_FORMAT,
                             "%s: a storage is listed %s, required once and used", in->path,
                             storage ? "twice" : "and not used");
        }
        const uint64_t elements = tyto_cursor_little(&in->cursor, 8);
        size_t bytes = 0;
        if (elements <= SIZE_MAX &&
            tyto_mul_size((size_t)elements, tyto_dtype_bytes(storage->dtype), &bytes)) {
            storage->data = tyto_cursor_take(&in->cursor, bytes);
        }
        if (!storage->data) {
            return tyto_fail(in->err, TYTO_E_FORMAT,
                             "%s: a storage's data lie outside of the file (it is cut short)",
                             in->path);
        }
        storage->bytes = bytes;
    }
    return TYTO_OK;
}

static tyto_status find_storage(void *user, const tyto_pickle_value *key, const uint8_t **data,
                                size_t *bytes, tyto_error *err)
{
    const legacy *in = user;
    const stored *storage = find(in, key);
    if (!storage || !storage->data) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: storage '%.*s': not in the file", in->path,
                         (int)(key->count < 80 ? key->count : 80), (const char *)key->text);
    }
    *data = storage->data;
    *bytes = storage->bytes;
    return TYTO_OK;
}

tyto_status tyto_torch_legacy_parse(tyto_tensor_file *file, tyto_shard *shard, const uint8_t *bytes,
                                    size_t length, tyto_error *err)
{
    legacy in = {.cursor = tyto_cursor_over(bytes, length), .path = shard->path, .err = err};
    tyto_pickle tensors = {0}, keys = {0};
    tyto_status status;
    TYTO_CHECK(read_front(&in));
    TYTO_CHECK(next_pickle(&in, &tensors));
    TYTO_CHECK(list_storages(&in, &tensors));
    TYTO_CHECK(next_pickle(&in, &keys));
    TYTO_CHECK(place_storages(&in, &keys));
    const tyto_torch_source source = {&tensors, find_storage, &in, length, shard->path};
    TYTO_CHECK(tyto_torch_collect(&source, file, shard, err));
cleanup:
    free(in.storages);
    tyto_pickle_clear(&tensors);
    tyto_pickle_clear(&keys);
    return status;
}
