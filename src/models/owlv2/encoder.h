/** The transformer layers that both towers of OWLv2 share. */
#ifndef TYTO_MODELS_OWLV2_ENCODER_H
#define TYTO_MODELS_OWLV2_ENCODER_H

#include "models/owlv2/model.h"

/** Rows (sequences × tokens) that go through a tower together: enough to fill the matrix
 *  kernels, few enough for scratch to stay small. */
#define TYTO_OWLV2_ROWS_TOGETHER 4096

/** A batch of sequences on its way through the layers. */
typedef struct tyto_owlv2_batch {
    const char *prefix; /* of output names, "text_model_output"; NULL: no outputs */
    int64_t first;      /* index of the batch's first sequence among `total` */
    int64_t total;
    int64_t n, tokens;
    const uint8_t *mask; /* [n,tokens] truth values of keys, or NULL */
    bool causal;
} tyto_owlv2_batch;

/** Sequences that go together: at least 1, at most `total`. */
int64_t tyto_owlv2_together(int64_t total, int64_t tokens);

/** Rows of `rows` that pass several products together, of which `weight` is one: what one leaves is
 *  in the cache for the next. Enough of them for every thread, in even parts of whole tiles. */
int64_t tyto_owlv2_rows_of_block(const tyto_exec *exec, const tyto_packed_matrix *weight,
                                 int64_t rows);

/** Declares prefix.hidden_states.i [total,tokens,D] and prefix.attentions.i
 *  [total,H,tokens,tokens], where wanted, or given unasked as config.json says, before the first
 * batch runs. *wanted: some of them are. */
TYTO_NODISCARD tyto_status tyto_owlv2_declare_states(const tyto_owlv2_encoder_config *config,
                                                     tyto_io *io, const char *prefix, int64_t total,
                                                     int64_t tokens, bool *wanted);

/** hidden[n,tokens,D] through all layers, in place.
 *  source  Owlv2Encoder: h += attention(norm1(h)); h += mlp(norm2(h)) */
TYTO_NODISCARD tyto_status tyto_owlv2_encoder_forward(const tyto_owlv2_layer *layers,
                                                      const tyto_owlv2_encoder_config *config,
                                                      tyto_exec *exec, tyto_io *io,
                                                      const tyto_owlv2_batch *batch, float *hidden);

#endif
