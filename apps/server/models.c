#include "models.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A model that is listed has one user more: the list. */

void models_begin(models *m, tyto_engine *engine, int64_t n_workers)
{
    *m = (models){.engine = engine, .n_workers = n_workers};
    pthread_mutex_init(&m->lock, NULL);
}

static void close_model(served *s)
{
    for (int64_t i = 0; s->sessions && i < s->n_sessions; i++) {
        tyto_session_destroy(s->sessions[i]);
    }
    tyto_model_destroy(s->model);
    free(s->sessions);
    free(s->name);
    free(s->folder);
    free(s);
}

void models_end(models *m)
{
    for (int64_t i = 0; i < m->count; i++) {
        close_model(m->list[i]);
    }
    free(m->list);
    pthread_mutex_destroy(&m->lock);
    *m = (models){0};
}

static int64_t place_of(const models *m, const char *name)
{
    for (int64_t i = 0; i < m->count; i++) {
        if (!name || strcmp(m->list[i]->name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Lists a model. Returns false when memory is out or the name is taken. */
static bool list(models *m, served *s)
{
    bool done = false;
    pthread_mutex_lock(&m->lock);
    if (m->count == m->room) {
        const int64_t room = m->room ? 2 * m->room : 8;
        served **grown = realloc(m->list, (size_t)room * sizeof(*grown));
        m->list = grown ? grown : m->list;
        m->room = grown ? room : m->room;
    }
    if (m->count < m->room && place_of(m, s->name) < 0) {
        m->list[m->count++] = s;
        s->users = 1;
        s->serial = ++m->serials;
        done = true;
    }
    pthread_mutex_unlock(&m->lock);
    return done;
}

tyto_status models_add(models *m, const char *name, const char *folder, tyto_error *err)
{
    served *s = models_take(m, name);
    if (s) { /* before it costs anything; list() looks again */
        models_release(m, s);
        return TYTO_E_EXISTS;
    }
    s = calloc(1, sizeof(*s));
    if (!s) {
        return TYTO_E_MEMORY;
    }
    *s = (served){.name = strdup(name),
                  .folder = strdup(folder),
                  .sessions = calloc((size_t)m->n_workers, sizeof(*s->sessions)),
                  .n_sessions = m->n_workers};
    tyto_status status = TYTO_E_MEMORY;
    if (s->name && s->folder && s->sessions) {
        status = tyto_model_open(m->engine, folder, NULL, &s->model, err);
    }
    if (status == TYTO_OK && !list(m, s)) {
        status = TYTO_E_EXISTS;
    }
    if (status != TYTO_OK) {
        close_model(s);
    }
    return status;
}

served *models_remove(models *m, const char *name)
{
    served *s = NULL;
    pthread_mutex_lock(&m->lock);
    const int64_t i = place_of(m, name);
    if (i >= 0) {
        s = m->list[i];
        memmove(m->list + i, m->list + i + 1, (size_t)(m->count - i - 1) * sizeof(*m->list));
        m->count--; /* what the list had is the caller's */
    }
    pthread_mutex_unlock(&m->lock);
    return s;
}

served *models_take(models *m, const char *name)
{
    pthread_mutex_lock(&m->lock);
    const int64_t i = place_of(m, name);
    served *s = i >= 0 ? m->list[i] : NULL;
    if (s) {
        s->users++;
    }
    pthread_mutex_unlock(&m->lock);
    return s;
}

served *models_at(models *m, int64_t i)
{
    pthread_mutex_lock(&m->lock);
    served *s = i < m->count ? m->list[i] : NULL;
    if (s) {
        s->users++;
    }
    pthread_mutex_unlock(&m->lock);
    return s;
}

void models_release(models *m, served *s)
{
    if (!s) {
        return;
    }
    pthread_mutex_lock(&m->lock);
    const bool last = --s->users == 0;
    pthread_mutex_unlock(&m->lock);
    if (last) {
        close_model(s);
    }
}

tyto_status models_session(served *s, int64_t worker, tyto_session **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    if (!s->sessions[worker]) {
        status = tyto_session_create(s->model, NULL, &s->sessions[worker], err);
    }
    *out = s->sessions[worker];
    return status;
}

void models_note(models *m, served *s, bool well, int64_t inputs, double seconds, double queue_s)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&m->lock);
    model_stats *stats = &s->stats;
    *(well ? &stats->succeeded : &stats->failed) += 1;
    *(well ? &stats->success_s : &stats->failure_s) += seconds;
    stats->inputs += well ? inputs : 0;
    stats->queue_s += queue_s;
    stats->last_unix_s = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    pthread_mutex_unlock(&m->lock);
}

model_stats models_stats(models *m, const served *s)
{
    pthread_mutex_lock(&m->lock);
    const model_stats stats = s->stats;
    pthread_mutex_unlock(&m->lock);
    return stats;
}
