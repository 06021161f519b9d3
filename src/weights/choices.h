/** What a checkpoint says of its products in whole numbers: the tensors of int8.safetensors. */
#ifndef TYTO_WEIGHTS_CHOICES_H
#define TYTO_WEIGHTS_CHOICES_H

#include <tyto/tensor.h>

#include "formats/checkpoint_files.h"
#include "nn/linear.h"

/** Endings of a tensor's name after that of the product, its weight's without ".weight".
 *  NAME.smooth[k] are the factors of its input; NAME.bf16 leaves it in bf16. */
#define TYTO_CHOICES_SMOOTH ".smooth"
#define TYTO_CHOICES_BF16 ".bf16"

/** The choice with that ending for the product whose weight has that name, or NULL. */
const tyto_tensor *tyto_choice_find(const tyto_tensor_file *choices, const char *weight_name,
                                    const char *ending);
/** Whether the choice is one for that weight. */
bool tyto_choice_is_of(const tyto_tensor *choice, const char *weight_name);
/** Whether the choice can be what its name says, for an input of k channels.
 *  errors  E_FORMAT, E_RANGE (a factor that is not above 0, or not finite) */
TYTO_NODISCARD tyto_status tyto_choice_check(const tyto_tensor *choice, int64_t k,
                                             const char *file_name, tyto_error *err);
/** The type that products of a precision with k steps are packed in, given the choices, which may
 *  be NULL. */
tyto_dtype tyto_choice_dtype(const tyto_tensor_file *choices, const char *weight_name,
                             tyto_precision precision, int64_t k);

#endif
