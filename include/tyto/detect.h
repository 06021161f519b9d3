/** Detection by text or objectness: preprocess → forward → postprocess, and the results. */
#ifndef TYTO_DETECT_H
#define TYTO_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>
#include <tyto/vocabulary.h>

TYTO_BEGIN_DECLS

/** A box in pixels: left, top, right, bottom. */
typedef struct tyto_box {
    float xmin, ymin, xmax, ymax;
} tyto_box;

/** One found object. */
typedef struct tyto_detection {
    tyto_box box;
    float score;
    int64_t label; /**< index of the query */
    int64_t patch; /**< of the photo whose box this is: the row of pred_boxes */
} tyto_detection;

/** Highest score first; ties by box index, then label.
 *  memory  items is owned; release with tyto_detections_clear */
typedef struct tyto_detections {
    tyto_detection *items;
    size_t count;
} tyto_detections;

TYTO_API void tyto_detections_clear(tyto_detections *detections);

typedef enum tyto_boxes_mode {
    TYTO_BOXES_IMAGE,    /**< pixels of the photo itself, clipped to it */
    TYTO_BOXES_REFERENCE /**< boxes times the photo's size, as the reference scales them */
} tyto_boxes_mode;

typedef enum tyto_nms_mode { TYTO_NMS_OFF, TYTO_NMS_CLASS, TYTO_NMS_ALL } tyto_nms_mode;

typedef struct tyto_postprocess_options {
    float threshold;               /**< keep scores > threshold */
    const float *label_thresholds; /**< one per query, or NULL; overrides threshold */
    tyto_boxes_mode boxes;
    bool padded; /**< the network saw the photo padded to a square (TYTO_BOXES_IMAGE undoes it) */
    tyto_nms_mode nms;
    float nms_iou;    /**< boxes that overlap more than this are dropped */
    int64_t top_k;    /**< 0: all */
    bool multi_label; /**< every label above its threshold instead of each box's best */
    /** Image-guided detection only: the photo's best score becomes 1, a tenth of it 0. */
    bool relative_scores;
} tyto_postprocess_options;

/** threshold 0.1, image boxes, padded, no NMS with IoU 0.5 ready, all, best label. */
TYTO_API void tyto_postprocess_options_init(tyto_postprocess_options *options);

/** One photo's logits and boxes to detections.
 *  shapes  logits[P,Q], pred_boxes[P,4] as centre x, centre y, width, height in [0,1];
 *          query_mask[Q] or NULL: queries with 0 are ignored
 *  size    photo's width and height in pixels; 0×0 leaves boxes in [0,1]
 *  source  Owlv2ImageProcessor.post_process_object_detection
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_object_detection(
    const float *logits, const float *pred_boxes, const uint8_t *query_mask, int64_t boxes,
    int64_t queries, int64_t width_px, int64_t height_px, const tyto_postprocess_options *options,
    tyto_detections *out, tyto_error *err);

/** Finds the vocabulary's objects in a photo: preprocess, forward, postprocess. vocabulary NULL:
 *  whatever looks like an object, its score the objectness and its label 0. Whether the photo
 *  was padded is known from the model's image processor, whatever options->padded says.
 *  memory  release *out with tyto_detections_clear */
TYTO_API TYTO_NODISCARD tyto_status tyto_detect(tyto_session *session,
                                                const tyto_vocabulary *vocabulary,
                                                const tyto_image *image,
                                                const tyto_postprocess_options *options,
                                                tyto_detections *out, tyto_error *err);

TYTO_END_DECLS

#endif
