#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

#define QUALITY 90.0f

static int chunk_orientation(const WebPData *data)
{
    int orientation = 1;
    WebPChunkIterator chunk;
    WebPDemuxer *demuxer = WebPDemux(data);
    if (demuxer && WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) {
        const uint8_t *bytes = chunk.chunk.bytes;
        size_t length = chunk.chunk.size;
        if (length > 6 && memcmp(bytes, "Exif\0", 6) == 0) {
            bytes += 6;
            length -= 6;
        }
        orientation = tyto_exif_orientation(bytes, length);
        WebPDemuxReleaseChunkIterator(&chunk);
    }
    WebPDemuxDelete(demuxer);
    return orientation;
}

/* The first frame; still pictures have one. */
static tyto_status first_frame(const tyto_image_source *source, const WebPData *data,
                               tyto_image *out, tyto_error *err)
{
    WebPAnimDecoderOptions options;
    WebPAnimInfo info;
    uint8_t *rgba;
    int time;
    tyto_status status = TYTO_OK;
    if (!WebPAnimDecoderOptionsInit(&options)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: WebP: the library is another version",
                         source->name);
    }
    options.color_mode = MODE_RGBA;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(data, &options);
    if (!decoder || !WebPAnimDecoderGetInfo(decoder, &info) ||
        !WebPAnimDecoderGetNext(decoder, &rgba, &time)) {
        status =
            tyto_fail(err, TYTO_E_FORMAT, "%s: WebP: its data is damaged or cut", source->name);
        goto cleanup;
    }
    TYTO_CHECK(tyto_image_create(info.canvas_width, info.canvas_height, out, err));
    for (int64_t i = 0; i < out->width_px * out->height_px; i++) {
        memcpy(out->data + 3 * i, rgba + 4 * i, 3);
    }
cleanup:
    WebPAnimDecoderDelete(decoder);
    return status;
}

tyto_status tyto_webp_decode(const tyto_image_source *source, tyto_image *out, int *orientation,
                             tyto_error *err)
{
    const WebPData data = {source->bytes, source->length};
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(source->bytes, source->length, &features) != VP8_STATUS_OK) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: WebP: its header is damaged or cut",
                         source->name);
    }
    TYTO_TRY(tyto_image_check_size(source->name, (uint64_t)features.width,
                                   (uint64_t)features.height, err));
    *orientation = chunk_orientation(&data);
    return first_frame(source, &data, out, err);
}

tyto_status tyto_webp_encode(FILE *stream, const char *name, const tyto_image *image,
                             tyto_error *err)
{
    uint8_t *bytes = NULL;
    if (image->width_px > WEBP_MAX_DIMENSION || image->height_px > WEBP_MAX_DIMENSION) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: WebP: required at most %d pixels a side", name,
                         WEBP_MAX_DIMENSION);
    }
    const size_t length = WebPEncodeRGB(image->data, (int)image->width_px, (int)image->height_px,
                                        (int)image->width_px * 3, QUALITY, &bytes);
    if (!length) {
        return tyto_fail_memory(err, name);
    }
    fwrite(bytes, 1, length, stream);
    WebPFree(bytes);
    return TYTO_OK;
}
