/** NumPy's .npy files: one tensor without a name. */
#ifndef TYTO_NPY_H
#define TYTO_NPY_H

#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** Largest .npy file that is read. */
#define TYTO_NPY_BYTES_MAX ((size_t)4 << 30)

/** memory  tensor.data belongs to it; release with tyto_npy_clear */
typedef struct tyto_npy {
    tyto_tensor tensor; /**< without a name; aligned */
    void *memory;
    uint64_t reserved[4]; /**< 0 */
} tyto_npy;

/** Reads a file of format 1.0, 2.0 or 3.0: little-endian numbers of the types that
 *  TYTO_DTYPE_LIST has (all but BF16), rows first.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED (another type, big-endian numbers, columns
 *          first), E_LIMIT, E_MEMORY
 *  source  numpy.lib.format */
TYTO_API TYTO_NODISCARD tyto_status tyto_npy_load(const char *path, tyto_npy *out, tyto_error *err);
/** The same from memory, which is copied; `name` is for messages. */
TYTO_API TYTO_NODISCARD tyto_status tyto_npy_parse(const void *bytes, size_t length_bytes,
                                                   const char *name, tyto_npy *out,
                                                   tyto_error *err);
/** Releases the memory. NULL is fine. */
TYTO_API void tyto_npy_clear(tyto_npy *npy);

/** Writes a file of format 1.0; beside its place first, then renamed.
 *  errors  E_ARGUMENT (a bad shape), E_UNSUPPORTED (BF16), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_npy_save(const char *path, const tyto_tensor *tensor,
                                                  tyto_error *err);

TYTO_END_DECLS

#endif
