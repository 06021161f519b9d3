/** A reply that is sent while it is made: server-sent events, of text/event-stream. */
#ifndef TYTO_SERVER_EVENTS_H
#define TYTO_SERVER_EVENTS_H

#include "connections.h"

struct MHD_Response;

/** Begins the reply, from a worker's thread; nothing else may be replied from here on. Returns false,
 *  with an error replied, when there is no memory. */
bool events_begin(exchange *x);
/** Sends one event. name: NULL for a message as such; data: without line ends. Waits while the client
 *  hasn't taken what came before. Returns false when it has left. */
bool events_send(exchange *x, const char *name, const char *data, size_t length_bytes);
/** Ends the reply, from the worker's thread, whose last use of the exchange this is; without
 *  events_begin it does nothing and returns false. */
bool events_end(exchange *x);

/** The reply as libmicrohttpd takes it, on the network's thread; its connection is told of what it
 *  waits for. NULL: out of memory. */
struct MHD_Response *events_response(exchange *x, connections *all, connection *c);
/** The client has the reply, or has left. Returns whether the exchange is free: else events_end
 *  releases it. */
bool events_leave(exchange *x);

#endif
