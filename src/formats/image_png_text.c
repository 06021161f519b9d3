/* How a PNG file says that it lies: by EXIF data, in a chunk of its own or as text, or by XMP. */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/buffer.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* Most bytes that a text may have when it is inflated. */
#define TEXT_BYTES_MAX ((size_t)1 << 20)
#define SIGNATURE_BYTES 8
#define RAW_PROFILE "Raw profile type exif"
#define XMP_KEY "XML:com.adobe.xmp"

/* What was found; of several chunks of a kind the last one counts. */
typedef struct found {
    bool has_exif, has_profile;
    int exif, profile, xmp; /* 0: it says nothing */
} found;

static voidpf on_alloc(voidpf user, uInt count, uInt size)
{
    (void)user;
    return tyto_alloc(count, size);
}

static void on_free(voidpf user, voidpf block)
{
    (void)user;
    free(block);
}

/* Appends what the bytes inflate to. What is too long, or no such data, is left out. */
static tyto_status inflate_text(const uint8_t *bytes, size_t length, tyto_buffer *out,
                                const char *name, tyto_error *err)
{
    z_stream stream = {.zalloc = on_alloc,
                       .zfree = on_free,
                       .next_in = (z_const Bytef *)(uintptr_t)bytes,
                       .avail_in = (uInt)length};
    uint8_t part[4096];
    int code = inflateInit(&stream);
    if (code != Z_OK) {
        return tyto_fail_memory(err, name);
    }
    while (code == Z_OK && out->length < TEXT_BYTES_MAX && !out->failed) {
        stream.next_out = part;
        stream.avail_out = sizeof(part);
        code = inflate(&stream, Z_NO_FLUSH);
        tyto_buffer_add(out, part, sizeof(part) - stream.avail_out);
    }
    inflateEnd(&stream);
    return code == Z_MEM_ERROR || out->failed ? tyto_fail_memory(err, name) : TYTO_OK;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* A profile as ImageMagick writes it: an empty line, what it is, its length, and lines of hex. */
static tyto_status read_profile(const uint8_t *text, size_t length, int *out, const char *name,
                                tyto_error *err)
{
    enum { HEAD_LINES = 3 };
    const uint8_t *at = text, *end = text + length;
    uint8_t *bytes = tyto_alloc(length, 1);
    size_t digits = 0;
    if (!bytes) {
        return tyto_fail_memory(err, name);
    }
    for (int line = 0; at && line < HEAD_LINES; line++) {
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
    for (; at && at < end; at++) {
        const int value = hex_digit(*at);
        if (value >= 0) {
            bytes[digits / 2] = (uint8_t)(digits % 2 ? bytes[digits / 2] << 4 | value : value);
            digits++;
        }
    }
    *out = tyto_exif_orientation(bytes, digits / 2);
    free(bytes);
    return TYTO_OK;
}

static tyto_status read_value(found *marks, const char *key, const uint8_t *text, size_t length,
                              const char *name, tyto_error *err)
{
    if (strcmp(key, XMP_KEY) == 0) {
        marks->xmp = tyto_xmp_orientation(text, length);
    } else if (strcmp(key, RAW_PROFILE) == 0) {
        marks->has_profile = true;
        return read_profile(text, length, &marks->profile, name, err);
    }
    return TYTO_OK;
}

/* Skips a text that ends in a zero. */
static void skip_text(tyto_cursor *cursor)
{
    const uint8_t *at = cursor->data + cursor->at,
                  *end = cursor->failed ? NULL : memchr(at, 0, cursor->length - cursor->at);
    (void)tyto_cursor_take(cursor, end ? (size_t)(end - at) + 1 : SIZE_MAX);
}

/* A chunk of text: its key, and its value, compressed or not. */
static tyto_status read_text(found *marks, const uint8_t *type, tyto_cursor chunk, const char *name,
                             tyto_error *err)
{
    const char *key = (const char *)chunk.data;
    bool compressed = memcmp(type, "zTXt", 4) == 0;
    skip_text(&chunk);
    if (chunk.failed || (strcmp(key, XMP_KEY) != 0 && strcmp(key, RAW_PROFILE) != 0)) {
        return TYTO_OK;
    }
    if (compressed) {
        (void)tyto_cursor_take(&chunk, 1);
    } else if (memcmp(type, "iTXt", 4) == 0) {
        compressed = tyto_cursor_little(&chunk, 1) != 0;
        (void)tyto_cursor_take(&chunk, 1);
        skip_text(&chunk); /* the language */
        skip_text(&chunk); /* the key in it */
    }
    if (chunk.failed) {
        return TYTO_OK;
    }
    const uint8_t *value = chunk.data + chunk.at;
    const size_t length = chunk.length - chunk.at;
    if (!compressed) {
        return length <= TEXT_BYTES_MAX ? read_value(marks, key, value, length, name, err)
                                        : TYTO_OK;
    }
    tyto_buffer text;
    tyto_buffer_init(&text, 2 * TEXT_BYTES_MAX);
    tyto_status status = inflate_text(value, length, &text, name, err);
    if (status == TYTO_OK && text.length > 0 && text.length < TEXT_BYTES_MAX) {
        status = read_value(marks, key, (const uint8_t *)text.data, text.length, name, err);
    }
    tyto_buffer_clear(&text);
    return status;
}

tyto_status tyto_png_orientation(const tyto_image_source *source, int32_t *out, tyto_error *err)
{
    found marks = {0};
    tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
    (void)tyto_cursor_take(&cursor, SIGNATURE_BYTES);
    for (;;) {
        const size_t length = (size_t)tyto_cursor_big(&cursor, 4);
        const uint8_t *type = tyto_cursor_take(&cursor, 4),
                      *data = tyto_cursor_take(&cursor, length);
        if (!data) {
            break;
        }
        if (memcmp(type, "eXIf", 4) == 0) {
            marks.has_exif = true;
            marks.exif = tyto_exif_orientation(data, length);
        } else if (memcmp(type + 1, "TXt", 3) == 0 || memcmp(type, "tEXt", 4) == 0) {
            TYTO_TRY(read_text(&marks, type, tyto_cursor_over(data, length), source->name, err));
        }
        (void)tyto_cursor_take(&cursor, 4);
    }
    const int exif = marks.has_exif ? marks.exif : marks.profile;
    *out = exif ? exif : marks.xmp;
    return TYTO_OK;
}
