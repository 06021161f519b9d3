/** The encoder's cross-attention with fewer operations. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_ENCODE_H
#define TYTO_MODELS_PERCEIVER_FOLDED_ENCODE_H

#include "models/perceiver/model.h"
#include "models/perceiver/rows/inputs.h"

/** hidden[N,D] = what the latents become by attention to the inputs of batch element b, by folded
 *  weights, which must be there: the plain path's numbers but for rounding. For inputs without a
 *  mask. */
TYTO_NODISCARD tyto_status tyto_perceiver_encode_folded(const tyto_perceiver *model,
                                                        tyto_exec *exec,
                                                        const tyto_perceiver_inputs *inputs,
                                                        int64_t b, float *hidden);

#endif
