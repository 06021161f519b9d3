/** What a whole batch's outputs amount to. */
#ifndef TYTO_POSTPROCESS_H
#define TYTO_POSTPROCESS_H

#include <tyto/match.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

typedef struct tyto_size {
    int64_t width_px, height_px;
} tyto_size;

/** Detections in each photo of a batch, from outputs of tyto_forward, of any float type and found
 *  by their names: logits [B,P,Q] with pred_boxes [B,P,4], as tyto_postprocess_object_detection; or
 *  with target_pred_boxes, as tyto_postprocess_image_guided_detection; or objectness_logits [B,P]
 *  with pred_boxes and without logits. Other tensors are passed over.
 *  sizes    of the photos, one each; n_sizes 0: boxes stay in [0,1]
 *  options  NULL: the reference's defaults, with boxes as it scales them
 *  out      [photos]: as many as the batch has; release each with tyto_detections_clear
 *  errors   E_ARGUMENT (outputs that lack these, another number of sizes or photos), E_SHAPE,
 *           E_MEMORY; out then holds nothing
 *  source   Owlv2ImageProcessor.post_process_object_detection, .post_process_image_guided_detection
 */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_batch(
    const tyto_tensor *outputs, size_t n_outputs, const tyto_size *sizes, size_t n_sizes,
    const tyto_postprocess_options *options, tyto_detections *out, size_t photos, tyto_error *err);
/** How many photos the outputs are about; 0 when the tensors are missing. */
TYTO_API size_t tyto_postprocess_photos(const tyto_tensor *outputs, size_t n_outputs);
/** The defaults for these outputs: those of image-guided detection where there are
 *  target_pred_boxes, and of detection otherwise. */
TYTO_API void tyto_postprocess_options_for(const tyto_tensor *outputs, size_t n_outputs,
                                           tyto_postprocess_options *options);

TYTO_END_DECLS

#endif
