/* What people type and read. */
#include <tyto/words.h>

#include "support/golden.h"

#include "support/cases.h"

static const char *const known[] = {"detect", "match", "embed", "eval", "classify"};

static void slips_find_their_word(void **state)
{
    (void)state;
    static const struct {
        const char *typed, *meant;
    } cases[] = {{"detect", "detect"}, {"detct", "detect"},
                 {"dtect", "detect"},  {"detetc", "detect"},
                 {"clas", "classify"}, {"mtach", "match"},
                 {"xyz", NULL},        {"", NULL},
                 {"c", NULL},          {"classifying-all-of-the-photos-in-this-folder-here", NULL}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const char *got = tyto_word_nearest(cases[i].typed, known, 5);
        if (!cases[i].meant) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, cases[i].meant);
        }
    }
    assert_null(tyto_word_nearest(NULL, known, 5));
    assert_null(tyto_word_nearest("detect", NULL, 0));
}

static void byte_counts_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } cases[] = {{"100000", 100000},
                 {"2GB", 2000000000},
                 {"500MiB", 524288000},
                 {"1kb", 1000},
                 {"3KiB", 3072},
                 {"1GiB", 1073741824},
                 {"7mb", 7000000},
                 {"0", 0},
                 {"-1", 0},
                 {"", 0},
                 {"GB", 0},
                 {"1.5GB", 0},
                 {"1 GB", 0},
                 {"5TB", 0},
                 {"99999999999999999999", 0},
                 {"18446744073709551615GB", 0}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        uint64_t bytes = 0;
        const tyto_status status = tyto_byte_count_read(cases[i].text, &bytes, NULL);
        assert_int_equal(status, cases[i].bytes ? TYTO_OK : TYTO_E_FORMAT);
        if (cases[i].bytes) {
            assert_int_equal(bytes, cases[i].bytes);
        }
    }
    assert_int_equal(tyto_byte_count_read(NULL, NULL, NULL), TYTO_E_ARGUMENT);
}

static void texts_stay_on_their_line(void **state)
{
    (void)state;
    char out[32];
    assert_int_equal(tyto_text_plain("a\nb\x1b[1m", out, sizeof(out)), 13);
    assert_string_equal(out, "a\\x0ab\\x1b[1m");
    assert_int_equal(tyto_text_plain("h\u00fc\xc2\x85", out, sizeof(out)), 11);
    assert_string_equal(out, "h\u00fc\\xc2\\x85");
    assert_int_equal(tyto_text_plain("abcdef", out, 4), 6);
    assert_string_equal(out, "abc");
    assert_int_equal(tyto_text_plain("abcdef", NULL, 0), 6);
    assert_int_equal(tyto_text_plain(NULL, out, sizeof(out)), 0);
}

static void quotes_end_between_characters(void **state)
{
    (void)state;
    char out[TYTO_QUOTE_BYTES], text[200];
    assert_string_equal(tyto_text_quote("a cat", out), "\"a cat\"");
    assert_string_equal(tyto_text_quote(NULL, out), "\"\"");
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'x', lead);
        for (size_t i = lead; i + 2 < sizeof(text); i += 2) {
            memcpy(text + i, "\u00fc", 3);
        }
        const char *quoted = tyto_text_quote(text, out);
        const size_t length = strlen(quoted);
        assert_in_range(length, 70, TYTO_QUOTE_BYTES - 1);
        assert_string_equal(quoted + length - 4, "\u2026\"");
        assert_int_equal((unsigned char)quoted[length - 5] & 0xC0, 0x80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_find_their_word),
        cmocka_unit_test(byte_counts_have_units),
        cmocka_unit_test(texts_stay_on_their_line),
        cmocka_unit_test(quotes_end_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
