/* Checkpoints by their names, and without one. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

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
    char path[GOLDEN_PATH_BYTES];
    char *other = locate(golden_path(path, "owlv2/odd/model"));
    assert_string_equal(other, path);
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

/* A hub without an answer, and a cache that is empty: asking either is an error of its own. */
static tyto_hub_options unreachable_hub(void)
{
    tyto_hub_options options;
    tyto_hub_options_init(&options, sizeof(options));
    options.endpoint = "http://127.0.0.1:9";
    options.cache = "cache";
    options.retry_ms = 1;
    return options;
}

/* What is called like a published checkpoint, and is not there by that path. */
static void published_names_are_advised(void **state)
{
    static const char advice[] =
        "the published checkpoint of that name is 'google/owlv2-base-patch16-ensemble'";
    static const char *const names[] = {
        "./owlv2-base-patch16-ensemble", "owlv2-base-patch16-ensemble/",
        "models/owlv2-base-patch16-ensemble", "/nowhere/at/all/owlv2-base-patch16-ensemble",
        "somebody/owlv2-base-patch16-ensemble@main"};
    (void)state;
    char *folder = NULL, here[GOLDEN_PATH_BYTES], place[] = "/tmp/tyto-checkpoint-XXXXXX";
    tyto_error err = TYTO_ERROR_INIT;
    tyto_hub_options options = unreachable_hub();
    assert_non_null(getcwd(here, sizeof(here)));
    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    assert_int_equal(mkdir("models", 0777), 0);
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        /* Only the last may be another's repository, which the hub is asked for. */
        const tyto_status expected = i == 4 ? TYTO_E_UNSUPPORTED : TYTO_E_NOT_FOUND;
        options.offline = i == 4;
        assert_int_equal(tyto_checkpoint_locate(names[i], &options, &folder, &err), expected);
        assert_non_null(strstr(tyto_error_message(&err), advice));
        assert_null(folder);
    }
    options.offline = true;
    assert_int_equal(
        tyto_checkpoint_locate("google/owlv2-base-patch16-ensemble", &options, &folder, &err),
        TYTO_E_UNSUPPORTED);
    assert_null(strstr(tyto_error_message(&err), "published"));
    assert_int_equal(chdir(here), 0);
    assert_int_equal(room_remove(place), 0);
    tyto_error_clear(&err);
}

/* A file or a folder that is there is never asked the hub for, whatever it is called. */
static void existing_paths_stay_here(void **state)
{
    (void)state;
    char *folder = NULL, here[GOLDEN_PATH_BYTES], place[] = "/tmp/tyto-checkpoint-XXXXXX";
    tyto_error err = TYTO_ERROR_INIT;
    tyto_hub_options options = unreachable_hub();
    assert_non_null(getcwd(here, sizeof(here)));
    assert_non_null(mkdtemp(place));
    assert_int_equal(chdir(place), 0);
    assert_int_equal(mkdir("acme", 0777), 0);
    assert_int_equal(tyto_file_write("acme/owl", "{}", 2, &err), TYTO_OK);
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &folder, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err),
                           "acme/owl: got a file, required the checkpoint's folder: 'acme'"));
    assert_int_equal(unlink("acme/owl"), 0);
    assert_int_equal(mkdir("acme/owl", 0777), 0);
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &folder, &err), TYTO_E_NOT_FOUND);
    assert_non_null(strstr(tyto_error_message(&err), "acme/owl: no config.json in this folder"));
    assert_int_equal(tyto_file_write("acme/owl/config.json", "{}", 2, &err), TYTO_OK);
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &folder, &err), TYTO_OK);
    assert_string_equal(folder, "acme/owl");
    tyto_free(folder);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(room_remove(place), 0);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_means_the_own_model),
        cmocka_unit_test(folders_go_before_ids),
        cmocka_unit_test(one_call_opens),
        cmocka_unit_test(published_names_are_advised),
        cmocka_unit_test(existing_paths_stay_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
