/** Texts and pictures as vectors of one space. */
#ifndef TYTO_MODELS_OWLV2_CONTRASTIVE_H
#define TYTO_MODELS_OWLV2_CONTRASTIVE_H

#include "models/owlv2/head.h"
#include "models/owlv2/towers.h"

/** features[n,E] = text_projection(the texts' pooled states), and what was declared of the texts.
 */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_project(const tyto_owlv2 *model, tyto_exec *exec,
                                                    const tyto_owlv2_texts *texts, float *features);

/** Owlv2Model.forward; text_embeds and image_embeds of an earlier run stand for texts and pixels.
 */
TYTO_OWLV2_HEAD(contrastive)
/** Owlv2Model.get_text_features: text_features[n,E], not normalised. */
TYTO_OWLV2_HEAD(text_features)
/** Owlv2Model.get_image_features: image_features[B,E], not normalised. */
TYTO_OWLV2_HEAD(image_features)
/** Owlv2TextModel.forward and Owlv2VisionModel.forward. */
TYTO_OWLV2_HEAD(text_model)
TYTO_OWLV2_HEAD(vision_model)

#endif
