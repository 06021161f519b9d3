/** The parts that a Perceiver is composed of: descriptions that hold their own parameters.
 *
 *  A description is read from JSON, in which a part is {"type": class name of the reference, and
 *  its constructor's arguments by name}; arguments that configurations give (`config`) are left
 *  out. The heads are fixed descriptions (compositions.c), so a user's and ours go one way. */
#ifndef TYTO_MODELS_PERCEIVER_PARTS_H
#define TYTO_MODELS_PERCEIVER_PARTS_H

#include "models/perceiver/describe/config.h"
#include "models/perceiver/plain/layer.h"
#include "models/perceiver/rows/position.h"

/** Most modalities, and the longest name of one with its NUL. */
#define TYTO_PERCEIVER_MODALITIES_MAX 16
#define TYTO_PERCEIVER_MODALITY_BYTES 64

#define FLOATS(field, ...) float *field;
#define BUFFER(field, ...) float *field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define CONVOLUTION(field, ...) tyto_linear_weights field;

typedef enum tyto_perceiver_preprocessor_type {
    TYTO_PERCEIVER_TEXT_PREPROCESSOR,
    TYTO_PERCEIVER_IMAGE_PREPROCESSOR,
    TYTO_PERCEIVER_ONE_HOT_PREPROCESSOR,
    TYTO_PERCEIVER_AUDIO_PREPROCESSOR,
    TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR,
} tyto_perceiver_preprocessor_type;

typedef enum tyto_perceiver_prep_type {
    TYTO_PERCEIVER_PREP_CONV,
    TYTO_PERCEIVER_PREP_CONV1X1,
    TYTO_PERCEIVER_PREP_PATCHES,
    TYTO_PERCEIVER_PREP_PIXELS,
} tyto_perceiver_prep_type;

/** Products that rows are made by, from their outputs' side: fold.h. All NULL when not folded. */
typedef struct tyto_perceiver_turned {
    tyto_packed_matrix
        content; /* [inputs + 1, outputs] of what makes content; the last is its bias */
    /* Of a content of few inputs: [inputs + 2, inputs + 1], which multiply (inputs, 1): sums over
     * outputs of each weight, then of the products of two of them. */
    float *moments;
    tyto_packed_matrix table; /* [table's channels + 1, outputs] of what projects positions */
    float *table_sums;        /* [positions][2]: of a position's channels, of their squares */
} tyto_perceiver_turned;

/** Turns an input into rows of `channels`. */
typedef struct tyto_perceiver_preprocessor {
    tyto_perceiver_preprocessor_type type;
    int64_t channels; /* num_channels */
    bool add_pos;     /* concat_or_add_pos: "add" */
    tyto_perceiver_position position;
    /* text */
    int64_t vocab_size, max_positions;
    /* audio */
    int64_t samples_per_patch;
    /* image */
    tyto_perceiver_prep_type prep;
    int64_t spatial_downsample, temporal_downsample, in_channels, out_channels;
    bool conv_after_patching, batchnorm;
    int64_t conv_after_patching_in_channels;
    tyto_perceiver_turned turned;
    /* multimodal: sorted by name */
    struct tyto_perceiver_input_modality *modalities;
    int count;
#define TYTO_PERCEIVER_TEXT
#define TYTO_PERCEIVER_CONV
#define TYTO_PERCEIVER_BATCH_NORM
#define TYTO_PERCEIVER_CONV1X1
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_TEXT
#undef TYTO_PERCEIVER_CONV
#undef TYTO_PERCEIVER_BATCH_NORM
#undef TYTO_PERCEIVER_CONV1X1
} tyto_perceiver_preprocessor;

/** One modality of a multimodal input: its rows, then `pad` trained channels, so that all
 *  modalities have the same number. */
typedef struct tyto_perceiver_input_modality {
    char name[TYTO_PERCEIVER_MODALITY_BYTES];
    tyto_perceiver_preprocessor part;
    int place; /* in the description, which is the order in which masks are drawn */
    bool masked;
    double mask_probability; /* of a row becoming the trained `mask` */
    int64_t pad;
    float *padding; /* [pad] */
    float *mask;    /* [channels of the whole] */
} tyto_perceiver_input_modality;

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

/** A composition; what is absent is NULL. */
typedef struct tyto_perceiver_parts {
    tyto_perceiver_preprocessor *input_preprocessor;
    tyto_perceiver_decoder *decoder;
    tyto_perceiver_postprocessor *output_postprocessor;
} tyto_perceiver_parts;

/** Reads {"input_preprocessor": part, "decoder": part, "output_postprocessor": part}, each of them
 *  optional, and checks that each part holds together and that they fit each other.
 *  memory  release with tyto_perceiver_parts_clear, also after an error
 *  errors  E_FORMAT (an unknown part or argument, sums of channels that don't fit, with both
 *          numbers), E_RANGE, E_UNSUPPORTED, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_perceiver_parts_read(const json_t *object, const char *name,
                                                     const tyto_perceiver_config *config,
                                                     tyto_perceiver_parts *out, tyto_error *err);
void tyto_perceiver_parts_clear(tyto_perceiver_parts *parts);

/** One part, from its description; `where` names it in messages. */
TYTO_NODISCARD tyto_status tyto_perceiver_preprocessor_read(const json_t *object, const char *where,
                                                            const tyto_perceiver_config *config,
                                                            tyto_perceiver_preprocessor *out,
                                                            tyto_error *err);
TYTO_NODISCARD tyto_status tyto_perceiver_decoder_read(const json_t *object, const char *where,
                                                       const tyto_perceiver_config *config,
                                                       tyto_perceiver_decoder *out,
                                                       tyto_error *err);
TYTO_NODISCARD tyto_status tyto_perceiver_postprocessor_read(const json_t *object,
                                                             const char *where,
                                                             const tyto_perceiver_config *config,
                                                             tyto_perceiver_postprocessor *out,
                                                             tyto_error *err);

/** Asks for a part's parameters below `prefix`, which ends in ".". */
void tyto_perceiver_preprocessor_bind(tyto_binder *binder, tyto_perceiver_preprocessor *part,
                                      const char *prefix);
void tyto_perceiver_decoder_bind(tyto_binder *binder, tyto_perceiver_decoder *part,
                                 const char *prefix);
void tyto_perceiver_postprocessor_bind(tyto_binder *binder, tyto_perceiver_postprocessor *part,
                                       const char *prefix);

/** The description of a head, by its class name; NULL for PerceiverModel and unknown names, or
 *  when memory is out (*no_memory). Release with json_decref. */
json_t *tyto_perceiver_composition(const char *head, const tyto_perceiver_config *config,
                                   bool *no_memory);

#endif
