/* Photos in tiles of one size. */
#include <tyto/tiles.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

/* As few tiles as cover the length with at least that overlap. */
static int64_t count_along(int64_t length, int64_t side, int64_t overlap)
{
    return length <= side ? 1 : (length - overlap - 1) / (side - overlap) + 1;
}

tyto_status tyto_tiles_make(int64_t width_px, int64_t height_px, int64_t side_px, double overlap,
                            tyto_tiles *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_image_check_size("photo", (uint64_t)tyto_max_i64(width_px, 0),
                                   (uint64_t)tyto_max_i64(height_px, 0), err));
    if (side_px < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "tiles: got a side of %lld, required at least 1",
                         (long long)side_px);
    }
    if (!(overlap >= 0.0 && overlap <= TYTO_TILE_OVERLAP_MAX)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "tiles: got an overlap of %g, required 0 to %g",
                         overlap, TYTO_TILE_OVERLAP_MAX);
    }
    const int64_t shared =
                      side_px <= TYTO_IMAGE_SIDE_MAX ? (int64_t)((double)side_px * overlap) : 0,
                  columns = count_along(width_px, side_px, shared),
                  rows = count_along(height_px, side_px, shared);
    if (columns * rows > TYTO_TILES_MAX) {
        return tyto_fail(
            err, TYTO_E_LIMIT,
            "tiles: got %lld of %lldx%lld pixels for a photo of %lldx%lld, required at most %d",
            (long long)(columns * rows), (long long)side_px, (long long)side_px,
            (long long)width_px, (long long)height_px, TYTO_TILES_MAX);
    }
    *out = (tyto_tiles){.width_px = width_px,
                        .height_px = height_px,
                        .tile_width_px = tyto_min_i64(side_px, width_px),
                        .tile_height_px = tyto_min_i64(side_px, height_px),
                        .columns = columns,
                        .rows = rows};
    return TYTO_OK;
}

/* From edge to edge, in steps that differ by a pixel at most. */
static int64_t place_along(int64_t i, int64_t count, int64_t room)
{
    return count > 1 ? i * room / (count - 1) : 0;
}

/* Whether it is a tiling as tyto_tiles_make makes them; callers may have filled it in. */
static bool is_tiling(const tyto_tiles *tiles)
{
    return tiles->columns >= 1 && tiles->rows >= 1 && tiles->columns <= TYTO_TILES_MAX &&
           tiles->rows <= TYTO_TILES_MAX && tiles->tile_width_px >= 1 &&
           tiles->tile_height_px >= 1 && tiles->tile_width_px <= tiles->width_px &&
           tiles->tile_height_px <= tiles->height_px && tiles->width_px <= TYTO_IMAGE_SIDE_MAX &&
           tiles->height_px <= TYTO_IMAGE_SIDE_MAX;
}

void tyto_tiles_place(const tyto_tiles *tiles, int64_t tile, int64_t *x_px, int64_t *y_px)
{
    if (!x_px || !y_px) {
        return;
    }
    *x_px = *y_px = 0;
    if (!tiles || !is_tiling(tiles) || tile < 0 || tile >= tiles->columns * tiles->rows) {
        return;
    }
    *x_px =
        place_along(tile % tiles->columns, tiles->columns, tiles->width_px - tiles->tile_width_px);
    *y_px =
        place_along(tile / tiles->columns, tiles->rows, tiles->height_px - tiles->tile_height_px);
}

tyto_status tyto_tiles_cut(const tyto_tiles *tiles, int64_t tile, const tyto_image *image,
                           tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tiles);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, image->data);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, out->data);
    if (!is_tiling(tiles)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tiles: got %lldx%lld of %lldx%lld pixels in %lldx%lld, required at least "
                         "one, inside the photo",
                         (long long)tiles->columns, (long long)tiles->rows,
                         (long long)tiles->tile_width_px, (long long)tiles->tile_height_px,
                         (long long)tiles->width_px, (long long)tiles->height_px);
    }
    if (image->width_px != tiles->width_px || image->height_px != tiles->height_px ||
        out->width_px != tiles->tile_width_px || out->height_px != tiles->tile_height_px) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "tiles: got a photo of %lldx%lld and a tile of %lldx%lld pixels, required "
                         "%lldx%lld and %lldx%lld",
                         (long long)image->width_px, (long long)image->height_px,
                         (long long)out->width_px, (long long)out->height_px,
                         (long long)tiles->width_px, (long long)tiles->height_px,
                         (long long)tiles->tile_width_px, (long long)tiles->tile_height_px);
    }
    if (tile < 0 || tile >= tiles->columns * tiles->rows) {
        return tyto_fail(err, TYTO_E_RANGE, "tile: got %lld, required 0 to %lld", (long long)tile,
                         (long long)(tiles->columns * tiles->rows - 1));
    }
    int64_t x, y;
    tyto_tiles_place(tiles, tile, &x, &y);
    tyto_image_cut(image, x, y, out);
    return TYTO_OK;
}
