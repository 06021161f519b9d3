/** Boxes between the network's unit square and a photo's pixels. */
#ifndef TYTO_RESULTS_BOXES_H
#define TYTO_RESULTS_BOXES_H

#include <stdbool.h>
#include <tyto/detections.h>

/** How boxes become pixels: multiply, then clip when the limits are given. */
typedef struct tyto_box_scale {
    float x, y;
    bool clip;
    float width, height;
} tyto_box_scale;

/** The scale for a photo; 0×0 leaves boxes in the unit square, unclipped.
 *  mode REFERENCE: times the photo's width and height. mode IMAGE: when `padded`, the square had
 *  the photo's longer side, so both axes take that; then clipped to the photo. */
tyto_box_scale tyto_box_scale_for(tyto_boxes mode, bool padded, int64_t width_px,
                                  int64_t height_px);

/** (centre x, centre y, width, height) to scaled corners, in the reference's order of float
 *  operations. False when the box has a coordinate that is not finite, or when clipping left no
 *  area: such a box lies in the padding. */
bool tyto_box_place(const float centre[4], const tyto_box_scale *scale, tyto_box *out);

/** The whole pixels of a side that a stretch touches: how many, from *start on; 0 outside of it. */
int64_t tyto_pixels_touched(double low, double high, int64_t side, int64_t *start);

/** Intersection over union; 0 for boxes without area. */
float tyto_box_iou(const tyto_box *a, const tyto_box *b);

#endif
