/* Tokenizers of bytes, and what options do to both kinds, against the reference: golden/data/
 * perceiver_tokenizer, which golden/make_perceiver_tokenizer.py writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <tyto/tyto.h>

enum { BATCH_MAX = 4, WORDS_MAX = 4 };

static tyto_tokenizer *open_at(const char *folder)
{
    char path[512];
    tyto_tokenizer *tokenizer = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(path, sizeof(path), "%s/golden/data/%s", getenv("TYTO_TEST_DATA"), folder);
    if (tyto_tokenizer_open(path, &tokenizer, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return tokenizer;
}

static json_t *load_cases(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/golden/data/perceiver_tokenizer/%s/cases.json",
             getenv("TYTO_TEST_DATA"), name);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

/* The texts of a case as the library takes them. */
typedef struct batch {
    const char *items[BATCH_MAX][WORDS_MAX];
    size_t lengths[BATCH_MAX][WORDS_MAX];
    tyto_words words[BATCH_MAX];
    size_t count;
} batch;

static void fill(batch *to, const json_t *list)
{
    to->count = json_array_size(list);
    assert_in_range(to->count, 1, BATCH_MAX);
    for (size_t i = 0; i < to->count; i++) {
        const json_t *entry = json_array_get(list, i);
        const size_t n = json_is_array(entry) ? json_array_size(entry) : 1;
        assert_in_range(n, 1, WORDS_MAX);
        for (size_t k = 0; k < n; k++) {
            const json_t *word = json_is_array(entry) ? json_array_get(entry, k) : entry;
            to->items[i][k] = json_string_value(word);
            to->lengths[i][k] = json_string_length(word);
        }
        to->words[i] = (tyto_words){to->items[i], to->lengths[i], (int64_t)n};
    }
}

static const char *text_of(const json_t *item, const char *key)
{
    const char *text = json_string_value(json_object_get(item, key));
    return text ? text : "";
}

static tyto_side side_of(const json_t *item, const char *key)
{
    const char *side = text_of(item, key);
    return side[0] == 'l'   ? TYTO_SIDE_LEFT
           : side[0] == 'r' ? TYTO_SIDE_RIGHT
                            : TYTO_SIDE_AS_CONFIGURED;
}

static tyto_encode_options options_of(const json_t *item)
{
    const char *padding = text_of(item, "padding"), *truncation = text_of(item, "truncation");
    return (tyto_encode_options){
        .struct_bytes = sizeof(tyto_encode_options),
        .padding = strcmp(padding, "longest") == 0      ? TYTO_PADDING_LONGEST
                   : strcmp(padding, "max_length") == 0 ? TYTO_PADDING_MAX_LENGTH
                                                        : TYTO_PADDING_NONE,
        .truncation = strcmp(truncation, "longest_first") == 0 ? TYTO_TRUNCATION_LONGEST_FIRST
                      : strcmp(truncation, "only_first") == 0  ? TYTO_TRUNCATION_ONLY_FIRST
                      : strcmp(truncation, "only_second") == 0 ? TYTO_TRUNCATION_ONLY_SECOND
                                                               : TYTO_TRUNCATION_NONE,
        .max_length = json_integer_value(json_object_get(item, "max_length")),
        .no_special_tokens = json_is_false(json_object_get(item, "special")),
        .padding_side = side_of(item, "padding_side"),
        .truncation_side = side_of(item, "truncation_side"),
        .pad_to_multiple_of = json_integer_value(json_object_get(item, "multiple")),
        .stride = json_integer_value(json_object_get(item, "stride")),
        .split_special_tokens = json_is_true(json_object_get(item, "split_special")),
        .overflowing_tokens = json_is_true(json_object_get(item, "overflow")),
        .special_tokens_mask = json_is_true(json_object_get(item, "mask")),
        .token_type_ids = json_is_true(json_object_get(item, "types")),
    };
}

/* Which case it is, for messages. */
static char where[64];

static void compare_numbers(const char *what, const int64_t *got, size_t count, const json_t *row)
{
    if (count != json_array_size(row)) {
        fail_msg("%s: %s: got %zu, required %zu", where, what, count, json_array_size(row));
    }
    for (size_t k = 0; k < count; k++) {
        const json_int_t required = json_integer_value(json_array_get(row, k));
        if (got[k] != required) {
            fail_msg("%s: %s: place %zu: got %lld, required %lld", where, what, k,
                     (long long)got[k], (long long)required);
        }
    }
}

static void compare_rows(const char *what, const int64_t *got, const int64_t *offsets, size_t count,
                         const json_t *made)
{
    const json_t *rows = json_object_get(made, what);
    assert_true((got != NULL) == (rows != NULL));
    for (size_t i = 0; rows && i < count; i++) {
        compare_numbers(what, got + offsets[i], (size_t)(offsets[i + 1] - offsets[i]),
                        json_array_get(rows, i));
    }
}

static void compare(const tyto_encoding *got, const json_t *made)
{
    const json_t *samples = json_object_get(made, "overflow_to_sample_mapping");
    if ((size_t)got->count != json_array_size(json_object_get(made, "input_ids"))) {
        fail_msg("%s: got %zu rows, required %zu", where, (size_t)got->count,
                 json_array_size(json_object_get(made, "input_ids")));
    }
    compare_rows("input_ids", got->input_ids, got->offsets, (size_t)got->count, made);
    compare_rows("attention_mask", got->attention_mask, got->offsets, (size_t)got->count, made);
    compare_rows("special_tokens_mask", got->special_tokens_mask, got->offsets, (size_t)got->count,
                 made);
    compare_rows("token_type_ids", got->token_type_ids, got->type_offsets, (size_t)got->count,
                 made);
    compare_rows("overflowing_tokens", got->overflowing_tokens, got->overflow_offsets,
                 (size_t)got->count, made);
    compare_numbers("length", got->lengths, (size_t)got->count, json_object_get(made, "length"));
    if (got->num_truncated_tokens) {
        compare_numbers("num_truncated_tokens", got->num_truncated_tokens, (size_t)got->count,
                        json_object_get(made, "num_truncated_tokens"));
    }
    for (int64_t i = 0; i < got->count; i++) {
        const size_t sample =
            samples ? (size_t)json_integer_value(json_array_get(samples, (size_t)i)) : (size_t)i;
        assert_int_equal(got->samples[i], sample);
    }
}

static void check_calls(const char *name, const tyto_tokenizer *tokenizer, const json_t *cases)
{
    size_t refused = 0;
    assert_true(json_array_size(cases) >= 60);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i), *made = json_object_get(item, "made");
        const json_t *pairs = json_object_get(item, "pairs");
        const tyto_encode_options options = options_of(item);
        batch firsts, seconds;
        tyto_encoding encoding;
        tyto_error err = TYTO_ERROR_INIT;
        snprintf(where, sizeof(where), "%s, call %zu", name, i);
        fill(&firsts, json_object_get(item, "texts"));
        if (json_is_array(pairs)) {
            fill(&seconds, pairs);
        }
        const tyto_status status = tyto_tokenizer_encode_words(
            tokenizer, firsts.words, json_is_array(pairs) ? seconds.words : NULL,
            (int64_t)firsts.count, &options, &encoding, &err);
        if ((status == TYTO_OK) != (made != NULL)) {
            fail_msg("%s: got %s, required %s", where,
                     status == TYTO_OK ? "rows" : tyto_error_message(&err),
                     made ? "rows" : "an error");
        }
        if (made) {
            compare(&encoding, made);
        }
        refused += !made;
        tyto_encoding_clear(&encoding);
        tyto_error_clear(&err);
    }
    assert_true(refused < json_array_size(cases) / 2);
}

static void check_tokens(const tyto_tokenizer *tokenizer, const json_t *tokens)
{
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *item = json_array_get(tokens, i), *id = json_object_get(item, "id");
        assert_int_equal(tyto_tokenizer_id(tokenizer, text_of(item, "text")),
                         json_is_null(id) ? -1 : json_integer_value(id));
        if (!json_is_null(id)) {
            assert_string_equal(tyto_tokenizer_token(tokenizer, json_integer_value(id)),
                                text_of(item, "back"));
        }
    }
}

static void check_decodes(const char *name, const tyto_tokenizer *tokenizer, const json_t *cases)
{
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i), *list = json_object_get(item, "ids");
        const json_t *required = json_object_get(item, "text");
        const tyto_decode_options options = {
            .struct_bytes = sizeof(tyto_decode_options),
            .skip_special_tokens = json_is_true(json_object_get(item, "skip")),
            .clean_up =
                json_is_true(json_object_get(item, "clean")) ? TYTO_CLEAN_UP_ON : TYTO_CLEAN_UP_OFF,
            .no_spaces_between_special_tokens = json_is_false(json_object_get(item, "spaces"))};
        int64_t ids[512];
        char *text;
        size_t length;
        assert_in_range(json_array_size(list), 0, 512);
        for (size_t k = 0; k < json_array_size(list); k++) {
            ids[k] = json_integer_value(json_array_get(list, k));
        }
        assert_int_equal(tyto_tokenizer_decode(tokenizer, ids, (int64_t)json_array_size(list),
                                               &options, &text, &length, NULL),
                         TYTO_OK);
        if (length != json_string_length(required) ||
            memcmp(text, json_string_value(required), length) != 0) {
            fail_msg("%s, decoding %zu: got '%s', required '%s'", name, i, text,
                     json_string_value(required));
        }
        tyto_free(text);
    }
}

static void check_golden(void **state)
{
    const char *name = *state;
    char folder[64];
    const bool clip = strcmp(name, "clip") == 0;
    snprintf(folder, sizeof(folder), clip ? "tokenizer/added" : "perceiver_tokenizer/%s", name);
    tyto_tokenizer *tokenizer = open_at(folder);
    json_t *cases = load_cases(name);
    assert_int_equal(tyto_tokenizer_kind_of(tokenizer),
                     clip ? TYTO_TOKENIZER_KIND_CLIP : TYTO_TOKENIZER_KIND_BYTES);
    if (!clip) {
        const json_int_t length = json_integer_value(json_object_get(cases, "max_length"));
        assert_int_equal(tyto_tokenizer_vocab_size(tokenizer),
                         json_integer_value(json_object_get(cases, "size")));
        assert_true(tyto_tokenizer_max_length(tokenizer) == length);
    }
    check_tokens(tokenizer, json_object_get(cases, "tokens"));
    check_calls(name, tokenizer, json_object_get(cases, "calls"));
    check_decodes(name, tokenizer, json_object_get(cases, "decodes"));
    json_decref(cases);
    tyto_tokenizer_destroy(tokenizer);
}

/* Bytes that are no UTF-8 are tokens as all others, and decode to U+FFFD. */
static void any_bytes(void **state)
{
    (void)state;
    static const char text[] = "\xC3[MASK]\xFF\x80\xE2\x82[MASK] \xED\xA0\x80";
    static const int64_t required[] = {4,        0xC3 + 6, 3, 0xFF + 6, 0x80 + 6,
                                       0xE2 + 6, 0x82 + 6, 3, ' ' + 6,  0xED + 6,
                                       0xA0 + 6, 0x80 + 6, 5};
    const char *texts = text;
    const size_t length = sizeof(text) - 1, count = sizeof(required) / sizeof(required[0]);
    tyto_tokenizer *tokenizer;
    tyto_encoding encoding;
    char *decoded;
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, NULL), TYTO_OK);
    assert_int_equal(tyto_tokenizer_encode(tokenizer, &texts, &length, 1, NULL, &encoding, NULL),
                     TYTO_OK);
    assert_int_equal(encoding.offsets[1], count);
    assert_memory_equal(encoding.input_ids, required, sizeof(required));
    const tyto_decode_options options = {.struct_bytes = sizeof(tyto_decode_options),
                                         .skip_special_tokens = true};
    assert_int_equal(
        tyto_tokenizer_decode(tokenizer, required, count, &options, &decoded, NULL, NULL), TYTO_OK);
    assert_string_equal(decoded, "\uFFFD\uFFFD\uFFFD\uFFFD \uFFFD\uFFFD\uFFFD");
    tyto_free(decoded);
    tyto_encoding_clear(&encoding);
    assert_int_equal(tyto_tokenizer_role(tokenizer, TYTO_TOKEN_ROLE_MASK), 3);
    assert_int_equal(tyto_tokenizer_role(tokenizer, TYTO_TOKEN_ROLE_UNK), -1);
    tyto_tokenizer_destroy(tokenizer);
}

static void refused(const tyto_tokenizer *tokenizer, const tyto_words *words,
                    const tyto_encode_options *options, tyto_status required, const char *message)
{
    tyto_encoding encoding;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(
        tyto_tokenizer_encode_words(tokenizer, words, NULL, 1, options, &encoding, &err), required);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("got '%s', required '%s'", tyto_error_message(&err), message);
    }
    assert_null(encoding.input_ids);
    tyto_error_clear(&err);
}

static void what_is_refused(void **state)
{
    (void)state;
    tyto_tokenizer *bytes, *clip = open_at("tokenizer/added");
    const char *item = "some text";
    const tyto_words text = {&item, NULL, 1}, none = {NULL, NULL, 0};
    assert_int_equal(tyto_tokenizer_create_bytes(&bytes, NULL), TYTO_OK);
    tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options), .offsets = true};
    refused(bytes, &text, &options, TYTO_E_UNSUPPORTED, "offsets: got a tokenizer of bytes");
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options),
                                    .split_special_tokens = true};
    refused(clip, &text, &options, TYTO_E_UNSUPPORTED, "split_special_tokens: ");
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options), .stride = -1};
    refused(bytes, &text, &options, TYTO_E_ARGUMENT, "stride: got -1, required 0 to");
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options),
                                    .overflowing_tokens = true};
    refused(bytes, &text, &options, TYTO_E_ARGUMENT, "overflowing_tokens: got no max_length");
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options),
                                    .truncation = TYTO_TRUNCATION_ONLY_SECOND,
                                    .max_length = 4};
    refused(clip, &text, &options, TYTO_E_ARGUMENT, "and no second text, required one to cut");
    refused(bytes, &none, NULL, TYTO_E_ARGUMENT, "text 0: got no words");
    const int64_t ids[] = {300, -1};
    char *decoded;
    assert_int_equal(tyto_tokenizer_decode(bytes, ids, 1, NULL, &decoded, NULL, NULL),
                     TYTO_E_RANGE);
    assert_int_equal(tyto_tokenizer_decode(bytes, ids + 1, 1, NULL, &decoded, NULL, NULL),
                     TYTO_E_RANGE);
    assert_null(tyto_tokenizer_token(bytes, 262));
    assert_int_equal(tyto_tokenizer_id(bytes, "ab"), -1);
    assert_int_equal(tyto_tokenizer_id(bytes, "\xC3"), -1);
    tyto_tokenizer_destroy(clip);
    tyto_tokenizer_destroy(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(check_golden, "plain"),
        cmocka_unit_test_prestate(check_golden, "added"),
        cmocka_unit_test_prestate(check_golden, "older"),
        cmocka_unit_test_prestate(check_golden, "split"),
        cmocka_unit_test_prestate(check_golden, "clip"),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
