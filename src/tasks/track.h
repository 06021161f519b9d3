/** Tracking from the inside. */
#ifndef TYTO_TASKS_TRACK_H
#define TYTO_TASKS_TRACK_H

#include <tyto/track.h>

/** The score above which a detection of that label begins a track. */
float tyto_track_high(const tyto_track_options *options, int64_t label);

#endif
