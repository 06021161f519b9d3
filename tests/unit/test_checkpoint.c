/* Checkpoints by their names, and without one. */
#include <unistd.h>

#include "support/golden.h"

static char *locate(const char *name)
{
    char *folder = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_checkpoint_locate(name, NULL, &folder, &err), &err);
    return folder;
}

static void nothing_means_the_own_model(void **state)
{
    (void)state;
    unsetenv("TYTO_MODEL");
    char *own = locate(NULL);
    char *ending = strrchr(own, '/');
    assert_non_null(ending);
    assert_string_equal(ending, "/tyto-small");
    setenv("TYTO_MODEL", "", 1);
    char *still = locate(NULL);
    assert_string_equal(still, own);
    setenv("TYTO_MODEL", own, 1);
    char *same = locate(NULL);
    assert_string_equal(same, own);
    /* A name goes before the environment. */
    char *other = locate(".");
    assert_string_equal(other, ".");
    unsetenv("TYTO_MODEL");
    tyto_free(other);
    tyto_free(same);
    tyto_free(still);
    tyto_free(own);
}

/* What looks like an id and is a folder here is the folder. */
static void folders_go_before_ids(void **state)
{
    (void)state;
    char here[GOLDEN_PATH_BYTES], path[GOLDEN_PATH_BYTES];
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(golden_path(path, "owlv2")), 0);
    char *folder = locate("odd/model");
    assert_string_equal(folder, "odd/model");
    assert_int_equal(chdir(here), 0);
    tyto_free(folder);
}

static void one_call_opens(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    ASSERT_DONE(tyto_engine_create(NULL, &engine, &err), &err);
    ASSERT_DONE(tyto_checkpoint_open(engine, golden_path(path, "owlv2/odd/model"), NULL, NULL,
                                     &model, &err),
                &err);
    assert_string_equal(tyto_model_head(model), "Owlv2ForObjectDetection");
    tyto_model_destroy(model);
    model = NULL;
    assert_int_equal(tyto_checkpoint_open(engine, "./nowhere", NULL, NULL, &model, &err),
                     TYTO_E_NOT_FOUND);
    assert_non_null(strstr(tyto_error_message(&err), "./nowhere: no such folder"));
    assert_null(model);
    assert_int_equal(tyto_checkpoint_open(NULL, path, NULL, NULL, &model, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_checkpoint_open(engine, path, NULL, NULL, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_checkpoint_locate(NULL, NULL, NULL, &err), TYTO_E_ARGUMENT);
    tyto_hub_options none = {.struct_bytes = 0};
    char *folder = NULL;
    assert_int_equal(tyto_checkpoint_locate(path, &none, &folder, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_means_the_own_model),
        cmocka_unit_test(folders_go_before_ids),
        cmocka_unit_test(one_call_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
