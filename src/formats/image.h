/** Picture formats from the inside: one decoder and one encoder each. */
#ifndef TYTO_FORMATS_IMAGE_H
#define TYTO_FORMATS_IMAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <tyto/image.h>

/** Most bytes of a picture file. */
#define TYTO_IMAGE_BYTES_MAX ((size_t)1 << 30)

/** Pixels that a file of AVIF or HEIC may claim, however short it is, and those that each of its bytes
 *  adds to that: their libraries take the memory before they look at the data. What is one colour all
 *  over compresses better, in files of a few hundred bytes. */
#define TYTO_IMAGE_CLAIM_PIXELS (64 * 1000 * 1000)
#define TYTO_IMAGE_CLAIM_PIXELS_PER_BYTE 4096

/** Longest message of a codec library that is passed on. */
#define TYTO_IMAGE_MESSAGE_BYTES 256

/** A picture file's bytes, and the name for messages. */
typedef struct tyto_image_source {
    const uint8_t *bytes;
    size_t length;
    const char *name;
    bool use_damaged;   /**< rows up to the damage are good enough */
    int64_t pixels_max; /**< that the caller takes */
} tyto_image_source;

/** Decoders fill `out`, its orientation too: EXIF's, or else what XMP says, 0 when neither says
 *  anything. */
typedef tyto_status tyto_image_decode_fn(const tyto_image_source *source, tyto_image *out,
                                         tyto_error *err);
TYTO_NODISCARD tyto_image_decode_fn tyto_jpeg_decode, tyto_png_decode, tyto_webp_decode,
    tyto_bmp_decode, tyto_gif_decode, tyto_tiff_decode, tyto_avif_decode, tyto_heic_decode;

/** The error of a damaged file, or TYTO_OK with out->damaged set where such files are used.
 *  some    whether there is anything to use
 *  format  as messages call it
 *  what    a sentence's part: what is wrong */
TYTO_NODISCARD tyto_status tyto_image_note_damage(const tyto_image_source *source, bool some,
                                                  const char *format, const char *what,
                                                  tyto_image *out, tyto_error *err);

/** Colours behind the `count` first ones of a palette: greys where those are greys too, each of its
 *  own number, and else black. As Pillow has it. */
void tyto_palette_complete(uint8_t palette[256][3], int count);

/** Of CMYK as Pillow converts it: channel = 255 − ink, less black, rounded. */
void tyto_cmyk_row(const uint8_t *cmyk, int64_t width, uint8_t *rgb);

/** What the chunks of a PNG file say about its orientation. Of compressed ones at most a megabyte
 *  is looked at.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_png_orientation(const tyto_image_source *source, int32_t *out,
                                                tyto_error *err);

/** Encoders write to an open stream; its own write errors are the caller's to check. */
TYTO_NODISCARD tyto_status tyto_jpeg_encode(FILE *stream, const char *name, const tyto_image *image,
                                            tyto_error *err);
TYTO_NODISCARD tyto_status tyto_png_encode(FILE *stream, const char *name, const tyto_image *image,
                                           tyto_error *err);
TYTO_NODISCARD tyto_status tyto_webp_encode(FILE *stream, const char *name, const tyto_image *image,
                                            tyto_error *err);

/** Most pixels that a file of this length may claim; at most TYTO_IMAGE_PIXELS_MAX. */
int64_t tyto_image_claim_max(const tyto_image_source *source);

/** Refuses a claim of more.
 *  errors  E_LIMIT */
TYTO_NODISCARD tyto_status tyto_image_check_claim(const tyto_image_source *source,
                                                  uint64_t width_px, uint64_t height_px,
                                                  tyto_error *err);

/** Copies the part of a picture that begins at left, top and is as large as `out`, which has
 *  pixels; it must lie within the picture. */
void tyto_image_cut(const tyto_image *image, int64_t left, int64_t top, tyto_image *out);

/** Refuses 0 and sizes beyond the limits. */
TYTO_NODISCARD tyto_status tyto_image_check_size(const char *name, uint64_t width_px,
                                                 uint64_t height_px, tyto_error *err);
/** The same of a file, and of what its caller doesn't take, before anything is decoded. */
TYTO_NODISCARD tyto_status tyto_image_check_source(const tyto_image_source *source,
                                                   uint64_t width_px, uint64_t height_px,
                                                   tyto_error *err);

/** The orientation that EXIF data gives, with or without "Exif\0\0" (once or twice) before its "II"
 *  or "MM"; 0: it gives none, 1: one that means nothing. */
int tyto_exif_orientation(const uint8_t *bytes, size_t length);
/** The same of an XMP packet. */
int tyto_xmp_orientation(const uint8_t *bytes, size_t length);
/** Turns and flips the picture so that it stands as its orientation says. */
TYTO_NODISCARD tyto_status tyto_image_orient(tyto_image *image, int orientation, tyto_error *err);

#endif
