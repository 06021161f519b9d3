/** Decoders: what makes queries and decodes them, as parameters. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_DECODER_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_DECODER_H

#include "models/perceiver/describe/layer.h"
#include "models/perceiver/describe/position.h"
#include "models/perceiver/describe/read.h"

#define FLOATS(field, ...) float *field;
#define BUFFER(field, ...) float *field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define CONVOLUTION(field, ...) tyto_linear_weights field;

typedef enum tyto_perceiver_decoder_type {
    TYTO_PERCEIVER_PROJECTION_DECODER,
    TYTO_PERCEIVER_BASIC_DECODER,
    TYTO_PERCEIVER_CLASSIFICATION_DECODER,
    TYTO_PERCEIVER_FLOW_DECODER,
    TYTO_PERCEIVER_VIDEO_DECODER,
    TYTO_PERCEIVER_MULTIMODAL_DECODER,
} tyto_perceiver_decoder_type;

/** Makes queries, and decodes them by attention to the latents. */
typedef struct tyto_perceiver_decoder {
    tyto_perceiver_decoder_type type;
    int64_t output_num_channels, num_channels;
    tyto_perceiver_position position;
    int64_t output_index_dims[TYTO_PERCEIVER_AXES_MAX];
    int output_index_rank; /* 0: not given */
    bool concat_preprocessed_input, final_project, position_encoding_only;
    int64_t query_channels; /* num_query_channels, by which a multimodal decoder pads */
    /* flow: output_image_shape; video: output_shape, its batch included */
    int64_t shape[TYTO_PERCEIVER_AXES_MAX];
    int shape_rank;
    double rescale_factor;
    struct tyto_perceiver_output_modality *modalities; /* multimodal: sorted by name */
    int count;
    tyto_perceiver_layer cross;
#define TYTO_PERCEIVER_FINAL
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_FINAL
#undef TYTO_PERCEIVER_CLASSIFIER
} tyto_perceiver_decoder;

/** One modality's queries. */
typedef struct tyto_perceiver_output_modality {
    char name[TYTO_PERCEIVER_MODALITY_BYTES];
    tyto_perceiver_decoder part;
    int64_t pad;
    float *padding; /* [pad] */
} tyto_perceiver_output_modality;

#undef FLOATS
#undef BUFFER
#undef NORM
#undef LINEAR
#undef CONVOLUTION

/** Channels of a decoded row. */
int64_t tyto_perceiver_decoder_channels(const tyto_perceiver_decoder *decoder);
/** Reads a part from its description; `where` names it in messages.
 *  errors  E_FORMAT, E_RANGE, E_UNSUPPORTED, E_MEMORY; what was allocated stays in *out */
TYTO_NODISCARD tyto_status tyto_perceiver_decoder_read(const json_t *object, const char *where,
                                                       const tyto_perceiver_config *config,
                                                       tyto_perceiver_decoder *out,
                                                       tyto_error *err);
/** Asks for its parameters below `prefix`, which ends in ".". */
void tyto_perceiver_decoder_bind(tyto_binder *binder, tyto_perceiver_decoder *fields,
                                 const char *prefix);

#endif
