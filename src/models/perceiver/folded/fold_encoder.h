/** The encoder's cross-attention, folded: README.md has the algebra. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_FOLD_ENCODER_H
#define TYTO_MODELS_PERCEIVER_FOLDED_FOLD_ENCODER_H

#include "models/architecture.h"
#include "models/perceiver/describe/layer.h"

/** Of a cross-attention with one head. */
typedef struct tyto_perceiver_encoder_fold {
    /* [I + 1, K]: queries to what normed inputs are multiplied with: γ⊙W_kᵀ, in powers of two; and
     * its sum, which goes with an input's mean. β and b_k give all inputs the same. */
    tyto_packed_matrix key;
} tyto_perceiver_encoder_fold;

/** *out = the fold of `layer`, which the caller frees.
 *  prefix  of the core's parameters
 *  errors  E_MEMORY, E_FORMAT */
TYTO_NODISCARD tyto_status tyto_perceiver_fold_encoder(const tyto_perceiver_layer *layer,
                                                       const tyto_model_source *source,
                                                       const char *prefix,
                                                       tyto_perceiver_encoder_fold **out,
                                                       tyto_error *err);

#endif
