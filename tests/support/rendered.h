/** Pictures, videos and sound that tests make themselves: what is in them is known. */
#ifndef TYTO_TESTS_SUPPORT_RENDERED_H
#define TYTO_TESTS_SUPPORT_RENDERED_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <tyto/tyto.h>

/** A smooth pattern that moves right by 2 and down by 1 pixel a frame. The caller clears it. */
static inline tyto_image rendered_frame(int64_t width, int64_t height, int index)
{
    tyto_image image = {0};
    if (tyto_image_make(width, height, &image, NULL) != TYTO_OK) {
        abort();
    }
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            const double u = (double)(x - 2 * index), v = (double)(y - index);
            uint8_t *to = image.data + 3 * (y * width + x);
            to[0] = (uint8_t)(128.0 + 100.0 * sin(0.20 * u) * cos(0.15 * v));
            to[1] = (uint8_t)(128.0 + 100.0 * sin(0.11 * u + 0.17 * v));
            to[2] = (uint8_t)(128.0 + 100.0 * cos(0.07 * u - 0.13 * v));
        }
    }
    return image;
}

/** Sample i of a tone of half the full strength. */
static inline float rendered_tone(int64_t i, double tone_hz, double sound_hz)
{
    return (float)(0.5 * sin(2.0 * 3.14159265358979323846 * tone_hz * (double)i / sound_hz));
}

/** Writes frames 0 … count−1, and a tone of `tone_hz` as long; sound_hz 0: none. Ends the test when
 *  that fails. */
static inline void rendered_video(const char *path, int64_t width, int64_t height, int count,
                                  int64_t frames_per_second, int64_t sound_hz, double tone_hz)
{
    const tyto_video_format format = {width, height, frames_per_second, sound_hz};
    tyto_video_writer *writer = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_status status = tyto_video_writer_create(path, &format, &writer, &err);
    for (int i = 0; i < count && status == TYTO_OK && width > 0; i++) {
        tyto_image frame = rendered_frame(width, height, i);
        status = tyto_video_writer_add_frame(writer, &frame, &err);
        tyto_image_clear(&frame);
    }
    const int64_t samples = sound_hz * count / frames_per_second;
    for (int64_t i = 0; i < samples && status == TYTO_OK; i++) {
        const float sample = rendered_tone(i, tone_hz, (double)sound_hz);
        status = tyto_video_writer_add_sound(writer, &sample, 1, &err);
    }
    if (status != TYTO_OK || tyto_video_writer_commit(writer, &err) != TYTO_OK) {
        fprintf(stderr, "%s: %s\n", path, tyto_error_message(&err));
        abort();
    }
    tyto_video_writer_destroy(writer);
}

/** How many frames a video has; *last_s, unless NULL, is the time of the last one. −1: it
 *  can't be read. */
static inline int rendered_frames_in(const char *path, double *last_s)
{
    tyto_video_reader *reader = NULL;
    tyto_image frame = {0};
    double seconds, last = 0.0;
    bool more = true;
    int count = 0;
    tyto_status status = tyto_video_reader_open(path, &reader, NULL);
    while (status == TYTO_OK && more) {
        status = tyto_video_reader_next(reader, &frame, &seconds, &more, NULL);
        if (status == TYTO_OK && more) {
            count++;
            last = seconds;
        }
    }
    if (last_s) {
        *last_s = last;
    }
    tyto_image_clear(&frame);
    tyto_video_reader_destroy(reader);
    return status == TYTO_OK ? count : -1;
}

#endif
