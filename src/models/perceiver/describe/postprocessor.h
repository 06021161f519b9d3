/** Postprocessors: what turns decoded rows into an output, as parameters. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_POSTPROCESSOR_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_POSTPROCESSOR_H

#include "models/perceiver/describe/read.h"

#define FLOATS(field, ...) float *field;
#define BUFFER(field, ...) float *field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define CONVOLUTION(field, ...) tyto_linear_weights field;

typedef enum tyto_perceiver_postprocessor_type {
    TYTO_PERCEIVER_PROJECTION_POSTPROCESSOR,
    TYTO_PERCEIVER_AUDIO_POSTPROCESSOR,
    TYTO_PERCEIVER_CLASSIFICATION_POSTPROCESSOR,
    TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR,
} tyto_perceiver_postprocessor_type;

/** Turns decoded rows into an output. */
typedef struct tyto_perceiver_postprocessor {
    tyto_perceiver_postprocessor_type type;
    int64_t in_channels, out_channels;
    struct tyto_perceiver_post_modality *modalities; /* sorted by name */
    int count;
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CLASSIFIER
} tyto_perceiver_postprocessor;

typedef struct tyto_perceiver_post_modality {
    char name[TYTO_PERCEIVER_MODALITY_BYTES];
    tyto_perceiver_postprocessor part;
} tyto_perceiver_post_modality;

#undef FLOATS
#undef BUFFER
#undef NORM
#undef LINEAR
#undef CONVOLUTION

/** Reads a part from its description; `where` names it in messages.
 *  errors  E_FORMAT, E_RANGE, E_UNSUPPORTED, E_MEMORY; what was allocated stays in *out */
TYTO_NODISCARD tyto_status tyto_perceiver_postprocessor_read(const json_t *object,
                                                             const char *where,
                                                             const tyto_perceiver_config *config,
                                                             tyto_perceiver_postprocessor *out,
                                                             tyto_error *err);
/** Asks for its parameters below `prefix`, which ends in ".". */
void tyto_perceiver_postprocessor_bind(tyto_binder *binder, tyto_perceiver_postprocessor *fields,
                                       const char *prefix);

#endif
