/** Outputs of networks to detections. */
#ifndef TYTO_POSTPROCESS_H
#define TYTO_POSTPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/status.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

typedef struct tyto_postprocess_options {
    size_t struct_bytes;           /**< set by tyto_postprocess_options_init or its siblings */
    float threshold;               /**< keep scores > threshold */
    const float *label_thresholds; /**< one per query, or NULL; overrides threshold */
    tyto_boxes boxes;
    bool padded; /**< the network saw the photo padded to a square (TYTO_BOXES_IMAGE undoes it) */
    tyto_nms nms;
    float nms_iou;    /**< boxes that overlap more than this are dropped */
    int64_t top_k;    /**< 0: all */
    bool multi_label; /**< every label above its threshold instead of each box's best */
    /** Image-guided detection only: the photo's best score becomes 1, a tenth of it 0. */
    bool relative_scores;
} tyto_postprocess_options;

/** Of detection: threshold 0.1, image boxes, padded, no NMS with IoU 0.5 ready, all, best label. */
TYTO_API void tyto_postprocess_options_init(tyto_postprocess_options *options, size_t struct_bytes);
/** Of image-guided detection: threshold 0, NMS of all at 0.3, relative scores, image boxes, padded,
 *  all, best label: the reference's defaults but for the boxes. */
TYTO_API void tyto_postprocess_options_init_guided(tyto_postprocess_options *options,
                                                   size_t struct_bytes);
/** The defaults for these outputs: those of image-guided detection where there are
 *  target_pred_boxes, and of detection otherwise. */
TYTO_API void tyto_postprocess_options_init_for(tyto_postprocess_options *options,
                                                size_t struct_bytes, const tyto_tensor *outputs,
                                                int64_t n_outputs);

/** One photo's logits and boxes to detections.
 *  shapes   logits[P,Q], pred_boxes[P,4] as centre x, centre y, width, height in [0,1];
 *           query_mask[Q] or NULL: queries with 0 are ignored
 *  size     photo's width and height in pixels; 0×0 leaves boxes in [0,1]
 *  options  NULL: those of detection
 *  memory   release *out with tyto_detections_clear
 *  errors   E_ARGUMENT, E_MEMORY
 *  threads  any
 *  source   Owlv2ImageProcessor.post_process_object_detection */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_object_detection(
    const float *logits, const float *pred_boxes, const uint8_t *query_mask, int64_t boxes,
    int64_t queries, int64_t width_px, int64_t height_px, const tyto_postprocess_options *options,
    tyto_detections *out, tyto_error *err);

/** One photo's logits and boxes to detections: scores below the threshold are dropped; of boxes
 *  that overlap, measured in the network's square, the best stays; scores become relative to the
 *  photo's best, and what had a tenth of it or less is dropped. With TYTO_BOXES_REFERENCE the
 *  result is the reference's, but that boxes come highest score first and have a label, the best
 *  query's; with TYTO_BOXES_IMAGE boxes outside the photo take no part.
 *  shapes   logits[P,Q], target_pred_boxes[P,4] as tyto_postprocess_object_detection
 *  options  NULL: those of image-guided detection
 *  memory   release *out with tyto_detections_clear
 *  errors   E_ARGUMENT, E_MEMORY
 *  threads  any
 *  source   Owlv2ImageProcessor.post_process_image_guided_detection */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_image_guided_detection(
    const float *logits, const float *target_pred_boxes, int64_t boxes, int64_t queries,
    int64_t width_px, int64_t height_px, const tyto_postprocess_options *options,
    tyto_detections *out, tyto_error *err);

/** A photo's size. */
typedef struct tyto_size {
    int64_t width_px, height_px;
} tyto_size;

/** Sizes as people write them: "640x480,1024x768".
 *  memory  *out[*count]; release with tyto_free
 *  errors  E_ARGUMENT (anything else), E_MEMORY    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_sizes_parse(const char *text, tyto_size **out,
                                                     int64_t *count, tyto_error *err);

/** Detections in each photo of a batch, from outputs of tyto_forward, of any float type and found
 *  by their names: logits [B,P,Q] with pred_boxes [B,P,4], as tyto_postprocess_object_detection; or
 *  with target_pred_boxes, as tyto_postprocess_image_guided_detection; or objectness_logits [B,P]
 *  with pred_boxes and without logits. Other tensors are passed over.
 *  sizes    of the photos, one each; n_sizes 0: boxes stay in [0,1]
 *  options  NULL: the reference's defaults, with boxes as it scales them
 *  out      [photos]: as many as the batch has; release each with tyto_detections_clear
 *  errors   E_ARGUMENT (outputs that lack these, another number of sizes or photos), E_SHAPE,
 *           E_MEMORY; out then holds nothing
 *  threads  any
 *  source   Owlv2ImageProcessor.post_process_object_detection, .post_process_image_guided_detection
 */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_batch(
    const tyto_tensor *outputs, int64_t n_outputs, const tyto_size *sizes, int64_t n_sizes,
    const tyto_postprocess_options *options, tyto_detections *out, int64_t photos, tyto_error *err);
/** How many photos the outputs are about, and how many labels detections in them can have; 0 when
 *  the tensors are missing. */
TYTO_API int64_t tyto_postprocess_photo_count(const tyto_tensor *outputs, int64_t n_outputs);
TYTO_API int64_t tyto_postprocess_labels(const tyto_tensor *outputs, int64_t n_outputs);

TYTO_END_DECLS

#endif
