#include "base/pool.h"

#include <pthread.h>
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

/* The threads of a pool, and what they wait for. A process that forks gets a copy without its
 * threads, whose locks may be held for ever: the child leaves them alone and starts another set. */
typedef struct worker_set {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* a new run, or the end */
    pthread_cond_t done; /* the last worker left the run */
    int started;
    unsigned forks; /* the process's generation that started it */
    bool ending;
    tyto_task_fn task;
    void *context;
    int64_t count;
    _Atomic int64_t next;
    _Atomic unsigned gate; /* OPEN while the current run takes workers, and how many are inside */
    _Atomic unsigned run;  /* number of the current run; it changes while the gate is open */
    struct worker {
        struct worker_set *set;
        pthread_t thread;
        int index;
    } workers[]; /* [threads], of which 0 is the caller */
} worker_set;

struct tyto_pool {
    int threads;
    int64_t cache_bytes; /* of a core, second level */
    worker_set *workers; /* NULL until they are needed */
    /* The generation in which somebody runs tasks, plus one; 0: nobody does. */
    _Atomic unsigned taken;
    double *busy; /* of a simulated pool: seconds that each worker has been at it in a run */
    double saved_s;
};

/* How often the process forked until it was this one. */
static _Atomic unsigned forks;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

/* When the library is loaded, before there are pools. */
__attribute__((constructor)) static void follow_forks(void)
{
    (void)pthread_atfork(NULL, NULL, count_fork);
}

static unsigned generation(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

static void drain(worker_set *set, int worker)
{
    for (;;) {
        int64_t index = atomic_fetch_add_explicit(&set->next, 1, memory_order_relaxed);
        if (index >= set->count) {
            return;
        }
        set->task(set->context, index, worker);
    }
}

/* A worker takes part in a run only while the caller still does: one that the system wakes too
 * late is not waited for. */
static bool enter(worker_set *set)
{
    unsigned gate = atomic_load_explicit(&set->gate, memory_order_acquire);
    while (gate & OPEN) {
        if (atomic_compare_exchange_weak_explicit(&set->gate, &gate, gate + 1, memory_order_acquire,
                                                  memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

static void leave(worker_set *set)
{
    if (atomic_fetch_sub_explicit(&set->gate, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_lock(&set->lock);
        pthread_cond_signal(&set->done);
        pthread_mutex_unlock(&set->lock);
    }
}

/* Waits for a run after `seen`; false when the pool ends. */
static bool await_run(worker_set *set, unsigned seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&set->run, memory_order_acquire) != seen) {
            break;
        }
        CPU_RELAX();
    }
    pthread_mutex_lock(&set->lock);
    while (!set->ending && atomic_load_explicit(&set->run, memory_order_acquire) == seen) {
        pthread_cond_wait(&set->wake, &set->lock);
    }
    bool more = !set->ending;
    pthread_mutex_unlock(&set->lock);
    return more;
}

static void *work(void *argument)
{
    struct worker *self = argument;
    worker_set *set = self->set;
    unsigned seen = 0;
    while (await_run(set, seen)) {
        /* Read before the gate: when that is closed, this run is over. */
        seen = atomic_load_explicit(&set->run, memory_order_acquire);
        if (enter(set)) {
            drain(set, self->index);
            leave(set);
        }
    }
    return NULL;
}

static int64_t ask_cache_bytes(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    const int64_t reported = (int64_t)sysconf(_SC_LEVEL2_CACHE_SIZE);
    return reported <= 0 ? CACHE_BYTES_USUAL
                         : tyto_max_i64(CACHE_BYTES_MIN, tyto_min_i64(reported, CACHE_BYTES_MAX));
#else
    return CACHE_BYTES_USUAL;
#endif
}

static void end_workers(worker_set *set)
{
    /* In a child, what remains of the parent's workers is memory: to destroy a condition would wait
     * for threads that are not there. */
    if (set && set->forks == generation()) {
        pthread_mutex_lock(&set->lock);
        set->ending = true;
        pthread_cond_broadcast(&set->wake);
        pthread_mutex_unlock(&set->lock);
        for (int i = 1; i <= set->started; i++) {
            pthread_join(set->workers[i].thread, NULL);
        }
        pthread_cond_destroy(&set->done);
        pthread_cond_destroy(&set->wake);
        pthread_mutex_destroy(&set->lock);
    }
    free(set);
}

/* Starts threads−1 workers, or as many as the system allows; NULL without memory. */
static worker_set *start_workers(int threads)
{
    worker_set *set =
        tyto_alloc_zeroed(1, sizeof(*set) + (size_t)threads * sizeof(set->workers[0]));
    if (!set) {
        return NULL;
    }
    pthread_mutex_init(&set->lock, NULL);
    pthread_cond_init(&set->wake, NULL);
    pthread_cond_init(&set->done, NULL);
    set->forks = generation();
    for (int i = 1; i < threads; i++) {
        set->workers[i] = (struct worker){.set = set, .index = i};
        if (pthread_create(&set->workers[i].thread, NULL, work, &set->workers[i]) != 0) {
            break;
        }
        set->started++;
    }
    return set;
}

/* The pool's workers in this process, or NULL without memory. The caller has taken the pool. */
static worker_set *workers_here(tyto_pool *pool)
{
    if (pool->workers && pool->workers->forks != generation()) {
        end_workers(pool->workers);
        pool->workers = NULL;
    }
    if (!pool->workers) {
        pool->workers = start_workers(pool->threads);
    }
    return pool->workers;
}

tyto_pool *tyto_pool_create(int threads)
{
    tyto_pool *pool = tyto_alloc_zeroed(1, sizeof(*pool));
    if (pool) {
        pool->threads = threads;
        pool->cache_bytes = ask_cache_bytes();
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
    if (pool) {
        end_workers(pool->workers);
        free(pool->busy);
        free(pool);
    }
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

static void run_alone(int64_t count, tyto_task_fn task, void *context)
{
    for (int64_t i = 0; i < count; i++) {
        task(context, i, 0);
    }
}

static void run_together(worker_set *set, int64_t count, tyto_task_fn task, void *context)
{
    set->task = task;
    set->context = context;
    set->count = count;
    atomic_store_explicit(&set->next, 0, memory_order_relaxed);
    atomic_store_explicit(&set->gate, OPEN, memory_order_release);
    pthread_mutex_lock(&set->lock);
    atomic_fetch_add_explicit(&set->run, 1, memory_order_release);
    pthread_cond_broadcast(&set->wake);
    pthread_mutex_unlock(&set->lock);
    drain(set, 0);
    atomic_fetch_and_explicit(&set->gate, ~OPEN, memory_order_acq_rel);
    for (int i = 0; i < SPINS && atomic_load_explicit(&set->gate, memory_order_acquire); i++) {
        CPU_RELAX();
    }
    pthread_mutex_lock(&set->lock);
    while (atomic_load_explicit(&set->gate, memory_order_acquire)) {
        pthread_cond_wait(&set->done, &set->lock);
    }
    pthread_mutex_unlock(&set->lock);
}

/* Takes the pool for one run; false while another thread of this process has it. */
static bool take(tyto_pool *pool)
{
    const unsigned own = generation() + 1;
    unsigned taken = atomic_load_explicit(&pool->taken, memory_order_relaxed);
    /* One that was taken before the fork, in the parent, is free here. */
    return taken != own &&
           atomic_compare_exchange_strong_explicit(&pool->taken, &taken, own, memory_order_acquire,
                                                   memory_order_relaxed);
}

static void give_back(tyto_pool *pool)
{
    atomic_store_explicit(&pool->taken, 0, memory_order_release);
}

bool tyto_pool_start(tyto_pool *pool)
{
    if (pool->threads == 1 || pool->busy || !take(pool)) {
        return true;
    }
    const worker_set *set = workers_here(pool);
    const bool whole = set && set->started == pool->threads - 1;
    if (!whole) {
        end_workers(pool->workers);
        pool->workers = NULL;
    }
    give_back(pool);
    return whole;
}

void tyto_pool_run(tyto_pool *pool, int64_t count, tyto_task_fn task, void *context)
{
    const bool simulated = pool && pool->busy;
    const bool divided = simulated || (pool && pool->threads > 1 && count > 1);
    if (!divided || !take(pool)) {
        run_alone(count, task, context);
        return;
    }
    worker_set *set = simulated ? NULL : workers_here(pool);
    if (simulated) {
        simulate(pool, count, task, context);
    } else if (set) {
        run_together(set, count, task, context);
    } else {
        run_alone(count, task, context);
    }
    give_back(pool);
}
