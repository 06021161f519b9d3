/** Shapes on a picture, anti-aliased. Whatever lies outside the picture is left out. */
#ifndef TYTO_RESULTS_PAINT_H
#define TYTO_RESULTS_PAINT_H

#include <tyto/image.h>

/** A colour and how much of it: alpha 1 covers. */
typedef struct tyto_paint {
    uint8_t r, g, b;
    float alpha;
} tyto_paint;

/** Whole pixels: x0 ≤ x < x1, y0 ≤ y < y1. */
typedef struct tyto_rect {
    int64_t x0, y0, x1, y1;
} tyto_rect;

/** A rectangle with round corners. radius is cut to half of the shorter side. */
void tyto_paint_fill(tyto_image *image, tyto_rect rect, float radius, tyto_paint paint);
/** Its outline, `width` pixels wide, all inside the rectangle. */
void tyto_paint_outline(tyto_image *image, tyto_rect rect, float radius, int64_t width,
                        tyto_paint paint);
/** A mask[H][W] of coverage from 0 to 255 with its top left corner at (x, y). */
void tyto_paint_mask(tyto_image *image, int64_t x, int64_t y, const uint8_t *mask, int64_t width,
                     int64_t height, tyto_paint paint);
/** Pixels [height][stride] with their top left corner at (x, y): alpha, red, green and blue from
 *  the highest byte down, colours multiplied by alpha. */
void tyto_paint_pixels(tyto_image *image, int64_t x, int64_t y, const uint32_t *pixels,
                       int64_t stride, int64_t width, int64_t height);

/** The share of white light that a colour gives back, 0 to 1: relative luminance of sRGB. */
float tyto_paint_luminance(tyto_paint paint);

#endif
