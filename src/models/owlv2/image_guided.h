/** Detection of what pictures show. */
#ifndef TYTO_MODELS_OWLV2_IMAGE_GUIDED_H
#define TYTO_MODELS_OWLV2_IMAGE_GUIDED_H

#include "models/owlv2/head.h"

/** Owlv2ForObjectDetection.image_guided_detection. */
TYTO_OWLV2_HEAD(image_guided)

#endif
