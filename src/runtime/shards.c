#include "runtime/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/conversion.h"
#include "tensor/tensor.h"

/* The reference's own limit, its "5GB". */
#define SHARD_BYTES 5000000000u

static uint64_t bytes_of(const tyto_tensor *tensor)
{
    size_t bytes = 0;
    return tyto_tensor_bytes(tensor, &bytes) ? bytes : 0;
}

static int by_name(const void *left, const void *right)
{
    const tyto_tensor *a = left, *b = right;
    return strcmp(a->name, b->name);
}

tyto_status tyto_shards_cut(tyto_tensor *tensors, size_t count, uint64_t most, tyto_shards *out,
                            tyto_error *err)
{
    const uint64_t limit = most ? most : SHARD_BYTES;
    uint64_t used = 0;
    *out = (tyto_shards){.tensors = tensors, .count = 1};
    out->first = tyto_alloc(count + 2, sizeof(*out->first));
    if (!out->first) {
        return tyto_fail_memory(err, "weights");
    }
    out->first[0] = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t bytes = bytes_of(&tensors[i]);
        if ((bytes > limit || used > limit - bytes) && i > out->first[out->count - 1]) {
            out->first[out->count++] = i;
            used = 0;
        }
        used += bytes;
        out->total += bytes;
    }
    out->first[out->count] = count;
    for (size_t s = 0; s < out->count; s++) {
        qsort(tensors + out->first[s], out->first[s + 1] - out->first[s], sizeof(*tensors),
              by_name);
    }
    return TYTO_OK;
}

static void name_shard(const tyto_shards *shards, size_t shard, char name[TYTO_SHARD_NAME_BYTES])
{
    if (shards->count == 1) {
        snprintf(name, TYTO_SHARD_NAME_BYTES, "model.safetensors");
    } else {
        snprintf(name, TYTO_SHARD_NAME_BYTES, "model-%05zu-of-%05zu.safetensors", shard + 1,
                 shards->count);
    }
}

static tyto_status write_shard(tyto_shards *shards, size_t shard, const tyto_folder_writer *folder,
                               const tyto_tensor_writing *how, tyto_error *err)
{
    name_shard(shards, shard, shards->name);
    char *path = tyto_path_join(folder->temporary, shards->name);
    if (!path) {
        return tyto_fail_memory(err, shards->name);
    }
    const tyto_status status =
        tyto_tensor_file_write(path, shards->tensors + shards->first[shard],
                               shards->first[shard + 1] - shards->first[shard], how, err);
    free(path);
    return status;
}

/* Which tensor lies in which shard. */
static json_t *index_object(const tyto_shards *shards)
{
    json_t *map = json_object(), *root = json_object();
    bool good =
        map && root &&
        json_object_set_new(root, "metadata",
                            json_pack("{s:I}", "total_size", (json_int_t)shards->total)) == 0;
    for (size_t s = 0; s < shards->count && good; s++) {
        char name[TYTO_SHARD_NAME_BYTES];
        name_shard(shards, s, name);
        for (size_t i = shards->first[s]; i < shards->first[s + 1] && good; i++) {
            good = json_object_set_new(map, shards->tensors[i].name, json_string(name)) == 0;
        }
    }
    good = good && json_object_set(root, "weight_map", map) == 0;
    json_decref(map);
    if (!good) {
        json_decref(root);
    }
    return good ? root : NULL;
}

static tyto_status write_index(const tyto_shards *shards, const tyto_folder_writer *folder,
                               tyto_error *err)
{
    json_t *index = index_object(shards);
    char *path = tyto_path_join(folder->temporary, "model.safetensors.index.json");
    tyto_status status =
        index && path ? tyto_write_json(index, path, err) : tyto_fail_memory(err, folder->path);
    free(path);
    json_decref(index);
    return status;
}

tyto_status tyto_shards_write(tyto_shards *shards, const tyto_folder_writer *folder,
                              tyto_tensor_put_fn put, void *user, tyto_error *err)
{
    const tyto_tensor_writing how = {.metadata = "{\"format\":\"pt\"}", .put = put, .user = user};
    tyto_error own = TYTO_ERROR_INIT;
    tyto_status status = shards->count > 1 ? write_index(shards, folder, &own) : TYTO_OK;
    for (size_t s = 0; s < shards->count && status == TYTO_OK; s++) {
        status = write_shard(shards, s, folder, &how, &own);
    }
    return tyto_fail_in_place(folder, status, &own, err);
}

void tyto_shards_clear(tyto_shards *shards)
{
    free(shards->first);
    *shards = (tyto_shards){0};
}
