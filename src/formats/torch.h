/** torch's own files of tensors, pytorch_model.bin: a pickle that describes tensors, and their
 *  storages, in a zip archive (since torch 1.6) or one after another (before).
 *
 *  source  torch/serialization.py, torch/_utils.py */
#ifndef TYTO_FORMATS_TORCH_H
#define TYTO_FORMATS_TORCH_H

#include "formats/pickle.h"
#include "formats/safetensors.h"

/** Deepest nesting of dicts and lists that names are made of. */
#define TYTO_TORCH_DEPTH_MAX 32
/** Memory for tensors that don't lie in a row in the file, and so are copied: the file's length,
 *  and this much more. */
#define TYTO_TORCH_COPY_BYTES ((size_t)64 << 20)

/** Whether the bytes begin as either form does, and as no safetensors file. */
bool tyto_torch_begins(const uint8_t *bytes, size_t length);
/** Appends the tensors of one file's bytes, as tyto_shard_parse does for safetensors. Names of
 *  nested dicts and lists are joined by dots; what is no tensor is passed over. */
TYTO_NODISCARD tyto_status tyto_torch_parse(tyto_tensor_file *file, tyto_shard *shard,
                                            const uint8_t *bytes, size_t length, tyto_error *err);

/** The two forms, for tyto_torch_parse. */
TYTO_NODISCARD tyto_status tyto_torch_zip_parse(tyto_tensor_file *file, tyto_shard *shard,
                                                const uint8_t *bytes, size_t length,
                                                tyto_error *err);
TYTO_NODISCARD tyto_status tyto_torch_legacy_parse(tyto_tensor_file *file, tyto_shard *shard,
                                                   const uint8_t *bytes, size_t length,
                                                   tyto_error *err);

/** Finds the bytes of the storage that a persistent id's key names. */
typedef tyto_status (*tyto_torch_find_fn)(void *user, const tyto_pickle_value *key,
                                          const uint8_t **data, size_t *bytes, tyto_error *err);

/** A pickle of tensors, and where their storages are. */
typedef struct tyto_torch_source {
    const tyto_pickle *pickle;
    tyto_torch_find_fn find;
    void *user;
    size_t file_bytes;
    const char *path;
} tyto_torch_source;

/** Appends the tensors that the pickle describes. */
TYTO_NODISCARD tyto_status tyto_torch_collect(const tyto_torch_source *source,
                                              tyto_tensor_file *file, tyto_shard *shard,
                                              tyto_error *err);

/** A storage as a persistent id describes it: ('storage', type, key, place, elements[, view]). */
typedef struct tyto_torch_storage {
    const tyto_pickle_value *key;
    tyto_dtype dtype;
    bool untyped;
    int64_t elements;
    int64_t view_offset; /**< within the storage of that key; 0 when it is no view */
} tyto_torch_storage;

/** Checks a persistent id. */
TYTO_NODISCARD tyto_status tyto_torch_storage_read(const tyto_pickle *pickle,
                                                   const tyto_pickle_value *persistent,
                                                   const char *path, tyto_torch_storage *out,
                                                   tyto_error *err);

#endif
