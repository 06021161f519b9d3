/* TIFF by libtiff: its first page, as Pillow shows it. */
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* As many channels as Pillow takes. */
#define CHANNELS_MAX 6
/* A tile may be larger than the picture, but no more than by this. */
#define TILE_BYTES_MAX (4 << 20)

typedef struct reader_state {
    const tyto_image_source *source;
    uint64_t at;
    char message[TYTO_IMAGE_MESSAGE_BYTES];
} reader_state;

/* What the tags say. */
typedef struct layout {
    uint32_t width, height;
    uint16_t bits, channels, photometric, planar, format, compression;
    uint16_t colours; /* channels without alpha and the like */
    bool premultiplied;
    uint16_t *palette[3]; /* the file's */
} layout;

static tmsize_t on_read(thandle_t user, void *out, tmsize_t count)
{
    reader_state *state = user;
    const uint64_t length = state->source->length,
                   left = state->at < length ? length - state->at : 0;
    const size_t part = (uint64_t)count < left ? (size_t)count : (size_t)left;
    memcpy(out, state->source->bytes + (part ? state->at : 0), part);
    state->at += part;
    return (tmsize_t)part;
}

static tmsize_t on_write(thandle_t user, void *bytes, tmsize_t count)
{
    (void)user;
    (void)bytes;
    (void)count;
    return 0;
}

static uint64_t on_seek(thandle_t user, uint64_t offset, int whence)
{
    reader_state *state = user;
    state->at = offset + (whence == SEEK_CUR   ? state->at
                          : whence == SEEK_END ? state->source->length
                                               : 0);
    return state->at;
}

static int on_close(thandle_t user)
{
    (void)user;
    return 0;
}

static uint64_t on_size(thandle_t user)
{
    return ((const reader_state *)user)->source->length;
}

/* The file lies in memory: nothing is copied that isn't compressed. */
static int on_map(thandle_t user, void **base, uint64_t *size)
{
    const tyto_image_source *source = ((const reader_state *)user)->source;
    *base = (void *)(uintptr_t)source->bytes;
    *size = source->length;
    return 1;
}

static void on_unmap(thandle_t user, void *base, uint64_t size)
{
    (void)user;
    (void)base;
    (void)size;
}

static int on_error(TIFF *tiff, void *user, const char *module, const char *format, va_list values)
{
    reader_state *state = user;
    (void)tiff;
    (void)module;
    if (!state->message[0]) {
        vsnprintf(state->message, sizeof(state->message), format, values);
    }
    return 1;
}

static int on_warning(TIFF *tiff, void *user, const char *module, const char *format,
                      va_list values)
{
    (void)tiff;
    (void)user;
    (void)module;
    (void)format;
    (void)values;
    return 1;
}

static tyto_status unsupported(const tyto_image_source *source, const char *what, int got,
                               tyto_error *err)
{
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: TIFF: got %s %d, which isn't read", source->name,
                     what, got);
}

static tyto_status check_layout(const tyto_image_source *source, const layout *l, tyto_error *err)
{
    const bool deep =
        l->photometric == PHOTOMETRIC_MINISBLACK || l->photometric == PHOTOMETRIC_MINISWHITE;
    if (l->channels < l->colours || l->channels > CHANNELS_MAX) {
        return unsupported(source, "a number of channels of", l->channels, err);
    }
    if (l->bits != 8 && l->bits != 16 &&
        !(l->colours == 1 && (l->bits == 1 || l->bits == 2 || l->bits == 4)) &&
        !(deep && (l->bits == 12 || l->bits == 32))) {
        return unsupported(source, "a depth of", l->bits, err);
    }
    if (l->photometric == PHOTOMETRIC_PALETTE && l->bits > 8) {
        return unsupported(source, "a palette of depth", l->bits, err);
    }
    if (l->format != SAMPLEFORMAT_UINT && l->format != SAMPLEFORMAT_INT &&
        !(l->format == SAMPLEFORMAT_IEEEFP && l->bits == 32)) {
        return unsupported(source, "a sample format of", l->format, err);
    }
    return TYTO_OK;
}

static tyto_status read_layout(TIFF *tiff, const tyto_image_source *source, layout *l,
                               tyto_error *err)
{
    uint16_t extra = 0, *kinds = NULL;
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &l->width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &l->height)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: TIFF: it gives no size", source->name);
    }
    TYTO_TRY(tyto_image_check_source(source, l->width, l->height, err));
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &l->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &l->channels);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &l->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &l->format);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &l->compression);
    if (TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra, &kinds) && extra > 0) {
        l->premultiplied = kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    }
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &l->photometric)) {
        l->photometric = PHOTOMETRIC_MINISWHITE;
    }
    if (l->photometric == PHOTOMETRIC_YCBCR && l->compression == COMPRESSION_JPEG &&
        l->planar == PLANARCONFIG_CONTIG) {
        TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        l->photometric = PHOTOMETRIC_RGB;
    }
    switch (l->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        l->colours = 1;
        break;
    case PHOTOMETRIC_PALETTE:
        l->colours = 1;
        if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &l->palette[0], &l->palette[1], &l->palette[2])) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: TIFF: its palette is missing", source->name);
        }
        break;
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_YCBCR:
        l->colours = 3;
        break;
    case PHOTOMETRIC_SEPARATED:
        l->colours = 4;
        break;
    default:
        return unsupported(source, "a photometric interpretation of", l->photometric, err);
    }
    return check_layout(source, l, err);
}

/* A value of 16 or 32 bits where Pillow keeps them: cut to a byte. */
static uint8_t cut_to_byte(double value)
{
    return value > 0 ? value < 255 ? (uint8_t)value : 255 : 0;
}

/* Sample i of a row, as a byte. */
static uint8_t sample(const layout *l, const uint8_t *row, size_t i)
{
    const size_t bits = l->bits;
    if (bits == 8) {
        return row[i];
    }
    if (bits == 16) {
        uint16_t value;
        memcpy(&value, row + 2 * i, sizeof(value));
        return l->format == SAMPLEFORMAT_INT ? cut_to_byte((int16_t)value) : (uint8_t)(value >> 8);
    }
    if (bits == 32) {
        float real;
        int32_t whole;
        memcpy(&real, row + 4 * i, sizeof(real));
        memcpy(&whole, row + 4 * i, sizeof(whole));
        return cut_to_byte(l->format == SAMPLEFORMAT_IEEEFP ? (double)real : (double)whole);
    }
    unsigned value = 0;
    for (size_t k = i * bits; k < (i + 1) * bits; k++) {
        value = value << 1 | ((unsigned)row[k / 8] >> (7 - k % 8) & 1U);
    }
    const bool index = l->photometric == PHOTOMETRIC_PALETTE;
    return (uint8_t)(bits == 12 ? value >> 4 : index ? value : value * 255 / ((1U << bits) - 1));
}

static void to_rgb(const layout *l, const uint8_t *channels, uint8_t *rgb)
{
    if (l->photometric == PHOTOMETRIC_PALETTE) {
        for (size_t c = 0; c < 3; c++) {
            rgb[c] = (uint8_t)(l->palette[c][channels[0]] >> 8);
        }
        return;
    }
    if (l->photometric == PHOTOMETRIC_SEPARATED) {
        tyto_cmyk_row(channels, 1, rgb);
        return;
    }
    for (size_t c = 0; c < 3; c++) {
        unsigned value = channels[l->colours == 3 ? c : 0];
        if (l->premultiplied) {
            const unsigned alpha = channels[l->colours];
            value = alpha == 0 ? 0 : value * 255 / alpha;
            value = value > 255 ? 255 : value;
        }
        if (l->photometric == PHOTOMETRIC_MINISWHITE && l->bits <= 8) {
            value = 255 - value;
        }
        rgb[c] = (uint8_t)value;
    }
}

/* Row y of the picture, or of a tile, whose channels lie beside one another (planes 1), or each in
 * its own row. */
static void unpack_row(const layout *l, const uint8_t *const *rows, size_t count, uint8_t *rgb)
{
    uint8_t channels[CHANNELS_MAX];
    const bool planes = l->planar == PLANARCONFIG_SEPARATE;
    for (size_t x = 0; x < count; x++) {
        for (size_t c = 0; c < l->channels; c++) {
            channels[c] = planes ? sample(l, rows[c], x) : sample(l, rows[0], x * l->channels + c);
        }
        to_rgb(l, channels, rgb + 3 * x);
    }
}

/* Strips: row by row. Planes are kept until the last of them is read. Returns how many rows are
 * there, or -1: memory is out. */
static int64_t read_rows(TIFF *tiff, const layout *l, tyto_image *out)
{
    const bool planes = l->planar == PLANARCONFIG_SEPARATE;
    const size_t row_bytes = (size_t)TIFFScanlineSize(tiff), n = planes ? l->channels : 1,
                 kept = planes ? l->height : 1;
    uint8_t *bytes = tyto_alloc_zeroed(row_bytes * n, kept);
    int64_t rows = l->height;
    if (!bytes) {
        return -1;
    }
    for (size_t c = 0; c < n; c++) {
        for (uint32_t y = 0; y < rows; y++) {
            uint8_t *row = bytes + (c * kept + (planes ? y : 0)) * row_bytes;
            if (TIFFReadScanline(tiff, row, y, (uint16_t)c) < 0) {
                rows = y;
                break;
            }
            if (!planes) {
                unpack_row(l, (const uint8_t *const[]){row}, l->width,
                           out->data + (size_t)y * l->width * 3);
            }
        }
    }
    for (uint32_t y = 0; planes && y < rows; y++) {
        const uint8_t *parts[CHANNELS_MAX];
        for (size_t c = 0; c < n; c++) {
            parts[c] = bytes + (c * kept + y) * row_bytes;
        }
        unpack_row(l, parts, l->width, out->data + (size_t)y * l->width * 3);
    }
    free(bytes);
    return rows;
}

/* Returns how many rows are there, or -1: memory is out. */
static int64_t read_tiles(TIFF *tiff, const layout *l, tyto_image *out)
{
    uint32_t width = 0, height = 0;
    const size_t tile_bytes = (size_t)TIFFTileSize(tiff), row_bytes = (size_t)TIFFTileRowSize(tiff),
                 n = l->planar == PLANARCONFIG_SEPARATE ? l->channels : 1;
    if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &width) ||
        !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &height) || width == 0 || height == 0 ||
        tile_bytes == 0 ||
        tile_bytes > TILE_BYTES_MAX + (size_t)l->width * l->height * CHANNELS_MAX * 4) {
        return 0;
    }
    uint8_t *bytes = tyto_alloc_zeroed(tile_bytes, n);
    if (!bytes) {
        return -1;
    }
    int64_t rows = l->height;
    for (uint32_t top = 0; top < rows; top += height) {
        for (uint32_t left = 0; left < l->width && rows == l->height; left += width) {
            for (size_t c = 0; c < n && rows == l->height; c++) {
                if (TIFFReadTile(tiff, bytes + c * tile_bytes, left, top, 0, (uint16_t)c) < 0) {
                    rows = top;
                }
            }
            for (uint32_t y = 0; rows == l->height && y < height && top + y < l->height; y++) {
                const uint8_t *parts[CHANNELS_MAX];
                for (size_t c = 0; c < n; c++) {
                    parts[c] = bytes + c * tile_bytes + y * row_bytes;
                }
                const uint32_t right = l->width - left < width ? l->width - left : width;
                unpack_row(l, parts, right, out->data + ((size_t)(top + y) * l->width + left) * 3);
            }
        }
        if (top > UINT32_MAX - height) {
            break;
        }
    }
    free(bytes);
    return rows;
}

/* Colours of other spaces: the library's own conversion. */
static int64_t read_converted(TIFF *tiff, const layout *l, int orientation, tyto_image *out)
{
    const size_t pixels = (size_t)l->width * l->height;
    uint32_t *raster = tyto_alloc_zeroed(pixels, sizeof(*raster));
    if (!raster) {
        return -1;
    }
    const bool good =
        TIFFReadRGBAImageOriented(tiff, l->width, l->height, raster, orientation, 1) == 1;
    for (size_t i = 0; good && i < pixels; i++) {
        out->data[3 * i] = (uint8_t)TIFFGetR(raster[i]);
        out->data[3 * i + 1] = (uint8_t)TIFFGetG(raster[i]);
        out->data[3 * i + 2] = (uint8_t)TIFFGetB(raster[i]);
    }
    free(raster);
    return good ? l->height : 0;
}

static int32_t find_orientation(TIFF *tiff)
{
    uint16_t orientation = 0;
    uint32_t length = 0;
    void *xmp = NULL;
    if (TIFFGetField(tiff, TIFFTAG_ORIENTATION, &orientation)) {
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    return TIFFGetField(tiff, TIFFTAG_XMLPACKET, &length, &xmp) ? tyto_xmp_orientation(xmp, length)
                                                                : 0;
}

static tyto_status read_picture(TIFF *tiff, const reader_state *state, tyto_image *out,
                                tyto_error *err)
{
    const tyto_image_source *source = state->source;
    layout l = {0};
    TYTO_TRY(read_layout(tiff, source, &l, err));
    const int32_t orientation = find_orientation(tiff);
    TYTO_TRY(tyto_image_make(l.width, l.height, out, err));
    out->orientation = orientation;
    const int64_t rows = l.photometric == PHOTOMETRIC_YCBCR
                             ? read_converted(tiff, &l, orientation ? orientation : 1, out)
                         : TIFFIsTiled(tiff) ? read_tiles(tiff, &l, out)
                                             : read_rows(tiff, &l, out);
    if (rows < 0) {
        return tyto_fail_memory(err, source->name);
    }
    return rows == l.height
               ? TYTO_OK
               : tyto_image_note_damage(source, rows > 0, "TIFF",
                                        state->message[0] ? state->message
                                                          : "its data is damaged or ends early",
                                        out, err);
}

tyto_status tyto_tiff_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    reader_state state = {.source = source};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) {
        return tyto_fail_memory(err, source->name);
    }
    /* No tag needs more than the file has, nor do pixels need more than their size. */
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)TYTO_IMAGE_PIXELS_MAX * 4);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &state);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, NULL);
    TIFF *tiff = TIFFClientOpenExt(source->name, "r", &state, on_read, on_write, on_seek, on_close,
                                   on_size, on_map, on_unmap, options);
    TIFFOpenOptionsFree(options);
    if (!tiff) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: TIFF: %s", source->name,
                         state.message[0] ? state.message : "its header is damaged or cut");
    }
    const tyto_status status = read_picture(tiff, &state, out, err);
    TIFFClose(tiff);
    return status;
}
