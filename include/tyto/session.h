/** Sessions, and the one door through which every network runs. */
#ifndef TYTO_SESSION_H
#define TYTO_SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/model.h>
#include <tyto/progress.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

typedef struct tyto_session_options {
    size_t struct_bytes; /**< set by tyto_session_options_init */
    int64_t threads;     /**< that its runs use, the caller's among them; 0: the engine's number. A
                              session of one thread starts none */
} tyto_session_options;

/** All defaults. struct_bytes is sizeof(tyto_session_options). */
TYTO_API void tyto_session_options_init(tyto_session_options *options, size_t struct_bytes);

/** Runs one model: owns the scratch memory of its runs and the threads that compute them. Sessions
 *  share nothing but the model, and none waits for another: two of four threads fill eight cores,
 *  eight of one thread serve eight requests at once. What comes out doesn't depend on the number of
 *  threads.
 *  threads  belongs to one thread at a time
 *  forks    works on in the child, where its next run starts threads anew; the child of a process
 *           in which it was running gets a session that can run again, too */
typedef struct tyto_session tyto_session;

/** options NULL: all defaults.
 *  errors  E_ARGUMENT (a number of threads), E_MEMORY (memory or threads are out) */
TYTO_API TYTO_NODISCARD tyto_status tyto_session_create(const tyto_model *model,
                                                        const tyto_session_options *options,
                                                        tyto_session **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_session_destroy(tyto_session *session);

/** The number of threads that its runs use. */
TYTO_API int64_t tyto_session_threads(const tyto_session *session);

/** Sets the function that is called before each layer of the session's runs. When it returns false
 *  the run ends with E_CANCELLED, and the session can run again. NULL: none. */
TYTO_API void tyto_session_set_progress(tyto_session *session, tyto_progress_fn progress,
                                        void *user);

/** Runs a head on named tensors, named as the reference's `forward` names them.
 *
 *  head     `Class` or `Class.method` as the reference spells them; NULL: the model's own
 *  inputs   e.g. input_ids [n,T] i64, attention_mask, pixel_values [B,3,H,W] f32; integer inputs
 *           may be any integer type, real ones any float type. NULL when n_inputs is 0
 *  wanted   output names, e.g. "logits", "vision_model_output.hidden_states.2"; a trailing ".*"
 *           takes all below. n_wanted 0: what the reference returns by default
 *  outputs  *outputs points at *n_outputs tensors in the order wanted
 *  memory   outputs belong to the session and live until its next forward or its end
 *  errors   E_ARGUMENT (unknown head, input or output), E_SHAPE, E_RANGE, E_UNSUPPORTED,
 *           E_CANCELLED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_forward(tyto_session *session, const char *head,
                                                 const tyto_tensor *inputs, int64_t n_inputs,
                                                 const char *const *wanted, int64_t n_wanted,
                                                 const tyto_tensor **outputs, int64_t *n_outputs,
                                                 tyto_error *err);

/** Bytes of scratch that the session holds. */
TYTO_API size_t tyto_session_scratch_bytes(const tyto_session *session);

TYTO_END_DECLS

#endif
