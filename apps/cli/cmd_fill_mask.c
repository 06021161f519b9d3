/* tyto fill-mask: what may stand in place of masked bytes. */
#include <string.h>
#include <tyto/fill_mask.h>
#include <tyto/fill_mask_document.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "photo_reader.h"
#include "records.h"

typedef struct fill_args {
    common_args common;
    const char *file, *output;
    text_list spans, mask_texts;
    int64_t top_k;
    int format;
    bool resume;
} fill_args;

/* A run: what the arguments amount to. */
typedef struct job {
    const fill_args *args;
    text_list texts;
    tyto_spans spans;
    tyto_fill_mask_options options;
    opened model;
    records out;
} job;

static tyto_status fill(void *context, tyto_batch_photo *text, tyto_error *err)
{
    job *j = context;
    tyto_filled_text filled = {0};
    const double began = seconds_now();
    tyto_status status =
        tyto_fill_mask(j->model.session, text->path, strlen(text->path), &j->options, &filled, err);
    if (status == TYTO_OK) {
        progress_hide();
        say_info("%lld masks in %.3f s", (long long)filled.n_masks, seconds_now() - began);
        status =
            tyto_document_add_filled_text(j->out.document, text->path, &filled, &text->record, err);
    }
    tyto_filled_text_clear(&filled);
    return status;
}

static bool read_spans(const fill_args *args, tyto_spans *spans)
{
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; i < args->spans.count; i++) {
        if (tyto_spans_add_text(spans, args->spans.items[i], &err) != TYTO_OK) {
            say_error("--%s", tyto_error_message(&err));
            tyto_error_clear(&err);
            return false;
        }
    }
    for (size_t i = 0; i < args->mask_texts.count; i++) {
        if (!args->mask_texts.items[i][0]) {
            say_error("--mask-text: got an empty text, required one to mask");
            return false;
        }
    }
    return true;
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const fill_args *args = j->args;
    if (!read_spans(args, &j->spans)) {
        return EXIT_USAGE;
    }
    if (!gather_texts(&args->common.operands, args->file, false, &j->texts)) {
        return EXIT_FAILED;
    }
    if (j->texts.count == 0) {
        say_error("no text: required TEXT or --file FILE with one per line");
        return args->file ? EXIT_FAILED : EXIT_USAGE;
    }
    tyto_fill_mask_options_init(&j->options, sizeof(j->options));
    j->options.spans = j->spans.items;
    j->options.n_spans = j->spans.count;
    j->options.parts = (const char *const *)args->mask_texts.items;
    j->options.n_parts = (int64_t)args->mask_texts.count;
    j->options.top_k = args->top_k;
    tyto_results_options where = records_options(args->output, args->format);
    where.resume = args->resume;
    where.inputs = (const char *const *)j->texts.items;
    where.n_inputs = (int64_t)j->texts.count;
    return records_open(&j->out, &where);
}

static bool fill_all(job *j)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_fill_mask_document_create(tyto_results_format(j->out.results),
                                                              &j->out.document, &bytes, &err);
    if (!records_begin(&j->out, status, &bytes, &err)) {
        return false;
    }
    photos_run filled = {.kind = TYTO_BATCH_KIND_TEXTS, .results = j->out.results};
    photos_each(&filled, &j->texts, fill, j);
    return records_end(&j->out, !filled.ended) && filled.good;
}

static int run(void *given)
{
    job j = {.args = given};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        const bool good = model_open(&j.args->common, &j.model) &&
                          model_offers(&j.model, TYTO_TASK_FILL_MASK) && fill_all(&j);
        code = good ? EXIT_DONE : EXIT_FAILED;
    }
    records_drop(&j.out);
    model_close(&j.model);
    tyto_spans_clear(&j.spans);
    text_list_clear(&j.texts);
    return code;
}

#define AT(field) offsetof(fill_args, field)
static const fill_args defaults = {.top_k = 5, .format = OPTION_UNSET};

static const option options[] = {
    {"file", 0, OPTION_TEXT, "FILE", "more texts, one per line; - is standard input", AT(file),
     .files = COMPLETES_FILES},
    {"span", 's', OPTION_TEXTS, "START:END",
     "mask these bytes of each text, END not among them; may be given again", AT(spans)},
    {"mask-text", 't', OPTION_TEXTS, "TEXT", "mask this wherever it stands in a text",
     AT(mask_texts)},
    {"top-k", 'k', OPTION_INTEGER, "N", "guesses for each masked byte (default 5)", AT(top_k), 1,
     4096},
    {"format", 'f', OPTION_CHOICE, RECORD_FORMATS,
     "how results are written (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = WRITES_FILES},
    {"resume", 0, OPTION_FLAG, NULL,
     "go on where an earlier run was ended: texts that -o's file has results of are left out",
     AT(resume)},
    {0},
};

static const example examples[] = {
    {"tyto fill-mask -m deepmind/language-perceiver \\\n"
     "    \"This is an incomplete sentence where some words are missing.\" --mask-text \" "
     "missing\"",
     "guess eight bytes, and the most likely text with them"},
    {"tyto fill-mask -m deepmind/language-perceiver \"The capital of France is "
     "[MASK][MASK][MASK][MASK][MASK].\"",
     "one [MASK] stands for one byte"},
    {"tyto fill-mask -m deepmind/language-perceiver --file lines.txt --span 0:4 -k 1 -f jsonl -o "
     "filled.jsonl",
     "the first four bytes of each line of a file"},
    {0},
};

const command cmd_fill_mask = {
    .name = "fill-mask",
    .summary = "guess the masked bytes of texts",
    .synopsis = "[option...] [--] TEXT...",
    .operands = "TEXT",
    .description = "Fills in masked bytes with a model for masked language modelling, such as "
                   "deepmind/language-perceiver. Masked are each [MASK] of a text and the bytes "
                   "that --span and "
                   "--mask-text name.\n\n"
                   "Each mask gets its most likely tokens with their probabilities. 'best' is the "
                   "text with the "
                   "bytes that together are the most likely UTF-8.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(fill_args),
    .defaults = &defaults,
    .run = run,
};
