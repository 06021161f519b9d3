/* tyto detect: what is where in photos, by names. */
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "messages.h"
#include "search.h"

typedef struct detect_args {
    common_args common;
    search_args search;
} detect_args;

/* Without anything to look for, boxes are proposed by objectness. */
#define OBJECT "object"

/* A word without a file's marks that names none was meant as what to look for. */
static void advise_texts(const text_list *operands)
{
    for (size_t i = 0; i < operands->count; i++) {
        const char *word = operands->items[i];
        if (!strpbrk(word, "./*?[@") && strcmp(word, "-") != 0 && access(word, F_OK) != 0) {
            say_warning("%s: no such photo; what to look for is given by -t: -t '%s'", word, word);
        }
    }
}

static int run(void *given)
{
    const detect_args *args = given;
    search job = {.common = &args->common, .args = &args->search};
    tyto_search_options_init(&job.look.options, sizeof(job.look.options));
    if (args->common.operands.count == 0) {
        say_error("no photo: required IMAGE, a folder, or -, or VIDEO");
        return EXIT_USAGE;
    }
    int code =
        args->search.tree ? search_read_tree(&job) : search_read_queries(&job, TYTO_AVERAGING_NONE);
    if (job.labels.count == 0 && !args->search.tree) {
        advise_texts(&args->common.operands);
        text_list_add(&job.labels, OBJECT, strlen(OBJECT));
    }
    code = code == EXIT_DONE ? search_prepare(&job) : code;
    if (code == EXIT_DONE) {
        code = (job.tree               ? search_trees
                : job.videos.count > 0 ? search_videos
                                       : search_photos)(&job);
    }
    search_end(&job);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(detect_args, search),
    SEARCH_RESULT_OPTIONS(detect_args, search, "the checkpoint's, or else 0.1", "off", "0.5"),
    TILE_OPTIONS(detect_args, search.tiles),
    SHORTCUT_OPTIONS(detect_args, search.shortcuts),
    PROCESSOR_OPTIONS(detect_args, search.processor),
    VIDEO_OPTIONS(detect_args, search),
    TREE_OPTIONS(detect_args, search),
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto detect photo.jpg -t \"a cat\" -t \"a remote\" --draw out.png",
     "a table of what is found, and a picture of it"},
    {"tyto detect -m google/owlv2-base-patch16-ensemble photo.jpg -t \"a cat\" --nms class "
     "--format json",
     "one object of JSON, from a checkpoint of your own; of boxes that overlap, the best"},
    {"tyto detect shots/ --labels names.txt --threshold 0.2 --threshold \"a dog=0.4\" -o all.jsonl",
     "a folder of photos, names from a file, and one name that needs a higher score"},
    {"tyto detect shots/ --labels names.txt --format yolo -o labels/ --draw drawn/",
     "labels for training, and pictures to check them by"},
    {"tyto detect shots/ -r -t \"a cat\" -t \"a dog\" --crops cut/ -o found.csv",
     "a picture of each cat and dog, in folders of these names"},
    {"curl -s https://example.org/photo.jpg | tyto detect - -t \"a car\" --top-k 3",
     "the three best in a photo from standard input"},
    {"tyto detect big.jpg -t \"a car\" --tiles --draw out.png",
     "small things in a big photo: searched as a whole, and in tiles at full resolution"},
    {"tyto detect shots/ -t \"a car\" --skip-padding -o found.csv",
     "an approximation that takes less time for photos that aren't square"},
    {"tyto detect in.mp4 -t \"a car\" --track --draw out.mp4 -f jsonl -o found.jsonl",
     "a video: a line per frame, with an identity for each car, and a video that shows them"},
    {"tyto detect clips/ -r -t \"a car\" --draw drawn/ -o found.jsonl --resume",
     "all videos of a folder and those within; what an earlier run has done stays"},
    {"tyto detect photo.jpg --tree \"[a face [an eye, a nose] (happy, sad)]\" --draw out.png",
     "faces, eyes and noses in each, and which of two words fits it better"},
    {"tyto detect photo.jpg --nms all --draw objects.png",
     "whatever looks like an object, without any text"},
    {0},
};

static const detect_args defaults = {.search = {.iou = 0.5,
                                                .nms = OPTION_UNSET,
                                                .every = 1,
                                                .tree_regions = 100,
                                                .format = FORMAT_UNSET,
                                                .tiles = TILES_DEFAULTS,
                                                .shortcuts = SHORTCUT_DEFAULTS}};

const command cmd_detect = {
    .name = "detect",
    .summary = "find things in photos and videos by text",
    .synopsis = "IMAGE... | VIDEO... [-t TEXT... | --tree TREE] [option...]",
    .operands = "IMAGE or VIDEO",
    .description =
        "Looks for each text in each photo and gives boxes with scores, highest first. A box has "
        "its best label; boxes are left, top, right, bottom in pixels. Without any text or class, "
        "boxes are proposed by how much they look like an object, whatever it is.\n"
        "\n"
        "With --tiles, a photo larger than a tile is searched whole and then tile by tile, at a "
        "multiple of the time; what several of these searches see is given once. A thing that no "
        "tile sees whole is put together from its parts.\n"
        "\n"
        "Videos are searched frame by frame: JSON has an object per frame, with video, frame, "
        "time_s "
        "and, with --track, a track of each detection, from 1, or null where it is too poor to "
        "begin "
        "one. Of several, and of a folder that holds no photo, each is searched by itself and "
        "drawn "
        "into the folder of --draw; one that can't be read is reported.\n"
        "\n"
        "A TREE is one or more lists. Square brackets hold texts to look for; in each thing that "
        "is "
        "found, cut out of the photo, the lists behind its text are answered. Round brackets hold "
        "texts of which the one is chosen that the thing, or the photo, is most like as a whole, "
        "as "
        "tyto similarity has it. A threshold may follow a text, as in \"a face@0.3\". A text in "
        "double quotes is as it is, and so is any character behind a backslash; in it, \\n is a "
        "line end. Of overlapping boxes of one text the best is kept, unless --nms says otherwise. "
        "Results are text, json or jsonl: found is a list of what has label, score and box, or "
        "choices (label, logit, probability), and inside, the list of what is in it, if the tree "
        "asks for that. docs/trees.md shows it.\n"
        "\n"
        "JSON is an object per photo with image, width, height, threshold and detections (label, "
        "label_index, score, box with xmin, ymin, xmax, ymax); several photos are an array, or a "
        "line each with jsonl. coco is a document of images, categories and annotations with "
        "scores; coco-results is the list of results that COCO's tools evaluate, where category 1 "
        "is the first text and a photo's id is the number that its name is, or else its place; "
        "--ids-from takes both from an existing set. "
        "yolo writes 'class x y width height' relative to the photo, one file per photo, and "
        "classes.txt; voc is an XML file per photo; odvg, openimages and labelstudio are what "
        "these "
        "import.\n"
        "\n"
        "A photo that can't be read is reported and the others go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(detect_args),
    .defaults = &defaults,
    .run = run,
};
