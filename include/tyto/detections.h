/** What is found in photos: boxes with labels and scores. */
#ifndef TYTO_DETECTIONS_H
#define TYTO_DETECTIONS_H

#include <stdint.h>
#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** A box in pixels: left, top, right, bottom. */
typedef struct tyto_box {
    float xmin, ymin, xmax, ymax;
} tyto_box;

/** One found object. */
typedef struct tyto_detection {
    tyto_box box;
    float score;
    int64_t label_index;  /**< of the query */
    int64_t patch;        /**< of the photo whose box this is: the row of pred_boxes */
    uint64_t reserved[4]; /**< zeros */
} tyto_detection;

/** Highest score first; ties by box index, then label.
 *  memory  items is owned; release with tyto_detections_clear */
typedef struct tyto_detections {
    tyto_detection *items;
    int64_t count;
    uint64_t reserved[4]; /**< zeros */
} tyto_detections;

/** Releases the items. NULL is fine. */
TYTO_API void tyto_detections_clear(tyto_detections *detections);

/** What the numbers of a box are. */
typedef enum tyto_boxes {
    TYTO_BOXES_IMAGE = 0,    /**< pixels of the photo itself, clipped to it */
    TYTO_BOXES_REFERENCE = 1 /**< boxes times the photo's size, as the reference scales them */
} tyto_boxes;

/** Whether boxes that overlap a better one are dropped. */
typedef enum tyto_nms {
    TYTO_NMS_OFF = 0,
    TYTO_NMS_CLASS = 1, /**< those of the same label */
    TYTO_NMS_ALL = 2    /**< those of any label */
} tyto_nms;

TYTO_END_DECLS

#endif
