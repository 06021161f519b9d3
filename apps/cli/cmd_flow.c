/* tyto flow: how far each pixel moves from one frame to the next. */
#include <string.h>
#include <tyto/files.h>
#include <tyto/flow.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "photo_reader.h"
#include "signals.h"

typedef struct flow_args {
    common_args common;
    const char *output, *draw;
    int64_t overlap, pairs;
    double scale, longest;
    bool resume;
} flow_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const flow_args *args;
    text_list photos, videos;
    bool input_missing;
    tyto_destination flows, pictures;
    tyto_flow_options options;
    opened model;
    tyto_batch_summary summary;
    tyto_status status; /* of the last sequence */
} job;

/* Photos follow each other; each video is a sequence of its own. */
static bool list_frames(job *j)
{
    const text_list *operands = &j->args->common.operands;
    text_list rest = {0};
    for (size_t i = 0; i < operands->count; i++) {
        const char *path = operands->items[i];
        text_list_add(tyto_file_is_video(path) ? &j->videos : &rest, path, strlen(path));
    }
    j->input_missing = rest.count > 0 && !list_media(&rest, false, &j->photos, &j->videos);
    text_list_clear(&rest);
    return j->photos.count > 0 || j->videos.count > 0;
}

/* The last photo has no flow, but a name that no other frame may have. */
static int check_places(job *j)
{
    text_list inputs = {0};
    tyto_destination_options options;
    text_list_append(&inputs, &j->photos);
    text_list_append(&inputs, &j->videos);
    tyto_destination_options_init(&options, sizeof(options));
    options.made = "flow";
    options.folder = j->videos.count > 0;
    options.spared = (const char *const *)inputs.items;
    options.n_spared = (int64_t)inputs.count;
    options.n_files = (int64_t)inputs.count - (j->videos.count == 0);
    options.mirrored = j->photos.folder ? j->photos.folder : j->videos.folder;
    options.name = "-o";
    options.endings = options.ending = ".flo";
    int code = output_place(j->args->output, &inputs, &options, &j->flows);
    if (code == EXIT_DONE) {
        options.name = "--draw";
        options.endings = NULL;
        options.ending = ".png";
        code = output_place(j->args->draw, &inputs, &options, &j->pictures);
    }
    text_list_clear(&inputs);
    return code;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const flow_args *args = j->args;
    if (args->common.operands.count == 0) {
        say_error("no frames: required two IMAGEs or more, a folder of them, or a VIDEO");
        return EXIT_USAGE;
    }
    if (!args->output && !args->draw) {
        say_error("nowhere to write: required -o for .flo files, --draw for pictures, or both");
        return EXIT_USAGE;
    }
    if (!list_frames(j)) {
        return EXIT_FAILED;
    }
    if (j->photos.count == 1) {
        say_error("%s: got one frame alone, required another to compare it with",
                  j->photos.items[0]);
        return j->input_missing ? EXIT_FAILED : EXIT_USAGE;
    }
    tyto_flow_options_init(&j->options, sizeof(j->options));
    j->options.image = photo_options();
    j->options.overlap_px = args->overlap;
    j->options.scale = (float)args->scale;
    j->options.resume = args->resume;
    j->options.progress = show_stage;
    j->options.progress_user = (void *)"tiles";
    return check_places(j);
}

/* All pairs of a video, or of the photos when it is NULL; what can't be read or compared is
 * reported, and the others go on. */
static bool flow_of_sequence(job *j, const char *video)
{
    const text_list *photos = &j->photos;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_sequence *sequence;
    if (!went_well((video ? tyto_flow_sequence_open(video, &sequence, &err)
                          : tyto_flow_sequence_create(TEXTS(photos), &sequence, &err)),
                   &err)) {
        j->summary.inputs++;
        j->summary.failed++;
        return false;
    }
    tyto_flow_sequence_limit(sequence, video ? j->args->pairs : 0);
    j->status = tyto_flow_sequence_run(j->model.session, sequence, &j->options, &j->flows,
                                       &j->pictures, j->args->longest, &j->summary, &err);
    tyto_flow_sequence_destroy(sequence);
    return went_well(j->status, &err) && j->summary.failed == 0;
}

static int flow_of_all(job *j)
{
    bool good = !j->input_missing;
    if (!model_open(&j->args->common, &j->model) || !model_offers(&j->model, TYTO_TASK_FLOW)) {
        return EXIT_FAILED;
    }
    if (j->photos.count > 0) {
        good = flow_of_sequence(j, NULL) && good;
    }
    for (size_t i = 0; i < j->videos.count && !interrupted(); i++) {
        good = flow_of_sequence(j, j->videos.items[i]) && good;
    }
    progress_hide();
    say_summary(&j->summary, NULL, 0, j->status);
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = flow_of_all(&j);
    }
    model_close(&j.model);
    text_list_clear(&j.photos);
    text_list_clear(&j.videos);
    return code;
}

#define AT(field) offsetof(flow_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "PATH",
     "write Middlebury .flo: a file for two frames, a folder for more", AT(output),
     .files = COMPLETES_FILES},
    {"draw", 'd', OPTION_TEXT, "PATH",
     "draw it: a picture for two frames, a folder for more; direction is hue, length is colour",
     AT(draw), .files = COMPLETES_FILES},
    {"longest", 0, OPTION_REAL, "X",
     "for --draw: pixels that have full colour (default: each flow's own longest)", AT(longest), 0,
     1e6, .needs = "draw"},
    {"pairs", 0, OPTION_INTEGER, "N", "the first N pairs of each video, not all", AT(pairs), 1,
     1e9},
    {"overlap", 0, OPTION_INTEGER, "N",
     "pixels that neighbouring tiles share at least (default 20)", AT(overlap), 0, 16383},
    {"scale", 0, OPTION_REAL, "X",
     "what the network's numbers are multiplied with to be pixels (default 20)", AT(scale), 0, 1e6},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: pairs whose files are there are left out", AT(resume)},
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto flow -m deepmind/optical-flow-perceiver first.png second.png -o out.flo --draw out.png",
     "how far each pixel of the first frame has moved in the second, and a picture of it"},
    {"tyto flow -m deepmind/optical-flow-perceiver frames/ -o flows/",
     "each photo of a folder to the next, in order of name: flows/NAME.flo"},
    {"tyto flow -m deepmind/optical-flow-perceiver clip.mp4 --draw flows/ --longest 30 --pairs 100",
     "a video's frames: flows/clip_000000.png and so on, with colours that can be compared"},
    {0},
};

static const flow_args defaults = {.overlap = 20, .scale = 20.0};

const command cmd_flow = {
    .name = "flow",
    .summary = "measure how far each pixel moves between frames",
    .synopsis = "IMAGE IMAGE... | VIDEO... [option...]",
    .operands = "IMAGE or VIDEO",
    .description =
        "Runs a network for optical flow on each frame and the next: photos in the order given "
        "(of a folder, in order of name), and the frames of each video; of a folder, videos if it "
        "holds no photo. A flow has for each pixel "
        "of the first frame how far it moves to the right and down, in pixels, and is named by "
        "the first frame.\n"
        "\n"
        "Frames of any size are covered by tiles of the size that the network takes; where tiles "
        "overlap, each counts by the distance to its border. Smaller frames are padded with their "
        "outermost pixels, and a warning says so.\n"
        "\n"
        "A frame that can't be read is reported and the others go on; the exit status is then 1. "
        "Of a damaged video, how many frames were lost is said.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(flow_args),
    .defaults = &defaults,
    .run = run,
};
