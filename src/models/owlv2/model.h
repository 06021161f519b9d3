/** The parameters of an OWLv2 checkpoint, generated from params.def. */
#ifndef TYTO_MODELS_OWLV2_MODEL_H
#define TYTO_MODELS_OWLV2_MODEL_H

#include "models/architecture.h"
#include "models/owlv2/config.h"

#define FLOATS(field, ...) float *field;
#define SCALAR(field, ...) float *field;
#define TABLE(field, ...) tyto_table_weights field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define EXACT(field, ...) tyto_linear_weights field;
#define PROJECTION(field, ...) tyto_linear_weights field;
#define FUSED(field, ...) tyto_linear_weights field;
#define CONVOLUTION(field, ...) tyto_linear_weights field;

/** One transformer layer of either tower. */
typedef struct tyto_owlv2_layer {
#define TYTO_OWLV2_LAYER
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_LAYER
} tyto_owlv2_layer;

typedef struct tyto_owlv2_text {
    tyto_owlv2_text_config config;
    tyto_owlv2_layer *layers;
#define TYTO_OWLV2_TEXT
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_TEXT
} tyto_owlv2_text;

typedef struct tyto_owlv2_vision {
    tyto_owlv2_vision_config config;
    tyto_owlv2_layer *layers;
#define TYTO_OWLV2_VISION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_VISION
} tyto_owlv2_vision;

/** A checkpoint: immutable once open. What it lacks is zero, and has no heads. */
typedef struct tyto_owlv2 {
    tyto_owlv2_config config;
    tyto_owlv2_text text;
    tyto_owlv2_vision vision;
#define TYTO_OWLV2_BASE
#define TYTO_OWLV2_DETECTION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_BASE
#undef TYTO_OWLV2_DETECTION
} tyto_owlv2;

#undef FLOATS
#undef SCALAR
#undef TABLE
#undef NORM
#undef LINEAR
#undef EXACT
#undef PROJECTION
#undef FUSED
#undef CONVOLUTION

/** OWLv2 as the runtime's registry takes it: whole checkpoints, those of Owlv2Model, and towers
 * that were saved by themselves. */
extern const tyto_architecture tyto_owlv2_detection_architecture;
extern const tyto_architecture tyto_owlv2_base_architecture;
extern const tyto_architecture tyto_owlv2_text_architecture;
extern const tyto_architecture tyto_owlv2_vision_architecture;

#endif
