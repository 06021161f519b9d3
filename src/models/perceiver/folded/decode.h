/** The decoder with fewer operations. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_DECODE_H
#define TYTO_MODELS_PERCEIVER_FOLDED_DECODE_H

#include "models/perceiver/model.h"
#include "models/perceiver/plain/targets.h"

/** True when `target`, the i-th, can be decoded by folded weights: to the plain path's numbers but
 *  for rounding. */
bool tyto_perceiver_decodes_folded(const tyto_perceiver *model,
                                   const tyto_perceiver_queries *queries,
                                   const tyto_perceiver_target *target, int i);
/** Decodes it for batch element b that way; kv[N,K+V]: keys and values of the latents. */
TYTO_NODISCARD tyto_status tyto_perceiver_decode_folded(const tyto_perceiver *model,
                                                        const tyto_perceiver_queries *queries,
                                                        tyto_exec *exec, int64_t b, const float *kv,
                                                        const tyto_perceiver_target *target, int i);

#endif
