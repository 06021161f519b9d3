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
 *  memory  release with tyto_detections_clear */
typedef struct tyto_detections {
    tyto_detection *items;
    int64_t count;
    /** [count][embedding_width]: what the network takes each thing for, as a vector of the space
     *  that queries lie in, of any length (the reference's class_embeds); NULL: nobody asked. Owned
     */
    float *embeddings;
    int64_t embedding_width;
    uint64_t reserved[2]; /**< zeros */
} tyto_detections;

/** Releases the items and embeddings. NULL is fine. */
TYTO_API void tyto_detections_clear(tyto_detections *detections);

/** What is found in one frame of a video. */
typedef struct tyto_frame_detections {
    int64_t frame;               /**< its place in the video, from 0 */
    double seconds;              /**< when it is shown */
    int64_t width_px, height_px; /**< of the frame */
    tyto_detections detections;  /**< in its pixels */
    int64_t *tracks; /**< [count]: the identity of each, from 1; −1: it has none. NULL: nobody
                               asked. Owned */
    uint64_t reserved[4]; /**< zeros */
} tyto_frame_detections;

/** Releases what is in it. NULL is fine. */
TYTO_API void tyto_frame_detections_clear(tyto_frame_detections *frame);

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
