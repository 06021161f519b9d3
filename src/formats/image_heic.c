/* HEIC by libheif: the primary picture, turned as the file's own properties say. */
#include <string.h>

#include <libheif/heif.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* Of the tiles of cameras; larger ones are pictures that are seen whole. */
#define TILE_SIDE_PX 1024

/* What is held while a file is read. */
typedef struct reader_state {
    const tyto_image_source *source;
    struct heif_context *context;
    struct heif_image_handle *handle;
    struct heif_image *image;
} reader_state;

static tyto_status fail(const reader_state *state, struct heif_error why, tyto_error *err)
{
    const char *name = state->source->name;
    const int first_line = (int)strcspn(why.message, "\n");
    if (why.code == heif_error_Memory_allocation_error) {
        return why.subcode == heif_suberror_Security_limit_exceeded
                   ? tyto_fail(err, TYTO_E_LIMIT, "%s: HEIC: %.*s", name, first_line, why.message)
                   : tyto_fail_memory(err, name);
    }
    return tyto_fail(
        err,
        why.code == heif_error_Unsupported_filetype || why.code == heif_error_Unsupported_feature
            ? TYTO_E_UNSUPPORTED
            : TYTO_E_FORMAT,
        "%s: HEIC: %.*s", name,
        first_line < TYTO_IMAGE_MESSAGE_BYTES ? first_line : TYTO_IMAGE_MESSAGE_BYTES, why.message);
}

static tyto_status read_picture(reader_state *state, tyto_image *out, tyto_error *err)
{
    const tyto_image_source *source = state->source;
    struct heif_error why = heif_context_read_from_memory_without_copy(
        state->context, source->bytes, source->length, NULL);
    if (why.code == heif_error_Ok) {
        why = heif_context_get_primary_image_handle(state->context, &state->handle);
    }
    if (why.code != heif_error_Ok) {
        return fail(state, why, err);
    }
    const int width = heif_image_handle_get_width(state->handle),
              height = heif_image_handle_get_height(state->handle);
    TYTO_TRY(tyto_image_check_claim(source, (uint64_t)tyto_max_i64(width, 0),
                                    (uint64_t)tyto_max_i64(height, 0), err));
    /* A picture of tiles says its size twice: it takes the memory by what was not read yet. It must
     * be below the limit, and a tile may be larger than what is seen of it. */
    const int side = width > height ? width : height;
    heif_context_set_maximum_image_size_limit(state->context,
                                              side < TILE_SIDE_PX ? TILE_SIDE_PX + 1 : side + 1);
    why = heif_decode_image(state->handle, &state->image, heif_colorspace_RGB,
                            heif_chroma_interleaved_RGB, NULL);
    if (why.code != heif_error_Ok) {
        return fail(state, why, err);
    }
    int stride = 0;
    const uint8_t *rows =
        heif_image_get_plane_readonly(state->image, heif_channel_interleaved, &stride);
    const int64_t w = heif_image_get_width(state->image, heif_channel_interleaved),
                  h = heif_image_get_height(state->image, heif_channel_interleaved);
    if (!rows || w < 1 || h < 1) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: HEIC: its picture has no pixels", source->name);
    }
    TYTO_TRY(tyto_image_make(w, h, out, err));
    for (int64_t y = 0; y < h; y++) {
        memcpy(out->data + 3 * w * y, rows + (int64_t)stride * y, (size_t)(3 * w));
    }
    out->orientation = 1; /* it stands as it should; EXIF is for information only */
    return TYTO_OK;
}

tyto_status tyto_heic_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    reader_state state = {.source = source, .context = heif_context_alloc()};
    if (!state.context) {
        return tyto_fail_memory(err, source->name);
    }
    heif_context_set_maximum_image_size_limit(state.context, TYTO_IMAGE_SIDE_MAX);
    const tyto_status status = read_picture(&state, out, err);
    heif_image_release(state.image);
    heif_image_handle_release(state.handle);
    heif_context_free(state.context);
    return status;
}
