/** A decoder, folded: README.md has the algebra. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_FOLD_DECODER_H
#define TYTO_MODELS_PERCEIVER_FOLDED_FOLD_DECODER_H

#include "models/architecture.h"
#include "models/perceiver/describe/parts.h"

/** What becomes of decoded rows on the way to one output. y are a row's Q channels after attention,
 *  z its coordinates after layer norm took the mean, a the MLP's activations:
 *  output = F·y + (F·W2)·a + const, F being all products that follow the decoder. */
typedef struct tyto_perceiver_tail {
    int64_t outputs;           /* 0: not folded */
    tyto_linear_weights state; /* [channels + outputs, V]: values to z, and to F·y */
    float *out, *out_bias;     /* [outputs, W·Q]: F·W2, and everything constant */
} tyto_perceiver_tail;

/** Of a decoder with one head and without query residual. */
typedef struct tyto_perceiver_decoder_fold {
    int64_t channels; /* of z: an orthonormal basis of what V values and a bias can make of Q */
    /* [Q + 2, K]: keys to what queries are multiplied with: γ⊙W_q, in powers of two; its sum, which
     * goes with a query's mean; and what β and b_q give, which goes with no query */
    tyto_packed_matrix query;
    tyto_linear_weights hidden;                               /* [W·Q, channels] */
    tyto_perceiver_tail tails[TYTO_PERCEIVER_MODALITIES_MAX]; /* by target */
} tyto_perceiver_decoder_fold;

/** True when a composition's decoder is one that can be folded: with one head, without query
 *  residual, and with products after it. */
bool tyto_perceiver_can_fold_decoder(const tyto_perceiver_parts *parts);

/** *out = the fold of the decoder of `parts`, which the caller frees.
 *  prefix  of the core's parameters
 *  errors  E_MEMORY, E_FORMAT */
TYTO_NODISCARD tyto_status tyto_perceiver_fold_decoder(const tyto_perceiver_parts *parts,
                                                       const tyto_model_source *source,
                                                       const char *prefix,
                                                       tyto_perceiver_decoder_fold **out,
                                                       tyto_error *err);

#endif
