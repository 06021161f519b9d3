/** The Perceiver's layer as parameters: attention of queries to inputs or to themselves, then an
 *  MLP. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_LAYER_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_LAYER_H

#include "models/perceiver/describe/config.h"
#include "weights/binder.h"

/** A layer. Q, I: channels of queries and of inputs; K, V: of keys and of values, over all heads;
 *  x of shape [rows,Q] gives a = out(attention(norm1(x), norm2(inputs))) (+ x when `residual`),
 *  then a + dense2(act(dense1(norm(a)))).
 *  source  PerceiverLayer */
typedef struct tyto_perceiver_layer {
    int64_t q_dim, kv_dim, qk_channels, v_channels, heads, widening;
    bool cross, residual;
    tyto_activation act;
#define FLOATS(field, ...) float *field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define FUSED(field, ...) tyto_linear_weights field;
#define TYTO_PERCEIVER_LAYER
#define TYTO_PERCEIVER_SELF
#define TYTO_PERCEIVER_CROSS
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_LAYER
#undef TYTO_PERCEIVER_SELF
#undef TYTO_PERCEIVER_CROSS
#undef FLOATS
#undef NORM
#undef LINEAR
#undef FUSED
} tyto_perceiver_layer;

/** Fills in what a layer derives and checks it; cross, residual, q_dim, kv_dim, heads, widening
 *  and, where they are given, qk_channels and v_channels (else 0) are set by the caller.
 *  errors  E_FORMAT that names both numbers */
TYTO_NODISCARD tyto_status tyto_perceiver_layer_derive(tyto_perceiver_layer *layer,
                                                       const tyto_perceiver_config *config,
                                                       const char *where, tyto_error *err);
/** Asks for the layer's parameters below `prefix`, which ends in ".". */
void tyto_perceiver_layer_bind(tyto_binder *binder, tyto_perceiver_layer *fields,
                               const char *prefix);

#endif
