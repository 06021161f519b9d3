/* tyto similarity: how alike photos and texts are. */
#include <tyto/similarity.h>
#include <tyto/similarity_document.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "photo_reader.h"
#include "records.h"
#include "search.h"
#include "signals.h"

typedef struct similarity_args {
    common_args common;
    search_args search; /* texts, classes, top-k, output */
    int format;
} similarity_args;

typedef struct job {
    const similarity_args *args;
    search search;
    records out;
    size_t written; /* photos */
} job;

static bool begin(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    if (j->out.document) {
        return true;
    }
    const tyto_status status = tyto_similarity_document_create(
        (tyto_format)j->args->format, (const char *const *)j->search.labels.items,
        (int64_t)j->search.labels.count, (int64_t)j->search.photos.count, &j->out.document, &bytes,
        &err);
    return records_put(&j->out, status, &bytes, &err);
}

static bool write_photo(job *j, const char *photo, const tyto_similarities *similarities)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    if (!begin(j)) {
        return false;
    }
    const tyto_status status =
        tyto_document_add_similarities(j->out.document, photo, similarities, &bytes, &err);
    j->written++;
    return records_put(&j->out, status, &bytes, &err);
}

static photo_outcome compare_photo(void *context, photo_turn *photo)
{
    job *j = context;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_similarities found = {0};
    photo_outcome outcome = PHOTO_FAILED;
    if (went_well_for(photo->path,
                      tyto_similarity_best(j->search.model.session, j->search.vocabulary,
                                           &photo->image, &j->search.embed, j->args->search.top_k,
                                           &found, &err),
                      &err)) {
        progress_hide();
        outcome = write_photo(j, photo->path, &found) ? PHOTO_DONE : PHOTO_LAST;
    }
    tyto_similarities_clear(&found);
    return outcome;
}

static int compare_all(job *j)
{
    bool last;
    bool good = photos_each(&j->search.photos, compare_photo, j, &last) && !j->search.input_missing;
    /* A table without photos has no header. */
    const bool writable = !last && (j->args->format == TYTO_FORMAT_CSV || begin(j));
    const bool keep = writable && !interrupted() && j->written > 0;
    good = records_end(&j->out, keep) && good;
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
    const int code = search_read_queries(s, TYTO_AVERAGING_NONE);
    if (code != EXIT_DONE) {
        return code;
    }
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
    return records_open(&j->out, args->search.output) ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    const similarity_args *args = given;
    job j = {.args = args, .search = {.common = &args->common, .args = &args->search}};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = search_open(&j.search, TYTO_TASK_SIMILARITY) && search_build(&j.search)
                   ? compare_all(&j)
                   : EXIT_FAILED;
    }
    records_drop(&j.out);
    search_end(&j.search);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(similarity_args, search),
    {"top-k", 0, OPTION_INTEGER, "N", "show the N best of each photo",
     offsetof(similarity_args, search.top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, RECORD_FORMATS, "how results are written (default text)",
     offsetof(similarity_args, format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output",
     offsetof(similarity_args, search.output), .files = COMPLETES_FILES},
    PROCESSOR_OPTIONS(similarity_args, search.processor),
    PHOTO_OPTIONS,
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
