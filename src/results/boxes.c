#include "results/boxes.h"

#include <math.h>

tyto_box_scale tyto_box_scale_for(tyto_boxes mode, bool padded, int64_t width_px, int64_t height_px)
{
    tyto_box_scale scale = {.x = 1.0F, .y = 1.0F};
    if (width_px == 0 && height_px == 0) {
        return scale;
    }
    scale.width = scale.x = (float)width_px;
    scale.height = scale.y = (float)height_px;
    if (mode == TYTO_BOXES_IMAGE) {
        scale.clip = true;
        if (padded) {
            scale.x = scale.y = scale.width > scale.height ? scale.width : scale.height;
        }
    }
    return scale;
}

static float clip(float value, float high)
{
    return value < 0.0F ? 0.0F : value > high ? high : value;
}

bool tyto_box_place(const float centre[4], const tyto_box_scale *scale, tyto_box *out)
{
    float half_width = 0.5F * centre[2];
    float half_height = 0.5F * centre[3];
    tyto_box box = {
        .xmin = (centre[0] - half_width) * scale->x,
        .ymin = (centre[1] - half_height) * scale->y,
        .xmax = (centre[0] + half_width) * scale->x,
        .ymax = (centre[1] + half_height) * scale->y,
    };
    if (!isfinite(box.xmin) || !isfinite(box.ymin) || !isfinite(box.xmax) || !isfinite(box.ymax)) {
        return false;
    }
    if (scale->clip) {
        box.xmin = clip(box.xmin, scale->width);
        box.ymin = clip(box.ymin, scale->height);
        box.xmax = clip(box.xmax, scale->width);
        box.ymax = clip(box.ymax, scale->height);
        if (box.xmax <= box.xmin || box.ymax <= box.ymin) {
            return false;
        }
    }
    *out = box;
    return true;
}

static float area(const tyto_box *box)
{
    return (box->xmax - box->xmin) * (box->ymax - box->ymin);
}

int64_t tyto_pixels_touched(double low, double high, int64_t side, int64_t *start)
{
    const double begin = fmin(fmax(floor(low), 0.0), (double)side),
                 end = fmin(fmax(ceil(high), 0.0), (double)side);
    *start = (int64_t)begin;
    return low <= high && begin < end ? (int64_t)end - *start : 0;
}

float tyto_box_iou(const tyto_box *a, const tyto_box *b)
{
    float left = a->xmin > b->xmin ? a->xmin : b->xmin;
    float top = a->ymin > b->ymin ? a->ymin : b->ymin;
    float right = a->xmax < b->xmax ? a->xmax : b->xmax;
    float bottom = a->ymax < b->ymax ? a->ymax : b->ymax;
    if (right <= left || bottom <= top) {
        return 0.0F;
    }
    float shared = (right - left) * (bottom - top);
    float both = area(a) + area(b) - shared;
    return both > 0.0F ? shared / both : 0.0F;
}
