/** Checks on tensors that come from outside. */
#ifndef TYTO_TENSOR_TENSOR_H
#define TYTO_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <tyto/tensor.h>

/** Room for tyto_tensor_shape_text. */
#define TYTO_SHAPE_TEXT_BYTES (TYTO_RANK_MAX * 21 + 3)

/** False when the type, the rank or a dimension is out of range, or the size overflows; else
 *  *bytes is the size of the data. Dimensions of 0 are fine. */
bool tyto_tensor_bytes(const tyto_tensor *tensor, size_t *bytes);
/** Finds a type by its name in safetensors files. */
bool tyto_dtype_from_name(const char *name, tyto_dtype *out);
/** Writes a shape as "[3,960,960]" and returns `text`. */
const char *tyto_tensor_shape_text(const int64_t *shape, int rank,
                                   char text[TYTO_SHAPE_TEXT_BYTES]);

#endif
