/** Detection by text: vocabulary, preprocess → forward → postprocess, and the results. */
#ifndef TYTO_DETECT_H
#define TYTO_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** A box in pixels: left, top, right, bottom. */
typedef struct tyto_box {
    float xmin, ymin, xmax, ymax;
} tyto_box;

/** One found object. label is the index of the query. */
typedef struct tyto_detection {
    tyto_box box;
    float score;
    int64_t label;
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

/** Text queries, encoded once, for any number of photos. Immutable; belongs to its model. */
typedef struct tyto_vocabulary tyto_vocabulary;

/** Encodes `count` texts. templates: average the embeddings of the seven prompt templates of the
 *  OWL-ViT authors per text.
 *  errors  E_ARGUMENT (no text, model without tokenizer), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_vocabulary_create(tyto_session *session,
                                                           const char *const *texts, size_t count,
                                                           bool templates, tyto_vocabulary **out,
                                                           tyto_error *err);
TYTO_API void tyto_vocabulary_destroy(tyto_vocabulary *vocabulary);
TYTO_API size_t tyto_vocabulary_count(const tyto_vocabulary *vocabulary);
TYTO_API const char *tyto_vocabulary_text(const tyto_vocabulary *vocabulary, size_t i);

/** Finds the vocabulary's objects in a photo: preprocess, forward, postprocess. Whether the photo
 *  was padded is known from the model's image processor, whatever options->padded says.
 *  memory  release *out with tyto_detections_clear */
TYTO_API TYTO_NODISCARD tyto_status tyto_detect(tyto_session *session,
                                                const tyto_vocabulary *vocabulary,
                                                const tyto_image *image,
                                                const tyto_postprocess_options *options,
                                                tyto_detections *out, tyto_error *err);

TYTO_END_DECLS

#endif
