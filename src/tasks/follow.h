/** Whoever follows a task: asked before each of its steps and, through the session, before each
 *  layer that it runs. */
#ifndef TYTO_TASKS_FOLLOW_H
#define TYTO_TASKS_FOLLOW_H

#include "runtime/session.h"

typedef struct tyto_follow {
    tyto_session *session;
    tyto_progress_fn before; /* what the session had */
    void *before_user;
} tyto_follow;

/** From now on the session's runs report to `progress`; NULL: to whom they did. */
void tyto_follow_begin(tyto_follow *follow, tyto_session *session, tyto_progress_fn progress,
                       void *user);
/** Gives the session back as it was. */
void tyto_follow_end(const tyto_follow *follow);

/** Before step `done` of `total`; subject: what it is done to, or NULL.
 *  errors  E_CANCELLED when whoever follows says so */
TYTO_NODISCARD tyto_status tyto_follow_step(const tyto_follow *follow, const char *stage,
                                            const char *subject, int64_t done, int64_t total,
                                            tyto_error *err);

#endif
