#include <errno.h>
#include <libavutil/audio_fifo.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/image.h"
#include "formats/media/media.h"

/* Nearly as the eye sees the original: x264's constant rate factor, and MPEG-4's quantiser. */
#define X264_QUALITY "18"
#define MPEG4_QUANTISER 2
#define SOUND_BITS_PER_SECOND 96000
/* Samples of a frame of sound where the encoder doesn't say. */
#define SOUND_FRAME 1024
#define ROW_ALIGN 64

/* One encoded stream of the file. */
typedef struct track {
    AVStream *stream; /* of the container */
    AVCodecContext *codec;
    AVFrame *frame;
    int64_t next; /* time of the next frame, in the codec's units */
} track;

struct tyto_video_writer {
    char *name;
    tyto_file_writer file;
    AVIOContext *io;
    AVFormatContext *container;
    AVPacket *packet;
    tyto_video_format format;
    track picture, sound;
    struct SwsContext *scaler;
    AVFrame *rgb; /* a picture with its sides made even, and room behind its rows: libswscale reads
                     some bytes more than there are pixels */
    struct SwrContext *resampler;
    AVAudioFifo *queue; /* sound on its way to the encoder */
    bool ended;         /* by a commit, successful or not */
};

static int write_bytes(void *opaque, uint8_t *bytes, int count)
{
    FILE *stream = opaque;
    errno = 0;
    return fwrite(bytes, 1, (size_t)count, stream) == (size_t)count ? count
                                                                    : AVERROR(errno ? errno : EIO);
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    FILE *stream = opaque;
    if (whence & AVSEEK_SIZE) {
        return AVERROR(ENOSYS);
    }
    return fseeko(stream, offset, whence & ~AVSEEK_FORCE) == 0 ? ftello(stream) : AVERROR(EIO);
}

static tyto_status find_container(const char *path, const tyto_video_format *format,
                                  const AVOutputFormat **out, tyto_error *err)
{
    static const struct {
        const char *ending, *name;
        bool picture;
    } containers[] = {{".mp4", "mp4", true},
                      {".mov", "mov", true},
                      {".mkv", "matroska", true},
                      {".wav", "wav", false}};
    const char *dot = strrchr(tyto_path_base(path), '.');
    for (size_t i = 0; dot && i < sizeof(containers) / sizeof(containers[0]); i++) {
        if (strcasecmp(dot, containers[i].ending) != 0 ||
            (!containers[i].picture && format->width_px > 0)) {
            continue;
        }
        *out = av_guess_format(containers[i].name, NULL, NULL);
        return *out ? TYTO_OK
                    : tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: libav can't write %s here", path,
                                containers[i].name);
    }
    return tyto_fail(err, TYTO_E_ARGUMENT, "%s: required a name that ends in .mp4, .mov or .mkv%s",
                     path, format->width_px > 0 ? "" : ", or .wav");
}

static tyto_status check(const char *path, const tyto_video_format *format, tyto_error *err)
{
    const bool picture = format->width_px != 0 || format->height_px != 0;
    if (!picture && format->sound_hz == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got neither picture nor sound, required one",
                         path);
    }
    if (picture) {
        TYTO_TRY(tyto_image_check_size(path, (uint64_t)tyto_max_i64(format->width_px, 0),
                                       (uint64_t)tyto_max_i64(format->height_px, 0), err));
        if (format->frames_per_second < 1 || format->frames_per_second > 1000) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: got %lld frames a second, required 1 to 1000", path,
                             (long long)format->frames_per_second);
        }
    }
    if (format->sound_hz < 0 || format->sound_hz > TYTO_SOUND_HZ_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got a rate of %lld Hz, required 0 to %d", path,
                         (long long)format->sound_hz, TYTO_SOUND_HZ_MAX);
    }
    return TYTO_OK;
}

static tyto_status open_container(tyto_video_writer *writer, const AVOutputFormat *as,
                                  tyto_error *err)
{
    uint8_t *buffer = av_malloc(TYTO_MEDIA_BUFFER_BYTES);
    writer->io = buffer ? avio_alloc_context(buffer, TYTO_MEDIA_BUFFER_BYTES, 1,
                                             writer->file.stream, NULL, write_bytes, seek_bytes)
                        : NULL;
    if (!writer->io) {
        av_free(buffer);
        return tyto_fail_memory(err, writer->name);
    }
    writer->packet = av_packet_alloc();
    if (avformat_alloc_output_context2(&writer->container, as, NULL, NULL) < 0 || !writer->packet) {
        return tyto_fail_memory(err, writer->name);
    }
    writer->container->pb = writer->io;
    writer->container->flags |= AVFMT_FLAG_BITEXACT; /* no version of libav in the file */
    return TYTO_OK;
}

/* Opens a track's encoder, and adds its stream. */
static tyto_status open_track(tyto_video_writer *writer, track *target, const AVCodec *encoder,
                              AVDictionary **options, tyto_error *err)
{
    AVCodecContext *codec = target->codec;
    if (writer->container->oformat->flags & AVFMT_GLOBALHEADER) {
        codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    codec->flags |= AV_CODEC_FLAG_BITEXACT;
    codec->thread_count = 1;
    int code = avcodec_open2(codec, encoder, options);
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "its encoder can't be opened");
    }
    target->stream = avformat_new_stream(writer->container, NULL);
    target->frame = av_frame_alloc();
    if (!target->stream || !target->frame) {
        return tyto_fail_memory(err, writer->name);
    }
    target->stream->time_base = codec->time_base;
    code = avcodec_parameters_from_context(target->stream->codecpar, codec);
    return code < 0 ? tyto_media_fail(err, code, writer->name, "stream") : TYTO_OK;
}

static int even(int64_t side)
{
    return (int)(side + (side & 1));
}

static tyto_status open_picture(tyto_video_writer *writer, tyto_error *err)
{
    track *target = &writer->picture;
    AVDictionary *options = NULL;
    const AVCodec *encoder = avcodec_find_encoder_by_name("libx264");
    const bool x264 = encoder != NULL;
    encoder = x264 ? encoder : avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (!encoder) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: libav has no encoder for video here",
                         writer->name);
    }
    AVCodecContext *codec = target->codec = avcodec_alloc_context3(encoder);
    if (!codec || (x264 && av_dict_set(&options, "crf", X264_QUALITY, 0) < 0)) {
        av_dict_free(&options);
        return tyto_fail_memory(err, writer->name);
    }
    codec->width = even(writer->format.width_px);
    codec->height = even(writer->format.height_px);
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->time_base = (AVRational){1, (int)writer->format.frames_per_second};
    codec->framerate = av_inv_q(codec->time_base);
    codec->colorspace = AVCOL_SPC_SMPTE170M;
    codec->color_range = AVCOL_RANGE_MPEG;
    if (!x264) {
        codec->flags |= AV_CODEC_FLAG_QSCALE;
        codec->global_quality = FF_QP2LAMBDA * MPEG4_QUANTISER;
    }
    tyto_status status = open_track(writer, target, encoder, &options, err);
    av_dict_free(&options);
    TYTO_TRY(status);
    target->stream->avg_frame_rate = codec->framerate;
    target->frame->format = codec->pix_fmt;
    target->frame->width = codec->width;
    target->frame->height = codec->height;
    int code = av_frame_get_buffer(target->frame, ROW_ALIGN);
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "frame");
    }
    writer->rgb = av_frame_alloc();
    if (!writer->rgb) {
        return tyto_fail_memory(err, writer->name);
    }
    writer->rgb->format = AV_PIX_FMT_RGB24;
    writer->rgb->width = codec->width;
    writer->rgb->height = codec->height;
    code = av_frame_get_buffer(writer->rgb, ROW_ALIGN);
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "frame");
    }
    writer->scaler =
        sws_getContext(codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height,
                       codec->pix_fmt, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
    return writer->scaler ? TYTO_OK : tyto_fail_memory(err, writer->name);
}

/* The given rate where AAC has it, else the nearest that most players have. */
static int aac_rate(int64_t hz)
{
    static const int rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                22050, 16000, 12000, 11025, 8000,  7350};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rates[i] == hz) {
            return rates[i];
        }
    }
    return 48000;
}

static tyto_status open_sound(tyto_video_writer *writer, tyto_error *err)
{
    track *target = &writer->sound;
    AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
    const int hz = (int)writer->format.sound_hz;
    const bool wave = strcmp(writer->container->oformat->name, "wav") == 0;
    const AVCodec *encoder = avcodec_find_encoder(wave ? AV_CODEC_ID_PCM_S16LE : AV_CODEC_ID_AAC);
    if (!encoder) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: libav has no encoder for sound here",
                         writer->name);
    }
    AVCodecContext *codec = target->codec = avcodec_alloc_context3(encoder);
    if (!codec) {
        return tyto_fail_memory(err, writer->name);
    }
    codec->sample_rate = wave ? hz : aac_rate(hz);
    codec->sample_fmt = wave ? AV_SAMPLE_FMT_S16 : AV_SAMPLE_FMT_FLTP;
    codec->ch_layout = mono;
    codec->bit_rate = SOUND_BITS_PER_SECOND;
    codec->time_base = (AVRational){1, codec->sample_rate};
    TYTO_TRY(open_track(writer, target, encoder, NULL, err));
    target->frame->format = codec->sample_fmt;
    target->frame->ch_layout = mono;
    target->frame->sample_rate = codec->sample_rate;
    target->frame->nb_samples = codec->frame_size > 0 ? codec->frame_size : SOUND_FRAME;
    int code = av_frame_get_buffer(target->frame, 0);
    if (code >= 0) {
        code = swr_alloc_set_opts2(&writer->resampler, &mono, codec->sample_fmt, codec->sample_rate,
                                   &mono, AV_SAMPLE_FMT_FLT, hz, 0, NULL);
    }
    code = code < 0 ? code : swr_init(writer->resampler);
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "sound");
    }
    writer->queue = av_audio_fifo_alloc(codec->sample_fmt, 1, target->frame->nb_samples);
    return writer->queue ? TYTO_OK : tyto_fail_memory(err, writer->name);
}

void tyto_video_writer_destroy(tyto_video_writer *writer)
{
    if (!writer) {
        return;
    }
    track *const tracks[] = {&writer->picture, &writer->sound};
    for (int i = 0; i < 2; i++) {
        avcodec_free_context(&tracks[i]->codec);
        av_frame_free(&tracks[i]->frame);
    }
    sws_freeContext(writer->scaler);
    av_frame_free(&writer->rgb);
    swr_free(&writer->resampler);
    av_audio_fifo_free(writer->queue);
    av_packet_free(&writer->packet);
    avformat_free_context(writer->container);
    if (writer->io) {
        av_freep(&writer->io->buffer);
        avio_context_free(&writer->io);
    }
    tyto_file_writer_abandon(&writer->file);
    free(writer->name);
    free(writer);
}

static tyto_status begin(tyto_video_writer *writer, const AVOutputFormat *as, tyto_error *err)
{
    TYTO_TRY(open_container(writer, as, err));
    if (writer->format.width_px > 0) {
        TYTO_TRY(open_picture(writer, err));
    }
    if (writer->format.sound_hz > 0) {
        TYTO_TRY(open_sound(writer, err));
    }
    const int code = avformat_write_header(writer->container, NULL);
    return code < 0 ? tyto_media_fail(err, code, writer->name, "can't be begun") : TYTO_OK;
}

tyto_status tyto_video_writer_create(const char *path, const tyto_video_format *format,
                                     tyto_video_writer **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, format);
    TYTO_REQUIRE(err, out);
    tyto_media_quiet();
    TYTO_TRY(check(path, format, err));
    const AVOutputFormat *as;
    TYTO_TRY(find_container(path, format, &as, err));
    tyto_video_writer *writer = tyto_alloc_zeroed(1, sizeof(*writer));
    if (!writer) {
        return tyto_fail_memory(err, path);
    }
    writer->format = *format;
    writer->name = tyto_copy_text(path, strlen(path));
    tyto_status status = writer->name ? tyto_file_writer_open(path, &writer->file, err)
                                      : tyto_fail_memory(err, path);
    if (status == TYTO_OK) {
        status = begin(writer, as, err);
    }
    if (status == TYTO_OK) {
        *out = writer;
    } else {
        tyto_video_writer_destroy(writer);
    }
    return status;
}

/* Encodes a frame, or, without one, what the encoder still holds. */
static tyto_status encode(tyto_video_writer *writer, track *target, const AVFrame *frame,
                          tyto_error *err)
{
    int code = avcodec_send_frame(target->codec, frame);
    while (code >= 0) {
        code = avcodec_receive_packet(target->codec, writer->packet);
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) {
            return TYTO_OK;
        }
        if (code >= 0) {
            writer->packet->stream_index = target->stream->index;
            av_packet_rescale_ts(writer->packet, target->codec->time_base,
                                 target->stream->time_base);
            code = av_interleaved_write_frame(writer->container, writer->packet);
        }
    }
    return tyto_media_fail(err, code, writer->name, "can't be written");
}

/* Copies a picture; what its sides lack to be even is its last row and column once more. */
static void copy_picture(const tyto_image *picture, AVFrame *out)
{
    for (int64_t y = 0; y < out->height; y++) {
        const uint8_t *source =
            picture->data + tyto_min_i64(y, picture->height_px - 1) * picture->width_px * 3;
        uint8_t *row = out->data[0] + y * out->linesize[0];
        memcpy(row, source, (size_t)picture->width_px * 3);
        if (out->width > picture->width_px) {
            memcpy(row + picture->width_px * 3, source + (picture->width_px - 1) * 3, 3);
        }
    }
}

static tyto_status check_open(const tyto_video_writer *writer, tyto_error *err)
{
    return writer->ended
               ? tyto_fail(err, TYTO_E_ARGUMENT, "%s: the file was ended already", writer->name)
               : TYTO_OK;
}

tyto_status tyto_video_writer_add_frame(tyto_video_writer *writer, const tyto_image *frame,
                                        tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, writer);
    TYTO_REQUIRE(err, frame);
    TYTO_REQUIRE(err, frame->data);
    TYTO_TRY(check_open(writer, err));
    track *target = &writer->picture;
    if (frame->width_px != writer->format.width_px ||
        frame->height_px != writer->format.height_px) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got a frame of %lld x %lld, required %lld x %lld",
                         writer->name, (long long)frame->width_px, (long long)frame->height_px,
                         (long long)writer->format.width_px, (long long)writer->format.height_px);
    }
    int code = av_frame_make_writable(target->frame);
    if (code >= 0) {
        copy_picture(frame, writer->rgb);
        code = sws_scale(writer->scaler, (const uint8_t *const *)writer->rgb->data,
                         writer->rgb->linesize, 0, writer->rgb->height, target->frame->data,
                         target->frame->linesize);
    }
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "frame");
    }
    target->frame->pts = target->next++;
    return encode(writer, target, target->frame, err);
}

/* Moves what the resampler has ready to the queue; at the end the last of it too. */
static tyto_status queue_sound(tyto_video_writer *writer, bool end, tyto_error *err)
{
    track *target = &writer->sound;
    const uint8_t *nothing[] = {NULL}; /* no array at all means the end */
    int code;
    do {
        code = av_frame_make_writable(target->frame);
        if (code >= 0) {
            code = swr_convert(writer->resampler, target->frame->data, target->frame->nb_samples,
                               end ? NULL : nothing, 0);
        }
        if (code > 0) {
            code = av_audio_fifo_write(writer->queue, (void **)target->frame->data, code);
        }
    } while (code > 0);
    return code < 0 ? tyto_media_fail(err, code, writer->name, "sound") : TYTO_OK;
}

/* Encodes whole frames of the queue, and at the end the rest. */
static tyto_status encode_sound(tyto_video_writer *writer, bool end, tyto_error *err)
{
    track *target = &writer->sound;
    const int whole = target->frame->nb_samples;
    TYTO_TRY(queue_sound(writer, end, err));
    while (av_audio_fifo_size(writer->queue) >= (end ? 1 : whole)) {
        int code = av_frame_make_writable(target->frame);
        if (code >= 0) {
            code = av_audio_fifo_read(writer->queue, (void **)target->frame->data, whole);
        }
        if (code < 0) {
            return tyto_media_fail(err, code, writer->name, "sound");
        }
        target->frame->nb_samples = code;
        target->frame->pts = target->next;
        target->next += code;
        tyto_status status = encode(writer, target, target->frame, err);
        target->frame->nb_samples = whole;
        TYTO_TRY(status);
    }
    return TYTO_OK;
}

tyto_status tyto_video_writer_add_sound(tyto_video_writer *writer, const float *samples,
                                        int64_t count, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, writer);
    if (count > 0 && !samples) {
        return tyto_fail_null(err, "samples");
    }
    TYTO_TRY(check_open(writer, err));
    if (!writer->sound.codec) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got sound, required a file that has some",
                         writer->name);
    }
    float cut[SOUND_FRAME];
    for (int64_t first = 0; first < count; first += SOUND_FRAME) {
        const int n = (int)tyto_min_i64(SOUND_FRAME, count - first);
        for (int i = 0; i < n; i++) {
            const float sample = samples[first + i];
            cut[i] = isnan(sample) ? 0.0f : fmaxf(-1.0f, fminf(1.0f, sample));
        }
        const uint8_t *planes[] = {(const uint8_t *)cut};
        const int code = swr_convert(writer->resampler, NULL, 0, planes, n);
        if (code < 0) {
            return tyto_media_fail(err, code, writer->name, "sound");
        }
        TYTO_TRY(encode_sound(writer, false, err));
    }
    return TYTO_OK;
}

static tyto_status finish(tyto_video_writer *writer, tyto_error *err)
{
    if (writer->sound.codec) {
        TYTO_TRY(encode_sound(writer, true, err));
        TYTO_TRY(encode(writer, &writer->sound, NULL, err));
    }
    if (writer->picture.codec) {
        TYTO_TRY(encode(writer, &writer->picture, NULL, err));
    }
    if (writer->picture.next == 0 && writer->sound.next == 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: nothing was added, required a frame or sound",
                         writer->name);
    }
    const int code = av_write_trailer(writer->container);
    if (code < 0) {
        return tyto_media_fail(err, code, writer->name, "can't be ended");
    }
    avio_flush(writer->io);
    return tyto_file_writer_commit(&writer->file, err);
}

tyto_status tyto_video_writer_commit(tyto_video_writer *writer, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, writer);
    TYTO_TRY(check_open(writer, err));
    writer->ended = true;
    return finish(writer, err);
}
