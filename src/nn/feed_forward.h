/** Two products with an activation between them. */
#ifndef TYTO_NN_FEED_FORWARD_H
#define TYTO_NN_FEED_FORWARD_H

#include "nn/linear.h"

/** y[rows,D] += act(norm(x[rows,k])·w1ᵀ + b1)·w2ᵀ + b2, all rows dense. What lies between is bf16
 * where the second product rounds it anyway. */
typedef struct tyto_feed_forward_args {
    const float *x; /* may be y */
    tyto_norm norm; /* of x, or none */
    int64_t rows;
    const tyto_packed_matrix *first, *second;
    const float *first_bias, *second_bias; /* or NULL */
    tyto_activation activation;
    float *y;
} tyto_feed_forward_args;

TYTO_NODISCARD tyto_status tyto_feed_forward(tyto_exec *exec, const tyto_feed_forward_args *args);

#endif
