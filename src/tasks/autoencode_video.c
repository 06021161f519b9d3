/* Whole videos, window by window: what is in them, and what the network makes of them. */
#include <stdlib.h>
#include <string.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/autoencode.h"

static const tyto_autoencode_video_options defaults = {.struct_bytes = sizeof(defaults),
                                                       .missing = TYTO_CLIP_SOUND_OWN,
                                                       .chunks = TYTO_AUTOENCODE_CHUNKS};

void tyto_autoencode_video_options_init(tyto_autoencode_video_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* A video on its way through the network. */
typedef struct pass {
    tyto_session *session;
    const char *video;
    const tyto_autoencode_video_options *options;
    tyto_follow follow;
    tyto_clip_shape shape;
    tyto_clip_reader *reader;
    tyto_video_writer *writer; /* or NULL: nothing is written */
    float *images, *sound;     /* of one window */
} pass;

static tyto_status add_window(tyto_video_classes *out, const float *scores, int64_t labels,
                              tyto_error *err)
{
    size_t bytes;
    float *all = NULL;
    if (tyto_mul_size((size_t)labels, sizeof(float), &bytes)) {
        all = tyto_realloc(out->scores, (size_t)out->n_windows + 1, bytes);
    }
    if (!all) {
        return tyto_fail_memory(err, "classes");
    }
    out->scores = all;
    out->n_classes = labels;
    memcpy(all + out->n_windows * labels, scores, bytes);
    out->n_windows++;
    return TYTO_OK;
}

static tyto_status average(tyto_video_classes *out, tyto_error *err)
{
    out->mean = tyto_alloc((size_t)out->n_classes, sizeof(float));
    if (!out->mean) {
        return tyto_fail_memory(err, "classes");
    }
    for (int64_t c = 0; c < out->n_classes; c++) {
        double sum = 0.0;
        for (int64_t i = 0; i < out->n_windows; i++) {
            sum += (double)out->scores[i * out->n_classes + c];
        }
        out->mean[c] = (float)(sum / (double)out->n_windows);
    }
    return TYTO_OK;
}

/* Adds a window's pictures and sound, `frames` long, to the file. */
static tyto_status write_window(const pass *of, const tyto_reconstruction *made, int64_t frames,
                                tyto_error *err)
{
    const int64_t each = 3 * of->shape.width_px * of->shape.height_px;
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < frames && status == TYTO_OK; i++) {
        tyto_image image = {0};
        status = tyto_clip_postprocess(&of->shape, made->images + i * each, &image, err);
        if (status == TYTO_OK) {
            status = tyto_video_writer_add_frame(of->writer, &image, err);
        }
        tyto_image_clear(&image);
    }
    return status == TYTO_OK
               ? tyto_video_writer_add_sound(of->writer, made->sound,
                                             of->shape.samples * frames / of->shape.frames, err)
               : status;
}

/* Window number `window` of about `windows`, of which the video had so many frames. */
static tyto_status run_window(pass *of, int64_t window, int64_t windows, int64_t frames,
                              tyto_video_classes *out, tyto_error *err)
{
    const int64_t chunks = of->writer ? of->options->chunks : 1;
    const tyto_autoencode_run how = {.chunks = of->options->chunks,
                                     .classify = !of->writer,
                                     .follow = &of->follow,
                                     .stage = "windows",
                                     .subject = of->video,
                                     .first = window * chunks,
                                     .total = windows * chunks};
    tyto_reconstruction made = {0};
    if (how.classify) {
        TYTO_TRY(tyto_follow_step(&of->follow, how.stage, how.subject, window, windows, err));
    }
    TYTO_TRY(tyto_autoencode_window(of->session, of->images, of->sound, &how, &made, err));
    tyto_status status = add_window(out, made.probabilities, made.n_classes, err);
    if (status == TYTO_OK && of->writer) {
        status = write_window(of, &made, frames, err);
    }
    tyto_reconstruction_clear(&made);
    const int64_t end = window * of->shape.frames + frames;
    out->end_s = (double)end / (double)of->shape.frames_per_second;
    return status;
}

static tyto_status run_windows(pass *of, tyto_video_classes *out, tyto_error *err)
{
    const int64_t most = of->options->windows > 0 ? of->options->windows : INT64_MAX;
    const int64_t expected = tyto_min_i64(tyto_clip_reader_window_count(of->reader), most);
    out->labels = (const char *const *)of->session->model->labels.names;
    out->n_labels = of->session->model->labels.count;
    out->window_s = (double)of->shape.frames / (double)of->shape.frames_per_second;
    for (int64_t i = 0; i < most; i++) {
        int64_t frames;
        TYTO_TRY(tyto_clip_reader_next(of->reader, of->images, of->sound, &frames, err));
        if (frames == 0) {
            break;
        }
        TYTO_TRY(run_window(of, i, tyto_max_i64(expected, i + 1), frames, out, err));
    }
    return average(out, err);
}

/* Opens what is read and written. */
static tyto_status open_pass(pass *of, const char *path, tyto_error *err)
{
    const tyto_autoencode_video_options *options = of->options;
    if (options->windows < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "windows: got %lld, required 0 or more",
                         (long long)options->windows);
    }
    TYTO_TRY(tyto_autoencode_shape(of->session->model, &of->shape, err));
    const size_t frame = 3 * (size_t)(of->shape.width_px * of->shape.height_px) * sizeof(float);
    of->images = tyto_alloc((size_t)of->shape.frames, frame);
    of->sound = tyto_alloc((size_t)of->shape.samples, sizeof(float));
    if (!of->images || !of->sound) {
        return tyto_fail_memory(err, of->video);
    }
    TYTO_TRY(tyto_clip_reader_open(of->video, options->sound, options->missing, &of->shape,
                                   &of->reader, err));
    const tyto_video_format format = {.width_px = of->shape.width_px,
                                      .height_px = of->shape.height_px,
                                      .frames_per_second = of->shape.frames_per_second,
                                      .sound_hz = of->shape.sound_hz};
    return path ? tyto_video_writer_create(path, &format, &of->writer, err) : TYTO_OK;
}

tyto_status tyto_autoencode_video(tyto_session *session, const char *video, const char *path,
                                  const tyto_autoencode_video_options *options,
                                  tyto_video_classes *out, tyto_error *err)
{
    tyto_autoencode_video_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, video);
    TYTO_REQUIRE(err, out);
    *out = (tyto_video_classes){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_autoencode_video_options", err));
    pass of = {.session = session, .video = video, .options = &own};
    tyto_follow_begin(&of.follow, session, own.progress, own.progress_user);
    tyto_status status = open_pass(&of, path, err);
    if (status == TYTO_OK) {
        status = run_windows(&of, out, err);
    }
    if (status == TYTO_OK && of.writer) {
        status = tyto_video_writer_commit(of.writer, err);
    }
    tyto_follow_end(&of.follow);
    tyto_video_writer_destroy(of.writer);
    tyto_clip_reader_destroy(of.reader);
    free(of.images);
    free(of.sound);
    if (status != TYTO_OK) {
        tyto_video_classes_clear(out);
    }
    return status;
}

tyto_status tyto_classify_video(tyto_session *session, const char *video,
                                const tyto_autoencode_video_options *options,
                                tyto_video_classes *out, tyto_error *err)
{
    return tyto_autoencode_video(session, video, NULL, options, out, err);
}
