#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define TYPE_LONG 4

static uint64_t number(tyto_cursor *cursor, bool big, size_t bytes)
{
    return big ? tyto_cursor_big(cursor, bytes) : tyto_cursor_little(cursor, bytes);
}

int tyto_exif_orientation(const uint8_t *bytes, size_t length)
{
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
    cursor.at = offset;
    const uint64_t entries = number(&cursor, big, 2);
    for (uint64_t i = 0; i < entries && !cursor.failed; i++) {
        const uint64_t tag = number(&cursor, big, 2), type = number(&cursor, big, 2);
        (void)number(&cursor, big, 4);
        /* A short is in the first half of its field. */
        const uint64_t value = number(&cursor, big, type == TYPE_LONG ? 4 : 2);
        (void)tyto_cursor_take(&cursor, type == TYPE_LONG ? 0 : 2);
        if (!cursor.failed && tag == TAG_ORIENTATION && (type == TYPE_SHORT || type == TYPE_LONG)) {
            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 0;
}

int tyto_xmp_orientation(const uint8_t *bytes, size_t length)
{
    static const char name[] = "tiff:Orientation";
    const uint8_t *found = memmem(bytes, length, name, sizeof(name) - 1);
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    cursor.at = found ? (size_t)(found - bytes) + sizeof(name) - 1 : length;
    /* An attribute, ="6", or an element, >6<. */
    uint64_t next = tyto_cursor_little(&cursor, 1);
    if (next == '=') {
        next = tyto_cursor_little(&cursor, 1);
    }
    const uint64_t digit = tyto_cursor_little(&cursor, 1), after = tyto_cursor_little(&cursor, 1);
    const bool ends = next == '>' ? after == '<' : (next == '"' || next == '\'') && after == next;
    return !cursor.failed && ends && digit >= '1' && digit <= '8' ? (int)(digit - '0') : 0;
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
            const int64_t to = swap ? tx * turned.width_px + ty : ty * turned.width_px + tx;
            memcpy(turned.data + 3 * to, image->data + 3 * (y * w + x), 3);
        }
    }
    tyto_image_clear(image);
    *image = turned;
    return TYTO_OK;
}
