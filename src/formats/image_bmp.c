/* BMP: rows as they lie in the file, or in runs of equal pixels. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define CUT "its data is damaged or ends early"
#define FILE_HEADER_BYTES 14
#define COLOURS_MAX 65536

enum { PLAIN = 0, RUNS_8 = 1, RUNS_4 = 2, MASKS = 3 };

/* What the headers say. */
typedef struct layout {
    int64_t width, height;
    bool top_down;
    uint64_t bits, compression;
    size_t offset; /* of the rows */
    uint8_t palette[256][3];
    uint64_t masks[3]; /* red, green, blue */
} layout;

static tyto_status fail(const tyto_image_source *source, const char *what, uint64_t got,
                        tyto_error *err)
{
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: BMP: got %s %llu, which isn't read",
                     source->name, what, (unsigned long long)got);
}

static void read_palette(tyto_cursor cursor, uint64_t colours, size_t padding, layout *out)
{
    int count = 0;
    for (; count < 256 && (uint64_t)count < colours; count++) {
        const uint8_t *bgr = tyto_cursor_take(&cursor, padding);
        for (size_t c = 0; bgr && c < 3; c++) {
            out->palette[count][c] = bgr[2 - c];
        }
        if (!bgr) {
            break;
        }
    }
    tyto_palette_complete(out->palette, count);
}

/* Channels of 16 bits, or whole bytes of 32. */
static tyto_status check_masks(const tyto_image_source *source, layout *out, tyto_error *err)
{
    static const uint64_t of_565[] = {0xf800, 0x7e0, 0x1f}, of_555[] = {0x7c00, 0x3e0, 0x1f},
                          of_888[] = {0xff0000, 0xff00, 0xff};
    uint64_t *masks = out->masks;
    if (out->bits == 16) {
        if (out->compression != MASKS) {
            memcpy(masks, of_555, sizeof(of_555));
        }
        return memcmp(masks, of_565, sizeof(of_565)) == 0 ||
                       memcmp(masks, of_555, sizeof(of_555)) == 0
                   ? TYTO_OK
                   : fail(source, "the red mask", masks[0], err);
    }
    if (out->compression != MASKS || (masks[0] | masks[1] | masks[2]) == 0) {
        memcpy(masks, of_888, sizeof(of_888));
    }
    for (int c = 0; c < 3; c++) {
        const bool of_byte = masks[c] == 0xff || masks[c] == 0xff00 || masks[c] == 0xff0000 ||
                             (masks[c] == 0xff000000 && out->bits == 32);
        if (!of_byte) {
            return fail(source, "the mask", masks[c], err);
        }
    }
    return TYTO_OK;
}

static tyto_status read_layout(const tyto_image_source *source, layout *out, tyto_error *err)
{
    tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
    (void)tyto_cursor_take(&cursor, FILE_HEADER_BYTES - 4);
    out->offset = (size_t)tyto_cursor_little(&cursor, 4);
    const uint64_t header = tyto_cursor_little(&cursor, 4);
    const bool old = header == 12;
    uint64_t colours = 0;
    if (cursor.failed) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: BMP: %s", source->name, CUT);
    }
    if (!old && header != 40 && header != 52 && header != 56 && header != 64 && header != 108 &&
        header != 124) {
        return fail(source, "a header of length", header, err);
    }
    out->width = (int64_t)tyto_cursor_little(&cursor, old ? 2 : 4);
    out->height = (int64_t)tyto_cursor_little(&cursor, old ? 2 : 4);
    (void)tyto_cursor_take(&cursor, 2);
    out->bits = tyto_cursor_little(&cursor, 2);
    if (!old) {
        out->top_down = out->height >> 24 == 0xff;
        out->height = out->top_down ? ((int64_t)1 << 32) - out->height : out->height;
        out->compression = tyto_cursor_little(&cursor, 4);
        (void)tyto_cursor_take(&cursor, 12);
        colours = tyto_cursor_little(&cursor, 4);
        (void)tyto_cursor_take(&cursor, 4);
        for (int c = 0; c < 3 && (header >= 52 || out->compression == MASKS); c++) {
            out->masks[c] = tyto_cursor_little(&cursor, 4);
        }
    }
    if (cursor.failed) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: BMP: %s", source->name, CUT);
    }
    TYTO_TRY(tyto_image_check_source(source, (uint64_t)out->width, (uint64_t)out->height, err));
    const bool runs = out->compression == RUNS_8 || out->compression == RUNS_4;
    if (out->compression > MASKS || (runs && out->bits > 8)) {
        return fail(source, "compression", out->compression, err);
    }
    if (out->bits >= 16) {
        const bool known = out->bits == 16 || out->bits == 24 || out->bits == 32;
        return known ? check_masks(source, out, err) : fail(source, "a depth of", out->bits, err);
    }
    if (out->bits != 1 && out->bits != 4 && out->bits != 8) {
        return fail(source, "a depth of", out->bits, err);
    }
    colours = colours ? colours : (uint64_t)1 << out->bits;
    if (colours > COLOURS_MAX) {
        return fail(source, "a palette of colours", colours, err);
    }
    const size_t padding = old ? 3 : 4;
    cursor.at = FILE_HEADER_BYTES + (size_t)header;
    if (cursor.at > cursor.length) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: BMP: %s", source->name, CUT);
    }
    read_palette(cursor, colours, padding, out);
    if (out->offset == FILE_HEADER_BYTES + header || out->offset == 0) {
        out->offset = FILE_HEADER_BYTES + (size_t)header + padding * (size_t)colours;
    }
    return TYTO_OK;
}

static uint8_t *row_at(const layout *l, tyto_image *out, int64_t y)
{
    return out->data + 3 * l->width * (l->top_down ? y : l->height - 1 - y);
}

static uint8_t channel(uint64_t pixel, uint64_t mask)
{
    int shift = 0;
    while (!(mask >> shift & 1)) {
        shift++;
    }
    const uint64_t most = mask >> shift;
    return (uint8_t)((pixel >> shift & most) * 255 / most);
}

static void unpack_row(const layout *l, const uint8_t *row, uint8_t *rgb)
{
    const size_t bits = (size_t)l->bits;
    for (size_t x = 0; x < (size_t)l->width; x++) {
        if (bits <= 8) {
            const size_t shift = 8 - bits - x * bits % 8;
            memcpy(rgb + 3 * x,
                   l->palette[(unsigned)row[x * bits / 8] >> shift & ((1U << bits) - 1)], 3);
            continue;
        }
        uint64_t pixel = 0;
        for (size_t i = 0; i < bits / 8; i++) {
            pixel |= (uint64_t)row[x * bits / 8 + i] << (8 * i);
        }
        for (size_t c = 0; c < 3; c++) {
            rgb[3 * x + c] = channel(pixel, l->masks[c]);
        }
    }
}

/* Returns how many rows are there. */
static int64_t read_rows(const tyto_image_source *source, const layout *l, tyto_image *out)
{
    const size_t used = ((size_t)l->width * (size_t)l->bits + 7) / 8,
                 stride = ((size_t)l->width * (size_t)l->bits + 31) / 32 * 4;
    for (int64_t y = 0; y < l->height; y++) {
        const size_t at = l->offset + (size_t)y * stride;
        if (at > source->length || used > source->length - at) {
            return y;
        }
        unpack_row(l, source->bytes + at, row_at(l, out, y));
    }
    return l->height;
}

/* Where the next pixel of runs goes. */
typedef struct pen {
    const layout *l;
    tyto_image *out;
    int64_t at, count; /* in rows from the file's first on */
    int64_t x;         /* in the row, which ends where the file says so */
} pen;

static void put(pen *p, uint8_t index)
{
    if (p->at < p->count) {
        memcpy(row_at(p->l, p->out, p->at / p->l->width) + 3 * (p->at % p->l->width),
               p->l->palette[index], 3);
        p->at++;
    }
}

static uint8_t index_of(const layout *l, const uint8_t *bytes, uint64_t i)
{
    const uint8_t byte = l->compression == RUNS_4 ? bytes[i / 2] : bytes[i];
    return l->compression != RUNS_4 ? byte : i % 2 ? byte & 15 : byte >> 4;
}

/* An escape of runs; false at the bitmap's end. */
static bool read_escape(pen *p, tyto_cursor *cursor, uint64_t code)
{
    enum { LINE = 0, END = 1, DELTA = 2 };
    const int64_t width = p->l->width;
    if (code == END) {
        p->at = p->count;
        return false;
    }
    if (code == LINE) {
        p->at = tyto_round_up(p->at, width);
        p->x = 0;
    } else if (code == DELTA) {
        const int64_t right = (int64_t)tyto_cursor_little(cursor, 1),
                      up = (int64_t)tyto_cursor_little(cursor, 1);
        p->at = cursor->failed ? p->at : tyto_min_i64(p->count, p->at + right + up * width);
        p->x = p->at % width;
    } else {
        const uint64_t bytes = p->l->compression == RUNS_4 ? (code + 1) / 2 : code;
        const uint8_t *literal = tyto_cursor_take(cursor, (size_t)bytes);
        for (uint64_t i = 0; literal && i < code; i++) {
            put(p, index_of(p->l, literal, i));
        }
        p->x += (int64_t)code;
        if (cursor->at % 2) {
            (void)tyto_cursor_take(cursor, 1);
        }
    }
    return true;
}

/* Returns how many rows are there. */
static int64_t read_runs(const tyto_image_source *source, const layout *l, tyto_image *out)
{
    pen p = {.l = l, .out = out, .count = l->width * l->height};
    tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
    (void)tyto_cursor_take(&cursor, l->offset);
    bool more = true;
    while (more && p.at < p.count && !cursor.failed) {
        const uint64_t count = tyto_cursor_little(&cursor, 1);
        const uint8_t byte = (uint8_t)tyto_cursor_little(&cursor, 1);
        if (cursor.failed) {
            break;
        }
        const uint8_t pair[] = {byte, byte};
        const uint64_t left = (uint64_t)tyto_max_i64(0, l->width - p.x),
                       drawn = count < left ? count : left;
        for (uint64_t i = 0; i < drawn; i++) {
            put(&p, index_of(l, pair, l->compression == RUNS_4 ? i % 2 : 0));
        }
        p.x += (int64_t)drawn;
        more = count > 0 || read_escape(&p, &cursor, byte);
    }
    return p.at / l->width;
}

tyto_status tyto_bmp_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    layout l = {0};
    TYTO_TRY(read_layout(source, &l, err));
    TYTO_TRY(tyto_image_make(l.width, l.height, out, err));
    const bool runs = l.compression == RUNS_8 || l.compression == RUNS_4;
    if (l.bits <= 8 && (runs || source->use_damaged)) {
        /* What no run reaches is of the first colour. */
        for (int64_t i = 0; i < l.width * l.height; i++) {
            memcpy(out->data + 3 * i, l.palette[0], 3);
        }
    }
    const int64_t rows = runs ? read_runs(source, &l, out) : read_rows(source, &l, out);
    return rows == l.height ? TYTO_OK
                            : tyto_image_note_damage(source, rows > 0, "BMP", CUT, out, err);
}
