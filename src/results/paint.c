#include "results/paint.h"

#include <math.h>

#include "base/memory.h"

/* Coverage is rounded to this many steps, so that pictures do not depend on a last bit. */
#define STEPS 256

/* A rounded rectangle, and how far its middle is hollow: a width of 0 means filled. */
typedef struct rounded {
    tyto_rect rect;
    float radius;
    int64_t width;
    tyto_paint paint;
} rounded;

static int steps(const tyto_paint *paint, float coverage)
{
    return (int)(coverage * paint->alpha * STEPS + 0.5f);
}

static void blend(uint8_t *pixel, const tyto_paint *paint, int a)
{
    const uint8_t colour[3] = {paint->r, paint->g, paint->b};
    for (int c = 0; c < 3; c++) {
        pixel[c] = (uint8_t)((pixel[c] * (STEPS - a) + colour[c] * a + STEPS / 2) / STEPS);
    }
}

/* How much of the pixel at (x, y) a rounded rectangle covers: from the signed distance of the
 * pixel's centre to the edge. Exactly 0 or 1 away from the corners. */
static float coverage(tyto_rect r, float radius, int64_t x, int64_t y)
{
    if (x < r.x0 || x >= r.x1 || y < r.y0 || y >= r.y1) {
        return 0;
    }
    /* From the centre of the nearest corner's circle, outwards. */
    const float left = (float)(x - r.x0) + 0.5f, right = (float)(r.x1 - x) - 0.5f;
    const float top = (float)(y - r.y0) + 0.5f, bottom = (float)(r.y1 - y) - 0.5f;
    const float dx = radius - (left < right ? left : right);
    const float dy = radius - (top < bottom ? top : bottom);
    if (dx <= 0 || dy <= 0) {
        return 1;
    }
    const float inside = radius - sqrtf(dx * dx + dy * dy) + 0.5f;
    return inside < 0 ? 0 : inside > 1 ? 1 : inside;
}

static float cut_radius(tyto_rect r, float radius)
{
    const float half = (float)tyto_min_i64(r.x1 - r.x0, r.y1 - r.y0) / 2;
    return radius < 0 ? 0 : radius < half ? radius : half;
}

static tyto_rect inside(const tyto_image *image, tyto_rect part)
{
    return (tyto_rect){tyto_max_i64(part.x0, 0), tyto_max_i64(part.y0, 0),
                       tyto_min_i64(part.x1, image->width_px),
                       tyto_min_i64(part.y1, image->height_px)};
}

/* Paints the shape's pixels that lie in one part of the picture, where it may be round. */
static void paint_round(tyto_image *image, const rounded *shape, tyto_rect part)
{
    const int64_t w = shape->width;
    const tyto_rect r = shape->rect, in = inside(image, part);
    const tyto_rect hollow = {r.x0 + w, r.y0 + w, r.x1 - w, r.y1 - w};
    const float outer = cut_radius(r, shape->radius);
    const float inner = w ? cut_radius(hollow, outer - (float)w) : 0;
    for (int64_t y = in.y0; y < in.y1; y++) {
        uint8_t *row = image->data + y * image->width_px * 3;
        for (int64_t x = in.x0; x < in.x1; x++) {
            float covered = coverage(r, outer, x, y);
            if (w) {
                covered *= 1 - coverage(hollow, inner, x, y);
            }
            if (covered > 0) {
                blend(row + 3 * x, &shape->paint, steps(&shape->paint, covered));
            }
        }
    }
}

/* Paints a part that the shape covers all of. */
static void paint_straight(tyto_image *image, const rounded *shape, tyto_rect part)
{
    const tyto_rect in = inside(image, part);
    const int a = steps(&shape->paint, 1);
    for (int64_t y = in.y0; y < in.y1; y++) {
        uint8_t *row = image->data + y * image->width_px * 3;
        for (int64_t x = in.x0; x < in.x1; x++) {
            blend(row + 3 * x, &shape->paint, a);
        }
    }
}

void tyto_paint_fill(tyto_image *image, tyto_rect rect, float radius, tyto_paint paint)
{
    const rounded shape = {rect, radius, 0, paint};
    const tyto_rect r = rect;
    if (r.x0 >= r.x1 || r.y0 >= r.y1) {
        return;
    }
    const int64_t deep = (int64_t)ceilf(cut_radius(r, radius));
    const int64_t top = tyto_min_i64(r.y0 + deep, r.y1), bottom = tyto_max_i64(top, r.y1 - deep);
    paint_round(image, &shape, (tyto_rect){r.x0, r.y0, r.x1, top});
    paint_straight(image, &shape, (tyto_rect){r.x0, top, r.x1, bottom});
    paint_round(image, &shape, (tyto_rect){r.x0, bottom, r.x1, r.y1});
}

void tyto_paint_outline(tyto_image *image, tyto_rect rect, float radius, int64_t width,
                        tyto_paint paint)
{
    const rounded shape = {rect, radius, width, paint};
    const tyto_rect r = rect;
    /* As deep as the outline and its corners reach; the middle is never visited. */
    const int64_t deep = width + (int64_t)ceilf(cut_radius(r, radius));
    const int64_t x0 = r.x0 + deep, x1 = r.x1 - deep, y0 = r.y0 + deep, y1 = r.y1 - deep;
    if (r.x1 - r.x0 <= 2 * width || r.y1 - r.y0 <= 2 * width) {
        tyto_paint_fill(image, rect, radius, paint);
    } else if (x0 >= x1 || y0 >= y1) {
        paint_round(image, &shape, r);
    } else {
        paint_round(image, &shape, (tyto_rect){r.x0, r.y0, x0, y0});
        paint_round(image, &shape, (tyto_rect){x1, r.y0, r.x1, y0});
        paint_round(image, &shape, (tyto_rect){r.x0, y1, x0, r.y1});
        paint_round(image, &shape, (tyto_rect){x1, y1, r.x1, r.y1});
        paint_straight(image, &shape, (tyto_rect){x0, r.y0, x1, r.y0 + width});
        paint_straight(image, &shape, (tyto_rect){x0, r.y1 - width, x1, r.y1});
        paint_straight(image, &shape, (tyto_rect){r.x0, y0, r.x0 + width, y1});
        paint_straight(image, &shape, (tyto_rect){r.x1 - width, y0, r.x1, y1});
    }
}

void tyto_paint_mask(tyto_image *image, int64_t x, int64_t y, const uint8_t *mask, int64_t width,
                     int64_t height, tyto_paint paint)
{
    for (int64_t i = tyto_max_i64(0, -y); i < height && y + i < image->height_px; i++) {
        uint8_t *row = image->data + (y + i) * image->width_px * 3;
        for (int64_t j = tyto_max_i64(0, -x); j < width && x + j < image->width_px; j++) {
            blend(row + 3 * (x + j), &paint, steps(&paint, (float)mask[i * width + j] / 255));
        }
    }
}

void tyto_paint_pixels(tyto_image *image, int64_t x, int64_t y, const uint32_t *pixels,
                       int64_t stride, int64_t width, int64_t height)
{
    for (int64_t i = tyto_max_i64(0, -y); i < height && y + i < image->height_px; i++) {
        uint8_t *row = image->data + (y + i) * image->width_px * 3;
        for (int64_t j = tyto_max_i64(0, -x); j < width && x + j < image->width_px; j++) {
            const uint32_t over = pixels[i * stride + j], behind = 255 - (over >> 24);
            uint8_t *pixel = row + 3 * (x + j);
            for (int c = 0; c < 3; c++) {
                const uint32_t sum = (over >> (16 - 8 * c) & 255) + (pixel[c] * behind + 127) / 255;
                pixel[c] = (uint8_t)(sum < 255 ? sum : 255);
            }
        }
    }
}

/* sRGB to linear light, as a polynomial that is right to 0.004. */
static float linear(uint8_t value)
{
    const float v = (float)value / 255;
    return v * (v * (v * 0.305306011f + 0.682171111f) + 0.012522878f);
}

float tyto_paint_luminance(tyto_paint paint)
{
    return 0.2126f * linear(paint.r) + 0.7152f * linear(paint.g) + 0.0722f * linear(paint.b);
}
