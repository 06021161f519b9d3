/* tyto postprocess: what a network's outputs amount to. */
#include <stdlib.h>
#include <string.h>
#include <tyto/detection_document.h>
#include <tyto/postprocess.h>

#include "commands.h"
#include "drawing.h"
#include "inputs.h"
#include "messages.h"
#include "records.h"

enum { UNSET = -1 };

typedef struct postprocess_args {
    common_args common;
    const char *outputs, *labels_file, *sizes, *output, *draw;
    text_list texts;
    int nms, boxes, format, scores;
    bool multi_label;
    double threshold, iou;
    int64_t top_k;
} postprocess_args;

/* What one run is about: tensors, and for each photo its name, size and picture. */
typedef struct job {
    const postprocess_args *args;
    tyto_tensor_file *file;
    tyto_tensor *tensors;
    size_t n_tensors, n_photos;
    text_list photos, labels;
    tyto_size *sizes;
    size_t n_sizes;
    tyto_detections *found;
    tyto_postprocess_options options;
    drawing draw;
    tyto_detection_document_options document;
    records results;
} job;

/* "640x480,1024x768" */
static bool read_sizes(job *j)
{
    const char *text = j->args->sizes;
    size_t count = 1;
    for (const char *at = text; *at; at++) {
        count += *at == ',';
    }
    j->sizes = take(count, sizeof(*j->sizes));
    for (size_t i = 0; i < count; i++) {
        char *end;
        tyto_size *size = &j->sizes[i];
        size->width_px = strtol(text, &end, 10);
        size->height_px = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
        if (*end != (i + 1 < count ? ',' : '\0') || size->width_px < 1 || size->height_px < 1) {
            say_error("--sizes: got '%s', required WIDTHxHEIGHT of each photo, with commas between",
                      j->args->sizes);
            return false;
        }
        text = end + 1;
    }
    j->n_sizes = count;
    return true;
}

/* The size of each photo that was named. */
static bool measure_photos(job *j)
{
    j->sizes = take(j->photos.count, sizeof(*j->sizes));
    for (size_t i = 0; i < j->photos.count; i++) {
        tyto_image image = {0};
        if (!load_photo(j->photos.items[i], &image)) {
            return false;
        }
        j->sizes[i] = (tyto_size){image.width_px, image.height_px};
        tyto_image_clear(&image);
    }
    j->n_sizes = j->photos.count;
    return true;
}

static bool open_outputs(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_tensor_file_open(j->args->outputs, &j->file, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    j->n_tensors = (size_t)tyto_tensor_file_count(j->file);
    j->tensors = take(j->n_tensors, sizeof(*j->tensors));
    for (size_t i = 0; i < j->n_tensors; i++) {
        j->tensors[i] = *tyto_tensor_file_at(j->file, (int64_t)i);
    }
    j->n_photos = (size_t)tyto_postprocess_photos(j->tensors, (int64_t)j->n_tensors);
    return true;
}

/* Queries without a text go by their number, photos without a name too. */
static void name_all(job *j)
{
    size_t queries = 0;
    for (size_t p = 0; p < j->n_photos; p++) {
        for (int64_t i = 0; i < j->found[p].count; i++) {
            const size_t label = (size_t)j->found[p].items[i].label;
            queries = label >= queries ? label + 1 : queries;
        }
    }
    while (j->labels.count < queries) {
        char *name = take_text("%zu", j->labels.count);
        text_list_add(&j->labels, name, strlen(name));
        free(name);
    }
    while (j->photos.count < j->n_photos) {
        char *name = take_text("%zu", j->photos.count);
        text_list_add(&j->photos, name, strlen(name));
        free(name);
    }
    j->document.labels = (const char *const *)j->labels.items;
    j->document.n_labels = (int64_t)j->labels.count;
    j->document.n_photos = (int64_t)j->n_photos;
    j->document.threshold = j->options.threshold;
}

static bool evaluate(job *j)
{
    const postprocess_args *args = j->args;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_postprocess_options_init_for(&j->options, sizeof(j->options), j->tensors,
                                      (int64_t)j->n_tensors);
    j->options.threshold = args->threshold < 0 ? j->options.threshold : (float)args->threshold;
    j->options.nms = args->nms == UNSET ? j->options.nms : (tyto_nms)args->nms;
    j->options.nms_iou = args->iou < 0 ? j->options.nms_iou : (float)args->iou;
    j->options.boxes = (tyto_boxes)args->boxes;
    j->options.top_k = args->top_k;
    j->options.multi_label = args->multi_label;
    j->options.relative_scores = j->options.relative_scores && args->scores == 0;
    j->found = take(j->n_photos, sizeof(*j->found));
    if (tyto_postprocess_batch(j->tensors, (int64_t)j->n_tensors, j->sizes, (int64_t)j->n_sizes,
                               &j->options, j->found, (int64_t)j->n_photos, &err) != TYTO_OK) {
        say_error("%s: %s", args->outputs, tyto_error_message(&err));
        tyto_error_clear(&err);
        return false;
    }
    return true;
}

static bool draw(job *j, size_t i)
{
    tyto_image image = {0};
    const char *photo = j->photos.items[i];
    const bool good = load_photo(photo, &image) &&
                      drawing_write(&j->draw, photo, &image, &j->found[i], &j->labels);
    tyto_image_clear(&image);
    return good;
}

static bool write_photo(job *j, size_t i)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_photo_detections photo = {.photo = j->photos.items[i],
                                         .index = (int64_t)i,
                                         .width_px = j->n_sizes ? j->sizes[i].width_px : 1,
                                         .height_px = j->n_sizes ? j->sizes[i].height_px : 1,
                                         .detections = &j->found[i]};
    const tyto_status status =
        tyto_document_add_detections(j->results.document, &photo, &bytes, &err);
    return records_put(&j->results, status, &bytes, &err) && (!j->draw.path || draw(j, i));
}

static bool write_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status begun =
        tyto_detection_document_create(&j->document, &j->results.document, &bytes, &err);
    bool good = records_put(&j->results, begun, &bytes, &err);
    for (size_t i = 0; i < j->n_photos && good; i++) {
        good = write_photo(j, i);
    }
    good = drawing_end(&j->draw) && good;
    return records_end(&j->results, good) && good;
}

/* Everything that can be found wrong before tensors are read. */
static int prepare(job *j)
{
    const postprocess_args *args = j->args;
    if (!args->outputs) {
        say_error("no outputs: required --outputs FILE, as 'tyto forward' writes them");
        return EXIT_USAGE;
    }
    if (args->sizes && args->common.operands.count > 0) {
        say_error("--sizes: got photos too, which have their own, required either");
        return EXIT_USAGE;
    }
    if (args->draw && args->common.operands.count == 0) {
        say_error("--draw: no photo to draw in, required IMAGE");
        return EXIT_USAGE;
    }
    if (args->sizes && !read_sizes(j)) {
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < args->texts.count; i++) {
        text_list_add(&j->labels, args->texts.items[i], strlen(args->texts.items[i]));
    }
    if ((args->labels_file && !read_lines(args->labels_file, false, &j->labels)) ||
        (args->common.operands.count > 0 && !list_photos(&args->common.operands, &j->photos))) {
        return EXIT_FAILED;
    }
    j->draw = (drawing){.option = "draw", .path = args->draw};
    const int code = drawing_check(&j->draw, &j->photos, &j->photos);
    if (code != EXIT_DONE) {
        return code;
    }
    tyto_detection_document_options_init(&j->document, sizeof(j->document));
    j->document.format = (tyto_format)args->format;
    return records_open(&j->results, args->output) ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        const bool good =
            open_outputs(&j) && (j.photos.count == 0 || measure_photos(&j)) && evaluate(&j);
        if (good) {
            name_all(&j);
        }
        code = good && write_all(&j) ? EXIT_DONE : EXIT_FAILED;
    }
    records_drop(&j.results);
    for (size_t i = 0; j.found && i < j.n_photos; i++) {
        tyto_detections_clear(&j.found[i]);
    }
    free(j.found);
    free(j.sizes);
    free(j.tensors);
    tyto_tensor_file_close(j.file);
    text_list_clear(&j.photos);
    text_list_clear(&j.labels);
    return code;
}

#define AT(field) offsetof(postprocess_args, field)
static const option options[] = {
    {"outputs", 0, OPTION_TEXT, "FILE", "the .safetensors file of outputs (required)", AT(outputs),
     .files = COMPLETES_FILES},
    {"sizes", 0, OPTION_TEXT, "WxH,...",
     "the photos' sizes in pixels, where no photos are given; without either, boxes are parts of 1",
     AT(sizes)},
    {"text", 't', OPTION_TEXTS, "TEXT", "what a query was about, in their order; repeat it",
     AT(texts)},
    {"labels", 'l', OPTION_TEXT, "FILE", "more texts, one per line; - is standard input",
     AT(labels_file), .files = COMPLETES_FILES},
    {"threshold", 0, OPTION_REAL, "X",
     "keep scores above X (default 0.1; of image-guided detection 0)", AT(threshold), 0, 1},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "drop boxes that overlap a better one of the same label, or of any (default off; of "
     "image-guided detection all)",
     AT(nms)},
    {"iou", 0, OPTION_REAL, "X",
     "for --nms: how much overlap is too much (default 0.5; of image-guided detection 0.3)",
     AT(iou), 0, 1},
    {"top-k", 0, OPTION_INTEGER, "N", "keep the N best of each photo", AT(top_k), 1, 1e9},
    {"multi-label", 0, OPTION_FLAG, NULL,
     "give a box every label above its threshold, not the best one only", AT(multi_label)},
    {"scores", 0, OPTION_CHOICE, "relative|plain",
     "of image-guided detection: relative to the photo's best (default), or as they are",
     AT(scores)},
    {"boxes", 0, OPTION_CHOICE, "image|reference",
     "boxes in the photo's pixels, inside it (default), or as the reference scales them",
     AT(boxes)},
    {"draw", 'd', OPTION_TEXT, "PATH", "draw the boxes: a picture for one photo, a folder for many",
     AT(draw), .files = COMPLETES_FILES},
    {"format", 'f', OPTION_CHOICE, "text|json|jsonl|csv", "how results are written (default text)",
     AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write results there instead of standard output",
     AT(output), .files = COMPLETES_FILES},
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

static const postprocess_args defaults = {.nms = UNSET, .threshold = UNSET, .iou = UNSET};

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
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(postprocess_args),
    .defaults = &defaults,
    .run = run,
};
