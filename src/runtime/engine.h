/** The engine from the inside. */
#ifndef TYTO_RUNTIME_ENGINE_H
#define TYTO_RUNTIME_ENGINE_H

#include <tyto/engine.h>

#include "base/pool.h"
#include "kernels/kernels.h"

/** Most threads of an engine or a session. */
#define TYTO_THREADS_MAX 1024

struct tyto_engine {
    const tyto_kernels *kernels;
    tyto_pool *pool; /* opens models and prepares what no session does */
    int threads;
    bool simulated;
    tyto_precision precision;
    tyto_log_fn log;
    void *log_user;
};

/** A pool as the engine's: simulated where its is. NULL without memory. */
tyto_pool *tyto_engine_pool_create(const tyto_engine *engine, int threads);

/** Starts the threads of the engine's own pool, unless they run.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_engine_start(const tyto_engine *engine, tyto_error *err);

/** What a wanted precision comes to where nothing was packed or chosen: never AUTO or DEFAULT. */
tyto_precision tyto_engine_settle(const tyto_engine *engine, tyto_precision wanted);
/** errors  E_ARGUMENT (none of tyto_precision) */
TYTO_NODISCARD tyto_status tyto_precision_check(tyto_precision precision, tyto_error *err);

/** Hands a message to the engine's receiver, if it has one. */
void tyto_engine_log(const tyto_engine *engine, tyto_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Logs an error of one of several inputs, and clears it: the others go on. */
void tyto_engine_log_error(const tyto_engine *engine, tyto_error *err);

#endif
