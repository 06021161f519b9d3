/* Sessions with threads of their own: how many there are, what they share, what a fork leaves of
 * them, and stopping a run. */
#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/pool.h"
#include "support/golden.h"

/* Seconds after which a process that hangs is ended. */
#define PATIENCE_S 60

typedef struct fixture {
    tyto_engine *engine;
    tyto_model *model;
    golden_case golden;
} fixture;

static int open_model(void **state)
{
    static fixture with;
    const tyto_engine_options options = engine_options(3);
    tyto_error err = TYTO_ERROR_INIT;
    char path[GOLDEN_PATH_BYTES];
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with.engine, golden_path(path, "owlv2/odd/model"), NULL, &with.model, &err),
        &err);
    golden_open(&with.golden, "owlv2/odd/one");
    *state = &with;
    return 0;
}

static int close_model(void **state)
{
    fixture *with = *state;
    golden_close(&with->golden);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
    return 0;
}

static tyto_session *session_of(const fixture *with, int64_t threads)
{
    tyto_session_options options;
    tyto_session *session = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session_options_init(&options, sizeof(options));
    options.threads = threads;
    ASSERT_DONE(tyto_session_create(with->model, &options, &session, &err), &err);
    return session;
}

/* Bytes of a run's outputs, newly allocated; NULL when it failed. */
static char *run(const fixture *with, tyto_session *session, size_t *bytes)
{
    const tyto_tensor *outputs;
    int64_t count;
    *bytes = 0;
    if (tyto_forward(session, NULL, with->golden.given, with->golden.n_given, with->golden.wanted,
                     with->golden.n_wanted, &outputs, &count, NULL) != TYTO_OK) {
        return NULL;
    }
    char *all = NULL;
    for (int64_t i = 0; i < count; i++) {
        const size_t n =
            (size_t)tyto_tensor_elements(&outputs[i]) * tyto_dtype_bytes(outputs[i].dtype);
        all = realloc(all, *bytes + n + 1);
        if (!all) {
            abort();
        }
        memcpy(all + *bytes, outputs[i].data, n);
        *bytes += n;
    }
    return all;
}

static bool same_run(const fixture *with, tyto_session *session, const char *expected,
                     size_t expected_bytes)
{
    size_t bytes;
    char *got = run(with, session, &bytes);
    const bool same = got && bytes == expected_bytes && memcmp(got, expected, bytes) == 0;
    free(got);
    return same;
}

/* Threads that this process has. */
static int threads_now(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

static void sessions_start_what_they_were_told_to(void **state)
{
    const fixture *with = *state;
    const int before = threads_now();
    tyto_session *one = session_of(with, 1);
    size_t bytes;
    char *expected = run(with, one, &bytes);
    assert_non_null(expected);
    assert_int_equal(tyto_session_threads(one), 1);
    assert_int_equal(threads_now(), before);
    tyto_session *four = session_of(with, 4), *usual = session_of(with, 0);
    assert_int_equal(tyto_session_threads(four), 4);
    assert_int_equal(tyto_session_threads(usual), 3);
    assert_int_equal(threads_now(), before + 3 + 2);
    assert_true(same_run(with, four, expected, bytes));
    assert_true(same_run(with, usual, expected, bytes));
    tyto_session_destroy(four);
    tyto_session_destroy(usual);
    assert_true(same_run(with, one, expected, bytes));
    assert_int_equal(threads_now(), before);
    tyto_session_destroy(one);
    free(expected);
}

static void wrong_numbers_of_threads_are_refused(void **state)
{
    const fixture *with = *state;
    static const int64_t wrong[] = {-1, 1025, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tyto_session_options options;
        tyto_engine_options other = engine_options(wrong[i]);
        tyto_session *session = NULL;
        tyto_engine *engine = NULL;
        tyto_error err = TYTO_ERROR_INIT;
        tyto_session_options_init(&options, sizeof(options));
        options.threads = wrong[i];
        assert_int_equal(tyto_session_create(with->model, &options, &session, &err),
                         TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "threads: got"));
        assert_int_equal(tyto_engine_create(&other, &engine, &err), TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "threads: got"));
        options.struct_bytes = 0;
        assert_int_equal(tyto_session_create(with->model, &options, &session, &err),
                         TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "struct_bytes"));
        tyto_error_clear(&err);
    }
}

/* One of several threads, each with a session of its own. */
typedef struct server {
    const fixture *with;
    int64_t threads;
    const char *expected;
    size_t bytes;
    pthread_t thread;
    bool same;
} server;

static void *serve(void *argument)
{
    server *own = argument;
    tyto_session_options options;
    tyto_session *session = NULL;
    tyto_session_options_init(&options, sizeof(options));
    options.threads = own->threads;
    own->same = tyto_session_create(own->with->model, &options, &session, NULL) == TYTO_OK;
    for (int i = 0; own->same && i < 5; i++) {
        own->same = same_run(own->with, session, own->expected, own->bytes);
    }
    tyto_session_destroy(session);
    return NULL;
}

static void sessions_at_once_give_the_bits_of_one_after_another(void **state)
{
    const fixture *with = *state;
    enum { SERVERS = 4 };
    static const int64_t threads[SERVERS] = {1, 1, 2, 3};
    server servers[SERVERS];
    size_t bytes;
    tyto_session *one = session_of(with, 1);
    char *expected = run(with, one, &bytes);
    assert_non_null(expected);
    for (int i = 0; i < SERVERS; i++) {
        servers[i] =
            (server){.with = with, .threads = threads[i], .expected = expected, .bytes = bytes};
        assert_int_equal(pthread_create(&servers[i].thread, NULL, serve, &servers[i]), 0);
    }
    for (int i = 0; i < SERVERS; i++) {
        pthread_join(servers[i].thread, NULL);
        assert_true(servers[i].same);
    }
    tyto_session_destroy(one);
    free(expected);
}

/* A run that doesn't end until another one has: on a pool for which the second would wait, neither
 * would. */
typedef struct meeting {
    tyto_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t begun, let_go;
} meeting;

static void wait_for_the_other(void *context, int64_t index, int worker)
{
    meeting *with = context;
    (void)index;
    (void)worker;
    pthread_mutex_lock(&with->lock);
    with->begun++;
    pthread_cond_broadcast(&with->changed);
    while (with->let_go == 0) {
        pthread_cond_wait(&with->changed, &with->lock);
    }
    pthread_mutex_unlock(&with->lock);
}

static void let_go(void *context, int64_t index, int worker)
{
    meeting *with = context;
    (void)index;
    (void)worker;
    pthread_mutex_lock(&with->lock);
    with->let_go++;
    pthread_cond_broadcast(&with->changed);
    pthread_mutex_unlock(&with->lock);
}

static void *begin_meeting(void *argument)
{
    meeting *with = argument;
    tyto_pool_run(with->pool, 2, wait_for_the_other, with);
    return NULL;
}

static void nobody_waits_for_a_pool(void **state)
{
    (void)state;
    meeting with = {.pool = tyto_pool_create(2),
                    .lock = PTHREAD_MUTEX_INITIALIZER,
                    .changed = PTHREAD_COND_INITIALIZER};
    pthread_t first;
    assert_non_null(with.pool);
    alarm(PATIENCE_S);
    assert_int_equal(pthread_create(&first, NULL, begin_meeting, &with), 0);
    pthread_mutex_lock(&with.lock);
    while (with.begun == 0) {
        pthread_cond_wait(&with.changed, &with.lock);
    }
    pthread_mutex_unlock(&with.lock);
    tyto_pool_run(with.pool, 3, let_go, &with);
    assert_int_equal(with.let_go, 3);
    pthread_join(first, NULL);
    alarm(0);
    tyto_pool_destroy(with.pool);
}

/* The sanitizer for threads ends a process that starts some after a fork. That for addresses has an
 * allocator whose locks a fork copies as they are: when another thread is in the midst of an
 * allocation, a child waits at its own first one for ever. The C library's malloc has no such
 * fault, and the other builds run these tests. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(THREAD_SANITIZER)
#define FORKS false
#else
#define FORKS true
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ADDRESS_SANITIZER)
#define FORKS_BESIDE_OTHERS false
#else
#define FORKS_BESIDE_OTHERS FORKS
#endif

/* Runs `work` in a child, which ends with 0 when that is true. */
static void assert_in_child(bool (*work)(void *), void *context)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        _exit(work(context) ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* What a parent had when it forked. */
typedef struct heirloom {
    fixture with;
    tyto_session *session;
    const char *expected;
    size_t bytes;
} heirloom;

static bool run_again(void *context)
{
    heirloom *own = context;
    return same_run(&own->with, own->session, own->expected, own->bytes) &&
           same_run(&own->with, own->session, own->expected, own->bytes);
}

static bool destroy_all(void *context)
{
    heirloom *own = context;
    tyto_session_destroy(own->session);
    tyto_model_destroy(own->with.model);
    tyto_engine_destroy(own->with.engine);
    return true;
}

static bool run_and_destroy(void *context)
{
    return run_again(context) && destroy_all(context);
}

/* Everything anew, with what the parent had. */
static bool open_another(void *context)
{
    heirloom *own = context;
    char path[GOLDEN_PATH_BYTES];
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    if (tyto_model_open(own->with.engine, golden_path(path, "owlv2/odd/model"), NULL, &model,
                        NULL) != TYTO_OK ||
        tyto_session_create(model, NULL, &session, NULL) != TYTO_OK) {
        return false;
    }
    const bool same = same_run(&own->with, session, own->expected, own->bytes);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    return same;
}

static bool have_a_child(void *context)
{
    assert_in_child(run_and_destroy, context);
    return run_and_destroy(context);
}

static void children_go_on(void **state)
{
    const fixture *with = *state;
    if (!FORKS) {
        skip();
    }
    heirloom own = {.with = *with, .session = session_of(with, 3)};
    char *expected = run(with, own.session, &own.bytes);
    assert_non_null(expected);
    own.expected = expected;
    assert_in_child(run_again, &own);
    assert_in_child(destroy_all, &own);
    assert_in_child(run_and_destroy, &own);
    assert_in_child(open_another, &own);
    assert_in_child(have_a_child, &own);
    assert_true(run_again(&own));
    tyto_session_destroy(own.session);
    free(expected);
}

static void *run_until_told(void *argument)
{
    server *own = argument;
    tyto_session_options options;
    tyto_session *session = NULL;
    tyto_session_options_init(&options, sizeof(options));
    options.threads = 2;
    own->same = tyto_session_create(own->with->model, &options, &session, NULL) == TYTO_OK;
    for (int i = 0; own->same && i < 20; i++) {
        own->same = same_run(own->with, session, own->expected, own->bytes);
    }
    tyto_session_destroy(session);
    return NULL;
}

/* Another thread is in the midst of its runs, and holds whatever it holds. */
static void forks_while_others_run_are_survived(void **state)
{
    const fixture *with = *state;
    if (!FORKS_BESIDE_OTHERS) {
        skip();
    }
    heirloom own = {.with = *with, .session = session_of(with, 2)};
    char *expected = run(with, own.session, &own.bytes);
    assert_non_null(expected);
    own.expected = expected;
    server other = {.with = with, .expected = expected, .bytes = own.bytes};
    assert_int_equal(pthread_create(&other.thread, NULL, run_until_told, &other), 0);
    for (int i = 0; i < 5; i++) {
        assert_in_child(run_and_destroy, &own);
        assert_true(run_again(&own));
    }
    pthread_join(other.thread, NULL);
    assert_true(other.same);
    tyto_session_destroy(own.session);
    free(expected);
}

/* Lets so many steps pass. */
typedef struct patience {
    int64_t left, seen;
} patience;

static bool count_down(void *user, const tyto_progress *progress)
{
    patience *own = user;
    assert_non_null(progress->stage);
    assert_true(progress->done >= 0 && progress->done <= progress->total);
    own->seen++;
    return own->left-- > 0;
}

static void stop_everywhere(const char *checkpoint, const char *golden_name)
{
    fixture with;
    const tyto_engine_options options = engine_options(2);
    tyto_error err = TYTO_ERROR_INIT;
    char path[GOLDEN_PATH_BYTES];
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    ASSERT_DONE(tyto_model_open(with.engine, golden_path(path, "%s/model", checkpoint), NULL,
                                &with.model, &err),
                &err);
    golden_open(&with.golden, golden_name);
    tyto_session *session = session_of(&with, 0);
    size_t bytes;
    char *expected = run(&with, session, &bytes);
    assert_non_null(expected);
    patience all = {.left = INT64_MAX};
    tyto_session_set_progress(session, count_down, &all);
    assert_true(same_run(&with, session, expected, bytes));
    assert_true(all.seen >= 2);
    for (int64_t i = 0; i < all.seen; i++) {
        patience some = {.left = i};
        const tyto_tensor *outputs;
        int64_t count;
        tyto_session_set_progress(session, count_down, &some);
        assert_int_equal(tyto_forward(session, NULL, with.golden.given, with.golden.n_given,
                                      with.golden.wanted, with.golden.n_wanted, &outputs, &count,
                                      &err),
                         TYTO_E_CANCELLED);
        assert_int_equal(some.seen, i + 1);
        assert_non_null(strstr(tyto_error_message(&err), "stopped before step"));
        tyto_session_set_progress(session, NULL, NULL);
        assert_true(same_run(&with, session, expected, bytes));
    }
    tyto_error_clear(&err);
    free(expected);
    golden_close(&with.golden);
    tyto_session_destroy(session);
    tyto_model_destroy(with.model);
    tyto_engine_destroy(with.engine);
}

static void runs_stop_within_a_layer(void **state)
{
    (void)state;
    stop_everywhere("owlv2/odd", "owlv2/odd/one");
    stop_everywhere("perceiver/masked_lm", "perceiver/masked_lm/states");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_start_what_they_were_told_to),
        cmocka_unit_test(wrong_numbers_of_threads_are_refused),
        cmocka_unit_test(sessions_at_once_give_the_bits_of_one_after_another),
        cmocka_unit_test(nobody_waits_for_a_pool),
        cmocka_unit_test(children_go_on),
        cmocka_unit_test(forks_while_others_run_are_survived),
        cmocka_unit_test(runs_stop_within_a_layer),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
