/* tyto flow: how far each pixel moves from one frame to the next. */
#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>
#include <tyto/flow.h>

#include "commands.h"
#include "inputs.h"
#include "media.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"

typedef struct flow_args {
    common_args common;
    const char *output, *draw;
    int64_t overlap, pairs;
    double scale, longest;
} flow_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const flow_args *args;
    text_list photos, videos;
    bool input_missing;
    destination places[2]; /* of .flo files and of pictures */
    tyto_flow_options options;
    opened with;
    bool told_small; /* that frames are padded */
    /* The sequence that is worked on: a video, or the photos when NULL. */
    const char *video;
    int64_t pair, pairs; /* done so far, of how many */
} job;

/* A frame's name for messages; newly allocated. */
static char *frame_name(const job *j, int64_t frame)
{
    return j->video ? take_text("%s: frame %lld", j->video, (long long)frame)
                    : take_text("%s", j->photos.items[frame]);
}

static bool follow(void *user, const tyto_progress *progress)
{
    const job *j = user;
    if (strcmp(progress->stage, "tiles") == 0) {
        char *name = frame_name(j, j->pair);
        progress_show((size_t)(j->pair * progress->total + progress->done),
                      (size_t)(j->pairs * progress->total), name);
        free(name);
    }
    return !interrupted();
}

/* Photos follow each other; each video is a sequence of its own. */
static bool list_frames(job *j)
{
    const text_list *operands = &j->args->common.operands;
    text_list rest = {0};
    for (size_t i = 0; i < operands->count; i++) {
        const char *path = operands->items[i];
        text_list_add(tyto_file_is_video(path) ? &j->videos : &rest, path, strlen(path));
    }
    j->input_missing = rest.count > 0 && !list_photos(&rest, &j->photos);
    text_list_clear(&rest);
    return j->photos.count > 0 || j->videos.count > 0;
}

static int check_places(job *j, bool many)
{
    const flow_args *args = j->args;
    const size_t photos = j->photos.count;
    text_list inputs = {0};
    for (size_t i = 0; i < photos + j->videos.count; i++) {
        const char *path = i < photos ? j->photos.items[i] : j->videos.items[i - photos];
        text_list_add(&inputs, path, strlen(path));
    }
    j->places[0] = (destination){"-o", args->output, ".flo", ".flo", false};
    j->places[1] = (destination){"--draw", args->draw, ".png|.jpg|.jpeg|.webp", ".png", false};
    const int code =
        destinations_check(j->places, 2, &inputs, photos > 0 ? photos - 1 : 0, many, "flow");
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
    j->options.overlap_px = args->overlap;
    j->options.scale = (float)args->scale;
    j->options.progress = follow;
    j->options.progress_user = j;
    return check_places(j, j->videos.count > 0 || j->photos.count > 2);
}

static void warn_small(job *j, const char *name, const tyto_flow_field *flow)
{
    tyto_flow_tiles tiles;
    if (!j->told_small &&
        tyto_flow_plan(j->with.model, flow->width_px, flow->height_px, &j->options, &tiles, NULL) ==
            TYTO_OK &&
        (tiles.width_px < tiles.tile_width_px || tiles.height_px < tiles.tile_height_px)) {
        say_warning("%s: %lld x %lld pixels, less than the %lld x %lld that the network takes: "
                    "padded",
                    name, (long long)flow->width_px, (long long)flow->height_px,
                    (long long)tiles.tile_width_px, (long long)tiles.tile_height_px);
        j->told_small = true;
    }
}

static tyto_status write_flow(const job *j, const tyto_flow_field *flow, const char *stem,
                              tyto_error *err)
{
    tyto_image picture = {0};
    tyto_status status = TYTO_OK;
    if (j->places[0].path) {
        char *path = destination_path(&j->places[0], stem);
        status = tyto_flow_save(path, flow, err);
        free(path);
    }
    if (status == TYTO_OK && j->places[1].path) {
        char *path = destination_path(&j->places[1], stem);
        status = tyto_flow_draw(flow, j->args->longest, &picture, err);
        if (status == TYTO_OK) {
            status = tyto_image_save(path, &picture, err);
        }
        free(path);
    }
    tyto_image_clear(&picture);
    return status;
}

/* One pair: what is said of it, and its files, which the first frame names. */
static bool take_pair(job *j, const tyto_flow_pair *pair, double seconds)
{
    tyto_error err = TYTO_ERROR_INIT;
    double mean, longest;
    char *name = frame_name(j, pair->frame), *base = path_stem(j->video ? j->video : name);
    char *stem = j->video ? take_text("%s_%06lld", base, (long long)pair->frame) : NULL;
    warn_small(j, name, &pair->flow);
    tyto_flow_measure(&pair->flow, &mean, &longest);
    say_info("%s: %lld x %lld in %.3f s, %.2f pixels in the mean, %.2f the longest", name,
             (long long)pair->flow.width_px, (long long)pair->flow.height_px, seconds, mean,
             longest);
    const tyto_status status = write_flow(j, &pair->flow, stem ? stem : base, &err);
    if (status != TYTO_OK) {
        say_tyto_error(&err);
    }
    free(stem);
    free(base);
    free(name);
    return status == TYTO_OK;
}

/* All pairs; what can't be read or compared is reported, and the others go on. */
static bool flow_of_sequence(job *j, tyto_flow_sequence *sequence, int64_t most)
{
    bool good = true, more = true;
    j->pairs = tyto_flow_sequence_pairs(sequence);
    j->pairs = most < j->pairs ? most : j->pairs;
    for (j->pair = 0; j->pair < most && !interrupted(); j->pair++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_flow_pair pair;
        const double began = seconds_now();
        j->pairs = j->pairs > j->pair ? j->pairs : j->pair + 1;
        const tyto_status status =
            tyto_flow_sequence_next(j->with.session, sequence, &j->options, &pair, &more, &err);
        if (status != TYTO_OK && status != TYTO_E_CANCELLED) {
            say_tyto_error(&err);
        }
        good = good && status == TYTO_OK;
        if (status == TYTO_OK && more) {
            good = take_pair(j, &pair, seconds_now() - began) && good;
        }
        tyto_error_clear(&err);
        tyto_flow_pair_clear(&pair);
        if (!more) {
            break;
        }
    }
    tyto_flow_sequence_destroy(sequence);
    return good;
}

static bool flow_of_photos(job *j)
{
    const text_list *photos = &j->photos;
    tyto_flow_sequence *sequence;
    bool good = true;
    if (tyto_flow_sequence_of_photos((const char *const *)photos->items, (int64_t)photos->count,
                                     &sequence, NULL) != TYTO_OK) {
        out_of_memory();
    }
    for (size_t i = 0; i < photos->count; i++) {
        tyto_image image;
        if (strcmp(photos->items[i], "-") == 0) {
            good = load_photo("-", &image) &&
                   tyto_flow_sequence_give(sequence, (int64_t)i, &image, NULL) == TYTO_OK;
        }
    }
    j->video = NULL;
    return flow_of_sequence(j, sequence, INT64_MAX) && good;
}

static bool flow_of_video(job *j, const char *video)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_sequence *sequence;
    if (tyto_flow_sequence_of_video(video, &sequence, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    j->video = video;
    return flow_of_sequence(j, sequence, j->args->pairs > 0 ? j->args->pairs : INT64_MAX);
}

/* A network of another kind, or an overlap that it can't have, is told once and not per pair. */
static bool check_model(const job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_tiles tiles;
    if (tyto_flow_plan(j->with.model, 1, 1, &j->options, &tiles, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

static int flow_of_all(job *j)
{
    bool good = !j->input_missing;
    if (!model_open(&j->args->common, &j->with) || !check_model(j)) {
        return EXIT_FAILED;
    }
    if (j->photos.count > 0) {
        good = flow_of_photos(j) && good;
    }
    for (size_t i = 0; i < j->videos.count && !interrupted(); i++) {
        good = flow_of_video(j, j->videos.items[i]) && good;
    }
    progress_hide();
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = flow_of_all(&j);
    }
    model_close(&j.with);
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
     1e6},
    {"pairs", 0, OPTION_INTEGER, "N", "the first N pairs of each video, not all", AT(pairs), 1,
     1e9},
    {"overlap", 0, OPTION_INTEGER, "N",
     "pixels that neighbouring tiles share at least (default 20)", AT(overlap), 0, 16383},
    {"scale", 0, OPTION_REAL, "X",
     "what the network's numbers are multiplied with to be pixels (default 20)", AT(scale), 0, 1e6},
    {0},
};

static const example examples[] = {
    {"tyto flow -m optical-flow-perceiver first.png second.png -o out.flo --draw out.png",
     "how far each pixel of the first frame has moved in the second, and a picture of it"},
    {"tyto flow -m optical-flow-perceiver frames/ -o flows/",
     "each photo of a folder to the next, in order of name: flows/NAME.flo"},
    {"tyto flow -m optical-flow-perceiver clip.mp4 --draw flows/ --longest 30 --pairs 100",
     "a video's frames: flows/clip_000000.png and so on, with colours that can be compared"},
    {0},
};

static const flow_args defaults = {.overlap = 20, .scale = 20.0};

const command cmd_flow = {
    .name = "flow",
    .summary = "tell how far each pixel moves between frames",
    .synopsis = "IMAGE IMAGE... | VIDEO... [option...]",
    .operands = "IMAGE or VIDEO",
    .description =
        "Runs a Perceiver for optical flow on each frame and the next: photos in the order given "
        "(of a folder, in order of name), and the frames of each video. A flow has for each pixel "
        "of the first frame how far it moves to the right and down, in pixels, and is named by "
        "the first frame.\n"
        "\n"
        "Frames of any size are covered by tiles of the size that the network takes; where tiles "
        "overlap, each counts by the distance to its border. Smaller frames are padded with their "
        "outermost pixels, and a warning says so.\n"
        "\n"
        "A frame that can't be read is reported and the others go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(flow_args),
    .defaults = &defaults,
    .run = run,
};
