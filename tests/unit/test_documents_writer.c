/* What documents are written with: spelling of numbers, quoting, and steps that fail. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "results/writer.h"

#include "support/cases.h"

static void assert_written(tyto_writer *writer, const char *required)
{
    tyto_bytes bytes;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_writer_end(writer, &bytes, &err), TYTO_OK);
    assert_string_equal(bytes.data, required);
    assert_int_equal(bytes.length_bytes, strlen(required));
    tyto_bytes_clear(&bytes);
    assert_null(bytes.data);
}

static const struct {
    float value;
    const char *csv, *json;
} floats[] = {
    {0.0F, "0", "0.0"},
    {-0.0F, "-0", "-0.0"},
    {0.1F, "0.1", "0.1"},
    {1.0F, "1", "1.0"},
    {1024.0F, "1024", "1024.0"},
    {999999.0F, "999999", "999999.0"},
    {1e6F, "1e+06", "1000000.0"},
    {1.0F / 3.0F, "0.33333334", "0.33333334"},
    {0.0001F, "0.0001", "0.0001"},
    {1e-5F, "1e-05", "1e-5"},
    {123456.789F, "123456.79", "123456.79"},
    {3.4028235e38F, "3.4028235e+38", "3.4028235e38"},
    {1e-45F, "1e-45", "1e-45"},
    {NAN, "nan", "null"},
    {INFINITY, "inf", "null"},
    {-INFINITY, "-inf", "null"},
};

static void spell_floats(void)
{
    tyto_writer writer;
    tyto_writer_init(&writer);
    for (size_t i = 0; next_case(i, sizeof(floats) / sizeof(floats[0])); i++) {
        tyto_writer_float(&writer, floats[i].value);
        assert_written(&writer, floats[i].csv);
        tyto_writer_json_new(&writer, tyto_json_float(floats[i].value), false);
        assert_written(&writer, floats[i].json);
    }
}

static void test_floats(void **state)
{
    (void)state;
    spell_floats();
}

/* A program that speaks German reads and writes the same documents. */
static void test_floats_in_another_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) {
        skip();
    }
    spell_floats();
    setlocale(LC_ALL, "C");
}

/* Every float is read back as itself. */
static void test_floats_are_read_back(void **state)
{
    (void)state;
    uint32_t bits = 1;
    for (int i = 0; i < 20000; i++) {
        float value;
        char digits[TYTO_FLOAT_BYTES];
        bits = bits * 1664525U + 1013904223U;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) {
            tyto_float_digits(digits, sizeof(digits), value);
            assert_true(strtof(digits, NULL) == value);
            assert_true((float)tyto_float_decimal(value) == value);
        }
    }
}

static void test_csv_quotes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a cat", "a cat"},   {"", ""},
        {"a, b", "\"a, b\""}, {"say \"hi\"", "\"say \"\"hi\"\"\""},
        {"\"", "\"\"\"\""},   {"two\nlines", "\"two\nlines\""},
        {"cr\r", "\"cr\r\""}, {"K\xc3\xa4se", "K\xc3\xa4se"},
        {"\xff", "\xff"},
    };
    tyto_writer writer;
    tyto_writer_init(&writer);
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_writer_csv(&writer, cases[i][0]);
        assert_written(&writer, cases[i][1]);
    }
}

static void test_json_strings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a \"cat\"", "\"a \\\"cat\\\"\""},
        {"two\nlines\t\x01", "\"two\\nlines\\t\\u0001\""},
        {"K\xc3\xa4se \xf0\x9f\x90\x88", "\"K\xc3\xa4se \xf0\x9f\x90\x88\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},                               /* cut */
        {"\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                 /* overlong */
        {"\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong */
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"", "\"\""},
        {NULL, "null"},
    };
    tyto_writer writer;
    tyto_writer_init(&writer);
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_writer_json_new(&writer, tyto_json_string(cases[i][0]), false);
        assert_written(&writer, cases[i][1]);
    }
    tyto_writer_json_new(&writer, tyto_json_string_bytes("a\0b", 3), false);
    assert_written(&writer, "\"a\\u0000b\"");
}

static void test_plain_text(void **state)
{
    (void)state;
    tyto_writer writer;
    tyto_writer_init(&writer);
    tyto_writer_plain(&writer, "a\033[31m\x7f\xc2\x9b\xc3\xa4\n", 0);
    assert_written(&writer, "a\\x1b[31m\\x7f\\xc2\\x9b\xc3\xa4\\x0a");
    tyto_writer_plain(&writer, "abcdef", 4);
    assert_written(&writer, "abc");
    tyto_writer_plain(&writer, "a\nb", 4);
    assert_written(&writer, "a\\x");
}

static void test_formats_of_any_length(void **state)
{
    (void)state;
    char lengthy[1001];
    tyto_writer writer;
    tyto_writer_init(&writer);
    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    tyto_writer_format(&writer, "%s", lengthy);
    assert_written(&writer, lengthy);
    assert_written(&writer, "");
}

static void test_failed_steps_stay_failed(void **state)
{
    (void)state;
    tyto_writer writer;
    tyto_bytes bytes;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_writer_init(&writer);
    tyto_writer_text(&writer, "before");
    json_t *object = json_object();
    tyto_json_put(&writer, object, "value", NULL);
    tyto_writer_json_new(&writer, object, true);
    assert_int_equal(tyto_writer_end(&writer, &bytes, &err), TYTO_E_MEMORY);
    assert_null(bytes.data);
    tyto_error_clear(&err);

    tyto_writer_init(&writer);
    tyto_writer_json_new(&writer, NULL, false);
    assert_int_equal(tyto_writer_end(&writer, &bytes, &err), TYTO_E_MEMORY);
    tyto_error_clear(&err);

    tyto_writer_init(&writer);
    writer.buffer.maximum = 8;
    tyto_writer_text(&writer, "1234567");
    tyto_writer_text(&writer, "89");
    tyto_writer_text(&writer, "");
    assert_int_equal(tyto_writer_end(&writer, &bytes, &err), TYTO_E_LIMIT);
    assert_null(bytes.data);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_floats_in_another_locale),
        cmocka_unit_test(test_floats_are_read_back),
        cmocka_unit_test(test_csv_quotes),
        cmocka_unit_test(test_json_strings),
        cmocka_unit_test(test_plain_text),
        cmocka_unit_test(test_formats_of_any_length),
        cmocka_unit_test(test_failed_steps_stay_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
