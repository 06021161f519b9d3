#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define QUALITY 92
/* Most memory that the library may take for a progressive file's coefficients. */
#define LIBRARY_BYTES_MAX (2000L * 1000 * 1000)
/* A progressive file may hold at most this many scans: more only burn time. */
#define SCANS_MAX 100
#define EXIF_PREFIX "Exif\0"
#define EXIF_PREFIX_BYTES 6
#define XMP_PREFIX "http://ns.adobe.com/xap/1.0/"

/* The library's error handler with a way back. */
typedef struct handler {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    tyto_status status;
    char message[TYTO_IMAGE_MESSAGE_BYTES];
} handler;

static void on_error(j_common_ptr codec)
{
    handler *to = (handler *)codec->err;
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    to->status = codec->err->msg_code == JERR_OUT_OF_MEMORY      ? TYTO_E_MEMORY
                 : codec->err->msg_code == JERR_NO_BACKING_STORE ? TYTO_E_LIMIT
                                                                 : to->status;
    snprintf(to->message, sizeof(to->message), "%.200s", text);
    longjmp(to->back, 1);
}

/* Data that ends early, at the file's end or at a marker, is an error: the library would paint what
 * is missing grey. Other complaints are not. */
static void on_message(j_common_ptr codec, int level)
{
    const int code = codec->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) {
        on_error(codec);
    }
}

static void on_output(j_common_ptr codec)
{
    (void)codec;
}

/* status: what an error is that is neither memory nor a limit. */
static void start_handler(handler *errors, tyto_status status)
{
    errors->status = status;
    jpeg_std_error(&errors->manager);
    errors->manager.error_exit = on_error;
    errors->manager.emit_message = on_message;
    errors->manager.output_message = on_output;
}

static void on_progress(j_common_ptr codec)
{
    j_decompress_ptr reader = (j_decompress_ptr)codec;
    if (reader->input_scan_number > SCANS_MAX) {
        handler *to = (handler *)codec->err;
        to->status = TYTO_E_LIMIT;
        snprintf(to->message, sizeof(to->message), "got more than %d scans", SCANS_MAX);
        longjmp(to->back, 1);
    }
}

static int marker_orientation(const struct jpeg_decompress_struct *reader)
{
    int exif = 0, xmp = 0;
    for (jpeg_saved_marker_ptr m = reader->marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length > EXIF_PREFIX_BYTES &&
            memcmp(m->data, EXIF_PREFIX, EXIF_PREFIX_BYTES) == 0 && !exif) {
            exif = tyto_exif_orientation(m->data + EXIF_PREFIX_BYTES,
                                         m->data_length - EXIF_PREFIX_BYTES);
        } else if (m->marker == JPEG_APP0 + 1 && m->data_length > sizeof(XMP_PREFIX) &&
                   memcmp(m->data, XMP_PREFIX, sizeof(XMP_PREFIX)) == 0 && !xmp) {
            xmp = tyto_xmp_orientation(m->data + sizeof(XMP_PREFIX),
                                       m->data_length - sizeof(XMP_PREFIX));
        }
    }
    return exif ? exif : xmp ? xmp : 1;
}

/* One row of CMYK to RGB: channel = (255 − ink)·(255 − black)/255, as Pillow rounds it. Inks are
 * taken as stored inverted, which is Adobe's way, whether or not the file says that it is Adobe's:
 * so does Pillow. */
static void cmyk_row(const uint8_t *row, int64_t width, uint8_t *to)
{
    for (int64_t x = 0; x < width; x++) {
        const int black = row[4 * x + 3];
        for (int c = 0; c < 3; c++) {
            const int product = (255 - row[4 * x + c]) * black + 128;
            const int rounded = (product + (product >> 8)) >> 8;
            const int value = black - rounded;
            to[3 * x + c] = (uint8_t)(value < 0 ? 0 : value);
        }
    }
}

/* Everything between create and destroy; errors jump back to the caller. */
static tyto_status read_picture(struct jpeg_decompress_struct *reader,
                                const tyto_image_source *source, uint8_t **row, tyto_image *out,
                                int *orientation, tyto_error *err)
{
    reader->mem->max_memory_to_use = LIBRARY_BYTES_MAX;
    jpeg_mem_src(reader, source->bytes, source->length);
    jpeg_save_markers(reader, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(reader, TRUE);
    TYTO_TRY(tyto_image_check_size(source->name, reader->image_width, reader->image_height, err));
    *orientation = marker_orientation(reader);
    const bool cmyk = reader->num_components == 4;
    reader->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(reader);
    TYTO_TRY(tyto_image_make(reader->output_width, reader->output_height, out, err));
    if (cmyk) {
        *row = tyto_alloc(reader->output_width, 4);
        if (!*row) {
            return tyto_fail_memory(err, source->name);
        }
    }
    while (reader->output_scanline < reader->output_height) {
        uint8_t *to = out->data + (size_t)reader->output_scanline * reader->output_width * 3;
        JSAMPROW rows[1] = {cmyk ? *row : to};
        jpeg_read_scanlines(reader, rows, 1);
        if (cmyk) {
            cmyk_row(*row, out->width_px, to);
        }
    }
    jpeg_finish_decompress(reader);
    return TYTO_OK;
}

tyto_status tyto_jpeg_decode(const tyto_image_source *source, tyto_image *out, int *orientation,
                             tyto_error *err)
{
    struct jpeg_decompress_struct reader = {0};
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    handler errors = {0};
    uint8_t *volatile row = NULL;
    volatile tyto_status status = TYTO_OK;
    start_handler(&errors, TYTO_E_FORMAT);
    reader.err = &errors.manager;
    if (setjmp(errors.back)) {
        status = tyto_fail(err, errors.status, "%s: JPEG: %s", source->name, errors.message);
    } else {
        jpeg_create_decompress(&reader);
        reader.progress = &progress;
        status = read_picture(&reader, source, (uint8_t **)(uintptr_t)&row, out, orientation, err);
    }
    jpeg_destroy_decompress(&reader);
    free(row);
    return status;
}

static void write_picture(struct jpeg_compress_struct *writer, FILE *stream,
                          const tyto_image *image)
{
    jpeg_stdio_dest(writer, stream);
    writer->image_width = (JDIMENSION)image->width_px;
    writer->image_height = (JDIMENSION)image->height_px;
    writer->input_components = 3;
    writer->in_color_space = JCS_RGB;
    jpeg_set_defaults(writer);
    jpeg_set_quality(writer, QUALITY, TRUE);
    /* Colours at full resolution: labels and lines of drawings have sharp edges. */
    writer->comp_info[0].h_samp_factor = writer->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(writer, TRUE);
    while (writer->next_scanline < writer->image_height) {
        JSAMPROW rows[1] = {image->data + (size_t)writer->next_scanline * writer->image_width * 3};
        jpeg_write_scanlines(writer, rows, 1);
    }
    jpeg_finish_compress(writer);
}

tyto_status tyto_jpeg_encode(FILE *stream, const char *name, const tyto_image *image,
                             tyto_error *err)
{
    struct jpeg_compress_struct writer = {0};
    handler errors = {0};
    volatile tyto_status status = TYTO_OK;
    start_handler(&errors, TYTO_E_IO);
    writer.err = &errors.manager;
    if (setjmp(errors.back)) {
        status = tyto_fail(err, errors.status, "%s: JPEG: %s", name, errors.message);
    } else {
        jpeg_create_compress(&writer);
        write_picture(&writer, stream, image);
    }
    jpeg_destroy_compress(&writer);
    return status;
}
