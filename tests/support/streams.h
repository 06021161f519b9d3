/** Videos whose clocks are what a test says, by libav itself: the writer of tyto gives regular ones.
 *  Only for programs of builds with TYTO_MEDIA. */
#ifndef TYTO_TESTS_SUPPORT_STREAMS_H
#define TYTO_TESTS_SUPPORT_STREAMS_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS_HZ = 8000, STREAMS_SIDE_PX = 32 };

/** A stream of grey frames, each brighter than the one before, and maybe one of loud sound. */
typedef struct made_streams {
    const char *path, *format;
    enum AVCodecID codec; /**< one whose frames stand by themselves */
    const int *times_ms;  /**< when each frame is shown */
    int frames;
    int duration_ms; /**< that each frame claims; 0: none */
    int sound_ms,
        sound_seconds;  /**< where the sound begins, and how long it is; 0: there is none */
    int offset_seconds; /**< what the file's clock shows at 0 ms */
} made_streams;

/** Ends the test where libav fails. */
static inline void streams_require(bool good)
{
    if (!good) {
        abort();
    }
}

static inline AVCodecContext *streams_encoder(const made_streams *made)
{
    const AVCodec *encoder = avcodec_find_encoder(made->codec);
    AVCodecContext *codec = avcodec_alloc_context3(encoder);
    streams_require(encoder && codec);
    codec->width = codec->height = STREAMS_SIDE_PX;
    codec->time_base = (AVRational){1, 25};
    codec->framerate = (AVRational){25, 1};
    codec->gop_size = 1;
    codec->pix_fmt = made->codec == AV_CODEC_ID_MJPEG ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
    streams_require(avcodec_open2(codec, encoder, NULL) >= 0);
    return codec;
}

static inline void streams_add_frame(AVFormatContext *file, AVCodecContext *codec, int index,
                                     int64_t ms, int64_t duration_ms)
{
    const AVRational milliseconds = {1, 1000};
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    streams_require(frame && packet);
    frame->format = codec->pix_fmt;
    frame->width = frame->height = STREAMS_SIDE_PX;
    frame->pts = index;
    streams_require(av_frame_get_buffer(frame, 0) >= 0);
    for (int plane = 0; plane < 3; plane++) {
        memset(frame->data[plane], plane ? 128 : 20 + 10 * index,
               (size_t)frame->linesize[plane] * (plane ? STREAMS_SIDE_PX / 2 : STREAMS_SIDE_PX));
    }
    streams_require(avcodec_send_frame(codec, frame) >= 0 &&
                    avcodec_receive_packet(codec, packet) >= 0);
    packet->stream_index = 0;
    packet->pts = packet->dts = av_rescale_q(ms, milliseconds, file->streams[0]->time_base);
    packet->duration = av_rescale_q(duration_ms, milliseconds, file->streams[0]->time_base);
    streams_require(av_interleaved_write_frame(file, packet) >= 0);
    av_packet_free(&packet);
    av_frame_free(&frame);
}

/* A tenth of a second of a square wave. */
static inline void streams_add_sound(AVFormatContext *file, int64_t ms)
{
    enum { SAMPLES = STREAMS_HZ / 10 };
    AVPacket *packet = av_packet_alloc();
    streams_require(packet && av_new_packet(packet, 2 * SAMPLES) >= 0);
    for (int i = 0; i < SAMPLES; i++) {
        const int16_t value = i % 20 < 10 ? 16000 : -16000;
        memcpy(packet->data + 2 * i, &value, sizeof(value));
    }
    packet->stream_index = 1;
    packet->pts = packet->dts =
        av_rescale_q(ms, (AVRational){1, 1000}, file->streams[1]->time_base);
    packet->duration =
        av_rescale_q(SAMPLES, (AVRational){1, STREAMS_HZ}, file->streams[1]->time_base);
    streams_require(av_interleaved_write_frame(file, packet) >= 0);
    av_packet_free(&packet);
}

static inline void streams_write(const made_streams *made)
{
    AVFormatContext *file = NULL;
    AVCodecContext *codec = streams_encoder(made);
    streams_require(avformat_alloc_output_context2(&file, NULL, made->format, made->path) >= 0);
    AVStream *picture = avformat_new_stream(file, NULL);
    streams_require(picture && avcodec_parameters_from_context(picture->codecpar, codec) >= 0);
    picture->time_base = (AVRational){1, 1000};
    if (made->sound_seconds > 0) {
        AVStream *sound = avformat_new_stream(file, NULL);
        streams_require(sound != NULL);
        sound->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
        sound->codecpar->codec_id = AV_CODEC_ID_PCM_S16LE;
        sound->codecpar->format = AV_SAMPLE_FMT_S16;
        sound->codecpar->sample_rate = STREAMS_HZ;
        sound->codecpar->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
        sound->time_base = (AVRational){1, STREAMS_HZ};
    }
    const int64_t offset_ms = 1000 * (int64_t)made->offset_seconds;
    streams_require(avio_open(&file->pb, made->path, AVIO_FLAG_WRITE) >= 0 &&
                    avformat_write_header(file, NULL) >= 0);
    int64_t heard = made->sound_ms;
    const int64_t end = made->sound_ms + 1000 * (int64_t)made->sound_seconds;
    for (int i = 0; i < made->frames; i++) {
        for (; heard < end && heard <= made->times_ms[i]; heard += 100) {
            streams_add_sound(file, offset_ms + heard);
        }
        streams_add_frame(file, codec, i, offset_ms + made->times_ms[i], made->duration_ms);
    }
    for (; heard < end; heard += 100) {
        streams_add_sound(file, offset_ms + heard);
    }
    streams_require(av_write_trailer(file) >= 0);
    avio_closep(&file->pb);
    avformat_free_context(file);
    avcodec_free_context(&codec);
}

#endif
