#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"
#include "formats/media/media.h"

/* Rows of converted pixels begin at multiples of this, as swscale's fast ways want it. */
#define ROW_ALIGN 64
#define MATRIX_BYTES (9 * sizeof(int32_t))
/* Frames a second of streams that don't say so. */
#define RATE_UNKNOWN 25.0
/* A decoder holds that many frames back at most: so many later the gap of one that is lost shows.
 */
#define FRAMES_HELD 16

struct tyto_video_reader {
    tyto_media media;
    struct SwsContext *scaler;
    AVFrame *rgb;    /* the frame as it is stored, converted */
    int orientation; /* as EXIF counts, 1 to 8 */
    double last_s, step_s;
    double shift_s; /* from the file's clock to ours, which doesn't jump */
    tyto_video_info info;
    int64_t marked, refused; /* of the media's, those that were looked at */
    int64_t unseen;          /* frames counted as lost whose gap hasn't shown yet */
    int watch;               /* frames for which a gap is taken for lost frames */
};

/* The container's display matrix, or NULL. */
static const int32_t *find_matrix(const AVStream *stream)
{
#if LIBAVCODEC_VERSION_MAJOR < 61
    size_t bytes = 0;
    const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
#else
    const AVPacketSideData *side =
        av_packet_side_data_get(stream->codecpar->coded_side_data,
                                stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    const uint8_t *data = side ? side->data : NULL;
    const size_t bytes = side ? side->size : 0;
#endif
    return bytes >= MATRIX_BYTES ? (const int32_t *)(const void *)data : NULL;
}

/* Whether what should be 0 is, within a degree of a turn. */
static bool is_small(double value, double against)
{
    return fabs(value) < 0.0175 * fabs(against);
}

/* What a display matrix does to x and y, as EXIF counts it: quarter turns and mirrors. Anything
 * between is left as it is. */
static int find_orientation(const int32_t *matrix)
{
    enum { UPRIGHT = 1 };
    /* x′ = a·x + c·y, y′ = b·x + d·y. */
    const double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    if (is_small(b, a) && is_small(c, d)) {
        static const int by_sign[2][2] = {{UPRIGHT, 4}, {2, 3}};
        return by_sign[a < 0.0][d < 0.0];
    }
    if (is_small(a, c) && is_small(d, b)) {
        static const int by_sign[2][2] = {{5, 8}, {6, 7}};
        return by_sign[c < 0.0][b < 0.0];
    }
    return UPRIGHT;
}

/* The orientation of the decoded frame: by its own matrix, or else the container's. */
static int frame_orientation(const tyto_video_reader *reader)
{
    const AVFrameSideData *own =
        av_frame_get_side_data(reader->media.frame, AV_FRAME_DATA_DISPLAYMATRIX);
    return own && own->size >= MATRIX_BYTES
               ? find_orientation((const int32_t *)(const void *)own->data)
               : reader->orientation;
}

tyto_status tyto_video_reader_open(const char *path, tyto_video_reader **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    tyto_video_reader *reader = tyto_alloc_zeroed(1, sizeof(*reader));
    if (!reader) {
        return tyto_fail_memory(err, path);
    }
    tyto_status status = tyto_media_open(path, AVMEDIA_TYPE_VIDEO, &reader->media, err);
    if (status == TYTO_OK) {
        reader->rgb = av_frame_alloc();
        status = reader->rgb ? TYTO_OK : tyto_fail_memory(err, path);
    }
    if (status != TYTO_OK) {
        tyto_video_reader_destroy(reader);
        return status;
    }
    const int32_t *matrix = find_matrix(reader->media.stream);
    reader->orientation = matrix ? find_orientation(matrix) : 1;
    const double rate = tyto_video_reader_rate(reader);
    reader->step_s = 1.0 / (rate > 0.0 ? rate : RATE_UNKNOWN);
    reader->info.frames_per_second = rate;
    reader->info.seconds = tyto_video_reader_seconds(reader);
    reader->last_s = -reader->step_s;
    *out = reader;
    return TYTO_OK;
}

void tyto_video_reader_destroy(tyto_video_reader *reader)
{
    if (reader) {
        sws_freeContext(reader->scaler);
        av_frame_free(&reader->rgb);
        tyto_media_close(&reader->media);
        free(reader);
    }
}

double tyto_video_reader_rate(const tyto_video_reader *reader)
{
    if (!reader) {
        return 0.0;
    }
    const AVRational rate = reader->media.stream->avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0.0;
}

double tyto_video_reader_seconds(const tyto_video_reader *reader)
{
    const int64_t duration = reader ? reader->media.container->duration : 0;
    return duration > 0 ? (double)duration / AV_TIME_BASE : 0.0;
}

/* The converter from this frame's format and colours to RGB of the same size. */
static tyto_status set_scaler(tyto_video_reader *reader, const AVFrame *decoded, tyto_error *err)
{
    int *table, *inverse, source_range, range, brightness, contrast, saturation;
    reader->scaler =
        sws_getCachedContext(reader->scaler, decoded->width, decoded->height, decoded->format,
                             decoded->width, decoded->height, AV_PIX_FMT_RGB24,
                             SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, NULL, NULL, NULL);
    if (!reader->scaler) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: its pixels can't be turned into RGB",
                         reader->media.name);
    }
    if (sws_getColorspaceDetails(reader->scaler, &inverse, &source_range, &table, &range,
                                 &brightness, &contrast, &saturation) >= 0) {
        const int space = decoded->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT
                                                                       : (int)decoded->colorspace;
        /* Formats without such details keep their own. */
        (void)sws_setColorspaceDetails(reader->scaler, sws_getCoefficients(space),
                                       decoded->color_range == AVCOL_RANGE_JPEG || source_range,
                                       table, range, brightness, contrast, saturation);
    }
    return TYTO_OK;
}

static tyto_status convert(tyto_video_reader *reader, const AVFrame *decoded, tyto_error *err)
{
    AVFrame *rgb = reader->rgb;
    TYTO_TRY(set_scaler(reader, decoded, err));
    if (rgb->width != decoded->width || rgb->height != decoded->height) {
        av_frame_unref(rgb);
        rgb->format = AV_PIX_FMT_RGB24;
        rgb->width = decoded->width;
        rgb->height = decoded->height;
        const int code = av_frame_get_buffer(rgb, ROW_ALIGN);
        if (code < 0) {
            av_frame_unref(rgb);
            return tyto_media_fail(err, code, reader->media.name, "frame");
        }
    }
    const int code = sws_scale(reader->scaler, (const uint8_t *const *)decoded->data,
                               decoded->linesize, 0, decoded->height, rgb->data, rgb->linesize);
    return code < 0 ? tyto_media_fail(err, code, reader->media.name, "frame") : TYTO_OK;
}

/* Moves the converted pixels to the caller's picture, and turns it. */
static tyto_status give(tyto_video_reader *reader, tyto_image *frame, tyto_error *err)
{
    const AVFrame *rgb = reader->rgb;
    if (!frame->data || frame->width_px != rgb->width || frame->height_px != rgb->height) {
        tyto_image_clear(frame);
        TYTO_TRY(tyto_image_make(rgb->width, rgb->height, frame, err));
    }
    for (int64_t y = 0; y < rgb->height; y++) {
        memcpy(frame->data + y * rgb->width * 3, rgb->data[0] + y * rgb->linesize[0],
               (size_t)rgb->width * 3);
    }
    frame->damaged = tyto_media_frame_damaged(&reader->media);
    return tyto_image_orient(frame, frame_orientation(reader), err);
}

/* Counts the frames that are missing before one that is shown `gap_s` after the one before it.
 * Where a packet was lost as a whole only that gap shows it; where one was refused, both do. */
static void count_lost(tyto_video_reader *reader, double gap_s)
{
    const tyto_media *media = &reader->media;
    const int64_t refused = media->refused - reader->refused;
    reader->watch = media->marked > reader->marked ? FRAMES_HELD : reader->watch - 1;
    reader->marked = media->marked;
    reader->refused = media->refused;
    reader->info.lost += refused;
    reader->unseen += refused;
    if (reader->watch <= 0) {
        reader->watch = 0;
        reader->unseen = 0;
        return;
    }
    const int64_t gap = tyto_max_i64(0, llround(gap_s / reader->step_s) - 1),
                  seen = tyto_min_i64(gap, reader->unseen);
    reader->unseen -= seen;
    reader->info.lost += gap - seen;
}

/* A frame's time, which never goes back; one without a time follows the last, and so does one whose
 * clock has jumped. */
static tyto_status find_time(tyto_video_reader *reader, double *seconds, tyto_error *err)
{
    const double raw = tyto_media_seconds(&reader->media), next = reader->last_s + reader->step_s;
    double time = isnan(raw) ? next : raw + reader->shift_s;
    if (reader->info.frames > 0 && tyto_media_clock_jumped(&reader->media, reader->last_s, time)) {
        reader->shift_s += next - time;
        time = next;
    }
    if (time > TYTO_VIDEO_SECONDS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "%s: got a frame at %.0f s, required at most %d s",
                         reader->media.name, time, TYTO_VIDEO_SECONDS_MAX);
    }
    if (reader->info.frames > 0) {
        count_lost(reader, time - reader->last_s);
    }
    reader->last_s = fmax(time, fmax(reader->last_s, 0.0));
    *seconds = reader->last_s;
    return TYTO_OK;
}

void tyto_video_reader_info(const tyto_video_reader *reader, tyto_video_info *out)
{
    if (out) {
        *out = reader ? reader->info : (tyto_video_info){0};
    }
}

tyto_status tyto_video_reader_next(tyto_video_reader *reader, tyto_image *frame, double *seconds,
                                   bool *more, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, reader);
    TYTO_REQUIRE(err, frame);
    TYTO_REQUIRE(err, seconds);
    TYTO_REQUIRE(err, more);
    TYTO_TRY(tyto_media_next(&reader->media, more, err));
    if (!*more) {
        reader->info.lost += reader->media.refused - reader->refused;
        reader->refused = reader->media.refused;
        return TYTO_OK;
    }
    const AVFrame *decoded = reader->media.frame;
    TYTO_TRY(tyto_image_check_size(reader->media.name, (uint64_t)tyto_max_i64(decoded->width, 0),
                                   (uint64_t)tyto_max_i64(decoded->height, 0), err));
    TYTO_TRY(find_time(reader, seconds, err));
    TYTO_TRY(convert(reader, decoded, err));
    TYTO_TRY(give(reader, frame, err));
    reader->info.frames++;
    reader->info.damaged += frame->damaged;
    return TYTO_OK;
}
