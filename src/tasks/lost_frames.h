/** What a video lacks, said once. */
#ifndef TYTO_TASKS_LOST_FRAMES_H
#define TYTO_TASKS_LOST_FRAMES_H

#include <tyto/video.h>

#include "runtime/session.h"

/** Warns by the engine's log of frames that were lost or damaged, if there were any. */
void tyto_lost_frames_report(const tyto_session *session, const char *video,
                             const tyto_video_info *info);

#endif
