/** Tensors with names, and files of them. */
#ifndef TYTO_TENSOR_H
#define TYTO_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** X(name, value, safetensors' spelling, bytes per element) */
#define TYTO_DTYPE_LIST(X)                                                                         \
    X(F32, 0, "F32", 4)                                                                            \
    X(F64, 1, "F64", 8)                                                                            \
    X(F16, 2, "F16", 2)                                                                            \
    X(BF16, 3, "BF16", 2)                                                                          \
    X(I64, 4, "I64", 8)                                                                            \
    X(I32, 5, "I32", 4)                                                                            \
    X(I16, 6, "I16", 2)                                                                            \
    X(I8, 7, "I8", 1)                                                                              \
    X(U64, 8, "U64", 8)                                                                            \
    X(U32, 9, "U32", 4)                                                                            \
    X(U16, 10, "U16", 2)                                                                           \
    X(U8, 11, "U8", 1)                                                                             \
    X(BOOL, 12, "BOOL", 1)

typedef enum tyto_dtype {
#define TYTO_DTYPE_ENUM(name, value, text, bytes) TYTO_##name = (value),
    TYTO_DTYPE_LIST(TYTO_DTYPE_ENUM)
#undef TYTO_DTYPE_ENUM
} tyto_dtype;
/** One more than the highest value of tyto_dtype. */
#define TYTO_DTYPE_COUNT 13

/** Largest number of dimensions of a tensor. */
#define TYTO_RANK_MAX 8

/** A named, contiguous, row-major tensor; a view that owns neither name nor data.
 *  A scalar has rank 0. */
typedef struct tyto_tensor {
    const char *name;
    tyto_dtype dtype;
    int rank;
    int64_t shape[TYTO_RANK_MAX];
    void *data;
} tyto_tensor;

/** safetensors' spelling of the type, such as "BF16"; "?" for a bad value. */
TYTO_API const char *tyto_dtype_name(tyto_dtype dtype);
/** Bytes of one element; 0 for a bad value. */
TYTO_API size_t tyto_dtype_bytes(tyto_dtype dtype);
/** Product of the dimensions (1 for a scalar); the tensor must be valid. NULL gives 0. */
TYTO_API int64_t tyto_tensor_elements(const tyto_tensor *tensor);

/** Tensors read from a file, in the order of their data; those of torch's own files in the order
 *  of its dict.
 *  memory   names and data live until tyto_tensor_file_destroy; data is mapped, so treat it as
 *           read-only. The format promises no alignment: data may start at any byte, so copy
 *           elements out (memcpy) instead of reading through a pointer to their type
 *  threads  immutable once open: any number of readers */
typedef struct tyto_tensor_file tyto_tensor_file;

/** Opens a .safetensors file, a file of torch.save (.bin) by its content, or a sharded set of
 *  either by its .index.json. Nothing in a pickle is ever executed: one that holds more than plain
 *  tensors in dicts and lists, whose names are then joined by dots, is E_UNSUPPORTED. "-" is
 *  standard input.
 *  errors  E_ARGUMENT (NULL), E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED (a type that
 *          TYTO_DTYPE_LIST lacks), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tensor_file_open(const char *path, tyto_tensor_file **out,
                                                          tyto_error *err);
TYTO_API void tyto_tensor_file_destroy(tyto_tensor_file *file);
TYTO_API int64_t tyto_tensor_file_count(const tyto_tensor_file *file);
/** The i-th tensor, 0 ≤ i < count; otherwise NULL. They lie one after the other: the first is an
 *  array of all of them. */
TYTO_API const tyto_tensor *tyto_tensor_file_at(const tyto_tensor_file *file, int64_t i);
/** The tensor of that name, or NULL. */
TYTO_API const tyto_tensor *tyto_tensor_file_find(const tyto_tensor_file *file, const char *name);
/** A text of the file's metadata, such as "pt" for "format", or NULL; lives as the file does. */
TYTO_API const char *tyto_tensor_file_metadata(const tyto_tensor_file *file, const char *key);

/** Writes tensors as .safetensors: beside its place first, then renamed over it. The data lies in
 *  the order given, wider types before narrower ones so that every tensor is aligned.
 *  errors  E_ARGUMENT (a name twice or not UTF-8, a bad shape), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tensor_file_save(const char *path,
                                                          const tyto_tensor *tensors, int64_t count,
                                                          tyto_error *err);

TYTO_END_DECLS

#endif
