/** What is counted and timed, in the text format that Prometheus reads. */
#ifndef TYTO_SERVER_METRICS_H
#define TYTO_SERVER_METRICS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** Families of counters and histograms; gauges are asked for when they are written. */
typedef enum family {
    METRIC_REQUESTS,   /**< tyto_requests_total{model,endpoint,code} */
    METRIC_REJECTED,   /**< tyto_rejected_total{reason} */
    METRIC_PHOTO_HITS, /**< tyto_photo_cache_hits_total */
    METRIC_PHOTO_MISSES,
    METRIC_VOCABULARY_HITS,
    METRIC_VOCABULARY_MISSES,
    METRIC_REQUEST_S, /**< tyto_request_duration_seconds{model,endpoint} */
    METRIC_QUEUE_S,   /**< tyto_queue_duration_seconds{model} */
    METRIC_STAGE_S,   /**< tyto_stage_duration_seconds{model,stage} */
    METRIC_BATCH,     /**< tyto_batch_size{model} */
    METRIC_FAMILIES
} family;

struct series;

/** All series. threads: any */
typedef struct metrics {
    pthread_mutex_t lock;
    struct series *series;
    size_t count, room;
} metrics;

struct server;

void metrics_begin(metrics *m);
void metrics_end(metrics *m);
/** Counts one, or notes a value of a histogram. labels: pairs of name and value, up to a NULL;
 *  those whose value is NULL are left out. */
void metrics_add(metrics *m, family f, double value, const char *const *labels);
/** Writes all of them, and the gauges of the server and the process. */
void metrics_write(struct server *s, FILE *out);

#endif
