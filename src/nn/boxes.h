/** Operators on boxes, which are given as centre and size: (x, y, width, height).
 *  errors  none */
#ifndef TYTO_NN_BOXES_H
#define TYTO_NN_BOXES_H

#include "nn/exec.h"

/** Intersection over union, in single precision; 0 where the union has no area. */
float tyto_iou(const float a[4], const float b[4]);
/** Generalised intersection over union: in [−1,1]; what divides by an area of 0 counts as 0.
 *  source  Rezatofighi et al. 2019 */
double tyto_giou(const float a[4], const float b[4]);
/** Σ_i |a[i] − b[i]| */
double tyto_box_distance(const float a[4], const float b[4]);
/** The same of the boxes' left, top, right and bottom. */
double tyto_box_corner_distance(const float a[4], const float b[4]);

/** da += slope·∂/∂a of giou(a, b), and of the distance of corners. Where two sides are the same, each
 *  has half of the gradient, as torch's; an area of 0 has none. */
void tyto_giou_backward(const float a[4], const float b[4], double slope, float da[4]);
void tyto_box_corner_distance_backward(const float a[4], const float b[4], double slope,
                                       float da[4]);

/** ious[i] = iou(boxes[i], box)
 *  threads  boxes go round the pool */
TYTO_NODISCARD tyto_status tyto_ious(tyto_exec *exec, int64_t count, const float *boxes,
                                     const float box[4], float *ious);
/** The first index i of a largest giou(boxes[i], box); 0 when none is a number. */
int64_t tyto_nearest_box(int64_t count, const float *boxes, const float box[4]);

/** biases[rows·columns,4] = (l((x+1)/grid_columns), l((y+1)/grid_rows), l(1/grid_columns),
 *  l(1/grid_rows)) of patch (y,x), with the log odds l(p) = log(p + 10⁻⁴) − log(1 − p + 10⁻⁴): what
 *  places a box at its patch once a sigmoid follows. In single precision.
 *  source  Owlv2ForObjectDetection.compute_box_bias */
void tyto_box_biases(int64_t rows, int64_t columns, int64_t grid_rows, int64_t grid_columns,
                     float *biases);

#endif
