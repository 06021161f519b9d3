/* tyto tokenize: what the tokenizer makes of texts. */
#include <tyto/memory.h>
#include <tyto/token_document.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"

typedef struct tokenize_args {
    common_args common;
    const char *file, *output;
    text_list pairs;
    int padding, truncation, padding_side, truncation_side, clean_up, format;
    bool no_special_tokens, words, split_special_tokens;
    bool overflow, special_tokens_mask, token_types, offsets;
    bool decode, skip_special_tokens, no_spaces;
    int64_t max_length, multiple, stride;
} tokenize_args;

static tyto_encode_options options_of(const tokenize_args *args)
{
    tyto_encode_options options;
    tyto_encode_options_init(&options, sizeof(options));
    options.padding = (tyto_padding)args->padding;
    options.truncation = (tyto_truncation)args->truncation;
    options.max_length = args->max_length;
    options.no_special_tokens = args->no_special_tokens;
    options.padding_side = (tyto_side)args->padding_side;
    options.truncation_side = (tyto_side)args->truncation_side;
    options.pad_to_multiple_of = args->multiple;
    options.stride = args->stride;
    options.split_special_tokens = args->split_special_tokens;
    options.overflowing_tokens = args->overflow;
    options.special_tokens_mask = args->special_tokens_mask;
    options.token_type_ids = args->token_types;
    options.offsets = args->offsets;
    options.split_words = args->words;
    return options;
}

/* The document of the texts' tokens. */
static tyto_status encode(const tokenize_args *args, const tyto_tokenizer *tokenizer,
                          const text_list *texts, tyto_bytes *out, tyto_error *err)
{
    const tyto_encode_options options = options_of(args);
    const char *const *firsts = (const char *const *)texts->items;
    const int64_t count = (int64_t)texts->count;
    tyto_encoding encoding = {0};
    tyto_status status =
        args->pairs.count > 0
            ? tyto_tokenizer_encode_pairs(tokenizer, firsts, (const char *const *)args->pairs.items,
                                          count, &options, &encoding, err)
            : tyto_tokenizer_encode(tokenizer, firsts, NULL, count, &options, &encoding, err);
    if (status == TYTO_OK) {
        status = tyto_token_document_write(tokenizer, &encoding, firsts, (tyto_format)args->format,
                                           out, err);
    }
    tyto_encoding_clear(&encoding);
    return status;
}

/* Each operand is a list of ids, and gives a line of text or a JSON string. */
static tyto_status decode(const tokenize_args *args, const tyto_tokenizer *tokenizer,
                          const text_list *texts, tyto_bytes *out, tyto_error *err)
{
    tyto_decode_options options;
    tyto_decode_options_init(&options, sizeof(options));
    options.skip_special_tokens = args->skip_special_tokens;
    options.clean_up = (tyto_clean_up)args->clean_up;
    options.no_spaces_between_special_tokens = args->no_spaces;
    tyto_decoding decoding = {0};
    tyto_status status =
        tyto_tokenizer_decode_texts(tokenizer, TEXTS(texts), &options, &decoding, err);
    if (status == TYTO_OK) {
        status = tyto_decoding_document_write(&decoding, (tyto_format)args->format, out, err);
    }
    tyto_decoding_clear(&decoding);
    return status;
}

/* With the tokenizer alone: no weights are read. */
static bool write_texts(const tokenize_args *args, const text_list *texts, output *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer = NULL;
    tyto_bytes bytes = {0};
    char *folder = model_folder(&args->common);
    if (!folder) {
        return false;
    }
    tyto_status status = tyto_tokenizer_open(folder, &tokenizer, &err);
    if (status == TYTO_OK) {
        status = (args->decode ? decode : encode)(args, tokenizer, texts, &bytes, &err);
    }
    if (went_well(status, &err)) {
        output_bytes(out, &bytes);
    }
    tyto_bytes_clear(&bytes);
    tyto_tokenizer_destroy(tokenizer);
    tyto_free(folder);
    return status == TYTO_OK && output_commit(out);
}

static int run(void *given)
{
    tokenize_args *args = given;
    text_list texts = {0};
    output out = {0};
    int code = EXIT_FAILED;
    if (!output_choose_format(args->output, &args->format)) {
        return EXIT_USAGE;
    }
    if (!gather_texts(&args->common.operands, args->file, true, &texts)) {
        goto cleanup;
    }
    if (texts.count == 0) {
        say_error("no text: required TEXT or --file FILE with one per line");
        code = args->file ? EXIT_FAILED : EXIT_USAGE;
        goto cleanup;
    }
    if (args->pairs.count > 0 && args->pairs.count != texts.count) {
        say_error("--pair: got %zu texts, required one for each of the %zu texts",
                  args->pairs.count, texts.count);
        code = EXIT_USAGE;
        goto cleanup;
    }
    if (output_open(&out, args->output) && write_texts(args, &texts, &out)) {
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
    {"truncation", 0, OPTION_CHOICE, "none|longest-first|only-first|only-second",
     "cut texts to the length that the model takes; of a pair the longer one first, or only one "
     "(default none)",
     AT(truncation)},
    {"max-length", 0, OPTION_INTEGER, "N", "that length, instead of what the model says",
     AT(max_length), 1, 1 << 20,
     .needs = "truncation=longest-first|only-first|only-second/padding=max"},
    {"padding-side", 0, OPTION_CHOICE, "configured|right|left",
     "fill up there (default as the tokenizer's files say)", AT(padding_side),
     .needs = "padding=longest|max"},
    {"truncation-side", 0, OPTION_CHOICE, "configured|right|left", "cut there (the same default)",
     AT(truncation_side), .needs = "truncation=longest-first|only-first|only-second"},
    {"pad-to-multiple-of", 0, OPTION_INTEGER, "N", "fill up to a multiple of N tokens",
     AT(multiple), 1, 1 << 20, .needs = "padding=longest|max"},
    {"overflow", 0, OPTION_FLAG, NULL,
     "keep what was cut: in further rows, or for tokens of bytes in overflowing_tokens",
     AT(overflow), .needs = "truncation=longest-first|only-first|only-second"},
    {"stride", 0, OPTION_INTEGER, "N", "tokens that what overflows shares with what stayed",
     AT(stride), 0, 1 << 20, .needs = "overflow"},
    {"pair", 0, OPTION_TEXTS, "TEXT", "second text of a pair; as often as there are texts",
     AT(pairs)},
    {"words", 0, OPTION_FLAG, NULL,
     "split texts into words at white space, and encode each by itself", AT(words)},
    {"split-special-tokens", 0, OPTION_FLAG, NULL,
     "read special tokens in a text as text (tokens of bytes)", AT(split_special_tokens)},
    {"special-tokens-mask", 0, OPTION_FLAG, NULL, "add special_tokens_mask to JSON",
     AT(special_tokens_mask), .needs = "format=json,!decode"},
    {"token-types", 0, OPTION_FLAG, NULL, "add token_type_ids to JSON", AT(token_types),
     .needs = "format=json,!decode"},
    {"offsets", 0, OPTION_FLAG, NULL,
     "add offsets and words to JSON: where tokens lie in the text (not of bytes)", AT(offsets),
     .needs = "format=json,!decode"},
    {"no-special-tokens", 0, OPTION_FLAG, NULL, "leave out the start and end of text",
     AT(no_special_tokens)},
    {"decode", 0, OPTION_FLAG, NULL, "the other way: each TEXT is a list of ids", AT(decode)},
    {"skip-special-tokens", 0, OPTION_FLAG, NULL, "with --decode, leave special tokens out",
     AT(skip_special_tokens), .needs = "decode"},
    {"clean-up", 0, OPTION_CHOICE, "configured|on|off",
     "with --decode, drop spaces before punctuation (default as the tokenizer's files say)",
     AT(clean_up), .needs = "decode"},
    {"no-spaces", 0, OPTION_FLAG, NULL,
     "with --decode, no spaces around added tokens (tokens of bytes)", AT(no_spaces),
     .needs = "decode"},
    {"format", 'f', OPTION_CHOICE, "text|json",
     "a table, or JSON (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = WRITES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto tokenize \"a photo of a cat\"", "a table of ids and tokens"},
    {"tyto tokenize -m google/owlv2-base-patch16-ensemble --format json -- \"a cat\" \"--draw\"",
     "JSON; after -- everything is text"},
    {"tyto tokenize --file names.txt --padding max --truncation longest-first -f json -o "
     "tokens.json",
     "a file of names, as the network takes them"},
    {"tyto tokenize -m deepmind/language-perceiver \"a question\" --pair \"its text\" --max-length "
     "64 "
     "--truncation only-second",
     "a pair, of which the second text is cut"},
    {"tyto tokenize -m deepmind/language-perceiver --decode \"4 78 111 5\" --skip-special-tokens",
     "ids back to text"},
    {0},
};

static const tokenize_args defaults = {.format = OPTION_UNSET};

const command cmd_tokenize = {
    .name = "tokenize",
    .summary = "show the tokens of texts",
    .synopsis = "[option...] [--] TEXT...",
    .operands = "TEXT",
    .description =
        "Splits texts as the model's tokenizer does. JSON is an array with input_ids, "
        "attention_mask, tokens and length for each text. Only the tokenizer's files are "
        "read; a model whose tokens are bytes may have none.",
    .options = options,
    .idle = "threads|precision",
    .examples = examples,
    .args_bytes = sizeof(tokenize_args),
    .defaults = &defaults,
    .run = run,
};
