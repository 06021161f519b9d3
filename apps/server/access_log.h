/** A line for each request, and its metrics. */
#ifndef TYTO_SERVER_ACCESS_LOG_H
#define TYTO_SERVER_ACCESS_LOG_H

#include "exchange.h"

/** Notes a request that has ended; whole: its reply went out whole. */
void access_log(const exchange *x, bool whole);

#endif
