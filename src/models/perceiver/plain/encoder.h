/** The encoder: latents attend to inputs, then to themselves. */
#ifndef TYTO_MODELS_PERCEIVER_PLAIN_ENCODER_H
#define TYTO_MODELS_PERCEIVER_PLAIN_ENCODER_H

#include "models/io.h"
#include "models/perceiver/model.h"
#include "models/perceiver/rows/inputs.h"
#include "models/perceiver/rows/mask.h"

/** Declares hidden_states.i [B,N,D], attentions.i [B,H,N,N] and cross_attentions.0 [B,H,N,rows].
 *  hidden_states  one before each layer and one after each block, so the last of a block and the
 *                 first of the next are the same */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_states(const tyto_perceiver *model, tyto_io *io,
                                                         int64_t batch, int64_t rows);

/** What a run hides from the encoder. */
typedef struct tyto_perceiver_masks {
    tyto_perceiver_mask inputs;
    const float *heads; /* [H] or [layers,H] factors, or NULL */
    bool per_layer;
} tyto_perceiver_masks;

/** Reads attention_mask [B,rows], or [B,N,rows] with one for each latent, and head_mask [H] or
 *  [layers,H], of which a block's layers take the first, as the reference does. */
TYTO_NODISCARD tyto_status tyto_perceiver_masks_read(const tyto_perceiver *model, tyto_io *io,
                                                     const tyto_perceiver_inputs *inputs,
                                                     tyto_perceiver_masks *out);

/** Memory of the output cross_attentions.0, or NULL when nobody asked for it. */
float *tyto_perceiver_cross_attentions(const tyto_io *io);

/** hidden[N,D] = what the learned latents become by attention to the inputs of batch element b.
 *  Inputs that an attention_mask [B,rows] hides are left out, which gives the same numbers. */
TYTO_NODISCARD tyto_status tyto_perceiver_attend_inputs(const tyto_perceiver *model,
                                                        tyto_exec *exec, const tyto_io *io,
                                                        const tyto_perceiver_inputs *inputs,
                                                        const tyto_perceiver_masks *masks,
                                                        int64_t b, float *hidden);

/** hidden[n,N,D], of batch elements first … first+n−1, goes through all blocks of self-attention,
 *  in place. */
TYTO_NODISCARD tyto_status tyto_perceiver_run_blocks(const tyto_perceiver *model, tyto_exec *exec,
                                                     const tyto_io *io,
                                                     const tyto_perceiver_masks *masks,
                                                     int64_t first, int64_t n, float *hidden);

#endif
