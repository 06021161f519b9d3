/** How positions are encoded: by learned tables or by Fourier features. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_POSITION_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_POSITION_H

#include <jansson.h>

#include "weights/binder.h"

/** Most index dimensions: a video has three. */
#define TYTO_PERCEIVER_AXES_MAX 4
/** Most positions of one encoding, and of one input. */
#define TYTO_PERCEIVER_POSITIONS_MAX ((int64_t)1 << 31)

typedef enum tyto_perceiver_position_type {
    TYTO_PERCEIVER_POSITION_NONE,
    TYTO_PERCEIVER_POSITION_TRAINABLE,
    TYTO_PERCEIVER_POSITION_FOURIER,
} tyto_perceiver_position_type;

/** How positions are encoded, and the parameters for it. */
typedef struct tyto_perceiver_position {
    tyto_perceiver_position_type type;
    /* trainable: one row of `num_channels` for each position */
    int64_t index_count; /* prod(index_dims) */
    int index_rank;      /* 1 for a bare number */
    int64_t num_channels;
    /* Fourier: per group, num_bands frequencies from 1 to half its resolution */
    int64_t num_bands;
    int64_t max_resolution[TYTO_PERCEIVER_AXES_MAX];
    int resolution_rank;
    bool concat_pos, sine_only;
    /* either: projected from out_channels to project_pos_dim when that is positive */
    int64_t out_channels, project_pos_dim;
    float *table;
    tyto_linear_weights projection;
} tyto_perceiver_position;

/** Reads the arguments of the reference's build_position_encoding from a part's description:
 *  `position_encoding_type` (default `type`), `trainable_position_encoding_kwargs`,
 *  `fourier_position_encoding_kwargs`, `project_pos_dim`. out_channels is the caller's.
 *  errors  E_FORMAT, E_RANGE */
TYTO_NODISCARD tyto_status tyto_perceiver_position_read(const json_t *object, const char *where,
                                                        const char *type,
                                                        tyto_perceiver_position *out,
                                                        tyto_error *err);
/** Once out_channels is set: checks that a projection fits.
 *  errors  E_FORMAT that names both numbers */
TYTO_NODISCARD tyto_status tyto_perceiver_position_check(const tyto_perceiver_position *position,
                                                         const char *where, tyto_error *err);
/** Channels before the projection, as the reference's output_size() counts them. */
int64_t tyto_perceiver_position_size(const tyto_perceiver_position *position);
/** Channels after it. */
int64_t tyto_perceiver_position_channels(const tyto_perceiver_position *position);
/** num_dimensions: axes that the encoding knows. */
int tyto_perceiver_position_rank(const tyto_perceiver_position *position);
/** Asks for the parameters; table_prefix and projection_prefix end in ".". */
void tyto_perceiver_position_bind(tyto_binder *binder, tyto_perceiver_position *fields,
                                  const char *table_prefix, const char *projection_prefix);

#endif
