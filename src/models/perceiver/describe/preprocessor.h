/** Preprocessors: what turns an input into rows, as parameters. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_PREPROCESSOR_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_PREPROCESSOR_H

#include "models/perceiver/describe/position.h"
#include "models/perceiver/describe/read.h"

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

/** The products that rows are made by, transposed, so that they go to the other operand of what
 *  rows are multiplied with (folded/fold_input.h). All NULL when not folded. */
typedef struct tyto_perceiver_input_fold {
    tyto_packed_matrix content; /* [raw + 1, content] of what makes content; the last is its bias */
    /* Of a content of few numbers: [raw + 2, raw + 1], which multiply (raw, 1): sums over content
     * of each weight, then of the products of two of them. */
    float *moments;
    tyto_packed_matrix table; /* [table's channels + 1, channels] of what projects positions */
    float *table_sums;        /* [positions][2]: of a position's channels, of their squares */
} tyto_perceiver_input_fold;

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
    tyto_perceiver_input_fold fold;
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

#undef FLOATS
#undef BUFFER
#undef NORM
#undef LINEAR
#undef CONVOLUTION

/** Reads a part from its description; `where` names it in messages.
 *  errors  E_FORMAT, E_RANGE, E_UNSUPPORTED, E_MEMORY; what was allocated stays in *out */
TYTO_NODISCARD tyto_status tyto_perceiver_preprocessor_read(const json_t *object, const char *where,
                                                            const tyto_perceiver_config *config,
                                                            tyto_perceiver_preprocessor *out,
                                                            tyto_error *err);
/** Asks for its parameters below `prefix`, which ends in ".". */
void tyto_perceiver_preprocessor_bind(tyto_binder *binder, tyto_perceiver_preprocessor *fields,
                                      const char *prefix);

#endif
