#include "events.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

/* What may wait for the client, but for the last event; and what it is given at once. */
enum { WAITING_MAX_BYTES = 256 * 1024, PIECE_BYTES = 16 * 1024 };

typedef struct events {
    pthread_mutex_t lock;
    pthread_cond_t taken;
    char *bytes; /* [end], of which [start] were taken */
    size_t start, end, room;
    bool ended;   /* by the worker */
    bool left;    /* the network has done with it */
    bool waiting; /* the connection is suspended until something comes */
    connections *connections;
    connection *connection;
} events;

bool events_begin(exchange *x)
{
    events *e = calloc(1, sizeof(*e));
    if (!e) {
        reply_error(x, 503, "out of memory");
        return false;
    }
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->taken, NULL);
    x->events = e;
    x->close = true;
    reply_bytes(x, 200, "text/event-stream", NULL, 0);
    http_resume(x);
    return true;
}

static void wake(exchange *x, events *e)
{
    if (e->waiting) {
        e->waiting = false;
        http_resume(x);
    }
}

/* Appends bytes; false when memory is out. */
static bool append(events *e, const char *bytes, size_t length)
{
    if (e->start == e->end) {
        e->start = e->end = 0;
    }
    if (e->end + length > e->room) {
        const size_t room = 2 * e->end + length;
        char *grown = realloc(e->bytes, room);
        if (!grown) {
            return false;
        }
        e->bytes = grown;
        e->room = room;
    }
    memcpy(e->bytes + e->end, bytes, length);
    e->end += length;
    return true;
}

static bool append_text(events *e, const char *text)
{
    return append(e, text, strlen(text));
}

bool events_send(exchange *x, const char *name, const char *data, size_t length_bytes)
{
    events *e = x->events;
    pthread_mutex_lock(&e->lock);
    while (!e->left && e->end - e->start > WAITING_MAX_BYTES) {
        pthread_cond_wait(&e->taken, &e->lock);
    }
    const bool good =
        !e->left &&
        (!name || (append_text(e, "event: ") && append_text(e, name) && append_text(e, "\n"))) &&
        append_text(e, "data: ") && append(e, data, length_bytes) && append_text(e, "\n\n");
    wake(x, e);
    pthread_mutex_unlock(&e->lock);
    return good;
}

static void release(exchange *x)
{
    events *e = x->events;
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->taken);
    free(e->bytes);
    free(e);
    x->events = NULL;
}

bool events_end(exchange *x)
{
    events *e = x->events;
    if (!e) {
        return false;
    }
    pthread_mutex_lock(&e->lock);
    e->ended = true;
    wake(x, e);
    const bool left = e->left;
    pthread_mutex_unlock(&e->lock);
    if (left) {
        release(x);
        exchange_destroy(x);
    }
    return true;
}

bool events_leave(exchange *x)
{
    events *e = x->events;
    if (!e) {
        return true;
    }
    pthread_mutex_lock(&e->lock);
    x->left = true;
    e->left = true;
    const bool ended = e->ended;
    pthread_cond_signal(&e->taken);
    pthread_mutex_unlock(&e->lock);
    if (ended) {
        release(x);
    }
    return ended;
}

/* Gives what has come; where nothing has, the connection is suspended. */
static ssize_t take(void *given, uint64_t position, char *out, size_t room)
{
    exchange *x = given;
    events *e = x->events;
    ssize_t taken;
    (void)position;
    pthread_mutex_lock(&e->lock);
    const size_t there = e->end - e->start;
    if (there > 0) {
        taken = (ssize_t)(there < room ? there : room);
        memcpy(out, e->bytes + e->start, (size_t)taken);
        e->start += (size_t)taken;
        pthread_cond_signal(&e->taken);
    } else if (e->ended) {
        taken = x->left ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        taken = 0;
        e->waiting = true;
        MHD_suspend_connection(x->connection);
    }
    x->reply_bytes += taken > 0 ? (size_t)taken : 0;
    connection_streams(e->connections, e->connection, x, taken != 0);
    pthread_mutex_unlock(&e->lock);
    return taken;
}

struct MHD_Response *events_response(exchange *x, connections *all, connection *c)
{
    x->events->connections = all;
    x->events->connection = c;
    connection_streams(all, c, x, true);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, take, x, NULL);
}
