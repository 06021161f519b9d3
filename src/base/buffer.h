/** A growing byte string with a mandatory maximum. */
#ifndef TYTO_BASE_BUFFER_H
#define TYTO_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/** `data` is NUL-terminated once anything was added. After a failed call `failed` stays set and
 *  further calls do nothing, so a writer may check once at the end. */
typedef struct tyto_buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t maximum;
    bool failed;
} tyto_buffer;

void tyto_buffer_init(tyto_buffer *buffer, size_t maximum_bytes);
bool tyto_buffer_add(tyto_buffer *buffer, const void *bytes, size_t length);
bool tyto_buffer_text(tyto_buffer *buffer, const char *text);
bool tyto_buffer_format(tyto_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Hands the string over to the caller (tyto_free) and empties the buffer; NULL when it failed. */
char *tyto_buffer_take(tyto_buffer *buffer);
void tyto_buffer_clear(tyto_buffer *buffer);

#endif
