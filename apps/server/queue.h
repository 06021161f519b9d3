/** Requests that wait, and the workers that answer them. */
#ifndef TYTO_SERVER_QUEUE_H
#define TYTO_SERVER_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct exchange;

/** A thread with a session of each model. */
typedef struct worker worker;

/** Requests in order of arrival, no more than fit.
 *  threads  any */
typedef struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    struct exchange *first, *last;
    int64_t length, capacity;
    int64_t running; /**< requests that workers are at */
    double mean_s;   /**< that one takes, over the last ones */
    bool ended;
    worker *workers;
    int64_t n_workers;
} queue;

/** What a worker does with a request, and what becomes of one that was answered. */
typedef void (*queue_answer_fn)(worker *worker, struct exchange *x);

/** Starts the workers. Returns false when there is no memory or no thread. */
bool queue_begin(queue *q, int64_t capacity, int64_t n_workers, queue_answer_fn answer);
/** Appends a request. Returns false when the queue is full or has ended. */
bool queue_put(queue *q, struct exchange *x);
/** Takes a request out that no worker is at yet. Returns whether it was there. */
bool queue_remove(queue *q, struct exchange *x);
/** In how many seconds a place may be free, at least 1. */
int64_t queue_retry_s(queue *q);
/** Waits until nothing waits or runs, for so many seconds at most. Returns whether that is so. */
bool queue_drain(queue *q, double seconds);
/** Takes no further request. */
void queue_close(queue *q);
/** Ends the workers, which finish what they are at. */
void queue_end(queue *q);
int64_t queue_length(queue *q);
int64_t queue_running(queue *q);

/** The worker's number, from 0. */
int64_t worker_number(const worker *w);

#endif
