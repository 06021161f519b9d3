/** What networks make of frames: flow as colours, and videos that are made again. */
#ifndef TYTO_SERVER_FRAMES_H
#define TYTO_SERVER_FRAMES_H

#include "routes.h"

/** POST /v1/flow: how far pixels of the first picture move in the second, drawn. */
void frames_flow(exchange *x, worker *w);
/** POST /v1/autoencode: what a video's first window is of, and its frames as they are made again. */
void frames_autoencode(exchange *x, worker *w);

#endif
