/** Precision and recall of one category, from which every average is made. */
#ifndef TYTO_RESULTS_AVERAGE_PRECISION_H
#define TYTO_RESULTS_AVERAGE_PRECISION_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/eval.h>

/** COCO's grid: IoU 0.50, 0.55 … 0.95, and recall 0, 0.01 … 1. */
enum { TYTO_AP_THRESHOLDS = 10, TYTO_AP_RECALLS = 101 };
/** Area ranges: all, small, medium, large. */
enum { TYTO_AP_ALL, TYTO_AP_SMALL, TYTO_AP_MEDIUM, TYTO_AP_LARGE, TYTO_AP_AREAS };
/** Most detections of an image and category that take part. */
enum { TYTO_AP_DETECTIONS_MAX = 100 };

/** What became of a detection at one IoU threshold and area range. */
typedef enum tyto_ap_verdict { TYTO_AP_IGNORED, TYTO_AP_RIGHT, TYTO_AP_WRONG } tyto_ap_verdict;

/** threshold i of n from `first` to `last`, rounded as numpy.linspace rounds it. */
double tyto_ap_step(double first, double last, int n, int i);

/** Intersection over union, or over the detection's own area when `crowd`; 0 without overlap. */
double tyto_ap_overlap(const tyto_coco_box *found, const tyto_coco_box *truth, bool crowd);

/** Sum over the 101 recalls of the precision that is reached there or later.
 *  shapes   verdicts[count], best score first; precision[count] is scratch
 *  objects  how many there were to be found, at least 1 */
double tyto_ap_precision_sum(const uint8_t *verdicts, size_t count, size_t objects,
                             double *precision);

#endif
