#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/buffer.h"
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

#define CUT "its data is damaged or ends early"

/* The library's error handler with a way back. */
typedef struct handler {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    tyto_status status;
    char message[TYTO_IMAGE_MESSAGE_BYTES];
    bool ended;  /* the file ended before its end marker */
    bool lacked; /* the library made data up where there was none, or none that it could read */
} handler;

static void on_error(j_common_ptr codec)
{
    handler *errors = (handler *)codec->err;
    char text[JMSG_LENGTH_MAX];
    codec->err->format_message(codec, text);
    errors->status = codec->err->msg_code == JERR_OUT_OF_MEMORY      ? TYTO_E_MEMORY
                     : codec->err->msg_code == JERR_NO_BACKING_STORE ? TYTO_E_LIMIT
                                                                     : errors->status;
    snprintf(errors->message, sizeof(errors->message), "%.200s", text);
    longjmp(errors->back, 1);
}

/* Where data ends early, at the file's end or at a marker, the library goes on with grey: that is
 * noted. Other complaints are not. */
static void on_message(j_common_ptr codec, int level)
{
    handler *own = (handler *)codec->err;
    const int code = codec->err->msg_code;
    if (level < 0) {
        own->ended |= code == JWRN_JPEG_EOF;
        own->lacked |= code == JWRN_HIT_MARKER;
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
        handler *errors = (handler *)codec->err;
        errors->status = TYTO_E_LIMIT;
        snprintf(errors->message, sizeof(errors->message), "got more than %d scans", SCANS_MAX);
        longjmp(errors->back, 1);
    }
}

static bool begins(const struct jpeg_marker_struct *segment, const char *prefix, size_t bytes)
{
    return segment->marker == JPEG_APP0 + 1 && segment->data_length >= bytes &&
           memcmp(segment->data, prefix, bytes) == 0;
}

/* EXIF data may lie in several segments, of which all but the first are the rest of it; of XMP
 * packets the last one counts. */
static tyto_status marker_orientation(const struct jpeg_decompress_struct *reader, const char *name,
                                      int *out, tyto_error *err)
{
    const struct jpeg_marker_struct *first = NULL;
    tyto_buffer whole;
    int xmp = 0;
    tyto_buffer_init(&whole, TYTO_IMAGE_BYTES_MAX);
    for (const struct jpeg_marker_struct *m = reader->marker_list; m; m = m->next) {
        if (begins(m, EXIF_PREFIX, EXIF_PREFIX_BYTES)) {
            if (first && !whole.data) {
                tyto_buffer_add(&whole, first->data, first->data_length);
            }
            if (first) {
                tyto_buffer_add(&whole, m->data + EXIF_PREFIX_BYTES,
                                m->data_length - EXIF_PREFIX_BYTES);
            }
            first = first ? first : m;
        } else if (begins(m, XMP_PREFIX, sizeof(XMP_PREFIX))) {
            xmp = tyto_xmp_orientation(m->data + sizeof(XMP_PREFIX),
                                       m->data_length - sizeof(XMP_PREFIX));
        }
    }
    if (whole.failed) {
        tyto_buffer_clear(&whole);
        return tyto_fail_memory(err, name);
    }
    *out = whole.data ? tyto_exif_orientation((const uint8_t *)whole.data, whole.length)
           : first    ? tyto_exif_orientation(first->data, first->data_length)
                      : 0;
    *out = *out ? *out : xmp;
    tyto_buffer_clear(&whole);
    return TYTO_OK;
}

/* Whether the scans that came before the file's end say all there is to say. */
static bool scans_are_whole(const struct jpeg_decompress_struct *reader)
{
    if (reader->arith_code) {
        return false; /* such data may leave zeros out at its end: nobody can say */
    }
    for (int c = 0; c < reader->num_components; c++) {
        /* Known from a component's first scan on. */
        if (!reader->comp_info[c].quant_table) {
            return false;
        }
        for (int k = 0; reader->coef_bits && k < DCTSIZE2; k++) {
            if (reader->coef_bits[c][k] != 0) {
                return false;
            }
        }
    }
    return true;
}

/* Whether the file has fewer bits than the picture blocks, which have one each at least: nothing is
 * allocated for what can't be there. */
static bool is_surely_cut(const struct jpeg_decompress_struct *reader,
                          const tyto_image_source *source)
{
    int across = 1, down = 1;
    for (int c = 0; c < reader->num_components; c++) {
        const jpeg_component_info *part = &reader->comp_info[c];
        across = part->h_samp_factor > across ? part->h_samp_factor : across;
        down = part->v_samp_factor > down ? part->v_samp_factor : down;
    }
    const uint64_t columns = reader->image_width / ((unsigned)across * DCTSIZE),
                   rows = reader->image_height / ((unsigned)down * DCTSIZE);
    return !reader->arith_code && columns * rows > source->length * 8;
}

/* What is read so far; it outlives a jump. */
typedef struct picture {
    tyto_image *out;
    uint8_t *row;    /* of CMYK */
    uint8_t nothing; /* what rows without data are */
    int64_t rows;    /* that are there */
    int orientation;
} picture;

static tyto_status read_header(struct jpeg_decompress_struct *reader,
                               const tyto_image_source *source, picture *decoded, tyto_error *err)
{
    reader->mem->max_memory_to_use = LIBRARY_BYTES_MAX;
    jpeg_mem_src(reader, source->bytes, source->length);
    jpeg_save_markers(reader, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(reader, TRUE);
    TYTO_TRY(tyto_image_check_source(source, reader->image_width, reader->image_height, err));
    TYTO_TRY(marker_orientation(reader, source->name, &decoded->orientation, err));
    if (is_surely_cut(reader, source)) {
        TYTO_TRY(tyto_image_note_damage(source, true, "JPEG", CUT, decoded->out, err));
    }
    const bool cmyk = reader->num_components == 4;
    reader->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    decoded->nothing = cmyk ? 255 : 0;
    jpeg_start_decompress(reader);
    TYTO_TRY(tyto_image_make(reader->output_width, reader->output_height, decoded->out, err));
    decoded->out->orientation = decoded->orientation;
    if (cmyk) {
        decoded->row = tyto_alloc(reader->output_width, 4);
        if (!decoded->row) {
            return tyto_fail_memory(err, source->name);
        }
    }
    return TYTO_OK;
}

/* Everything between create and destroy; errors jump back to the caller. */
static tyto_status read_picture(struct jpeg_decompress_struct *reader,
                                const tyto_image_source *source, picture *decoded, tyto_error *err)
{
    TYTO_TRY(read_header(reader, source, decoded, err));
    const handler *errors = (const handler *)reader->err;
    while (reader->output_scanline < reader->output_height) {
        uint8_t *rgb =
            decoded->out->data + (size_t)reader->output_scanline * reader->output_width * 3;
        JSAMPROW rows[1] = {decoded->row ? decoded->row : rgb};
        jpeg_read_scanlines(reader, rows, 1);
        if (decoded->row) {
            /* Inks are taken as stored inverted, which is Adobe's way, whether or not the file says
             * that it is Adobe's: so does Pillow. */
            for (size_t i = 0; i < (size_t)reader->output_width * 4; i++) {
                decoded->row[i] = (uint8_t)(255 - decoded->row[i]);
            }
            tyto_cmyk_row(decoded->row, decoded->out->width_px, rgb);
        }
        decoded->rows = reader->output_scanline;
        if (errors->lacked && !source->use_damaged) {
            break;
        }
    }
    /* What follows the last row doesn't matter. */
    const bool cut = errors->lacked || (errors->ended && !scans_are_whole(reader));
    return cut ? tyto_image_note_damage(source, true, "JPEG", CUT, decoded->out, err) : TYTO_OK;
}

/* After a jump: with rows that were read before it, the file is a damaged one. */
static tyto_status damaged_at(const handler *errors, const tyto_image_source *source,
                              picture *decoded, tyto_error *err)
{
    if (errors->status != TYTO_E_FORMAT || decoded->rows == 0) {
        return tyto_fail(err, errors->status, "%s: JPEG: %s", source->name, errors->message);
    }
    const size_t row_bytes = (size_t)decoded->out->width_px * 3;
    memset(decoded->out->data + (size_t)decoded->rows * row_bytes, decoded->nothing,
           (size_t)(decoded->out->height_px - decoded->rows) * row_bytes);
    return tyto_image_note_damage(source, true, "JPEG", errors->message, decoded->out, err);
}

tyto_status tyto_jpeg_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    struct jpeg_decompress_struct reader = {0};
    struct jpeg_progress_mgr progress = {.progress_monitor = on_progress};
    handler errors = {0};
    picture decoded = {.out = out};
    volatile tyto_status status = TYTO_OK;
    start_handler(&errors, TYTO_E_FORMAT);
    reader.err = &errors.manager;
    if (setjmp(errors.back)) {
        status = damaged_at(&errors, source, &decoded, err);
    } else {
        jpeg_create_decompress(&reader);
        reader.progress = &progress;
        status = read_picture(&reader, source, &decoded, err);
    }
    jpeg_destroy_decompress(&reader);
    free(decoded.row);
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
