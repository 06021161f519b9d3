/** A session from the inside. */
#ifndef TYTO_RUNTIME_SESSION_H
#define TYTO_RUNTIME_SESSION_H

#include <tyto/progress.h>
#include <tyto/session.h>

#include "models/io.h"
#include "nn/exec.h"
#include "runtime/model.h"

struct tyto_session {
    const tyto_model *model;
    tyto_pool *pool; /* its own */
    tyto_arena scratch;
    tyto_arena outputs;
    tyto_io io;
    tyto_tensor *given; /* the tensors handed to the last caller */
    size_t given_capacity;
    tyto_profile *profile;                 /* runs record their time here; or NULL; borrowed */
    const tyto_product_observer *observer; /* of runs, or NULL; borrowed */
    tyto_progress_fn progress;             /* of its runs, or NULL */
    void *progress_user;
    bool asking;   /* whoever follows is being asked, in the midst of a task: no run may begin */
    float *pixels; /* what a task prepared for its current run */
    int64_t pixels_count;
};

/** Asks whoever follows the session's runs, if anybody does; false stops. */
bool tyto_session_ask(tyto_session *session, const tyto_progress *progress);

/** E_ARGUMENT while whoever follows is being asked. */
TYTO_NODISCARD tyto_status tyto_session_check_free(const tyto_session *session, tyto_error *err);

/** Makes room for `count` floats in session->pixels, which stay for the next run; `name` is for
 *  messages. */
TYTO_NODISCARD tyto_status tyto_session_pixels(tyto_session *session, int64_t count,
                                               const char *name, tyto_error *err);

#endif
