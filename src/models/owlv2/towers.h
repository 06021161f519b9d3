/** The two towers of OWLv2: texts and pictures become hidden states. */
#ifndef TYTO_MODELS_OWLV2_TOWERS_H
#define TYTO_MODELS_OWLV2_TOWERS_H

#include "models/owlv2/encoder.h"
#include "models/owlv2/window.h"

/** Texts of one run. Attention is causal, so tokens after the last text's end token change nothing
 *  before it: unless states of all tokens are wanted, only the first `used` are looked at. */
typedef struct tyto_owlv2_texts {
    int64_t n, tokens, used;
    const int64_t *ids;  /* [n,used] */
    const uint8_t *mask; /* [n,used] truth values, or NULL */
    const int64_t *ends; /* [n] row of each text's end token, the first of its highest ids, in the
                            hidden states of the texts that go through the tower together */
    tyto_owlv2_states states;
} tyto_owlv2_texts;

/** Reads input_ids[n,tokens], and attention_mask[n,tokens] when there is one. */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_read(tyto_io *io, tyto_owlv2_texts *out);
/** Checks them, and declares what the tower gives: `prefix`.pooler_output, .last_hidden_state,
 *  .hidden_states.i, .attentions.i; prefix "": the same names alone.
 *  errors  E_SHAPE (more tokens than positions), E_RANGE (an id beyond the vocabulary) */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_declare(const tyto_owlv2_text *text, tyto_exec *exec,
                                                    tyto_io *io, const char *prefix,
                                                    tyto_owlv2_texts *texts);
/** pooled[n,D] = the final norm at each text's end token, and the outputs that were declared but
 *  pooler_output: `pooled` may be its memory.
 *  source  Owlv2TextTransformer */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_run(const tyto_owlv2_text *text, tyto_exec *exec,
                                                const tyto_owlv2_texts *texts, float *pooled);

/** Pictures of one run: pixels[batch,C,height,width]. */
typedef struct tyto_owlv2_pictures {
    const float *pixels;
    int64_t batch, height, width;
    tyto_owlv2_window window;
    tyto_owlv2_states states;
} tyto_owlv2_pictures;

/** Reads the input `name`.
 *  windows  false: pictures must have as many patches as the model has positions; true: they may be
 *           of another size, or the top left of one, by the inputs of tyto_owlv2_window_read */
TYTO_NODISCARD tyto_status tyto_owlv2_pictures_read(const tyto_owlv2_vision *vision, tyto_io *io,
                                                    const char *name, bool windows,
                                                    tyto_owlv2_pictures *out);
/** Declares `prefix`.last_hidden_state, .pooler_output, .hidden_states.i, .attentions.i; prefix "":
 *  the same names alone. Pictures of which nothing is declared give no outputs. */
TYTO_NODISCARD tyto_status tyto_owlv2_pictures_declare(const tyto_owlv2_vision *vision,
                                                       tyto_exec *exec, tyto_io *io,
                                                       const char *prefix,
                                                       tyto_owlv2_pictures *pictures);

/** What a caller does with the last hidden states of some pictures while they are at hand.
 *  hidden[n,1+P,D], P the window's patches, of pictures first … first+n−1; scratch beyond it is
 *  free to take. */
typedef tyto_status (*tyto_owlv2_pictures_fn)(void *context, tyto_exec *exec, int64_t first,
                                              int64_t n, const float *hidden);

/** The image tower, some pictures at a time so that scratch stays small, and the outputs that were
 *  declared. `visit` may be NULL.
 *  source  Owlv2VisionTransformer */
TYTO_NODISCARD tyto_status tyto_owlv2_pictures_run(const tyto_owlv2_vision *vision, tyto_exec *exec,
                                                   const tyto_owlv2_pictures *pictures,
                                                   tyto_owlv2_pictures_fn visit, void *context);
/** pooled[n,D] = post_norm of the class token of hidden[n,tokens,D]. */
TYTO_NODISCARD tyto_status tyto_owlv2_pictures_pool(const tyto_owlv2_vision *vision,
                                                    tyto_exec *exec, const float *hidden, int64_t n,
                                                    int64_t tokens, float *pooled);

#endif
