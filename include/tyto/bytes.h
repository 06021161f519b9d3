/** Bytes that the library makes, such as a document or a picture file. */
#ifndef TYTO_BYTES_H
#define TYTO_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** Bytes of any content, with a NUL behind them that isn't counted: text can be read as a string.
 *  Zeros: none.
 *  memory  data is owned; release it with tyto_bytes_clear */
typedef struct tyto_bytes {
    char *data; /**< NULL: none */
    size_t length_bytes;
    uint64_t reserved[4]; /**< 0 */
} tyto_bytes;

/** Releases the bytes and makes the value empty. NULL is fine. */
TYTO_API void tyto_bytes_clear(tyto_bytes *bytes);

TYTO_END_DECLS

#endif
