/** Fourier features of positions on a grid. */
#ifndef TYTO_NN_FOURIER_H
#define TYTO_NN_FOURIER_H

#include "nn/grid.h"

/** The features of every position of a grid. A position p has a coordinate x_a from −1 to 1 on each
 *  axis a, and its row is
 *      (x_a of each axis, if `coordinates`;  sin(π·f·x) of each frequency;  cos(π·f·x), unless
 *      `sine_only`)
 *  Frequencies come in groups of `bands`, which go evenly from 1 to `highest` of the group. With
 *  one axis all groups are of its coordinate; else there is a group for each axis. Values are those
 *  of the reference's single-precision arithmetic: frequencies times coordinates reach 10⁴ periods,
 *  where the rounding of the argument is larger than any tolerance, so it is part of what published
 *  weights were made with. The sine itself is rounded once.
 *  source  generate_fourier_features, build_linear_positions */
typedef struct tyto_fourier {
    int rank;
    int64_t dims[TYTO_GRID_AXES_MAX];
    int groups; /* at most TYTO_GRID_AXES_MAX */
    int64_t bands;
    float highest[TYTO_GRID_AXES_MAX]; /* of each group */
    bool coordinates, sine_only;
    bool sampled; /* index i of n has the coordinate −1 + 2i/n; else the n go evenly from −1 to 1 */
    float *tables[TYTO_GRID_AXES_MAX]; /* [dims[a]][…] coordinate, sines, cosines of an axis */
} tyto_fourier;

/** Channels of a row. */
int64_t tyto_fourier_channels(const tyto_fourier *fourier);
/** Fills the tables of all axes.
 *  memory  tables from scratch */
TYTO_NODISCARD tyto_status tyto_fourier_start(tyto_exec *exec, tyto_fourier *fourier);
/** y[n,channels] = rows of positions first … first+n−1, or of indices[n] when that is not NULL;
 *  rows of y lie ldy floats apart.
 *  threads  rows go round the pool */
TYTO_NODISCARD tyto_status tyto_fourier_rows(tyto_exec *exec, const tyto_fourier *fourier,
                                             int64_t first, const int64_t *indices, int64_t n,
                                             float *y, int64_t ldy);
/** y[dims[axis],channels] = what an axis brings to a row, 0 in the channels of the others: a
 *  position's row is the sum of one such row for each axis. */
void tyto_fourier_axis(const tyto_fourier *fourier, int axis, float *y);

#endif
