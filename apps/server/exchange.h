/** A request and its reply. */
#ifndef TYTO_SERVER_EXCHANGE_H
#define TYTO_SERVER_EXCHANGE_H

#include <jansson.h>
#include <tyto/status.h>

#include "server.h"

struct MHD_Connection;

/** Most parts of a path that a route leaves open, as {model} is. */
enum { CAPTURES_MAX = 3 };
/** Most characters of a request's id. */
enum { REQUEST_ID_MAX = 64 };

/** Where an exchange is. */
typedef enum exchange_state {
    EXCHANGE_BEGUN,   /**< its request line has come */
    EXCHANGE_READING, /**< its headers have; the body comes */
    EXCHANGE_WAITING, /**< it waits for a worker, or a worker is at it */
    EXCHANGE_DONE     /**< its reply is there */
} exchange_state;

typedef struct route route;
typedef struct worker worker;

typedef struct exchange {
    server *server;
    struct MHD_Connection *connection;
    const route *route;           /**< NULL: the reply is an error */
    char *captures[CAPTURES_MAX]; /**< what the path has where the route leaves it open */
    char *method, *path;
    char id[REQUEST_ID_MAX + 1]; /**< of the request, for the log: the client's own, or random */
    double began_s, queued_s, run_s;
    _Atomic double deadline_s;
    exchange_state state;
    atomic_bool left; /**< the client has gone, or the server ends */
    atomic_bool late; /**< the request didn't come in time */
    bool odd;         /**< its path has what no path needs */

    /* The request's body. */
    char *body;
    size_t body_bytes, body_room;
    bool too_large, over_budget;

    /* The reply. */
    unsigned code;
    char *reply;
    size_t reply_bytes;
    const char *type;      /**< its media type */
    bool close;            /**< the connection ends with it */
    int64_t retry_s;       /**< Retry-After; 0: none */
    int64_t header_bytes;  /**< Inference-Header-Content-Length; 0: none */
    const char *allow;     /**< Allow; NULL: none */
    char *note;            /**< for the log; NULL: none; owned */
    char *model;           /**< its name, for the metrics; NULL: none; owned */
    struct events *events; /**< the reply is a stream of these; NULL: it isn't */

    struct exchange *next; /**< in the queue */
} exchange;

/** A header of the request; NULL when there is none. */
const char *exchange_header(const exchange *x, const char *name);
/** Calls a function for each argument of the query, until it returns false. */
void exchange_arguments(const exchange *x,
                        bool (*take)(void *user, const char *key, const char *value), void *user);
/** Whether the content type is this one, whatever parameters follow. */
bool exchange_has_type(const exchange *x, const char *type);

/** Gives up the body. */
void exchange_drop_body(exchange *x);
/** Releases it with all that it has. */
void exchange_destroy(exchange *x);

/* The reply; the last one counts. */

void reply_json(exchange *x, unsigned code, json_t *value);
/** `bytes` are the exchange's from now on; release as malloc's. */
void reply_bytes(exchange *x, unsigned code, const char *type, char *bytes, size_t length_bytes);
void reply_text(exchange *x, unsigned code, const char *type, const char *text);
/** {"error": "a sentence"}. */
void reply_error(exchange *x, unsigned code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The same for an error of the library, whose code says which. `err` is cleared. */
void reply_status(exchange *x, tyto_status status, tyto_error *err);

#endif
