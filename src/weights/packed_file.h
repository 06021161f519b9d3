/** Files of packed weights: a model's fields byte for byte, so that mapping the file loads it.
 *
 *  They are safetensors files whose tensors are bytes. Each begins at a multiple of TYTO_ALIGN
 *  within data that begins at a page, and ends with zeros up to the next multiple:
 *
 *      TYPE:name          floats, or a table that is looked up, of that type
 *      packed TYPE:name   a packed matrix; of several parts that were made one, the first names it
 *
 *  The metadata describe the layout: "format", "version", "precision", "columns" of a tile,
 *  "digits" where floats are in those, and, for people, the "isa" that it was made on. */
#ifndef TYTO_WEIGHTS_PACKED_FILE_H
#define TYTO_WEIGHTS_PACKED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/tensor.h>

#include "nn/linear.h"

/** How a file's matrices are packed. */
typedef struct tyto_packed_layout {
    int64_t columns; /* of a tile; 0: the file is no packed one */
    tyto_precision precision;
    bool digits; /* large matrices of floats are in digits */
} tyto_packed_layout;

/** errors  E_FORMAT, E_UNSUPPORTED (of another version or precision) */
TYTO_NODISCARD tyto_status tyto_packed_layout_read(const tyto_tensor_file *file,
                                                   const char *file_name, tyto_packed_layout *out,
                                                   tyto_error *err);

/** A field of a model as a file holds it. */
typedef struct tyto_packed_field {
    const tyto_tensor *tensor; /* its bytes; NULL: it isn't there */
    tyto_dtype dtype;
} tyto_packed_field;

tyto_packed_field tyto_packed_find(const tyto_tensor_file *file, bool matrix, const char *name);
/** Whether a file of weights, packed or not, has the tensor as floats. */
bool tyto_weights_have(const tyto_tensor_file *file, const char *name);
/** Whether the field is `bytes` long, and where it may be used as it lies. */
bool tyto_packed_fits(const tyto_packed_field *field, size_t bytes);

/** Fields that a model was bound to, in the order of its requests. */
typedef struct tyto_packed_fields {
    struct tyto_packed_entry {
        char *name; /* TYPE:name, packed TYPE:name */
        const void *data;
        size_t bytes;
    } * entries;
    size_t count, capacity;
} tyto_packed_fields;

/** Adds a field; false when memory is out. */
bool tyto_packed_fields_add(tyto_packed_fields *fields, bool matrix, tyto_dtype dtype,
                            const char *name, const void *data, size_t bytes);
void tyto_packed_fields_clear(tyto_packed_fields *fields);

/** Receives how many bytes are written; false stops, which is E_CANCELLED. */
typedef bool (*tyto_packed_progress_fn)(void *user, uint64_t done, uint64_t total);

/** Writes a packed file.
 *  errors  E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_packed_file_write(const char *path,
                                                  const tyto_packed_fields *fields,
                                                  const tyto_packed_layout *layout, const char *isa,
                                                  tyto_packed_progress_fn progress, void *user,
                                                  tyto_error *err);

#endif
