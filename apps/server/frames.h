/** What networks make of frames: flow as colours. */
#ifndef TYTO_SERVER_FRAMES_H
#define TYTO_SERVER_FRAMES_H

#include "routes.h"

/** POST /v1/flow: how far pixels of the first picture move in the second, drawn. */
void frames_flow(exchange *x, worker *w);

#endif
