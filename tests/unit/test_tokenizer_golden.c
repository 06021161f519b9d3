/* The tokenizers of golden/data/tokenizer/, compared with what the reference gives. */
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

#include "processors/text/unicode.h"

enum { IDS_MAX = 4096, BATCH_MAX = 16 };

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

static json_t *load(const char *name, const char *file)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof(path), "%s/golden/data/tokenizer/%s/%s", getenv("TYTO_TEST_DATA"), name,
             file);
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!root) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

/* Fails, saying which text it was, when ids aren't those of a JSON list. */
static void assert_ids(const char *name, size_t i, const char *what, const int64_t *got,
                       size_t count, const json_t *expected)
{
    if (count != json_array_size(expected)) {
        fail_msg("%s, %s %zu: got %zu ids, required %zu", name, what, i, count,
                 json_array_size(expected));
    }
    for (size_t k = 0; k < count; k++) {
        const json_int_t id = json_integer_value(json_array_get(expected, k));
        if (got[k] != id) {
            fail_msg("%s, %s %zu: place %zu: got %lld, required %lld", name, what, i, k,
                     (long long)got[k], (long long)id);
        }
    }
}

static void assert_decoded(const char *name, size_t i, const tyto_tokenizer *tokenizer,
                           const int64_t *ids, size_t count, bool skip, const json_t *expected)
{
    const tyto_decode_options options = {.struct_bytes = sizeof(tyto_decode_options),
                                         .skip_special_tokens = skip};
    char *text;
    size_t length;
    assert_int_equal(
        tyto_tokenizer_decode(tokenizer, ids, (int64_t)count, &options, &text, &length, NULL),
        TYTO_OK);
    if (length != json_string_length(expected) ||
        memcmp(text, json_string_value(expected), length) != 0) {
        fail_msg("%s, decoding %zu: got '%s', required '%s'", name, i, text,
                 json_string_value(expected));
    }
    assert_int_equal(text[length], 0);
    tyto_free(text);
}

static void check_texts(const char *name, const tyto_tokenizer *tokenizer, const json_t *cases)
{
    assert_true(json_array_size(cases) > 40);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i), *text = json_object_get(item, "text");
        const char *texts = json_string_value(text);
        const size_t length = json_string_length(text);
        tyto_encoding encoding;
        assert_int_equal(
            tyto_tokenizer_encode(tokenizer, &texts, &length, 1, NULL, &encoding, NULL), TYTO_OK);
        assert_false(encoding.truncated[0]);
        assert_ids(name, i, "text", encoding.input_ids, (size_t)encoding.offsets[1],
                   json_object_get(item, "ids"));
        assert_decoded(name, i, tokenizer, encoding.input_ids, (size_t)encoding.offsets[1], false,
                       json_object_get(item, "decoded"));
        assert_decoded(name, i, tokenizer, encoding.input_ids, (size_t)encoding.offsets[1], true,
                       json_object_get(item, "skipped"));
        tyto_encoding_clear(&encoding);
    }
}

static void check_batches(const char *name, const tyto_tokenizer *tokenizer, const json_t *cases)
{
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *item = json_array_get(cases, i), *list = json_object_get(item, "texts");
        const size_t count = json_array_size(list);
        const char *texts[BATCH_MAX];
        assert_in_range(count, 1, BATCH_MAX);
        for (size_t k = 0; k < count; k++) {
            texts[k] = json_string_value(json_array_get(list, k));
        }
        const tyto_encode_options options = {
            .struct_bytes = sizeof(tyto_encode_options),
            .padding = (tyto_padding)json_integer_value(json_object_get(item, "padding")),
            .truncation = json_is_true(json_object_get(item, "truncation")),
            .max_length = json_integer_value(json_object_get(item, "max_length")),
            .no_special_tokens = json_is_false(json_object_get(item, "special_tokens")),
        };
        tyto_encoding encoding;
        assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, (int64_t)count, &options,
                                               &encoding, NULL),
                         TYTO_OK);
        for (size_t k = 0; k < count; k++) {
            const size_t at = (size_t)encoding.offsets[k], n = (size_t)encoding.offsets[k + 1] - at;
            assert_ids(name, i, "batch", encoding.input_ids + at, n,
                       json_array_get(json_object_get(item, "ids"), k));
            assert_ids(name, i, "mask of batch", encoding.attention_mask + at, n,
                       json_array_get(json_object_get(item, "mask"), k));
        }
        tyto_encoding_clear(&encoding);
    }
}

static void check_decodes(const char *name, const tyto_tokenizer *tokenizer, const json_t *cases)
{
    int64_t ids[IDS_MAX];
    int64_t offsets[IDS_MAX + 1] = {0};
    const size_t count = json_array_size(cases);
    assert_true(count < IDS_MAX);
    for (size_t i = 0; i < count; i++) {
        const json_t *list = json_object_get(json_array_get(cases, i), "ids");
        offsets[i + 1] = offsets[i] + (int64_t)json_array_size(list);
        assert_true(offsets[i + 1] < IDS_MAX);
        for (size_t k = 0; k < json_array_size(list); k++) {
            ids[(size_t)offsets[i] + k] = json_integer_value(json_array_get(list, k));
        }
    }
    tyto_decoding decoding;
    assert_int_equal(
        tyto_tokenizer_decode_batch(tokenizer, ids, offsets, (int64_t)count, NULL, &decoding, NULL),
        TYTO_OK);
    assert_int_equal(decoding.count, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_object_get(json_array_get(cases, i), "text");
        if (decoding.lengths_bytes[i] != json_string_length(text) ||
            memcmp(decoding.texts[i], json_string_value(text), decoding.lengths_bytes[i]) != 0) {
            fail_msg("%s, decoding of ids %zu: got '%s', required '%s'", name, i, decoding.texts[i],
                     json_string_value(text));
        }
    }
    tyto_decoding_clear(&decoding);
    assert_null(decoding.texts);
}

static void check_golden(void **state)
{
    const char *name = *state;
    tyto_tokenizer *tokenizer = open_golden(name);
    json_t *cases = load(name, "cases.json");
    assert_int_equal(tyto_tokenizer_vocab_size(tokenizer),
                     json_integer_value(json_object_get(cases, "size")));
    check_texts(name, tokenizer, json_object_get(cases, "texts"));
    check_batches(name, tokenizer, json_object_get(cases, "batches"));
    check_decodes(name, tokenizer, json_object_get(cases, "decodes"));
    json_decref(cases);
    tyto_tokenizer_destroy(tokenizer);
}

/* The context with a code point in place of '%'. */
static size_t fill_in(const char *context, int32_t c, char *text)
{
    size_t n = 0;
    for (; *context; context++) {
        if (*context == '%') {
            n += tyto_utf8_write(c, text + n);
        } else {
            text[n++] = *context;
        }
    }
    return n;
}

static uint64_t add_hash(uint64_t hash, int64_t id)
{
    for (int k = 0; k < 4; k++) {
        hash = (hash ^ ((uint64_t)id >> (8 * k) & 0xFF)) * 0x100000001B3u;
    }
    return hash;
}

/* FNV-1a over the ids of a context around each code point of a block. */
static uint64_t hash_block(const tyto_tokenizer *tokenizer, const char *context, int32_t first,
                           int32_t count)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (int32_t c = first; c < first + count; c++) {
        if (c >= 0xD800 && c < 0xE000) {
            continue;
        }
        char text[256];
        const char *texts = text;
        const size_t length = fill_in(context, c, text);
        tyto_encoding encoding;
        assert_int_equal(
            tyto_tokenizer_encode(tokenizer, &texts, &length, 1, NULL, &encoding, NULL), TYTO_OK);
        for (int64_t i = 0; i < encoding.offsets[1]; i++) {
            hash = add_hash(hash, encoding.input_ids[i]);
        }
        tyto_encoding_clear(&encoding);
    }
    return hash;
}

static void every_code_point(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer = open_golden("plain");
    json_t *points = load("plain", "points.json");
    const json_t *contexts = json_object_get(points, "contexts");
    const json_t *firsts = json_object_get(points, "firsts");
    const int32_t count = (int32_t)json_integer_value(json_object_get(points, "block"));
    assert_true(count > 0 && json_array_size(contexts) > 0 && json_array_size(firsts) > 100);
    for (size_t k = 0; k < json_array_size(contexts); k++) {
        const char *context = json_string_value(json_array_get(contexts, k));
        for (size_t i = 0; i < json_array_size(firsts); i++) {
            const int32_t first = (int32_t)json_integer_value(json_array_get(firsts, i));
            char hash[32];
            snprintf(hash, sizeof(hash), "%016llx",
                     (unsigned long long)hash_block(tokenizer, context, first, count));
            const char *expected = json_string_value(
                json_array_get(json_array_get(json_object_get(points, "hashes"), k), i));
            if (strcmp(hash, expected) != 0) {
                fail_msg("code points U+%04X to U+%04X in '%s': other ids than the reference's",
                         (unsigned)first, (unsigned)(first + count - 1), context);
            }
        }
    }
    json_decref(points);
    tyto_tokenizer_destroy(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"plain", check_golden, NULL, NULL, (void *)(uintptr_t) "plain"},
        {"pairs", check_golden, NULL, NULL, (void *)(uintptr_t) "pairs"},
        {"added", check_golden, NULL, NULL, (void *)(uintptr_t) "added"},
        {"legacy", check_golden, NULL, NULL, (void *)(uintptr_t) "legacy"},
        {"gaps", check_golden, NULL, NULL, (void *)(uintptr_t) "gaps"},
        {"bare", check_golden, NULL, NULL, (void *)(uintptr_t) "bare"},
        cmocka_unit_test(every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
