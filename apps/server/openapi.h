/** The document of what is answered where, for people and programs: OpenAPI 3.1. */
#ifndef TYTO_SERVER_OPENAPI_H
#define TYTO_SERVER_OPENAPI_H

#include "exchange.h"

/** GET /openapi.json: made of the table of routes, with the names of the models that are served. */
void openapi(exchange *x);

#endif
