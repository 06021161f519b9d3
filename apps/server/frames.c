#include "frames.h"

#include <nettle/base64.h>
#include <stdlib.h>
#include <tyto/autoencode.h>
#include <tyto/flow.h>

#include "video_file.h"

/* Classes of a video that are told. */
enum { CLASSES = 10 };
/* The side of the picture that shows which colour is which direction. */
enum { KEY_PX = 129 };

/* A picture as base64 of PNG; NULL after an error was replied. */
static json_t *picture_text(work *job, const tyto_image *image)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    if (!work_went(job, tyto_image_encode(image, "picture.png", &bytes, &err), &err)) {
        return NULL;
    }
    const size_t length = BASE64_ENCODE_RAW_LENGTH(bytes.length_bytes);
    char *text = malloc(length);
    json_t *string = NULL;
    if (text) {
        base64_encode_raw(text, bytes.length_bytes, (const uint8_t *)bytes.data);
        string = json_stringn(text, length);
    }
    if (!string) {
        reply_error(job->x, 503, "out of memory");
    }
    free(text);
    tyto_bytes_clear(&bytes);
    return string;
}

static json_t *drawn_text(work *job, const tyto_flow_field *flow, double longest)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    json_t *text = NULL;
    if (work_went(job, tyto_flow_field_draw(flow, longest, &image, &err), &err)) {
        text = picture_text(job, &image);
    }
    tyto_image_clear(&image);
    return text;
}

/* A disc whose every point moves away from the middle. */
static json_t *key_text(work *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_field flow = {0};
    json_t *text = NULL;
    if (work_went(job, tyto_flow_field_make(KEY_PX, KEY_PX, &flow, &err), &err)) {
        const float radius = KEY_PX / 2;
        for (int64_t i = 0; i < KEY_PX * KEY_PX; i++) {
            const float x = (float)(i % KEY_PX) - radius, y = (float)(i / KEY_PX) - radius;
            const bool inside = x * x + y * y <= radius * radius;
            flow.data[2 * i] = inside ? x : 0.0f;
            flow.data[2 * i + 1] = inside ? y : 0.0f;
        }
        text = drawn_text(job, &flow, (double)radius);
    }
    tyto_flow_field_clear(&flow);
    return text;
}

static void reply_flow(work *job, const tyto_flow_field *flow)
{
    double mean, longest;
    tyto_flow_field_measure(flow, &mean, &longest);
    json_t *image = drawn_text(job, flow, 0.0), *key = image ? key_text(job) : NULL;
    if (key) {
        reply_json(job->x, 200,
                   json_pack("{s:I, s:I, s:f, s:f, s:o, s:o}", "width", (json_int_t)flow->width_px,
                             "height", (json_int_t)flow->height_px, "mean_px", mean, "longest_px",
                             longest, "image", image, "key", key));
    } else {
        json_decref(image);
    }
}

void frames_flow(exchange *x, worker *w)
{
    work job;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image first = {0}, second = {0};
    tyto_flow_field flow = {0};
    const char *model = NULL;
    json_t *one = NULL, *two = NULL;
    if (work_begin(&job, x, w) &&
        work_unpack(&job, job.body, "{s:o, s:o, s?s}", "first", &one, "second", &two, "model",
                    &model) &&
        work_task(&job, model, TYTO_TASK_FLOW) && work_picture_text(&job, one, &first) &&
        work_picture_text(&job, two, &second) &&
        work_went(&job, tyto_flow(job.session, &first, &second, NULL, &flow, &err), &err)) {
        work_stage(&job, "flow");
        reply_flow(&job, &flow);
    }
    tyto_flow_field_clear(&flow);
    tyto_image_clear(&first);
    tyto_image_clear(&second);
    work_end(&job, 1);
}

/* ------------------------------------------------------------------------- videos, made again */

/* A window of a video, and what became of it. */
typedef struct window {
    tyto_clip_shape shape;
    float *images, *sound; /* [frames,3,H,W] and [samples]; owned */
    int64_t frames;        /* that the video has */
    tyto_reconstruction made;
} window;

static bool read_window(work *job, const video_file *video, window *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_clip_reader *reader = NULL;
    const tyto_clip_shape *shape = &out->shape;
    tyto_status status = tyto_autoencode_shape(job->served->model, &out->shape, &err);
    if (status == TYTO_OK) {
        out->images =
            calloc((size_t)(3 * shape->frames * shape->height_px * shape->width_px), sizeof(float));
        out->sound = calloc((size_t)shape->samples, sizeof(float));
        if (!out->images || !out->sound) {
            reply_error(job->x, 503, "out of memory");
            return false;
        }
        status =
            tyto_clip_reader_open(video->path, NULL, TYTO_CLIP_SOUND_SILENT, shape, &reader, &err);
    }
    if (status == TYTO_OK) {
        status = tyto_clip_reader_next(reader, out->images, out->sound, &out->frames, &err);
    }
    tyto_clip_reader_destroy(reader);
    video_file_rename(video, &err);
    work_stage(job, "decode");
    return work_went(job, status, &err);
}

/* The best classes, best first. */
static json_t *classes_text(const work *job, const tyto_reconstruction *made)
{
    json_t *list = json_array();
    bool *told = calloc((size_t)made->n_classes + 1, sizeof(*told));
    for (int k = 0; told && k < CLASSES && k < made->n_classes; k++) {
        int64_t best = -1;
        for (int64_t i = 0; i < made->n_classes; i++) {
            if (!told[i] && (best < 0 || made->probabilities[i] > made->probabilities[best])) {
                best = i;
            }
        }
        const char *name = tyto_model_label(job->served->model, best);
        json_t *label = name ? json_string(name) : json_sprintf("class %lld", (long long)best);
        told[best] = true;
        json_array_append_new(list, json_pack("{s:o, s:f}", "label", label, "score",
                                              (double)made->probabilities[best]));
    }
    free(told);
    return list;
}

/* A frame of values[H,W,3], as PNG. */
static json_t *frame_text(work *job, const tyto_clip_shape *shape, const float *values)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    json_t *text = NULL;
    if (work_went(job, tyto_clip_postprocess(shape, values, &image, &err), &err)) {
        text = picture_text(job, &image);
    }
    tyto_image_clear(&image);
    return text;
}

/* A frame as the network saw it, whose channels lie apart. */
static json_t *original_text(work *job, const window *seen, int64_t frame, float *values)
{
    const int64_t pixels = seen->shape.height_px * seen->shape.width_px;
    for (int64_t i = 0; i < 3 * pixels; i++) {
        values[i] = seen->images[frame * 3 * pixels + i % 3 * pixels + i / 3];
    }
    return frame_text(job, &seen->shape, values);
}

static void reply_window(work *job, const window *seen)
{
    const int64_t numbers = 3 * seen->shape.height_px * seen->shape.width_px;
    float *values = calloc((size_t)numbers, sizeof(float));
    json_t *frames = json_array();
    bool good = values && frames;
    if (!good) {
        reply_error(job->x, 503, "out of memory");
    }
    for (int64_t i = 0; good && i < seen->frames; i++) {
        json_t *original = original_text(job, seen, i, values);
        json_t *made =
            original ? frame_text(job, &seen->shape, seen->made.images + i * numbers) : NULL;
        good = made != NULL;
        if (good) {
            json_array_append_new(frames,
                                  json_pack("{s:o, s:o}", "original", original, "made", made));
        } else {
            json_decref(original);
        }
    }
    free(values);
    if (good) {
        reply_json(
            job->x, 200,
            json_pack("{s:o, s:o}", "classes", classes_text(job, &seen->made), "frames", frames));
    } else {
        json_decref(frames);
    }
}

void frames_autoencode(exchange *x, worker *w)
{
    work job;
    tyto_error err = TYTO_ERROR_INIT;
    video_file video = VIDEO_FILE_NONE;
    window seen = {.frames = 0};
    const char *model = NULL;
    json_t *text = NULL;
    bool good = work_begin(&job, x, w) &&
                work_unpack(&job, job.body, "{s:o, s?s}", "video", &text, "model", &model) &&
                work_task(&job, model, TYTO_TASK_AUTOENCODE) &&
                video_file_keep(&job, text, &video) && read_window(&job, &video, &seen);
    if (good && seen.frames == 0) {
        reply_error(x, 422, "the video: it has no frames");
        good = false;
    }
    if (good &&
        work_went(&job,
                  tyto_autoencode(job.session, seen.images, seen.sound, NULL, &seen.made, &err),
                  &err)) {
        work_stage(&job, "autoencode");
        reply_window(&job, &seen);
    }
    tyto_reconstruction_clear(&seen.made);
    free(seen.images);
    free(seen.sound);
    video_file_close(&video);
    work_end(&job, 1);
}
