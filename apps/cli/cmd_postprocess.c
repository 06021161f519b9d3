/* tyto postprocess: what a network's outputs amount to. */
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>
#include <tyto/postprocess.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "search.h"

/* The words of --scores. */
#define SCORES "relative|plain"
enum { RELATIVE, PLAIN };

typedef struct postprocess_args {
    common_args common;
    search_args search; /* outputs, labels, what is kept, and where it goes */
    const char *sizes;
    int scores;
    double threshold;
} postprocess_args;

/* What one run is about: tensors, and for each photo its name, size and picture. */
typedef struct job {
    const postprocess_args *args;
    search search; /* labels, photos and what becomes of them; no model */
    tyto_tensor_file *file;
    const tyto_tensor *tensors;
    int64_t n_tensors, n_photos, n_sizes;
    tyto_size *sizes;
    tyto_detections *found;
    tyto_postprocess_options options;
} job;

/* The size of each photo that was named. */
static bool measure_photos(job *j)
{
    j->sizes = take(j->search.photos.count, sizeof(*j->sizes));
    for (size_t i = 0; i < j->search.photos.count; i++) {
        tyto_image image = {0};
        if (!load_photo(j->search.photos.items[i], &image)) {
            return false;
        }
        j->sizes[i] = (tyto_size){image.width_px, image.height_px};
        tyto_image_clear(&image);
    }
    j->n_sizes = (int64_t)j->search.photos.count;
    return true;
}

static bool open_outputs(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!went_well(tyto_tensor_file_open(j->args->search.outputs, &j->file, &err), &err)) {
        return false;
    }
    j->n_tensors = tyto_tensor_file_count(j->file);
    j->tensors = tyto_tensor_file_at(j->file, 0);
    j->n_photos = tyto_postprocess_photo_count(j->tensors, j->n_tensors);
    return true;
}

/* Whether no query has two names. Those without one go by their numbers. */
static bool check_names(const job *j, int64_t queries)
{
    const int64_t names = (int64_t)j->search.labels.count;
    const char *file = j->args->search.outputs;
    if (queries > 0 && names > queries) {
        say_error("%s: got %lld names for %lld queries, required at most one for each", file,
                  (long long)names, (long long)queries);
        return false;
    }
    if (names > 0 && names < queries) {
        say_warning("%s: got %lld names for %lld queries; the others are numbered", file,
                    (long long)names, (long long)queries);
    }
    return true;
}

/* What has no name goes by its number. */
static void number_rest(text_list *names, int64_t count)
{
    while (names->count < (size_t)count) {
        char *name = take_text("%zu", names->count);
        text_list_add(names, name, strlen(name));
        free(name);
    }
}

/* What the outputs are about says what has an effect on them. Returns the exit code so far. */
static int choose_options(job *j)
{
    const postprocess_args *args = j->args;
    const search_args *kept = &args->search;
    tyto_postprocess_options *options = &j->options;
    tyto_postprocess_options_init_for(options, sizeof(*options), j->tensors, j->n_tensors);
    options->threshold =
        args->threshold == OPTION_UNSET ? options->threshold : (float)args->threshold;
    options->nms = kept->nms == OPTION_UNSET ? options->nms : (tyto_nms)kept->nms;
    options->nms_iou = kept->iou == OPTION_UNSET ? options->nms_iou : (float)kept->iou;
    options->boxes = (tyto_boxes)kept->boxes;
    options->top_k = kept->top_k;
    options->multi_label = kept->multi_label;
    if (args->scores != OPTION_UNSET && !options->relative_scores) {
        say_error("--scores: has no effect here, required outputs of image-guided detection");
        return EXIT_USAGE;
    }
    if (kept->iou != OPTION_UNSET && options->nms == TYTO_NMS_OFF) {
        say_error("--iou: has no effect here, required --nms class or all beside it");
        return EXIT_USAGE;
    }
    options->relative_scores = options->relative_scores && args->scores != PLAIN;
    return EXIT_DONE;
}

static bool evaluate(job *j)
{
    const postprocess_args *args = j->args;
    tyto_error err = TYTO_ERROR_INIT;
    j->found = take((size_t)j->n_photos, sizeof(*j->found));
    return went_well_for(args->search.outputs,
                         tyto_postprocess_batch(j->tensors, j->n_tensors, j->sizes, j->n_sizes,
                                                &j->options, j->found, j->n_photos, &err),
                         &err);
}

static bool draw(job *j, int64_t i)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    const char *photo = j->search.photos.items[i];
    const bool good = load_photo(photo, &image) &&
                      went_well(drawing_write(&j->search.draw, photo, &image, &j->found[i],
                                              TEXTS(&j->search.labels), &err),
                                &err);
    tyto_image_clear(&image);
    return good;
}

static bool write_photo(job *j, int64_t i)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_photo_detections photo = {.photo = j->search.photos.items[i],
                                         .index = i,
                                         .width_px = j->n_sizes ? j->sizes[i].width_px : 1,
                                         .height_px = j->n_sizes ? j->sizes[i].height_px : 1,
                                         .detections = &j->found[i]};
    const tyto_status status =
        tyto_document_add_detections(j->search.results.document, &photo, &bytes, &err);
    return records_put(&j->search.results, status, &bytes, &err) &&
           (!j->search.draw.path || draw(j, i));
}

static bool write_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    j->search.document.n_photos = j->n_photos;
    j->search.document.threshold = j->options.threshold;
    const tyto_status begun = tyto_detection_document_create(
        &j->search.document, &j->search.results.document, &bytes, &err);
    bool good = records_begin(&j->search.results, begun, &bytes, &err);
    for (int64_t i = 0; i < j->n_photos && good; i++) {
        good = write_photo(j, i);
    }
    good = drawing_end(&j->search.draw) && good;
    return records_end(&j->search.results, good) && good;
}

/* Everything that can be found wrong before tensors are read. */
static int prepare(job *j)
{
    const postprocess_args *args = j->args;
    const search_args *kept = &args->search;
    tyto_error err = TYTO_ERROR_INIT;
    if (!args->search.outputs) {
        say_error("no outputs: required --outputs FILE, as 'tyto forward' writes them");
        return EXIT_USAGE;
    }
    if (args->sizes && args->common.operands.count > 0) {
        say_error("--sizes: got photos too, which have their own, required either");
        return EXIT_USAGE;
    }
    if (kept->draw && args->common.operands.count == 0) {
        say_error("--draw: no photo to draw in, required IMAGE");
        return EXIT_USAGE;
    }
    if (args->sizes && tyto_sizes_parse(args->sizes, &j->sizes, &j->n_sizes, &err) != TYTO_OK) {
        say_error("--%s", tyto_error_message(&err));
        tyto_error_clear(&err);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < kept->texts.count; i++) {
        text_list_add(&j->search.labels, kept->texts.items[i], strlen(kept->texts.items[i]));
    }
    if ((kept->labels_file && !read_lines(kept->labels_file, false, &j->search.labels)) ||
        (args->common.operands.count > 0 &&
         !list_photos(&args->common.operands, &j->search.photos))) {
        return EXIT_FAILED;
    }
    j->search.draw = (drawing){.option = "draw", .path = kept->draw};
    return drawing_check(&j->search.draw, &j->search.photos, &j->search.photos);
}

/* Once it is known how many photos and labels there are. Without sizes, boxes are parts of 1, which
 * is what two of the data sets' formats have. */
static int open_results(job *j)
{
    const tyto_format format = search_format(j->search.args);
    text_list spared = {0};
    if (j->n_sizes == 0 && format > TYTO_FORMAT_CSV && format != TYTO_FORMAT_YOLO &&
        format != TYTO_FORMAT_OPENIMAGES) {
        say_error("format %s: its boxes are in pixels, required IMAGE or --sizes",
                  tyto_format_name(format));
        return EXIT_USAGE;
    }
    const int64_t queries = tyto_postprocess_labels(j->tensors, j->n_tensors);
    if (!check_names(j, queries)) {
        return EXIT_USAGE;
    }
    text_list_append(&spared, &j->search.photos);
    number_rest(&j->search.labels, queries);
    number_rest(&j->search.photos, j->n_photos);
    const int code = search_check_results(&j->search, &spared);
    text_list_clear(&spared);
    return code;
}

static int run(void *given)
{
    const postprocess_args *args = given;
    job j = {.args = args, .search = {.common = &args->common, .args = &args->search}};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        const bool good = open_outputs(&j) && (j.search.photos.count == 0 || measure_photos(&j));
        code = good ? choose_options(&j) : EXIT_FAILED;
        code = code == EXIT_DONE ? open_results(&j) : code;
    }
    if (code == EXIT_DONE) {
        code = evaluate(&j) && write_all(&j) ? EXIT_DONE : EXIT_FAILED;
    }
    for (int64_t i = 0; j.found && i < j.n_photos; i++) {
        tyto_detections_clear(&j.found[i]);
    }
    free(j.found);
    tyto_free(j.sizes);
    tyto_tensor_file_destroy(j.file);
    search_end(&j.search);
    return code;
}

#define AT(field) offsetof(postprocess_args, field)
static const option options[] = {
    {"outputs", 0, OPTION_TEXT, "FILE", "the .safetensors file of outputs (required)",
     AT(search.outputs), .files = COMPLETES_FILES},
    {"sizes", 0, OPTION_TEXT, "WxH,...",
     "the photos' sizes in pixels, where no photos are given; without either, boxes are parts of 1",
     AT(sizes)},
    {"text", 't', OPTION_TEXTS, "TEXT", "what a query was about, in their order; repeat it",
     AT(search.texts)},
    {"labels", 'l', OPTION_TEXT, "FILE", "more texts, one per line; - is standard input",
     AT(search.labels_file), .files = COMPLETES_FILES},
    {"threshold", 0, OPTION_REAL, "X",
     "keep scores above X (default 0.1; of image-guided detection 0)", AT(threshold), 0, 1},
    SUPPRESSION_OPTIONS(postprocess_args, search, "off; of image-guided detection all",
                        "0.5; of image-guided detection 0.3"),
    {"scores", 0, OPTION_CHOICE, SCORES,
     "of image-guided detection: relative to the photo's best (default), or as they are",
     AT(scores)},
    BOX_OPTIONS(postprocess_args, search),
    {"format", 'f', OPTION_CHOICE, RESULT_FORMATS,
     "how results are written, as by 'tyto detect' (default: what -o's ending says, or else text)",
     AT(search.format)},
    FORMAT_OPTIONS(postprocess_args, search),
    {"output", 'o', OPTION_TEXT, "PATH",
     "write results there instead of standard output; YOLO and VOC: a folder, with a file per "
     "photo",
     AT(search.output), .files = WRITES_FILES},
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto preprocess photo.jpg -t \"a cat\" -t \"a dog\" -o in.safetensors\n"
     "  tyto forward --inputs in.safetensors -o out.safetensors\n"
     "  tyto postprocess photo.jpg --outputs out.safetensors -t \"a cat\" -t \"a dog\"",
     "the three steps of 'tyto detect', each by itself"},
    {"tyto postprocess --outputs out.safetensors --sizes 640x480,640x480 --boxes reference -f json",
     "outputs for two photos, with boxes as the reference scales them"},
    {0},
};

static const postprocess_args defaults = {
    .search = {.nms = OPTION_UNSET, .iou = OPTION_UNSET, .format = FORMAT_UNSET},
    .threshold = OPTION_UNSET,
    .scores = OPTION_UNSET};

const command cmd_postprocess = {
    .name = "postprocess",
    .summary = "turn a network's outputs into what was found",
    .synopsis = "[IMAGE...] --outputs FILE [option...]",
    .operands = "IMAGE",
    .description =
        "Reads outputs that 'tyto forward' or the reference has written, and shows what they "
        "amount to in each photo: logits with pred_boxes as detection by text, with "
        "target_pred_boxes as image-guided detection, objectness_logits without logits as "
        "objects. Photos give names and sizes, in the order of the batch. No model is read.",
    .options = options,
    .idle = "model|threads|precision",
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(postprocess_args),
    .defaults = &defaults,
    .run = run,
};
