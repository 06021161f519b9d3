/** Rows whose channels are content, positions and constant padding: what a product with them and
 *  their layer norm need is found without making them. Content may be a product of fewer channels;
 *  positions are a sum over axes, or rows of a learned table, maybe projected. */
#ifndef TYTO_MODELS_PERCEIVER_SPLIT_H
#define TYTO_MODELS_PERCEIVER_SPLIT_H

#include "models/perceiver/rows/inputs.h"
#include "nn/grid.h"

/** x[i] = (content, position, padding) */
typedef struct tyto_perceiver_split {
    const tyto_perceiver_input *content; /* or NULL */
    const tyto_perceiver_positions *positions;
    const float *padding;
    int64_t content_channels, channels; /* channels: of all of x */
    int64_t raw;                        /* channels that stand for content in a split row */
    int64_t table;                      /* and for learned positions; 0: they are a sum over axes */
    float *axes[TYTO_PERCEIVER_AXES_MAX];  /* [dims][size] */
    double *sums[TYTO_PERCEIVER_AXES_MAX]; /* [dims][2]: of an entry, of its square */
    double padding_sums[2];
} tyto_perceiver_split;

/** True when inputs of this kind come apart: content and positions lie side by side, and what they
 *  need was folded when the model was opened. */
bool tyto_perceiver_splits(const tyto_perceiver_input *input);

/** content, positions, padding, content_channels and channels are set by the caller; padding fills
 *  what content and positions leave of the channels.
 *  memory  the rest from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_split_prepare(tyto_perceiver_split *split,
                                                        tyto_exec *exec);

/** Channels of a split row. */
int64_t tyto_perceiver_split_row(const tyto_perceiver_split *split);

/** rows[n, …] = (rstd·raw, rstd·mean, 1, nothing), or with a learned table
 *  (rstd·raw, rstd·mean, rstd, rstd·table, zeros), and factors[n] = rstd, where mean and rstd are
 *  those of layer norm over all of x.
 *  Row i is content first + i of batch element b at position indices[i], or first + i. */
TYTO_NODISCARD tyto_status tyto_perceiver_split_rows(const tyto_perceiver_split *split,
                                                     tyto_exec *exec, int64_t b, int64_t first,
                                                     const int64_t *indices, int64_t n, float *rows,
                                                     float *factors);

/** What split rows are multiplied with to give the product of normed rows with scored[N, channels],
 *  whose sums over channels follow them, rows ld apart: out[N, …] = (for raw, −sum, constant, for
 * the table, zeros). `constant` goes with rstd, and so does, for axes, what they add:
 *  axes[a]·scored[content …]. */
TYTO_NODISCARD tyto_status tyto_perceiver_split_partners(const tyto_perceiver_split *split,
                                                         tyto_exec *exec, int64_t N,
                                                         const float *scored, int64_t ld,
                                                         float *out);

#endif
