/** The encodings of all positions of an input or of queries, as rows. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_POSITIONS_H
#define TYTO_MODELS_PERCEIVER_ROWS_POSITIONS_H

#include "models/perceiver/describe/position.h"
#include "nn/fourier.h"

typedef struct tyto_perceiver_positions {
    const tyto_perceiver_position *position; /* NULL: there are none */
    int64_t count;                           /* of positions */
    int64_t size;                            /* channels of a row before the projection */
    int64_t channels;                        /* and after it */
    tyto_fourier fourier;                    /* of Fourier features; else rank 0 */
} tyto_perceiver_positions;

/** Says which positions there are, and checks them.
 *  Learned: all rows of the table; dims and sampled are not looked at.
 *  Fourier: positions of a grid in row-major order. `sampled`: index i of n lies at −1 + 2i/n, as
 *  decoder queries by index do; else the n of an axis go evenly from −1 to 1.
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
/** True when a position's row is the sum of one row for each axis (tyto_fourier_axis). */
bool tyto_perceiver_positions_separable(const tyto_perceiver_positions *positions);
/** Rows first … first+n−1, or those of `indices` when it is not NULL, to out[n,channels], rows
 *  `stride` floats apart. */
TYTO_NODISCARD tyto_status tyto_perceiver_positions_rows(const tyto_perceiver_positions *positions,
                                                         tyto_exec *exec, int64_t first,
                                                         const int64_t *indices, int64_t n,
                                                         float *out, int64_t stride);

#endif
