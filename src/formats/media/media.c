#include "formats/media/media.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* Containers that hold their streams themselves. */
#define CONTAINERS                                                                                 \
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,gif,"             \
    "yuv4mpegpipe,wav,w64,flac,mp3,aac,aiff,h264,hevc,m4v,ivf,nut"

/* Times go back by less where they are rounded or written in disorder, and ahead by less where a
 * recording pauses. The same bounds as those of the command ffmpeg. */
#define CLOCK_BACK_S 0.1
#define CLOCK_AHEAD_S 10.0

static pthread_once_t quiet_once = PTHREAD_ONCE_INIT;

static void set_quiet(void)
{
    av_log_set_level(AV_LOG_QUIET);
}

void tyto_media_quiet(void)
{
    pthread_once(&quiet_once, set_quiet);
}

bool tyto_video_available(void)
{
    return true;
}

tyto_status tyto_media_fail(tyto_error *err, int code, const char *name, const char *what)
{
    char words[AV_ERROR_MAX_STRING_SIZE] = "";
    tyto_status status = TYTO_E_FORMAT;
    av_strerror(code, words, sizeof(words));
    switch (code) {
    case AVERROR(ENOMEM):
        return tyto_fail_memory(err, name);
    case AVERROR(EIO):
    case AVERROR(ENOSPC):
    case AVERROR(EDQUOT):
    case AVERROR(EFBIG):
    case AVERROR(EPIPE):
        status = TYTO_E_IO;
        break;
    case AVERROR_DECODER_NOT_FOUND:
    case AVERROR_ENCODER_NOT_FOUND:
    case AVERROR_MUXER_NOT_FOUND:
    case AVERROR_PATCHWELCOME:
    case AVERROR(ENOSYS):
        status = TYTO_E_UNSUPPORTED;
        break;
    default:
        break;
    }
    return tyto_fail(err, status, "%s: %s: %s", name, what, words);
}

static int read_bytes(void *opaque, uint8_t *out, int count)
{
    FILE *file = opaque;
    const size_t got = fread(out, 1, (size_t)count, file);
    if (got > 0) {
        return (int)got;
    }
    return ferror(file) ? AVERROR(EIO) : AVERROR_EOF;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    FILE *file = opaque;
    struct stat info;
    if (whence & AVSEEK_SIZE) {
        return fstat(fileno(file), &info) == 0 ? (int64_t)info.st_size : AVERROR(EIO);
    }
    if (fseeko(file, offset, whence & ~AVSEEK_FORCE) != 0) {
        return AVERROR(errno);
    }
    return ftello(file);
}

static tyto_status open_container(tyto_media *media, tyto_error *err)
{
    AVDictionary *options = NULL;
    uint8_t *buffer = av_malloc(TYTO_MEDIA_BUFFER_BYTES);
    media->io = buffer ? avio_alloc_context(buffer, TYTO_MEDIA_BUFFER_BYTES, 0, media->file,
                                            read_bytes, NULL, seek_bytes)
                       : NULL;
    if (!media->io) {
        av_free(buffer);
        return tyto_fail_memory(err, media->name);
    }
    media->container = avformat_alloc_context();
    if (!media->container || av_dict_set(&options, "format_whitelist", CONTAINERS, 0) < 0 ||
        av_dict_set(&options, "protocol_whitelist", "none", 0) < 0) {
        av_dict_free(&options);
        return tyto_fail_memory(err, media->name);
    }
    media->container->pb = media->io;
    const int code = avformat_open_input(&media->container, media->name, NULL, &options);
    av_dict_free(&options);
    if (code < 0) {
        /* The latter is a format that is known, but not accepted. */
        return code == AVERROR_INVALIDDATA || code == AVERROR(EINVAL)
                   ? tyto_fail(err, TYTO_E_FORMAT, "%s: not a video or sound that can be read",
                               media->name)
                   : tyto_media_fail(err, code, media->name, "can't be opened");
    }
    return TYTO_OK;
}

static tyto_status open_decoder(tyto_media *media, const AVCodec *decoder, tyto_error *err)
{
    const AVCodecParameters *parameters = media->stream->codecpar;
    media->codec = avcodec_alloc_context3(decoder);
    media->packet = av_packet_alloc();
    media->frame = av_frame_alloc();
    if (!media->codec || !media->packet || !media->frame) {
        return tyto_fail_memory(err, media->name);
    }
    int code = avcodec_parameters_to_context(media->codec, parameters);
    if (code >= 0) {
        media->codec->max_pixels = TYTO_IMAGE_PIXELS_MAX;
        media->codec->thread_count = 1;
        media->codec->pkt_timebase = media->stream->time_base;
        code = avcodec_open2(media->codec, decoder, NULL);
    }
    return code < 0 ? tyto_media_fail(err, code, media->name, "its decoder can't be opened")
                    : TYTO_OK;
}

static tyto_status open_stream(tyto_media *media, enum AVMediaType type, tyto_error *err)
{
    const AVCodec *decoder = NULL;
    const char *what = type == AVMEDIA_TYPE_VIDEO ? "picture" : "sound";
    int code = avformat_find_stream_info(media->container, NULL);
    if (code < 0) {
        return tyto_media_fail(err, code, media->name, "its streams can't be found");
    }
    code = av_find_best_stream(media->container, type, -1, -1, &decoder, 0);
    if (code == AVERROR_DECODER_NOT_FOUND) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: its %s needs a decoder that libav lacks here", media->name, what);
    }
    /* The cover of a song is no video. */
    const bool is_cover =
        code >= 0 && (media->container->streams[code]->disposition & AV_DISPOSITION_ATTACHED_PIC);
    if (code < 0 || !decoder || is_cover) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: no %s in it, required a file with %s",
                         media->name, what, what);
    }
    media->stream = media->container->streams[code];
    for (unsigned i = 0; i < media->container->nb_streams; i++) {
        media->container->streams[i]->discard = (int)i == code ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    const int64_t begin = media->container->start_time;
    media->jumps = media->container->iformat->flags & AVFMT_TS_DISCONT;
    media->begin_s = begin == AV_NOPTS_VALUE ? 0.0 : (double)begin / AV_TIME_BASE;
    return open_decoder(media, decoder, err);
}

tyto_status tyto_media_open(const char *path, enum AVMediaType type, tyto_media *out,
                            tyto_error *err)
{
    *out = (tyto_media){0};
    tyto_media_quiet();
    out->name = tyto_copy_text(path, strlen(path));
    if (!out->name) {
        return tyto_fail_memory(err, path);
    }
    TYTO_TRY(tyto_file_stream(out->name, &out->file, err));
    TYTO_TRY(open_container(out, err));
    return open_stream(out, type, err);
}

void tyto_media_close(tyto_media *media)
{
    av_frame_free(&media->frame);
    av_packet_free(&media->packet);
    avcodec_free_context(&media->codec);
    avformat_close_input(&media->container);
    if (media->io) {
        av_freep(&media->io->buffer);
        avio_context_free(&media->io);
    }
    if (media->file) {
        fclose(media->file);
    }
    free(media->name);
    *media = (tyto_media){0};
}

/* Whether the file ends before what its index says is in it. */
static tyto_status check_whole(const tyto_media *media, tyto_error *err)
{
    const int64_t size = avio_size(media->io);
    int64_t end = 0;
    for (int i = 0; i < avformat_index_get_entries_count(media->stream); i++) {
        const AVIndexEntry *entry = avformat_index_get_entry(media->stream, i);
        end = tyto_max_i64(end, entry->pos + entry->size);
    }
    return size > 0 && end > size
               ? tyto_fail(err, TYTO_E_FORMAT,
                           "%s: broken or cut off: got %lld bytes, required %lld or more",
                           media->name, (long long)size, (long long)end)
               : TYTO_OK;
}

/* A packet that gave no frame. A stream may begin in the midst of what a decoder can begin with:
 * before the first frame nothing is lost. */
static tyto_status refuse(tyto_media *media, int code, tyto_error *err)
{
    if (code == AVERROR(ENOMEM)) {
        return tyto_fail_memory(err, media->name);
    }
    media->refusal = code;
    media->refused += media->decoded;
    media->marked += media->decoded;
    return TYTO_OK;
}

/* Gives the decoder the stream's next packet, or NULL when there is none. */
static tyto_status feed(tyto_media *media, tyto_error *err)
{
    int code;
    do {
        av_packet_unref(media->packet);
        code = av_read_frame(media->container, media->packet);
    } while (code >= 0 && media->packet->stream_index != media->stream->index);
    if (code == AVERROR(ENOMEM)) {
        return tyto_fail_memory(err, media->name);
    }
    if (code < 0) {
        media->drained = true;
        media->end_code = code == AVERROR_EOF ? 0 : code;
        code = avcodec_send_packet(media->codec, NULL);
    } else {
        media->marked += (media->packet->flags & AV_PKT_FLAG_CORRUPT) != 0;
        code = avcodec_send_packet(media->codec, media->packet);
    }
    av_packet_unref(media->packet);
    return code < 0 ? refuse(media, code, err) : TYTO_OK;
}

/* Once the decoder has given all it has. */
static tyto_status end(const tyto_media *media, tyto_error *err)
{
    if (media->end_code != 0) {
        return tyto_media_fail(err, media->end_code, media->name, "broken or cut off");
    }
    if (!media->decoded && media->refusal != 0) {
        return tyto_media_fail(err, media->refusal, media->name, "broken or cut off");
    }
    return media->decoded ? check_whole(media, err)
                          : tyto_fail(err, TYTO_E_FORMAT,
                                      "%s: nothing in it can be decoded, required at least one "
                                      "frame",
                                      media->name);
}

tyto_status tyto_media_next(tyto_media *media, bool *more, tyto_error *err)
{
    for (;;) {
        const int code = avcodec_receive_frame(media->codec, media->frame);
        if (code >= 0) {
            media->decoded = *more = true;
            return TYTO_OK;
        }
        if (code != AVERROR(EAGAIN) && code != AVERROR_EOF) {
            TYTO_TRY(refuse(media, code, err));
        }
        if (code == AVERROR_EOF || media->drained) {
            *more = false;
            return end(media, err);
        }
        TYTO_TRY(feed(media, err));
    }
}

double tyto_media_seconds(const tyto_media *media)
{
    const int64_t time = media->frame->best_effort_timestamp;
    return time == AV_NOPTS_VALUE
               ? (double)NAN
               : (double)time * av_q2d(media->stream->time_base) - media->begin_s;
}

bool tyto_media_clock_jumped(const tyto_media *media, double last, double seconds)
{
    const double ahead = seconds - last;
    return ahead < -CLOCK_BACK_S ||
           (ahead > CLOCK_AHEAD_S && (media->jumps || seconds > TYTO_VIDEO_SECONDS_MAX));
}

bool tyto_media_frame_damaged(const tyto_media *media)
{
    return (media->frame->flags & AV_FRAME_FLAG_CORRUPT) || media->frame->decode_error_flags != 0;
}
