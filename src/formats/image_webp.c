#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/encode.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define QUALITY 90.0f
/* "RIFF", the size of what follows, "WEBP" */
#define RIFF_HEADER_BYTES 12
/* Place, size, duration and flags of a frame come before its data. */
#define FRAME_HEADER_BYTES 16

/* What a file holds besides its pixels: where its first frame lies, and its orientation. */
typedef struct webp_layout {
    const uint8_t *frame; /* of an animation; NULL: there is none */
    size_t frame_bytes;
    int64_t x_px, y_px;
    int orientation, xmp_orientation; /* 0: it gives none */
} webp_layout;

static void read_frame(const uint8_t *bytes, size_t length, webp_layout *out)
{
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    const int64_t x = (int64_t)tyto_cursor_little(&cursor, 3),
                  y = (int64_t)tyto_cursor_little(&cursor, 3);
    if (!out->frame && length > FRAME_HEADER_BYTES) {
        *out = (webp_layout){bytes + FRAME_HEADER_BYTES, length - FRAME_HEADER_BYTES, 2 * x, 2 * y,
                             out->orientation,           out->xmp_orientation};
    }
}

/* Walks the chunks; what is cut off at the end is for the decoder to judge. */
static webp_layout read_layout(const tyto_image_source *source)
{
    webp_layout out = {0};
    tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
    (void)tyto_cursor_take(&cursor, RIFF_HEADER_BYTES);
    while (!cursor.failed && cursor.at < cursor.length) {
        const uint8_t *id = tyto_cursor_take(&cursor, 4);
        const size_t length = (size_t)tyto_cursor_little(&cursor, 4);
        const uint8_t *bytes = tyto_cursor_take(&cursor, length);
        if (!bytes) {
            break;
        }
        if (memcmp(id, "ANMF", 4) == 0) {
            read_frame(bytes, length, &out);
        } else if (memcmp(id, "EXIF", 4) == 0) {
            out.orientation = tyto_exif_orientation(bytes, length);
        } else if (memcmp(id, "XMP ", 4) == 0) {
            out.xmp_orientation = tyto_xmp_orientation(bytes, length);
        }
        (void)tyto_cursor_take(&cursor, length & 1);
    }
    return out;
}

static tyto_status fail(const tyto_image_source *source, VP8StatusCode code, tyto_error *err)
{
    /* Nobody aborts here but the library itself, when it has no memory for its rows. */
    return code == VP8_STATUS_OUT_OF_MEMORY || code == VP8_STATUS_USER_ABORT
               ? tyto_fail_memory(err, source->name)
               : tyto_fail(err, TYTO_E_FORMAT, "%s: WebP: its data is damaged or cut",
                           source->name);
}

/* Decodes one frame into its place on the picture; alpha is dropped. */
static tyto_status decode_frame(const tyto_image_source *source, const webp_layout *at,
                                tyto_image *image, tyto_error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: WebP: the library is another version",
                         source->name);
    }
    const uint8_t *bytes = at->frame ? at->frame : source->bytes;
    const size_t length = at->frame ? at->frame_bytes : source->length;
    VP8StatusCode code = WebPGetFeatures(bytes, length, &config.input);
    if (code != VP8_STATUS_OK) {
        return fail(source, code, err);
    }
    const int64_t w = image->width_px, h = image->height_px;
    if (at->x_px + config.input.width > w || at->y_px + config.input.height > h) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: WebP: its first frame does not fit %lldx%lld",
                         source->name, (long long)w, (long long)h);
    }
    const size_t offset = (size_t)(at->y_px * w + at->x_px) * 3;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = image->data + offset;
    config.output.u.RGBA.stride = (int)w * 3;
    config.output.u.RGBA.size = (size_t)(w * h) * 3 - offset;
    code = WebPDecode(bytes, length, &config);
    return code == VP8_STATUS_OK ? TYTO_OK : fail(source, code, err);
}

tyto_status tyto_webp_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(source->bytes, source->length, &features) != VP8_STATUS_OK) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: WebP: its header is damaged or cut",
                         source->name);
    }
    TYTO_TRY(
        tyto_image_check_source(source, (uint64_t)features.width, (uint64_t)features.height, err));
    webp_layout layout = read_layout(source);
    const int orientation = layout.orientation ? layout.orientation : layout.xmp_orientation;
    if (!features.has_animation) {
        layout = (webp_layout){0};
    } else if (!layout.frame) {
        return fail(source, VP8_STATUS_NOT_ENOUGH_DATA, err);
    }
    TYTO_TRY(tyto_image_make(features.width, features.height, out, err));
    out->orientation = orientation;
    return decode_frame(source, &layout, out, err);
}

static int write_bytes(const uint8_t *bytes, size_t count, const WebPPicture *picture)
{
    return fwrite(bytes, 1, count, picture->custom_ptr) == count;
}

tyto_status tyto_webp_encode(FILE *stream, const char *name, const tyto_image *image,
                             tyto_error *err)
{
    WebPConfig config;
    WebPPicture picture;
    if (image->width_px > WEBP_MAX_DIMENSION || image->height_px > WEBP_MAX_DIMENSION) {
        return tyto_fail(
            err, TYTO_E_LIMIT, "%s: WebP: got %lldx%lld pixels, required at most %d a side", name,
            (long long)image->width_px, (long long)image->height_px, WEBP_MAX_DIMENSION);
    }
    if (!WebPConfigPreset(&config, WEBP_PRESET_DEFAULT, QUALITY) || !WebPPictureInit(&picture)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: WebP: the library is another version", name);
    }
    picture.width = (int)image->width_px;
    picture.height = (int)image->height_px;
    picture.writer = write_bytes;
    picture.custom_ptr = stream;
    const bool done = WebPPictureImportRGB(&picture, image->data, (int)image->width_px * 3) &&
                      WebPEncode(&config, &picture);
    const WebPEncodingError code = picture.error_code;
    WebPPictureFree(&picture);
    if (done) {
        return TYTO_OK;
    }
    if (ferror(stream)) {
        return tyto_fail(err, TYTO_E_IO, "%s: WebP: writing failed", name);
    }
    /* What else the library has no code for is one of its small blocks. */
    if (code == VP8_ENC_OK || code == VP8_ENC_ERROR_OUT_OF_MEMORY ||
        code == VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY) {
        return tyto_fail_memory(err, name);
    }
    return tyto_fail(err, TYTO_E_IO, "%s: WebP: encoding failed (error %d)", name, (int)code);
}
