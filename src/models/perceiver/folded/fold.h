/** Products of a layer's parameters that do its work with fewer operations: README.md has the
 *  algebra. Made when a model is opened, from the plain parameters, which stay; a packed file has
 *  them. */
#ifndef TYTO_MODELS_PERCEIVER_FOLD_H
#define TYTO_MODELS_PERCEIVER_FOLD_H

#include "models/perceiver/describe/parts.h"

/** What becomes of decoded rows on the way to one output. y are a row's Q channels after attention,
 *  z its coordinates after layer norm took the mean, a the MLP's activations:
 *  output = F·y + (F·W2)·a + const, F being all products that follow the decoder. */
typedef struct tyto_perceiver_tail {
    int64_t outputs;           /* 0: not folded */
    tyto_linear_weights state; /* [channels + outputs, V]: values to z, and to F·y */
    float *out, *out_bias;     /* [outputs, W·Q]: F·W2, and everything constant */
} tyto_perceiver_tail;

/** A decoder with one head and without query residual. */
typedef struct tyto_perceiver_decoder_fold {
    int64_t channels; /* of z: an orthonormal basis of what V values and a bias can make of Q */
    /* [Q + 2, K]: keys to what queries are multiplied with: γ⊙W_q, in powers of two; its sum, which
     * goes with a query's mean; and what β and b_q give, which goes with no query */
    tyto_packed_matrix query;
    tyto_linear_weights hidden;                               /* [W·Q, channels] */
    tyto_perceiver_tail tails[TYTO_PERCEIVER_MODALITIES_MAX]; /* by target */
} tyto_perceiver_decoder_fold;

/** The encoder's cross-attention, with one head. */
typedef struct tyto_perceiver_encoder_fold {
    /* [I + 1, K]: queries to what normed inputs are multiplied with: γ⊙W_kᵀ, in powers of two; and
     * its sum, which goes with an input's mean. β and b_k give all inputs the same. */
    tyto_packed_matrix key;
} tyto_perceiver_encoder_fold;

struct tyto_perceiver;
struct tyto_model_source;

/** For both files of folding: ends requests for what it makes. A packed file has that, and of a
 * plain one it was made by now, and a packed one shall have it. */
TYTO_NODISCARD tyto_status tyto_perceiver_end_folded(tyto_binder *binder, const char *name,
                                                     tyto_error *err);

/** For fold.c: the products that the rows of an input are made by, when it has no modalities. In
 *  fold_inputs.c. */
TYTO_NODISCARD tyto_status tyto_perceiver_fold_input(tyto_perceiver_preprocessor *part,
                                                     const struct tyto_model_source *source,
                                                     const char *prefix, tyto_error *err);

/** Folds what the model's composition lets fold; the rest stays NULL.
 *  prefix  of the core's parameters
 *  errors  E_MEMORY, E_FORMAT */
TYTO_NODISCARD tyto_status tyto_perceiver_fold(struct tyto_perceiver *model,
                                               const struct tyto_model_source *source,
                                               const char *prefix, tyto_error *err);

#endif
