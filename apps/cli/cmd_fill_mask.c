/* tyto fill-mask: what may stand in place of masked bytes. */
#include <string.h>
#include <tyto/fill_mask.h>
#include <tyto/fill_mask_document.h>
#include <tyto/words.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "records.h"
#include "signals.h"

typedef struct fill_args {
    common_args common;
    const char *file, *output;
    text_list spans, mask_texts;
    int64_t top_k;
    int format;
} fill_args;

/* One text. */
static bool fill(tyto_session *session, const tyto_fill_mask_options *options, const char *text,
                 records *results)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_filled_text filled;
    tyto_bytes bytes = {0};
    char shown[TYTO_QUOTE_BYTES];
    const double began = seconds_now();
    if (!went_well_for(tyto_text_quote(text, shown),
                       tyto_fill_mask(session, text, strlen(text), options, &filled, &err), &err)) {
        return false;
    }
    say_info("%lld masks in %.3f s", (long long)filled.n_masks, seconds_now() - began);
    const tyto_status status =
        tyto_document_add_filled_text(results->document, text, &filled, &bytes, &err);
    tyto_filled_text_clear(&filled);
    return records_put(results, status, &bytes, &err);
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

static bool begin(records *results)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_fill_mask_document_create(tyto_results_format(results->results),
                                                              &results->document, &bytes, &err);
    return records_begin(results, status, &bytes, &err);
}

static int fill_all(const fill_args *args, const tyto_spans *spans, const text_list *texts)
{
    opened model = {0};
    records results = {0};
    tyto_fill_mask_options options;
    const tyto_results_options where = records_options(args->output, args->format);
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.spans = spans->items;
    options.n_spans = spans->count;
    options.parts = (const char *const *)args->mask_texts.items;
    options.n_parts = (int64_t)args->mask_texts.count;
    options.top_k = args->top_k;
    bool good = records_open(&results, &where) == EXIT_DONE && model_open(&args->common, &model) &&
                model_offers(&model, TYTO_TASK_FILL_MASK) && begin(&results);
    if (good) {
        for (size_t i = 0; i < texts->count && !interrupted(); i++) {
            good = fill(model.session, &options, texts->items[i], &results) && good;
        }
        good = records_end(&results, true) && good;
    }
    records_drop(&results);
    model_close(&model);
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    const fill_args *args = given;
    tyto_spans spans = {0};
    text_list texts = {0};
    int code = EXIT_FAILED;
    if (!read_spans(args, &spans)) {
        code = EXIT_USAGE;
    } else if (gather_texts(&args->common.operands, args->file, false, &texts)) {
        if (texts.count > 0) {
            code = fill_all(args, &spans, &texts);
        } else {
            say_error("no text: required TEXT or --file FILE with one per line");
            code = args->file ? EXIT_FAILED : EXIT_USAGE;
        }
    }
    tyto_spans_clear(&spans);
    text_list_clear(&texts);
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
