#include "formats/image.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

typedef tyto_status (*decode_fn)(const tyto_image_source *, tyto_image *, int *, tyto_error *);

/* What a file begins with; decode NULL: known by name only. */
static const struct {
    const char *format;
    size_t at, length;
    const char *magic;
    decode_fn decode;
} formats[] = {
    {"JPEG", 0, 3, "\xff\xd8\xff", tyto_jpeg_decode},
    {"PNG", 0, 8, "\x89PNG\r\n\x1a\n", tyto_png_decode},
    {"WebP", 8, 4, "WEBP", tyto_webp_decode},
    {"GIF", 0, 4, "GIF8", NULL},
    {"BMP", 0, 2, "BM", NULL},
    {"TIFF", 0, 4, "II*\0", NULL},
    {"TIFF", 0, 4, "MM\0*", NULL},
    {"AVIF", 4, 8, "ftypavif", NULL},
    {"HEIC", 4, 8, "ftypheic", NULL},
    {"JPEG 2000", 4, 4, "jP  ", NULL},
    {"PDF", 0, 4, "%PDF", NULL},
};

static tyto_status find_decoder(const tyto_image_source *source, decode_fn *out, tyto_error *err)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (source->length >= formats[i].at + formats[i].length &&
            memcmp(source->bytes + formats[i].at, formats[i].magic, formats[i].length) == 0) {
            *out = formats[i].decode;
            return *out ? TYTO_OK
                        : tyto_fail(err, TYTO_E_UNSUPPORTED,
                                    "%s: got a %s file, required JPEG, PNG or WebP", source->name,
                                    formats[i].format);
        }
    }
    return tyto_fail(err, TYTO_E_FORMAT, "%s: not a picture, required JPEG, PNG or WebP",
                     source->name);
}

tyto_status tyto_image_decode(const void *bytes, size_t length_bytes, const char *name,
                              tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    const tyto_image_source source = {bytes, length_bytes, name};
    decode_fn decode;
    int orientation = 1;
    tyto_image image = {0};
    TYTO_TRY(find_decoder(&source, &decode, err));
    tyto_status status = decode(&source, &image, &orientation, err);
    if (status == TYTO_OK) {
        status = tyto_image_orient(&image, orientation, err);
    }
    if (status == TYTO_OK) {
        *out = image;
    } else {
        tyto_image_clear(&image);
    }
    return status;
}

tyto_status tyto_image_load(const char *path, tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    char *bytes;
    size_t length;
    TYTO_TRY(tyto_file_read(path, TYTO_IMAGE_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_image_decode(bytes, length, path, out, err);
    free(bytes);
    return status;
}

static bool ends_with(const char *path, const char *ending)
{
    const size_t length = strlen(path), n = strlen(ending);
    return length > n && strcasecmp(path + length - n, ending) == 0;
}

tyto_status tyto_image_save(const char *path, const tyto_image *image, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    tyto_status (*encode)(FILE *, const char *, const tyto_image *, tyto_error *) = NULL;
    tyto_file_writer writer;
    if (!image || !image->data) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got no picture, required one", path);
    }
    TYTO_TRY(tyto_image_check_size(path, (uint64_t)tyto_max_i64(image->width_px, 0),
                                   (uint64_t)tyto_max_i64(image->height_px, 0), err));
    if (ends_with(path, ".png")) {
        encode = tyto_png_encode;
    } else if (ends_with(path, ".jpg") || ends_with(path, ".jpeg")) {
        encode = tyto_jpeg_encode;
    } else if (ends_with(path, ".webp")) {
        encode = tyto_webp_encode;
    } else {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: required a name that ends in .png, .jpg, .jpeg or .webp", path);
    }
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    tyto_status status = encode(writer.stream, path, image, err);
    if (status != TYTO_OK) {
        tyto_file_writer_abandon(&writer);
        return status;
    }
    return tyto_file_writer_commit(&writer, err);
}
