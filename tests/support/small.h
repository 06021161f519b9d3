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
    assert_int_equal(
        tyto_model_open(of.engine, golden_path(path, "perceiver/%s/model", name), &of.model, NULL),
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

/** Progress: steps come one by one; user is int64_t[2], which gets the steps seen and their total.
 */
static inline void count_steps(void *user, int64_t done, int64_t total)
{
    int64_t *const seen = user;
    assert_int_equal(done, seen[0]);
    seen[0]++;
    seen[1] = total;
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
