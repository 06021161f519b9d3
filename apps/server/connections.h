/** Connections: which are slow, and whose clients have left. */
#ifndef TYTO_SERVER_CONNECTIONS_H
#define TYTO_SERVER_CONNECTIONS_H

#include "exchange.h"

typedef struct connections connections;
typedef struct connection connection;

/** Starts the thread that looks after connections. tls: nothing may be written to one from here.
 *  NULL when there is no memory or no thread. */
connections *connections_begin(server *s, bool tls);
/** Ends it; there are no connections any more. */
void connections_end(connections *all);
/** Gives up whatever is being worked on. */
void connections_give_up(connections *all);
/** A connection has come, and goes. */
connection *connections_add(connections *all, int fd);
void connections_remove(connections *all, connection *c);

/** What a connection is doing: a request arrives, is worked on, or its reply goes out. A request
 *  that hasn't arrived whole within the server's timeout ends the connection, and so does a reply
 *  that isn't taken. */
void connection_arrives(connections *all, connection *c, exchange *x);
/** From here to connection_sends, a client that ends its side counts as having left. */
void connection_works(connections *all, connection *c, exchange *x);
void connection_sends(connections *all, connection *c, size_t length_bytes);

#endif
