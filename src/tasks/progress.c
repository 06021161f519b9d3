#include "tasks/progress.h"

#include "base/error.h"

tyto_follower tyto_task_follow(tyto_session *session, tyto_progress_fn progress, void *user)
{
    const tyto_follower before = {session->progress, session->progress_user};
    if (progress) {
        session->progress = progress;
        session->progress_user = user;
    }
    return before;
}

void tyto_task_unfollow(tyto_session *session, tyto_follower before)
{
    session->progress = before.progress;
    session->progress_user = before.user;
}

tyto_status tyto_task_step(const tyto_session *session, const char *stage, const char *subject,
                           int64_t done, int64_t total, tyto_error *err)
{
    const tyto_progress progress = {
        .stage = stage, .subject = subject, .done = done, .total = total};
    if (session->progress && !session->progress(session->progress_user, &progress)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped before step %lld of %lld", stage,
                         (long long)done, (long long)total);
    }
    return TYTO_OK;
}
