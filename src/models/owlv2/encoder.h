/** The transformer layers that both towers of OWLv2 share. */
#ifndef TYTO_MODELS_OWLV2_ENCODER_H
#define TYTO_MODELS_OWLV2_ENCODER_H

#include "models/owlv2/model.h"

/** Rows (sequences × tokens) that go through a tower together: enough to fill the matrix
 *  kernels, few enough for scratch to stay small. */
#define TYTO_OWLV2_ROWS_TOGETHER 4096

/** Where what a tower gives on the way goes; NULL for what nobody wants. All zeros: nothing is. */
typedef struct tyto_owlv2_states {
    float *last;        /* last_hidden_state [total,tokens,D] */
    float *pooled;      /* pooler_output [total,D] */
    float **hidden;     /* hidden_states.i [total,tokens,D], for each layer and after the last */
    float **attentions; /* attentions.i [total,H,tokens,tokens], for each layer */
    bool some;          /* of hidden and attentions */
} tyto_owlv2_states;

/** Sequences that go through the layers together: a group of a run's. */
typedef struct tyto_owlv2_sequences {
    int64_t first;         /* index of the first of them among the run's */
    int64_t group, groups; /* which of the run's groups they are */
    int64_t n, tokens;
    const uint8_t *mask; /* [n,tokens] truth values of keys, or NULL */
    bool causal;
} tyto_owlv2_sequences;

/** Sequences that go together: at least 1, at most `total`. */
int64_t tyto_owlv2_together(int64_t total, int64_t tokens);
/** Sequences of a run that begin with the one at `first`, a multiple of `together`. */
tyto_owlv2_sequences tyto_owlv2_group(int64_t total, int64_t together, int64_t first,
                                      int64_t tokens);

/** Rows of `rows` that pass several products together, of which `weight` is one: what one leaves is
 *  in the cache for the next. Enough of them for every thread, in even parts of whole tiles. */
int64_t tyto_owlv2_rows_of_block(const tyto_exec *exec, const tyto_packed_matrix *weight,
                                 int64_t rows);

/** Declares prefix.hidden_states.i and prefix.attentions.i, which are given when they are wanted,
 *  or unasked where config.json says so, and fills out->hidden, ->attentions and ->some.
 *  shapes  as of tyto_owlv2_states
 *  memory  from exec's scratch */
TYTO_NODISCARD tyto_status tyto_owlv2_states_declare(const tyto_owlv2_encoder_config *config,
                                                     tyto_exec *exec, tyto_io *io,
                                                     const char *prefix, int64_t total,
                                                     int64_t tokens, tyto_owlv2_states *out);

/** hidden[n,tokens,D] through all layers, in place; each is a step of exec's progress.
 *  states  receives the sequences' part of what is wanted of them
 *  source  Owlv2Encoder: h += attention(norm1(h)); h += mlp(norm2(h)) */
TYTO_NODISCARD tyto_status tyto_owlv2_encoder_run(const tyto_owlv2_layer *layers,
                                                  const tyto_owlv2_encoder_config *config,
                                                  tyto_exec *exec,
                                                  const tyto_owlv2_sequences *sequences,
                                                  const tyto_owlv2_states *states, float *hidden);

#endif
