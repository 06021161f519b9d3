/** A pool of threads that spins briefly, then sleeps. */
#ifndef TYTO_BASE_POOL_H
#define TYTO_BASE_POOL_H

#include <stdbool.h>
#include <stdint.h>

/** Shareable: while one thread runs tasks on it, others run theirs on themselves, and none waits.
 *  In the child of a fork a pool is as good as new: its threads are started again when they are
 *  needed, and it can be destroyed. */
typedef struct tyto_pool tyto_pool;

/** One task: `index` of `count`, run by worker `worker` < tyto_pool_threads. */
typedef void (*tyto_task_fn)(void *context, int64_t index, int worker);

/** A pool in which the caller is worker 0. The first run starts threads−1 more, or as many as the
 *  system allows. threads ≥ 1. NULL without memory. */
tyto_pool *tyto_pool_create(int threads);
/** Starts the threads now, unless they are there; false when memory or threads are out. */
bool tyto_pool_start(tyto_pool *pool);
/** A pool that does the work of `threads` threads on the caller's alone, and keeps the time that
 *  they would take: each task goes to the worker that is free first, as the counter hands them out.
 *  What threads share (memory, caches, the clock of cores) is not in that time. NULL without
 *  memory. */
tyto_pool *tyto_pool_create_simulated(int threads);
/** Seconds that simulated workers would have saved until now; 0 of a real pool. What a clock shows,
 *  less this, is the simulated time. */
double tyto_pool_saved_s(const tyto_pool *pool);
void tyto_pool_destroy(tyto_pool *pool);
int tyto_pool_threads(const tyto_pool *pool);
/** Bytes of a core's second-level cache, or a usual size where the system doesn't report it or
 *  there is no pool. The same as long as the pool lives. */
int64_t tyto_pool_cache_bytes(const tyto_pool *pool);

/** Runs tasks 0 … count−1, each once, handed out in order from one counter; returns when all are
 *  done. pool NULL: the caller runs them all. Tasks must not call tyto_pool_run. */
void tyto_pool_run(tyto_pool *pool, int64_t count, tyto_task_fn task, void *context);

#endif
