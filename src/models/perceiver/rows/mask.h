/** Which inputs the latents attend to. */
#ifndef TYTO_MODELS_PERCEIVER_MASK_H
#define TYTO_MODELS_PERCEIVER_MASK_H

#include "models/io.h"

/** attention_mask, whose values m add (1 − m)·lowest to the scores. Beside an input with m = 1 all
 *  with less are hidden. Where there is none, those with the highest m are attended to, all
 *  equally, since the scores are lost in what is added. */
typedef struct tyto_perceiver_mask {
    const uint8_t *seen;  /* [B,rows] or [B,N,rows] truth values; NULL: no mask */
    const uint8_t *level; /* [B] or [B,N]: these attend to all that they see equally */
    bool per_latent;
} tyto_perceiver_mask;

/** Reads the input `attention_mask` [B,rows] or [B,N,rows], of 0 to 1, if it was given.
 *  memory  the io's scratch
 *  errors  E_SHAPE, E_RANGE, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_perceiver_mask_read(tyto_io *io, int64_t batch, int64_t latents,
                                                    int64_t rows, tyto_perceiver_mask *out);

#endif
