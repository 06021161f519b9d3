/* tyto eval: how good a model is, by the numbers that are usual for its task.
 */
#include <string.h>
#include <tyto/document.h>
#include <tyto/evaluate.h>
#include <tyto/yolo_set.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "photo_reader.h"
#include "search_options.h"
#include "signals.h"

/* What a class' name takes the place of in --prompt. */
#define PLACE TYTO_EVALUATE_PLACE

typedef struct eval_args {
    common_args common;
    const char *annotations, *data, *split, *images, *detections, *detections_in, *prompt, *output;
    int64_t top_k, limit;
    double threshold, iou;
    int nms, format;
    bool templates, best_label;
    tiles_args tiles;
    shortcut_args shortcuts;
} eval_args;

/* Everything of one run. */
typedef struct job {
    const eval_args *args;
    tyto_coco truth;
    tyto_evaluation found;
    photo_search look; /* its options; and the photo that is searched, for the bar */
    tyto_format format;
    bool limited;     /* not all images of the file take part */
    bool yolo;        /* labels of YOLO are what is there */
    int64_t n_unread; /* of its photos */
    output out;
} job;

static bool check_operands(const text_list *operands)
{
    const char *task = operands->count > 0 ? operands->items[0] : "nothing";
    if (operands->count > 1) {
        say_error("got '%s' after '%s', required one thing to evaluate", operands->items[1], task);
        return false;
    }
    if (strcmp(task, "detect") != 0) {
        say_error("got %s, required what to evaluate: detect", task);
        return false;
    }
    return true;
}

/* What --format says, or else the ending of -o. */
static bool choose_format(job *j)
{
    int format = j->args->format;
    const bool good = output_choose_format(j->args->output, &format);
    j->format = (tyto_format)format;
    return good;
}

static bool is_yaml(const char *path)
{
    const char *ending = path ? strrchr(path, '.') : NULL;
    return ending && (strcmp(ending, ".yaml") == 0 || strcmp(ending, ".yml") == 0);
}

static int check_usage(job *j)
{
    const eval_args *args = j->args;
    if (!check_operands(&args->common.operands)) {
        return EXIT_USAGE;
    }
    if (!args->annotations == !args->data) {
        say_error("%s: required --annotations FILE, or --data FILE of YOLO's",
                  args->data ? "both --annotations and --data" : "no annotations");
        return EXIT_USAGE;
    }
    if (is_yaml(args->annotations)) {
        say_error("--annotations: got %s, required --data for a set of YOLO's", args->annotations);
        return EXIT_USAGE;
    }
    j->yolo = args->data || path_is_folder(args->annotations);
    if (j->yolo && !args->images != !!args->data) {
        say_error(args->data ? "--images: the photos are those of --data, required one of the two"
                             : "%s: a folder of YOLO's labels, required --images FOLDER beside it",
                  args->annotations);
        return EXIT_USAGE;
    }
    if (args->split && !args->data) {
        say_error("--split: got no --data, whose splits there are, required that");
        return EXIT_USAGE;
    }
    if (!j->yolo && !args->images == !args->detections_in) {
        say_error("%s: required --images FOLDER to search, or --detections-in FILE to score",
                  args->images ? "both --images and --detections-in" : "nothing to score");
        return EXIT_USAGE;
    }
    if (args->detections && args->detections_in) {
        say_error(
            "--detections: the detections are read with --detections-in, required one of the two");
        return EXIT_USAGE;
    }
    tyto_evaluate_search_options_init(&j->look.options, sizeof(j->look.options));
    if (!choose_format(j) || !photo_search_read(&args->tiles, &args->shortcuts, &j->look)) {
        return EXIT_USAGE;
    }
    if (!strstr(args->prompt, PLACE)) {
        say_error("--prompt: got '%s', required a text with " PLACE " in the name's place",
                  args->prompt);
        return EXIT_USAGE;
    }
    if (args->images && !path_is_folder(args->images)) {
        say_error("%s: not a folder, required the folder of the photos", args->images);
        return EXIT_FAILED;
    }
    return !args->detections || output_check_file(args->detections) ? EXIT_DONE : EXIT_FAILED;
}

static bool read_yolo(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    const eval_args *args = j->args;
    tyto_yolo_set_options options;
    tyto_yolo_set_options_init(&options, sizeof(options));
    options.photos = args->images;
    options.split = args->split ? args->split : options.split;
    options.image = photo_options();
    options.progress = show_steps;
    options.log = say_log;
    const bool good = went_well(tyto_yolo_set_load(args->data ? args->data : args->annotations,
                                                   &options, &j->truth, &j->n_unread, &err),
                                &err);
    progress_hide();
    return good;
}

static bool read_annotations(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *file = j->args->data ? j->args->data : j->args->annotations;
    if (j->yolo ? !read_yolo(j) : !went_well(tyto_coco_load(file, &j->truth, &err), &err)) {
        return false;
    }
    tyto_coco_log_faults(&j->truth, file, say_log, NULL);
    if (j->args->limit > 0 && j->args->limit < j->truth.n_images) {
        j->truth.n_images = j->args->limit;
        j->limited = true;
    }
    return true;
}

/* A bar over the photos, and over the tiles of each. */
static bool follow(void *user, const tyto_progress *progress)
{
    photo_search *look = user;
    if (strcmp(progress->stage, TYTO_EVALUATE_STAGE) == 0) {
        look->photo = progress->subject;
        look->index = (size_t)progress->done;
        look->count = (size_t)progress->total;
        return show_steps(NULL, progress);
    }
    return photo_search_follow(look, progress);
}

/* Whoever annotated photos saw them turned or as they are stored: nobody but the user knows. */
static void warn_turned(const eval_args *args, const tyto_evaluation *found)
{
    if (found->turned > 0 && args->common.exif == OPTION_UNSET) {
        say_warning("%lld of %lld photos are turned or mirrored by EXIF, as if the annotations had "
                    "been made on them so; --exif ignore leaves them as they are stored, --exif "
                    "turn says that this is right",
                    (long long)found->turned, (long long)found->photos);
    }
}

/* Searches the photos, and keeps what was found where that is wanted. */
static bool detect(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    const eval_args *args = j->args;
    const tyto_coco_results *results = &j->found.results;
    tyto_search_options *how = &j->look.options;
    opened model = {0};
    const double began = seconds_now();
    tyto_evaluate_options options;
    how->threshold = (float)args->threshold;
    how->nms = (tyto_nms)args->nms;
    how->nms_iou = (float)args->iou;
    how->top_k = args->top_k;
    how->multi_label = !args->best_label;
    tyto_evaluate_options_init(&options, sizeof(options));
    options.prompt = args->prompt;
    options.templates = args->templates;
    options.name = args->annotations ? args->annotations : args->data;
    options.progress = follow;
    options.progress_user = &j->look;
    options.log = say_log;
    options.image = photo_options();
    /* Without categories there is nothing to look for, and no model is needed. */
    const bool good = (j->truth.n_categories == 0 || (model_open(&args->common, &model) &&
                                                      model_offers(&model, TYTO_TASK_SEARCH))) &&
                      went_well(tyto_evaluate(model.session, &j->truth, j->yolo ? "" : args->images,
                                              how, &options, &j->found, &err),
                                &err);
    progress_hide();
    model_close(&model);
    if (good) {
        const tyto_batch_summary sum = {.inputs = j->found.photos,
                                        .done = j->found.photos - j->found.unread,
                                        .failed = j->found.unread,
                                        .seconds = seconds_now() - began};
        say_summary(&sum, "found", results->count, TYTO_OK);
        warn_turned(args, &j->found);
    }
    return good &&
           (!args->detections || went_well(tyto_coco_results_save(args->detections, results->items,
                                                                  results->count, &err),
                                           &err));
}

static bool read_detections(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_evaluate_options options;
    tyto_evaluate_options_init(&options, sizeof(options));
    options.progress = go_on;
    return went_well(tyto_evaluate_results(j->args->detections_in, &j->truth, j->limited, &options,
                                           &j->found, &err),
                     &err);
}

static bool report(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes document = {0};
    const bool good =
        went_well(j->format == TYTO_FORMAT_JSON
                      ? tyto_coco_scores_json(&j->truth, &j->found.scores, &document, &err)
                      : tyto_coco_scores_text(&j->truth, &j->found.scores, &document, &err),
                  &err) &&
        output_bytes(&j->out, &document) && output_commit(&j->out);
    tyto_bytes_clear(&document);
    return good;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = check_usage(&j);
    if (code == EXIT_DONE) {
        const bool good = output_open(&j.out, j.args->output) && read_annotations(&j) &&
                          (j.args->detections_in ? read_detections(&j) : detect(&j)) && report(&j);
        code = good && j.found.unread + j.n_unread == 0 ? EXIT_DONE : EXIT_FAILED;
        output_abandon(&j.out);
    }
    tyto_evaluation_clear(&j.found);
    tyto_coco_clear(&j.truth);
    return code;
}

#define AT(field) offsetof(eval_args, field)
static const option options[] = {
    {"annotations", 'a', OPTION_TEXT, "FILE",
     "what is there: a COCO \"instances\" file with images, categories and annotations; or a "
     "folder "
     "of YOLO's labels with classes.txt",
     AT(annotations), .files = COMPLETES_FILES},
    {"data", 0, OPTION_TEXT, "FILE",
     "the same, and the photos: data.yaml of a YOLO set, or - for standard input", AT(data),
     .files = COMPLETES_FILES},
    {"split", 0, OPTION_TEXT, "NAME",
     "of --data: which photos, such as train or test (default val)", AT(split)},
    {"images", 'i', OPTION_TEXT, "FOLDER", "search the photos there, by the file names of FILE",
     AT(images), .files = COMPLETES_FOLDERS},
    {"detections-in", 0, OPTION_TEXT, "FILE",
     "score a COCO \"results\" file instead; no model is needed", AT(detections_in),
     .files = COMPLETES_FILES},
    {"detections", 0, OPTION_TEXT, "FILE",
     "write what was found as a COCO \"results\" file, at the end: nothing is kept of a run that "
     "is "
     "interrupted",
     AT(detections), .files = WRITES_FILES},
    {"prompt", 0, OPTION_TEXT, "TEXT",
     "what is looked for, with " PLACE " in the name's place (default: the name alone)", AT(prompt),
     .needs = "images/data,!detections-in"},
    {"templates", 0, OPTION_FLAG, NULL,
     "put each text into the seven prompts of the OWL-ViT authors and average them", AT(templates),
     .needs = "images/data,!detections-in"},
    {"threshold", 0, OPTION_REAL, "X", "keep scores above X (default 0: all)", AT(threshold), 0, 1,
     .needs = "images/data,!detections-in"},
    {"top-k", 0, OPTION_INTEGER, "N", "keep the N best of each photo (default 100)", AT(top_k), 1,
     1e9, .needs = "images/data,!detections-in"},
    {"best-label", 0, OPTION_FLAG, NULL, "give a box its best label only, not every one",
     AT(best_label), .needs = "images/data,!detections-in"},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "drop boxes that overlap a better one of the same label, or of any (default off)", AT(nms),
     .needs = "images/data,!detections-in"},
    {"iou", 0, OPTION_REAL, "X", "for --nms: how much overlap is too much (default 0.5)", AT(iou),
     0, 1, .needs = "nms=class|all"},
    TILE_OPTIONS(eval_args, tiles),
    SHORTCUT_OPTIONS(eval_args, shortcuts),
    {"limit", 0, OPTION_INTEGER, "N", "only the first N images of FILE", AT(limit), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, "text|json",
     "tables, or one object of JSON (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "PATH", "write the numbers there instead of standard output",
     AT(output), .files = WRITES_FILES},
    READING_OPTIONS("images/data,!detections-in"),
    {0},
};

static const example examples[] = {
    {"tyto eval detect --annotations instances.json --images photos/",
     "how well the model that comes with tyto finds the categories by their names"},
    {"tyto eval detect -m google/owlv2-base-patch16-ensemble -a instances.json -i photos/ --prompt "
     "\"a "
     "photo of a {}\" --detections found.json -o scores.json",
     "a checkpoint of your own, another wording, and both the detections and the numbers kept"},
    {"tyto eval detect -a instances.json -i photos/ --tiles=480 --tile-overlap 0.3",
     "what searching in tiles is worth on these photos"},
    {"tyto eval detect --data data.yaml -m google/owlv2-base-patch16-ensemble",
     "the photos and labels of the split val of a YOLO set"},
    {"tyto eval detect -a labels/ -i photos/", "labels as 'tyto detect --format yolo' writes them"},
    {"tyto eval detect -a instances.json --detections-in found.json",
     "the numbers again, or those of any other detector, without a model"},
    {0},
};

static const eval_args defaults = {.common = {.exif = OPTION_UNSET},
                                   .prompt = PLACE,
                                   .format = OPTION_UNSET,
                                   .top_k = 100,
                                   .iou = 0.5,
                                   .tiles = TILES_DEFAULTS,
                                   .shortcuts = SHORTCUT_DEFAULTS};

const command cmd_eval = {
    .name = "eval",
    .summary = "measure how well a model finds things",
    .synopsis =
        "detect (--annotations FILE (--images FOLDER | --detections-in FILE) | --data FILE) "
        "[option...]",
    .operands = "detect",
    .description =
        "Searches every photo of an annotation file for all its categories, and compares the 100 "
        "best pairs of box and category with what is there, by COCO's definition: average "
        "precision over IoU 0.50 to 0.95, at 0.50 and at 0.75, for small, medium and large "
        "objects, average recall, and the same for each class. The numbers are those of "
        "pycocotools.\n"
        "\n"
        "JSON is one object: images, objects, the twelve numbers (ap, ap50, ap75, ap_small, "
        "ap_medium, ap_large, ar1, ar10, ar100, ar_small, ar_medium, ar_large) and classes, an "
        "array of objects with category_id, name, objects and the same twelve. A number is -1 (in "
        "tables a dash) where nothing is there to be found.\n"
        "\n"
        "Annotations are read as pycocotools reads them. Photos are looked for in --images by "
        "their "
        "whole names first, then without the folders that these begin with.\n"
        "\n"
        "YOLO's labels are boxes or outlines, whose boxes count, in parts of the photo as it is "
        "shown; "
        "a photo without a file of labels shows nothing, which is warned of, and one of all has to "
        "have it. data.yaml says names and photos, and "
        "labels "
        "lie in labels/ as photos do in images/; a category's id is its number plus 1.\n"
        "\n"
        "A photo that can't be read is reported and counts as if nothing was found in it; the exit "
        "status is then 1.",
    .options = options,
    .words = "detect",
    .examples = examples,
    .args_bytes = sizeof(eval_args),
    .defaults = &defaults,
    .run = run,
};
