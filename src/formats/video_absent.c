/* A build without libav: every call is there, and says so. */
#include <tyto/video.h>

#include "base/error.h"

static tyto_status absent(const char *path, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: this build reads and writes no videos or sound",
                     path);
}

bool tyto_video_available(void)
{
    return false;
}

tyto_status tyto_video_reader_open(const char *path, tyto_video_reader **out, tyto_error *err)
{
    (void)out;
    return absent(path, err);
}

void tyto_video_reader_destroy(tyto_video_reader *reader)
{
    (void)reader;
}

double tyto_video_reader_rate(const tyto_video_reader *reader)
{
    (void)reader;
    return 0.0;
}

double tyto_video_reader_seconds(const tyto_video_reader *reader)
{
    (void)reader;
    return 0.0;
}

void tyto_video_reader_info(const tyto_video_reader *reader, tyto_video_info *out)
{
    (void)reader;
    if (out) {
        *out = (tyto_video_info){0};
    }
}

tyto_status tyto_video_reader_next(tyto_video_reader *reader, tyto_image *frame, double *seconds,
                                   bool *more, tyto_error *err)
{
    (void)frame;
    (void)seconds;
    (void)more;
    return absent(reader ? "video" : NULL, err);
}

tyto_status tyto_sound_reader_open(const char *path, int64_t hz, tyto_sound_reader **out,
                                   tyto_error *err)
{
    (void)hz;
    (void)out;
    return absent(path, err);
}

void tyto_sound_reader_destroy(tyto_sound_reader *reader)
{
    (void)reader;
}

tyto_status tyto_sound_reader_read(tyto_sound_reader *reader, float *samples, int64_t count,
                                   int64_t *got, tyto_error *err)
{
    (void)samples;
    (void)count;
    (void)got;
    return absent(reader ? "sound" : NULL, err);
}

tyto_status tyto_video_writer_create(const char *path, const tyto_video_format *format,
                                     tyto_video_writer **out, tyto_error *err)
{
    (void)format;
    (void)out;
    return absent(path, err);
}

tyto_status tyto_video_writer_add_frame(tyto_video_writer *writer, const tyto_image *frame,
                                        tyto_error *err)
{
    (void)frame;
    return absent(writer ? "video" : NULL, err);
}

tyto_status tyto_video_writer_add_sound(tyto_video_writer *writer, const float *samples,
                                        int64_t count, tyto_error *err)
{
    (void)samples;
    (void)count;
    return absent(writer ? "sound" : NULL, err);
}

tyto_status tyto_video_writer_commit(tyto_video_writer *writer, tyto_error *err)
{
    return absent(writer ? "video" : NULL, err);
}

void tyto_video_writer_destroy(tyto_video_writer *writer)
{
    (void)writer;
}
