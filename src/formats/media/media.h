/** One stream of a media file, from container to decoded frames, by libav. */
#ifndef TYTO_FORMATS_MEDIA_MEDIA_H
#define TYTO_FORMATS_MEDIA_MEDIA_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdio.h>
#include <tyto/status.h>

/** Bytes that libav asks a file for at a time. */
#define TYTO_MEDIA_BUFFER_BYTES 65536

typedef struct tyto_media {
    char *name; /* for messages */
    FILE *file;
    AVIOContext *io;
    AVFormatContext *container;
    AVStream *stream; /* of the container */
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;  /* the last one decoded */
    double begin_s;  /* of the container, in its own time */
    bool jumps;      /* clocks of such containers may start anew, as where recordings are joined */
    bool decoded;    /* a frame has come out */
    bool drained;    /* the packets are at their end */
    int end_code;    /* libav's word when it isn't the file's end that ended them; else 0 */
    int refusal;     /* libav's word on the last packet that gave no frame; else 0 */
    int64_t refused; /* packets that gave no frame, since the first one that did */
    int64_t marked;  /* packets that the container or the decoder calls damaged, those included */
} tyto_media;

/** Fails with the status that libav's code amounts to: "name: what: libav's own words". */
tyto_status tyto_media_fail(tyto_error *err, int code, const char *name, const char *what);

/** Silences libav, which would write to standard error. */
void tyto_media_quiet(void);

/** Opens the best stream of that type, and its decoder. Only the file itself is ever read: formats
 *  that refer to others are not among those accepted.
 *  memory  tyto_media_close in any case */
TYTO_NODISCARD tyto_status tyto_media_open(const char *path, enum AVMediaType type, tyto_media *out,
                                           tyto_error *err);
void tyto_media_close(tyto_media *media);
/** Decodes the next frame into media->frame; *more false: there is none left. Packets that can't be
 *  decoded are passed over and counted.
 *  errors  E_FORMAT at the end: nothing was decoded, or the file is cut off; E_IO, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_media_next(tyto_media *media, bool *more, tyto_error *err);
/** When media->frame is shown, in seconds from the container's beginning; NaN: unknown. */
double tyto_media_seconds(const tyto_media *media);
/** Whether a clock that shows `seconds` after `last` isn't the same clock any more: it went back,
 *  or further ahead than recordings pause. */
bool tyto_media_clock_jumped(const tyto_media *media, double last, double seconds);
/** Whether parts of media->frame had to be guessed. */
bool tyto_media_frame_damaged(const tyto_media *media);

#endif
