#include <tyto/autoencode.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/autoencode.h"
#include "tasks/offer.h"

static const tyto_autoencode_options defaults = {.struct_bytes = sizeof(defaults),
                                                 .chunks = TYTO_AUTOENCODE_CHUNKS};

void tyto_autoencode_options_init(tyto_autoencode_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* The sizes of the model's windows. */
static tyto_status read_window(const tyto_model *model, tyto_family_window *out, tyto_error *err)
{
    const tyto_family_autoencode *task = model->architecture->tasks->autoencode;
    if (!task) {
        return tyto_offer_missing(model, TYTO_TASK_AUTOENCODE, err);
    }
    task->window(model->network, out);
    return TYTO_OK;
}

tyto_status tyto_autoencode_shape(const tyto_model *model, tyto_clip_shape *out, tyto_error *err)
{
    tyto_family_window sizes;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(read_window(model, &sizes, err));
    *out = (tyto_clip_shape){.frames = sizes.frames,
                             .height_px = sizes.height_px,
                             .width_px = sizes.width_px,
                             .samples = sizes.samples,
                             .frames_per_second = sizes.frames_per_second,
                             .sound_hz = sizes.sound_hz};
    return TYTO_OK;
}

void tyto_reconstruction_clear(tyto_reconstruction *reconstruction)
{
    if (reconstruction) {
        free(reconstruction->images);
        free(reconstruction->sound);
        free(reconstruction->probabilities);
        *reconstruction = (tyto_reconstruction){0};
    }
}

/* A window between its encoding and its decoding. */
typedef struct window {
    tyto_session *session;
    const tyto_family_autoencode *task;
    tyto_family_window shape;
    int64_t positions, patches; /* of pictures and of sound */
    int64_t patch;              /* samples of a patch */
    tyto_tensor latents;        /* its own copy */
    int64_t *points;            /* of one chunk: pictures, then sound */
} window;

/* Encodes: the latents, and what class they are. */
static tyto_status encode(window *job, const float *images, const float *sound, bool classify,
                          tyto_reconstruction *out, tyto_error *err)
{
    const tyto_family_autoencode *task = job->task;
    const char *const wanted[] = {task->label_output, task->latents};
    const tyto_family_window *shape = &job->shape;
    const tyto_tensor *outputs;
    int64_t n;
    /* Zeros, which the network takes its trained mask for. */
    float *label = tyto_alloc_zeroed((size_t)out->n_classes, sizeof(float));
    if (!label) {
        return tyto_fail_memory(err, "label");
    }
    const tyto_tensor inputs[] = {
        {.name = task->image_input,
         .dtype = TYTO_F32,
         .rank = 5,
         .shape = {1, shape->frames, 3, shape->height_px, shape->width_px},
         .data = (void *)(uintptr_t)images},
        {.name = task->sound_input,
         .dtype = TYTO_F32,
         .rank = 3,
         .shape = {1, shape->samples, 1},
         .data = (void *)(uintptr_t)sound},
        {.name = task->label_input,
         .dtype = TYTO_F32,
         .rank = 2,
         .shape = {1, out->n_classes},
         .data = label},
    };
    tyto_status status = tyto_forward(job->session, task->head, inputs, 3, wanted, classify ? 1 : 2,
                                      &outputs, &n, err);
    free(label);
    TYTO_TRY(status);
    memcpy(out->probabilities, outputs[0].data, (size_t)out->n_classes * sizeof(float));
    if (!classify) {
        job->latents = outputs[1];
        job->latents.name = task->latents;
        const size_t count = (size_t)tyto_tensor_elements(&outputs[1]);
        job->latents.data = tyto_alloc(count, sizeof(float));
        if (!job->latents.data) {
            return tyto_fail_memory(err, task->latents);
        }
        memcpy(job->latents.data, outputs[1].data, count * sizeof(float));
    }
    return TYTO_OK;
}

/* First of `count` positions that chunk i of n has. */
static int64_t chunk_begin(int64_t i, int64_t n, int64_t count)
{
    return count / n * i + count % n * i / n;
}

/* One modality of a chunk. */
typedef struct span {
    const char *output, *input;
    int64_t first, count, each; /* positions, and floats of one */
    float *out;
} span;

/* Decodes chunk i: those modalities that have positions in it. */
static tyto_status decode_chunk(window *job, int64_t i, int64_t chunks, tyto_reconstruction *out,
                                tyto_error *err)
{
    const tyto_family_autoencode *task = job->task;
    span spans[] = {
        {task->image_output, task->image_points, chunk_begin(i, chunks, job->positions),
         chunk_begin(i + 1, chunks, job->positions), 3, out->images},
        {task->sound_output, task->sound_points, chunk_begin(i, chunks, job->patches),
         chunk_begin(i + 1, chunks, job->patches), job->patch, out->sound},
    };
    tyto_tensor inputs[3] = {job->latents};
    const char *wanted[2];
    const span *decoded[2];
    const tyto_tensor *outputs;
    size_t n = 0;
    int64_t n_outputs;
    int64_t *points = job->points;
    for (int k = 0; k < 2; k++) {
        spans[k].count -= spans[k].first;
        if (spans[k].count == 0) {
            continue;
        }
        for (int64_t p = 0; p < spans[k].count; p++) {
            points[p] = spans[k].first + p;
        }
        inputs[n + 1] = (tyto_tensor){.name = spans[k].input,
                                      .dtype = TYTO_I64,
                                      .rank = 1,
                                      .shape = {spans[k].count},
                                      .data = points};
        points += spans[k].count;
        decoded[n] = &spans[k];
        wanted[n++] = spans[k].output;
    }
    if (n == 0) {
        return TYTO_OK; /* more chunks than positions */
    }
    TYTO_TRY(tyto_forward(job->session, task->head, inputs, (int64_t)n + 1, wanted, (int64_t)n,
                          &outputs, &n_outputs, err));
    for (size_t k = 0; k < n; k++) {
        const span *s = decoded[k];
        memcpy(s->out + s->first * s->each, outputs[k].data,
               (size_t)(s->count * s->each) * sizeof(float));
    }
    return TYTO_OK;
}

static tyto_status decode(window *job, const tyto_autoencode_run *how, tyto_reconstruction *out,
                          tyto_error *err)
{
    const int64_t chunks = how->chunks;
    const int64_t most = job->positions / chunks + job->patches / chunks + 2;
    job->points = tyto_alloc((size_t)most, sizeof(*job->points));
    out->images = tyto_alloc((size_t)job->positions, 3 * sizeof(float));
    out->sound = tyto_alloc((size_t)job->shape.samples, sizeof(float));
    if (!job->points || !out->images || !out->sound) {
        return tyto_fail_memory(err, "reconstruction");
    }
    for (int64_t i = 0; i < chunks; i++) {
        TYTO_TRY(tyto_follow_step(how->follow, how->stage, how->subject, how->first + i, how->total,
                                  err));
        TYTO_TRY(decode_chunk(job, i, chunks, out, err));
    }
    return TYTO_OK;
}

static void softmax(float *values, int64_t count)
{
    float highest = values[0];
    double sum = 0.0;
    for (int64_t i = 1; i < count; i++) {
        highest = fmaxf(highest, values[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        values[i] = expf(values[i] - highest);
        sum += (double)values[i];
    }
    for (int64_t i = 0; i < count; i++) {
        values[i] = (float)((double)values[i] / sum);
    }
}

tyto_status tyto_autoencode_window(tyto_session *session, const float *images, const float *sound,
                                   const tyto_autoencode_run *how, tyto_reconstruction *out,
                                   tyto_error *err)
{
    window job = {.session = session, .task = session->model->architecture->tasks->autoencode};
    *out = (tyto_reconstruction){0};
    TYTO_TRY(read_window(session->model, &job.shape, err));
    job.positions = job.shape.frames * job.shape.height_px * job.shape.width_px;
    job.patch = job.shape.samples_per_patch;
    job.patches = job.shape.samples / job.patch;
    if (how->chunks < 1 || how->chunks > job.positions) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "chunks: got %lld, required 1 to %lld",
                         (long long)how->chunks, (long long)job.positions);
    }
    out->n_classes = job.shape.labels;
    out->probabilities = tyto_alloc((size_t)out->n_classes, sizeof(float));
    tyto_status status = out->probabilities ? encode(&job, images, sound, how->classify, out, err)
                                            : tyto_fail_memory(err, "reconstruction");
    if (status == TYTO_OK) {
        softmax(out->probabilities, out->n_classes);
        status = how->classify ? TYTO_OK : decode(&job, how, out, err);
    }
    free(job.latents.data);
    free(job.points);
    if (status != TYTO_OK) {
        tyto_reconstruction_clear(out);
    }
    return status;
}

tyto_status tyto_autoencode(tyto_session *session, const float *images, const float *sound,
                            const tyto_autoencode_options *options, tyto_reconstruction *out,
                            tyto_error *err)
{
    tyto_autoencode_options own = defaults;
    tyto_follow follow;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, images);
    TYTO_REQUIRE(err, sound);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_autoencode_options", err));
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    const tyto_autoencode_run how = {.chunks = own.chunks,
                                     .classify = own.classify,
                                     .follow = &follow,
                                     .stage = "chunks",
                                     .total = own.chunks};
    const tyto_status status = tyto_autoencode_window(session, images, sound, &how, out, err);
    tyto_follow_end(&follow);
    return status;
}
