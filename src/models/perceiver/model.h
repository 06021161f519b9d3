/** A Perceiver checkpoint: the core, and the parts around it. */
#ifndef TYTO_MODELS_PERCEIVER_MODEL_H
#define TYTO_MODELS_PERCEIVER_MODEL_H

#include "models/perceiver/describe/parts.h"

/** Rows of inputs or of queries that are made and projected together: enough to fill the matrix
 *  kernels, few enough for scratch to stay small. */
#define TYTO_PERCEIVER_ROWS_TOGETHER 4096

/** A whole checkpoint: immutable once open. */
typedef struct tyto_perceiver {
    tyto_perceiver_config config;
    const struct tyto_perceiver_head *head; /* whose parts these are */
    tyto_perceiver_parts parts;
    int64_t kv_dim; /* channels of the encoder's inputs */
    float *latents; /* [N,D] */
    tyto_perceiver_layer cross;
    tyto_perceiver_layer *layers;          /* of one block, which is run num_blocks times */
    tyto_linear_weights embedding_decoder; /* masked LM: embeddings as a product, own bias */
    struct tyto_perceiver_encoder_fold *encoder_fold; /* or NULL */
    struct tyto_perceiver_decoder_fold *decoder_fold; /* or NULL */
} tyto_perceiver;

#endif
