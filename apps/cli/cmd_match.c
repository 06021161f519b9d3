/* tyto match: what is where in photos, by examples. */
#include "commands.h"
#include "messages.h"
#include "search.h"

typedef struct match_args {
    common_args common;
    search_args search;
    int scores;
} match_args;

/* The words of --scores. */
#define SCORES "relative|plain"
enum { RELATIVE, PLAIN };

static int run(void *given)
{
    const match_args *args = given;
    const bool average = args->search.exemplars == EXEMPLARS_AVERAGE;
    search job = {.common = &args->common, .args = &args->search};
    tyto_search_options_init_guided(&job.look.options, sizeof(job.look.options));
    job.look.options.relative_scores = args->scores == RELATIVE;
    if (args->common.operands.count == 0) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    int code = search_read_queries(&job, average ? TYTO_AVERAGING_ALL : TYTO_AVERAGING_NONE);
    if (code == EXIT_DONE && job.labels.count == 0) {
        say_error("nothing to look for: required -q IMAGE, --classes FILE or -t TEXT");
        code = EXIT_USAGE;
    }
    code = code == EXIT_DONE ? search_prepare(&job) : code;
    code = code == EXIT_DONE ? search_photos(&job) : code;
    search_end(&job);
    return code;
}

static const option options[] = {
    QUERY_OPTIONS(match_args, search,
                  "queries of one label become their mean (default), or stay classes of their own",
                  "query/classes"),
    {"scores", 0, OPTION_CHOICE, SCORES,
     "relative to the photo's best, as the reference has them (default), or as they are",
     offsetof(match_args, scores)},
    SEARCH_TEXT_OPTIONS(match_args, search),
    SEARCH_RESULT_OPTIONS(match_args, search, "the checkpoint's, or else 0.6", "all", "0.3"),
    TILE_OPTIONS(match_args, search.tiles),
    SHORTCUT_OPTIONS(match_args, search.shortcuts),
    PROCESSOR_OPTIONS(match_args, search.processor),
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto match desk.jpg -q cup.jpg --draw out.png",
     "things like the one that fills cup.jpg, found and drawn"},
    {"tyto match shots/ -q desk.jpg@120,80,260,240=cup --draw-queries chosen.png -o all.jsonl",
     "a box of a photo as the example, and a picture of the box that was taken for it"},
    {"tyto match shots/ -q cups/=cup -q plates/=plate -t \"a spoon\" --scores plain --threshold "
     "0.3",
     "folders of examples, averaged to two classes, and a third by its name"},
    {"tyto match shots/ -q cup.jpg@0.1,0.2,0.6,0.9", "a box in shares of the photo's sides"},
    {"tyto match big.jpg -q big.jpg@120,80,160,140 --tiles --draw out.png",
     "more of a small thing in the same big photo, searched in tiles"},
    {"tyto match photo.jpg --classes classes.safetensors", "classes that 'tyto embed' saved"},
    {0},
};

static const match_args defaults = {.search = {.iou = 0.3,
                                               .nms = TYTO_NMS_ALL,
                                               .format = FORMAT_UNSET,
                                               .tiles = TILES_DEFAULTS,
                                               .shortcuts = SHORTCUT_DEFAULTS}};

const command cmd_match = {
    .name = "match",
    .summary = "find things in photos by example",
    .synopsis = "IMAGE... -q IMAGE[@BOX][=LABEL]... [option...]",
    .operands = "IMAGE",
    .description =
        "Looks in each photo for what resembles the examples. An example is a photo, or a box of "
        "it: IMAGE@left,top,right,bottom in pixels, or, as 0.1,0.1,0.5,0.5, in shares of its "
        "sides. Its label is what follows '=', or its file's or folder's name. Texts and saved "
        "classes are looked for in the same run. (-q is --query here; --quiet has no short form.)\n"
        "\n"
        "The network proposes many boxes for an example, and one of them must stand for it. It is "
        "named with the results, and --draw-queries shows it; a warning is given when it hardly "
        "looks like an object. If it isn't the thing you meant, give the thing's box, or try "
        "another --rule. Of the boxes that lie where the thing is said to be, 'objectness' takes "
        "the one most like an object, 'overlap' the one that lies closest, and 'reference' the one "
        "that differs most from the rest of the picture. 'auto' is objectness where a box is "
        "given, and else reference.\n"
        "\n"
        "What scores above --threshold is kept, and of boxes that overlap the best. Scores are "
        "then given relative to the photo's best, which becomes 1; a tenth of it and less is "
        "dropped. --scores plain gives them as they are: how sure the network is, in numbers that "
        "can be compared from photo to photo.\n"
        "\n"
        "--tiles is for photos, not for examples: 'tyto detect --help' says what it does.\n"
        "\n"
        "Formats are those of 'tyto detect'; text and JSON also say which box of each example was "
        "chosen.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(match_args),
    .defaults = &defaults,
    .run = run,
};
