#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define TAG_ORIENTATION 0x0112
#define PREFIX "Exif\0"
#define PREFIX_BYTES 6
#define ENTRY_BYTES 12

static uint64_t number(tyto_cursor *cursor, bool big, size_t bytes)
{
    return big ? tyto_cursor_big(cursor, bytes) : tyto_cursor_little(cursor, bytes);
}

/* Bytes of a whole number of a TIFF type, signed or not; 0: it is none. */
static size_t type_bytes(uint64_t type)
{
    enum { SHORT = 3, LONG = 4, SBYTE = 6, SSHORT = 8, SLONG = 9, IFD = 13, LONG8 = 16 };
    switch (type) {
    case SBYTE:
        return 1;
    case SHORT:
    case SSHORT:
        return 2;
    case LONG:
    case SLONG:
    case IFD:
        return 4;
    case LONG8:
        return 8;
    default:
        return 0;
    }
}

/* The first value of the entry that the cursor is at, or 0: not a number, or beyond the data. */
static uint64_t entry_value(tyto_cursor entry, bool big)
{
    enum { FIELD_BYTES = 4 };
    const size_t size = type_bytes(number(&entry, big, 2));
    const uint64_t count = number(&entry, big, FIELD_BYTES);
    if (size == 0 || count == 0) {
        return 0;
    }
    if (count > FIELD_BYTES / size) {
        const uint64_t offset = number(&entry, big, FIELD_BYTES);
        /* All of the values must be there, or none is read. */
        if (entry.failed || offset > entry.length || count > (entry.length - offset) / size) {
            return 0;
        }
        entry.at = (size_t)offset;
    }
    const uint64_t value = number(&entry, big, size);
    return value >= 1 && value <= 8 ? value : 1;
}

int tyto_exif_orientation(const uint8_t *bytes, size_t length)
{
    for (int i = 0; i < 2 && length >= PREFIX_BYTES && memcmp(bytes, PREFIX, PREFIX_BYTES) == 0;
         i++) {
        bytes += PREFIX_BYTES;
        length -= PREFIX_BYTES;
    }
    if (length < 8) {
        return 0;
    }
    const bool big = bytes[0] == 'M';
    if (bytes[0] != bytes[1] || (bytes[0] != 'M' && bytes[0] != 'I')) {
        return 0;
    }
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    (void)tyto_cursor_take(&cursor, 2);
    const uint64_t magic = number(&cursor, big, 2), offset = number(&cursor, big, 4);
    if (cursor.failed || magic != 42 || offset > length) {
        return 0;
    }
    cursor.at = (size_t)offset;
    const uint64_t entries = number(&cursor, big, 2);
    uint64_t found = 0;
    for (uint64_t i = 0; i < entries && cursor.length - cursor.at >= ENTRY_BYTES; i++) {
        tyto_cursor entry = cursor;
        if (number(&entry, big, 2) == TAG_ORIENTATION) {
            const uint64_t value = entry_value(entry, big);
            found = value ? value : found; /* of several the last one counts */
        }
        (void)tyto_cursor_take(&cursor, ENTRY_BYTES);
    }
    return (int)found;
}

int tyto_xmp_orientation(const uint8_t *bytes, size_t length)
{
    static const char name[] = "tiff:Orientation";
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    /* Without a packet there may be no bytes to point at. */
    while (cursor.at < length) {
        const uint8_t *found =
            memmem(bytes + cursor.at, length - cursor.at, name, sizeof(name) - 1);
        if (!found) {
            break;
        }
        cursor.at = (size_t)(found - bytes) + sizeof(name) - 1;
        /* An attribute, ="6", or an element, >6<. */
        tyto_cursor after_name = cursor;
        uint64_t next = tyto_cursor_little(&after_name, 1);
        if (next == '=') {
            next = tyto_cursor_little(&after_name, 1);
        }
        const uint64_t digit = tyto_cursor_little(&after_name, 1),
                       after = tyto_cursor_little(&after_name, 1);
        const bool ends =
            next == '>' ? after == '<' : (next == '"' || next == '\'') && after == next;
        if (!after_name.failed && ends && digit >= '0' && digit <= '9') {
            return digit >= '1' && digit <= '8' ? (int)(digit - '0') : 0;
        }
    }
    return 0;
}

tyto_status tyto_image_orient(tyto_image *image, int orientation, tyto_error *err)
{
    if (orientation <= 1 || orientation > 8) {
        return TYTO_OK;
    }
    const bool swap = orientation >= 5;
    const int64_t w = image->width_px, h = image->height_px;
    tyto_image turned;
    TYTO_TRY(tyto_image_make(swap ? h : w, swap ? w : h, &turned, err));
    /* Where the stored pixel (x, y) goes: mirrored, flipped, or both, then transposed. */
    const bool mirror =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool flip = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    for (int64_t y = 0; y < h; y++) {
        for (int64_t x = 0; x < w; x++) {
            const int64_t tx = mirror ? w - 1 - x : x, ty = flip ? h - 1 - y : y;
            const int64_t place = swap ? tx * turned.width_px + ty : ty * turned.width_px + tx;
            memcpy(turned.data + 3 * place, image->data + 3 * (y * w + x), 3);
        }
    }
    turned.orientation = image->orientation;
    turned.damaged = image->damaged;
    tyto_image_clear(image);
    *image = turned;
    return TYTO_OK;
}
