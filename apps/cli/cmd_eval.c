/* tyto eval: how good a model is, by the numbers that are usual for its task.
 */
#include <stdlib.h>
#include <string.h>
#include <tyto/eval.h>
#include <tyto/search.h>

#include "commands.h"
#include "evaluation.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "photo_reader.h"
#include "search_options.h"
#include "signals.h"

/* What a class' name takes the place of in --prompt. */
#define PLACE "{}"

enum { FORMAT_TEXT, FORMAT_JSON };

typedef struct eval_args {
    common_args common;
    const char *annotations, *images, *detections, *detections_in, *prompt, *output;
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
    tyto_coco_results results;
    size_t capacity; /* of results.items while they are being collected */
    photo_search look;
    opened with;
    tyto_vocabulary *vocabulary;
    size_t unread, other_sizes; /* photos */
    bool limited;               /* not all images of the file take part */
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

/* A file to write must not be one that is read. */
static bool check_place(const eval_args *args, const char *name, const char *path)
{
    if (!path || strcmp(path, "-") == 0) {
        return true;
    }
    if (path_same_file(path, args->annotations) ||
        (args->detections_in && path_same_file(path, args->detections_in))) {
        say_error("%s: %s is read, required another place", name, path);
        return false;
    }
    return true;
}

static int check_usage(job *j)
{
    const eval_args *args = j->args;
    if (!check_operands(&args->common.operands)) {
        return EXIT_USAGE;
    }
    if (!args->annotations) {
        say_error("no annotations: required --annotations FILE");
        return EXIT_USAGE;
    }
    if (!args->images == !args->detections_in) {
        say_error("%s: required --images FOLDER to search, or --detections-in FILE to score",
                  args->images ? "both --images and --detections-in" : "nothing to score");
        return EXIT_USAGE;
    }
    if (args->detections && args->detections_in) {
        say_error(
            "--detections: the detections are read with --detections-in, required one of the two");
        return EXIT_USAGE;
    }
    tyto_search_options_init(&j->look.options, sizeof(j->look.options));
    if (!photo_search_read(&args->tiles, &args->shortcuts, &j->look)) {
        return EXIT_USAGE;
    }
    if (!strstr(args->prompt, PLACE)) {
        say_error("--prompt: got '%s', required a text with " PLACE " in the name's place",
                  args->prompt);
        return EXIT_USAGE;
    }
    if (!check_place(args, "-o", args->output) ||
        !check_place(args, "--detections", args->detections)) {
        return EXIT_USAGE;
    }
    if (args->images && !path_is_folder(args->images)) {
        say_error("%s: not a folder, required the folder of the photos", args->images);
        return EXIT_FAILED;
    }
    return !args->detections || output_check_file(args->detections) ? EXIT_DONE : EXIT_FAILED;
}

static bool read_annotations(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *file = j->args->annotations;
    if (tyto_coco_open(file, &j->truth, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    if (j->truth.n_strangers > 0) {
        say_warning(
            "%s: %zu annotations name an image or a category that is not listed; they are left out",
            file, j->truth.n_strangers);
    }
    if (j->truth.has_id_zero) {
        say_warning("%s: an annotation has the id 0; pycocotools takes that object as never found",
                    file);
    }
    if (j->args->limit > 0 && (size_t)j->args->limit < j->truth.n_images) {
        j->truth.n_images = (size_t)j->args->limit;
        j->limited = true;
    }
    return true;
}

/* The prompt with the name in each place; newly allocated. */
static char *fill_prompt(const char *prompt, const char *name)
{
    char *text = take_text("%s", "");
    for (const char *at = prompt, *place; *at; at = place + strlen(PLACE)) {
        place = strstr(at, PLACE);
        char *longer = place ? take_text("%s%.*s%s", text, (int)(place - at), at, name)
                             : take_text("%s%s", text, at);
        free(text);
        text = longer;
        if (!place) {
            break;
        }
    }
    return text;
}

static bool open_vocabulary(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    text_list texts = {0};
    for (size_t i = 0; i < j->truth.n_categories; i++) {
        char *text = fill_prompt(j->args->prompt, j->truth.categories[i].name);
        text_list_add(&texts, text, strlen(text));
        free(text);
    }
    bool good = model_open(&j->args->common, &j->with) && model_offers(&j->with, TYTO_TASK_SEARCH);
    tyto_embed_options options;
    tyto_embed_options_init(&options, sizeof(options));
    options.templates = j->args->templates;
    if (good &&
        (tyto_search_check(j->with.session, &j->look.options, &err) != TYTO_OK ||
         tyto_vocabulary_create(j->with.session, (const char *const *)texts.items,
                                (int64_t)texts.count, &options, &j->vocabulary, &err) != TYTO_OK)) {
        say_tyto_error(&err);
        good = false;
    }
    j->look.session = j->with.session;
    j->look.vocabulary = j->vocabulary;
    text_list_clear(&texts);
    return good;
}

static void add_result(job *j, int64_t image_id, const tyto_detection *found)
{
    tyto_coco_results *list = &j->results;
    if (list->count == j->capacity) {
        j->capacity = j->capacity > 0 ? 2 * j->capacity : 1024;
        list->items = take_more(list->items, j->capacity, sizeof(*list->items));
    }
    const tyto_box *box = &found->box;
    list->items[list->count++] = (tyto_coco_result){
        .image_id = image_id,
        .category_id = j->truth.categories[found->label].id,
        .box = {.x = (double)box->xmin,
                .y = (double)box->ymin,
                .width = (double)box->xmax - (double)box->xmin,
                .height = (double)box->ymax - (double)box->ymin},
        .score = (double)found->score,
    };
}

/* False when the photo can't be read or searched. */
static bool search_photo(job *j, const tyto_coco_image *image, photo_reader *reader)
{
    const char *path = reader->photos->items[reader->next];
    tyto_image photo = {0};
    tyto_detections found = {0};
    j->look.photo = path;
    j->look.index = reader->next;
    j->look.count = reader->photos->count;
    const bool good =
        photo_reader_next(reader, &photo) && photo_search_run(&j->look, &photo, &found);
    for (int64_t i = 0; i < found.count; i++) {
        add_result(j, image->id, &found.items[i]);
    }
    const bool sized = image->width_px > 0 && image->height_px > 0;
    j->other_sizes +=
        good && sized && (image->width_px != photo.width_px || image->height_px != photo.height_px);
    tyto_detections_clear(&found);
    tyto_image_clear(&photo);
    return good;
}

static bool list_paths(const job *j, text_list *paths)
{
    for (size_t i = 0; i < j->truth.n_images; i++) {
        const tyto_coco_image *image = &j->truth.images[i];
        if (!image->file_name) {
            say_error("%s: 'images[%zu].file_name': got nothing, required the photo's name",
                      j->args->annotations, i);
            return false;
        }
        char *path = path_join(j->args->images, image->file_name);
        text_list_add(paths, path, strlen(path));
        free(path);
    }
    return true;
}

static bool search_all(job *j)
{
    const double began = seconds_now();
    text_list paths = {0};
    photo_reader reader = {.photos = &paths};
    const bool named = list_paths(j, &paths);
    for (size_t i = 0; named && i < paths.count && !interrupted(); i++) {
        progress_show(i, paths.count, j->truth.images[i].file_name);
        j->unread += !search_photo(j, &j->truth.images[i], &reader);
    }
    progress_hide();
    photo_reader_end(&reader);
    text_list_clear(&paths);
    if (!named) {
        return false;
    }
    say_info("%zu photos searched in %.1f s", j->truth.n_images, seconds_now() - began);
    if (j->unread > 0) {
        say_warning("%zu of %zu photos could not be searched; nothing counts as found in them",
                    j->unread, j->truth.n_images);
    }
    if (j->other_sizes > 0) {
        say_warning("%zu of %zu photos have another size than the annotations say; their boxes may "
                    "lie elsewhere",
                    j->other_sizes, j->truth.n_images);
    }
    return !interrupted();
}

static bool detect(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    const eval_args *args = j->args;
    tyto_search_options *options = &j->look.options;
    options->threshold = (float)args->threshold;
    options->nms = (tyto_nms_mode)args->nms;
    options->nms_iou = (float)args->iou;
    options->top_k = args->top_k;
    options->multi_label = !args->best_label;
    if (j->truth.n_categories > 0 && (!open_vocabulary(j) || !search_all(j))) {
        return false;
    }
    if (args->detections && tyto_coco_results_save(args->detections, j->results.items,
                                                   j->results.count, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

static int by_id(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

/* Of results read from a file, those of the images that --limit leaves. */
static void keep_listed(job *j)
{
    tyto_coco_results *list = &j->results;
    const size_t count = j->truth.n_images;
    int64_t *ids = take(count, sizeof(*ids));
    for (size_t i = 0; i < count; i++) {
        ids[i] = j->truth.images[i].id;
    }
    qsort(ids, count, sizeof(*ids), by_id);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (bsearch(&list->items[i].image_id, ids, count, sizeof(*ids), by_id)) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
    free(ids);
}

static bool read_detections(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_coco_results_open(j->args->detections_in, &j->results, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    if (j->limited) {
        keep_listed(j);
    }
    return true;
}

static bool report(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco_scores scores = {0};
    if (tyto_coco_evaluate(&j->truth, j->results.items, j->results.count, &scores, &err) !=
        TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    const evaluation of = {&j->truth, &scores};
    if (j->args->format == FORMAT_JSON) {
        evaluation_write_json(&of, j->out.stream);
    } else {
        evaluation_write_text(&of, j->out.stream);
    }
    tyto_coco_scores_clear(&scores);
    return output_commit(&j->out);
}

static int run(void *given)
{
    job j = {.args = given};
    int code = check_usage(&j);
    if (code == EXIT_DONE) {
        bool good = output_open(&j.out, j.args->output) && read_annotations(&j) &&
                    (j.args->images ? detect(&j) : read_detections(&j)) && report(&j);
        code = good && j.unread == 0 ? EXIT_DONE : EXIT_FAILED;
        output_abandon(&j.out);
    }
    tyto_vocabulary_destroy(j.vocabulary);
    model_close(&j.with);
    tyto_coco_results_clear(&j.results);
    tyto_coco_clear(&j.truth);
    return code;
}

#define AT(field) offsetof(eval_args, field)
static const option options[] = {
    {"annotations", 'a', OPTION_TEXT, "FILE",
     "what is there: a COCO \"instances\" file with images, categories and annotations",
     AT(annotations), .files = COMPLETES_FILES},
    {"images", 'i', OPTION_TEXT, "FOLDER", "search the photos there, by the file names of FILE",
     AT(images), .files = COMPLETES_FOLDERS},
    {"detections-in", 0, OPTION_TEXT, "FILE",
     "score a COCO \"results\" file instead; no model is needed", AT(detections_in),
     .files = COMPLETES_FILES},
    {"detections", 0, OPTION_TEXT, "FILE", "write what was found as a COCO \"results\" file",
     AT(detections), .files = COMPLETES_FILES},
    {"prompt", 0, OPTION_TEXT, "TEXT",
     "what is looked for, with " PLACE " in the name's place (default: the name alone)",
     AT(prompt)},
    {"templates", 0, OPTION_FLAG, NULL,
     "put each text into the seven prompts of the OWL-ViT authors and average them", AT(templates)},
    {"threshold", 0, OPTION_REAL, "X", "keep scores above X (default 0: all)", AT(threshold), 0, 1},
    {"top-k", 0, OPTION_INTEGER, "N", "keep the N best of each photo (default 100)", AT(top_k), 1,
     1e9},
    {"best-label", 0, OPTION_FLAG, NULL, "give a box its best label only, not every one",
     AT(best_label)},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "drop boxes that overlap a better one of the same label, or of any (default off)", AT(nms)},
    {"iou", 0, OPTION_REAL, "X", "for --nms: how much overlap is too much (default 0.5)", AT(iou),
     0, 1},
    TILE_OPTIONS(eval_args, tiles),
    SHORTCUT_OPTIONS(eval_args, shortcuts),
    {"limit", 0, OPTION_INTEGER, "N", "only the first N images of FILE", AT(limit), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, "text|json", "tables (default), or one object of JSON",
     AT(format)},
    {"output", 'o', OPTION_TEXT, "PATH", "write the numbers there instead of standard output",
     AT(output), .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto eval detect --annotations instances.json --images photos/",
     "how well the model that comes with tyto finds the categories by their names"},
    {"tyto eval detect -m owlv2-base-patch16-ensemble -a instances.json -i photos/ --prompt \"a "
     "photo of a {}\" --detections found.json --format json -o scores.json",
     "a checkpoint of your own, another wording, and both the detections and the numbers kept"},
    {"tyto eval detect -a instances.json -i photos/ --tiles=480 --tile-overlap 0.3",
     "what searching in tiles is worth on these photos"},
    {"tyto eval detect -a instances.json --detections-in found.json",
     "the numbers again, or those of any other detector, without a model"},
    {0},
};

static const eval_args defaults = {.prompt = PLACE,
                                   .top_k = 100,
                                   .iou = 0.5,
                                   .tiles = TILES_DEFAULTS,
                                   .shortcuts = SHORTCUT_DEFAULTS};

const command cmd_eval = {
    .name = "eval",
    .summary = "measure how well a model finds things",
    .synopsis = "detect --annotations FILE (--images FOLDER | --detections-in FILE) [option...]",
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
        "A photo that can't be read is reported and counts as if nothing was found in it; the exit "
        "status is then 1.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(eval_args),
    .defaults = &defaults,
    .run = run,
};
