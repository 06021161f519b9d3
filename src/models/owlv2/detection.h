/** Detection of what texts name. */
#ifndef TYTO_MODELS_OWLV2_DETECTION_H
#define TYTO_MODELS_OWLV2_DETECTION_H

#include "models/owlv2/head.h"

/** Owlv2ForObjectDetection.forward. */
TYTO_OWLV2_HEAD(detection)

#endif
