/** Rows whose channels are content, positions that are a sum over axes, and constant padding: what
 * a product with them and their layer norm need is found axis by axis. */
#ifndef TYTO_MODELS_PERCEIVER_SPLIT_H
#define TYTO_MODELS_PERCEIVER_SPLIT_H

#include "models/perceiver/inputs.h"
#include "nn/grid.h"

/** x[i] = (content, Σ_a axis_a[position's index on a], padding) */
typedef struct tyto_perceiver_split {
    const tyto_perceiver_input *content; /* or NULL */
    const tyto_perceiver_positions *positions;
    const float *padding;
    int64_t content_channels, channels;    /* channels: of all of x */
    float *axes[TYTO_PERCEIVER_AXES_MAX];  /* [dims][size] */
    double *sums[TYTO_PERCEIVER_AXES_MAX]; /* [dims][2]: of an entry, of its square */
    double padding_sums[2];
} tyto_perceiver_split;

/** True when inputs of this kind come apart: content and Fourier features, side by side. */
bool tyto_perceiver_splits(const tyto_perceiver_input *input);

/** content, positions, padding, content_channels and channels are set by the caller; padding fills
 *  what content and positions leave of the channels.
 *  memory  the rest from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_split_prepare(tyto_perceiver_split *split,
                                                        tyto_exec *exec);

/** Channels of a row of tyto_perceiver_split_rows. */
static inline int64_t tyto_perceiver_split_row(const tyto_perceiver_split *split)
{
    return split->content_channels + 2;
}

/** rows[n, content + 2] = (rstd·content, rstd·mean, last) and factors[n] = rstd, where mean and
 * rstd are those of layer norm over all of x; last is 1, or rstd when `scaled`. Row i is content
 * first + i of batch element b at position indices[i], or first + i. */
TYTO_NODISCARD tyto_status tyto_perceiver_split_rows(const tyto_perceiver_split *split,
                                                     tyto_exec *exec, int64_t b, int64_t first,
                                                     const int64_t *indices, int64_t n, float *rows,
                                                     float *factors);

#endif
