/** Which inputs the latents attend to. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_MASK_H
#define TYTO_MODELS_PERCEIVER_ROWS_MASK_H

#include "models/io.h"

/** attention_mask: a value m adds (1 − m)·(the lowest number) to an input's scores. Where any input
 *  has m = 1, all inputs with less are hidden. Where none has, those with the highest m are
 *  attended to, all with the same weight, since their scores are lost in what is added. */
typedef struct tyto_perceiver_mask {
    const uint8_t *seen;    /* [B,rows] or [B,N,rows] truth values; NULL: no mask */
    const uint8_t *uniform; /* [B] or [B,N] truth values: all that is seen has the same weight */
    bool per_latent;
} tyto_perceiver_mask;

/** Reads the input `attention_mask` [B,rows] or [B,N,rows], of 0 to 1, if it was given.
 *  memory  the io's scratch
 *  errors  E_SHAPE, E_RANGE, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_perceiver_mask_read(tyto_io *io, int64_t batch, int64_t latents,
                                                    int64_t rows, tyto_perceiver_mask *out);

#endif
