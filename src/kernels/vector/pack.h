/** Transposing copies. Included once per instruction set. */
#ifndef TYTO_KERNELS_VECTOR_PACK_H
#define TYTO_KERNELS_VECTOR_PACK_H

#include <string.h>

#include "kernels/vector/math.h"

/* packed[i·R + r] = x[r·ldx + i] for i < VF_LANES and VF_LANES rows from r = 0 on, of which `rows`
 * are there. Writes whole vectors: what lands beyond the R rows belongs to the next i, which comes
 * after. */
static inline __attribute__((always_inline)) void pack_block(int R, const float *x, int64_t ldx,
                                                             int rows, float *packed)
{
    vf v[VF_LANES];
#pragma GCC unroll 16
    for (int r = 0; r < VF_LANES; r++) {
        v[r] = r < rows ? vf_load(x + r * ldx) : vf_set(0.0f);
    }
    vf_transpose(v);
#pragma GCC unroll 16
    for (int i = 0; i < VF_LANES; i++) {
        vf_store(packed + i * R, v[i]);
    }
}

/* packed[k][R] = x[rows][k] transposed; missing rows are 0. R, a constant at each call, is below
 * VF_LANES or a multiple of it. Blocks of VF_LANES steps while a later one overwrites what they
 * write too much; the last steps go through memory that has room. */
static inline __attribute__((always_inline)) void pack_rows(int R, int64_t k, const float *x,
                                                            int64_t ldx, int rows, float *packed)
{
    enum { ROOM = 64 };
    float last[VF_LANES * ROOM + VF_LANES], tail[ROOM * VF_LANES];
    int64_t i = 0;
    for (; i + VF_LANES < k; i += VF_LANES) {
        for (int r = 0; r < R; r += VF_LANES) {
            pack_block(R, x + r * ldx + i, ldx, rows - r, packed + i * R + r);
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int64_t j = 0; j < VF_LANES; j++) {
            tail[r * VF_LANES + j] = i + j < k ? x[r * ldx + i + j] : 0.0f;
        }
    }
    for (int r = 0; r < R; r += VF_LANES) {
        pack_block(R, tail + r * VF_LANES, VF_LANES, rows - r, last + r);
    }
    memcpy(packed + i * R, last, (size_t)((k - i) * R) * sizeof(float));
}

/* out[rows][k] = columns[k][R] transposed, for VF_LANES columns from 0 on, of which `rows` are
 * there; each is multiplied by its lane of `factor`. */
static inline void unpack_columns(int R, int64_t k, const float *columns, vf factor, int64_t rows,
                                  float *out, int64_t stride)
{
    vf v[VF_LANES];
    int64_t i = 0;
    for (; i + VF_LANES <= k; i += VF_LANES) {
#pragma GCC unroll 16
        for (int j = 0; j < VF_LANES; j++) {
            v[j] = vf_mul(vf_load(columns + (i + j) * R), factor);
        }
        vf_transpose(v);
#pragma GCC unroll 16
        for (int r = 0; r < VF_LANES; r++) {
            if (r < rows) {
                vf_store(out + r * stride + i, v[r]);
            }
        }
    }
    for (; i < k; i++) {
        float column[VF_LANES];
        vf_store(column, vf_mul(vf_load(columns + i * R), factor));
        for (int64_t r = 0; r < rows && r < VF_LANES; r++) {
            out[r * stride + i] = column[r];
        }
    }
}

#endif
