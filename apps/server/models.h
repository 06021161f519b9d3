/** The models that are served, by name. */
#ifndef TYTO_SERVER_MODELS_H
#define TYTO_SERVER_MODELS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <tyto/model.h>
#include <tyto/session.h>

/** What is told of a model's requests. */
typedef struct model_stats {
    int64_t succeeded, failed, inputs;
    double success_s, failure_s, queue_s;
    double last_unix_s; /**< when the last one was answered */
} model_stats;

/** A model, and a session of it for each worker, which begins when that worker first needs it. */
typedef struct served {
    char *name, *folder;
    uint64_t serial; /**< no other has it, nor will */
    tyto_model *model;
    tyto_session **sessions; /**< [n_sessions] */
    int64_t n_sessions;
    int64_t users; /**< it is closed once nobody uses it and it is no longer listed */
    model_stats stats;
} served;

/** threads: any */
typedef struct models {
    pthread_mutex_t lock;
    tyto_engine *engine;
    served **list; /**< [count], the first is the default */
    int64_t count, room, n_workers;
    uint64_t serials;
} models;

void models_begin(models *m, tyto_engine *engine, int64_t n_workers);
/** Closes all of them; no worker may be at work. */
void models_end(models *m);
/** Opens a checkpoint folder under a name.
 *  errors  those of tyto_model_open; E_EXISTS (a name that is taken), E_MEMORY */
tyto_status models_add(models *m, const char *name, const char *folder, tyto_error *err);
/** No longer lists a model, which goes once nobody uses it. Returns what it was, in use by the
 *  caller, or NULL. */
served *models_remove(models *m, const char *name);
/** The model of a name, or the first for NULL, in use by the caller until models_release; NULL:
 *  there is none. */
served *models_take(models *m, const char *name);
/** The i-th, in use by the caller; NULL behind the last. */
served *models_at(models *m, int64_t i);
void models_release(models *m, served *s);
/** A worker's session of a model.
 *  errors  those of tyto_session_create */
tyto_status models_session(served *s, int64_t worker, tyto_session **out, tyto_error *err);
/** Notes an answered request. */
void models_note(models *m, served *s, bool well, int64_t inputs, double seconds, double queue_s);
model_stats models_stats(models *m, const served *s);

#endif
