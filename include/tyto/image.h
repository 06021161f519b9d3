/** Pictures: decoding, encoding. */
#ifndef TYTO_IMAGE_H
#define TYTO_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Most pixels of a picture, and the longest side; more is E_LIMIT before any pixel is decoded. */
#define TYTO_IMAGE_PIXELS_MAX (256LL * 1000 * 1000)
#define TYTO_IMAGE_SIDE_MAX 65500

/** An RGB picture, 8 bits a channel, rows top to bottom without padding: data[H][W][3]. */
typedef struct tyto_image {
    int64_t width_px, height_px;
    uint8_t *data;
    uint64_t reserved[4]; /**< zeros */
} tyto_image;

/** Decodes JPEG, PNG or WebP (recognised by content, never by name) to RGB as Pillow's
 *  convert("RGB") does, and applies EXIF orientation as its ImageOps.exif_transpose does: alpha is
 *  dropped, of 16 bits the high 8 stay, of an animation the first frame. (16-bit grey is the one
 *  difference: Pillow makes every value above 255 white.)
 *  memory  release with tyto_image_clear
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_LIMIT, E_UNSUPPORTED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_load(const char *path, tyto_image *out,
                                                    tyto_error *err);
/** The same from memory; `name` is for messages. */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_decode(const void *bytes, size_t length_bytes,
                                                      const char *name, tyto_image *out,
                                                      tyto_error *err);
/** Writes .png, .jpg/.jpeg or .webp, by the name's ending; beside its place first, then renamed. */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_save(const char *path, const tyto_image *image,
                                                    tyto_error *err);
/** An image of undefined pixels.
 *  memory  release with tyto_image_clear
 *  errors  E_ARGUMENT, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_image_make(int64_t width_px, int64_t height_px,
                                                    tyto_image *out, tyto_error *err);
/** Releases the pixels. NULL is fine. */
TYTO_API void tyto_image_clear(tyto_image *image);

TYTO_END_DECLS

#endif
