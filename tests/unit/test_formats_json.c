/* The JSON decoder: values, texts, and what is not JSON. */
#include "formats/json.h"
#include "support/support.h"

#include "support/cases.h"

static json_t *decode(const char *text, bool unique, json_error_t *where)
{
    bool no_memory;
    json_t *value = tyto_json_decode(text, strlen(text), unique, where, &no_memory);
    assert_false(no_memory);
    return value;
}

/* What another reader of JSON makes of the same bytes. */
static void values_are_what_they_say(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        " false ",
        "0",
        "-0",
        "12",
        "-9223372036854775808",
        "9223372036854775807",
        "0.5",
        "-1.5e3",
        "1E-5",
        "1e+2",
        "0.00392156862745098",
        "1e-400",
        "\"\"",
        "\"a\\nb\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1,[2,{}],\"x\"]",
        "{\"a\":{\"b\":[true,null]},\"\":1}",
        " {\"k\" : [ 1 , 2 ] , \"l\" : \"m\" }\r\n\t",
        "{\"a\":1,\"a\":2}",
        "\"/Ġa</w>\"",
    };
    for (size_t i = 0; next_case(i, sizeof(texts) / sizeof(texts[0])); i++) {
        json_error_t where;
        json_t *value = decode(texts[i], false, &where);
        json_t *expected = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(expected);
        if (!value || !json_equal(value, expected)) {
            fail_msg("%s: %s", texts[i], value ? "another value" : where.text);
        }
        json_decref(value);
        json_decref(expected);
    }
}

static void large_integers_are_reals(void **state)
{
    (void)state;
    json_error_t where;
    json_t *value = decode("[1000000000000000019884624838656, 7]", false, &where);
    assert_true(json_real_value(json_array_get(value, 0)) == 1000000000000000019884624838656.0);
    assert_int_equal(json_integer_value(json_array_get(value, 1)), 7);
    json_decref(value);
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"a",
        "nul",
        "tru",
        "True",
        "nan",
        "Inf",
        "+Infinity",
        "-NaN",
        "-",
        "+1",
        "01x",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1e999",
        "-1e999",
        "0x10",
        "'a'",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "]",
        "}",
        "[1]]",
        "1 2",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u0000\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\x80\"",
        "\"\xc0\x80\"",
        "\"\xc3\"",
        "\"\xed\xa0\x80\"",
        "\"\xf5\x80\x80\x80\"",
        "\"\xe0\x80\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\xef\xbb\xbf{}",
        "// x\n1",
        "\\",
        "\"\\",
    };
    for (size_t i = 0; next_case(i, sizeof(texts) / sizeof(texts[0])); i++) {
        json_error_t where;
        json_t *value = decode(texts[i], false, &where);
        if (value || where.text[0] == '\0' || where.line < 1 || where.column < 1) {
            fail_msg("'%s' is taken for JSON, or refused without a word", texts[i]);
        }
    }
    json_error_t where;
    bool no_memory;
    assert_null(tyto_json_decode("[1]\0", 4, false, &where, &no_memory));
    assert_null(decode("{\"a\":1,\"a\":2}", true, &where));
    assert_non_null(strstr(where.text, "twice"));
    assert_null(decode("{\n \"a\": 1,\n  ?}", false, &where));
    assert_int_equal(where.line, 3);
    assert_int_equal(where.column, 3);
}

/* What Python's json writes for numbers that are not finite: read, and no number for anybody. */
static void numbers_that_are_not_finite_are_texts(void **state)
{
    (void)state;
    json_error_t where;
    double number = 3;
    tyto_error err = TYTO_ERROR_INIT;
    json_t *value = decode("{\"a\":NaN,\"b\":[Infinity,-Infinity],\"c\":1}", true, &where);
    assert_non_null(value);
    const json_t *b = json_object_get(value, "b");
    assert_string_equal(json_string_value(json_object_get(value, "a")), "NaN");
    assert_string_equal(json_string_value(json_array_get(b, 0)), "Infinity");
    assert_string_equal(json_string_value(json_array_get(b, 1)), "-Infinity");
    assert_int_equal(json_integer_value(json_object_get(value, "c")), 1);
    assert_int_equal(tyto_json_double(value, "file", "a", &number, &err), TYTO_E_FORMAT);
    assert_non_null(strstr(tyto_error_message(&err), "file: 'a': got "));
    assert_true(number == 3);
    tyto_error_clear(&err);
    json_decref(value);
}

/* What Python's json takes besides, for files that its programs write. */
static void python_takes_more(void **state)
{
    (void)state;
    static const char text[] =
        "[100000000000000000001,\"\\ud800-\\udce9\\ud83d\\ude00\\udc00\\ud83d\","
        "9223372036854775807,\"100000000000000000001\"]";
    json_error_t where;
    bool no_memory;
    assert_null(decode("\"\\ud800\"", false, &where));
    json_t *value = tyto_json_decode_loosely(text, strlen(text), &where, &no_memory);
    assert_non_null(value);
    assert_string_equal(tyto_json_long_number(json_array_get(value, 0)), "100000000000000000001");
    assert_string_equal(json_string_value(json_array_get(value, 1)),
                        "\xef\xbf\xbd-\xe9\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(json_integer_value(json_array_get(value, 2)) == INT64_MAX);
    assert_null(tyto_json_long_number(json_array_get(value, 3)));
    assert_null(tyto_json_decode_loosely("\"\\ud800\\u12\"", 12, &where, &no_memory));
    json_decref(value);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    static char text[200001];
    json_error_t where;
    memset(text, '[', 200000);
    assert_null(decode(text, false, &where));
    assert_non_null(strstr(where.text, "deep"));
    memset(text, '[', 500);
    memset(text + 500, ']', 500);
    text[1000] = '\0';
    json_t *value = decode(text, false, &where);
    assert_non_null(value);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_what_they_say),
        cmocka_unit_test(large_integers_are_reals),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(numbers_that_are_not_finite_are_texts),
        cmocka_unit_test(python_takes_more),
        cmocka_unit_test(nesting_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
