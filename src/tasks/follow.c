#include "tasks/follow.h"

#include "base/error.h"

void tyto_follow_begin(tyto_follow *follow, tyto_session *session, tyto_progress_fn progress,
                       void *user)
{
    *follow = (tyto_follow){session, session->progress, session->progress_user};
    if (progress) {
        session->progress = progress;
        session->progress_user = user;
    }
}

void tyto_follow_end(const tyto_follow *follow)
{
    follow->session->progress = follow->before;
    follow->session->progress_user = follow->before_user;
}

tyto_status tyto_follow_step(const tyto_follow *follow, const char *stage, const char *subject,
                             int64_t done, int64_t total, tyto_error *err)
{
    const tyto_progress progress = {
        .stage = stage, .subject = subject, .done = done, .total = total};
    if (!tyto_session_ask(follow->session, &progress)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped by the caller at %lld of %lld", stage,
                         (long long)done, (long long)total);
    }
    return TYTO_OK;
}
