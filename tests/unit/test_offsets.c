/* Where tokens stand in their texts, as the reference says it: golden/data/offsets/. */
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

enum { WORDS_MAX = 8 };

static tyto_tokenizer *open_golden(const char *name)
{
    char path[512];
    tyto_tokenizer *tokenizer = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(path, sizeof(path), "%s/golden/data/tokenizer/%s", getenv("TYTO_TEST_DATA"), name);
    if (tyto_tokenizer_open(path, &tokenizer, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return tokenizer;
}

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/golden/data/offsets/%s.json", getenv("TYTO_TEST_DATA"), name);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

/* A text, or the words that it was split into. */
typedef struct given {
    const char *items[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    tyto_words words;
} given;

static void add(given *out, const json_t *text)
{
    assert_in_range(out->words.count, 0, WORDS_MAX - 1);
    out->items[out->words.count] = json_string_value(text);
    out->lengths[out->words.count++] = json_string_length(text);
}

static void read_given(const json_t *texts, const json_t *words, size_t i, given *out)
{
    *out = (given){.words = {.count = 0}};
    if (texts) {
        add(out, json_array_get(texts, i));
    }
    for (size_t k = 0; k < json_array_size(json_array_get(words, i)); k++) {
        add(out, json_array_get(json_array_get(words, i), k));
    }
    out->words.items = out->items;
    out->words.lengths_bytes = out->lengths;
}

static void assert_numbers(const char *what, size_t i, const int64_t *got, size_t count,
                           const json_t *expected)
{
    assert_int_equal(count, json_array_size(expected));
    for (size_t k = 0; k < count; k++) {
        const json_int_t number = json_integer_value(json_array_get(expected, k));
        if (got[k] != number) {
            fail_msg("call %zu, %s %zu: got %lld, required %lld", i, what, k, (long long)got[k],
                     (long long)number);
        }
    }
}

static void check_call(const tyto_tokenizer *tokenizer, const json_t *call, size_t i)
{
    const json_t *texts = json_object_get(call, "texts"), *words = json_object_get(call, "words");
    const json_t *rows = json_object_get(call, "rows");
    const bool pair = json_array_size(texts) == 2;
    given first, second;
    tyto_encode_options options;
    tyto_encoding encoding;
    read_given(texts, words, 0, &first);
    read_given(texts, words, 1, &second);
    tyto_encode_options_init(&options, sizeof(options));
    options.offsets = true;
    options.whole_texts = texts != NULL;
    options.max_length = json_integer_value(json_object_get(call, "max_length"));
    options.stride = json_integer_value(json_object_get(call, "stride"));
    if (options.max_length > 0) {
        options.truncation = TYTO_TRUNCATION_LONGEST_FIRST;
        options.truncation_side = TYTO_SIDE_RIGHT;
        options.overflowing_tokens = true;
    }
    assert_int_equal(tyto_tokenizer_encode_words(tokenizer, &first.words,
                                                 pair ? &second.words : NULL, 1, &options,
                                                 &encoding, NULL),
                     TYTO_OK);
    assert_int_equal(encoding.count, json_array_size(rows));
    for (size_t r = 0; r < json_array_size(rows); r++) {
        const json_t *row = json_array_get(rows, r);
        const size_t at = (size_t)encoding.offsets[r], n = (size_t)encoding.offsets[r + 1] - at;
        assert_numbers("id", i, encoding.input_ids + at, n, json_object_get(row, "ids"));
        assert_numbers("span", i, encoding.spans + 2 * at, 2 * n, json_object_get(row, "spans"));
        assert_numbers("word", i, encoding.words + at, n, json_object_get(row, "tokens"));
        assert_numbers("text", i, encoding.texts + at, n, json_object_get(row, "sequences"));
    }
    tyto_encoding_clear(&encoding);
}

static void golden_offsets(void **state)
{
    static const char *const names[] = {"plain", "added", "bare", "gaps", "legacy"};
    (void)state;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        tyto_tokenizer *tokenizer = open_golden(names[n]);
        json_t *calls = load(names[n]);
        assert_in_range(json_array_size(calls), 60, 100);
        for (size_t i = 0; i < json_array_size(calls); i++) {
            check_call(tokenizer, json_array_get(calls, i), i);
        }
        json_decref(calls);
        tyto_tokenizer_destroy(tokenizer);
    }
}

/* Texts that are split at white space, padding on either side, and no special tokens. */
static void padding_stands_nowhere(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer = open_golden("plain");
    const char *texts[] = {"a b", "a"};
    tyto_encode_options options;
    tyto_encoding e;
    tyto_encode_options_init(&options, sizeof(options));
    options.offsets = options.split_words = options.no_special_tokens = true;
    options.padding = TYTO_PADDING_LONGEST;
    options.padding_side = TYTO_SIDE_LEFT;
    options.has_pad_id = true;
    options.pad_id = 7;
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 2, &options, &e, NULL), TYTO_OK);
    assert_int_equal(e.offsets[2], 4);
    const int64_t spans[] = {0, 1, 0, 1, 0, 0, 0, 1}, words[] = {0, 1, -1, 0};
    const int64_t sequences[] = {0, 0, -1, 0};
    assert_memory_equal(e.spans, spans, sizeof(spans));
    assert_memory_equal(e.words, words, sizeof(words));
    assert_memory_equal(e.texts, sequences, sizeof(sequences));
    assert_int_equal(e.input_ids[2], 7);
    tyto_encoding_clear(&e);
    tyto_tokenizer_destroy(tokenizer);
}

static char *read_document(const char *name, size_t *length)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/golden/data/tokenizer/%s/tokenizer.json",
             getenv("TYTO_TEST_DATA"), name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *length = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(*length);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *length, f), *length);
    fclose(f);
    return text;
}

static void a_document_makes_a_tokenizer(void **state)
{
    (void)state;
    size_t length;
    char *document = read_document("added", &length);
    const tyto_added_token tokens[] = {{.content = "<new>"},
                                       {.content = "<mask>", .special = true},
                                       {.content = "<b>", .lstrip = true, .special = true}};
    tyto_tokenizer *tokenizer, *folder = open_golden("added");
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_tokenizer_create_bpe(document, length, tokens, 3, &tokenizer, &err),
                     TYTO_OK);
    const int64_t first = tyto_tokenizer_id(tokenizer, "<new>");
    assert_int_equal(tyto_tokenizer_id(tokenizer, "<b>"), first + 1);
    assert_int_equal(tyto_tokenizer_id(tokenizer, "<mask>"), tyto_tokenizer_id(folder, "<mask>"));
    assert_int_equal(tyto_tokenizer_max_length(tokenizer), INT64_MAX);
    assert_int_equal(tyto_tokenizer_role(tokenizer, TYTO_TOKEN_ROLE_PAD), -1);
    const char *text = "a <b><new>";
    tyto_encoding e;
    assert_int_equal(tyto_tokenizer_encode(tokenizer, &text, NULL, 1, NULL, &e, NULL), TYTO_OK);
    assert_int_equal(e.offsets[1], 5);
    assert_int_equal(e.input_ids[2], first + 1);
    assert_int_equal(e.input_ids[3], first);
    tyto_encoding_clear(&e);
    tyto_tokenizer_destroy(tokenizer);
    tyto_tokenizer_destroy(folder);

    const tyto_added_token bad = {.content = "\xff"};
    assert_int_equal(tyto_tokenizer_create_bpe(document, length, &bad, 1, &tokenizer, &err),
                     TYTO_E_FORMAT);
    assert_int_equal(tyto_tokenizer_create_bpe(document, length, NULL, 1, &tokenizer, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tokenizer_create_bpe("{}", 2, NULL, 0, &tokenizer, &err), TYTO_E_FORMAT);
    assert_int_equal(tyto_tokenizer_create_bpe(document, length / 2, NULL, 0, &tokenizer, &err),
                     TYTO_E_FORMAT);
    tyto_error_clear(&err);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_offsets),
        cmocka_unit_test(padding_stands_nowhere),
        cmocka_unit_test(a_document_makes_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
