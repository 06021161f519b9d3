/** Clips: the windows of frames and sound that a video network takes, from files of any kind. */
#ifndef TYTO_CLIP_H
#define TYTO_CLIP_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/image.h>
#include <tyto/video.h>

TYTO_BEGIN_DECLS

/** What a window holds. */
typedef struct tyto_clip_shape {
    int64_t frames, height_px, width_px;
    int64_t samples; /**< of sound, one channel */
    int64_t frames_per_second, sound_hz;
    uint64_t reserved[4]; /**< zeros */
} tyto_clip_shape;

/** out[3][H][W] in [0, 1] = the middle of the frame, as wide for its height as the window, resized
 *  linearly between pixel centres to whole levels, divided by 255.
 *  errors  E_ARGUMENT (NULL), E_SHAPE (a shape or a frame without pixels)
 *  source  the authors' notebook on video autoencoding */
TYTO_API TYTO_NODISCARD tyto_status tyto_clip_preprocess(const tyto_clip_shape *shape,
                                                         const tyto_image *frame, float *out,
                                                         tyto_error *err);
/** A picture of values[H][W][3]; what is beyond [0, 1] is cut.
 *  memory  release with tyto_image_clear
 *  errors  E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_clip_postprocess(const tyto_clip_shape *shape,
                                                          const float *values, tyto_image *out,
                                                          tyto_error *err);

/** Where sound comes from. */
typedef enum tyto_clip_sound {
    TYTO_CLIP_SOUND_OWN = 0,   /**< the video's; E_FORMAT when it has none */
    TYTO_CLIP_SOUND_SILENT = 1 /**< the video's, or silence when it has none */
} tyto_clip_sound;

/** A video being cut into windows; belongs to one thread at a time. */
typedef struct tyto_clip_reader tyto_clip_reader;

/** Opens a video, and the file that has its sound: NULL for the video itself.
 *  memory  release with tyto_clip_reader_destroy
 *  errors  those of tyto_video_reader_open and tyto_sound_reader_open */
TYTO_API TYTO_NODISCARD tyto_status tyto_clip_reader_open(const char *video, const char *sound,
                                                          tyto_clip_sound missing,
                                                          const tyto_clip_shape *shape,
                                                          tyto_clip_reader **out, tyto_error *err);
TYTO_API void tyto_clip_reader_destroy(tyto_clip_reader *reader);

/** Windows that the video will have, as far as its file has it; at least 1, 0 for NULL. */
TYTO_API int64_t tyto_clip_reader_window_count(const tyto_clip_reader *reader);

/** What is known of the video so far: tyto_video_reader_info. */
TYTO_API void tyto_clip_reader_info(const tyto_clip_reader *reader, tyto_video_info *out);

/** The next window, counted from the first frame on: images[frames][3][H][W] and sound[samples].
 *  The video's frames are shown at the window's rate: one is repeated or left out where its own
 *  differs.
 *  frames  how many of the window's frames the video had; behind them the last one is repeated, and
 *          behind the sound there is silence. 0: there is no window left
 *  errors  those of tyto_video_reader_next and tyto_sound_reader_read */
TYTO_API TYTO_NODISCARD tyto_status tyto_clip_reader_next(tyto_clip_reader *reader, float *images,
                                                          float *sound, int64_t *frames,
                                                          tyto_error *err);

TYTO_END_DECLS

#endif
