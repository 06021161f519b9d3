/** What the page shows of the models that are served. */
#ifndef TYTO_SERVER_CATALOGUE_H
#define TYTO_SERVER_CATALOGUE_H

#include "routes.h"

/** GET /v1/models: names, tasks, the default threshold, and what a checkpoint says that it is for. */
void catalogue_models(exchange *x);

#endif
