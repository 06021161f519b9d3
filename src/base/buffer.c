#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void tyto_buffer_init(tyto_buffer *buffer, size_t maximum_bytes)
{
    *buffer = (tyto_buffer){.maximum = maximum_bytes};
}

/* Makes room for `extra` bytes and a NUL. */
static bool reserve(tyto_buffer *buffer, size_t extra)
{
    size_t need;
    if (buffer->failed || !tyto_add_size(buffer->length, extra, &need) || need > buffer->maximum ||
        !tyto_add_size(need, 1, &need)) {
        buffer->failed = true;
        return false;
    }
    if (need <= buffer->capacity) {
        return true;
    }
    size_t capacity = buffer->capacity < 64 ? 64 : buffer->capacity;
    while (capacity < need) {
        if (!tyto_mul_size(capacity, 2, &capacity)) {
            buffer->failed = true;
            return false;
        }
    }
    char *data = tyto_realloc(buffer->data, capacity, 1);
    if (!data) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool tyto_buffer_add(tyto_buffer *buffer, const void *bytes, size_t length)
{
    if (!reserve(buffer, length)) {
        return false;
    }
    if (length) {
        memcpy(buffer->data + buffer->length, bytes, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool tyto_buffer_text(tyto_buffer *buffer, const char *text)
{
    return tyto_buffer_add(buffer, text, strlen(text));
}

bool tyto_buffer_format(tyto_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !reserve(buffer, (size_t)length)) {
        buffer->failed = true;
        return false;
    }
    va_start(args, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
    va_end(args);
    buffer->length += (size_t)length;
    return true;
}

char *tyto_buffer_take(tyto_buffer *buffer)
{
    if (!buffer->data && !buffer->failed) {
        tyto_buffer_add(buffer, "", 0);
    }
    char *data = buffer->failed ? NULL : buffer->data;
    if (buffer->failed) {
        free(buffer->data);
    }
    *buffer = (tyto_buffer){.maximum = buffer->maximum};
    return data;
}

void tyto_buffer_clear(tyto_buffer *buffer)
{
    free(buffer->data);
    *buffer = (tyto_buffer){.maximum = buffer->maximum};
}
