/** The server: what its parts share. */
#ifndef TYTO_SERVER_H
#define TYTO_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"
#include "models.h"
#include "queue.h"
#include "store.h"

typedef enum log_format { LOG_COMMON, LOG_JSON, LOG_NONE } log_format;

/** What the command line chose. Texts are borrowed. */
typedef struct settings {
    const char *host, *port;
    const char *tls_cert, *tls_key; /**< files; both or none */
    const char *api_key;            /**< NULL: everybody may ask */
    const char *const *origins;     /**< [n_origins] that pages of other places may have */
    int64_t n_origins;
    int64_t max_body_bytes;   /**< of one request */
    int64_t max_bodies_bytes; /**< of all requests that are under way */
    int64_t max_pixels;       /**< of a picture */
    int64_t max_connections;
    int64_t queue; /**< requests that may wait */
    int64_t workers;
    int64_t photos_bytes, vocabularies_bytes; /**< budgets of what is held */
    double keep_s;                            /**< how long it is held without use */
    double timeout_s;                         /**< a request arrives whole within it */
    double deadline_s;                        /**< and is answered within it */
    double grace_s;                           /**< how long an end waits for what was accepted */
    bool allow_load;
    bool verbose;
    log_format log;
} settings;

typedef struct server {
    settings settings;
    models models;
    metrics metrics;
    queue queue;
    store photos, vocabularies;
    atomic_llong bodies_bytes; /**< of requests that are under way */
    atomic_bool serving;       /**< all is opened, and requests come */
    atomic_bool stopping;      /**< nothing new is taken */
    bool loopback;             /**< it listens where only this machine reaches it */
    double began_s;
} server;

/** Seconds of a clock that only goes forward. */
double clock_s(void);

#endif
