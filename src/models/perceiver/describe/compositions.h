/** The description that each class of the reference hands to PerceiverModel, as a user could write
 *  it (parts.h). Release with json_decref; NULL when memory is out. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_COMPOSITIONS_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_COMPOSITIONS_H

#include "models/perceiver/describe/config.h"

json_t *tyto_perceiver_describe_masked_lm(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_sequence(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_learned(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_fourier(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_convolution(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_flow(const tyto_perceiver_config *config);
json_t *tyto_perceiver_describe_multimodal(const tyto_perceiver_config *config);

#endif
