/** Pictures: decoding, encoding. */
#ifndef TYTO_IMAGE_H
#define TYTO_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Most pixels of a picture, and the longest side; more is E_LIMIT before any pixel is decoded. */
#define TYTO_IMAGE_PIXELS_MAX (256LL * 1000 * 1000)
#define TYTO_IMAGE_SIDE_MAX 65500

/** An RGB picture, 8 bits a channel, rows top to bottom without padding: data[H][W][3]. */
typedef struct tyto_image {
    int64_t width_px, height_px;
    uint8_t *data;
    int32_t orientation;  /**< how its file says that it lies, EXIF's 1 to 8; 0: it says nothing */
    int32_t damaged;      /**< 1: its file is cut or damaged, and not all pixels come from it */
    uint64_t reserved[3]; /**< zeros */
} tyto_image;

/** What becomes of a picture whose pixels are not all there, or damaged. One that is whole but for
 *  what follows its pixels is not damaged. */
typedef enum tyto_image_damaged {
    TYTO_IMAGE_DAMAGED_REFUSE = 0, /**< E_FORMAT */
    TYTO_IMAGE_DAMAGED_USE =
        1 /**< what Pillow makes of it with LOAD_TRUNCATED_IMAGES: the rows up to
                                  the damage, or what the format's own repair gives. What yields
                                  nothing is refused all the same, and so are WebP, AVIF and
                                  HEIC, of which Pillow has no rows either */
} tyto_image_damaged;

/** What becomes of a picture that its file says to turn or mirror for display. */
typedef enum tyto_image_exif {
    TYTO_IMAGE_EXIF_TURN = 0,  /**< it is turned, as Pillow's ImageOps.exif_transpose does */
    TYTO_IMAGE_EXIF_IGNORE = 1 /**< it is left as it is stored */
} tyto_image_exif;

/** How pictures are read. */
typedef struct tyto_image_options {
    size_t struct_bytes; /**< set by tyto_image_options_init */
    tyto_image_damaged damaged;
    tyto_image_exif exif;
    int64_t pixels_max; /**< more is E_LIMIT before any is decoded; at most TYTO_IMAGE_PIXELS_MAX,
                             which is the default */
} tyto_image_options;

/** Damaged ones refused, others turned. struct_bytes: sizeof(tyto_image_options). */
TYTO_API void tyto_image_options_init(tyto_image_options *options, size_t struct_bytes);

/** Decodes JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC (recognised by content, never by name; the
 *  last three where the library was built with them) to RGB as Pillow's convert("RGB") does, turned
 *  as EXIF or XMP says: alpha is dropped, of 16 bits the high 8 stay, of an animation the first
 *  frame. (16-bit grey is the one difference: Pillow makes every value above 255 white.)
 *  path     a file, or a pipe, such as /dev/stdin may be, which is read to its end
 *  options  NULL: the defaults
 *  memory   release with tyto_image_clear; what it takes meanwhile follows the file's size and the
 *           picture's, not what else the file claims
 *  errors   E_NOT_FOUND, E_IO, E_FORMAT, E_LIMIT, E_UNSUPPORTED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_load(const char *path,
                                                    const tyto_image_options *options,
                                                    tyto_image *out, tyto_error *err);
/** The same from memory; `name` is for messages. */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_decode(const void *bytes, size_t length_bytes,
                                                      const char *name,
                                                      const tyto_image_options *options,
                                                      tyto_image *out, tyto_error *err);
/** Writes .png, .jpg/.jpeg or .webp, by the name's ending; beside its place first, then renamed. */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_save(const char *path, const tyto_image *image,
                                                    tyto_error *err);
/** The same as bytes: what tyto_image_save would write to a file of that name, "found.png".
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another ending, no picture), E_LIMIT, E_MEMORY    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_encode(const tyto_image *image, const char *name,
                                                      tyto_bytes *out, tyto_error *err);
/** An image of undefined pixels.
 *  memory  release with tyto_image_clear
 *  errors  E_ARGUMENT, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_make(int64_t width_px, int64_t height_px,
                                                    tyto_image *out, tyto_error *err);
/** Releases the pixels. NULL is fine. */
TYTO_API void tyto_image_clear(tyto_image *image);

TYTO_END_DECLS

#endif
