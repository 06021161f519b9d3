/** Detection by example: query pictures, and the results of image-guided detection. */
#ifndef TYTO_MATCH_H
#define TYTO_MATCH_H

#include <tyto/photo.h>

TYTO_BEGIN_DECLS

/** Threshold 0, NMS of all at 0.3, relative scores, image boxes, padded, all, best label: the
 *  reference's defaults but for the boxes. */
TYTO_API void tyto_match_options_init(tyto_postprocess_options *options);

/** One photo's logits and boxes to detections: scores below the threshold are dropped; of boxes
 *  that overlap, measured in the network's square, the best stays; scores become relative to the
 *  photo's best, and what had a tenth of it or less is dropped. With TYTO_BOXES_REFERENCE the
 *  result is the reference's, but that boxes come highest score first and have a label, the best
 *  query's; with TYTO_BOXES_IMAGE boxes outside the photo take no part.
 *  shapes  logits[P,Q], target_pred_boxes[P,4] as tyto_postprocess_object_detection
 *  source  Owlv2ImageProcessor.post_process_image_guided_detection
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_image_guided_detection(
    const float *logits, const float *target_pred_boxes, int64_t boxes, int64_t queries,
    int64_t width_px, int64_t height_px, const tyto_postprocess_options *options,
    tyto_detections *out, tyto_error *err);

/** Which of a query picture's boxes stands for the thing that is meant. The candidates are the
 *  boxes whose intersection over union with the region is at least 0.8 of the best one's; when no
 *  box overlaps the region, the one with the best generalised IoU.
 *  source  Owlv2ForObjectDetection.embed_image_query; scenic's OWL-ViT and OWLv2 examples */
typedef enum tyto_query_rule {
    TYTO_QUERY_REFERENCE,  /**< the candidate whose embedding is least like the picture's mean */
    TYTO_QUERY_OBJECTNESS, /**< the candidate most like an object; without a region, of all boxes */
    TYTO_QUERY_OVERLAP     /**< the candidate that overlaps best */
} tyto_query_rule;

/** The box that was chosen. */
typedef struct tyto_query_box {
    tyto_box box;     /**< in pixels of the query picture, clipped to it */
    float iou;        /**< with the region; in the network's square */
    float objectness; /**< 0 … 1 */
    int64_t patch;    /**< the row of query_pred_boxes */
} tyto_query_box;

/** Makes a query of a thing in a picture: a vocabulary of one, its embedding that of the chosen
 *  patch.
 *  region  in pixels of the picture, cut to it; NULL: the whole square that the network sees, as
 *          the reference has it
 *  chosen  may be NULL
 *  memory  release *out with tyto_vocabulary_destroy
 *  errors  E_ARGUMENT (a region without area, or not finite), E_RANGE (outside the picture), what
 *          tyto_forward gives */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_query(tyto_session *session, const tyto_photo *photo,
                                                     const tyto_box *region, tyto_query_rule rule,
                                                     const char *label, tyto_query_box *chosen,
                                                     tyto_vocabulary **out, tyto_error *err);

/** Finds what resembles the vocabulary's queries, texts or examples, in a photo: preprocess,
 *  forward, tyto_postprocess_image_guided_detection. For one query picture without a region and
 *  options->boxes TYTO_BOXES_REFERENCE it gives what the reference gives.
 *  memory  release *out with tyto_detections_clear */
TYTO_API TYTO_NODISCARD tyto_status tyto_match(tyto_session *session,
                                               const tyto_vocabulary *vocabulary,
                                               const tyto_image *image,
                                               const tyto_postprocess_options *options,
                                               tyto_detections *out, tyto_error *err);
/** The same in a photo that is encoded already. */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_match(tyto_session *session, const tyto_photo *photo,
                                                     const tyto_vocabulary *vocabulary,
                                                     const tyto_postprocess_options *options,
                                                     tyto_detections *out, tyto_error *err);

TYTO_END_DECLS

#endif
