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
/** How many have a request under way: it arrives, is worked on, or its reply goes out. */
int64_t connections_busy(connections *all);
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
/** The same for a reply that is still being made: a client that leaves ends the work. sends: the
 *  client is to take something in time; false: it waits for the worker. */
void connection_streams(connections *all, connection *c, exchange *x, bool sends);
/** Once the connection has ended, what its client still sends is read for a while, and dropped: else
 *  the client would be told that the connection broke, before it could read why. */
void connection_lingers(connections *all, connection *c);
/** Sends an error in the middle of a body, where libmicrohttpd sends nothing; the connection is to
 *  end then. Returns false where nothing can be written, as by TLS. */
bool connection_refuses(connections *all, connection *c, unsigned code, const char *text);

#endif
