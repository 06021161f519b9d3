#include <math.h>
#include <tyto/clip.h>

#include "base/error.h"
#include "base/memory.h"

/* The part of a frame that is taken. */
typedef struct part {
    int64_t x, y, width, height;
} part;

static part find_part(const tyto_clip_shape *shape, const tyto_image *frame)
{
    part p = {.width = frame->width_px, .height = frame->height_px};
    if (p.width * shape->height_px > p.height * shape->width_px) {
        p.width = tyto_max_i64(1, p.height * shape->width_px / shape->height_px);
    } else {
        p.height = tyto_max_i64(1, p.width * shape->height_px / shape->width_px);
    }
    p.x = frame->width_px / 2 - p.width / 2;
    p.y = frame->height_px / 2 - p.height / 2;
    return p;
}

/* Two neighbouring samples, and the weight of the second. */
typedef struct between {
    int64_t low, high;
    float weight;
} between;

static between find_between(int64_t o, int64_t outputs, int64_t length)
{
    const double at = ((double)o + 0.5) * (double)length / (double)outputs - 0.5;
    const double inside = fmax(0.0, fmin(at, (double)(length - 1)));
    const int64_t low = (int64_t)inside;
    return (between){low, tyto_min_i64(low + 1, length - 1), (float)(inside - (double)low)};
}

tyto_status tyto_clip_preprocess(const tyto_clip_shape *shape, const tyto_image *frame, float *out,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, shape);
    TYTO_REQUIRE(err, frame);
    TYTO_REQUIRE(err, frame->data);
    TYTO_REQUIRE(err, out);
    if (shape->width_px < 1 || shape->height_px < 1 || frame->width_px < 1 ||
        frame->height_px < 1) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "clip: got a frame of %lld x %lld for %lld x %lld pixels, required some",
                         (long long)frame->width_px, (long long)frame->height_px,
                         (long long)shape->width_px, (long long)shape->height_px);
    }
    const int64_t W = shape->width_px, H = shape->height_px;
    const part p = find_part(shape, frame);
    for (int64_t y = 0; y < H; y++) {
        const between v = find_between(y, H, p.height);
        const uint8_t *low = frame->data + ((p.y + v.low) * frame->width_px + p.x) * 3;
        const uint8_t *high = frame->data + ((p.y + v.high) * frame->width_px + p.x) * 3;
        for (int64_t x = 0; x < W; x++) {
            const between u = find_between(x, W, p.width);
            for (int64_t c = 0; c < 3; c++) {
                const float left = (1.0f - v.weight) * (float)low[3 * u.low + c] +
                                   v.weight * (float)high[3 * u.low + c];
                const float right = (1.0f - v.weight) * (float)low[3 * u.high + c] +
                                    v.weight * (float)high[3 * u.high + c];
                const float level = (1.0f - u.weight) * left + u.weight * right;
                out[(c * H + y) * W + x] = floorf(level + 0.5f) / 255.0f;
            }
        }
    }
    return TYTO_OK;
}

tyto_status tyto_clip_postprocess(const tyto_clip_shape *shape, const float *values,
                                  tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, shape);
    TYTO_REQUIRE(err, values);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_image_make(shape->width_px, shape->height_px, out, err));
    for (int64_t i = 0; i < 3 * shape->width_px * shape->height_px; i++) {
        /* What is no number is black. */
        const float inside = values[i] > 0.0f ? fminf(values[i], 1.0f) : 0.0f;
        out->data[i] = (uint8_t)(255.0f * inside + 0.5f);
    }
    return TYTO_OK;
}
