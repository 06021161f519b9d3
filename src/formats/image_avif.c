/* AVIF by libavif: the first frame. */
#include <stdlib.h>
#include <string.h>

#include <avif/avif.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

static tyto_status fail(const tyto_image_source *source, avifResult code,
                        const avifDecoder *decoder, tyto_error *err)
{
    const char *why = decoder->diag.error;
    return code == AVIF_RESULT_OUT_OF_MEMORY
               ? tyto_fail_memory(err, source->name)
               : tyto_fail(err, TYTO_E_FORMAT, "%s: AVIF: %s%s%.*s", source->name,
                           avifResultToString(code), why[0] ? ": " : "", (int)strcspn(why, "\n"),
                           why);
}

/* The file's own rotation and mirror as EXIF would say them. */
static int transform(const avifImage *image)
{
    const bool mirrored = image->transformFlags & AVIF_TRANSFORM_IMIR;
#if AVIF_VERSION >= 1000000
    const bool sides = image->imir.axis != 0;
#else
    const bool sides = image->imir.mode != 0; /* left and right, or else top and bottom */
#endif
    const int angle = image->transformFlags & AVIF_TRANSFORM_IROT ? image->irot.angle : 0;
    switch (angle) { /* by 90 degrees, anti-clockwise */
    case 1:
        return !mirrored ? 8 : sides ? 7 : 5;
    case 2:
        return !mirrored ? 3 : sides ? 4 : 2;
    case 3:
        return !mirrored ? 6 : sides ? 5 : 7;
    default:
        return !mirrored ? 1 : sides ? 2 : 4;
    }
}

/* EXIF's orientation is not for readers of this format, whose files say themselves how they lie; an
 * XMP packet counts where there is neither, as for Pillow. */
static int32_t find_orientation(const avifImage *image)
{
    const int turned = transform(image);
    if (turned != 1) {
        return turned;
    }
    const int exif = tyto_exif_orientation(image->exif.data, image->exif.size);
    return exif ? 1 : tyto_xmp_orientation(image->xmp.data, image->xmp.size);
}

static tyto_status convert(const tyto_image_source *source, avifDecoder *decoder, tyto_image *out,
                           tyto_error *err)
{
    const avifImage *image = decoder->image;
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, image);
    rgb.depth = 8;
    rgb.format = decoder->alphaPresent ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    const size_t channels = decoder->alphaPresent ? 4 : 3;
    if ((int64_t)image->width != out->width_px || (int64_t)image->height != out->height_px) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: AVIF: its frame has another size than it says",
                         source->name);
    }
    uint8_t *own =
        decoder->alphaPresent ? tyto_alloc((size_t)image->width * image->height, 4) : NULL;
    if (decoder->alphaPresent && !own) {
        return tyto_fail_memory(err, source->name);
    }
    rgb.pixels = own ? own : out->data;
    rgb.rowBytes = (uint32_t)(image->width * channels);
    const avifResult code = avifImageYUVToRGB(image, &rgb);
    for (size_t i = 0; own && i < (size_t)image->width * image->height; i++) {
        memcpy(out->data + 3 * i, own + 4 * i, 3);
    }
    free(own);
    return code == AVIF_RESULT_OK ? TYTO_OK : fail(source, code, decoder, err);
}

static tyto_status read_picture(const tyto_image_source *source, avifDecoder *decoder,
                                tyto_image *out, tyto_error *err)
{
    decoder->maxThreads = 1;
    /* It scales frames to the size that the file claims. */
    decoder->imageSizeLimit = (uint32_t)tyto_image_claim_max(source);
    decoder->strictFlags &= ~(avifStrictFlags)(AVIF_STRICT_CLAP_VALID | AVIF_STRICT_PIXI_REQUIRED);
    avifResult code = avifDecoderSetIOMemory(decoder, source->bytes, source->length);
    if (code == AVIF_RESULT_OK) {
        code = avifDecoderParse(decoder);
    }
    if (code != AVIF_RESULT_OK) {
        return fail(source, code, decoder, err);
    }
    const avifImage *image = decoder->image;
    TYTO_TRY(tyto_image_check_source(source, image->width, image->height, err));
    code = avifDecoderNextImage(decoder);
    if (code != AVIF_RESULT_OK) {
        return fail(source, code, decoder, err);
    }
    TYTO_TRY(tyto_image_make(image->width, image->height, out, err));
    out->orientation = find_orientation(image);
    return convert(source, decoder, out, err);
}

tyto_status tyto_avif_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    avifDecoder *decoder = avifDecoderCreate();
    if (!decoder) {
        return tyto_fail_memory(err, source->name);
    }
    const tyto_status status = read_picture(source, decoder, out, err);
    avifDecoderDestroy(decoder);
    return status;
}
