#include "queue.h"

#include <stdlib.h>
#include <time.h>

#include "exchange.h"

/* How much one request counts in the mean time of a request. */
#define MEAN_SHARE 0.1

struct worker {
    pthread_t thread;
    queue *queue;
    int64_t number;
    queue_answer_fn answer;
};

static exchange *take(queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (!q->first && !q->ended) {
        pthread_cond_wait(&q->filled, &q->lock);
    }
    exchange *x = q->first;
    if (x) {
        q->first = x->next;
        q->last = q->first ? q->last : NULL;
        q->length--;
        q->running++;
        x->next = NULL;
    }
    pthread_mutex_unlock(&q->lock);
    return x;
}

static void give(queue *q, double seconds)
{
    pthread_mutex_lock(&q->lock);
    q->running--;
    q->mean_s += (seconds - q->mean_s) * (q->mean_s > 0.0 ? MEAN_SHARE : 1.0);
    if (q->running == 0 && !q->first) {
        pthread_cond_broadcast(&q->emptied);
    }
    pthread_mutex_unlock(&q->lock);
}

static void *work(void *given)
{
    worker *w = given;
    for (exchange *x = take(w->queue); x; x = take(w->queue)) {
        const double began = clock_s();
        w->answer(w, x);
        give(w->queue, clock_s() - began);
    }
    return NULL;
}

bool queue_begin(queue *q, int64_t capacity, int64_t n_workers, queue_answer_fn answer)
{
    pthread_condattr_t monotonic;
    *q = (queue){.capacity = capacity};
    q->workers = calloc((size_t)n_workers, sizeof(*q->workers));
    if (!q->workers) {
        return false;
    }
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->filled, &monotonic);
    pthread_cond_init(&q->emptied, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (int64_t i = 0; i < n_workers; i++) {
        worker *w = &q->workers[i];
        *w = (worker){.queue = q, .number = i, .answer = answer};
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            queue_end(q);
            return false;
        }
        q->n_workers++;
    }
    return true;
}

bool queue_put(queue *q, exchange *x)
{
    pthread_mutex_lock(&q->lock);
    const bool taken = !q->ended && q->length < q->capacity;
    if (taken) {
        x->next = NULL;
        *(q->last ? &q->last->next : &q->first) = x;
        q->last = x;
        q->length++;
        pthread_cond_signal(&q->filled);
    }
    pthread_mutex_unlock(&q->lock);
    return taken;
}

bool queue_remove(queue *q, exchange *x)
{
    bool found = false;
    pthread_mutex_lock(&q->lock);
    exchange *before = NULL;
    for (exchange **at = &q->first; *at; before = *at, at = &(*at)->next) {
        if (*at == x) {
            *at = x->next;
            q->last = q->last == x ? before : q->last;
            q->length--;
            found = true;
            break;
        }
    }
    if (q->running == 0 && !q->first) {
        pthread_cond_broadcast(&q->emptied);
    }
    pthread_mutex_unlock(&q->lock);
    return found;
}

int64_t queue_retry_s(queue *q)
{
    pthread_mutex_lock(&q->lock);
    const double seconds =
        (double)(q->length + 1) * q->mean_s / (double)(q->n_workers ? q->n_workers : 1);
    pthread_mutex_unlock(&q->lock);
    return seconds < 1.0 ? 1 : seconds > 3600.0 ? 3600 : (int64_t)(seconds + 0.999);
}

bool queue_drain(queue *q, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double end = (double)until.tv_sec + 1e-9 * (double)until.tv_nsec + seconds;
    until.tv_sec = (time_t)end;
    until.tv_nsec = (long)((end - (double)until.tv_sec) * 1e9);
    pthread_mutex_lock(&q->lock);
    int code = 0;
    while ((q->first || q->running > 0) && code == 0) {
        code = pthread_cond_timedwait(&q->emptied, &q->lock, &until);
    }
    const bool empty = !q->first && q->running == 0;
    pthread_mutex_unlock(&q->lock);
    return empty;
}

void queue_close(queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->ended = true;
    pthread_cond_broadcast(&q->filled);
    pthread_mutex_unlock(&q->lock);
}

void queue_end(queue *q)
{
    queue_close(q);
    for (int64_t i = 0; i < q->n_workers; i++) {
        pthread_join(q->workers[i].thread, NULL);
    }
    free(q->workers);
    pthread_cond_destroy(&q->filled);
    pthread_cond_destroy(&q->emptied);
    pthread_mutex_destroy(&q->lock);
    *q = (queue){0};
}

int64_t queue_length(queue *q)
{
    pthread_mutex_lock(&q->lock);
    const int64_t length = q->length;
    pthread_mutex_unlock(&q->lock);
    return length;
}

int64_t queue_running(queue *q)
{
    pthread_mutex_lock(&q->lock);
    const int64_t running = q->running;
    pthread_mutex_unlock(&q->lock);
    return running;
}

int64_t worker_number(const worker *w)
{
    return w->number;
}
