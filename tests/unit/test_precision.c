/* The precision that a program asks for, and what a model makes of it. */
#include <stdio.h>
#include <tyto/tyto.h>

#include "support/golden.h"
#include "support/tables.h"

#define TABLES_MAX 8

static tyto_engine *engine_with(const char *isa, tyto_precision precision)
{
    tyto_engine_options options = engine_options(2);
    options.isa = isa;
    options.precision = precision;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    return engine;
}

static tyto_model *open_odd(tyto_engine *engine)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    ASSERT_DONE(tyto_model_open(engine, golden_path(path, "owlv2/odd/model"), NULL, &model, &err),
                &err);
    return model;
}

static void names_are_spelled(void **state)
{
    (void)state;
    assert_string_equal(tyto_precision_name(TYTO_PRECISION_FP32), "fp32");
    assert_string_equal(tyto_precision_name(TYTO_PRECISION_AUTO), "auto");
    assert_string_equal(tyto_precision_name(TYTO_PRECISION_DEFAULT), "default");
    assert_string_equal(tyto_precision_name((tyto_precision)99), "?");
}

static void no_precision_is_refused(void **state)
{
    (void)state;
    tyto_engine_options options = engine_options(0);
    options.precision = (tyto_precision)99;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    assert_int_equal(tyto_engine_create(&options, &engine, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "precision: got 99"));
    assert_null(engine);
    tyto_error_clear(&err);
}

/* bf16 where the CPU multiplies it, else floats: auto never makes a model slower. */
static void automatic_is_settled_by_the_cpu(void **state)
{
    (void)state;
    const tyto_kernels *tables[TABLES_MAX];
    const size_t count = tested_tables(tables, TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        tyto_engine *engine = engine_with(tables[i]->name, TYTO_PRECISION_AUTO);
        tyto_model *model = open_odd(engine);
        assert_int_equal(tyto_engine_precision(engine),
                         tables[i]->bf16->dot ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32);
        assert_int_equal(tyto_model_precision(model), tyto_engine_precision(engine));
        tyto_model_destroy(model);
        tyto_engine_destroy(engine);
    }
}

/* The model that comes with tyto: nearly all of its weights are matrices. */
static void half_the_memory(void **state)
{
    (void)state;
    const tyto_kernels *tables[TABLES_MAX];
    const size_t count = tested_tables(tables, TABLES_MAX);
    size_t bytes[2];
    for (size_t i = 0; i < 2 * count; i++) {
        char path[GOLDEN_PATH_BYTES];
        tyto_error err = TYTO_ERROR_INIT;
        tyto_engine *engine =
            engine_with(tables[i / 2]->name, i % 2 ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32);
        tyto_model *model = NULL;
        snprintf(path, sizeof(path), "%s/../models/tyto-small", getenv("TYTO_TEST_DATA"));
        ASSERT_DONE(tyto_model_open(engine, path, NULL, &model, &err), &err);
        assert_int_equal(tyto_model_precision(model), tyto_engine_precision(engine));
        bytes[i % 2] = tyto_model_weight_bytes(model);
        tyto_model_destroy(model);
        tyto_engine_destroy(engine);
        if (i % 2) {
            assert_in_range(bytes[1], bytes[0] / 2, bytes[0] * 55 / 100);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_spelled),
        cmocka_unit_test(no_precision_is_refused),
        cmocka_unit_test(automatic_is_settled_by_the_cpu),
        cmocka_unit_test(half_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
