#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/media/media.h"

/* Samples that are converted together. */
#define CONVERTED 4096
/* A shorter gap, or overlap, is what clocks of sound and container are apart by. */
#define GAP_S 0.1

struct tyto_sound_reader {
    tyto_media media;
    int64_t hz;
    struct SwrContext *resampler; /* of frames like the last one */
    int format, channels, rate;   /* of those frames */
    int64_t skip, silence;        /* samples to drop, or to give, before the stream's own */
    double next_s;                /* when the frame after the last one is due */
    double shift_s;               /* from the file's clock to ours, which doesn't jump */
    bool begun, ended;
};

tyto_status tyto_sound_reader_open(const char *path, int64_t hz, tyto_sound_reader **out,
                                   tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    if (hz < 1 || hz > TYTO_SOUND_HZ_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got a rate of %lld Hz, required 1 to %d", path,
                         (long long)hz, TYTO_SOUND_HZ_MAX);
    }
    tyto_sound_reader *reader = tyto_alloc_zeroed(1, sizeof(*reader));
    if (!reader) {
        return tyto_fail_memory(err, path);
    }
    reader->hz = hz;
    tyto_status status = tyto_media_open(path, AVMEDIA_TYPE_AUDIO, &reader->media, err);
    if (status == TYTO_OK) {
        *out = reader;
    } else {
        tyto_sound_reader_destroy(reader);
    }
    return status;
}

void tyto_sound_reader_destroy(tyto_sound_reader *reader)
{
    if (reader) {
        swr_free(&reader->resampler);
        tyto_media_close(&reader->media);
        free(reader);
    }
}

/* A resampler from frames like this one to planes of floats; what the one before still holds is a
 * few samples, and lost when the format changes. */
static tyto_status set_resampler(tyto_sound_reader *reader, const AVFrame *frame, tyto_error *err)
{
    const char *name = reader->media.name;
    const int channels = frame->ch_layout.nb_channels;
    if (channels < 1 || channels > TYTO_SOUND_CHANNELS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got %d channels of sound, required 1 to %d", name,
                         channels, TYTO_SOUND_CHANNELS_MAX);
    }
    if (frame->sample_rate < 1 || frame->sample_rate > TYTO_SOUND_HZ_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got a rate of %d Hz, required 1 to %d", name,
                         frame->sample_rate, TYTO_SOUND_HZ_MAX);
    }
    if (reader->resampler && reader->format == frame->format && reader->channels == channels &&
        reader->rate == frame->sample_rate) {
        return TYTO_OK;
    }
    swr_free(&reader->resampler);
    /* The first channel alone, whatever it is called: as all are taken for a row of nameless ones.
     */
    AVChannelLayout one = AV_CHANNEL_LAYOUT_MONO;
    AVChannelLayout all = {.order = AV_CHANNEL_ORDER_UNSPEC, .nb_channels = channels};
    double matrix[TYTO_SOUND_CHANNELS_MAX] = {1.0};
    int code = swr_alloc_set_opts2(&reader->resampler, &one, AV_SAMPLE_FMT_FLTP, (int)reader->hz,
                                   &all, frame->format, frame->sample_rate, 0, NULL);
    if (code >= 0 && channels > 1) {
        code = swr_set_matrix(reader->resampler, matrix, channels);
    }
    if (code >= 0) {
        code = swr_init(reader->resampler);
    }
    if (code < 0) {
        swr_free(&reader->resampler);
        return tyto_media_fail(err, code, name, "its sound can't be converted");
    }
    reader->format = frame->format;
    reader->channels = channels;
    reader->rate = frame->sample_rate;
    return TYTO_OK;
}

/* Where the stream's first sample lies in the container's time. */
static tyto_status begin(tyto_sound_reader *reader, tyto_error *err)
{
    const double seconds = tyto_media_seconds(&reader->media);
    reader->begun = true;
    reader->next_s = isnan(seconds) ? 0.0 : seconds;
    if (isnan(seconds)) {
        return TYTO_OK;
    }
    if (fabs(seconds) > TYTO_VIDEO_SECONDS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got sound from %.0f s on, required at most %d s",
                         reader->media.name, seconds, TYTO_VIDEO_SECONDS_MAX);
    }
    const int64_t samples = llround(seconds * (double)reader->hz);
    reader->silence = tyto_max_i64(samples, 0);
    reader->skip = tyto_max_i64(-samples, 0);
    return TYTO_OK;
}

/* Where sound is missing before a frame, as where a packet was lost, there is silence: what follows
 * stays in time with the pictures. */
static void follow_clock(tyto_sound_reader *reader)
{
    const AVFrame *frame = reader->media.frame;
    const double raw = tyto_media_seconds(&reader->media), time = raw + reader->shift_s,
                 gap = time - reader->next_s;
    if (!isnan(raw) && tyto_media_clock_jumped(&reader->media, reader->next_s, time)) {
        reader->shift_s -= gap;
    } else if (gap > GAP_S && time <= TYTO_VIDEO_SECONDS_MAX) {
        reader->silence += llround(gap * (double)reader->hz);
        reader->next_s += gap;
    }
    reader->next_s += (double)frame->nb_samples / (double)frame->sample_rate;
}

/* Decodes until the resampler was given something, or the stream is at its end. */
static tyto_status refill(tyto_sound_reader *reader, tyto_error *err)
{
    bool more;
    TYTO_TRY(tyto_media_next(&reader->media, &more, err));
    if (!more) {
        reader->ended = true;
        return TYTO_OK;
    }
    AVFrame *frame = reader->media.frame;
    TYTO_TRY(set_resampler(reader, frame, err));
    if (!reader->begun) {
        TYTO_TRY(begin(reader, err));
    }
    follow_clock(reader);
    const int code =
        swr_convert(reader->resampler, NULL, 0, (const uint8_t **)(uintptr_t)frame->extended_data,
                    frame->nb_samples);
    return code < 0 ? tyto_media_fail(err, code, reader->media.name, "sound") : TYTO_OK;
}

/* What the resampler has ready, at most n samples. */
static tyto_status take_ready(tyto_sound_reader *reader, float *out, int64_t n, int64_t *got,
                              tyto_error *err)
{
    uint8_t *planes[1] = {(uint8_t *)out};
    *got = 0;
    if (!reader->resampler) {
        return TYTO_OK;
    }
    /* Without input what was given before comes out; at the end, the last of it too. */
    const uint8_t *nothing[TYTO_SOUND_CHANNELS_MAX] = {0};
    const int code =
        swr_convert(reader->resampler, planes, (int)n, reader->ended ? NULL : nothing, 0);
    if (code < 0) {
        return tyto_media_fail(err, code, reader->media.name, "sound");
    }
    *got = code;
    return TYTO_OK;
}

tyto_status tyto_sound_reader_read(tyto_sound_reader *reader, float *samples, int64_t count,
                                   int64_t *got, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, reader);
    TYTO_REQUIRE(err, got);
    *got = 0;
    if (count > 0 && !samples) {
        return tyto_fail_null(err, "samples");
    }
    while (*got < count) {
        float *out = samples + *got;
        const int64_t n = tyto_min_i64(CONVERTED, count - *got);
        int64_t ready;
        if (reader->silence > 0) {
            ready = tyto_min_i64(n, reader->silence);
            memset(out, 0, (size_t)ready * sizeof(float));
            reader->silence -= ready;
            *got += ready;
            continue;
        }
        TYTO_TRY(take_ready(reader, out, reader->skip > 0 ? tyto_min_i64(n, reader->skip) : n,
                            &ready, err));
        if (reader->skip > 0) {
            reader->skip -= ready;
        } else {
            *got += ready;
        }
        if (ready == 0) {
            if (reader->ended) {
                return TYTO_OK;
            }
            TYTO_TRY(refill(reader, err));
        }
    }
    return TYTO_OK;
}
