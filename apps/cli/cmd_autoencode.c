/* tyto autoencode: videos through a network that makes them again and names what is in them. */
#include <stdlib.h>
#include <tyto/autoencode.h>
#include <tyto/classes_document.h>
#include <tyto/memory.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "photo_reader.h"
#include "records.h"
#include "signals.h"

typedef struct autoencode_args {
    common_args common;
    const char *output, *sound;
    bool classify, silent, resume;
    int64_t chunks, windows, top_k;
    int format;
} autoencode_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const autoencode_args *args;
    text_list videos;
    bool *done; /* videos that an earlier run has made */
    bool input_missing;
    tyto_destination made;
    tyto_autoencode_video_options options;
    opened model;
    records results;
} job;

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
    if (args->classify && args->resume) {
        say_error("--resume: with --classify results go to standard output, which can't be gone on "
                  "with; required -o");
        return EXIT_USAGE;
    }
    tyto_destination_options options;
    tyto_destination_options_init_videos(
        &options, sizeof(options), (const char *const *)j->videos.items, (int64_t)j->videos.count);
    options.name = "-o";
    const int code = output_place(args->output, &j->videos, &options, &j->made);
    j->done = take(j->videos.count, sizeof(*j->done));
    for (size_t i = 0; args->resume && i < j->videos.count; i++) {
        j->done[i] = tyto_destination_has(&j->made, j->videos.items[i]);
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
    if (args->resume && j->videos.count == 1) {
        say_error("--resume: a video is made from its first window on, required several videos");
        return EXIT_USAGE;
    }
    if (args->sound && j->videos.count > 1) {
        say_error("--sound: got %zu videos, required one for a file of sound", j->videos.count);
        return EXIT_USAGE;
    }
    tyto_autoencode_video_options_init(&j->options, sizeof(j->options));
    j->options.chunks = args->chunks > 0 ? args->chunks : j->options.chunks;
    j->options.windows = args->windows;
    j->options.sound = args->sound;
    j->options.missing = args->silent ? TYTO_CLIP_SOUND_SILENT : TYTO_CLIP_SOUND_OWN;
    j->options.partial = j->videos.count == 1;
    j->options.progress = show_stage;
    j->options.progress_user = (void *)"windows";
    return check_output(j);
}

static bool open_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_clip_shape shape;
    if (!model_open(&j->args->common, &j->model) ||
        !model_offers(&j->model, TYTO_TASK_AUTOENCODE) ||
        !went_well(tyto_autoencode_shape(j->model.model, &shape, &err), &err) ||
        records_open(&j->results, NULL) != EXIT_DONE) {
        return false;
    }
    tyto_bytes bytes = {0};
    const tyto_status status =
        tyto_video_classes_document_create((tyto_format)j->args->format, (int64_t)j->videos.count,
                                           j->args->top_k, &j->results.document, &bytes, &err);
    return records_begin(&j->results, status, &bytes, &err);
}

/* One video. What is kept of it when it is interrupted is a result too. */
static tyto_status autoencode(void *context, tyto_batch_photo *video, tyto_error *err)
{
    job *j = context;
    tyto_video_classes found = {0};
    char *path = output_path(&j->made, video->path, -1);
    tyto_status status =
        tyto_autoencode_video(j->model.session, video->path, path, &j->options, &found, err);
    if (status == TYTO_OK || found.n_windows > 0) {
        progress_hide();
        const tyto_status added =
            tyto_document_add_video_classes(j->results.document, video->path, &found,
                                            &video->record, status == TYTO_OK ? err : NULL);
        status = status == TYTO_OK ? added : status;
    }
    tyto_video_classes_clear(&found);
    tyto_free(path);
    return status;
}

static int autoencode_all(job *j)
{
    photos_run made = {
        .kind = TYTO_BATCH_KIND_VIDEOS, .results = j->results.results, .done = j->done};
    photos_each(&made, &j->videos, autoencode, j);
    const bool written = records_end(&j->results, !made.ended);
    return made.good && written && !j->input_missing ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = open_all(&j) ? autoencode_all(&j) : EXIT_FAILED;
    }
    model_close(&j.model);
    text_list_clear(&j.videos);
    free(j.done);
    records_drop(&j.results);
    return code;
}

#define AT(field) offsetof(autoencode_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "PATH",
     "write the video that is made, .mp4, .mov or .mkv: a file for one video, a folder for more",
     AT(output), .files = COMPLETES_FILES},
    {"classify", 0, OPTION_FLAG, NULL, "only say what is in it: nothing is made again",
     AT(classify)},
    {"top-k", 0, OPTION_INTEGER, "N", "print the N best labels (default 5)", AT(top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, "text|json|jsonl", "how labels are printed (default text)",
     AT(format)},
    {"sound", 0, OPTION_TEXT, "FILE", "take the sound of this file instead of the video's own",
     AT(sound), .files = COMPLETES_FILES},
    {"silent", 0, OPTION_FLAG, NULL, "take silence for a video that has no sound", AT(silent),
     .needs = "!sound"},
    {"windows", 0, OPTION_INTEGER, "N", "the first N windows of each video, not all", AT(windows),
     1, 1e9},
    {"chunks", 0, OPTION_INTEGER, "N",
     "decode each window in N runs (default 8); the result is the same", AT(chunks), 1, 1e9,
     .needs = "output"},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: videos that -o's folder has are left out", AT(resume)},
    {0},
};

static const example examples[] = {
    {"tyto autoencode -m deepmind/multimodal-perceiver in.mp4 -o out.mp4",
     "what the network keeps of a video and its sound, and what it takes it for"},
    {"tyto autoencode -m deepmind/multimodal-perceiver --classify clips/ --format json",
     "what is in each video of a folder"},
    {"tyto autoencode -m deepmind/multimodal-perceiver mute.webm --sound track.wav -o out.mp4 "
     "--windows 4",
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
        "Runs a multimodal autoencoder on windows of a video: 16 frames of 224 x 224 pixels, 25 a "
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
