/* The Perceiver against the reference: every golden case of every head and composition, on every
 * instruction set; and the ways to compute less, each with the numbers of the plain one. */
#include "kernels/kernels.h"
#include "support/golden.h"

/* Inputs have hundreds of channels, which the plainest table adds up in one chain: twice what OWLv2
 * needs. */
#define UNITS 40.0

/* What one engine runs. */
typedef struct run {
    tyto_engine *engine;
    const char *checkpoint;
    tyto_model *model;
    int cases;
} run;

/* Opens data/perceiver/NAME/model, with the parts.json beside it where there is one. */
static tyto_model *open_checkpoint(tyto_engine *engine, const char *name)
{
    char path[GOLDEN_PATH_BYTES], parts[GOLDEN_PATH_BYTES], text[8192];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    golden_path(path, "perceiver/%s/model", name);
    FILE *file = fopen(golden_path(parts, "perceiver/%s/parts.json", name), "rb");
    if (file) {
        const size_t length = fread(text, 1, sizeof(text), file);
        assert_in_range(length, 1, sizeof(text) - 1);
        fclose(file);
        ASSERT_DONE(tyto_perceiver_open(engine, path, text, length, parts, &model, &err), &err);
    } else {
        ASSERT_DONE(tyto_model_open(engine, path, &model, &err), &err);
    }
    return model;
}

static void run_case(const char *name, void *user)
{
    run *with = user;
    if (strcmp(name, "model") == 0) {
        return;
    }
    char folder[600], what[800];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    golden_case golden;
    snprintf(folder, sizeof(folder), "perceiver/%s/%s", with->checkpoint, name);
    snprintf(what, sizeof(what), "%s, %s, %d threads", folder, tyto_engine_isa(with->engine),
             tyto_engine_threads(with->engine));
    golden_open(&golden, folder);
    golden.units = UNITS;
    ASSERT_DONE(tyto_session_create(with->model, &session, &err), &err);
    golden_run(&golden, session, golden.head, what);
    golden_run(&golden, session, NULL, what); /* again, warm, by the checkpoint's own head */
    tyto_session_destroy(session);
    golden_close(&golden);
    with->cases++;
}

static void run_checkpoint(const char *name, void *user)
{
    run *with = user;
    char folder[300];
    with->checkpoint = name;
    with->model = open_checkpoint(with->engine, name);
    snprintf(folder, sizeof(folder), "perceiver/%s", name);
    golden_for_each(folder, run_case, with);
    tyto_model_destroy(with->model);
}

static void run_all(const char *isa, int threads)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = {.threads = threads, .isa = isa};
    run with = {0};
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    golden_for_each("perceiver", run_checkpoint, &with);
    assert_true(with.cases >= 30);
    tyto_engine_destroy(with.engine);
}

static void all_cases_are_as_the_reference(void **state)
{
    (void)state;
    const tyto_kernels *tables[8];
    const size_t count = tyto_kernels_list(tables, 8);
    for (size_t i = 0; i < count; i++) {
        run_all(tables[i]->name, i % 2 ? 1 : 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_are_as_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
