/** Non-maximum suppression. */
#ifndef TYTO_RESULTS_NMS_H
#define TYTO_RESULTS_NMS_H

#include <tyto/detections.h>
#include <tyto/status.h>

/** Keeps, from the best on, each item that overlaps no kept one (of its label, or of any) by more
 *  than `iou`, and at most `top_k` items (0: any number).
 *  items    sorted, highest score first; the kept ones are moved to the front in order
 *  labels   labels are 0 … n_labels−1
 *  errors   E_MEMORY; items are then untouched */
TYTO_NODISCARD tyto_status tyto_suppress(tyto_detection *items, int64_t *count, int64_t n_labels,
                                         tyto_nms mode, float iou, int64_t top_k, tyto_error *err);

#endif
