/* tyto detect: what is where in photos, by names. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/draw.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "results.h"
#include "signals.h"

enum { FORMAT_UNSET = -1 };

typedef struct detect_args {
    common_args common;
    text_list texts, thresholds;
    const char *labels_file, *output, *draw;
    bool templates, multi_label, scores;
    int nms, boxes, format;
    double iou;
    int64_t top_k;
} detect_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const detect_args *args;
    text_list labels, photos;
    float *label_thresholds; /* one per label */
    bool input_missing;      /* an operand held no photo */
    bool draw_in_folder;
    tyto_postprocess_options options;
    opened with;
    tyto_vocabulary *vocabulary;
    result_writer results;
} job;

/* "0.3" for all labels, or "LABEL=0.3" for one. */
static bool read_threshold(job *j, const char *text)
{
    const char *equals = strrchr(text, '='), *number = equals ? equals + 1 : text;
    char *end;
    const float value = strtof(number, &end);
    if (end == number || *end || !(value >= 0.0F && value <= 1.0F)) {
        say_error("--threshold: got '%s', required a number from 0 to 1, or LABEL=NUMBER", text);
        return false;
    }
    if (!equals) {
        j->options.threshold = value;
        return true;
    }
    const size_t length = (size_t)(equals - text);
    bool known = false;
    for (size_t i = 0; i < j->labels.count; i++) {
        if (strlen(j->labels.items[i]) == length && memcmp(j->labels.items[i], text, length) == 0) {
            j->label_thresholds[i] = value;
            known = true;
        }
    }
    if (!known) {
        say_error("--threshold: got the label '%.*s', required one of the texts", (int)length,
                  text);
    }
    return known;
}

static bool read_thresholds(job *j)
{
    const text_list *given = &j->args->thresholds;
    j->label_thresholds = take(j->labels.count, sizeof(*j->label_thresholds));
    for (size_t i = 0; i < j->labels.count; i++) {
        j->label_thresholds[i] = -1.0F;
    }
    for (size_t i = 0; i < given->count; i++) {
        if (!read_threshold(j, given->items[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < j->labels.count; i++) {
        if (j->label_thresholds[i] < 0.0F) {
            j->label_thresholds[i] = j->options.threshold;
        }
    }
    j->options.label_thresholds = j->label_thresholds;
    return true;
}

/* -t first, then the lines of --labels. Returns the exit code so far. */
static int read_labels(job *j)
{
    const detect_args *args = j->args;
    for (size_t i = 0; i < args->texts.count; i++) {
        const char *text = args->texts.items[i];
        if (!*text) {
            say_error("--text: got an empty text, required what to look for");
            return EXIT_USAGE;
        }
        text_list_add(&j->labels, text, strlen(text));
    }
    if (args->labels_file) {
        const size_t before = j->labels.count;
        if (!read_lines(args->labels_file, false, &j->labels)) {
            return EXIT_FAILED;
        }
        if (j->labels.count == before) {
            say_error("%s: no label in it, required one per line", args->labels_file);
            return EXIT_FAILED;
        }
    }
    if (j->labels.count == 0) {
        say_error("nothing to look for: required -t TEXT or --labels FILE");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static bool can_draw(const char *path)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcasecmp(path_ending(path), endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The drawn photo keeps its name; one that tells no format becomes a PNG. */
static char *drawn_name(const char *photo)
{
    const char *base = strcmp(photo, "-") == 0 ? "stdin" : path_base(photo);
    return take_text("%s%s", base, can_draw(base) ? "" : ".png");
}

static char *drawn_path(const job *j, const char *photo)
{
    char *name = drawn_name(photo);
    char *path =
        j->draw_in_folder ? path_join(j->args->draw, name) : take_text("%s", j->args->draw);
    free(name);
    return path;
}

/* A result must not take the place of a photo. */
static bool spares_photos(const job *j)
{
    bool good = true;
    for (size_t i = 0; i < j->photos.count && good; i++) {
        char *path = drawn_path(j, j->photos.items[i]);
        for (size_t k = 0; k < j->photos.count && good; k++) {
            if (path_same_file(path, j->photos.items[k])) {
                say_error("--draw: %s is the photo itself, required another place", path);
                good = false;
            }
        }
        free(path);
    }
    return good;
}

static int check_draw(job *j)
{
    const char *draw = j->args->draw;
    if (!draw) {
        return EXIT_DONE;
    }
    if (!*draw) {
        say_error("--draw: got an empty name, required a file or a folder");
        return EXIT_USAGE;
    }
    const bool slash = draw[strlen(draw) - 1] == '/';
    j->draw_in_folder = j->photos.count > 1 || slash || path_is_folder(draw);
    if (!j->draw_in_folder && !can_draw(draw)) {
        say_error("--draw: got '%s', required a name that ends in .png, .jpg or .webp, or a folder",
                  draw);
        return EXIT_USAGE;
    }
    if (j->draw_in_folder && !check_distinct(&j->photos, drawn_name, "drawn to")) {
        return EXIT_USAGE;
    }
    if (j->draw_in_folder ? !output_make_folder(draw) : !output_check_file(draw)) {
        return EXIT_FAILED;
    }
    return spares_photos(j) ? EXIT_DONE : EXIT_USAGE;
}

/* Without --format, what -o's ending says. */
static int chosen_format(const detect_args *args)
{
    if (args->format == FORMAT_UNSET && args->output) {
        size_t length;
        const char *ending = path_ending(args->output), *word;
        for (int i = 0; (word = choice_word(RESULT_FORMATS, i, &length)) != NULL; i++) {
            if (*ending && strlen(ending + 1) == length && memcmp(ending + 1, word, length) == 0) {
                return i;
            }
        }
    }
    return args->format == FORMAT_UNSET ? 0 : args->format;
}

static bool all_numbered(const text_list *photos)
{
    for (size_t i = 0; i < photos->count; i++) {
        const char *base = path_base(photos->items[i]);
        const size_t length = strlen(base) - strlen(path_ending(base));
        if (length == 0 || length > 18 || strspn(base, "0123456789") != length) {
            return false;
        }
    }
    return true;
}

static int check_results(job *j)
{
    const detect_args *args = j->args;
    j->results = (result_writer){
        .format = &result_formats[chosen_format(args)],
        .labels = (const char *const *)j->labels.items,
        .n_labels = j->labels.count,
        .path = args->output && strcmp(args->output, "-") != 0 ? args->output : NULL,
        .many = j->photos.count > 1,
        .scores = args->scores,
        .numbered = all_numbered(&j->photos),
    };
    if (j->results.format->folder && j->results.many) {
        if (!j->results.path) {
            say_error("--format yolo: required -o FOLDER for more than one photo");
            return EXIT_USAGE;
        }
        if (!check_distinct(&j->photos, yolo_name, "written to")) {
            return EXIT_USAGE;
        }
    }
    for (size_t i = 0; j->results.path && i < j->photos.count; i++) {
        if (path_same_file(j->results.path, j->photos.items[i])) {
            say_error("-o: %s is one of the photos, required another place", j->results.path);
            return EXIT_USAGE;
        }
    }
    return results_open(&j->results) ? EXIT_DONE : EXIT_FAILED;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const detect_args *args = j->args;
    tyto_postprocess_options_init(&j->options);
    j->options.nms = (tyto_nms_mode)args->nms;
    j->options.boxes = (tyto_boxes_mode)args->boxes;
    j->options.nms_iou = (float)args->iou;
    j->options.top_k = args->top_k;
    j->options.multi_label = args->multi_label;
    if (args->common.operands.count == 0) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    int code = read_labels(j);
    if (code == EXIT_DONE && !read_thresholds(j)) {
        code = EXIT_USAGE;
    }
    if (code != EXIT_DONE) {
        return code;
    }
    j->input_missing = !list_photos(&args->common.operands, &j->photos);
    if (j->photos.count == 0) {
        return EXIT_FAILED;
    }
    code = check_draw(j);
    return code == EXIT_DONE ? check_results(j) : code;
}

static bool open_vocabulary(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!model_open(&j->args->common, &j->with)) {
        return false;
    }
    const double began = seconds_now();
    if (tyto_vocabulary_create(j->with.session, (const char *const *)j->labels.items,
                               j->labels.count, j->args->templates, &j->vocabulary,
                               &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    say_info("%zu texts encoded in %.2f s", j->labels.count, seconds_now() - began);
    return true;
}

static bool draw(const job *j, const char *photo, tyto_image *image, const tyto_detections *found)
{
    tyto_error err = TYTO_ERROR_INIT;
    char *path = drawn_path(j, photo);
    tyto_status status = tyto_draw_detections(image, found, (const char *const *)j->labels.items,
                                              j->labels.count, &err);
    if (status == TYTO_OK) {
        status = tyto_image_save(path, image, &err);
    }
    if (status != TYTO_OK) {
        say_tyto_error(&err);
    }
    free(path);
    return status == TYTO_OK;
}

/* One photo. *writable becomes false when results can't be written any more. */
static bool detect_in(job *j, size_t index, bool *writable)
{
    const char *photo = j->photos.items[index];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    tyto_detections found = {0};
    const double began = seconds_now();
    bool good = load_photo(photo, &image);
    const double loaded = seconds_now();
    if (good &&
        tyto_detect(j->with.session, j->vocabulary, &image, &j->options, &found, &err) != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    if (good) {
        say_info("%s: read in %.3f s, searched in %.3f s", photo, loaded - began,
                 seconds_now() - loaded);
        const photo_result result = {.photo = photo,
                                     .index = index,
                                     .width_px = image.width_px,
                                     .height_px = image.height_px,
                                     .threshold = j->options.threshold,
                                     .found = &found};
        progress_hide();
        *writable = results_photo(&j->results, &result);
        good = *writable && (!j->args->draw || draw(j, photo, &image, &found));
    }
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
    return good;
}

static int detect_in_all(job *j)
{
    bool good = !j->input_missing, writable = true;
    for (size_t i = 0; i < j->photos.count && writable && !interrupted(); i++) {
        progress_show(i, j->photos.count, j->photos.items[i]);
        good = detect_in(j, i, &writable) && good;
    }
    progress_hide();
    const bool keep = writable && !interrupted() && j->results.written > 0;
    good = results_end(&j->results, keep) && good;
    return good && keep ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = open_vocabulary(&j) ? detect_in_all(&j) : EXIT_FAILED;
    }
    results_drop(&j.results);
    tyto_vocabulary_destroy(j.vocabulary);
    model_close(&j.with);
    text_list_clear(&j.labels);
    text_list_clear(&j.photos);
    free(j.label_thresholds);
    return code;
}

#define AT(field) offsetof(detect_args, field)
static const option options[] = {
    {"text", 't', OPTION_TEXTS, "TEXT", "what to look for, such as \"a photo of a cat\"; repeat it",
     AT(texts)},
    {"labels", 'l', OPTION_TEXT, "FILE", "more texts, one per line; - is standard input",
     AT(labels_file), .files = COMPLETES_FILES},
    {"templates", 0, OPTION_FLAG, NULL,
     "put each text into the seven prompts of the OWL-ViT authors and average them", AT(templates)},
    {"threshold", 0, OPTION_TEXTS, "X",
     "keep scores above X, 0 to 1 (default 0.1); LABEL=X for one text; repeat it", AT(thresholds)},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "drop boxes that overlap a better one of the same label, or of any (default off)", AT(nms)},
    {"iou", 0, OPTION_REAL, "X", "for --nms: how much overlap is too much (default 0.5)", AT(iou),
     0, 1},
    {"top-k", 0, OPTION_INTEGER, "N", "keep the N best of each photo", AT(top_k), 1, 1e9},
    {"multi-label", 0, OPTION_FLAG, NULL,
     "give a box every label above its threshold, not the best one only", AT(multi_label)},
    {"boxes", 0, OPTION_CHOICE, "image|reference",
     "boxes in the photo's pixels, inside it (default), or as the reference scales them",
     AT(boxes)},
    {"draw", 'd', OPTION_TEXT, "PATH", "draw the boxes: a picture for one photo, a folder for many",
     AT(draw), .files = COMPLETES_FILES},
    {"format", 'f', OPTION_CHOICE, RESULT_FORMATS,
     "how results are written (default: what -o's ending says, or else text)", AT(format)},
    {"yolo-scores", 0, OPTION_FLAG, NULL, "YOLO: the score as a sixth column", AT(scores)},
    {"output", 'o', OPTION_TEXT, "PATH",
     "write results there instead of standard output; YOLO: a folder, with a file per photo",
     AT(output), .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto detect photo.jpg -t \"a cat\" -t \"a remote\" --draw out.png",
     "a table of what is found, and a picture of it"},
    {"tyto detect -m owlv2-base-patch16-ensemble photo.jpg -t \"a cat\" --nms class --format json",
     "one object of JSON, from a checkpoint of your own; of boxes that overlap, the best"},
    {"tyto detect shots/ --labels names.txt --threshold 0.2 --threshold \"a dog=0.4\" -o all.jsonl",
     "a folder of photos, names from a file, and one name that needs a higher score"},
    {"tyto detect shots/ --labels names.txt --format yolo -o labels/ --draw drawn/",
     "labels for training, and pictures to check them by"},
    {"curl -s https://example.org/photo.jpg | tyto detect - -t \"a car\" --top-k 3",
     "the three best in a photo from standard input"},
    {0},
};

static const detect_args defaults = {.iou = 0.5, .format = FORMAT_UNSET};

const command cmd_detect = {
    .name = "detect",
    .summary = "find things in photos by text",
    .synopsis = "IMAGE... -t TEXT... [option...]",
    .operands = "IMAGE",
    .description =
        "Looks for each text in each photo and gives boxes with scores, highest first. A box has "
        "its best label; boxes are left, top, right, bottom in pixels.\n"
        "\n"
        "JSON is an object per photo with image, width, height, threshold and detections (label, "
        "label_index, score, box with xmin, ymin, xmax, ymax); several photos are an array, or a "
        "line each with jsonl. coco is a document of images, categories and annotations with "
        "scores; coco-results is the list of results that COCO's tools evaluate, where category 1 "
        "is the first text and a photo's id is the number that its name is, or else its place. "
        "yolo writes 'class x y width height' relative to the photo, one file per photo, and "
        "classes.txt.\n"
        "\n"
        "A photo that can't be read is reported and the others go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(detect_args),
    .defaults = &defaults,
    .run = run,
};
