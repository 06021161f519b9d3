#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"

#if defined(__x86_64__) || defined(__i386__)
#define CPU_RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define CPU_RELAX() __asm__ volatile("yield")
#else
#define CPU_RELAX() ((void)0)
#endif

/* Polls before a thread goes to sleep: some tens of microseconds. */
#define SPINS 4000

/* The gate's highest bit; those below count. */
#define OPEN 0x80000000u

/* What a second-level cache has at least and at most, and as a rule. */
#define CACHE_BYTES_MIN ((int64_t)256 << 10)
#define CACHE_BYTES_MAX ((int64_t)4 << 20)
#define CACHE_BYTES_USUAL ((int64_t)1 << 20)

struct tyto_pool {
    pthread_mutex_t turn; /* one run at a time */
    pthread_mutex_t lock;
    pthread_cond_t wake; /* a new run, or the end */
    pthread_cond_t done; /* the last worker left the run */
    int threads;
    int64_t cache_bytes; /* of a core, second level */
    int started;
    bool ending;
    tyto_task_fn task;
    void *context;
    int64_t count;
    _Atomic int64_t next;
    _Atomic unsigned gate; /* OPEN while the current run takes workers, and how many are inside */
    _Atomic unsigned run;  /* number of the current run; it changes while the gate is open */
    double *busy; /* of a simulated pool: seconds that each worker has been at it in a run */
    double saved_s;
    pthread_t *workers;
    struct worker {
        tyto_pool *pool;
        int index;
    } * arguments;
};

static void drain(tyto_pool *pool, int worker)
{
    for (;;) {
        int64_t index = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (index >= pool->count) {
            return;
        }
        pool->task(pool->context, index, worker);
    }
}

/* A worker takes part in a run only while the caller still does: one that the system wakes too
 * late is not waited for. */
static bool enter(tyto_pool *pool)
{
    unsigned gate = atomic_load_explicit(&pool->gate, memory_order_acquire);
    while (gate & OPEN) {
        if (atomic_compare_exchange_weak_explicit(&pool->gate, &gate, gate + 1,
                                                  memory_order_acquire, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

static void leave(tyto_pool *pool)
{
    if (atomic_fetch_sub_explicit(&pool->gate, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Waits for a run after `seen`; false when the pool ends. */
static bool await_run(tyto_pool *pool, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&pool->run, memory_order_acquire) != seen) {
            break;
        }
        CPU_RELAX();
    }
    pthread_mutex_lock(&pool->lock);
    while (!pool->ending && atomic_load_explicit(&pool->run, memory_order_acquire) == seen) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    bool more = !pool->ending;
    pthread_mutex_unlock(&pool->lock);
    return more;
}

static void *work(void *argument)
{
    struct worker *self = argument;
    tyto_pool *pool = self->pool;
    unsigned seen = 0;
    while (await_run(pool, seen)) {
        /* Read before the gate: when that is closed, this run is over. */
        seen = atomic_load_explicit(&pool->run, memory_order_acquire);
        if (enter(pool)) {
            drain(pool, self->index);
            leave(pool);
        }
    }
    return NULL;
}

static int64_t ask_cache_bytes(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    const int64_t told = (int64_t)sysconf(_SC_LEVEL2_CACHE_SIZE);
    return told <= 0 ? CACHE_BYTES_USUAL
                     : tyto_max_i64(CACHE_BYTES_MIN, tyto_min_i64(told, CACHE_BYTES_MAX));
#else
    return CACHE_BYTES_USUAL;
#endif
}

tyto_pool *tyto_pool_create(int threads)
{
    tyto_pool *pool = tyto_alloc_zeroed(1, sizeof(*pool));
    if (!pool) {
        return NULL;
    }
    pthread_mutex_init(&pool->turn, NULL);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = threads;
    pool->cache_bytes = ask_cache_bytes();
    pool->workers = tyto_alloc_zeroed((size_t)threads, sizeof(*pool->workers));
    pool->arguments = tyto_alloc_zeroed((size_t)threads, sizeof(*pool->arguments));
    bool ready = pool->workers && pool->arguments;
    for (int i = 1; ready && i < threads; i++) {
        pool->arguments[i] = (struct worker){pool, i};
        ready = pthread_create(&pool->workers[i], NULL, work, &pool->arguments[i]) == 0;
        pool->started += ready;
    }
    if (!ready) {
        tyto_pool_destroy(pool);
        return NULL;
    }
    return pool;
}

tyto_pool *tyto_pool_create_simulated(int threads)
{
    tyto_pool *pool = tyto_pool_create(1);
    double *busy = tyto_alloc_zeroed((size_t)threads, sizeof(*busy));
    if (!pool || !busy) {
        tyto_pool_destroy(pool);
        free(busy);
        return NULL;
    }
    pool->threads = threads;
    pool->busy = busy;
    return pool;
}

double tyto_pool_saved_s(const tyto_pool *pool)
{
    return pool ? pool->saved_s : 0.0;
}

void tyto_pool_destroy(tyto_pool *pool)
{
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++) {
        pthread_join(pool->workers[i], NULL);
    }
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    pthread_mutex_destroy(&pool->turn);
    free(pool->busy);
    free(pool->workers);
    free(pool->arguments);
    free(pool);
}

int tyto_pool_threads(const tyto_pool *pool)
{
    return pool ? pool->threads : 1;
}

int64_t tyto_pool_cache_bytes(const tyto_pool *pool)
{
    return pool ? pool->cache_bytes : CACHE_BYTES_USUAL;
}

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A task's time is that of this thread alone: other programs don't count. */
static void simulate(tyto_pool *pool, int64_t count, tyto_task_fn task, void *context)
{
    const double began = clock_seconds(CLOCK_MONOTONIC);
    double before = clock_seconds(CLOCK_THREAD_CPUTIME_ID), last = 0.0;
    for (int i = 0; i < pool->threads; i++) {
        pool->busy[i] = 0.0;
    }
    for (int64_t index = 0; index < count; index++) {
        int free_first = 0;
        for (int i = 1; i < pool->threads; i++) {
            free_first = pool->busy[i] < pool->busy[free_first] ? i : free_first;
        }
        task(context, index, free_first);
        const double now = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        pool->busy[free_first] += now - before;
        last = pool->busy[free_first] > last ? pool->busy[free_first] : last;
        before = now;
    }
    pool->saved_s += clock_seconds(CLOCK_MONOTONIC) - began - last;
}

void tyto_pool_run(tyto_pool *pool, int64_t count, tyto_task_fn task, void *context)
{
    if (pool && pool->busy) {
        pthread_mutex_lock(&pool->turn);
        simulate(pool, count, task, context);
        pthread_mutex_unlock(&pool->turn);
        return;
    }
    if (!pool || pool->threads == 1 || count <= 1) {
        for (int64_t i = 0; i < count; i++) {
            task(context, i, 0);
        }
        return;
    }
    pthread_mutex_lock(&pool->turn);
    pool->task = task;
    pool->context = context;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->gate, OPEN, memory_order_release);
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add_explicit(&pool->run, 1, memory_order_release);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    drain(pool, 0);
    atomic_fetch_and_explicit(&pool->gate, ~OPEN, memory_order_acq_rel);
    for (int i = 0; i < SPINS && atomic_load_explicit(&pool->gate, memory_order_acquire); i++) {
        CPU_RELAX();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load_explicit(&pool->gate, memory_order_acquire)) {
        pthread_cond_wait(&pool->done, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&pool->turn);
}

int tyto_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return 1;
    }
    int cores = CPU_COUNT(&set);
    return cores > 0 ? cores : 1;
}
