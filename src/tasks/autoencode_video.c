/* Whole videos, window by window: what is in them, and what the network makes of them. */
#include <stdlib.h>
#include <string.h>
#include <tyto/video.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "runtime/engine.h"
#include "tasks/autoencode.h"
#include "tasks/lost_frames.h"

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
    int64_t expected;          /* windows, once it is known */
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
static tyto_status write_window(const pass *job, const tyto_reconstruction *made, int64_t frames,
                                tyto_error *err)
{
    const int64_t each = 3 * job->shape.width_px * job->shape.height_px;
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < frames && status == TYTO_OK; i++) {
        tyto_image image = {0};
        status = tyto_clip_postprocess(&job->shape, made->images + i * each, &image, err);
        if (status == TYTO_OK) {
            status = tyto_video_writer_add_frame(job->writer, &image, err);
        }
        tyto_image_clear(&image);
    }
    return status == TYTO_OK
               ? tyto_video_writer_add_sound(job->writer, made->sound,
                                             job->shape.samples * frames / job->shape.frames, err)
               : status;
}

/* Window number `window` of about `windows`, of which the video had so many frames. */
static tyto_status run_window(pass *job, int64_t window, int64_t windows, int64_t frames,
                              tyto_video_classes *out, tyto_error *err)
{
    const int64_t chunks = job->writer ? job->options->chunks : 1;
    const tyto_autoencode_run how = {.chunks = job->options->chunks,
                                     .classify = !job->writer,
                                     .follow = &job->follow,
                                     .stage = "windows",
                                     .subject = job->video,
                                     .first = window * chunks,
                                     .total = windows * chunks};
    tyto_reconstruction made = {0};
    if (how.classify) {
        TYTO_TRY(tyto_follow_step(&job->follow, how.stage, how.subject, window, windows, err));
    }
    TYTO_TRY(tyto_autoencode_window(job->session, job->images, job->sound, &how, &made, err));
    tyto_status status = add_window(out, made.probabilities, made.n_classes, err);
    if (status == TYTO_OK && job->writer) {
        status = write_window(job, &made, frames, err);
    }
    tyto_reconstruction_clear(&made);
    const int64_t end = window * job->shape.frames + frames;
    out->end_s = (double)end / (double)job->shape.frames_per_second;
    return status;
}

static tyto_status run_windows(pass *job, tyto_video_classes *out, tyto_error *err)
{
    const int64_t most = job->options->windows > 0 ? job->options->windows : INT64_MAX;
    const int64_t expected = tyto_min_i64(tyto_clip_reader_window_count(job->reader), most);
    job->expected = tyto_max_i64(expected, 1);
    out->labels = (const char *const *)job->session->model->labels.names;
    out->n_labels = job->session->model->labels.count;
    out->window_s = (double)job->shape.frames / (double)job->shape.frames_per_second;
    for (int64_t i = 0; i < most; i++) {
        int64_t frames;
        TYTO_TRY(tyto_clip_reader_next(job->reader, job->images, job->sound, &frames, err));
        if (frames == 0) {
            break;
        }
        TYTO_TRY(run_window(job, i, tyto_max_i64(expected, i + 1), frames, out, err));
    }
    return average(out, err);
}

/* Opens what is read and written. */
static tyto_status open_pass(pass *job, const char *path, tyto_error *err)
{
    const tyto_autoencode_video_options *options = job->options;
    if (options->windows < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "windows: got %lld, required 0 or more",
                         (long long)options->windows);
    }
    TYTO_TRY(tyto_autoencode_shape(job->session->model, &job->shape, err));
    const size_t frame = 3 * (size_t)(job->shape.width_px * job->shape.height_px) * sizeof(float);
    job->images = tyto_alloc((size_t)job->shape.frames, frame);
    job->sound = tyto_alloc((size_t)job->shape.samples, sizeof(float));
    if (!job->images || !job->sound) {
        return tyto_fail_memory(err, job->video);
    }
    TYTO_TRY(tyto_clip_reader_open(job->video, options->sound, options->missing, &job->shape,
                                   &job->reader, err));
    const tyto_video_format format = {.width_px = job->shape.width_px,
                                      .height_px = job->shape.height_px,
                                      .frames_per_second = job->shape.frames_per_second,
                                      .sound_hz = job->shape.sound_hz};
    return path ? tyto_video_writer_create(path, &format, &job->writer, err) : TYTO_OK;
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
    pass job = {.session = session, .video = video, .options = &own};
    tyto_follow_begin(&job.follow, session, own.progress, own.progress_user);
    tyto_status status = open_pass(&job, path, err);
    if (status == TYTO_OK) {
        status = run_windows(&job, out, err);
    }
    if (status == TYTO_E_CANCELLED) {
        tyto_engine_log(session->model->engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: interrupted after %lld of %lld windows", video,
                        (long long)out->n_windows, (long long)job.expected);
    }
    const bool kept = status == TYTO_E_CANCELLED && own.partial && out->n_windows > 0 &&
                      average(out, NULL) == TYTO_OK;
    if ((status == TYTO_OK || kept) && job.writer) {
        const tyto_status written = tyto_video_writer_commit(job.writer, kept ? NULL : err);
        status = kept ? status : written;
    }
    tyto_video_info info;
    tyto_clip_reader_info(job.reader, &info);
    tyto_lost_frames_report(session, video, &info);
    tyto_follow_end(&job.follow);
    tyto_video_writer_destroy(job.writer);
    tyto_clip_reader_destroy(job.reader);
    free(job.images);
    free(job.sound);
    if (status != TYTO_OK && !kept) {
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
