/** Where decoded rows go: the outputs of a decoder, each after its postprocessor. */
#ifndef TYTO_MODELS_PERCEIVER_PLAIN_TARGETS_H
#define TYTO_MODELS_PERCEIVER_PLAIN_TARGETS_H

#include "models/io.h"
#include "models/perceiver/model.h"
#include "models/perceiver/rows/queries.h"

/** Part of the decoded rows on its way to an output. */
typedef struct tyto_perceiver_target {
    int64_t first, rows;                /* rows that are needed */
    const tyto_linear_weights *product; /* or NULL: copied */
    float divisor;                      /* of the values */
    float *output;                      /* NULL: nobody asked */
    int64_t each;                       /* floats of a batch element */
} tyto_perceiver_target;

typedef struct tyto_perceiver_targets {
    tyto_perceiver_target items[TYTO_PERCEIVER_MODALITIES_MAX];
    int count;
} tyto_perceiver_targets;

/** Declares logits or logits.MODALITY. Logits that the loss needs and nobody asked for are taken
 *  from scratch.
 *  inputs  NULL when latents are given */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_logits(const tyto_perceiver *model,
                                                         const tyto_perceiver_queries *queries,
                                                         const tyto_perceiver_inputs *inputs,
                                                         tyto_exec *exec, tyto_io *io,
                                                         int64_t batch, bool for_loss,
                                                         tyto_perceiver_targets *targets);

/** Hands decoded[n,channels], rows first … first+n−1 of batch element b, to those targets that need
 *  them. */
TYTO_NODISCARD tyto_status tyto_perceiver_emit(const tyto_perceiver_targets *targets,
                                               tyto_exec *exec, int64_t b, int64_t first, int64_t n,
                                               int64_t channels, const float *decoded);

#endif
