/* Tokenizer files and texts. Expected ids of the goldens come from the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <tyto/tyto.h>

#include "support/cases.h"

static tyto_tokenizer *open_model(const char *name)
{
    char path[512];
    tyto_tokenizer *tokenizer = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/%s/model", getenv("TYTO_TEST_DATA"), name);
    if (tyto_tokenizer_open(path, &tokenizer, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return tokenizer;
}

static void both_layouts_read(void **state)
{
    (void)state;
    static const char *const names[] = {"odd", "sharded"};
    for (size_t i = 0; i < 2; i++) {
        tyto_tokenizer *tokenizer = open_model(names[i]);
        const int64_t start = tyto_tokenizer_id(tokenizer, "<|startoftext|>");
        const int64_t end = tyto_tokenizer_id(tokenizer, "<|endoftext|>");
        const char *texts[] = {"A cat!<|ENDoftext|>", ""};
        const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                             .padding = TYTO_PADDING_MAX_LENGTH,
                                             .truncation = TYTO_TRUNCATION_LONGEST_FIRST};
        tyto_encoding encoding;
        assert_int_equal(
            tyto_tokenizer_encode(tokenizer, texts, NULL, 2, &options, &encoding, NULL), TYTO_OK);
        const int64_t length = tyto_tokenizer_max_length(tokenizer);
        assert_int_equal(encoding.offsets[2], 2 * length);
        assert_int_equal(encoding.input_ids[0], start);
        assert_int_equal(encoding.input_ids[length], start);
        assert_int_equal(encoding.input_ids[length + 1], end);
        assert_int_equal(encoding.input_ids[length + 2], 0);
        assert_int_equal(encoding.attention_mask[length + 1], 1);
        assert_int_equal(encoding.attention_mask[length + 2], 0);
        char *text;
        assert_int_equal(tyto_tokenizer_decode(tokenizer, encoding.input_ids, (int64_t)length, NULL,
                                               &text, NULL, NULL),
                         TYTO_OK);
        assert_non_null(strstr(text, "<|startoftext|>a cat!<|endoftext|><|endoftext|>"));
        tyto_free(text);
        tyto_encoding_clear(&encoding);
        tyto_tokenizer_destroy(tokenizer);
    }
}

/* One file of a tokenizer that is written for a test. */
typedef struct bad_case {
    const char *name, *bytes;
    tyto_status status;
    const char *message; /* its end */
} bad_case;

/* Two letters and their ends, a merge, start and end. */
#define VOCAB_START "{\"a\":0,\"b\":1,\"a</w>\":2,\"b</w>\":3,"
#define VOCAB_END "\"<|startoftext|>\":5,\"<|endoftext|>\":6}"
#define VOCAB VOCAB_START "\"ab</w>\":4," VOCAB_END
#define MERGES "#version: 0.2\na b</w>\n"

static char folder[] = "/tmp/tyto-tokenizer-XXXXXX";

static void write_file(const char *name, const char *bytes)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
    if (bytes) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, strlen(bytes), file), strlen(bytes));
        fclose(file);
    }
}

/* Writes vocab.json, merges.txt and one more file (or another one of these). */
static void write_folder(const bad_case *c)
{
    static const char *const names[] = {"vocab.json",
                                        "merges.txt",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json"};
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        const char *bytes = i == 0 ? VOCAB : i == 1 ? MERGES : NULL;
        write_file(names[i], strcmp(names[i], c->name) == 0 ? c->bytes : bytes);
    }
}

static void bad_files_are_refused_in_one_line(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {"vocab.json", "", TYTO_E_FORMAT,
         "not valid JSON at line 1, column 1: its end, where a value must be"},
        {"vocab.json", "{\"a\":1},{}", TYTO_E_FORMAT, "something after its end"},
        {"vocab.json", "{\n \"a\":x}", TYTO_E_FORMAT,
         "not valid JSON at line 2, column 6: something that is no value"},
        {"vocab.json", NULL, TYTO_E_NOT_FOUND,
         "got neither tokenizer.json nor vocab.json, required one of them"},
        {"vocab.json", "{}", TYTO_E_FORMAT, "got a vocabulary without tokens, required some"},
        {"vocab.json", "{\"a\":1,\"b\":1}", TYTO_E_FORMAT, "got one id 1 for both, required two"},
        {"vocab.json", "{\"a\":4294967296}", TYTO_E_RANGE,
         "'a': got id 4294967296, required 0 to 4194303"},
        {"vocab.json", "{\"a\":-1}", TYTO_E_RANGE, "'a': got id -1, required 0 to 4194303"},
        {"vocab.json", "{\"a\nb\":1e400}", TYTO_E_FORMAT, "a control character in a text"},
        {"vocab.json", "{\"a\":\"x\"}", TYTO_E_FORMAT,
         "vocab.json: 'a': got a string, required an id"},
        {"merges.txt", NULL, TYTO_E_NOT_FOUND, "merges.txt: No such file or directory"},
        {"merges.txt", "#\na b c\n", TYTO_E_FORMAT,
         "merges.txt: line 2: got 'a b c', required two tokens"},
        {"merges.txt", "#\na b</w>\nz a\n", TYTO_E_FORMAT,
         "merges.txt: merge 2: got token 'z', required one of the vocabulary"},
        {"merges.txt", "#\na a\n", TYTO_E_FORMAT,
         "merges.txt: merge 1: got token 'aa', required one of the vocabulary"},
        {"tokenizer_config.json", "{\"model_max_length\":0}", TYTO_E_RANGE,
         "'model_max_length': got 0, required 1 or more"},
        {"tokenizer_config.json", "{\"padding_side\":\"up\"}", TYTO_E_FORMAT,
         "'padding_side': got 'up', required 'right' or 'left'"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"9\":{\"content\":\"<m>\"}}}",
         TYTO_E_FORMAT, "added token '<m>': got id 9, required 7, the next free one"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"3\":{\"content\":\"a\"}}}",
         TYTO_E_FORMAT, "added token 'a': got id 3, required 0, the vocabulary's"},
        {"tokenizer_config.json", "{\"eos_token\":null}", TYTO_E_FORMAT,
         "'eos_token': got none, required a token"},
        {"special_tokens_map.json", "{\"pad_token\":7}", TYTO_E_FORMAT,
         "'pad_token': got an integer, required a token: a string, or an object with 'content'"},
        {"added_tokens.json", "{\"<m>\":99999999}", TYTO_E_RANGE,
         "'<m>': got id 99999999, required 0 to 4194303"},
        {"tokenizer.json", "{\"model\":{\"type\":\"Unigram\"}}", TYTO_E_UNSUPPORTED,
         "'model': got a 'type' that CLIP's byte-level BPE has not"},
        {"tokenizer.json",
         "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":" VOCAB
         ",\"merges\":[[\"a\",\"b</w>\"]]}}",
         TYTO_E_UNSUPPORTED,
         "'pre_tokenizer': got nothing, required a Sequence of Split and ByteLevel"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_tokenizer *tokenizer = NULL;
        tyto_error err = TYTO_ERROR_INIT;
        write_folder(&cases[i]);
        const tyto_status status = tyto_tokenizer_open(folder, &tokenizer, &err);
        const char *message = tyto_error_message(&err);
        const size_t length = strlen(message), end = strlen(cases[i].message);
        if (status != cases[i].status || length < end ||
            strcmp(message + length - end, cases[i].message) != 0 || strchr(message, '\n')) {
            fail_msg("case %zu: got %s (%s), required %s (%s)", i, tyto_status_name(status),
                     message, tyto_status_name(cases[i].status), cases[i].message);
        }
        assert_null(tokenizer);
        tyto_error_clear(&err);
    }
}

static tyto_tokenizer *open_written(const char *config)
{
    tyto_tokenizer *tokenizer = NULL;
    write_folder(&(bad_case){.name = "tokenizer_config.json", .bytes = config});
    assert_int_equal(tyto_tokenizer_open(folder, &tokenizer, NULL), TYTO_OK);
    return tokenizer;
}

static void options_that_cannot_be_met_are_refused(void **state)
{
    (void)state;
    const char *texts[] = {"ab", NULL};
    tyto_encoding encoding;
    tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                   .truncation = TYTO_TRUNCATION_LONGEST_FIRST,
                                   .max_length = 1};
    tyto_tokenizer *tokenizer = open_written("{\"pad_token\":null}");
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 1, &options, &encoding, NULL),
                     TYTO_E_RANGE);
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options), .max_length = -1};
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 1, &options, &encoding, NULL),
                     TYTO_E_ARGUMENT);
    options = (tyto_encode_options){.struct_bytes = sizeof(tyto_encode_options),
                                    .padding = TYTO_PADDING_LONGEST};
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 1, &options, &encoding, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 2, NULL, &encoding, NULL),
                     TYTO_E_ARGUMENT);
    const size_t too_long = (size_t)TYTO_TEXT_BYTES_MAX + 1;
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, &too_long, 1, NULL, &encoding, NULL),
                     TYTO_E_LIMIT);
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 0, NULL, &encoding, NULL),
                     TYTO_OK);
    assert_int_equal(encoding.offsets[0], 0);
    tyto_encoding_clear(&encoding);
    const int64_t ids[] = {0, -1};
    char *text;
    assert_int_equal(tyto_tokenizer_decode(tokenizer, ids, 2, NULL, &text, NULL, NULL),
                     TYTO_E_RANGE);
    tyto_tokenizer_destroy(tokenizer);
}

static void cut_texts_are_marked(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer = open_written("{\"model_max_length\":3}");
    const char *texts[] = {"ab", "ab ab"};
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .truncation = TYTO_TRUNCATION_LONGEST_FIRST};
    tyto_encoding encoding;
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 2, &options, &encoding, NULL),
                     TYTO_OK);
    const int64_t expected[] = {5, 4, 6, 5, 4, 6};
    assert_int_equal(encoding.offsets[2], 6);
    assert_memory_equal(encoding.input_ids, expected, sizeof(expected));
    assert_false(encoding.truncated[0]);
    assert_true(encoding.truncated[1]);
    tyto_encoding_clear(&encoding);
    assert_string_equal(tyto_tokenizer_token(tokenizer, 4), "ab</w>");
    assert_null(tyto_tokenizer_token(tokenizer, 7));
    assert_null(tyto_tokenizer_token(tokenizer, -1));
    assert_int_equal(tyto_tokenizer_id(tokenizer, "b</w>"), 3);
    assert_int_equal(tyto_tokenizer_id(tokenizer, "c"), -1);
    assert_int_equal(tyto_tokenizer_vocab_size(tokenizer), 7);
    tyto_tokenizer_destroy(tokenizer);
}

/* Thirty digits are how these files say that there is no limit. */
static void no_limit_means_none(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer =
        open_written("{\"model_max_length\":1000000000000000019884624838656}");
    assert_true(tyto_tokenizer_max_length(tokenizer) == INT64_MAX);
    tyto_tokenizer_destroy(tokenizer);
}

/* What takes the square of a text's length would take many minutes here: the time limit of tests
 * tells. */
static void long_texts_are_quick(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer = open_model("odd");
    static const char *const units[] = {"a", "th", "\u0345\u0334", "<|endoftext|", "\u0130"};
    char *text = malloc(TYTO_TEXT_BYTES_MAX);
    assert_non_null(text);
    for (size_t i = 0; next_case(i, sizeof(units) / sizeof(units[0])); i++) {
        const size_t unit = strlen(units[i]), length = TYTO_TEXT_BYTES_MAX / unit * unit;
        for (size_t k = 0; k < length; k += unit) {
            memcpy(text + k, units[i], unit);
        }
        const char *texts = text;
        tyto_encoding encoding;
        assert_int_equal(
            tyto_tokenizer_encode(tokenizer, &texts, &length, 1, NULL, &encoding, NULL), TYTO_OK);
        assert_true(encoding.offsets[1] > 1000);
        tyto_encoding_clear(&encoding);
    }
    free(text);
    tyto_tokenizer_destroy(tokenizer);
}

/* {"Sequence": {"id": "A", "type_id": 0}}, or a SpecialToken. */
static json_t *piece(const char *kind, const char *id, int type_id)
{
    return json_pack("{s:{s:s,s:i}}", kind, "id", id, "type_id", type_id);
}

static json_t *template_of(const char *pattern, int type_id)
{
    json_t *list = json_array();
    for (const char *at = pattern; *at; at++) {
        const char letter[2] = {*at};
        json_array_append_new(list, *at == 'S'   ? piece("SpecialToken", "<|startoftext|>", 0)
                                    : *at == 'E' ? piece("SpecialToken", "<|endoftext|>", type_id)
                                                 : piece("Sequence", letter, 0));
    }
    return list;
}

/* The tokenizer of golden/data/tokenizer/pairs with another post_processor. */
static tyto_status open_template(const char *single, const char *pair, int type_id,
                                 tyto_tokenizer **out, tyto_error *err)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/golden/data/tokenizer/pairs/tokenizer.json",
             getenv("TYTO_TEST_DATA"));
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    json_object_set_new(root, "post_processor",
                        json_pack("{s:s,s:o,s:o,s:{s:{s:[i]},s:{s:[i]}}}", "type",
                                  "TemplateProcessing", "single", template_of(single, 0), "pair",
                                  template_of(pair, type_id), "special_tokens", "<|startoftext|>",
                                  "ids", 592, "<|endoftext|>", "ids", 593));
    char *text = json_dumps(root, 0);
    write_file("tokenizer.json", text);
    const tyto_status status = tyto_tokenizer_open(folder, out, err);
    snprintf(path, sizeof(path), "%s/tokenizer.json", folder);
    unlink(path);
    free(text);
    json_decref(root);
    return status;
}

static void a_template_may_spell_out_the_usual(void **state)
{
    (void)state;
    static const struct {
        const char *single, *pair;
        int type_id;
        bool accepted;
    } cases[] = {{"SAE", "SAEEBE", 0, true},  {"SAE", "SAEEBE", 1, false},
                 {"SA", "SAEEBE", 0, false},  {"SAE", "SAEBE", 0, false},
                 {"SBE", "SAEEBE", 0, false}, {"AES", "SAEEBE", 0, false},
                 {"", "", 0, false}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_tokenizer *tokenizer = NULL;
        tyto_error err = TYTO_ERROR_INIT;
        const tyto_status status =
            open_template(cases[i].single, cases[i].pair, cases[i].type_id, &tokenizer, &err);
        assert_int_equal(status, cases[i].accepted ? TYTO_OK : TYTO_E_UNSUPPORTED);
        if (cases[i].accepted) {
            const char *first = "to", *second = "in";
            const tyto_words words[] = {{&first, NULL, 1}, {&second, NULL, 1}};
            static const int64_t required[] = {592, 531, 593, 593, 530, 593};
            tyto_encoding encoding;
            assert_int_equal(
                tyto_tokenizer_encode_words(tokenizer, words, words + 1, 1, NULL, &encoding, NULL),
                TYTO_OK);
            assert_int_equal(encoding.offsets[1], 6);
            assert_memory_equal(encoding.input_ids, required, sizeof(required));
            tyto_encoding_clear(&encoding);
        } else {
            assert_non_null(strstr(tyto_error_message(&err), "'post_processor': got Template"));
        }
        tyto_error_clear(&err);
        tyto_tokenizer_destroy(tokenizer);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    write_folder(&(bad_case){.name = "vocab.json"});
    write_file("merges.txt", NULL);
    return rmdir(folder);
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    tyto_tokenizer *tokenizer = open_model("odd");
    const char *texts[] = {"good", "b\xC0\xAF"};
    tyto_encoding encoding;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 2, NULL, &encoding, &err),
                     TYTO_E_FORMAT);
    assert_string_equal(tyto_error_message(&err), "text 1: byte 1: got 0xC0, required UTF-8");
    assert_null(encoding.input_ids);
    tyto_error_clear(&err);
    tyto_tokenizer_destroy(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_layouts_read),
        cmocka_unit_test(a_template_may_spell_out_the_usual),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(bad_files_are_refused_in_one_line),
        cmocka_unit_test(options_that_cannot_be_met_are_refused),
        cmocka_unit_test(cut_texts_are_marked),
        cmocka_unit_test(no_limit_means_none),
        cmocka_unit_test(long_texts_are_quick),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
