/** One window of a video through its network, from the inside. */
#ifndef TYTO_TASKS_AUTOENCODE_H
#define TYTO_TASKS_AUTOENCODE_H

#include <tyto/autoencode.h>

#include "tasks/follow.h"

/** Chunks of a window unless a caller says otherwise. */
#define TYTO_AUTOENCODE_CHUNKS 8

/** How a window is run, and how its chunks are reported: as steps first … first+chunks−1 of `total`
 *  of a stage. */
typedef struct tyto_autoencode_run {
    int64_t chunks;
    bool classify;
    const tyto_follow *follow;
    const char *stage, *subject;
    int64_t first, total;
} tyto_autoencode_run;

/** tyto_autoencode without its checks. */
TYTO_NODISCARD tyto_status tyto_autoencode_window(tyto_session *session, const float *images,
                                                  const float *sound,
                                                  const tyto_autoencode_run *how,
                                                  tyto_reconstruction *out, tyto_error *err);

#endif
