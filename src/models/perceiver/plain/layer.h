/** The Perceiver's layer: attention of queries to inputs or to themselves, then an MLP. */
#ifndef TYTO_MODELS_PERCEIVER_PLAIN_LAYER_H
#define TYTO_MODELS_PERCEIVER_PLAIN_LAYER_H

#include "models/perceiver/describe/layer.h"
#include "nn/exec.h"

/** y[rows,out] = x[rows,in]·wᵀ + b, both dense. */
TYTO_NODISCARD tyto_status tyto_perceiver_product(tyto_exec *exec,
                                                  const tyto_linear_weights *weights, int64_t rows,
                                                  const float *x, float *y);

/** kv[rows,K+V] = keys and values of inputs[rows,I]. */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_inputs(const tyto_perceiver_layer *layer,
                                                       tyto_exec *exec, int64_t rows,
                                                       const float *inputs, float *kv);

/** query[rows,K] of x[rows,Q]. */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_query(const tyto_perceiver_layer *layer,
                                                      tyto_exec *exec, int64_t rows, const float *x,
                                                      float *query);
/** y[rows,Q] from queries x[rows,Q] and what attention gave them, context[rows,V] in rows ldc
 *  numbers apart; y may be x. */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_finish(const tyto_perceiver_layer *layer,
                                                       tyto_exec *exec, int64_t rows,
                                                       const float *x, tyto_operand context,
                                                       int64_t ldc, float *y);

/** What queries attend to. */
typedef struct tyto_perceiver_memory {
    const float *kv; /* [keys,K+V] of tyto_perceiver_layer_inputs */
    int64_t keys;
    const uint8_t *mask;    /* truth values, [keys] or [rows,keys]; or NULL */
    const uint8_t *uniform; /* truth values, [1] or [rows]: all keys have the same score; or NULL */
    bool mask_per_query;
    float *probabilities; /* [heads,rows,keys], or NULL */
} tyto_perceiver_memory;

/** y[rows,Q] from queries x[rows,Q]. */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_cross(const tyto_perceiver_layer *layer,
                                                      tyto_exec *exec, int64_t rows, const float *x,
                                                      const tyto_perceiver_memory *memory,
                                                      float *y);

/** x[batch,tokens,Q] in place, each batch element attending to itself.
 *  head_mask      [heads] factors of the probabilities, or NULL
 *  probabilities  [batch,heads,tokens,tokens], or NULL */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_self(const tyto_perceiver_layer *layer,
                                                     tyto_exec *exec, int64_t batch, int64_t tokens,
                                                     const float *head_mask, float *x,
                                                     float *probabilities);

#endif
