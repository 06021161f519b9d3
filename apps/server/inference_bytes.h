/** Inputs of the type BYTES: texts and pictures instead of the tensors that are made of them. */
#ifndef TYTO_SERVER_INFERENCE_BYTES_H
#define TYTO_SERVER_INFERENCE_BYTES_H

#include <tyto/inputs.h>

#include "work.h"

/** Elements of an input of the type BYTES. The bytes are borrowed. */
typedef struct byte_strings {
    const char **items;
    size_t *lengths_bytes;
    int64_t count;
} byte_strings;

/** Reads `count` elements of JSON: an array of texts. */
bool byte_strings_read(work *job, const char *name, const json_t *data, int64_t count,
                       byte_strings *out);
/** The same of bytes: before each its length, four bytes, the lowest first. */
bool byte_strings_split(work *job, const char *name, const char *bytes, size_t length_bytes,
                        int64_t count, byte_strings *out);
void byte_strings_clear(byte_strings *strings);

/** Makes of them what the input `name` of a head (NULL: the model's own) takes: of texts
 *  token ids and attention_mask, of files of pictures pixels. `*out` is to be cleared. */
bool byte_strings_make(work *job, const char *head, const char *name, const byte_strings *strings,
                       tyto_inputs *out);

#endif
