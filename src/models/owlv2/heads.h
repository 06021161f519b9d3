/** What stands on top of the image tower: features of patches, boxes, objectness. */
#ifndef TYTO_MODELS_OWLV2_HEADS_H
#define TYTO_MODELS_OWLV2_HEADS_H

#include "models/owlv2/model.h"
#include "models/owlv2/window.h"

/** Keeps the length of an embedding away from 0 when it is divided by. */
#define TYTO_OWLV2_LENGTH_EPSILON 1e-6f

/** y = act(x·wᵀ + b) over `rows` rows of contiguous matrices. */
TYTO_NODISCARD tyto_status tyto_owlv2_dense(tyto_exec *exec, const tyto_linear_weights *weights,
                                            const float *x, int64_t rows,
                                            tyto_activation activation, float *y);

/** features[P,D] = feature_norm(post_norm(patch tokens) ⊙ post_norm(class token)) of one picture's
 *  hidden[1+P,D].
 *  source  Owlv2ForObjectDetection.image_embedder */
TYTO_NODISCARD tyto_status tyto_owlv2_image_features(const tyto_owlv2 *model, tyto_exec *exec,
                                                     const float *hidden, int64_t patches,
                                                     float *features);

/** embeds[P,E] = class_dense(features) at length 1. */
TYTO_NODISCARD tyto_status tyto_owlv2_class_embeds(const tyto_owlv2 *model, tyto_exec *exec,
                                                   const float *features, int64_t patches,
                                                   float *embeds);

/** logits[p,q] = (embeds[p]·queries[q] + shift(features[p])) · (elu(scale(features[p])) + 1)
 *  shapes  embeds[P,E] and queries[count,E] of length 1; logits[P,count], rows `stride` apart
 *  source  Owlv2ClassPredictionHead */
TYTO_NODISCARD tyto_status tyto_owlv2_class_logits(const tyto_owlv2 *model, tyto_exec *exec,
                                                   const float *features, int64_t patches,
                                                   const float *embeds, const float *queries,
                                                   int64_t count, int64_t stride, float *logits);

/** boxes[P,4] = sigmoid(box_head(features) + bias): centre x, centre y, width, height, in the whole
 *  picture that the window is the top left of.
 *  source  Owlv2ForObjectDetection.box_predictor */
TYTO_NODISCARD tyto_status tyto_owlv2_predict_boxes(const tyto_owlv2 *model, tyto_exec *exec,
                                                    const float *features,
                                                    const tyto_owlv2_window *window, float *boxes);

/** logits[P] = objectness_head(features) */
TYTO_NODISCARD tyto_status tyto_owlv2_predict_objectness(const tyto_owlv2 *model, tyto_exec *exec,
                                                         const float *features, int64_t patches,
                                                         float *logits);

#endif
