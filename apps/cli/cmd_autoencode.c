/* tyto autoencode: videos through a network that makes them again and names what is in them. */
#include <stdlib.h>
#include <string.h>
#include <tyto/autoencode.h>
#include <tyto/video.h>

#include "commands.h"
#include "inputs.h"
#include "media.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"
#include "video_labels.h"

typedef struct autoencode_args {
    common_args common;
    const char *output, *sound;
    bool classify, silent;
    int64_t chunks, windows, top_k;
    int format;
} autoencode_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const autoencode_args *args;
    text_list videos;
    bool input_missing;
    destination to;
    tyto_autoencode_options options;
    tyto_clip_shape shape;
    opened with;
    float *images, *sound; /* one window */
    video_label_writer results;
    /* For the progress bar: the window that is being worked on, of how many. */
    const char *video;
    size_t window, windows;
} job;

static void show_progress(void *user, int64_t done, int64_t total)
{
    const job *j = user;
    progress_show(j->window * (size_t)total + (size_t)done, j->windows * (size_t)total, j->video);
}

static int check_output(job *j)
{
    const autoencode_args *args = j->args;
    if (args->classify && args->output) {
        say_error("--classify: got -o as well, required one of the two: nothing is made again");
        return EXIT_USAGE;
    }
    if (!args->classify && !args->output) {
        say_error("nowhere to write: required -o for the video that is made, or --classify");
        return EXIT_USAGE;
    }
    j->to = (destination){"-o", args->output, ".mp4|.mov|.mkv", ".mp4", false};
    int code = destination_check(&j->to, j->videos.count > 1);
    if (code == EXIT_DONE && j->to.folder && !check_distinct(&j->videos, path_stem, "written to")) {
        code = EXIT_USAGE;
    }
    for (size_t i = 0; i < j->videos.count && code == EXIT_DONE; i++) {
        char *stem = path_stem(j->videos.items[i]);
        if (!destination_spares(&j->to, stem, &j->videos)) {
            code = EXIT_USAGE;
        }
        free(stem);
    }
    return code;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const autoencode_args *args = j->args;
    if (args->common.operands.count == 0) {
        say_error("no video: required VIDEO, or a folder");
        return EXIT_USAGE;
    }
    j->input_missing = !list_videos(&args->common.operands, &j->videos);
    if (j->videos.count == 0) {
        return EXIT_FAILED;
    }
    if (args->sound && j->videos.count > 1) {
        say_error("--sound: got %zu videos, required one for a file of sound", j->videos.count);
        return EXIT_USAGE;
    }
    tyto_autoencode_options_init(&j->options);
    j->options.chunks = args->chunks > 0 ? args->chunks : j->options.chunks;
    j->options.classify = args->classify;
    j->options.progress = show_progress;
    j->options.user = j;
    return check_output(j);
}

static bool open_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!model_open(&j->args->common, &j->with)) {
        return false;
    }
    if (tyto_autoencode_shape(j->with.model, &j->shape, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    const size_t frame = 3 * (size_t)(j->shape.width_px * j->shape.height_px);
    j->images = take((size_t)j->shape.frames * frame, sizeof(float));
    j->sound = take((size_t)j->shape.samples, sizeof(float));
    j->results = (video_label_writer){.model = j->with.model,
                                      .format = j->args->format,
                                      .top_k = j->args->top_k,
                                      .many = j->videos.count > 1};
    return video_labels_open(&j->results);
}

/* Adds a window's picture and sound, `frames` long, to the file. */
static tyto_status write_window(const job *j, tyto_video_writer *writer,
                                const tyto_reconstruction *made, int64_t frames, tyto_error *err)
{
    const int64_t each = 3 * j->shape.width_px * j->shape.height_px;
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < frames && status == TYTO_OK; i++) {
        tyto_image image = {0};
        status = tyto_clip_postprocess(&j->shape, made->images + i * each, &image, err);
        if (status == TYTO_OK) {
            status = tyto_video_add_frame(writer, &image, err);
        }
        tyto_image_clear(&image);
    }
    if (status == TYTO_OK) {
        status = tyto_video_add_sound(writer, made->sound,
                                      j->shape.samples * frames / j->shape.frames, err);
    }
    return status;
}

/* All windows of an open video, to the writer (or NULL). */
static tyto_status run_windows(job *j, tyto_clip_reader *reader, tyto_video_writer *writer,
                               video_labels *of, tyto_error *err)
{
    const size_t most = j->args->windows > 0 ? (size_t)j->args->windows : SIZE_MAX;
    j->windows = (size_t)tyto_clip_windows(reader);
    j->windows = j->windows < most ? j->windows : most;
    for (j->window = 0; j->window < most && !interrupted(); j->window++) {
        tyto_reconstruction made = {0};
        int64_t frames;
        const double began = seconds_now();
        tyto_status status = tyto_clip_next(reader, j->images, j->sound, &frames, err);
        if (status != TYTO_OK || frames == 0) {
            return status;
        }
        j->windows = j->windows > j->window ? j->windows : j->window + 1;
        if (j->options.classify) {
            progress_show(j->window, j->windows, j->video);
        }
        status = tyto_autoencode(j->with.session, j->images, j->sound, &j->options, &made, err);
        if (status == TYTO_OK) {
            const int64_t end = (int64_t)j->window * j->shape.frames + frames;
            video_labels_add(of, made.probabilities, made.labels,
                             (double)end / (double)j->shape.frames_per_second);
            say_info("%s: window %zu in %.3f s", j->video, j->window, seconds_now() - began);
            status = writer ? write_window(j, writer, &made, frames, err) : TYTO_OK;
        }
        tyto_reconstruction_clear(&made);
        if (status != TYTO_OK) {
            return status;
        }
    }
    return TYTO_OK;
}

/* One video. *writable becomes false when results can't be written any more. */
static bool autoencode(job *j, const char *video, bool *writable)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_clip_reader *reader = NULL;
    tyto_video_writer *writer = NULL;
    video_labels found = {.video = video,
                          .window_s = (double)j->shape.frames / (double)j->shape.frames_per_second};
    char *stem = path_stem(video), *path = j->to.path ? destination_path(&j->to, stem) : NULL;
    const tyto_video_format format = {j->shape.width_px, j->shape.height_px,
                                      j->shape.frames_per_second, j->shape.sound_hz};
    j->video = video;
    tyto_status status = tyto_clip_open(
        video, j->args->sound, j->args->silent ? TYTO_CLIP_SOUND_SILENT : TYTO_CLIP_SOUND_OWN,
        &j->shape, &reader, &err);
    if (status == TYTO_OK && path) {
        status = tyto_video_create(path, &format, &writer, &err);
    }
    if (status == TYTO_OK) {
        status = run_windows(j, reader, writer, &found, &err);
    }
    if (status == TYTO_OK && writer && !interrupted()) {
        status = tyto_video_commit(writer, &err);
        writer = NULL;
    }
    tyto_video_abandon(writer);
    if (status != TYTO_OK) {
        say_tyto_error(&err);
    } else if (!interrupted()) {
        progress_hide();
        *writable = video_labels_write(&j->results, &found);
    }
    tyto_clip_close(reader);
    free(found.scores);
    free(path);
    free(stem);
    return status == TYTO_OK && *writable;
}

static int autoencode_all(job *j)
{
    bool good = !j->input_missing, writable = true;
    for (size_t i = 0; i < j->videos.count && writable && !interrupted(); i++) {
        good = autoencode(j, j->videos.items[i], &writable) && good;
    }
    progress_hide();
    writable = writable && video_labels_end(&j->results);
    return good && writable ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = open_all(&j) ? autoencode_all(&j) : EXIT_FAILED;
    }
    model_close(&j.with);
    text_list_clear(&j.videos);
    free(j.images);
    free(j.sound);
    json_decref(j.results.document);
    return code;
}

#define AT(field) offsetof(autoencode_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "PATH",
     "write the video that is made, .mp4, .mov or .mkv: a file for one video, a folder for more",
     AT(output), .files = COMPLETES_FILES},
    {"classify", 0, OPTION_FLAG, NULL, "only tell what is in it: nothing is made again",
     AT(classify)},
    {"top-k", 0, OPTION_INTEGER, "N", "print the N best labels (default 5)", AT(top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, VIDEO_LABEL_FORMATS, "how labels are printed (default text)",
     AT(format)},
    {"sound", 0, OPTION_TEXT, "FILE", "take the sound of this file instead of the video's own",
     AT(sound), .files = COMPLETES_FILES},
    {"silent", 0, OPTION_FLAG, NULL, "take silence for a video that has no sound", AT(silent)},
    {"windows", 0, OPTION_INTEGER, "N", "the first N windows of each video, not all", AT(windows),
     1, 1e9},
    {"chunks", 0, OPTION_INTEGER, "N",
     "decode each window in N runs (default 8); the result is the same", AT(chunks), 1, 1e9},
    {0},
};

static const example examples[] = {
    {"tyto autoencode -m multimodal-perceiver in.mp4 -o out.mp4",
     "what the network keeps of a video and its sound, and what it takes it for"},
    {"tyto autoencode -m multimodal-perceiver --classify clips/ --format json",
     "what is in each video of a folder"},
    {"tyto autoencode -m multimodal-perceiver mute.webm --sound track.wav -o out.mp4 --windows 4",
     "sound from another file, and the first four windows alone"},
    {0},
};

static const autoencode_args defaults = {.top_k = 5};

const command cmd_autoencode = {
    .name = "autoencode",
    .summary = "make videos again through a network, and name what is in them",
    .synopsis = "VIDEO... (-o PATH | --classify) [option...]",
    .operands = "VIDEO",
    .description =
        "Runs a multimodal Perceiver on windows of a video: 16 frames of 224 x 224 pixels, 25 a "
        "second, and their sound at 48 kHz, for the published network. The middle of each frame is "
        "resized, of the sound the first channel is taken, and rates are converted. The last "
        "window "
        "is filled with its last frame and silence, and cut again.\n"
        "\n"
        "Prints the labels that the network gives, best first, with their probabilities: the mean "
        "over the windows, then each window's when there are several. Labels are named by the "
        "model's id2label. JSON is an object per video with video, labels (label, label_index, "
        "score) "
        "and windows (from_s, to_s, labels); several videos are an array, or a line each with "
        "jsonl.\n"
        "\n"
        "A video that can't be read, or has no sound without --silent, is reported and the others "
        "go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(autoencode_args),
    .defaults = &defaults,
    .run = run,
};
