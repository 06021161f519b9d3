/* What a checkpoint says of its own use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <tyto/status.h>

#include "runtime/advice.h"
#include "support/cases.h"

static tyto_status read_text(const char *text, tyto_advice *out, tyto_error *err)
{
    json_t *config = json_loads(text, 0, NULL);
    assert_non_null(config);
    const tyto_status status = tyto_advice_read(config, "config.json", out, err);
    json_decref(config);
    return status;
}

static void a_threshold_and_a_note_are_read(void **state)
{
    (void)state;
    tyto_advice advice;
    assert_int_equal(
        read_text("{\"tyto\": {\"threshold\": 0.25, \"note\": \"only owls\"}}", &advice, NULL),
        TYTO_OK);
    assert_true(advice.threshold == 0.25F);
    assert_string_equal(advice.note, "only owls");
    tyto_advice_clear(&advice);
    assert_null(advice.note);
    assert_int_equal(read_text("{\"tyto\": {\"threshold\": 1}}", &advice, NULL), TYTO_OK);
    assert_true(advice.threshold == 1.0F && !advice.note);
}

static void nothing_is_recommended_by_others(void **state)
{
    static const char *const texts[] = {"{}", "{\"tyto\": {}}", "{\"tyto\": 5}", "{\"tyto\": null}",
                                        "{\"threshold\": 0.5, \"note\": \"x\"}"};
    (void)state;
    for (size_t i = 0; next_case(i, sizeof(texts) / sizeof(texts[0])); i++) {
        tyto_advice advice;
        assert_int_equal(read_text(texts[i], &advice, NULL), TYTO_OK);
        assert_true(advice.threshold < 0.0F && !advice.note);
    }
}

static void what_is_no_advice_is_refused(void **state)
{
    static const char *const texts[] = {"{\"tyto\": {\"threshold\": \"0.4\"}}",
                                        "{\"tyto\": {\"threshold\": -0.1}}",
                                        "{\"tyto\": {\"threshold\": 1.5}}",
                                        "{\"tyto\": {\"threshold\": null}}",
                                        "{\"tyto\": {\"note\": 4}}",
                                        "{\"tyto\": {\"note\": \"two\\nlines\"}}",
                                        "{\"tyto\": {\"note\": \"\\u001b[31m\"}}"};
    (void)state;
    for (size_t i = 0; next_case(i, sizeof(texts) / sizeof(texts[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_advice advice;
        assert_int_equal(read_text(texts[i], &advice, &err), TYTO_E_FORMAT);
        assert_non_null(strstr(tyto_error_message(&err), "config.json: 'tyto."));
        tyto_error_clear(&err);
        tyto_advice_clear(&advice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_and_a_note_are_read),
        cmocka_unit_test(nothing_is_recommended_by_others),
        cmocka_unit_test(what_is_no_advice_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
