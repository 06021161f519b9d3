/** Videos and sound: read as they are shown, written whole.
 *
 *  A build without TYTO_MEDIA has all of these calls; those that open something are
 *  E_UNSUPPORTED there. Opening sets the log level of libav, which is the process's, to quiet. */
#ifndef TYTO_VIDEO_H
#define TYTO_VIDEO_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Latest time in a video that is read or written. */
#define TYTO_VIDEO_SECONDS_MAX (24 * 60 * 60)
/** Most channels of sound that is read, and the highest rate. */
#define TYTO_SOUND_CHANNELS_MAX 64
#define TYTO_SOUND_HZ_MAX 768000

/** Whether this build reads and writes videos and sound. */
TYTO_API bool tyto_video_available(void);

/** A video being read; belongs to one thread at a time. */
typedef struct tyto_video_reader tyto_video_reader;

/** Opens the best video stream of a file: MP4, MOV, Matroska, WebM, AVI, MPEG, Ogg, FLV, WMV, GIF
 *  and Y4M, recognised by content. Nothing but that file is read, whatever it refers to.
 *  memory  release with tyto_video_reader_destroy
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT (not a video, or none in it), E_LIMIT, E_UNSUPPORTED,
 *          E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_reader_open(const char *path,
                                                           tyto_video_reader **out,
                                                           tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_video_reader_destroy(tyto_video_reader *reader);

/** Frames a second on average, as the file says; 0: it doesn't. */
TYTO_API double tyto_video_reader_rate(const tyto_video_reader *reader);
/** Seconds that the file says it lasts; 0: it doesn't. */
TYTO_API double tyto_video_reader_seconds(const tyto_video_reader *reader);

/** What is known of a video so far. */
typedef struct tyto_video_info {
    double frames_per_second; /**< tyto_video_reader_rate */
    double seconds;           /**< tyto_video_reader_seconds */
    int64_t frames;           /**< given so far */
    /** Missing between those: they couldn't be decoded, or their gap shows where the file is
     *  damaged. */
    int64_t lost;
    int64_t damaged;      /**< of those given: parts of them had to be guessed */
    uint64_t reserved[4]; /**< zeros */
} tyto_video_info;

/** reader NULL: zeros. */
TYTO_API void tyto_video_reader_info(const tyto_video_reader *reader, tyto_video_info *out);

/** The next frame in the order of showing, turned and mirrored as the file, or the frame itself,
 *  says. What is damaged doesn't end a video: frames that can't be decoded are passed over, and
 *  others have image->damaged set (tyto_video_reader_info counts both).
 *  frame    empty at first: its pixels are made, and used again by the next call;
 *           release with tyto_image_clear
 *  seconds  when it is shown, from the file's beginning; never less than the frame's before. Where
 *           a clock jumps, as where recordings are joined, it goes on as if it hadn't
 *  more     false: there was none left
 *  errors   E_FORMAT (after the last frame, of a file that is cut off; streams such as Matroska and
 *           MPEG just end), E_IO, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_reader_next(tyto_video_reader *reader,
                                                           tyto_image *frame, double *seconds,
                                                           bool *more, tyto_error *err);

/** The first channel of a sound being read; belongs to one thread at a time. */
typedef struct tyto_sound_reader tyto_sound_reader;

/** Opens the best sound stream of a video, or of WAV, FLAC, MP3, Ogg or AAC.
 *  hz      samples a second to give, whatever the file has; 1 to TYTO_SOUND_HZ_MAX
 *  memory  release with tyto_sound_reader_destroy
 *  errors  as tyto_video_reader_open; E_FORMAT when there is no sound in it */
TYTO_API TYTO_NODISCARD tyto_status tyto_sound_reader_open(const char *path, int64_t hz,
                                                           tyto_sound_reader **out,
                                                           tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_sound_reader_destroy(tyto_sound_reader *reader);

/** The next samples, −1 to 1, from the file's beginning on: where the stream begins later, or lacks
 *  more than a tenth of a second, there is silence. *got < count only at the end.
 *  errors  as tyto_video_reader_next */
TYTO_API TYTO_NODISCARD tyto_status tyto_sound_reader_read(tyto_sound_reader *reader,
                                                           float *samples, int64_t count,
                                                           int64_t *got, tyto_error *err);

/** What a written file holds. */
typedef struct tyto_video_format {
    int64_t width_px, height_px; /**< 0: no picture */
    int64_t frames_per_second;
    int64_t sound_hz;     /**< samples a second of the one channel that is given; 0: no sound */
    uint64_t reserved[4]; /**< zeros */
} tyto_video_format;

/** A file being written; belongs to one thread at a time. */
typedef struct tyto_video_writer tyto_video_writer;

/** Begins a .mp4, .mov, .mkv or, with sound alone, .wav, by the name's ending. Pictures become
 *  H.264 where libav brings x264 and else MPEG-4, with sides made even by repeating the last row
 *  or column; sound becomes AAC at a rate that it has.
 *  errors  E_ARGUMENT, E_LIMIT, E_IO, E_NOT_FOUND, E_UNSUPPORTED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_writer_create(const char *path,
                                                             const tyto_video_format *format,
                                                             tyto_video_writer **out,
                                                             tyto_error *err);
/** Adds a frame of the size that was said. */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_writer_add_frame(tyto_video_writer *writer,
                                                                const tyto_image *frame,
                                                                tyto_error *err);
/** Adds samples; what is beyond −1 to 1 is cut. */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_writer_add_sound(tyto_video_writer *writer,
                                                                const float *samples, int64_t count,
                                                                tyto_error *err);
/** Ends the file and puts it in its place. Nothing can be added afterwards.
 *  errors  E_ARGUMENT (nothing was added, or it was ended already), E_IO, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_writer_commit(tyto_video_writer *writer,
                                                             tyto_error *err);
/** Releases the writer; what wasn't committed is removed. NULL is fine. */
TYTO_API void tyto_video_writer_destroy(tyto_video_writer *writer);

TYTO_END_DECLS

#endif
