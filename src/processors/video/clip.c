#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/clip.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/memory.h"

/* Times in files are rounded to milliseconds or so. */
#define TIME_TOLERANCE_S 1e-3

/* A frame and when it is shown. */
typedef struct shown {
    tyto_image image;
    double seconds;
} shown;

struct tyto_clip_reader {
    tyto_clip_shape shape;
    tyto_video_reader *video;
    tyto_sound_reader *sound; /* or NULL: silence */
    shown current, next;
    double begin_s;  /* when the first frame is shown: windows count from there */
    bool has_next;   /* else the video is at its end, which is at end_s */
    bool begun;      /* `current` holds a frame */
    double end_s;    /* when the last frame so far is over */
    int64_t emitted; /* frames so far */
};

/* Fetches the frame after `next`, which becomes the current one. */
static tyto_status advance(tyto_clip_reader *reader, tyto_error *err)
{
    const shown old = reader->current;
    reader->current = reader->next;
    reader->next = old;
    TYTO_TRY(tyto_video_reader_next(reader->video, &reader->next.image, &reader->next.seconds,
                                    &reader->has_next, err));
    /* A frame is shown until the next; the last as long as the one before it. */
    const double rate = tyto_video_reader_rate(reader->video), last = reader->current.seconds;
    if (reader->has_next) {
        reader->end_s = 2.0 * reader->next.seconds - last;
    } else if (!(reader->end_s > last)) {
        reader->end_s = last + 1.0 / (rate > 0.0 ? rate : (double)reader->shape.frames_per_second);
    }
    return TYTO_OK;
}

/* own_sound: the path is the video's. */
static tyto_status open_sound(tyto_clip_reader *reader, const char *path, bool own_sound,
                              tyto_clip_sound missing, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    tyto_status status = tyto_sound_reader_open(path, reader->shape.sound_hz, &reader->sound, &own);
    if (status == TYTO_E_FORMAT && missing == TYTO_CLIP_SOUND_SILENT) {
        status = TYTO_OK;
    } else if (status == TYTO_E_FORMAT && own_sound) {
        tyto_fail(err, status, "%s, another file's (sound), or silence (silent)",
                  tyto_error_message(&own));
    } else if (status != TYTO_OK) {
        tyto_fail(err, status, "%s", tyto_error_message(&own));
    }
    tyto_error_clear(&own);
    return status;
}

tyto_status tyto_clip_reader_open(const char *video, const char *sound, tyto_clip_sound missing,
                                  const tyto_clip_shape *shape, tyto_clip_reader **out,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, video);
    TYTO_REQUIRE(err, shape);
    TYTO_REQUIRE(err, out);
    tyto_clip_reader *reader = tyto_alloc_zeroed(1, sizeof(*reader));
    if (!reader) {
        return tyto_fail_memory(err, video);
    }
    reader->shape = *shape;
    tyto_status status = tyto_video_reader_open(video, &reader->video, err);
    if (status == TYTO_OK) {
        /* A file that was named for its sound must have some. */
        status = open_sound(reader, sound ? sound : video, !sound,
                            sound ? TYTO_CLIP_SOUND_OWN : missing, err);
    }
    if (status == TYTO_OK) {
        *out = reader;
    } else {
        tyto_clip_reader_destroy(reader);
    }
    return status;
}

void tyto_clip_reader_destroy(tyto_clip_reader *reader)
{
    if (reader) {
        tyto_video_reader_destroy(reader->video);
        tyto_sound_reader_destroy(reader->sound);
        tyto_image_clear(&reader->current.image);
        tyto_image_clear(&reader->next.image);
        free(reader);
    }
}

void tyto_clip_reader_info(const tyto_clip_reader *reader, tyto_video_info *out)
{
    tyto_video_reader_info(reader ? reader->video : NULL, out);
}

int64_t tyto_clip_reader_window_count(const tyto_clip_reader *reader)
{
    if (!reader) {
        return 0;
    }
    const double seconds = fmin(tyto_video_reader_seconds(reader->video), TYTO_VIDEO_SECONDS_MAX),
                 each = (double)reader->shape.frames / (double)reader->shape.frames_per_second;
    return tyto_max_i64(1, (int64_t)ceil(seconds / each - TIME_TOLERANCE_S));
}

/* Leaves out the sound before the first frame. */
static tyto_status skip_sound(tyto_clip_reader *reader, tyto_error *err)
{
    float dropped[1024];
    int64_t left = llround(reader->begin_s * (double)reader->shape.sound_hz), got = 1;
    while (reader->sound && left > 0 && got > 0) {
        TYTO_TRY(
            tyto_sound_reader_read(reader->sound, dropped, tyto_min_i64(left, 1024), &got, err));
        left -= got;
    }
    return TYTO_OK;
}

/* Fetches the first two frames. */
static tyto_status begin(tyto_clip_reader *reader, tyto_error *err)
{
    TYTO_TRY(tyto_video_reader_next(reader->video, &reader->next.image, &reader->next.seconds,
                                    &reader->has_next, err));
    TYTO_TRY(advance(reader, err));
    reader->begin_s = reader->current.seconds;
    reader->begun = true;
    return skip_sound(reader, err);
}

/* Makes `current` what is shown as frame number reader->emitted; false: the video is over. */
static tyto_status seek_frame(tyto_clip_reader *reader, bool *there, tyto_error *err)
{
    if (!reader->begun) {
        TYTO_TRY(begin(reader, err));
    }
    const double time =
        reader->begin_s + (double)reader->emitted / (double)reader->shape.frames_per_second;
    while (reader->has_next && reader->next.seconds <= time + TIME_TOLERANCE_S) {
        TYTO_TRY(advance(reader, err));
    }
    *there = reader->has_next || time + TIME_TOLERANCE_S < reader->end_s;
    return TYTO_OK;
}

static tyto_status read_sound(tyto_clip_reader *reader, float *sound, tyto_error *err)
{
    int64_t got = 0;
    if (reader->sound) {
        TYTO_TRY(tyto_sound_reader_read(reader->sound, sound, reader->shape.samples, &got, err));
    }
    memset(sound + got, 0, (size_t)(reader->shape.samples - got) * sizeof(float));
    return TYTO_OK;
}

tyto_status tyto_clip_reader_next(tyto_clip_reader *reader, float *images, float *sound,
                                  int64_t *frames, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, reader);
    TYTO_REQUIRE(err, images);
    TYTO_REQUIRE(err, sound);
    TYTO_REQUIRE(err, frames);
    const tyto_clip_shape *shape = &reader->shape;
    const int64_t each = 3 * shape->height_px * shape->width_px;
    *frames = 0;
    for (int64_t i = 0; i < shape->frames; i++) {
        bool there;
        TYTO_TRY(seek_frame(reader, &there, err));
        if (!there && i == 0) {
            return TYTO_OK;
        }
        if (there) {
            TYTO_TRY(tyto_clip_preprocess(shape, &reader->current.image, images + i * each, err));
            reader->emitted++;
            *frames = i + 1;
        } else {
            memcpy(images + i * each, images + (i - 1) * each, (size_t)each * sizeof(float));
        }
    }
    return read_sound(reader, sound, err);
}
