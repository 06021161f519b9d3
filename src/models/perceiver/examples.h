/** Inputs of typical runs, of the sizes that heads were published with: names, types and shapes. */
#ifndef TYTO_MODELS_PERCEIVER_EXAMPLES_H
#define TYTO_MODELS_PERCEIVER_EXAMPLES_H

#include "models/architecture.h"
#include "models/perceiver/describe/config.h"

void tyto_perceiver_example_text(const tyto_perceiver_config *config, int64_t batch,
                                 tyto_example *out);
/** Learned positions fix the size of a picture. */
void tyto_perceiver_example_learned(const tyto_perceiver_config *config, int64_t batch,
                                    tyto_example *out);
void tyto_perceiver_example_picture(const tyto_perceiver_config *config, int64_t batch,
                                    tyto_example *out);
void tyto_perceiver_example_flow(const tyto_perceiver_config *config, int64_t batch,
                                 tyto_example *out);
void tyto_perceiver_example_multimodal(const tyto_perceiver_config *config, int64_t batch,
                                       tyto_example *out);

#endif
