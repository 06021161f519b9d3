/** Position encodings: learned tables and Fourier features. */
#ifndef TYTO_MODELS_PERCEIVER_POSITION_H
#define TYTO_MODELS_PERCEIVER_POSITION_H

#include <jansson.h>

#include "nn/exec.h"
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
void tyto_perceiver_position_bind(tyto_binder *binder, tyto_perceiver_position *position,
                                  const char *table_prefix, const char *projection_prefix);

/** The encodings of all positions of a grid, which are written row by row. */
typedef struct tyto_perceiver_positions {
    const tyto_perceiver_position *position;
    bool sampled;     /* Fourier: as tyto_perceiver_positions_prepare says */
    int64_t count;    /* of positions */
    int64_t channels; /* of a row, after the projection */
    int64_t size;     /* before */
    int rank;
    int64_t dims[TYTO_PERCEIVER_AXES_MAX];
    int groups;                             /* of frequencies */
    float *tables[TYTO_PERCEIVER_AXES_MAX]; /* [dims[a]][1 + features of the axis] */
} tyto_perceiver_positions;

/** Says which positions there are, and checks them.
 *  Learned: all rows of the table; dims and sampled are not looked at.
 *  Fourier: positions of a grid in row-major order. `sampled`: index i of n lies at −1 + 2i/n, as
 *  decoder queries by index do; else the n of an axis go evenly from −1 to 1.
 *  Values are those of the reference's single-precision arithmetic: frequencies times positions
 *  reach 10⁴ periods, where the rounding of the argument is larger than any tolerance, so it is
 *  part of what published weights were made with. The sine itself is rounded once.
 *  errors  E_SHAPE that names both numbers when the frequencies' axes don't fit the grid's, E_LIMIT
 *  source  generate_fourier_features, build_linear_positions */
TYTO_NODISCARD tyto_status tyto_perceiver_positions_prepare(const tyto_perceiver_position *position,
                                                            const char *where, int rank,
                                                            const int64_t *dims, bool sampled,
                                                            tyto_perceiver_positions *out,
                                                            tyto_error *err);
/** Fills the tables that rows are made from, of positions that were prepared.
 *  memory  the tables from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_positions_start(tyto_perceiver_positions *positions,
                                                          tyto_exec *exec);
/** True when a position's row is the sum of one row for each axis, in channels of its own. */
bool tyto_perceiver_positions_separate(const tyto_perceiver_positions *positions);
/** rows[dims[axis]][size] = what an axis adds: 0 in the channels of the others. For positions that
 *  separate. */
void tyto_perceiver_positions_axis(const tyto_perceiver_positions *positions, int axis,
                                   float *rows);
/** Rows first … first+n−1, or those of `indices` when it is not NULL, to out[n,channels], rows
 *  `stride` floats apart. */
TYTO_NODISCARD tyto_status tyto_perceiver_positions_rows(const tyto_perceiver_positions *positions,
                                                         tyto_exec *exec, int64_t first,
                                                         const int64_t *indices, int64_t n,
                                                         float *out, int64_t stride);

#endif
