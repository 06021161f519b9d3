/** The decoder: queries attend to latents. */
#ifndef TYTO_MODELS_PERCEIVER_PLAIN_DECODER_H
#define TYTO_MODELS_PERCEIVER_PLAIN_DECODER_H

#include "models/perceiver/plain/layer.h"
#include "models/perceiver/plain/targets.h"

/** Declares cross_attentions.1 [B,H,rows,N] of a decoder that attends. */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_queries(const tyto_perceiver *model,
                                                          const tyto_perceiver_queries *queries,
                                                          tyto_io *io, int64_t batch);
/** Memory of that output, or NULL when nobody asked for it. */
float *tyto_perceiver_query_attentions(const tyto_io *io);

/** Decodes queries first … first+n−1 of batch element b together, by attention to `memory`, and
 *  hands them to the targets. */
TYTO_NODISCARD tyto_status tyto_perceiver_decode_rows(const tyto_perceiver_queries *queries,
                                                      tyto_exec *exec, int64_t b,
                                                      const tyto_perceiver_memory *memory,
                                                      int64_t first, int64_t n,
                                                      const tyto_perceiver_targets *targets);

/** A decoder that doesn't attend: decoded[batch,1,C] = classifier(mean of latents[batch,N,D]). */
TYTO_NODISCARD tyto_status tyto_perceiver_decode_mean(const tyto_perceiver *model, tyto_exec *exec,
                                                      int64_t batch, const float *latents,
                                                      const tyto_perceiver_targets *targets);

#endif
