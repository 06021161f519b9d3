/** Who follows a task's runs. */
#ifndef TYTO_TASKS_PROGRESS_H
#define TYTO_TASKS_PROGRESS_H

#include <tyto/progress.h>

#include "runtime/session.h"

typedef struct tyto_follower {
    tyto_progress_fn progress;
    void *user;
} tyto_follower;

/** Makes the session's runs report to the task's caller, layer by layer, or leaves it as it is when
 *  progress is NULL. Returns who followed before, for tyto_task_unfollow. */
tyto_follower tyto_task_follow(tyto_session *session, tyto_progress_fn progress, void *user);
void tyto_task_unfollow(tyto_session *session, tyto_follower before);

/** Before step `done` of `total` of the task itself, such as a tile.
 *  errors  E_CANCELLED when whoever follows says so */
TYTO_NODISCARD tyto_status tyto_task_step(const tyto_session *session, const char *stage,
                                          const char *subject, int64_t done, int64_t total,
                                          tyto_error *err);

#endif
