/* Texts split into words, pairs of texts, and ids as text. */
#include <tyto/tokenizer.h>

#include "support/golden.h"

#include "support/cases.h"

static tyto_tokenizer *tokenizer;

static int open_bytes(void **state)
{
    (void)state;
    return tyto_tokenizer_create_bytes(&tokenizer, NULL) != TYTO_OK;
}

static int drop(void **state)
{
    (void)state;
    tyto_tokenizer_destroy(tokenizer);
    return 0;
}

static void assert_same(const tyto_encoding *a, const tyto_encoding *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->offsets, b->offsets, (size_t)(a->count + 1) * sizeof(*a->offsets));
    assert_memory_equal(a->input_ids, b->input_ids,
                        (size_t)a->offsets[a->count] * sizeof(*a->input_ids));
}

/* What is split here is what a caller's own words give. */
static void texts_are_split_at_white_space(void **state)
{
    (void)state;
    static const char *const texts[] = {" a\tbc\v\n\f\rd ", "e", "f\xc2\xa0g  h"};
    static const char *const words[][3] = {{"a", "bc", "d"}, {"e"}, {"f\xc2\xa0g", "h"}};
    static const tyto_words own[] = {{words[0], NULL, 3}, {words[1], NULL, 1}, {words[2], NULL, 2}};
    static const size_t lengths[] = {4, 1, 5};
    static const char *const cut[][2] = {{"a", "b"}, {"e"}, {"f\xc2\xa0g"}};
    static const tyto_words own_cut[] = {{cut[0], NULL, 2}, {cut[1], NULL, 1}, {cut[2], NULL, 1}};
    tyto_encode_options options;
    tyto_encoding got, required;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_encode_options_init(&options, sizeof(options));
    options.split_words = true;
    ASSERT_DONE(tyto_tokenizer_encode(tokenizer, texts, NULL, 3, &options, &got, &err), &err);
    ASSERT_DONE(tyto_tokenizer_encode_words(tokenizer, own, NULL, 3, &options, &required, &err),
                &err);
    assert_same(&got, &required);
    tyto_encoding_clear(&got);
    tyto_encoding_clear(&required);
    ASSERT_DONE(tyto_tokenizer_encode(tokenizer, texts, lengths, 3, &options, &got, &err), &err);
    ASSERT_DONE(tyto_tokenizer_encode_words(tokenizer, own_cut, NULL, 3, &options, &required, &err),
                &err);
    assert_same(&got, &required);
    tyto_encoding_clear(&got);
    tyto_encoding_clear(&required);
    /* For bytes, a text without words is none. */
    const char *blank = " ";
    assert_int_equal(tyto_tokenizer_encode(tokenizer, &blank, NULL, 1, &options, &got, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

static void pairs_are_texts(void **state)
{
    (void)state;
    static const char *const firsts[] = {"a b", "c"}, *const seconds[] = {"d", "e f"};
    static const tyto_words first[] = {{firsts, NULL, 1}, {firsts + 1, NULL, 1}};
    static const tyto_words second[] = {{seconds, NULL, 1}, {seconds + 1, NULL, 1}};
    static const char *const lacking[] = {"d", NULL};
    tyto_encoding got, required;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_tokenizer_encode_pairs(tokenizer, firsts, seconds, 2, NULL, &got, &err), &err);
    ASSERT_DONE(tyto_tokenizer_encode_words(tokenizer, first, second, 2, NULL, &required, &err),
                &err);
    assert_same(&got, &required);
    tyto_encoding_clear(&got);
    tyto_encoding_clear(&required);
    assert_int_equal(tyto_tokenizer_encode_pairs(tokenizer, firsts, NULL, 2, NULL, &got, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tokenizer_encode_pairs(tokenizer, firsts, lacking, 2, NULL, &got, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tokenizer_encode_pairs(NULL, firsts, seconds, 2, NULL, &got, &err),
                     TYTO_E_ARGUMENT);
    assert_null(got.input_ids);
    tyto_error_clear(&err);
}

static void ids_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {"[103, 110]", "103,110\t 39", "", " 103 "};
    static const char *const bad[] = {"103.5", "x", "103 x", "99999999999999999999", "103;110"};
    tyto_decoding decoding;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_tokenizer_decode_texts(tokenizer, good, 4, NULL, &decoding, &err), &err);
    assert_int_equal(decoding.count, 4);
    assert_string_equal(decoding.texts[0], "ah");
    assert_string_equal(decoding.texts[1], "ah!");
    assert_string_equal(decoding.texts[2], "");
    assert_string_equal(decoding.texts[3], "a");
    tyto_decoding_clear(&decoding);
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        assert_int_equal(tyto_tokenizer_decode_texts(tokenizer, &bad[i], 1, NULL, &decoding, &err),
                         TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), "required ids: whole numbers"));
        assert_null(decoding.texts);
    }
    assert_int_equal(tyto_tokenizer_decode_texts(tokenizer, NULL, 1, NULL, &decoding, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tokenizer_decode_texts(NULL, good, 1, NULL, &decoding, &err),
                     TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_tokenizer_decode_texts(tokenizer, NULL, 0, NULL, &decoding, &err), &err);
    tyto_decoding_clear(&decoding);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_split_at_white_space),
        cmocka_unit_test(pairs_are_texts),
        cmocka_unit_test(ids_are_read),
    };
    return cmocka_run_group_tests(tests, open_bytes, drop);
}
