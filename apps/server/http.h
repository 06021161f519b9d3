/** HTTP: what comes in, what is refused before it is read, and what goes out. */
#ifndef TYTO_SERVER_HTTP_H
#define TYTO_SERVER_HTTP_H

#include "exchange.h"

typedef struct http http;

/** Listens. The messages of what goes wrong are said. NULL: it did. */
http *http_begin(server *s);
/** The port that is listened on. */
int http_port(const http *h);
/** Takes no further connection. */
void http_quiesce(http *h);
/** Waits until no request is under way, for so many seconds at most. Returns whether that is so. */
bool http_drain(http *h, double seconds);
/** Whatever is being worked on is given up. */
void http_give_up(http *h);
/** Ends all connections. */
void http_end(http *h);
/** A reply is there: from any thread. */
void http_resume(exchange *x);

#endif
