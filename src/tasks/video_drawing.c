#include "tasks/video_drawing.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* A longer pause is shortened to this. */
#define PAUSE_S 10.0

static tyto_status begin(tyto_video_drawing *drawing, const tyto_image *frame, double seconds,
                         tyto_error *err)
{
    drawing->begin_s = seconds;
    drawing->format = (tyto_video_format){.width_px = frame->width_px,
                                          .height_px = frame->height_px,
                                          .frames_per_second = drawing->frames_per_second};
    return tyto_video_writer_create(drawing->path, &drawing->format, &drawing->writer, err);
}

/* The frame as large as the first one, by its nearest pixels. */
static tyto_status fit(const tyto_video_drawing *drawing, tyto_image *frame, tyto_error *err)
{
    const int64_t width = drawing->format.width_px, height = drawing->format.height_px;
    tyto_image fitted = {0};
    TYTO_TRY(tyto_image_make(width, height, &fitted, err));
    for (int64_t y = 0; y < height; y++) {
        const uint8_t *row = frame->data + y * frame->height_px / height * frame->width_px * 3;
        for (int64_t x = 0; x < width; x++) {
            memcpy(fitted.data + 3 * (y * width + x), row + 3 * (x * frame->width_px / width), 3);
        }
    }
    tyto_image_clear(frame);
    *frame = fitted;
    return TYTO_OK;
}

static tyto_status write_last(tyto_video_drawing *drawing, tyto_error *err)
{
    TYTO_TRY(tyto_video_writer_add_frame(drawing->writer, &drawing->last, err));
    drawing->written++;
    return TYTO_OK;
}

tyto_status tyto_video_drawing_add(tyto_video_drawing *drawing, tyto_image *frame, double seconds,
                                   tyto_error *err)
{
    const double rate = (double)drawing->frames_per_second;
    if (!drawing->writer) {
        TYTO_TRY(begin(drawing, frame, seconds, err));
    } else if (frame->width_px != drawing->format.width_px ||
               frame->height_px != drawing->format.height_px) {
        TYTO_TRY(fit(drawing, frame, err));
    }
    const double pause = seconds - drawing->begin_s - (double)drawing->written / rate;
    drawing->begin_s += fmax(0.0, pause - PAUSE_S);
    const int64_t place = llround((seconds - drawing->begin_s) * rate);
    while (drawing->written < place) {
        TYTO_TRY(write_last(drawing, err));
    }
    const tyto_image before = drawing->last;
    drawing->last = *frame;
    *frame = before;
    /* Of frames closer together than those of the file, the first is shown. */
    return drawing->written == place ? write_last(drawing, err) : TYTO_OK;
}

tyto_status tyto_video_drawing_end(tyto_video_drawing *drawing, tyto_error *err)
{
    const tyto_status status =
        drawing->writer ? tyto_video_writer_commit(drawing->writer, err) : TYTO_OK;
    tyto_video_drawing_clear(drawing);
    return status;
}

void tyto_video_drawing_clear(tyto_video_drawing *drawing)
{
    tyto_video_writer_destroy(drawing->writer);
    drawing->writer = NULL;
    tyto_image_clear(&drawing->last);
}
