/** Flow fields: how far each pixel of one frame has moved in the next; .flo files, pictures, tiles.
 */
#ifndef TYTO_FLOW_FIELD_H
#define TYTO_FLOW_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** data[H][W][2]: pixels to the right and down that a pixel of the first frame has moved by. */
typedef struct tyto_flow_field {
    int64_t width_px, height_px;
    float *data;
    uint64_t reserved[4]; /**< 0 */
} tyto_flow_field;

/** Components beyond this, in either direction, mean that the flow there is not known. */
#define TYTO_FLOW_UNKNOWN 1e9f

/** Zeros. Limits are those of pictures.
 *  memory  release with tyto_flow_field_clear
 *  errors  E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_field_make(int64_t width_px, int64_t height_px,
                                                         tyto_flow_field *out, tyto_error *err);
TYTO_API void tyto_flow_field_clear(tyto_flow_field *flow);

/** Reads a Middlebury .flo file.
 *  memory  release with tyto_flow_field_clear
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_LIMIT, E_MEMORY
 *  source  Baker et al., "A Database and Evaluation Methodology for Optical Flow", 2007 */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_field_load(const char *path, tyto_flow_field *out,
                                                         tyto_error *err);
/** The same from memory; `name` is for messages. */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_field_decode(const void *bytes, size_t length_bytes,
                                                           const char *name, tyto_flow_field *out,
                                                           tyto_error *err);
/** Writes a .flo file; beside its place first, then renamed. */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_field_save(const char *path,
                                                         const tyto_flow_field *flow,
                                                         tyto_error *err);

/** Mean and largest length of the known vectors, in pixels; 0 when there is none. */
TYTO_API void tyto_flow_field_measure(const tyto_flow_field *flow, double *mean_px,
                                      double *longest_px);

/** The standard colour wheel: direction is hue, length is saturation; what is longer than
 *  `longest_px` is darker, what is not known is black. longest_px 0: that of the flow.
 *  memory  release with tyto_image_clear
 *  source  as tyto_flow_field_load; the transitions of its flow_code */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_field_draw(const tyto_flow_field *flow,
                                                         double longest_px, tyto_image *out,
                                                         tyto_error *err);

/** How frames of any size are covered by tiles of the size that the network takes: evenly from the
 *  top left, the last ones flush with the frame's right and bottom; no tile twice. */
typedef struct tyto_flow_tiles {
    int64_t width_px, height_px;           /**< of the frames */
    int64_t tile_width_px, tile_height_px; /**< frames smaller than a tile are padded to it */
    int64_t step_x_px, step_y_px;
    int64_t columns, rows;
    uint64_t reserved[4]; /**< zeros */
} tyto_flow_tiles;

/** overlap_px  of neighbours, at least; less than a tile's sides
 *  errors      E_ARGUMENT, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_tiles_init(int64_t width_px, int64_t height_px,
                                                         int64_t tile_width_px,
                                                         int64_t tile_height_px, int64_t overlap_px,
                                                         tyto_flow_tiles *out, tyto_error *err);
/** Where tile `tile` < columns·rows begins in the frame; 0 for one that isn't. */
TYTO_API void tyto_flow_tiles_place(const tyto_flow_tiles *tiles, int64_t tile, int64_t *x_px,
                                    int64_t *y_px);
/** The share that a tile has in the flow of a pixel of the frame inside it. Shares are as the
 *  pixel's distances to the nearest border of each tile around it, and add up to 1. */
TYTO_API double tyto_flow_tiles_share(const tyto_flow_tiles *tiles, int64_t tile, int64_t x_px,
                                      int64_t y_px);
/** The network's input: out[2][27][tile height][tile width], the 3×3 pixels around each pixel of
 *  both frames, row by row and red, green, blue, as value/255·2 − 1. Beyond the tile is 0; beyond
 *  the frame, its nearest pixel.
 *  frames  of the size that the tiles are for
 *  errors  E_ARGUMENT, E_RANGE (no such tile), E_SHAPE (frames of another size) */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_preprocess(const tyto_flow_tiles *tiles, int64_t tile,
                                                         const tyto_image *first,
                                                         const tyto_image *second, float *out,
                                                         tyto_error *err);
/** Adds a tile's part to the flow: scale · share · values[tile height][tile width][2].
 *  flow    of the size that the tiles are for
 *  errors  E_ARGUMENT, E_RANGE (no such tile), E_SHAPE (a flow of another size) */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_postprocess(const tyto_flow_tiles *tiles,
                                                          int64_t tile, const float *values,
                                                          float scale, tyto_flow_field *flow,
                                                          tyto_error *err);

TYTO_END_DECLS

#endif
