/* tyto similarity: how alike photos and texts are. */
#include <stdlib.h>
#include <string.h>
#include <tyto/similarity.h>

#include "commands.h"
#include "inputs.h"
#include "json.h"
#include "messages.h"
#include "photo_reader.h"
#include "search.h"
#include "signals.h"

#define FORMATS "text|json|jsonl|csv"
enum { TEXT, JSON, JSONL, CSV };

typedef struct similarity_args {
    common_args common;
    search_args search; /* texts, classes, top-k, output */
    int format;
} similarity_args;

/* A text or class beside a photo. */
typedef struct likeness {
    size_t label;
    float logit, probability;
} likeness;

typedef struct job {
    const similarity_args *args;
    search search;
    output out;
    likeness *list;     /* one per label, best first */
    size_t count, kept; /* of the list; of what is written */
    size_t written;     /* photos */
} job;

static int by_logit(const void *left, const void *right)
{
    const likeness *a = left, *b = right;
    if (a->logit != b->logit) {
        return a->logit > b->logit ? -1 : 1;
    }
    return a->label < b->label ? -1 : a->label > b->label;
}

static tyto_status compare(job *j, const tyto_image *image, tyto_error *err)
{
    float *logits = take(j->count, 2 * sizeof(*logits)), *probabilities = logits + j->count;
    tyto_status status = tyto_similarity(j->search.with.session, j->search.vocabulary, image,
                                         &j->search.embed, logits, probabilities, err);
    for (size_t i = 0; status == TYTO_OK && i < j->count; i++) {
        j->list[i] = (likeness){i, logits[i], probabilities[i]};
    }
    free(logits);
    if (status == TYTO_OK) {
        qsort(j->list, j->count, sizeof(*j->list), by_logit);
    }
    return status;
}

static void write_text(const job *j, const char *photo)
{
    char text[512];
    plain_text(text, sizeof(text), photo);
    fprintf(j->out.stream, "%s%s:\n  probability     logit  label\n", j->written ? "\n" : "", text);
    for (size_t i = 0; i < j->kept; i++) {
        plain_text(text, sizeof(text), j->search.labels.items[j->list[i].label]);
        fprintf(j->out.stream, "     %8.5f  %8.3f  %s\n", (double)j->list[i].probability,
                (double)j->list[i].logit, text);
    }
}

static void write_csv(const job *j, const char *photo)
{
    if (j->written == 0) {
        fputs("image,label,label_index,logit,probability\n", j->out.stream);
    }
    for (size_t i = 0; i < j->kept; i++) {
        char logit[32], probability[32];
        float_digits(logit, sizeof(logit), j->list[i].logit);
        float_digits(probability, sizeof(probability), j->list[i].probability);
        csv_text(j->out.stream, photo);
        fputc(',', j->out.stream);
        csv_text(j->out.stream, j->search.labels.items[j->list[i].label]);
        fprintf(j->out.stream, ",%zu,%s,%s\n", j->list[i].label, logit, probability);
    }
}

/* One photo is an object; several are an array with a photo on each line. */
static void write_json(const job *j, const char *photo)
{
    const bool lines = j->args->format == JSONL, many = j->search.photos.count > 1;
    json_t *object = json_made(json_object()), *list = json_made(json_array());
    json_put(object, "image", json_text(photo));
    for (size_t i = 0; i < j->kept; i++) {
        json_t *item = json_made(json_object());
        json_put(item, "label", json_text(j->search.labels.items[j->list[i].label]));
        json_put(item, "label_index", json_integer((json_int_t)j->list[i].label));
        json_put(item, "logit", json_float(j->list[i].logit));
        json_put(item, "probability", json_float(j->list[i].probability));
        json_push(list, item);
    }
    json_put(object, "similarities", list);
    if (!lines && many) {
        fputs(j->written ? ",\n" : "[\n", j->out.stream);
    }
    json_write(object, !lines && !many, j->out.stream);
    if (lines || !many) {
        fputc('\n', j->out.stream);
    }
    json_decref(object);
}

static void write_photo(const job *j, const char *photo)
{
    switch (j->args->format) {
    case TEXT:
        write_text(j, photo);
        break;
    case CSV:
        write_csv(j, photo);
        break;
    default:
        write_json(j, photo);
    }
}

/* One photo. *writable becomes false when results can't be written any more. */
static bool compare_photo(job *j, photo_reader *reader, bool *writable)
{
    const char *photo = reader->photos->items[reader->next];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    bool good = photo_reader_next(reader, &image);
    if (good && compare(j, &image, &err) != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    tyto_image_clear(&image);
    if (good) {
        progress_hide();
        write_photo(j, photo);
        j->written++;
        *writable = output_flush(&j->out);
        good = *writable;
    }
    return good;
}

static int compare_all(job *j)
{
    const text_list *photos = &j->search.photos;
    photo_reader reader = {.photos = photos};
    bool good = !j->search.input_missing, writable = true;
    j->count = (size_t)tyto_vocabulary_count(j->search.vocabulary);
    j->list = take(j->count, sizeof(*j->list));
    const size_t most = (size_t)j->args->search.top_k;
    j->kept = most > 0 && most < j->count ? most : j->count;
    for (size_t i = 0; i < photos->count && writable && !interrupted(); i++) {
        progress_show(i, photos->count, photos->items[i]);
        good = compare_photo(j, &reader, &writable) && good;
    }
    progress_hide();
    photo_reader_end(&reader);
    if (j->args->format == JSON && photos->count > 1) {
        fputs(j->written ? "\n]\n" : "[]\n", j->out.stream);
    }
    const bool keep = writable && !interrupted() && j->written > 0;
    if (keep || !j->out.path) {
        good = output_commit(&j->out) && good;
    }
    return good && keep ? EXIT_DONE : EXIT_FAILED;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const similarity_args *args = j->args;
    search *s = &j->search;
    if (args->common.operands.count == 0) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    const int code = search_read_queries(s, TYTO_AVERAGE_NONE);
    if (code != EXIT_DONE) {
        return code;
    }
    search_list_labels(s);
    if (s->labels.count == 0) {
        say_error("nothing to compare with: required -t TEXT, --labels FILE or --classes FILE");
        return EXIT_USAGE;
    }
    if (!processor_read(&args->search.processor, &s->processor)) {
        return EXIT_USAGE;
    }
    s->input_missing = !list_photos(&args->common.operands, &s->photos);
    if (s->photos.count == 0) {
        return EXIT_FAILED;
    }
    for (size_t i = 0; args->search.output && i < s->photos.count; i++) {
        if (path_same_file(args->search.output, s->photos.items[i])) {
            say_error("-o: %s is one of the photos, required another place", args->search.output);
            return EXIT_USAGE;
        }
    }
    return output_open(&j->out, args->search.output) ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    const similarity_args *args = given;
    job j = {.args = args, .search = {.common = &args->common, .args = &args->search}};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = search_open(&j.search, TYTO_TASK_SIMILARITY) && search_encode(&j.search) &&
                       search_build(&j.search)
                   ? compare_all(&j)
                   : EXIT_FAILED;
    }
    output_abandon(&j.out);
    free(j.list);
    search_end(&j.search);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(similarity_args, search),
    {"top-k", 0, OPTION_INTEGER, "N", "show the N best of each photo",
     offsetof(similarity_args, search.top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, FORMATS, "how results are written (default text)",
     offsetof(similarity_args, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output",
     offsetof(similarity_args, search.output), .files = COMPLETES_FILES},
    PROCESSOR_OPTIONS(similarity_args, search.processor),
    {0},
};

static const example examples[] = {
    {"tyto similarity photo.jpg -t \"a photo of a cat\" -t \"a photo of a dog\"",
     "which of two texts the photo is more like"},
    {"tyto similarity shots/ -l names.txt --top-k 3 -f jsonl -o names.jsonl",
     "the three likeliest names of each photo"},
    {0},
};

const command cmd_similarity = {
    .name = "similarity",
    .summary = "compare whole photos with texts",
    .synopsis = "IMAGE... -t TEXT... [option...]",
    .operands = "IMAGE",
    .description =
        "Gives for each photo the logit of each text, as the reference's Owlv2Model does "
        "(logits_per_image), and the probabilities that follow if the photo is one of them; best "
        "first.\n"
        "\n"
        "JSON is an object per photo with image and similarities (label, label_index, logit, "
        "probability); several photos are an array, or a line each with jsonl.\n"
        "\n"
        "A photo that can't be read is reported and the others go on; the exit status is then 1.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(similarity_args),
    .run = run,
};
