/* Documents of tokens, and of texts of ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/token_document.h>

static void assert_bytes(tyto_bytes *bytes, const char *required)
{
    assert_string_equal(bytes->data, required);
    assert_int_equal(bytes->length_bytes, strlen(required));
    tyto_bytes_clear(bytes);
}

static void test_tokens(void **state)
{
    (void)state;
    static const char *const texts[] = {"a", "\"\n\xff"};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer;
    tyto_encoding encoding;
    tyto_bytes bytes;
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, &err), TYTO_OK);
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 2, NULL, &encoding, &err),
                     TYTO_OK);
    assert_int_equal(
        tyto_token_document_write(tokenizer, &encoding, texts, TYTO_FORMAT_TEXT, &bytes, &err),
        TYTO_OK);
    assert_bytes(&bytes, "\"a\": 3 tokens\n"
                         "      id  mask  token\n"
                         "       4     1  [CLS]\n"
                         "     103     1  a\n"
                         "       5     1  [SEP]\n"
                         "\n"
                         "\"\"\\x0a\xff\": 5 tokens\n"
                         "      id  mask  token\n"
                         "       4     1  [CLS]\n"
                         "      40     1  \"\n"
                         "      16     1  \\x0a\n"
                         "     261     1  \xc3\xbf\n"
                         "       5     1  [SEP]\n");
    assert_int_equal(
        tyto_token_document_write(tokenizer, &encoding, NULL, TYTO_FORMAT_JSON, &bytes, &err),
        TYTO_OK);
    assert_bytes(&bytes, "[\n"
                         "{\"input_ids\": [4, 103, 5], \"attention_mask\": [1, 1, 1], \"tokens\": "
                         "[\"[CLS]\", \"a\", \"[SEP]\"], \"length\": 3},\n"
                         "{\"input_ids\": [4, 40, 16, 261, 5], \"attention_mask\": [1, 1, 1, 1, "
                         "1], \"tokens\": [\"[CLS]\", \"\\\"\", \"\\n\", \"\xc3\xbf\", \"[SEP]\"], "
                         "\"length\": 5}\n]\n");
    assert_int_equal(
        tyto_token_document_write(tokenizer, &encoding, texts, TYTO_FORMAT_CSV, &bytes, &err),
        TYTO_E_ARGUMENT);
    assert_null(bytes.data);
    assert_int_equal(
        tyto_token_document_write(tokenizer, &encoding, NULL, TYTO_FORMAT_TEXT, &bytes, &err),
        TYTO_E_ARGUMENT);
    assert_int_equal(
        tyto_token_document_write(NULL, &encoding, texts, TYTO_FORMAT_TEXT, &bytes, &err),
        TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_encoding_clear(&encoding);
    tyto_tokenizer_destroy(tokenizer);
}

static void test_decodings(void **state)
{
    (void)state;
    static char first[] = "a\0b", second[] = "two\nlines\xff";
    static char *texts[] = {first, second};
    static size_t lengths[] = {3, 10};
    const tyto_decoding decoding = {.count = 2, .texts = texts, .lengths_bytes = lengths};
    const tyto_decoding none = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    assert_int_equal(tyto_decoding_document_write(&decoding, TYTO_FORMAT_TEXT, &bytes, &err),
                     TYTO_OK);
    assert_bytes(&bytes, "a\ntwo\\x0alines\xff\n");
    assert_int_equal(tyto_decoding_document_write(&decoding, TYTO_FORMAT_JSON, &bytes, &err),
                     TYTO_OK);
    assert_bytes(&bytes, "[\"a\\u0000b\", \"two\\nlines\xef\xbf\xbd\"]\n");
    assert_int_equal(tyto_decoding_document_write(&none, TYTO_FORMAT_JSON, &bytes, &err), TYTO_OK);
    assert_bytes(&bytes, "[]\n");
    assert_int_equal(tyto_decoding_document_write(&none, TYTO_FORMAT_TEXT, &bytes, &err), TYTO_OK);
    assert_bytes(&bytes, "");
    assert_int_equal(tyto_decoding_document_write(&none, TYTO_FORMAT_YOLO, &bytes, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_decoding_document_write(NULL, TYTO_FORMAT_TEXT, &bytes, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_decodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
