/** Attention of positions on a grid. */
#ifndef TYTO_NN_GRID_H
#define TYTO_NN_GRID_H

#include "nn/exec.h"

/** Most axes of a grid. */
#define TYTO_GRID_AXES_MAX 4

/** A grid in row-major order, and what its positions add to the scores of each key: the sum of one
 *  entry per axis. */
typedef struct tyto_grid {
    int rank;
    int64_t dims[TYTO_GRID_AXES_MAX];
    const float *outer[TYTO_GRID_AXES_MAX]; /* of all axes but the last: [dims[a]][keys] */
    const float *last;                      /* [keys][stride] */
    int64_t stride;                         /* tyto_grid_stride(…) */
} tyto_grid;

/** Floats between rows of `last`: its entries, and room to read whole vectors from any of them.
 *  They must be there, with any finite number. */
int64_t tyto_grid_stride(const tyto_kernels *kernels, int64_t columns);

/** Floats that tyto_grid_strips writes for v[keys,channels]. */
int64_t tyto_grid_strips_floats(const tyto_exec *exec, int64_t keys, int64_t channels);
/** strips = v[keys,channels], rows ldv elements apart, as attention reads it: floats, or pairs of
 * bf16 when exec's precision and kernels have them. */
void tyto_grid_strips(tyto_exec *exec, int64_t keys, int64_t channels, const float *v, int64_t ldv,
                      float *strips);

/** out[i] = softmax₂(s[i])·v, where query i lies at position p = indices[i], or first + i, and
 *      s[i][j] = q[i]·k[j] + factor[i]·Σ_a table_a[p_a][j]      in powers of two
 *  shapes  q[queries,D] factor[queries] k[keys,D] out[queries,V]
 *  memory  out aliases nothing; no more than a block of scores is held for each tile of queries
 *  threads queries go round the pool, those of one column together */
typedef struct tyto_grid_attention_args {
    const tyto_grid *grid;
    int64_t first;
    const int64_t *indices; /* or NULL */
    int64_t queries, keys, qk_channels, v_channels;
    const float *q, *factor, *k;
    int64_t ldq, ldk;
    const float *strips;
    float *out;
    int64_t ldo;
} tyto_grid_attention_args;

TYTO_NODISCARD tyto_status tyto_grid_attention(tyto_exec *exec,
                                               const tyto_grid_attention_args *args);

#endif
