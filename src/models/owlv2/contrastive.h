/** Texts and pictures as vectors of one space. */
#ifndef TYTO_MODELS_OWLV2_CONTRASTIVE_H
#define TYTO_MODELS_OWLV2_CONTRASTIVE_H

#include "models/owlv2/towers.h"

/** features[n,E] = text_projection(the texts' pooled states), and what was declared of the texts.
 */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_project(const tyto_owlv2 *model, tyto_exec *exec,
                                                    const tyto_owlv2_texts *texts, float *features);

#endif
