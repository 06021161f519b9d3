/** Videos that requests hold, as files without names, in memory: the library reads videos by paths. */
#ifndef TYTO_SERVER_VIDEO_FILE_H
#define TYTO_SERVER_VIDEO_FILE_H

#include "work.h"

enum { VIDEO_PATH_BYTES = 32 };

typedef struct video_file {
    int file;
    char path[VIDEO_PATH_BYTES];
} video_file;

/** None yet: video_file_close is fine. */
#define VIDEO_FILE_NONE                                                                            \
    {                                                                                              \
        .file = -1                                                                                 \
    }

/** Keeps a video of base64, which may be a data: URI. Returns false after an error was replied. */
bool video_file_keep(work *job, const json_t *text, video_file *out);
/** Errors name the video by its path, which is nobody's business: calls it "the video". */
void video_file_rename(const video_file *v, tyto_error *err);
void video_file_close(video_file *v);

#endif
