/** Sessions, and the one door through which every network runs. */
#ifndef TYTO_SESSION_H
#define TYTO_SESSION_H

#include <stddef.h>
#include <tyto/model.h>
#include <tyto/progress.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** Owns the scratch memory of one model's runs; belongs to one thread at a time. */
typedef struct tyto_session tyto_session;

TYTO_API TYTO_NODISCARD tyto_status tyto_session_create(const tyto_model *model, tyto_session **out,
                                                        tyto_error *err);
TYTO_API void tyto_session_destroy(tyto_session *session);

/** Makes the session's task calls read pictures with another processor than the model's; NULL: the
 *  model's again.
 *  memory  the processor must outlive the session, or its next change */
TYTO_API void tyto_session_use_processor(tyto_session *session,
                                         const tyto_image_processor *processor);

/** Follows the session's runs from now on, layer by layer; returning false stops one, which then is
 *  E_CANCELLED. NULL: nobody follows. */
TYTO_API void tyto_session_set_progress(tyto_session *session, tyto_progress_fn progress,
                                        void *user);

/** Runs a head on named tensors, named as the reference's `forward` names them.
 *
 *  head     `Class` or `Class.method` as the reference spells them; NULL: the model's own
 *  inputs   e.g. input_ids [n,T] i64, attention_mask, pixel_values [B,3,H,W] f32; integer inputs
 *           may be any integer type, real ones any float type
 *  wanted   output names, e.g. "logits", "vision_model_output.hidden_states.2"; a trailing ".*"
 *           takes all below. n_wanted 0: what the reference returns by default
 *  outputs  *outputs points at *n_outputs tensors in the order wanted
 *  memory   outputs belong to the session and live until its next forward or its end
 *  errors   E_ARGUMENT (unknown head, input or output), E_SHAPE, E_RANGE, E_UNSUPPORTED, E_MEMORY
 */
TYTO_API TYTO_NODISCARD tyto_status tyto_forward(tyto_session *session, const char *head,
                                                 const tyto_tensor *inputs, size_t n_inputs,
                                                 const char *const *wanted, size_t n_wanted,
                                                 const tyto_tensor **outputs, size_t *n_outputs,
                                                 tyto_error *err);

/** Bytes of scratch that the session holds. */
TYTO_API size_t tyto_session_scratch_bytes(const tyto_session *session);

TYTO_END_DECLS

#endif
