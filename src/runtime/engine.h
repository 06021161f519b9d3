/** The engine from the inside. */
#ifndef TYTO_RUNTIME_ENGINE_H
#define TYTO_RUNTIME_ENGINE_H

#include <tyto/engine.h>

#include "base/pool.h"
#include "kernels/kernels.h"

struct tyto_engine {
    const tyto_kernels *kernels;
    tyto_pool *pool;
    int threads;
    tyto_precision precision;
    tyto_log_fn log;
    void *log_user;
};

/** Hands a message to the engine's receiver, if it has one. */
void tyto_engine_log(const tyto_engine *engine, tyto_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
