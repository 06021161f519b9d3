/* tyto classify: which of its classes a model sees in texts or photos. */
#include <stdlib.h>
#include <string.h>
#include <tyto/classes_document.h>
#include <tyto/classify.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "photo_reader.h"
#include "records.h"
#include "signals.h"

enum { BATCH_MAX = 256 };

typedef struct classify_args {
    common_args common;
    const char *file, *output;
    int64_t top_k, batch;
    bool truncation;
    int format, scores;
} classify_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const classify_args *args;
    tyto_classify_options options;
    opened with;
    bool photos; /* what the model classifies, else texts */
    text_list inputs;
    records out;
} job;

/* One batch: places among the inputs, and their pictures. */
typedef struct batch {
    size_t items[BATCH_MAX];
    tyto_image images[BATCH_MAX];
    tyto_classes classes[BATCH_MAX];
    size_t count;
} batch;

static bool write_classes(job *j, const char *input, const tyto_classes *classes)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status =
        tyto_document_add_classes(j->out.document, input, classes, &bytes, &err);
    return records_put(&j->out, status, &bytes, &err);
}

/* Members first … first+count−1 of a batch, in one forward. */
static tyto_status classify(job *j, batch *b, size_t first, size_t count, tyto_error *err)
{
    const char *texts[BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        texts[i] = j->inputs.items[b->items[first + i]];
    }
    return j->photos ? tyto_classify_images(j->with.session, b->images + first, (int64_t)count,
                                            &j->options, b->classes + first, err)
                     : tyto_classify_texts(j->with.session, texts, NULL, (int64_t)count,
                                           &j->options, b->classes + first, err);
}

/* One by one, so that what is wrong with one input keeps no other from its classes. */
static bool classify_apart(job *j, batch *b)
{
    bool good = true;
    for (size_t i = 0; i < b->count && !interrupted(); i++) {
        const char *input = j->inputs.items[b->items[i]];
        tyto_error err = TYTO_ERROR_INIT;
        if (classify(j, b, i, 1, &err) == TYTO_OK) {
            good = write_classes(j, input, &b->classes[i]) && good;
        } else if (!interrupted()) {
            char text[QUOTED_BYTES];
            say_error("%s: %s", j->photos ? input : quoted(text, input), tyto_error_message(&err));
            good = false;
        }
        tyto_error_clear(&err);
    }
    return good;
}

static bool classify_batch(job *j, batch *b)
{
    tyto_error err = TYTO_ERROR_INIT;
    bool good = true;
    const double began = seconds_now();
    if (b->count > 1 && classify(j, b, 0, b->count, &err) == TYTO_OK) {
        for (size_t i = 0; i < b->count; i++) {
            good = write_classes(j, j->inputs.items[b->items[i]], &b->classes[i]) && good;
        }
    } else {
        tyto_error_clear(&err);
        good = classify_apart(j, b);
    }
    say_info("%zu in %.3f s", b->count, seconds_now() - began);
    for (size_t i = 0; i < b->count; i++) {
        tyto_classes_clear(&b->classes[i]);
        tyto_image_clear(&b->images[i]);
    }
    b->count = 0;
    return good;
}

static bool classify_all(job *j)
{
    batch *b = take(1, sizeof(*b));
    photo_reader reader = {.photos = &j->inputs};
    bool good = true;
    for (size_t i = 0; i < j->inputs.count && !interrupted(); i++) {
        progress_show(i, j->inputs.count, j->inputs.items[i]);
        if (j->photos && !photo_reader_next(&reader, &b->images[b->count])) {
            good = false;
            continue;
        }
        b->items[b->count++] = i;
        if (b->count == (size_t)j->args->batch) {
            progress_hide();
            good = classify_batch(j, b) && good;
        }
    }
    progress_hide();
    photo_reader_end(&reader);
    if (b->count > 0) {
        good = classify_batch(j, b) && good;
    }
    free(b);
    return good;
}

/* The operands as what the model classifies, with the lines of the file. */
static bool list_inputs(job *j)
{
    const text_list *operands = &j->args->common.operands;
    text_list names = {0};
    bool good = true;
    for (size_t i = 0; i < operands->count; i++) {
        text_list_add(&names, operands->items[i], strlen(operands->items[i]));
    }
    if (j->args->file) {
        good = read_lines(j->args->file, false, &names);
    }
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
    if (!model_open(&j->args->common, &j->with)) {
        return false;
    }
    const tyto_classifies kind = tyto_model_classifies(j->with.model);
    if (kind == TYTO_CLASSIFIES_NOTHING) {
        say_error("%s: got a %s, required a model that classifies texts or pictures",
                  j->with.folder, tyto_model_head(j->with.model));
        return false;
    }
    j->photos = kind == TYTO_CLASSIFIES_IMAGES;
    if (j->photos && !tyto_model_image_processor(j->with.model)) {
        say_error("%s: no preprocessor_config.json, required to read pictures", j->with.folder);
        return false;
    }
    return true;
}

static bool begin(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_classes_document_create(
        (tyto_format)j->args->format, j->photos ? TYTO_CLASSIFIED_IMAGE : TYTO_CLASSIFIED_TEXT,
        &j->out.document, &bytes, &err);
    return records_put(&j->out, status, &bytes, &err);
}

static int run(void *given)
{
    job j = {.args = given};
    int code = EXIT_FAILED;
    if (j.args->common.operands.count == 0 && !j.args->file) {
        say_error("nothing to classify: required TEXT or IMAGE, or --file FILE with one per line");
        return EXIT_USAGE;
    }
    tyto_classify_options_init(&j.options, sizeof(j.options));
    j.options.top_k = j.args->top_k;
    j.options.scores = (tyto_scores)j.args->scores;
    j.options.truncation = j.args->truncation;
    j.options.progress = go_on;
    if (records_open(&j.out, j.args->output) && open_model(&j) && begin(&j)) {
        bool good = list_inputs(&j);
        if (j.inputs.count > 0) {
            good = classify_all(&j) && good;
        }
        good = records_end(&j.out, !interrupted()) && good;
        code = good ? EXIT_DONE : EXIT_FAILED;
    }
    records_drop(&j.out);
    model_close(&j.with);
    text_list_clear(&j.inputs);
    return code;
}

#define AT(field) offsetof(classify_args, field)
static const classify_args defaults = {.top_k = 5, .batch = 8};

static const option options[] = {
    {"file", 0, OPTION_TEXT, "FILE", "more of them, one per line; - is standard input", AT(file),
     .files = COMPLETES_FILES},
    {"top-k", 'k', OPTION_INTEGER, "N", "the best N classes (default 5); 0: all", AT(top_k), 0,
     1 << 20},
    {"scores", 0, OPTION_CHOICE, "configured|softmax|sigmoid|none",
     "what makes scores of logits (default as config.json's problem_type says)", AT(scores)},
    {"batch", 'b', OPTION_INTEGER, "N", "how many go through the network together (default 8)",
     AT(batch), 1, BATCH_MAX},
    {"truncation", 0, OPTION_FLAG, NULL,
     "cut texts to the length that the model takes, instead of refusing longer ones",
     AT(truncation)},
    {"parts", 0, OPTION_TEXT, "FILE",
     "compose a Perceiver of the preprocessor and decoder that this .json describes",
     AT(common.parts), .files = COMPLETES_FILES},
    {"format", 'f', OPTION_CHOICE, RECORD_FORMATS,
     "tables (default), a JSON array, a JSON object per line, or CSV", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto classify -m vision-perceiver-conv photo.jpg", "the five classes that fit best"},
    {"tyto classify -m vision-perceiver-learned shots/ -k 1 -f csv -o classes.csv",
     "all photos of a folder, in a table for spreadsheets"},
    {"tyto classify -m MODEL \"a text\" --file lines.txt -f jsonl",
     "texts, with a model of the class PerceiverForSequenceClassification"},
    {0},
};

const command cmd_classify = {
    .name = "classify",
    .summary = "classify texts or photos",
    .synopsis = "[option...] [--] TEXT|IMAGE...",
    .operands = "TEXT or IMAGE",
    .description =
        "Gives the classes of texts or photos with a Perceiver that classifies, and their names by "
        "config.json's id2label. What the operands are depends on the model: texts for "
        "PerceiverForSequenceClassification; files, folders or patterns of photos for the classes "
        "that classify images.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(classify_args),
    .defaults = &defaults,
    .run = run,
};
