/** Picture formats from the inside: one decoder and one encoder each. */
#ifndef TYTO_FORMATS_IMAGE_H
#define TYTO_FORMATS_IMAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <tyto/image.h>

/** Most bytes of a picture file. */
#define TYTO_IMAGE_BYTES_MAX ((size_t)1 << 30)

/** Longest message of a codec library that is passed on. */
#define TYTO_IMAGE_MESSAGE_BYTES 256

/** A picture file's bytes, and the name for messages. */
typedef struct tyto_image_source {
    const uint8_t *bytes;
    size_t length;
    const char *name;
} tyto_image_source;

/** Decoders fill `out` and give the orientation, 1 to 8: EXIF's, or else what XMP says. */
TYTO_NODISCARD tyto_status tyto_jpeg_decode(const tyto_image_source *source, tyto_image *out,
                                            int *orientation, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_png_decode(const tyto_image_source *source, tyto_image *out,
                                           int *orientation, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_webp_decode(const tyto_image_source *source, tyto_image *out,
                                            int *orientation, tyto_error *err);

/** Encoders write to an open stream; its own write errors are the caller's to check. */
TYTO_NODISCARD tyto_status tyto_jpeg_encode(FILE *stream, const char *name, const tyto_image *image,
                                            tyto_error *err);
TYTO_NODISCARD tyto_status tyto_png_encode(FILE *stream, const char *name, const tyto_image *image,
                                           tyto_error *err);
TYTO_NODISCARD tyto_status tyto_webp_encode(FILE *stream, const char *name, const tyto_image *image,
                                            tyto_error *err);

/** Refuses 0 and sizes beyond the limits, before anything is decoded. */
TYTO_NODISCARD tyto_status tyto_image_check_size(const char *name, uint64_t width_px,
                                                 uint64_t height_px, tyto_error *err);

/** The orientation that EXIF data (from its "II" or "MM" on) gives; 0: it gives none. */
int tyto_exif_orientation(const uint8_t *bytes, size_t length);
/** The same of an XMP packet. */
int tyto_xmp_orientation(const uint8_t *bytes, size_t length);
/** Turns and flips the picture so that it stands as its orientation says. */
TYTO_NODISCARD tyto_status tyto_image_orient(tyto_image *image, int orientation, tyto_error *err);

#endif
