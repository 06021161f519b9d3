/* tyto classify: which of its classes a model sees in texts or photos. */
#include <string.h>
#include <tyto/classes_document.h>
#include <tyto/classify.h>
#include <tyto/files.h>
#include <tyto/words.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "photo_reader.h"
#include "records.h"
#include "signals.h"

typedef struct classify_args {
    common_args common;
    const char *file, *output;
    int64_t top_k, batch;
    bool truncation, resume;
    int format, scores;
} classify_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const classify_args *args;
    opened model;
    bool photos; /* what the model classifies, else texts */
    text_list inputs;
    records out;
    tyto_batch_summary summary;
} job;

static bool take_classes(void *user, int64_t i, const tyto_classes *classes,
                         const tyto_error *failure)
{
    job *j = user;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    char text[TYTO_QUOTE_BYTES];
    const char *input = j->inputs.items[i];
    progress_hide();
    if (classes) {
        const tyto_status status =
            tyto_document_add_classes(j->out.document, input, classes, &bytes, &err);
        const bool good = records_put(&j->out, status, &bytes, &err);
        j->summary.done += good;
        return good;
    }
    j->summary.failed++;
    if (j->photos) {
        say_error("%s", tyto_error_message(failure));
    } else {
        say_error("%s: %s", tyto_text_quote(input, text), tyto_error_message(failure));
    }
    return true;
}

static bool classify_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_classify_options options;
    const double began = seconds_now();
    tyto_classify_options_init(&options, sizeof(options));
    options.image = photo_options();
    options.top_k = j->args->top_k;
    options.scores = (tyto_scores)j->args->scores;
    options.truncation = j->args->truncation;
    options.batch = j->args->batch;
    options.done = tyto_results_done(j->out.results);
    options.progress = show_stage;
    options.progress_user = (char[]){"inputs"};
    const tyto_status status =
        tyto_classify_inputs(j->model.session, TEXTS(&j->inputs), &options, take_classes, j, &err);
    progress_hide();
    went_well(status, &err);
    for (size_t i = 0; options.done && i < j->inputs.count; i++) {
        j->summary.left_out += options.done[i];
    }
    j->summary.inputs = (int64_t)j->inputs.count;
    j->summary.kind = j->photos ? TYTO_BATCH_KIND_PHOTOS : TYTO_BATCH_KIND_TEXTS;
    j->summary.seconds = seconds_now() - began;
    say_summary(&j->summary, NULL, 0, status);
    return status == TYTO_OK && j->summary.failed == 0;
}

/* Whether no operand is a picture's name, where texts are classified. */
static bool check_texts(const job *j)
{
    const text_list *operands = &j->args->common.operands;
    for (size_t i = 0; i < operands->count; i++) {
        if (tyto_file_is_photo(operands->items[i])) {
            say_error("%s: got a photo, required a text, which %s classifies (a text that is a "
                      "file's name too: as a line of --file)",
                      operands->items[i], j->model.folder);
            return false;
        }
    }
    return true;
}

/* The operands as what the model classifies, with the lines of the file. */
static bool list_inputs(job *j)
{
    text_list names = {0};
    bool good = gather_texts(&j->args->common.operands, j->args->file, false, &names);
    if (j->photos) {
        good = list_photos(&names, &j->inputs) && good;
        text_list_clear(&names);
    } else {
        j->inputs = names;
    }
    return good;
}

static bool open_model(job *j)
{
    if (!model_open(&j->args->common, &j->model) || !model_offers(&j->model, TYTO_TASK_CLASSIFY)) {
        return false;
    }
    j->photos = tyto_model_classifies(j->model.model) == TYTO_CLASSIFIED_IMAGE;
    if (j->photos && !tyto_model_image_processor(j->model.model)) {
        say_error("%s: no preprocessor_config.json, required to read pictures", j->model.folder);
        return false;
    }
    return j->photos || check_texts(j);
}

static int begin(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    tyto_results_options options = records_options(j->args->output, j->args->format);
    options.resume = j->args->resume;
    options.inputs = (const char *const *)j->inputs.items;
    options.n_inputs = (int64_t)j->inputs.count;
    const int code = records_open(&j->out, &options);
    if (code != EXIT_DONE) {
        return code;
    }
    const tyto_status status = tyto_classes_document_create(
        tyto_results_format(j->out.results),
        j->photos ? TYTO_CLASSIFIED_IMAGE : TYTO_CLASSIFIED_TEXT, &j->out.document, &bytes, &err);
    return records_begin(&j->out, status, &bytes, &err) ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = EXIT_FAILED;
    if (j.args->common.operands.count == 0 && !j.args->file) {
        say_error("nothing to classify: required TEXT or IMAGE, or --file FILE with one per line");
        return EXIT_USAGE;
    }
    const char *path = j.args->output;
    if ((!path || strcmp(path, "-") == 0 || output_check_file(path)) && open_model(&j)) {
        const bool listed = list_inputs(&j);
        code = begin(&j);
        if (code == EXIT_DONE) {
            bool good = classify_all(&j) && listed;
            good = records_end(&j.out, true) && good;
            code = good ? EXIT_DONE : EXIT_FAILED;
        }
    }
    records_drop(&j.out);
    model_close(&j.model);
    text_list_clear(&j.inputs);
    return code;
}

#define AT(field) offsetof(classify_args, field)
static const classify_args defaults = {.top_k = 5, .batch = 8, .format = OPTION_UNSET};

static const option options[] = {
    {"file", 0, OPTION_TEXT, "FILE", "more of them, one per line; - is standard input", AT(file),
     .files = COMPLETES_FILES},
    {"top-k", 'k', OPTION_INTEGER, "N", "the best N classes (default 5); 0: all", AT(top_k), 0,
     1 << 20},
    {"scores", 0, OPTION_CHOICE, "configured|softmax|sigmoid|none",
     "what makes scores of logits (default as config.json's problem_type says)", AT(scores)},
    {"batch", 'b', OPTION_INTEGER, "N", "how many go through the network together (default 8)",
     AT(batch), 1, TYTO_CLASSIFY_BATCH_MAX},
    {"truncation", 0, OPTION_FLAG, NULL,
     "cut texts to the length that the model takes, instead of refusing longer ones",
     AT(truncation)},
    {"parts", 0, OPTION_TEXT, "FILE",
     "compose the model of the preprocessor and decoder that this .json describes",
     AT(common.parts), .files = COMPLETES_FILES},
    {"format", 'f', OPTION_CHOICE, RECORD_FORMATS,
     "how results are written (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = WRITES_FILES},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: what -o's file has results of is left out", AT(resume)},
    PHOTO_OPTIONS,
    {0},
};

static const example examples[] = {
    {"tyto classify -m deepmind/vision-perceiver-conv photo.jpg", "the five classes that fit best"},
    {"tyto classify -m deepmind/vision-perceiver-learned shots/ -k 1 -f csv -o classes.csv",
     "all photos of a folder, in a table for spreadsheets"},
    {"tyto classify -m MODEL \"a text\" --file lines.txt -f jsonl",
     "texts, with a model that classifies texts"},
    {0},
};

const command cmd_classify = {
    .name = "classify",
    .summary = "classify texts or photos",
    .synopsis = "[option...] [--] TEXT|IMAGE...",
    .operands = "TEXT or IMAGE",
    .description =
        "Gives the classes of texts or photos with a model that classifies, and their names by "
        "config.json's id2label. What the operands are depends on the model: texts for one that "
        "classifies texts; files, folders or patterns of photos for one that classifies images.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(classify_args),
    .defaults = &defaults,
    .run = run,
};
