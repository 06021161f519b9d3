/** Weights in files of a bounded size, as the reference's save_pretrained cuts them. */
#ifndef TYTO_RUNTIME_SHARDS_H
#define TYTO_RUNTIME_SHARDS_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/tensor.h>

#include "base/folder.h"
#include "formats/safetensors.h"

/** "model-00001-of-00002.safetensors" with the largest numbers. */
#define TYTO_SHARD_NAME_BYTES 64

typedef struct tyto_shards {
    const tyto_tensor *tensors; /* borrowed; those of a shard are neighbours, sorted by name */
    size_t *first;              /* of a shard's tensors; one more than there are shards */
    size_t count;
    uint64_t total;                   /* bytes of data */
    char name[TYTO_SHARD_NAME_BYTES]; /* of the shard that is written */
} tyto_shards;

/** Cuts tensors into shards: in their order, a new one when the next tensor doesn't fit. They are
 *  sorted within each shard.
 *  most     bytes of a shard, unless one tensor alone has more; 0: the reference's own "5GB"
 *  memory   release with tyto_shards_clear; tensors outlive the shards */
TYTO_NODISCARD tyto_status tyto_shards_cut(tyto_tensor *tensors, size_t count, uint64_t most,
                                           tyto_shards *out, tyto_error *err);
/** Writes model.safetensors, or numbered files and their index, into the folder; `put` writes the
 *  data of one tensor. Messages name the folder's place. */
TYTO_NODISCARD tyto_status tyto_shards_write(tyto_shards *shards, const tyto_folder_writer *folder,
                                             tyto_tensor_put_fn put, void *user, tyto_error *err);
void tyto_shards_clear(tyto_shards *shards);

#endif
