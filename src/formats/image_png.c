#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <zlib.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* With each row as its difference from the one above: a tenth of the time that the best takes, and
 * files a tenth larger. */
#define COMPRESSION_LEVEL 2

/* What went wrong. Memory that the library does without, it would have needed for something. */
typedef struct png_failure {
    char message[TYTO_IMAGE_MESSAGE_BYTES];
    bool out_of_memory;
} png_failure;

#define SIGNATURE_BYTES 8
#define HEAD_BYTES 8
#define CRC_BYTES 4

/* The file as the library gets to see it: signature, IHDR, PLTE, IDAT and IEND. Other chunks could
 * make it allocate what they claim, and say nothing about pixels. */
typedef struct reader_state {
    const tyto_image_source *source;
    size_t at;           /* of the next chunk */
    const uint8_t *next; /* bytes that the library gets next */
    size_t left;
    const uint8_t *data; /* of the chunk whose head is being read */
    size_t data_left;
    uint8_t head[HEAD_BYTES];
    bool in_pixels; /* an IDAT chunk was there */
    bool ended;
    bool wrong; /* a checksum of pixels was */
} reader_state;

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes)
{
    png_failure *failure = png_get_mem_ptr(png);
    void *block = tyto_alloc(bytes, 1);
    failure->out_of_memory |= block == NULL;
    return block;
}

static void on_free(png_structp png, png_voidp block)
{
    (void)png;
    free(block);
}

static void on_error(png_structp png, png_const_charp text)
{
    png_failure *failure = png_get_error_ptr(png);
    snprintf(failure->message, TYTO_IMAGE_MESSAGE_BYTES, "%.200s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

/* The status after the library jumped back (`jumped`) or came to its end. */
static tyto_status outcome(const png_failure *failure, bool jumped, tyto_status otherwise,
                           const char *name, tyto_error *err)
{
    if (failure->out_of_memory) {
        return tyto_fail_memory(err, name);
    }
    return jumped ? tyto_fail(err, otherwise, "%s: PNG: %s", name, failure->message) : TYTO_OK;
}

/* The file's end, whether it is there or not. */
static void give_end(png_structp png, reader_state *state)
{
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    if (state->ended) {
        png_error(png, "the file ends early");
    }
    state->ended = true;
    state->next = end;
    state->left = sizeof(end);
}

/* Gives the chunk whose data lies behind its head; one that is cut becomes shorter. */
static void give_chunk(png_structp png, reader_state *state, const uint8_t *head, size_t length)
{
    const tyto_image_source *source = state->source;
    const bool pixels = memcmp(head + 4, "IDAT", 4) == 0;
    const size_t behind = source->length - state->at - HEAD_BYTES;
    const bool whole = behind >= CRC_BYTES && length <= behind - CRC_BYTES;
    const size_t there = length < behind ? length : behind;
    state->data = head + HEAD_BYTES;
    if (whole) {
        tyto_cursor crc = tyto_cursor_over(head + HEAD_BYTES + length, CRC_BYTES);
        const bool good = tyto_cursor_big(&crc, CRC_BYTES) == crc32_z(0, head + 4, 4 + length);
        state->wrong |= pixels && !good;
        if (!pixels && !good) {
            png_chunk_error(png, "CRC error");
        }
    } else if (!pixels) {
        give_end(png, state);
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        state->head[i] = (uint8_t)(there >> (24 - 8 * i));
    }
    memcpy(state->head + 4, head + 4, 4);
    state->next = state->head;
    state->left = HEAD_BYTES;
    /* Checksums were compared here; those that the library reads count for nothing. */
    state->data_left = there + CRC_BYTES;
    state->at = whole ? state->at + HEAD_BYTES + length + CRC_BYTES : source->length;
    state->in_pixels |= pixels;
}

static void give_next(png_structp png, reader_state *state)
{
    static const char *const kept[] = {"IHDR", "PLTE", "IDAT"};
    const tyto_image_source *source = state->source;
    for (;;) {
        tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
        cursor.at = state->at;
        const uint8_t *head = tyto_cursor_take(&cursor, HEAD_BYTES);
        if (!head) {
            break;
        }
        cursor.at = state->at;
        const size_t length = (size_t)tyto_cursor_big(&cursor, 4);
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
            if (memcmp(head + 4, kept[i], 4) == 0) {
                give_chunk(png, state, head, length);
                return;
            }
        }
        /* Pixels end where another chunk begins. */
        if (state->in_pixels || length + CRC_BYTES > source->length - state->at - HEAD_BYTES) {
            break;
        }
        state->at += HEAD_BYTES + length + CRC_BYTES;
    }
    give_end(png, state);
}

static void read_bytes(png_structp png, png_bytep out, size_t count)
{
    reader_state *state = png_get_io_ptr(png);
    while (count > 0) {
        if (state->left == 0 && state->data_left > 0) {
            /* The end of a file that is cut lacks its checksum. */
            static const uint8_t none[CRC_BYTES];
            const uint8_t *end = state->source->bytes + state->source->length;
            const size_t there = (size_t)(end - state->data);
            state->next = there > 0 ? state->data : none;
            state->left = there > 0 && there < state->data_left ? there : state->data_left;
            state->data += there > 0 ? state->left : 0;
            state->data_left -= state->left;
        } else if (state->left == 0) {
            give_next(png, state);
        }
        const size_t part = count < state->left ? count : state->left;
        memcpy(out, state->next, part);
        out += part;
        count -= part;
        state->next += part;
        state->left -= part;
    }
}

/* Every colour type becomes 8-bit RGB; 16 bits keep their high byte, alpha is dropped. */
static void ask_for_rgb(png_structp png, png_infop info)
{
    const int type = png_get_color_type(png, info);
    png_set_strip_16(png);
    if (type == PNG_COLOR_TYPE_PALETTE) {
        png_set_palette_to_rgb(png);
    }
    if (type == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) < 8) {
        png_set_expand_gray_1_2_4_to_8(png);
    }
    if (type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_GRAY_ALPHA) {
        png_set_gray_to_rgb(png);
    }
    png_set_strip_alpha(png);
}

/* Pixels that no row says anything about are of a palette's first colour, else black. */
static void fill_unread(const png_color *colour, tyto_image *out)
{
    for (int64_t i = 0; i < out->width_px * out->height_px; i++) {
        memcpy(out->data + 3 * i, (uint8_t[]){colour->red, colour->green, colour->blue}, 3);
    }
}

/* Everything that can jump back to the caller. */
static tyto_status read_picture(png_structp png, png_infop info, const tyto_image_source *source,
                                tyto_image *out, tyto_error *err)
{
    png_set_user_limits(png, TYTO_IMAGE_SIDE_MAX, TYTO_IMAGE_SIDE_MAX);
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_read_info(png, info);
    const png_uint_32 width = png_get_image_width(png, info),
                      height = png_get_image_height(png, info);
    TYTO_TRY(tyto_image_check_source(source, width, height, err));
    png_colorp palette;
    const bool has_palette = png_get_PLTE(png, info, &palette, &(int){0}) != 0 &&
                             png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE;
    ask_for_rgb(png, info);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: PNG: its colours do not become RGB",
                         source->name);
    }
    TYTO_TRY(tyto_image_make(width, height, out, err));
    if (source->use_damaged && has_palette) {
        fill_unread(palette, out);
    }
    for (int pass = 0; pass < passes; pass++) {
        for (png_uint_32 y = 0; y < height; y++) {
            png_read_row(png, out->data + (size_t)y * width * 3, NULL);
        }
    }
    return TYTO_OK;
}

/* After the library jumped back, out of rows or out of what follows them. */
static tyto_status judge(png_structp png, const png_failure *failure, bool jumped,
                         const reader_state *state, tyto_image *out, tyto_error *err)
{
    enum { PASSES = 7 };
    const tyto_image_source *source = state->source;
    if (failure->out_of_memory || (jumped && !out->data)) {
        return outcome(failure, jumped, TYTO_E_FORMAT, source->name, err);
    }
    const png_uint_32 row = png_get_current_row_number(png);
    const int pass = png_get_current_pass_number(png);
    const bool all = !jumped || row == (png_uint_32)out->height_px || pass >= PASSES;
    if (state->wrong) {
        return tyto_image_note_damage(source, row > 0 || pass > 0, "PNG", "IDAT: CRC error", out,
                                      err);
    }
    return all ? TYTO_OK
               : tyto_image_note_damage(source, row > 0 || pass > 0, "PNG", failure->message, out,
                                        err);
}

tyto_status tyto_png_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    reader_state state = {
        .source = source, .at = SIGNATURE_BYTES, .next = source->bytes, .left = SIGNATURE_BYTES};
    volatile tyto_status status = TYTO_OK;
    png_failure failure = {0};
    png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &failure, on_error,
                                               on_warning, &failure, on_alloc, on_free);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return tyto_fail_memory(err, source->name);
    }
    if (setjmp(png_jmpbuf(png))) {
        status = judge(png, &failure, true, &state, out, err);
    } else {
        png_set_read_fn(png, &state, read_bytes);
        status = read_picture(png, info, source, out, err);
        if (status == TYTO_OK) {
            status = judge(png, &failure, false, &state, out, err);
        }
    }
    png_destroy_read_struct(&png, &info, NULL);
    return status == TYTO_OK ? tyto_png_orientation(source, &out->orientation, err) : status;
}

static void write_picture(png_structp png, png_infop info, FILE *stream, const tyto_image *image)
{
    png_init_io(png, stream);
    png_set_compression_level(png, COMPRESSION_LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
    png_set_IHDR(png, info, (png_uint_32)image->width_px, (png_uint_32)image->height_px, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int64_t y = 0; y < image->height_px; y++) {
        png_write_row(png, image->data + y * image->width_px * 3);
    }
    png_write_end(png, info);
}

tyto_status tyto_png_encode(FILE *stream, const char *name, const tyto_image *image,
                            tyto_error *err)
{
    png_failure failure = {0};
    volatile tyto_status status = TYTO_OK;
    png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &failure, on_error,
                                                on_warning, &failure, on_alloc, on_free);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return tyto_fail_memory(err, name);
    }
    if (setjmp(png_jmpbuf(png))) {
        status = outcome(&failure, true, TYTO_E_IO, name, err);
    } else {
        write_picture(png, info, stream, image);
    }
    png_destroy_write_struct(&png, &info);
    return status;
}
