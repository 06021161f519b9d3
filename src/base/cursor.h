/** Bounds-checked reading of bytes: past the end nothing is read and `failed` stays set. */
#ifndef TYTO_BASE_CURSOR_H
#define TYTO_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tyto_cursor {
    const uint8_t *data;
    size_t length;
    size_t at;
    bool failed;
} tyto_cursor;

static inline tyto_cursor tyto_cursor_over(const void *data, size_t length)
{
    return (tyto_cursor){.data = data, .length = length};
}

/** The next `count` bytes, or NULL when there are fewer. */
static inline const uint8_t *tyto_cursor_take(tyto_cursor *cursor, size_t count)
{
    if (cursor->failed || count > cursor->length - cursor->at) {
        cursor->failed = true;
        return NULL;
    }
    const uint8_t *bytes = cursor->data + cursor->at;
    cursor->at += count;
    return bytes;
}

/** Unsigned integers of `bytes` bytes; 0 past the end. */
static inline uint64_t tyto_cursor_little(tyto_cursor *cursor, size_t bytes)
{
    const uint8_t *p = tyto_cursor_take(cursor, bytes);
    uint64_t value = 0;
    for (size_t i = 0; p && i < bytes; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static inline uint64_t tyto_cursor_big(tyto_cursor *cursor, size_t bytes)
{
    const uint8_t *p = tyto_cursor_take(cursor, bytes);
    uint64_t value = 0;
    for (size_t i = 0; p && i < bytes; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

#endif
