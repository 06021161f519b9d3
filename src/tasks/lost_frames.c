#include "tasks/lost_frames.h"

#include "runtime/engine.h"

void tyto_lost_frames_report(const tyto_session *session, const char *video,
                             const tyto_video_info *info)
{
    const tyto_engine *engine = session->model->engine;
    const char *lost = info->lost == 1 ? "frame" : "frames",
               *damaged = info->damaged == 1 ? "frame" : "frames";
    if (info->lost > 0 && info->damaged > 0) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: the file is damaged: %lld %s lost, parts of %lld %s guessed", video,
                        (long long)info->lost, lost, (long long)info->damaged, damaged);
    } else if (info->lost > 0) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING, "%s: the file is damaged: %lld %s lost",
                        video, (long long)info->lost, lost);
    } else if (info->damaged > 0) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: the file is damaged: parts of %lld %s guessed", video,
                        (long long)info->damaged, damaged);
    }
}
