/* Tokenizer files and texts. Expected ids of the goldens come from the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/tyto.h>

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
        const tyto_encode_options options = {.padding = TYTO_PAD_MAX_LENGTH, .truncation = true};
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
        assert_int_equal(tyto_tokenizer_decode(tokenizer, encoding.input_ids, (size_t)length, NULL,
                                               &text, NULL, NULL),
                         TYTO_OK);
        assert_non_null(strstr(text, "<|startoftext|>a cat!<|endoftext|><|endoftext|>"));
        tyto_free(text);
        tyto_encoding_clear(&encoding);
        tyto_tokenizer_destroy(tokenizer);
    }
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
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
