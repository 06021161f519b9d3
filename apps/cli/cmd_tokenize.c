/* tyto tokenize: what the tokenizer makes of texts. */
#include <stdlib.h>
#include <string.h>
#include <tyto/tokenizer.h>

#include "commands.h"
#include "inputs.h"
#include "json.h"
#include "messages.h"
#include "model.h"
#include "output.h"

enum { FORMAT_TEXT, FORMAT_JSON };

typedef struct tokenize_args {
    common_args common;
    const char *file, *output;
    int padding, format;
    bool truncation, no_special_tokens;
    int64_t max_length;
} tokenize_args;

static size_t row_length(const tyto_encoding *encoding, size_t i)
{
    return encoding->offsets[i + 1] - encoding->offsets[i];
}

static const char *spelled(const tyto_tokenizer *tokenizer, int64_t id)
{
    const char *token = tyto_tokenizer_token(tokenizer, id);
    return token ? token : "";
}

static json_t *text_object(const tyto_tokenizer *tokenizer, const tyto_encoding *encoding, size_t i)
{
    json_t *object = json_made(json_object()), *ids = json_made(json_array());
    json_t *mask = json_made(json_array()), *tokens = json_made(json_array());
    for (size_t t = encoding->offsets[i]; t < encoding->offsets[i + 1]; t++) {
        json_push(ids, json_integer(encoding->input_ids[t]));
        json_push(mask, json_integer(encoding->attention_mask[t]));
        json_push(tokens, json_text(spelled(tokenizer, encoding->input_ids[t])));
    }
    json_put(object, "input_ids", ids);
    json_put(object, "attention_mask", mask);
    json_put(object, "tokens", tokens);
    return object;
}

static void write_json(FILE *to, const tyto_tokenizer *tokenizer, const tyto_encoding *encoding)
{
    fputs("[", to);
    for (size_t i = 0; i < encoding->count; i++) {
        json_t *object = text_object(tokenizer, encoding, i);
        fputs(i ? ",\n" : "\n", to);
        json_write(object, false, to);
        json_decref(object);
    }
    fputs("\n]\n", to);
}

static void write_plain(FILE *to, const char *text)
{
    const size_t bytes = plain_text(NULL, 0, text) + 1;
    char *plain = take(bytes, 1);
    plain_text(plain, bytes, text);
    fputs(plain, to);
    free(plain);
}

static void write_table(FILE *to, const tyto_tokenizer *tokenizer, const tyto_encoding *encoding,
                        const text_list *texts)
{
    for (size_t i = 0; i < encoding->count; i++) {
        fputs(i ? "\n\"" : "\"", to);
        write_plain(to, texts->items[i]);
        fprintf(to, "\": %zu tokens%s\n", row_length(encoding, i),
                encoding->truncated[i] ? ", cut" : "");
        fputs("      id  mask  token\n", to);
        for (size_t t = encoding->offsets[i]; t < encoding->offsets[i + 1]; t++) {
            fprintf(to, "%8lld  %4lld  ", (long long)encoding->input_ids[t],
                    (long long)encoding->attention_mask[t]);
            write_plain(to, spelled(tokenizer, encoding->input_ids[t]));
            fputc('\n', to);
        }
    }
}

static bool encode(const tokenize_args *args, const tyto_tokenizer *tokenizer,
                   const text_list *texts, tyto_encoding *encoding)
{
    const tyto_encode_options options = {
        .padding = (tyto_padding)args->padding,
        .truncation = args->truncation,
        .max_length = args->max_length,
        .no_special_tokens = args->no_special_tokens,
    };
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_tokenizer_encode(tokenizer, (const char *const *)texts->items, NULL, texts->count,
                              &options, encoding, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

/* The tokenizer alone: no weights are read. */
static tyto_tokenizer *open_tokenizer(const tokenize_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer = NULL;
    char *folder = model_folder(&args->common);
    if (folder && tyto_tokenizer_open(folder, &tokenizer, &err) != TYTO_OK) {
        say_tyto_error(&err);
    }
    free(folder);
    return tokenizer;
}

static bool tokenize(const tokenize_args *args, const text_list *texts, output *out)
{
    tyto_encoding encoding = {0};
    tyto_tokenizer *tokenizer = open_tokenizer(args);
    bool good = tokenizer && encode(args, tokenizer, texts, &encoding);
    if (good) {
        if (args->format == FORMAT_JSON) {
            write_json(out->stream, tokenizer, &encoding);
        } else {
            write_table(out->stream, tokenizer, &encoding, texts);
        }
        good = output_commit(out);
    }
    tyto_encoding_clear(&encoding);
    tyto_tokenizer_destroy(tokenizer);
    return good;
}

static int run(void *given)
{
    const tokenize_args *args = given;
    const text_list *operands = &args->common.operands;
    text_list texts = {0};
    output out = {0};
    int code = EXIT_FAILED;
    for (size_t i = 0; i < operands->count; i++) {
        text_list_add(&texts, operands->items[i], strlen(operands->items[i]));
    }
    if (args->file && !read_lines(args->file, true, &texts)) {
        goto cleanup;
    }
    if (texts.count == 0) {
        say_error("no text: required TEXT or --file FILE with one per line");
        code = args->file ? EXIT_FAILED : EXIT_USAGE;
        goto cleanup;
    }
    if (output_open(&out, args->output) && tokenize(args, &texts, &out)) {
        code = EXIT_DONE;
    }
cleanup:
    output_abandon(&out);
    text_list_clear(&texts);
    return code;
}

#define AT(field) offsetof(tokenize_args, field)
static const option options[] = {
    {"file", 0, OPTION_TEXT, "FILE", "more texts, one per line; - is standard input", AT(file),
     .files = COMPLETES_FILES},
    {"padding", 0, OPTION_CHOICE, "none|longest|max",
     "fill up to the longest text, or to the length that the model takes (default none)",
     AT(padding)},
    {"truncation", 0, OPTION_FLAG, NULL, "cut texts to the length that the model takes",
     AT(truncation)},
    {"max-length", 0, OPTION_INTEGER, "N", "that length, instead of what the model says",
     AT(max_length), 1, 1 << 20},
    {"no-special-tokens", 0, OPTION_FLAG, NULL, "leave out the start and end of text",
     AT(no_special_tokens)},
    {"format", 'f', OPTION_CHOICE, "text|json", "a table (default), or JSON", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto tokenize \"a photo of a cat\"", "a table of ids and tokens"},
    {"tyto tokenize -m owlv2-base-patch16-ensemble --format json -- \"a cat\" \"--draw\"",
     "JSON; after -- everything is text"},
    {"tyto tokenize --file names.txt --padding max --truncation --format json -o tokens.json",
     "a file of names, as the network takes them"},
    {0},
};

const command cmd_tokenize = {
    .name = "tokenize",
    .summary = "show the tokens of texts",
    .synopsis = "[option...] [--] TEXT...",
    .operands = "TEXT",
    .description = "Splits texts as the model's tokenizer does. JSON is an array with input_ids, "
                   "attention_mask and tokens for each text. Only the tokenizer's files are read.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(tokenize_args),
    .run = run,
};
