#include "formats/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"

/* Decoders that this build has. */
#ifdef TYTO_HAS_GIF
#define GIF_DECODE tyto_gif_decode
#else
#define GIF_DECODE NULL
#endif
#ifdef TYTO_HAS_TIFF
#define TIFF_DECODE tyto_tiff_decode
#else
#define TIFF_DECODE NULL
#endif
#ifdef TYTO_HAS_AVIF
#define AVIF_DECODE tyto_avif_decode
#else
#define AVIF_DECODE NULL
#endif
#ifdef TYTO_HAS_HEIC
#define HEIC_DECODE tyto_heic_decode
#else
#define HEIC_DECODE NULL
#endif

/* What a file begins with; decode NULL: known by name only. */
typedef struct image_format {
    const char *format;
    size_t at, length;
    const char *magic;
    tyto_image_decode_fn *decode;
    bool always; /* whether the library can't be built without it, or never reads it */
} image_format;
static const image_format formats[] = {
    {"JPEG", 0, 3, "\xff\xd8\xff", tyto_jpeg_decode, true},
    {"PNG", 0, 8, "\x89PNG\r\n\x1a\n", tyto_png_decode, true},
    {"WebP", 8, 4, "WEBP", tyto_webp_decode, true},
    {"GIF", 0, 4, "GIF8", GIF_DECODE, false},
    {"BMP", 0, 2, "BM", tyto_bmp_decode, true},
    {"TIFF", 0, 4, "II*\0", TIFF_DECODE, false},
    {"TIFF", 0, 4, "MM\0*", TIFF_DECODE, false},
    {"TIFF", 0, 4, "II+\0", TIFF_DECODE, false},
    {"TIFF", 0, 4, "MM\0+", TIFF_DECODE, false},
    {"JPEG 2000", 4, 4, "jP  ", NULL, true},
    {"PDF", 0, 4, "%PDF", NULL, true},
};
/* Files of boxes, by the brands that they list. */
static const image_format brands[] = {
    {"AVIF", 0, 4, "avif", AVIF_DECODE, false}, {"AVIF", 0, 4, "avis", AVIF_DECODE, false},
    {"HEIC", 0, 4, "heic", HEIC_DECODE, false}, {"HEIC", 0, 4, "heix", HEIC_DECODE, false},
    {"HEIC", 0, 4, "heim", HEIC_DECODE, false}, {"HEIC", 0, 4, "heis", HEIC_DECODE, false},
    {"HEIC", 0, 4, "hevc", HEIC_DECODE, false}, {"HEIC", 0, 4, "hevx", HEIC_DECODE, false},
    {"HEIC", 0, 4, "mif1", HEIC_DECODE, false},
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const image_format *find_brand(const tyto_image_source *source)
{
    enum { BOX_HEAD_BYTES = 8, BRAND_BYTES = 4, BRANDS_MAX = 64 };
    tyto_cursor box = tyto_cursor_over(source->bytes, source->length);
    const size_t length = (size_t)tyto_cursor_big(&box, 4);
    const uint8_t *type = tyto_cursor_take(&box, 4);
    if (!type || memcmp(type, "ftyp", 4) != 0) {
        return NULL;
    }
    const size_t end = length < source->length ? length : source->length;
    /* The most specific brand counts, wherever it stands. */
    for (size_t i = 0; i < COUNT(brands); i++) {
        for (size_t k = 0; k < BRANDS_MAX && BOX_HEAD_BYTES + (k + 1) * BRAND_BYTES <= end; k++) {
            const uint8_t *brand = source->bytes + BOX_HEAD_BYTES + k * BRAND_BYTES;
            if (k != 1 && memcmp(brand, brands[i].magic, BRAND_BYTES) == 0) {
                return &brands[i];
            }
        }
    }
    return NULL;
}

static const image_format *find_format(const tyto_image_source *source)
{
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (source->length >= formats[i].at + formats[i].length &&
            memcmp(source->bytes + formats[i].at, formats[i].magic, formats[i].length) == 0) {
            return &formats[i];
        }
    }
    return find_brand(source);
}

#define READ "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"

static tyto_status find_decoder(const tyto_image_source *source, tyto_image_decode_fn **out,
                                tyto_error *err)
{
    const image_format *found = find_format(source);
    if (!found) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: not a picture, required " READ, source->name);
    }
    *out = found->decode;
    return found->decode   ? TYTO_OK
           : found->always ? tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: got a %s file, required " READ,
                                       source->name, found->format)
                           : tyto_fail(err, TYTO_E_UNSUPPORTED,
                                       "%s: got a %s file, which this build of tyto doesn't read",
                                       source->name, found->format);
}

void tyto_image_options_init(tyto_image_options *options, size_t struct_bytes)
{
    static const tyto_image_options defaults = {.struct_bytes = sizeof(defaults),
                                                .pixels_max = TYTO_IMAGE_PIXELS_MAX};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status read_options(const tyto_image_options *options, tyto_image_options *own,
                                tyto_error *err)
{
    tyto_image_options_init(own, sizeof(*own));
    TYTO_TRY(tyto_options_read(own, sizeof(*own), options, "tyto_image_options", err));
    if ((own->damaged != TYTO_IMAGE_DAMAGED_REFUSE && own->damaged != TYTO_IMAGE_DAMAGED_USE) ||
        (own->exif != TYTO_IMAGE_EXIF_TURN && own->exif != TYTO_IMAGE_EXIF_IGNORE)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "damaged, exif: got %d and %d, required 0 or 1",
                         (int)own->damaged, (int)own->exif);
    }
    if (own->pixels_max < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "pixels_max: got %lld, required 1 or more",
                         (long long)own->pixels_max);
    }
    return TYTO_OK;
}

tyto_status tyto_image_decode(const void *bytes, size_t length_bytes, const char *name,
                              const tyto_image_options *options, tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    tyto_image_options own;
    TYTO_TRY(read_options(options, &own, err));
    const tyto_image_source source = {bytes, length_bytes, name,
                                      own.damaged == TYTO_IMAGE_DAMAGED_USE, own.pixels_max};
    tyto_image_decode_fn *decode;
    tyto_image image = {0};
    TYTO_TRY(find_decoder(&source, &decode, err));
    tyto_status status = decode(&source, &image, err);
    if (status == TYTO_OK && own.exif == TYTO_IMAGE_EXIF_TURN) {
        status = tyto_image_orient(&image, image.orientation, err);
    }
    if (status == TYTO_OK) {
        *out = image;
    } else {
        tyto_image_clear(&image);
    }
    return status;
}

tyto_status tyto_image_load(const char *path, const tyto_image_options *options, tyto_image *out,
                            tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    tyto_image_options own;
    char *bytes;
    size_t length;
    TYTO_TRY(read_options(options, &own, err));
    TYTO_TRY(tyto_file_read(path, TYTO_IMAGE_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_image_decode(bytes, length, path, &own, out, err);
    free(bytes);
    return status;
}

static bool ends_with(const char *path, const char *ending)
{
    const size_t length = strlen(path), n = strlen(ending);
    return length > n && strcasecmp(path + length - n, ending) == 0;
}

typedef tyto_status (*encode_fn)(FILE *stream, const char *name, const tyto_image *image,
                                 tyto_error *err);

/* *out = the encoder that a name's ending asks for; refuses a picture that can't be encoded. */
static tyto_status encoder(const char *name, const tyto_image *image, encode_fn *out,
                           tyto_error *err)
{
    if (!image || !image->data) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got no picture, required one", name);
    }
    TYTO_TRY(tyto_image_check_size(name, (uint64_t)tyto_max_i64(image->width_px, 0),
                                   (uint64_t)tyto_max_i64(image->height_px, 0), err));
    if (ends_with(name, ".png")) {
        *out = tyto_png_encode;
    } else if (ends_with(name, ".jpg") || ends_with(name, ".jpeg")) {
        *out = tyto_jpeg_encode;
    } else if (ends_with(name, ".webp")) {
        *out = tyto_webp_encode;
    } else {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: required a name that ends in .png, .jpg, .jpeg or .webp", name);
    }
    return TYTO_OK;
}

tyto_status tyto_image_save(const char *path, const tyto_image *image, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    encode_fn encode = NULL;
    tyto_file_writer writer;
    TYTO_TRY(encoder(path, image, &encode, err));
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    const tyto_status status = encode(writer.stream, path, image, err);
    if (status != TYTO_OK && !ferror(writer.stream)) {
        tyto_file_writer_abandon(&writer);
        return status;
    }
    /* Of a stream that failed, the commit says why; an encoder doesn't know. */
    tyto_error_clear(err);
    return tyto_file_writer_commit(&writer, err);
}

tyto_status tyto_image_encode(const tyto_image *image, const char *name, tyto_bytes *out,
                              tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    encode_fn encode = NULL;
    TYTO_TRY(encoder(name, image, &encode, err));
    char *data = NULL;
    size_t length_bytes = 0;
    FILE *stream = open_memstream(&data, &length_bytes);
    if (!stream) {
        return tyto_fail_memory(err, name);
    }
    tyto_status status = encode(stream, name, image, err);
    if (fclose(stream) != 0 && status == TYTO_OK) {
        status = tyto_fail_memory(err, name);
    }
    if (status != TYTO_OK) {
        free(data);
        return status;
    }
    out->data = data;
    out->length_bytes = length_bytes;
    return TYTO_OK;
}
