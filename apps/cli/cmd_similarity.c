/* tyto similarity: how alike photos and texts are. */
#include <tyto/similarity.h>
#include <tyto/similarity_document.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "search.h"

typedef struct similarity_args {
    common_args common;
    search_args search; /* texts, classes, top-k, output */
} similarity_args;

typedef struct job {
    const similarity_args *args;
    search search;
} job;

static tyto_status compare_photo(void *context, tyto_batch_photo *photo, tyto_error *err)
{
    job *j = context;
    search *s = &j->search;
    tyto_similarities found = {0};
    tyto_status status = tyto_similarity_best(s->model.session, s->vocabulary, photo->image,
                                              &s->embed, j->args->search.top_k, &found, err);
    if (status == TYTO_OK) {
        progress_hide();
        status = tyto_document_add_similarities(s->results.document, photo->path, &found,
                                                &photo->record, err);
    }
    tyto_similarities_clear(&found);
    return status;
}

static int compare_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    search *s = &j->search;
    const tyto_status status = tyto_similarity_document_create(
        tyto_results_format(s->results.results), TEXTS(&s->labels),
        s->photos.many ? INT64_MAX : (int64_t)s->photos.count, &s->results.document, &bytes, &err);
    return records_begin(&s->results, status, &bytes, &err) ? search_finish(s, compare_photo, j)
                                                            : EXIT_FAILED;
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
    return search_open_results(s, false, &s->photos);
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
    search_end(&j.search);
    return code;
}

static const option options[] = {
    SEARCH_TEXT_OPTIONS(similarity_args, search),
    {"top-k", 0, OPTION_INTEGER, "N", "show the N best of each photo",
     offsetof(similarity_args, search.top_k), 1, 1e9},
    {"format", 'f', OPTION_CHOICE, RECORD_FORMATS,
     "how results are written (default: what -o's ending says, or else text)",
     offsetof(similarity_args, search.format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output",
     offsetof(similarity_args, search.output), .files = WRITES_FILES},
    RESUME_OPTION(similarity_args, search),
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

static const similarity_args defaults = {.search = {.format = FORMAT_UNSET}};

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
    .defaults = &defaults,
    .run = run,
};
