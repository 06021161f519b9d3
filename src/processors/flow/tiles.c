#include <tyto/flow_field.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/flow/tiles.h"

/* Tiles along an axis: as few as cover it with at least the overlap. */
static int64_t count_along(int64_t length, int64_t tile, int64_t step)
{
    return length <= tile ? 1 : (length - tile + step - 1) / step + 1;
}

tyto_status tyto_flow_tiles_init(int64_t width_px, int64_t height_px, int64_t tile_width_px,
                                 int64_t tile_height_px, int64_t overlap_px, tyto_flow_tiles *out,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    const int64_t shorter = tyto_min_i64(tile_width_px, tile_height_px);
    if (shorter < 1 || tyto_max_i64(tile_width_px, tile_height_px) > TYTO_FLOW_TILE_SIDE_MAX) {
        return tyto_fail(
            err, TYTO_E_LIMIT, "tile: got %lld x %lld pixels, required sides of 1 to %d",
            (long long)tile_width_px, (long long)tile_height_px, TYTO_FLOW_TILE_SIDE_MAX);
    }
    if (width_px < 1 || height_px < 1 || width_px > TYTO_IMAGE_SIDE_MAX ||
        height_px > TYTO_IMAGE_SIDE_MAX || width_px * height_px > TYTO_IMAGE_PIXELS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "frame: got %lld x %lld pixels, required at least 1 and at most %lld",
                         (long long)width_px, (long long)height_px,
                         (long long)TYTO_IMAGE_PIXELS_MAX);
    }
    if (overlap_px < 0 || overlap_px >= shorter) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "overlap: got %lld pixels, required 0 to %lld (a side of the tiles - 1)",
                         (long long)overlap_px, (long long)shorter - 1);
    }
    *out = (tyto_flow_tiles){.width_px = width_px,
                             .height_px = height_px,
                             .tile_width_px = tile_width_px,
                             .tile_height_px = tile_height_px,
                             .step_x_px = tile_width_px - overlap_px,
                             .step_y_px = tile_height_px - overlap_px};
    out->columns = count_along(width_px, tile_width_px, out->step_x_px);
    out->rows = count_along(height_px, tile_height_px, out->step_y_px);
    return TYTO_OK;
}

/* The last tile ends where the frame does. */
static int64_t place_along(int64_t i, int64_t count, int64_t length, int64_t tile, int64_t step)
{
    return i < count - 1 ? i * step : tyto_max_i64(0, length - tile);
}

static int64_t left_of(const tyto_flow_tiles *tiles, int64_t column)
{
    return place_along(column, tiles->columns, tiles->width_px, tiles->tile_width_px,
                       tiles->step_x_px);
}

static int64_t top_of(const tyto_flow_tiles *tiles, int64_t row)
{
    return place_along(row, tiles->rows, tiles->height_px, tiles->tile_height_px, tiles->step_y_px);
}

static bool has_tile(const tyto_flow_tiles *tiles, int64_t tile)
{
    return tiles && tile >= 0 && tiles->columns > 0 && tile < tiles->columns * tiles->rows;
}

void tyto_flow_tiles_place(const tyto_flow_tiles *tiles, int64_t tile, int64_t *x_px, int64_t *y_px)
{
    if (!x_px || !y_px) {
        return;
    }
    *x_px = *y_px = 0;
    if (has_tile(tiles, tile)) {
        *x_px = left_of(tiles, tile % tiles->columns);
        *y_px = top_of(tiles, tile / tiles->columns);
    }
}

/* Pixels from the outside of the nearer border: 1 at the border, 0 or less beyond it. */
static int64_t depth_along(int64_t x, int64_t place, int64_t tile)
{
    return tyto_min_i64(x - place + 1, place + tile - x);
}

/* First and last of the tiles along an axis that hold x. */
typedef struct span {
    int64_t first, last;
} span;

static span find_span(int64_t x, int64_t count, int64_t length, int64_t tile, int64_t step)
{
    span found = {tyto_max_i64(0, (x - tile) / step), tyto_min_i64(count - 1, x / step)};
    while (depth_along(x, place_along(found.first, count, length, tile, step), tile) < 1) {
        found.first++;
    }
    /* The flush tile begins before its step. */
    if (depth_along(x, place_along(count - 1, count, length, tile, step), tile) >= 1) {
        found.last = count - 1;
    }
    return found;
}

static int64_t depth_in(const tyto_flow_tiles *tiles, int64_t column, int64_t row, int64_t x,
                        int64_t y)
{
    return tyto_min_i64(depth_along(x, left_of(tiles, column), tiles->tile_width_px),
                        depth_along(y, top_of(tiles, row), tiles->tile_height_px));
}

double tyto_flow_tiles_share(const tyto_flow_tiles *tiles, int64_t tile, int64_t x_px, int64_t y_px)
{
    if (!has_tile(tiles, tile)) {
        return 0.0;
    }
    const span columns = find_span(x_px, tiles->columns, tiles->width_px, tiles->tile_width_px,
                                   tiles->step_x_px),
               rows = find_span(y_px, tiles->rows, tiles->height_px, tiles->tile_height_px,
                                tiles->step_y_px);
    int64_t sum = 0;
    for (int64_t row = rows.first; row <= rows.last; row++) {
        for (int64_t column = columns.first; column <= columns.last; column++) {
            sum += depth_in(tiles, column, row, x_px, y_px);
        }
    }
    const int64_t own = depth_in(tiles, tile % tiles->columns, tile / tiles->columns, x_px, y_px);
    return (double)tyto_max_i64(own, 0) / (double)sum;
}

/* One channel of the pixels that lie (dx, dy) beside a tile's own. */
typedef struct plane {
    int64_t dx, dy;
    int channel;
} plane;

static void fill_plane(const tyto_flow_tiles *tiles, int64_t x0, int64_t y0,
                       const tyto_image *frame, const plane *which, float *out)
{
    const int64_t W = tiles->tile_width_px, H = tiles->tile_height_px;
    for (int64_t y = 0; y < H; y++) {
        const int64_t in_y = y + which->dy;
        float *row = out + y * W;
        for (int64_t x = 0; x < W; x++) {
            row[x] = 0.0f;
        }
        if (in_y < 0 || in_y >= H) {
            continue;
        }
        const uint8_t *pixels =
            frame->data + tyto_min_i64(y0 + in_y, frame->height_px - 1) * frame->width_px * 3;
        const int64_t begin = tyto_max_i64(0, -which->dx), end = tyto_min_i64(W, W - which->dx);
        for (int64_t x = begin; x < end; x++) {
            const int64_t at = tyto_min_i64(x0 + x + which->dx, frame->width_px - 1);
            row[x] = (float)pixels[3 * at + which->channel] / 255.0f * 2.0f - 1.0f;
        }
    }
}

/* `what` has the size that the tiles are for, and there is such a tile. */
static tyto_status check(const tyto_flow_tiles *tiles, int64_t tile, const char *what,
                         int64_t width_px, int64_t height_px, tyto_error *err)
{
    if (!has_tile(tiles, tile)) {
        return tyto_fail(err, TYTO_E_RANGE, "tile: got %lld, required one of %lld", (long long)tile,
                         (long long)(tiles->columns * tiles->rows));
    }
    if (width_px != tiles->width_px || height_px != tiles->height_px) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got %lld x %lld pixels, required %lld x %lld",
                         what, (long long)width_px, (long long)height_px,
                         (long long)tiles->width_px, (long long)tiles->height_px);
    }
    return TYTO_OK;
}

tyto_status tyto_flow_preprocess(const tyto_flow_tiles *tiles, int64_t tile,
                                 const tyto_image *first, const tyto_image *second, float *out,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tiles);
    TYTO_REQUIRE(err, first);
    TYTO_REQUIRE(err, first->data);
    TYTO_REQUIRE(err, second);
    TYTO_REQUIRE(err, second->data);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(check(tiles, tile, "first frame", first->width_px, first->height_px, err));
    TYTO_TRY(check(tiles, tile, "second frame", second->width_px, second->height_px, err));
    const int64_t area = tiles->tile_width_px * tiles->tile_height_px;
    int64_t x0, y0;
    tyto_flow_tiles_place(tiles, tile, &x0, &y0);
    for (int frame = 0; frame < 2; frame++) {
        for (int i = 0; i < TYTO_FLOW_PATCH_VALUES; i++) {
            const plane which = {i / 3 % 3 - 1, i / 9 - 1, i % 3};
            fill_plane(tiles, x0, y0, frame == 0 ? first : second, &which, out);
            out += area;
        }
    }
    return TYTO_OK;
}

tyto_status tyto_flow_postprocess(const tyto_flow_tiles *tiles, int64_t tile, const float *values,
                                  float scale, tyto_flow_field *flow, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tiles);
    TYTO_REQUIRE(err, values);
    TYTO_REQUIRE(err, flow);
    TYTO_REQUIRE(err, flow->data);
    TYTO_TRY(check(tiles, tile, "flow", flow->width_px, flow->height_px, err));
    int64_t x0, y0;
    tyto_flow_tiles_place(tiles, tile, &x0, &y0);
    const int64_t width = tyto_min_i64(tiles->tile_width_px, tiles->width_px - x0),
                  height = tyto_min_i64(tiles->tile_height_px, tiles->height_px - y0);
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            const double share = (double)scale * tyto_flow_tiles_share(tiles, tile, x0 + x, y0 + y);
            const float *vector = values + 2 * (y * tiles->tile_width_px + x);
            float *sum = flow->data + 2 * ((y0 + y) * flow->width_px + x0 + x);
            sum[0] += (float)(share * (double)vector[0]);
            sum[1] += (float)(share * (double)vector[1]);
        }
    }
    return TYTO_OK;
}
