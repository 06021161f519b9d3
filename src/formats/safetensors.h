/** Access to tensor files that is not public. */
#ifndef TYTO_FORMATS_SAFETENSORS_H
#define TYTO_FORMATS_SAFETENSORS_H

#include <tyto/tensor.h>

/** Most bytes of a file's JSON header; the format's own limit. */
#define TYTO_SAFETENSORS_HEADER_MAX ((size_t)100 * 1000 * 1000)
/** Most tensors of a set of files. */
#define TYTO_SAFETENSORS_TENSORS_MAX ((size_t)1 << 20)
/** Most files of a sharded set. */
#define TYTO_SAFETENSORS_SHARDS_MAX ((size_t)4096)

/** Gives the tensor's mapped pages back to the system; they are read again when touched. */
void tyto_tensor_file_release(const tyto_tensor_file *file, const tyto_tensor *tensor);

#endif
