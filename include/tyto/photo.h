/** Photos, encoded once for any number of vocabularies and questions. */
#ifndef TYTO_PHOTO_H
#define TYTO_PHOTO_H

#include <tyto/vocabulary.h>

TYTO_BEGIN_DECLS

/** What the image tower makes of a photo: the features of its patches. Immutable; any session of
 *  the same model may use it. */
typedef struct tyto_photo tyto_photo;

/** Runs the image tower, which is nearly all of a search's work.
 *  options  processor, progress; NULL: the defaults
 *  memory   release *out with tyto_photo_destroy
 *  errors   E_ARGUMENT (a model that doesn't search, or without image processor), E_LIMIT,
 *           E_CANCELLED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_create(tyto_session *session,
                                                      const tyto_image *image,
                                                      const tyto_embed_options *options,
                                                      tyto_photo **out, tyto_error *err);
TYTO_API void tyto_photo_destroy(tyto_photo *photo);
/** The picture's size. */
TYTO_API int64_t tyto_photo_width_px(const tyto_photo *photo);
TYTO_API int64_t tyto_photo_height_px(const tyto_photo *photo);
/** The memory that it holds. */
TYTO_API size_t tyto_photo_bytes(const tyto_photo *photo);

/** The features of the patches that detections come from, one query of the kind TYTO_QUERY_KIND_BOX
 *  each.
 *  labels  one text per detection, or NULL: "object" for all
 *  memory  release *out with tyto_vocabulary_destroy
 *  errors  E_ARGUMENT (no detection), E_RANGE (a patch that the photo lacks), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_embed(tyto_session *session, const tyto_photo *photo,
                                                     const tyto_detections *detections,
                                                     const char *const *labels,
                                                     tyto_vocabulary **out, tyto_error *err);

/** Which of a query picture's boxes stands for the thing that is meant. The candidates are the
 *  boxes whose intersection over union with the region is at least 0.8 of the best one's; when no
 *  box overlaps the region, the one with the best generalised IoU.
 *  source  Owlv2ForObjectDetection.embed_image_query; scenic's OWL-ViT and OWLv2 examples */
typedef enum tyto_query_rule {
    TYTO_QUERY_RULE_AUTO = 0, /**< by objectness where there is a region, else the reference's */
    TYTO_QUERY_RULE_REFERENCE = 1, /**< the candidate least like the mean features of the picture */
    TYTO_QUERY_RULE_OBJECTNESS =
        2,                      /**< the candidate most like an object; without a region, of all */
    TYTO_QUERY_RULE_OVERLAP = 3 /**< the candidate that overlaps best */
} tyto_query_rule;

/** The box that was chosen. */
typedef struct tyto_query_box {
    tyto_box box;         /**< in pixels of the query picture, clipped to it */
    float iou;            /**< with the region; in the network's square */
    float objectness;     /**< 0 … 1 */
    int64_t patch;        /**< the row of query_pred_boxes */
    uint64_t reserved[4]; /**< zeros */
} tyto_query_box;

/** Makes a query of a thing in a picture: a vocabulary of one, its features those of the chosen
 *  patch.
 *  region  in pixels of the picture, cut to it; NULL: the whole square that the network sees, as
 *          the reference has it
 *  chosen  may be NULL
 *  memory  release *out with tyto_vocabulary_destroy
 *  errors  E_ARGUMENT (a region without area, or not finite), E_RANGE (outside the picture),
 *          E_UNSUPPORTED (a model of which examples can't be queries), what tyto_forward gives */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_query(tyto_session *session, const tyto_photo *photo,
                                                     const tyto_box *region, tyto_query_rule rule,
                                                     const char *label, tyto_query_box *chosen,
                                                     tyto_vocabulary **out, tyto_error *err);

TYTO_END_DECLS

#endif
