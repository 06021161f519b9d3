/* tyto embed: texts, photos, and things in photos as vectors. */
#include <stdlib.h>
#include <string.h>
#include <tyto/embed.h>
#include <tyto/memory.h>

#include "commands.h"
#include "inputs.h"
#include "json.h"
#include "messages.h"
#include "photo_reader.h"
#include "queries.h"
#include "search.h"
#include "signals.h"

#define FORMATS "json|npy|safetensors"
enum { JSON, NPY, SAFETENSORS };

typedef struct embed_args {
    common_args common;
    search_args search; /* texts, classes, and what is kept of proposed boxes */
    text_list queries;
    const char *draw_queries;
    bool boxes;
    int rule, exemplars, format;
    double threshold;
} embed_args;

#define EXEMPLARS "average|keep"
enum { AVERAGE, KEEP };

/* Where a row comes from. */
typedef struct origin {
    const char *kind;
    tyto_detection box; /* of a proposed box */
    bool has_box;
} origin;

/* A run: rows of one vocabulary, and where each comes from. */
typedef struct job {
    const embed_args *args;
    search search;
    picture_queries queries;
    tyto_vocabulary *all;
    origin *origins;
    int format;
} job;

/* Adds rows, which it takes over; *boxes may be NULL. */
static bool add(job *j, const char *kind, tyto_vocabulary *rows, const tyto_detections *boxes)
{
    const size_t before = j->all ? tyto_vocabulary_count(j->all) : 0,
                 count = rows ? tyto_vocabulary_count(rows) : 0;
    j->origins = take_more(j->origins, before + count + 1, sizeof(*j->origins));
    for (size_t i = 0; i < count; i++) {
        j->origins[before + i] = (origin){.kind = kind, .has_box = boxes != NULL};
        if (boxes) {
            j->origins[before + i].box = boxes->items[i];
        }
    }
    return vocabulary_add(&j->all, rows);
}

/* Texts, saved classes and examples; examples of one label are averaged. */
static bool embed_queries(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    search *s = &j->search;
    tyto_vocabulary *classes = s->classes, *texts = NULL, *examples = NULL, *averaged = NULL;
    s->classes = NULL;
    if (!search_encode(s, &texts)) {
        tyto_vocabulary_destroy(classes);
        return false;
    }
    bool good = add(j, "text", texts, NULL) && add(j, "class", classes, NULL) &&
                queries_embed(&j->queries, &s->with, &examples);
    if (good && examples && j->args->exemplars == AVERAGE) {
        good = tyto_vocabulary_average(examples, &averaged, &err) == TYTO_OK;
        if (!good) {
            say_tyto_error(&err);
        }
        tyto_vocabulary_destroy(examples);
        examples = averaged;
    }
    return good && add(j, "example", examples, NULL);
}

/* The whole photo as one row. */
static tyto_status embed_whole(job *j, const char *name, const tyto_image *image,
                               tyto_vocabulary **out, tyto_error *err)
{
    float *features;
    int64_t width;
    tyto_status status = tyto_embed_image(j->search.with.session, image, &features, &width, err);
    if (status == TYTO_OK) {
        status = tyto_vocabulary_from_embeds(features, &name, 1, width, out, err);
        tyto_free(features);
    }
    return status;
}

/* A row for each box that is proposed; *out stays NULL when there is none. */
static tyto_status embed_boxes(job *j, const char *name, const tyto_image *image,
                               tyto_detections *found, tyto_vocabulary **out, tyto_error *err)
{
    tyto_session *session = j->search.with.session;
    tyto_photo *photo = NULL;
    tyto_status status = tyto_photo_create(session, image, &photo, err);
    if (status == TYTO_OK) {
        status = tyto_photo_detect(session, photo, NULL, &j->search.options, found, err);
    }
    if (status == TYTO_OK && found->count > 0) {
        const char **labels = take(found->count, sizeof(*labels));
        for (size_t i = 0; i < found->count; i++) {
            labels[i] = name;
        }
        status = tyto_photo_embed(session, photo, found, labels, out, err);
        free(labels);
    }
    tyto_photo_destroy(photo);
    return status;
}

static bool embed_photo(job *j, photo_reader *reader)
{
    const char *photo = reader->photos->items[reader->next];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    tyto_vocabulary *rows = NULL;
    tyto_detections found = {0};
    char *name = photo_name(photo);
    bool good = photo_reader_next(reader, &image);
    if (good && (j->args->boxes ? embed_boxes(j, name, &image, &found, &rows, &err)
                                : embed_whole(j, name, &image, &rows, &err)) != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    good = good && add(j, j->args->boxes ? "box" : "image", rows, j->args->boxes ? &found : NULL);
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
    free(name);
    return good;
}

static bool embed_photos(job *j)
{
    const text_list *photos = &j->search.photos;
    photo_reader reader = {.photos = photos};
    bool good = !j->search.input_missing;
    for (size_t i = 0; i < photos->count && !interrupted(); i++) {
        progress_show(i, photos->count, photos->items[i]);
        good = embed_photo(j, &reader) && good;
    }
    progress_hide();
    photo_reader_end(&reader);
    return good && !interrupted();
}

static json_t *row_object(const job *j, size_t i)
{
    const origin *from = &j->origins[i];
    const int64_t width = tyto_vocabulary_width(j->all);
    json_t *row = json_made(json_object()), *numbers = json_made(json_array());
    json_put(row, "name", json_text(tyto_vocabulary_text(j->all, i)));
    json_put(row, "kind", json_text(from->kind));
    if (from->has_box) {
        json_t *box = json_made(json_object());
        json_put(box, "xmin", json_float(from->box.box.xmin));
        json_put(box, "ymin", json_float(from->box.box.ymin));
        json_put(box, "xmax", json_float(from->box.box.xmax));
        json_put(box, "ymax", json_float(from->box.box.ymax));
        json_put(row, "objectness", json_float(from->box.score));
        json_put(row, "box", box);
    }
    for (int64_t c = 0; c < width; c++) {
        json_push(numbers, json_float(tyto_vocabulary_features(j->all)[(int64_t)i * width + c]));
    }
    json_put(row, "embedding", numbers);
    return row;
}

/* An array with a row on each line. */
static bool write_json(const job *j)
{
    output out;
    const size_t count = j->all ? tyto_vocabulary_count(j->all) : 0;
    if (!output_open(&out, j->args->search.output)) {
        return false;
    }
    fputc('[', out.stream);
    for (size_t i = 0; i < count; i++) {
        json_t *row = row_object(j, i);
        fputs(i ? ",\n" : "\n", out.stream);
        json_write(row, false, out.stream);
        json_decref(row);
    }
    fputs("\n]\n", out.stream);
    return output_commit(&out);
}

static bool write_all(const job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (j->format == JSON) {
        return write_json(j);
    }
    if (!j->all) {
        say_error("%s: not written, since no box was proposed", j->args->search.output);
        return false;
    }
    if (tyto_vocabulary_save(j->all, j->args->search.output, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

/* Without --format, what -o's ending says. */
static bool choose_format(job *j)
{
    const embed_args *args = j->args;
    const char *path = args->search.output, *ending = path ? path_ending(path) : "";
    const int by_name = strcmp(ending, ".npy") == 0           ? NPY
                        : strcmp(ending, ".safetensors") == 0 ? SAFETENSORS
                                                              : JSON;
    j->format = args->format == FORMAT_UNSET ? by_name : args->format;
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
    tyto_postprocess_options_init(&s->options);
    s->options.threshold = (float)args->threshold;
    s->options.nms = (tyto_nms_mode)args->search.nms;
    s->options.nms_iou = (float)args->search.iou;
    s->options.top_k = args->search.top_k;
    int code = search_read_queries(s);
    code = code == EXIT_DONE ? queries_read(&args->queries, args->rule, &j->queries) : code;
    if (code != EXIT_DONE) {
        return code;
    }
    if (s->labels.count + j->queries.count + args->common.operands.count == 0) {
        say_error("nothing to embed: required IMAGE, -t TEXT, or -q IMAGE");
        return EXIT_USAGE;
    }
    if (!choose_format(j) || !processor_read(&args->search.processor, &s->processor)) {
        return EXIT_USAGE;
    }
    s->input_missing = !list_photos(&args->common.operands, &s->photos);
    j->queries.draw = (drawing){.option = "draw-queries", .path = args->draw_queries};
    const char *path = args->search.output;
    return path && strcmp(path, "-") != 0 && !output_check_file(path)
               ? EXIT_FAILED
               : drawing_check(&j->queries.draw, &j->queries.photos, &j->queries.photos);
}

static bool open_model(job *j)
{
    const search *s = &j->search;
    const bool boxes = j->queries.count > 0 || j->args->boxes;
    return search_open(&j->search, boxes ? DETECTION_HEAD : NULL) &&
           (s->texts.count == 0 || model_has(&s->with, "Owlv2Model.get_text_features")) &&
           (s->photos.count == 0 || boxes || model_has(&s->with, "Owlv2Model.get_image_features"));
}

static int run(void *given)
{
    const embed_args *args = given;
    job j = {.args = args, .search = {.common = &args->common, .args = &args->search}};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        /* A photo that can't be read doesn't stop the others. */
        const bool ready = open_model(&j) && embed_queries(&j), all = ready && embed_photos(&j);
        code = ready && !interrupted() && (all || j.all) && write_all(&j) && all ? EXIT_DONE
                                                                                 : EXIT_FAILED;
    }
    tyto_vocabulary_destroy(j.all);
    free(j.origins);
    search_end(&j.search);
    queries_clear(&j.queries);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(embed_args, search),
    QUERY_OPTIONS(embed_args, queries, rule),
    {"exemplars", 0, OPTION_CHOICE, EXEMPLARS,
     "examples of one label become their mean (default), or stay rows of their own",
     offsetof(embed_args, exemplars)},
    {"draw-queries", 0, OPTION_TEXT, "PATH",
     "draw the boxes that were chosen in the examples: a picture for one, a folder for many",
     offsetof(embed_args, draw_queries), .files = COMPLETES_FILES},
    {"boxes", 0, OPTION_FLAG, NULL,
     "a row for each thing in a photo, by objectness, not one for the whole photo",
     offsetof(embed_args, boxes)},
    {"threshold", 0, OPTION_REAL, "X", "for --boxes: keep objectness above X (default 0.1)",
     offsetof(embed_args, threshold), 0, 1},
    {"nms", 0, OPTION_CHOICE, "off|class|all",
     "for --boxes: drop boxes that overlap a better one (default all)",
     offsetof(embed_args, search.nms)},
    {"iou", 0, OPTION_REAL, "X", "for --nms: how much overlap is too much (default 0.5)",
     offsetof(embed_args, search.iou), 0, 1},
    {"top-k", 0, OPTION_INTEGER, "N", "for --boxes: keep the N best of each photo",
     offsetof(embed_args, search.top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, FORMATS,
     "how rows are written (default: what -o's ending says, or else json)",
     offsetof(embed_args, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output",
     offsetof(embed_args, search.output), .files = COMPLETES_FILES},
    PROCESSOR_OPTIONS(embed_args, search.processor),
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
    .search = {.iou = 0.5, .nms = TYTO_NMS_ALL}, .threshold = 0.1, .format = FORMAT_UNSET};

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
        "A photo that can't be read is reported and the others go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(embed_args),
    .defaults = &defaults,
    .run = run,
};
