/** Answers that need no work: whether the server is there, and what it counts. */
#ifndef TYTO_SERVER_HEALTH_H
#define TYTO_SERVER_HEALTH_H

#include "exchange.h"

void health_server(exchange *x);
void health_live(exchange *x);
void health_ready(exchange *x);
void health_status(exchange *x);
void health_metrics(exchange *x);

#endif
