/* A tokenizer's files, and texts. The input is parts, each of one kind (its first byte) and ended
 * by a byte 0xFF, which no UTF-8 has:
 *   T tokenizer.json, V vocab.json, M merges.txt, C tokenizer_config.json,
 *   S special_tokens_map.json, A added_tokens.json, X a text */
#include <stdlib.h>
#include <string.h>
#include <tyto/tyto.h>
#include <unistd.h>

#include "fuzz.h"

enum { KINDS = 6 };
static const char kinds[KINDS] = {'T', 'V', 'M', 'C', 'S', 'A'};
static const char *const names[KINDS] = {
    "tokenizer.json",          "vocab.json",       "merges.txt", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json"};

typedef struct part {
    char kind;
    const uint8_t *data;
    size_t size;
} part;

/* The next part, or false at the end. */
static int next_part(const uint8_t **data, size_t *size, part *out)
{
    if (*size == 0) {
        return 0;
    }
    const uint8_t *end = memchr(*data, 0xFF, *size);
    const size_t n = end ? (size_t)(end - *data) : *size;
    *out = (part){n ? (char)**data : 0, *data + (n > 0), n ? n - 1 : 0};
    *data += n + (end != NULL);
    *size -= n + (end != NULL);
    return 1;
}

static void write_files(const uint8_t *data, size_t size)
{
    part p;
    for (int k = 0; k < KINDS; k++) {
        unlink(fuzz_file(names[k], "", 0));
    }
    while (next_part(&data, &size, &p)) {
        for (int k = 0; k < KINDS; k++) {
            if (p.kind == kinds[k]) {
                fuzz_file(names[k], p.data, p.size);
            }
        }
    }
}

/* What encodes must decode, and hold what the header promises. */
static void encode(const tyto_tokenizer *tokenizer, const part *text, int variant)
{
    const char *texts[] = {(const char *)text->data, "a photo"};
    const size_t lengths[] = {text->size, 7};
    const tyto_words rows[] = {{texts, lengths, 1}, {texts, lengths, 2}};
    const tyto_words pairs[] = {{texts + 1, lengths + 1, 1}, {texts, lengths, 1}};
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = (tyto_padding)(variant % 3),
                                         .truncation = (tyto_truncation)(variant % 4),
                                         .max_length = variant % 4 * 5,
                                         .no_special_tokens = variant % 5 == 4,
                                         .padding_side = (tyto_side)(variant / 2 % 3),
                                         .truncation_side = (tyto_side)(variant / 3 % 3),
                                         .pad_to_multiple_of = variant % 7 == 1 ? 5 : 0,
                                         .stride = variant / 4 % 3,
                                         .split_special_tokens = variant % 11 == 7,
                                         .overflowing_tokens = variant % 3 == 1,
                                         .special_tokens_mask = variant % 2 == 1,
                                         .token_type_ids = variant % 5 == 1,
                                         .offsets = variant % 3 == 0,
                                         .whole_texts = variant % 4 == 1};
    tyto_encoding encoding;
    if (options.max_length == 0 && tyto_tokenizer_max_length(tokenizer) > 1000 &&
        options.padding == TYTO_PADDING_MAX_LENGTH) {
        return;
    }
    if (tyto_tokenizer_encode_words(tokenizer, rows, variant % 2 ? pairs : NULL, 2, &options,
                                    &encoding, NULL) != TYTO_OK) {
        return;
    }
    for (int64_t i = 0; i < encoding.offsets[encoding.count]; i++) {
        if (encoding.input_ids[i] < 0 || encoding.attention_mask[i] >> 1 != 0) {
            __builtin_trap();
        }
    }
    tyto_decoding decoding;
    const tyto_decode_options decode = {.struct_bytes = sizeof(tyto_decode_options),
                                        .skip_special_tokens = variant % 2,
                                        .clean_up = (tyto_clean_up)(variant % 3)};
    if (tyto_tokenizer_decode_batch(tokenizer, encoding.input_ids, encoding.offsets, encoding.count,
                                    &decode, &decoding, NULL) == TYTO_OK) {
        if (strlen(decoding.texts[0]) > decoding.lengths_bytes[0]) {
            __builtin_trap();
        }
        tyto_decoding_clear(&decoding);
    }
    tyto_encoding_clear(&encoding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer = NULL;
    write_files(data, size);
    if (tyto_tokenizer_open(fuzz_folder(), &tokenizer, &err) == TYTO_OK) {
        part p;
        int variant = 0;
        while (next_part(&data, &size, &p)) {
            for (int i = 0; p.kind == 'X' && i < 4; i++) {
                encode(tokenizer, &p, variant++);
            }
        }
    } else if (!err.message) {
        __builtin_trap();
    }
    tyto_tokenizer_destroy(tokenizer);
    tyto_error_clear(&err);
    return 0;
}
