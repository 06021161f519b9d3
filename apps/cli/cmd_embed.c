/* tyto embed: texts, photos, and things in photos as vectors. */
#include <stdlib.h>
#include <string.h>
#include <tyto/vocabulary_document.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "photo_reader.h"
#include "search.h"
#include "signals.h"

#define FORMATS "json|npy|safetensors"
enum { JSON, NPY, SAFETENSORS };

typedef struct embed_args {
    common_args common;
    search_args search; /* queries, and what is kept of proposed boxes */
    bool boxes;
    double threshold;
} embed_args;

typedef struct job {
    const embed_args *args;
    search search;
    int format;
} job;

static tyto_status embed_photo(void *context, tyto_batch_photo *photo, tyto_error *err)
{
    const job *j = context;
    const search *s = &j->search;
    const char *name = path_base(photo->path);
    const double began = seconds_now();
    const tyto_status status =
        j->args->boxes
            ? tyto_vocabulary_builder_embed_boxes(s->builder, s->model.session, name, photo->image,
                                                  &s->embed, &s->look.options, NULL, err)
            : tyto_vocabulary_builder_embed_image(s->builder, s->model.session, name, photo->image,
                                                  &s->embed, err);
    say_info("%s: embedded in %.3f s", photo->path, seconds_now() - began);
    return status;
}

static bool write_json(const job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    if (!went_well(tyto_vocabulary_document_write(j->search.vocabulary, &bytes, &err), &err)) {
        return false;
    }
    const bool good = output_file(j->args->search.output, &bytes);
    tyto_bytes_clear(&bytes);
    return good;
}

static bool write_all(const job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (j->format == JSON) {
        return write_json(j);
    }
    if (!j->search.vocabulary) {
        say_error("%s: not written, since no box was proposed", j->args->search.output);
        return false;
    }
    return went_well(tyto_vocabulary_save(j->search.vocabulary, j->args->search.output, &err),
                     &err);
}

/* Without --format, what -o's ending says. */
static bool choose_format(job *j)
{
    const embed_args *args = j->args;
    const char *path = args->search.output, *ending = path ? path_ending(path) : "";
    const int by_name = strcmp(ending, ".npy") == 0           ? NPY
                        : strcmp(ending, ".safetensors") == 0 ? SAFETENSORS
                                                              : JSON;
    if (args->search.format == FORMAT_UNSET && by_name == JSON && *ending &&
        strcmp(ending, ".json") != 0) {
        say_error("-o: got the ending '%s', required .json, .npy or .safetensors", ending);
        return false;
    }
    j->format = args->search.format == FORMAT_UNSET ? by_name : args->search.format;
    if (j->format != JSON && j->format != by_name) {
        say_error("--format %s: required -o FILE%s", j->format == NPY ? "npy" : "safetensors",
                  j->format == NPY ? ".npy" : ".safetensors");
        return false;
    }
    return true;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const embed_args *args = j->args;
    search *s = &j->search;
    tyto_search_options *boxes = &s->look.options;
    tyto_search_options_init(boxes, sizeof(*boxes));
    boxes->threshold = (float)args->threshold;
    boxes->nms = (tyto_nms)args->search.nms;
    boxes->nms_iou = (float)args->search.iou;
    boxes->top_k = args->search.top_k;
    int code =
        search_read_queries(s, args->search.exemplars == EXEMPLARS_AVERAGE ? TYTO_AVERAGING_EXAMPLES
                                                                           : TYTO_AVERAGING_NONE);
    if (code != EXIT_DONE) {
        return code;
    }
    if (s->labels.count + args->common.operands.count == 0) {
        say_error("nothing to embed: required IMAGE, -t TEXT, or -q IMAGE");
        return EXIT_USAGE;
    }
    if (!choose_format(j) || !processor_read(&args->search.processor, &s->processor)) {
        return EXIT_USAGE;
    }
    if (args->search.resume &&
        (!args->search.output || strcmp(args->search.output, "-") == 0 || j->format == NPY)) {
        say_error("--resume: %s, required -o FILE.safetensors or FILE.json to go on with",
                  j->format == NPY
                      ? "rows of .npy have no names, so that nobody knows which photos "
                        "they are"
                      : "got standard output");
        return EXIT_USAGE;
    }
    s->input_missing = !list_photos(&args->common.operands, &s->photos);
    s->chosen = (drawing){.option = "draw-queries", .path = args->search.draw_queries};
    const char *path = args->search.output;
    return path && strcmp(path, "-") != 0 && !output_check_file(path)
               ? EXIT_FAILED
               : drawing_check(&s->chosen, &s->examples, &s->examples);
}

/* Rows of photos that the earlier run wrote. */
static bool take_back(const job *j, bool *done)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search *s = &j->search;
    return !j->args->search.resume ||
           went_well(tyto_vocabulary_builder_resume(s->builder, s->model.session,
                                                    j->args->search.output, TEXTS(&s->photos), done,
                                                    &err),
                     &err);
}

static int run(void *given)
{
    const embed_args *args = given;
    job j = {.args = args, .search = {.common = &args->common, .args = &args->search}};
    search *s = &j.search;
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        /* A photo that can't be read doesn't stop the others. */
        const bool boxes = s->examples.count > 0 || args->boxes;
        bool *done = take(s->photos.count, sizeof(*done));
        const bool ready =
            search_open(s, boxes ? TYTO_TASK_SEARCH : TYTO_TASK_EMBED) && take_back(&j, done);
        photos_run photos = {.done = done};
        if (ready) {
            photos_each(&photos, &s->photos, embed_photo, &j);
        }
        const bool all = photos.good && !s->input_missing && !interrupted();
        const bool built = ready && (photos.summary.done > 0 || !interrupted()) && search_build(s);
        code = built && (all || s->vocabulary) && write_all(&j) && all ? EXIT_DONE : EXIT_FAILED;
        free(done);
    }
    search_end(s);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(embed_args, search),
    QUERY_OPTIONS(embed_args, search,
                  "examples of one label become their mean (default), or stay rows of their own",
                  "query"),
    {"boxes", 0, OPTION_FLAG, NULL,
     "a row for each thing in a photo, by objectness, not one for the whole photo",
     offsetof(embed_args, boxes), .needs = "operands"},
    {"threshold", 0, OPTION_REAL, "X", "for --boxes: keep objectness above X (default 0.1)",
     offsetof(embed_args, threshold), 0, 1, .needs = "boxes"},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "for --boxes: drop boxes that overlap a better one (default all)",
     offsetof(embed_args, search.nms), .needs = "boxes"},
    {"iou", 0, OPTION_REAL, "X", "for --nms: how much overlap is too much (default 0.5)",
     offsetof(embed_args, search.iou), 0, 1, .needs = "boxes,nms=class|all"},
    {"top-k", 0, OPTION_INTEGER, "N", "for --boxes: keep the N best of each photo",
     offsetof(embed_args, search.top_k), 1, 1e9, .needs = "boxes"},
    {"format", 'f', OPTION_CHOICE, FORMATS,
     "how rows are written (default: what -o's ending says, or else json)",
     offsetof(embed_args, search.format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output",
     offsetof(embed_args, search.output), .files = WRITES_FILES},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: photos that -o's file has rows of are left out; not in "
     ".npy, whose rows have no names",
     offsetof(embed_args, search.resume)},
    PROCESSOR_OPTIONS(embed_args, search.processor),
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto embed -l names.txt --templates -o classes.safetensors",
     "encode the texts once; 'tyto detect --classes classes.safetensors' then looks for them"},
    {"tyto embed -q cups/=cup -q desk.jpg@120,80,260,240=pen -o classes.safetensors",
     "two classes from examples, for 'tyto match --classes'"},
    {"tyto embed shots/ -o photos.npy", "a row for each photo"},
    {"tyto embed photo.jpg --boxes --top-k 5", "the five best things in a photo, with their boxes"},
    {0},
};

static const embed_args defaults = {
    .search = {.iou = 0.5, .nms = TYTO_NMS_ALL, .format = FORMAT_UNSET}, .threshold = 0.1};

const command cmd_embed = {
    .name = "embed",
    .summary = "turn texts, photos and things in photos into vectors",
    .synopsis = "[IMAGE...] [-t TEXT...] [-q IMAGE[@BOX][=LABEL]...] [option...]",
    .operands = "IMAGE",
    .description =
        "Rows come in this order: texts, the rows of --classes, examples, photos. A text's row is "
        "the reference's get_text_features, a photo's its get_image_features; an example's and a "
        "box's row are what the class head makes of its patch, which texts are compared with in "
        "detection. Lengths are those of the network, but for means, which have length 1; searches "
        "look at directions only. (-q is --query here, as 'tyto match' explains it; --quiet has no "
        "short form.)\n"
        "\n"
        "JSON is an array of objects with name, kind (text, class, example, image or box), "
        "embedding and, for boxes, box and objectness. In .safetensors a tensor bears the name, "
        "with a row for each embedding of that name; .npy has all rows and no names.\n"
        "\n"
        "A photo that can't be read is reported and the others go on; the exit status is then 1. "
        "An "
        "interrupted run writes the rows that it has.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(embed_args),
    .defaults = &defaults,
    .run = run,
};
