/* GIF by giflib: the first frame on its screen, as Pillow shows it. */
#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* A screen of more pixels has a first frame of at least this part of it. */
#define SCREEN_PIXELS (64 * 1000 * 1000)
#define SCREEN_FRAMES 16
#define CUT "its data is damaged or ends early"

typedef struct reader_state {
    const tyto_image_source *source;
    size_t at;
    bool in_pixels;
} reader_state;

/* Within pixels a block that is cut becomes shorter, and behind the file's end there are empty
 * ones: what lies before the cut is decoded, and no byte is made up. */
static int read_bytes(GifFileType *gif, GifByteType *out, int count)
{
    reader_state *state = gif->UserData;
    const size_t left = state->source->length - state->at,
                 part = (size_t)count < left ? (size_t)count : left;
    memcpy(out, state->source->bytes + state->at, part);
    state->at += part;
    if (state->in_pixels && count == 1) {
        const size_t behind = left - part;
        *out = part == 0 ? 0 : *out > behind ? (GifByteType)behind : *out;
        return 1;
    }
    return (int)part;
}

/* Goes to the first frame; *transparent is the colour of pixels that no frame covers, or -1. */
static bool find_frame(GifFileType *gif, int *transparent)
{
    GifRecordType record;
    *transparent = -1;
    while (DGifGetRecordType(gif, &record) == GIF_OK && record != TERMINATE_RECORD_TYPE) {
        if (record == IMAGE_DESC_RECORD_TYPE) {
            return DGifGetImageDesc(gif) == GIF_OK;
        }
        int code;
        GifByteType *block;
        if (record != EXTENSION_RECORD_TYPE || DGifGetExtension(gif, &code, &block) != GIF_OK) {
            return false;
        }
        if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && (block[1] & 1)) {
            *transparent = block[4];
        }
        while (block) {
            if (DGifGetExtensionNext(gif, &block) != GIF_OK) {
                return false;
            }
        }
    }
    return false;
}

static void read_palette(const GifFileType *gif, uint8_t palette[256][3])
{
    const ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
    const int count = map ? (int)tyto_min_i64(map->ColorCount, 256) : 0;
    for (int i = 0; i < count; i++) {
        palette[i][0] = map->Colors[i].Red;
        palette[i][1] = map->Colors[i].Green;
        palette[i][2] = map->Colors[i].Blue;
    }
    tyto_palette_complete(palette, count);
}

static void fill(tyto_image *out, int64_t first, int64_t count, const uint8_t colour[3])
{
    for (int64_t i = first; i < first + count; i++) {
        memcpy(out->data + 3 * i, colour, 3);
    }
}

/* Pixels of the screen that the frame leaves free. Black is there already, and costs no memory. */
static void fill_around(const GifImageDesc *frame, const uint8_t colour[3], tyto_image *out)
{
    static const uint8_t black[3];
    const int64_t w = out->width_px, right = frame->Left + frame->Width,
                  bottom = frame->Top + frame->Height;
    if (memcmp(colour, black, sizeof(black)) == 0) {
        return;
    }
    fill(out, 0, frame->Top * w, colour);
    for (int64_t y = frame->Top; y < bottom; y++) {
        fill(out, y * w, frame->Left, colour);
        fill(out, y * w + right, w - right, colour);
    }
    fill(out, bottom * w, (out->height_px - bottom) * w, colour);
}

/* Decodes the rows of the frame; returns how many there are. Of the one that is cut there are the
 * first pixels; the others, and all rows behind it where damaged files are used, are of the colour
 * that no frame covers. */
static int read_rows(GifFileType *gif, uint8_t palette[256][3], int uncovered, bool use_damaged,
                     GifByteType *row, tyto_image *out)
{
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    const GifImageDesc *frame = &gif->Image;
    int count = 0;
    bool whole = true;
    for (int pass = 0; pass < (frame->Interlace ? 4 : 1); pass++) {
        for (int y = frame->Interlace ? first[pass] : 0; y < frame->Height;
             y += frame->Interlace ? step[pass] : 1) {
            memset(row, uncovered, (size_t)frame->Width);
            whole = whole && DGifGetLine(gif, row, frame->Width) == GIF_OK;
            uint8_t *rgb = out->data + 3 * ((frame->Top + y) * out->width_px + frame->Left);
            for (int x = 0; x < frame->Width; x++) {
                memcpy(rgb + (size_t)3 * (size_t)x, palette[row[x]], 3);
            }
            if (!whole && !use_damaged) {
                return count;
            }
            count += whole;
        }
    }
    return count;
}

static tyto_status read_picture(GifFileType *gif, reader_state *state, tyto_image *out,
                                tyto_error *err)
{
    const tyto_image_source *source = state->source;
    uint8_t palette[256][3];
    int transparent;
    if (!find_frame(gif, &transparent)) {
        return gif->Error == D_GIF_ERR_NOT_ENOUGH_MEM
                   ? tyto_fail_memory(err, source->name)
                   : tyto_fail(err, TYTO_E_FORMAT, "%s: GIF: no frame is there, or %s",
                               source->name, CUT);
    }
    const GifImageDesc *frame = &gif->Image;
    const int64_t width = tyto_max_i64(gif->SWidth, (int64_t)frame->Left + frame->Width),
                  height = tyto_max_i64(gif->SHeight, (int64_t)frame->Top + frame->Height);
    TYTO_TRY(tyto_image_check_source(source, (uint64_t)frame->Width, (uint64_t)frame->Height, err));
    TYTO_TRY(tyto_image_check_source(source, (uint64_t)width, (uint64_t)height, err));
    if (width * height > SCREEN_PIXELS &&
        width * height > SCREEN_FRAMES * frame->Width * (int64_t)frame->Height) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: GIF: got a first frame of %dx%d on a screen of %lldx%lld pixels, "
                         "required a %dth of it",
                         source->name, frame->Width, frame->Height, (long long)width,
                         (long long)height, SCREEN_FRAMES);
    }
    TYTO_TRY(tyto_image_make(width, height, out, err));
    GifByteType *row = tyto_alloc((size_t)frame->Width, 1);
    if (!row) {
        return tyto_fail_memory(err, source->name);
    }
    read_palette(gif, palette);
    const int uncovered = transparent >= 0 ? transparent : 0;
    state->in_pixels = true;
    const int rows = read_rows(gif, palette, uncovered, source->use_damaged, row, out);
    free(row);
    if (rows == frame->Height || source->use_damaged) {
        fill_around(frame, palette[uncovered], out);
    }
    return rows == frame->Height ? TYTO_OK
                                 : tyto_image_note_damage(source, rows > 0, "GIF", CUT, out, err);
}

tyto_status tyto_gif_decode(const tyto_image_source *source, tyto_image *out, tyto_error *err)
{
    reader_state state = {.source = source};
    int code = 0;
    GifFileType *gif = DGifOpen(&state, read_bytes, &code);
    if (!gif) {
        return code == D_GIF_ERR_NOT_ENOUGH_MEM
                   ? tyto_fail_memory(err, source->name)
                   : tyto_fail(err, TYTO_E_FORMAT, "%s: GIF: its header is damaged or cut",
                               source->name);
    }
    const tyto_status status = read_picture(gif, &state, out, err);
    (void)DGifCloseFile(gif, &code);
    return status;
}
