/** Products of parameters: made of a plain checkpoint's, or found in a packed file, which has them.
 */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_DERIVE_H
#define TYTO_MODELS_PERCEIVER_FOLDED_DERIVE_H

#include "models/architecture.h"

/** How some products come about; each function gets the `context` of tyto_perceiver_derive. */
typedef struct tyto_perceiver_derivation {
    const char *name; /* of what is folded */
    /** Asks for plain parameters as floats, which are there for the time of `make`. */
    void (*ask)(void *context, tyto_binder *binder);
    /** Makes the products in the model's store. */
    tyto_status (*make)(void *context, tyto_error *err);
    /** Asks for the products by the names that a packed file has for them. */
    void (*bind)(void *context, tyto_binder *binder);
} tyto_perceiver_derivation;

/** Makes the products of a plain checkpoint and has them recorded for a packed file, or binds those
 *  of a packed one.
 *  errors  E_MEMORY, E_FORMAT, E_CANCELLED */
TYTO_NODISCARD tyto_status tyto_perceiver_derive(const tyto_model_source *source,
                                                 const tyto_perceiver_derivation *derivation,
                                                 void *context, tyto_error *err);

/** Before product i of `count`.
 *  errors  E_CANCELLED when whoever follows the opening says so */
TYTO_NODISCARD tyto_status tyto_perceiver_fold_step(const tyto_model_source *source,
                                                    const char *name, int64_t i, int64_t count,
                                                    tyto_error *err);

/** *out = values[n,k] packed in the model's store; false when memory is out. */
bool tyto_perceiver_pack(const tyto_model_source *source, int64_t n, int64_t k,
                         const double *values, tyto_packed_matrix *out);
/** *out = W[K,channels] of scores with a norm's γ in it, transposed and packed: rows c of
 *  scale·W[k,c]·γ[c], a row of their sums, and, with β, one of scale·b[k] + Σ_c scale·W[k,c]·β[c].
 *  The scale, log2(e)/√K, makes scores powers of two. False when memory is out. */
typedef struct tyto_perceiver_scores {
    int64_t qk_channels, channels;
    const float *weight, *gamma;
    const float *beta, *bias; /* both or none */
} tyto_perceiver_scores;

bool tyto_perceiver_pack_scores(const tyto_model_source *source,
                                const tyto_perceiver_scores *scores, tyto_packed_matrix *out);

/** *out = values[n] as floats in the model's store; false when memory is out. */
bool tyto_perceiver_keep(const tyto_model_source *source, int64_t n, const double *values,
                         float **out);

#endif
