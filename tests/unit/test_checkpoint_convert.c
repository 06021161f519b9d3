/* Checkpoints converted whole: what calibrations run on, packing, and stopping at every step. */
#include "support/golden.h"
#include "support/room.h"

static int errors_logged, lines_logged;

static void count_lines(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    assert_non_null(message);
    errors_logged += level == TYTO_LOG_LEVEL_ERROR;
    lines_logged += level == TYTO_LOG_LEVEL_INFO;
}

static const char *photo(char path[GOLDEN_PATH_BYTES], const char *name)
{
    const int length =
        snprintf(path, GOLDEN_PATH_BYTES, "%s/../assets/photos/%s", getenv("TYTO_TEST_DATA"), name);
    assert_in_range(length, 1, GOLDEN_PATH_BYTES - 1);
    return path;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void samples_are_photos_and_lines(void **state)
{
    (void)state;
    char cat[GOLDEN_PATH_BYTES];
    tyto_calibration_samples samples;
    tyto_file_list_options options;
    tyto_error err = TYTO_ERROR_INIT;
    write_text("labels.txt", "a cat\n\na cup\n");
    write_text("more.txt", "a dog");
    mkdir("empty", 0777);
    const char *const places[] = {"labels.txt", photo(cat, "cat.jpg"), "absent.txt", "more.txt",
                                  "empty"};
    tyto_file_list_options_init(&options, sizeof(options));
    options.log = count_lines;
    errors_logged = 0;
    ASSERT_DONE(tyto_calibration_samples_list(places, 5, &options, &samples, &err), &err);
    assert_int_equal(samples.failed, 2);
    assert_int_equal(errors_logged, 2);
    assert_int_equal(samples.photos.count, 1);
    assert_string_equal(samples.photos.items[0], cat);
    assert_int_equal(samples.texts.count, 3);
    assert_string_equal(samples.texts.items[1], "a cup");
    assert_string_equal(samples.texts.items[2], "a dog");
    tyto_calibration_samples_clear(&samples);
    ASSERT_DONE(tyto_calibration_samples_list(NULL, 0, NULL, &samples, &err), &err);
    assert_int_equal(samples.photos.count + samples.texts.count + samples.failed, 0);
    tyto_calibration_samples_clear(&samples);
    tyto_calibration_samples_clear(NULL);
    assert_int_equal(tyto_calibration_samples_list(NULL, 2, NULL, &samples, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

static tyto_engine *make_engine(void)
{
    tyto_engine *engine = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = engine_options(2);
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    return engine;
}

/* Stops before step number `last`. */
typedef struct stopper {
    int64_t last, seen;
} stopper;

static bool stop_at(void *user, const tyto_progress *progress)
{
    stopper *with = user;
    (void)progress;
    return with->seen++ != with->last;
}

/* Calibrated on a text and packed for int8, in any case whole or not at all. */
static void packing_is_whole_or_not_at_all(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES], *texts[] = {"a cat"};
    tyto_engine *engine = make_engine();
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_convert_options options;
    const tyto_calibration_samples samples = {.texts = {.items = texts, .count = 1}};
    stopper with = {.last = -1};
    golden_path(path, "perceiver_tasks/texts/model");
    tyto_convert_options_init(&options, sizeof(options));
    assert_int_equal(options.precision, TYTO_PRECISION_DEFAULT);
    options.precision = TYTO_PRECISION_INT8;
    options.samples = &samples;
    options.log = count_lines;
    options.progress = stop_at;
    options.progress_user = &with;
    lines_logged = 0;
    ASSERT_DONE(tyto_checkpoint_convert(engine, path, "packed", &options, &err), &err);
    assert_int_equal(lines_logged, 2);
    ASSERT_DONE(tyto_model_open(engine, "packed", NULL, &model, &err), &err);
    assert_int_equal(tyto_model_precision(model), TYTO_PRECISION_INT8);
    tyto_model_destroy(model);
    const int64_t steps = with.seen;
    for (int64_t last = 0; last < steps; last += 7) {
        struct stat info;
        with = (stopper){.last = last};
        assert_int_equal(tyto_checkpoint_convert(engine, path, "stopped", &options, &err),
                         TYTO_E_CANCELLED);
        assert_int_not_equal(stat("stopped", &info), 0);
    }
    assert_int_equal(tyto_checkpoint_convert(NULL, path, "stopped", &options, &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

/* Without a precision, as tyto_model_convert writes it. */
static void plain_checkpoints_need_no_engine(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    struct stat info;
    tyto_error err = TYTO_ERROR_INIT;
    golden_path(path, "owlv2/text_tower/model");
    ASSERT_DONE(tyto_checkpoint_convert(NULL, path, "plain", NULL, &err), &err);
    assert_int_equal(stat("plain/model.safetensors", &info), 0);
    assert_int_equal(tyto_checkpoint_convert(NULL, path, "plain", NULL, &err), TYTO_E_EXISTS);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_photos_and_lines),
        cmocka_unit_test(packing_is_whole_or_not_at_all),
        cmocka_unit_test(plain_checkpoints_need_no_engine),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
