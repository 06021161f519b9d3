/** Rows whose channels are content, positions and constant padding: what a product with them and
 *  their layer norm need is found without making them. Content may be a product of fewer numbers;
 *  positions are a sum over axes, or rows of a learned table, maybe projected. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_SEPARABLE_H
#define TYTO_MODELS_PERCEIVER_FOLDED_SEPARABLE_H

#include "models/perceiver/rows/inputs.h"
#include "nn/separable.h"

/** x[i] = (content, position, padding) */
typedef struct tyto_perceiver_separable {
    const tyto_perceiver_input *content; /* or NULL */
    const tyto_perceiver_positions *positions;
    const float *padding;
    tyto_separable norm;                  /* of x */
    float *axes[TYTO_PERCEIVER_AXES_MAX]; /* [dims][size]: what each axis brings to a position */
} tyto_perceiver_separable;

/** True for inputs whose content and positions lie side by side, when all that this needs was
 *  folded as the model was opened. */
bool tyto_perceiver_input_separable(const tyto_perceiver_input *input);

/** Fills in all but content, positions and padding, which the caller has set; padding fills what
 *  content and positions leave of the channels.
 *  memory  from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_separable_start(tyto_perceiver_separable *separable,
                                                          tyto_exec *exec, int64_t channels);

/** Compact rows and factors as tyto_separable_rows has them. Row i is content first + i of batch
 *  element b at position indices[i], or first + i. */
TYTO_NODISCARD tyto_status tyto_perceiver_compact_rows(const tyto_perceiver_separable *separable,
                                                       tyto_exec *exec, int64_t b, int64_t first,
                                                       const int64_t *indices, int64_t n,
                                                       float *rows, float *factors);

/** The other operand of products with compact rows, which then are the products of normed rows with
 *  weights[N,channels]. The sums of these weights over channels follow them; their rows lie ld
 *  apart. out[N,columns] = (for raw, −sum, constant, for the table, zeros). `constant` belongs to
 *  the factors, and so does, of axes, axes[a]·weights[content …]. */
TYTO_NODISCARD tyto_status tyto_perceiver_compact_operand(const tyto_perceiver_separable *separable,
                                                          tyto_exec *exec, int64_t N,
                                                          const float *weights, int64_t ld,
                                                          float *out);

#endif
