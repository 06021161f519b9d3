/** Videos that are sent along, searched frame by frame. */
#ifndef TYTO_SERVER_VIDEO_H
#define TYTO_SERVER_VIDEO_H

#include "routes.h"

/** POST /v1/video: an event for each frame, with what tyto detect -f jsonl says of it. What goes wrong
 *  after the first event is one called "error". */
void video(exchange *x, worker *w);

#endif
