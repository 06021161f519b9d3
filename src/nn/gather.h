/** Attention of a few queries to very many inputs, which come piece by piece. */
#ifndef TYTO_NN_GATHER_H
#define TYTO_NN_GATHER_H

#include "nn/grid.h"

/** A kind of inputs: rows x that are keys and values in one, and, when it has axes, positions of a
 *  grid in row-major order. Input j scores
 *      s = q·x[j] + factor[j]·Σ_a table_a[index of j on axis a]     in powers of two
 *  The first three fields and dims are the caller's. */
typedef struct tyto_gather_source {
    int64_t channels;
    int rank; /* 0: no grid, no factors */
    int64_t dims[TYTO_GRID_AXES_MAX];
    int64_t row;                       /* of the state: `channels`, then dims[a] of each axis */
    float *q;                          /* [tiles][channels][queries of a tile] */
    float *tables[TYTO_GRID_AXES_MAX]; /* [tiles][dims[a]][queries of a tile] */
} tyto_gather_source;

/** The state of all queries, tile by tile. When there are few tiles, the inputs are split into
 *  parts as well, each of which has a state of its own; tyto_gather_finish joins them. */
typedef struct tyto_gather {
    int64_t queries, tiles, parts;
    int64_t rows; /* of a tile: what all sources need */
    float *state; /* [parts][tiles][rows + some][queries of a tile] */
} tyto_gather;

/** Rows of a source in the state and in what is gathered. */
int64_t tyto_gather_rows(const tyto_gather_source *source);

/** An empty state. Each source gets its rows of it, in order.
 *  memory  state, q and tables from scratch; q and tables are filled by tyto_gather_set */
TYTO_NODISCARD tyto_status tyto_gather_start(tyto_exec *exec, int64_t queries,
                                             tyto_gather_source *sources, int count,
                                             tyto_gather *out);
/** q of a source from rows [queries,channels], ld floats apart, or, with axis ≥ 0, that axis's
 *  table from values[dims[axis],queries]. */
void tyto_gather_set(tyto_exec *exec, const tyto_gather *gather, const tyto_gather_source *source,
                     int axis, const float *values, int64_t ld);
/** Adds n inputs x[n,channels], rows ldx apart; on a grid they lie at positions first …, with
 *  factor[n].
 *  threads  tiles go round the pool */
TYTO_NODISCARD tyto_status tyto_gather_add(tyto_exec *exec, const tyto_gather *gather,
                                           const tyto_gather_source *source, int64_t first,
                                           int64_t n, const float *x, int64_t ldx,
                                           const float *factor);
/** out[queries,rows]: with weights w[j] = softmax₂(s)[j] over all inputs of all sources, each
 *  source's Σ_j w[j]·x[j], and for each index of each axis Σ w[j]·factor[j] over its inputs. */
void tyto_gather_finish(tyto_exec *exec, const tyto_gather *gather, float *out);

#endif
