/** Progress of long calls, and stopping them. */
#ifndef TYTO_PROGRESS_H
#define TYTO_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** How far a call is. The library makes it, for the time of one tyto_progress_fn; fields are only
 *  ever added at its end. */
typedef struct tyto_progress {
    const char *stage;   /**< what is being done, such as "image tower", "tiles" or "download" */
    const char *subject; /**< the file, tile or name that it is done to, or NULL */
    int64_t done,
        total; /**< in the stage's own unit: layers, tiles, bytes, photos; total 0: unknown */
} tyto_progress;

/** Called before each step of a long call, on the thread that made the call. Returning false stops
 *  it: the call ends with TYTO_E_CANCELLED within a layer or a tile, and nothing is half-written.
 *  The session that is being run can't begin another run in there: E_ARGUMENT. */
typedef bool (*tyto_progress_fn)(void *user, const tyto_progress *progress);

TYTO_END_DECLS

#endif
