#include "runtime/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

void tyto_session_options_init(tyto_session_options *options, size_t struct_bytes)
{
    static const tyto_session_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status start_threads(const tyto_session *session, tyto_error *err)
{
    return tyto_pool_start(session->pool)
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_MEMORY, "session: no memory or no room for %d threads",
                           tyto_pool_threads(session->pool));
}

tyto_status tyto_session_create(const tyto_model *model, const tyto_session_options *options,
                                tyto_session **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    TYTO_REQUIRE(err, out);
    tyto_session_options own;
    tyto_status status = TYTO_OK;
    tyto_session_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_session_options", err));
    if (own.threads < 0 || own.threads > TYTO_THREADS_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "threads: got %lld, required 0 to %d",
                         (long long)own.threads, TYTO_THREADS_MAX);
    }
    tyto_session *session = tyto_alloc_zeroed(1, sizeof(*session));
    if (!session) {
        return tyto_fail_memory(err, "session");
    }
    session->model = model;
    session->pool = tyto_engine_pool_create(model->engine, own.threads ? (int)own.threads
                                                                       : model->engine->threads);
    if (!session->pool) {
        status = tyto_fail_memory(err, "session");
        goto cleanup;
    }
    TYTO_CHECK(start_threads(session, err));
    *out = session;
    session = NULL;
cleanup:
    tyto_session_destroy(session);
    return status;
}

void tyto_session_destroy(tyto_session *session)
{
    if (session) {
        tyto_arena_clear(&session->scratch);
        tyto_arena_clear(&session->outputs);
        tyto_io_clear(&session->io);
        free(session->given);
        free(session->pixels);
        tyto_pool_destroy(session->pool);
        free(session);
    }
}

bool tyto_session_ask(tyto_session *session, const tyto_progress *progress)
{
    if (!session->progress) {
        return true;
    }
    session->asking = true;
    const bool goes_on = session->progress(session->progress_user, progress);
    session->asking = false;
    return goes_on;
}

/* As what the passes of a run call. */
static bool ask(void *user, const tyto_progress *progress)
{
    return tyto_session_ask(user, progress);
}

tyto_status tyto_session_check_free(const tyto_session *session, tyto_error *err)
{
    return session->asking ? tyto_fail(err, TYTO_E_ARGUMENT,
                                       "session: it is in the midst of a task, required another "
                                       "one for runs of a progress function")
                           : TYTO_OK;
}

tyto_status tyto_session_pixels(tyto_session *session, int64_t count, const char *name,
                                tyto_error *err)
{
    TYTO_TRY(tyto_session_check_free(session, err));
    if (count > session->pixels_count) {
        free(session->pixels);
        session->pixels_count = 0;
        session->pixels = tyto_alloc((size_t)count, sizeof(float));
        if (!session->pixels) {
            return tyto_fail_memory(err, name);
        }
        session->pixels_count = count;
    }
    return TYTO_OK;
}

int64_t tyto_session_threads(const tyto_session *session)
{
    return session ? tyto_pool_threads(session->pool) : 0;
}

void tyto_session_set_progress(tyto_session *session, tyto_progress_fn progress, void *user)
{
    if (session) {
        session->progress = progress;
        session->progress_user = user;
    }
}

size_t tyto_session_scratch_bytes(const tyto_session *session)
{
    return session ? session->scratch.capacity + session->outputs.capacity : 0;
}

static tyto_status check_inputs(const tyto_tensor *inputs, int64_t n, tyto_error *err)
{
    if (n < 0 || (n > 0 && !inputs)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "inputs: got %s of %lld, required at least 0",
                         inputs ? "a list" : "NULL", (long long)n);
    }
    if (n > TYTO_IO_INPUTS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "inputs: got %lld, required at most %d", (long long)n,
                         TYTO_IO_INPUTS_MAX);
    }
    for (int64_t i = 0; i < n; i++) {
        bool valid = inputs[i].name && inputs[i].rank >= 0 && inputs[i].rank <= TYTO_RANK_MAX &&
                     tyto_dtype_bytes(inputs[i].dtype) > 0;
        /* Sizes of 0 aside, so that no product of some of the sizes overflows later on. */
        int64_t bytes = (int64_t)tyto_dtype_bytes(inputs[i].dtype);
        bool empty = false;
        for (int d = 0; valid && d < inputs[i].rank; d++) {
            const int64_t size = inputs[i].shape[d];
            empty = empty || size == 0;
            valid = size >= 0 && !__builtin_mul_overflow(bytes, size ? size : 1, &bytes);
        }
        valid = valid && (inputs[i].data || empty);
        if (!valid) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "inputs[%lld]: required a name, data, a type and a shape",
                             (long long)i);
        }
    }
    return TYTO_OK;
}

static tyto_status check_wanted(const char *const *wanted, int64_t n, tyto_error *err)
{
    bool valid = n == 0 || (n > 0 && wanted);
    for (int64_t i = 0; valid && i < n; i++) {
        valid = wanted[i] != NULL;
    }
    return valid ? TYTO_OK
                 : tyto_fail(err, TYTO_E_ARGUMENT, "wanted: got %lld, required as many names",
                             (long long)n);
}

/* The head declares, and then computes. */
static tyto_status run_head(tyto_session *session, const tyto_head *head, tyto_error *err)
{
    const tyto_model *model = session->model;
    tyto_exec exec = {.kernels = model->engine->kernels,
                      .precision = model->precision,
                      .pool = session->pool,
                      .arena = &session->scratch,
                      .profile = session->profile,
                      .observer = session->observer,
                      .progress = session->progress ? ask : NULL,
                      .progress_user = session,
                      .err = err};
    void *request = NULL;
    tyto_arena_reset(&session->scratch);
    tyto_arena_reset(&session->outputs);
    tyto_io_restart(&session->io);
    TYTO_TRY(head->declare(model->network, &exec, &session->io, &request));
    TYTO_TRY(tyto_io_check_complete(&session->io, head->name));
    return head->run(model->network, &exec, &session->io, request);
}

/* Copies the tensors out, in the order asked for. */
static tyto_status give_outputs(tyto_session *session, const tyto_tensor **outputs,
                                int64_t *n_outputs, tyto_error *err)
{
    tyto_io *io = &session->io;
    tyto_io_sort(io);
    if (io->n_entries > session->given_capacity) {
        tyto_tensor *given = tyto_realloc(session->given, io->n_entries, sizeof(*given));
        if (!given) {
            return tyto_fail_memory(err, "outputs");
        }
        session->given = given;
        session->given_capacity = io->n_entries;
    }
    for (size_t i = 0; i < io->n_entries; i++) {
        session->given[i] = io->entries[i].tensor;
        session->given[i].name = io->entries[i].name;
    }
    *outputs = session->given;
    *n_outputs = (int64_t)io->n_entries;
    return TYTO_OK;
}

/* Names the heads that there are. */
static tyto_status no_such_head(const tyto_model *model, const char *name, tyto_error *err)
{
    char heads[600] = "";
    size_t at = 0;
    for (size_t i = 0; i < model->architecture->n_heads && at < sizeof(heads); i++) {
        at += (size_t)snprintf(heads + at, sizeof(heads) - at, "%s%s", i ? ", " : "",
                               model->architecture->heads[i].name);
    }
    return tyto_fail(err, TYTO_E_ARGUMENT,
                     "head: got '%s', which this model does not have, required one of %s", name,
                     heads);
}

tyto_status tyto_forward(tyto_session *session, const char *head, const tyto_tensor *inputs,
                         int64_t n_inputs, const char *const *wanted, int64_t n_wanted,
                         const tyto_tensor **outputs, int64_t *n_outputs, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, outputs);
    TYTO_REQUIRE(err, n_outputs);
    TYTO_TRY(tyto_session_check_free(session, err));
    const char *name = head ? head : session->model->head;
    const tyto_head *runs = tyto_head_find(session->model->architecture, name);
    if (!runs) {
        return no_such_head(session->model, name, err);
    }
    TYTO_TRY(check_inputs(inputs, n_inputs, err));
    TYTO_TRY(check_wanted(wanted, n_wanted, err));
    TYTO_TRY(start_threads(session, err));
    tyto_error own = TYTO_ERROR_INIT;
    tyto_io *io = &session->io;
    io->inputs = inputs;
    io->n_inputs = (size_t)n_inputs;
    io->wanted = wanted;
    io->n_wanted = (size_t)n_wanted;
    io->scratch = &session->scratch;
    io->memory = &session->outputs;
    io->err = err ? err : &own;
    tyto_status status = run_head(session, runs, io->err);
    if (status == TYTO_OK) {
        status = give_outputs(session, outputs, n_outputs, io->err);
    }
    io->inputs = NULL;
    io->n_inputs = 0;
    io->wanted = NULL;
    io->n_wanted = 0;
    io->err = NULL;
    tyto_error_clear(&own);
    return status;
}
