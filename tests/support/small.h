/** A small Perceiver of the golden data, open on one thread, and what tests of its tasks share. */
#ifndef TYTO_TESTS_SMALL_H
#define TYTO_TESTS_SMALL_H

#include "support/golden.h"

typedef struct small {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} small;

static inline small open_small(const char *name)
{
    char path[GOLDEN_PATH_BYTES];
    small of = {0};
    const tyto_engine_options options = engine_options(1);
    assert_int_equal(tyto_engine_create(&options, &of.engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(of.engine, golden_path(path, "perceiver/%s/model", name), NULL,
                                     &of.model, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_session_create(of.model, NULL, &of.session, NULL), TYTO_OK);
    return of;
}

static inline void close_small(small *of)
{
    tyto_session_destroy(of->session);
    tyto_model_destroy(of->model);
    tyto_engine_destroy(of->engine);
}

/** Progress: steps of a stage come one by one. */
typedef struct step_count {
    const char *stage;   /* that are counted */
    int64_t seen, total; /* so far, and as was said last */
    int64_t stop;        /* false is returned at this step; 0: never */
} step_count;

static inline bool count_steps(void *user, const tyto_progress *progress)
{
    step_count *const count = user;
    if (strcmp(progress->stage, count->stage) != 0) {
        return true;
    }
    assert_int_equal(progress->done, count->seen);
    count->seen++;
    count->total = progress->total;
    return count->seen != count->stop;
}

/** A call failed with this status and this text in its message. */
static inline void assert_fails(tyto_status got, tyto_status status, tyto_error *err,
                                const char *text)
{
    if (got != status || !strstr(tyto_error_message(err), text)) {
        fail_msg("got %s (%s), required %s with '%s'", tyto_status_name(got),
                 tyto_error_message(err), tyto_status_name(status), text);
    }
    tyto_error_clear(err);
}

#endif
