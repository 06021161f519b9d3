/** Safetensors files: limits, and what the library needs beyond <tyto/tensor.h>.
 *
 *  A file is a 64-bit little-endian length, a JSON header of that length, and the data of the
 *  tensors, one after another without holes. A sharded set is several files beside an index that
 *  says which tensor lies where. */
#ifndef TYTO_FORMATS_SAFETENSORS_H
#define TYTO_FORMATS_SAFETENSORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <tyto/tensor.h>

#include "base/file.h"

/** Largest header; the format's own limit. */
#define TYTO_TENSOR_HEADER_BYTES_MAX ((size_t)100 * 1000 * 1000)
/** Most tensors of a file or a sharded set. */
#define TYTO_TENSORS_MAX ((size_t)1000 * 1000)
/** Longest name of a tensor. */
#define TYTO_TENSOR_NAME_BYTES_MAX ((size_t)4096)
/** Most files of a sharded set. */
#define TYTO_SHARDS_MAX ((size_t)4096)

/** Opens a file of any known format that already lies in memory; `name` is for messages.
 *  memory  bytes are borrowed until tyto_tensor_file_destroy */
TYTO_NODISCARD tyto_status tyto_tensor_file_parse(const void *bytes, size_t length,
                                                  const char *name, tyto_tensor_file **out,
                                                  tyto_error *err);

/** A file of copies of these tensors, whose names and data are borrowed; `name` is for messages. */
TYTO_NODISCARD tyto_status tyto_tensor_file_of(const tyto_tensor *tensors, size_t count,
                                               const char *name, tyto_tensor_file **out,
                                               tyto_error *err);

/** Gives the mapped pages of a tensor's data back to the system, once what was needed of it has
 *  been copied. They are read from the file again when touched. */
void tyto_tensor_file_release(const tyto_tensor_file *file, const tyto_tensor *tensor);

/** The same of some bytes of a tensor's data. */
void tyto_tensor_file_release_bytes(const tyto_tensor_file *file, const void *data, size_t bytes);

/** Writes the bytes of a tensor's data to the stream. A write that fails needs no report: the
 *  stream remembers it. */
typedef tyto_status (*tyto_tensor_put_fn)(void *user, const tyto_tensor *tensor, FILE *stream,
                                          tyto_error *err);

/** How a file is written; zeros: as tyto_tensor_file_save does. */
typedef struct tyto_tensor_writing {
    const char *metadata;   /**< a JSON object of strings, or NULL */
    size_t align;           /**< the data begins at a multiple of it in the file; 0: 8 */
    tyto_tensor_put_fn put; /**< NULL: the tensors' own data is written */
    void *user;
} tyto_tensor_writing;

/** tyto_tensor_file_save with more to say. With `put` the tensors need no data: it is asked for
 *  each tensor once, in the order of the file. */
TYTO_NODISCARD tyto_status tyto_tensor_file_write(const char *path, const tyto_tensor *tensors,
                                                  size_t count, const tyto_tensor_writing *how,
                                                  tyto_error *err);

/** The distinct files that an index names, sorted.
 *  memory  names point into the index */
typedef struct tyto_shard_names {
    const char **names;
    size_t count;
} tyto_shard_names;

/** Checks the `weight_map` of an index: tensor names to plain file names in the same folder.
 *  memory  release out->names with free
 *  errors  E_FORMAT, E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_shard_names_read(const json_t *index, const char *path,
                                                 tyto_shard_names *out, tyto_error *err);

/** One file of a set. */
typedef struct tyto_shard {
    char *path;
    tyto_file_map map; /**< empty when the bytes are borrowed */
    char *names;       /**< the tensors' names, each with its NUL */
    json_t *metadata;  /**< `__metadata__`, or NULL */
    void *copies;      /**< of data that doesn't lie in a row in the file, or NULL */
} tyto_shard;

struct tyto_tensor_file {
    tyto_shard *shards;
    size_t shard_count;
    tyto_tensor *tensors;
    const tyto_tensor **by_name; /**< sorted, for lookup in O(log n) whatever the names */
    size_t count;
};

/** Appends the tensors of one file's bytes; shard gets the names and the metadata. */
TYTO_NODISCARD tyto_status tyto_shard_parse(tyto_tensor_file *file, tyto_shard *shard,
                                            const uint8_t *bytes, size_t length, tyto_error *err);
/** Sorts by name; a name that occurs twice is E_FORMAT. Call it once all shards are in. */
TYTO_NODISCARD tyto_status tyto_tensor_file_finish(tyto_tensor_file *file, const char *path,
                                                   tyto_error *err);

#endif
