/** Grids of rows, resized. */
#ifndef TYTO_NN_BICUBIC_H
#define TYTO_NN_BICUBIC_H

#include "nn/exec.h"

/** y[rows,columns,D] = the top left of x[height,width,D] resized to grid_rows × grid_columns:
 *      sample s of n of a line of m lies at t = (s + ½)·m/n − ½ of the old ones, and is
 *      Σ_k w(t − k)·line[k] over the four k nearest to it, indices beyond the line being those of
 *      its ends; w is Keys' cubic with a = −¾: (a+2)|t|³ − (a+3)|t|² + 1 up to 1, a|t|³ − 5a|t|² +
 *      8a|t| − 4a up to 2
 *  first down, then along.
 *  memory   scratch from exec's arena, given back
 *  errors   E_MEMORY
 *  source   torch.nn.functional.interpolate(mode="bicubic", align_corners=False); Keys 1981 */
typedef struct tyto_bicubic_args {
    const float *x;
    int64_t height, width, channels;
    int64_t grid_rows, grid_columns;
    float *y;
    int64_t rows, columns;
} tyto_bicubic_args;

TYTO_NODISCARD tyto_status tyto_bicubic(tyto_exec *exec, const tyto_bicubic_args *args);

#endif
