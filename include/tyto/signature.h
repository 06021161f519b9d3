/** What the heads of a model take and give, without a run. */
#ifndef TYTO_SIGNATURE_H
#define TYTO_SIGNATURE_H

#include <stdint.h>
#include <tyto/model.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** How many heads a model has for tyto_forward, and the name of the i-th; NULL when there is none.
 *  tyto_model_head gives its own. */
TYTO_API int64_t tyto_model_head_count(const tyto_model *model);
TYTO_API const char *tyto_model_head_at(const tyto_model *model, int64_t i);

/** The inputs that a head commonly takes, and the outputs that it gives when nobody names any.
 *  threads  immutable: any number */
typedef struct tyto_signature tyto_signature;

/** Asks a head. Nothing is computed: the head declares its outputs for inputs of several sizes, and
 *  a size that differs between them is free.
 *  head     as tyto_forward takes it; NULL: the model's own
 *  memory   the signature keeps nothing of the model; release *out with tyto_signature_destroy
 *  errors   E_ARGUMENT (unknown head, or one that doesn't go with this checkpoint), E_UNSUPPORTED
 *           (a composition whose inputs aren't known), E_MEMORY
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_signature_create(const tyto_model *model, const char *head,
                                                          tyto_signature **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_signature_destroy(tyto_signature *signature);

/** How many inputs and outputs there are, and the i-th: its name, type, rank and shape, where −1 is
 *  a size that the caller chooses, or that follows from such a one. data is NULL. NULL when there is
 *  none of that number. */
TYTO_API int64_t tyto_signature_input_count(const tyto_signature *signature);
TYTO_API const tyto_tensor *tyto_signature_input(const tyto_signature *signature, int64_t i);
TYTO_API int64_t tyto_signature_output_count(const tyto_signature *signature);
TYTO_API const tyto_tensor *tyto_signature_output(const tyto_signature *signature, int64_t i);

TYTO_END_DECLS

#endif
