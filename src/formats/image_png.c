#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* Most memory for one ancillary chunk, and most such chunks: text and colour profiles. */
#define CHUNK_BYTES_MAX (8u * 1000 * 1000)
#define CHUNKS_MAX 1000
/* With each row as its difference from the one above: a tenth of the time that the best takes, and
 * files a tenth larger. */
#define COMPRESSION_LEVEL 2

/* What went wrong. Memory that the library does without, it would have needed for something. */
typedef struct png_failure {
    char message[TYTO_IMAGE_MESSAGE_BYTES];
    bool out_of_memory;
} png_failure;

/* Bytes being read. */
typedef struct reader_state {
    const tyto_image_source *source;
    size_t at;
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

static void read_bytes(png_structp png, png_bytep to, size_t count)
{
    reader_state *state = png_get_io_ptr(png);
    if (count > state->source->length - state->at) {
        png_error(png, "the file ends early");
    }
    memcpy(to, state->source->bytes + state->at, count);
    state->at += count;
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

static int find_orientation(png_structp png, png_infop info)
{
    png_uint_32 exif_bytes;
    png_bytep exif;
    png_textp texts;
    int count, found = 0;
    if (png_get_eXIf_1(png, info, &exif_bytes, &exif)) {
        found = tyto_exif_orientation(exif, exif_bytes);
    }
    png_get_text(png, info, &texts, &count);
    for (int i = 0; i < count && !found; i++) {
        if (strcmp(texts[i].key, "XML:com.adobe.xmp") == 0) {
            found = tyto_xmp_orientation((const uint8_t *)texts[i].text, strlen(texts[i].text));
        }
    }
    return found ? found : 1;
}

/* Everything that can jump back to the caller. */
static tyto_status read_picture(png_structp png, png_infop info, const tyto_image_source *source,
                                png_bytep **rows, tyto_image *out, int *orientation,
                                tyto_error *err)
{
    png_set_user_limits(png, TYTO_IMAGE_SIDE_MAX, TYTO_IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(png, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(png, CHUNKS_MAX);
    png_read_info(png, info);
    const png_uint_32 width = png_get_image_width(png, info),
                      height = png_get_image_height(png, info);
    TYTO_TRY(tyto_image_check_size(source->name, width, height, err));
    ask_for_rgb(png, info);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if (png_get_rowbytes(png, info) != (size_t)width * 3) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: PNG: its colours do not become RGB",
                         source->name);
    }
    TYTO_TRY(tyto_image_make(width, height, out, err));
    *rows = tyto_alloc(height, sizeof(**rows));
    if (!*rows) {
        return tyto_fail_memory(err, source->name);
    }
    for (png_uint_32 y = 0; y < height; y++) {
        (*rows)[y] = out->data + (size_t)y * width * 3;
    }
    png_read_image(png, *rows);
    png_read_end(png, info);
    *orientation = find_orientation(png, info);
    return TYTO_OK;
}

tyto_status tyto_png_decode(const tyto_image_source *source, tyto_image *out, int *orientation,
                            tyto_error *err)
{
    reader_state state = {.source = source};
    png_bytep *volatile rows = NULL;
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
        status = outcome(&failure, true, TYTO_E_FORMAT, source->name, err);
    } else {
        png_set_read_fn(png, &state, read_bytes);
        status =
            read_picture(png, info, source, (png_bytep **)(uintptr_t)&rows, out, orientation, err);
        if (status == TYTO_OK) {
            status = outcome(&failure, false, TYTO_E_FORMAT, source->name, err);
        }
    }
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    return status;
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
