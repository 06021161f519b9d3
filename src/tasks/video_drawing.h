/** A video that is drawn frame by frame, in the time of the one that it is drawn of. */
#ifndef TYTO_TASKS_VIDEO_DRAWING_H
#define TYTO_TASKS_VIDEO_DRAWING_H

#include <tyto/video.h>

/** All zeros but for path and rate: nothing was written yet. */
typedef struct tyto_video_drawing {
    const char *path;          /* borrowed */
    int64_t frames_per_second; /* of what is written */
    tyto_video_writer *writer; /* from the first frame on, whose size all have */
    tyto_video_format format;
    tyto_image last; /* what is shown until the next frame */
    double begin_s;  /* when the first frame is shown, later where a pause was shortened */
    int64_t written;
} tyto_video_drawing;

/** Adds a frame, after copies of the one before it that fill the time in between. Takes the picture
 *  over and gives back another, for reuse, or none. */
TYTO_NODISCARD tyto_status tyto_video_drawing_add(tyto_video_drawing *drawing, tyto_image *frame,
                                                  double seconds, tyto_error *err);
/** Puts the file in its place, if there is any frame. */
TYTO_NODISCARD tyto_status tyto_video_drawing_end(tyto_video_drawing *drawing, tyto_error *err);
/** Removes what wasn't ended. */
void tyto_video_drawing_clear(tyto_video_drawing *drawing);

#endif
