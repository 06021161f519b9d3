/* Calibration: what is noted, what is chosen for products that are easy and hard to round, and what
 * a model makes of the choices. */
#include <stdio.h>
#include <sys/stat.h>
#include <tyto/tyto.h>

#include "base/memory.h"
#include "runtime/calibration.h"
#include "support/engines.h"
#include "support/support.h"

enum { ROWS = 40, N = 33, K = 64, LOUD = 5 };

/* A product whose input has one channel that is a hundred times as large as the others. */
typedef struct site {
    float *x, *w;
    void *data;
    tyto_packed_matrix weight;
    tyto_calibration_site site;
    tyto_calibration notes;
    tyto_pool *pool;
} site;

static void open_site(site *it, float loudness)
{
    stream numbers = {3};
    const tyto_kernels *kernels;
    assert_int_equal(tyto_kernels_select(NULL, &kernels, NULL), TYTO_OK);
    *it = (site){.x = malloc(ROWS * K * sizeof(float)), .w = malloc(N * K * sizeof(float))};
    assert_true(it->x && it->w);
    fill_floats(&numbers, it->x, ROWS * K);
    fill_floats(&numbers, it->w, N * K);
    for (int r = 0; r < ROWS; r++) {
        it->x[r * K + LOUD] *= loudness;
    }
    it->pool = tyto_pool_create(2);
    const size_t bytes = tyto_packed_bytes(kernels, TYTO_F32, N, K);
    it->data = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_true(it->pool && it->data);
    memset(it->data, 0, bytes);
    it->weight = tyto_packed_over(kernels, TYTO_F32, N, K, it->data);
    tyto_packed_fill(&it->weight, 0, N, it->w, K, TYTO_F32, it->pool);
    assert_int_equal(tyto_calibration_site_init(&it->site, "it", &it->weight, NULL), TYTO_OK);
    it->notes = (tyto_calibration){.sites = &it->site, .count = 1, .kernels = kernels};
}

static void close_site(site *it)
{
    tyto_calibration_site_clear(&it->site);
    tyto_pool_destroy(it->pool);
    free(it->data);
    free(it->x);
    free(it->w);
}

static double error_of(const site *it, const float *factors)
{
    double error = -1.0;
    assert_int_equal(
        tyto_calibration_error(&it->site, it->notes.kernels, it->pool, factors, &error, NULL),
        TYTO_OK);
    return error;
}

static void rows_and_magnitudes_are_noted(void **state)
{
    (void)state;
    site it;
    open_site(&it, 100.0f);
    const tyto_packed_matrix stranger = it.weight;
    tyto_calibration_note(&it.notes, &stranger, it.x, K, ROWS);
    assert_int_equal(it.site.kept, 0);
    for (int call = 0; call < 30; call++) {
        tyto_calibration_note(&it.notes, &it.weight, it.x, K, ROWS);
    }
    assert_int_equal(it.site.kept, TYTO_CALIBRATION_ROWS);
    for (int64_t i = 0; i < it.site.kept; i++) {
        bool found = false;
        for (int r = 0; r < ROWS && !found; r++) {
            found = memcmp(it.site.rows + i * K, it.x + r * K, K * sizeof(float)) == 0;
        }
        assert_true(found);
    }
    for (int c = 0; c < K; c++) {
        float most = 0.0f;
        for (int r = 0; r < ROWS; r++) {
            most = fmaxf(most, fabsf(it.x[r * K + c]));
        }
        assert_true(it.site.most[c] == most);
    }
    close_site(&it);
}

/* The steps of a row follow its largest number. With one channel a hundred times as large, the
 * others are rounded a hundred times as coarsely; smoothing gives most of that back. */
static void smoothing_takes_the_error_of_a_loud_channel(void **state)
{
    (void)state;
    site quiet, loud;
    float factors[K];
    open_site(&quiet, 1.0f);
    open_site(&loud, 100.0f);
    for (int r = 0; r < N; r++) {
        /* What is loud in x is hardly heard, as in trained networks. */
        loud.w[r * K + LOUD] *= 0.01f;
    }
    tyto_packed_fill(&loud.weight, 0, N, loud.w, K, TYTO_F32, loud.pool);
    tyto_calibration_note(&quiet.notes, &quiet.weight, quiet.x, K, ROWS);
    tyto_calibration_note(&loud.notes, &loud.weight, loud.x, K, ROWS);
    tyto_calibration_smooth(&loud.site, 0.5f, factors);
    assert_true(factors[LOUD] < 0.05f * factors[LOUD + 1]);
    const double easy = error_of(&quiet, NULL), plain = error_of(&loud, NULL),
                 smooth = error_of(&loud, factors);
    if (!(easy < 0.01 && plain > 0.1 && smooth < 2.0 * easy)) {
        fail_msg("errors %g, %g, smoothed %g", easy, plain, smooth);
    }
    close_site(&quiet);
    close_site(&loud);
}

/* A model, run and noted, and opened again with what was chosen. */
typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} opened;

static tyto_status open_model(opened *it, const char *path, tyto_precision precision,
                              tyto_error *err)
{
    tyto_engine_options options = engine_options(1);
    options.precision = precision;
    *it = (opened){0};
    assert_int_equal(tyto_engine_create(&options, &it->engine, NULL), TYTO_OK);
    const tyto_status status = tyto_model_open(it->engine, path, NULL, &it->model, err);
    if (status == TYTO_OK) {
        assert_int_equal(tyto_session_create(it->model, NULL, &it->session, NULL), TYTO_OK);
    }
    return status;
}

static void close_model(opened *it)
{
    tyto_session_destroy(it->session);
    tyto_model_destroy(it->model);
    tyto_engine_destroy(it->engine);
}

static void source_path(char path[1024])
{
    snprintf(path, 1024, "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
}

static void a_model_in_whole_numbers_is_no_source(void **state)
{
    (void)state;
    char path[1024];
    opened it;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_calibration *notes = NULL;
    source_path(path);
    assert_int_equal(open_model(&it, path, TYTO_PRECISION_INT8, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_create(it.model, &notes, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "got a model in int8, required fp32"));
    tyto_error_clear(&err);
    close_model(&it);
}

/* Runs the vocabulary of a few texts. */
static const float *features_of(const opened *it, tyto_vocabulary **vocabulary)
{
    static const char *const texts[] = {"a cat", "two remotes", "the sofa"};
    assert_int_equal(tyto_vocabulary_create(it->session, texts, 3, NULL, vocabulary, NULL),
                     TYTO_OK);
    return tyto_vocabulary_features(*vocabulary);
}

static void count_choice(void *user, const tyto_choice *choice)
{
    size_t *counts = user;
    assert_int_equal(choice->index, counts[0]);
    counts[0]++;
    counts[1] += choice->rows > 0;
    assert_true(choice->bf16 == (choice->error > TYTO_CHOICE_ERROR_MAX));
}

static void convert_with(const tyto_calibration *notes, const char *from, const char *to,
                         size_t counts[2])
{
    const tyto_convert_options options = {.struct_bytes = sizeof(options),
                                          .calibration = notes,
                                          .report = count_choice,
                                          .report_user = counts,
                                          .force = true};
    assert_int_equal(tyto_model_convert(from, to, &options, NULL), TYTO_OK);
}

static void choices_are_written_and_read(void **state)
{
    (void)state;
    char path[1024], folder[] = "/tmp/tyto-calibration-XXXXXX", made[64];
    opened plain, whole;
    tyto_calibration *notes = NULL;
    tyto_vocabulary *exact = NULL, *rounded = NULL;
    size_t counts[2] = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(made, sizeof(made), "%s/model", folder);
    source_path(path);
    assert_int_equal(open_model(&plain, path, TYTO_PRECISION_FP32, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_create(plain.model, &notes, NULL), TYTO_OK);
    assert_int_equal(tyto_session_calibrate(plain.session, notes, NULL), TYTO_OK);
    const float *wanted = features_of(&plain, &exact);
    assert_int_equal(tyto_session_calibrate(plain.session, NULL, NULL), TYTO_OK);
    convert_with(notes, path, made, counts);
    assert_true(counts[1] > 0 && counts[1] < counts[0]);

    assert_int_equal(open_model(&whole, made, TYTO_PRECISION_AUTO, NULL), TYTO_OK);
    const bool takes = strcmp(tyto_engine_isa(whole.engine), "scalar") != 0;
    assert_true((tyto_model_precision(whole.model) == TYTO_PRECISION_INT8) == takes);
    close_model(&whole);
    assert_int_equal(open_model(&whole, made, TYTO_PRECISION_INT8, NULL), TYTO_OK);
    const float *got = features_of(&whole, &rounded);
    double off = 0.0, all = 0.0;
    for (int64_t i = 0; i < 3 * tyto_vocabulary_width(exact); i++) {
        off += pow((double)got[i] - (double)wanted[i], 2.0);
        all += pow((double)wanted[i], 2.0);
    }
    /* Each of some ten products is off by less than TYTO_CHOICE_ERROR_MAX, and by something. */
    if (!(off > 0.0 && sqrt(off / all) < 10.0 * TYTO_CHOICE_ERROR_MAX)) {
        fail_msg("features are off by %g", sqrt(off / all));
    }
    /* The same choices without a file, and packed. */
    tyto_model *chosen = NULL;
    tyto_vocabulary *mapped = NULL;
    tyto_model_open_options choosing;
    tyto_model_open_options_init(&choosing, sizeof(choosing));
    choosing.calibration = notes;
    choosing.report = count_choice;
    choosing.report_user = counts;
    snprintf(made, sizeof(made), "%s/packed", folder);
    counts[0] = counts[1] = 0;
    assert_int_equal(tyto_model_open(whole.engine, path, &choosing, &chosen, NULL), TYTO_OK);
    assert_int_equal(tyto_model_pack(chosen, made, NULL, NULL), TYTO_OK);
    tyto_model_destroy(chosen);
    opened packed;
    assert_int_equal(open_model(&packed, made, TYTO_PRECISION_AUTO, NULL), TYTO_OK);
    assert_int_equal(tyto_model_precision(packed.model), TYTO_PRECISION_INT8);
    assert_memory_equal(features_of(&packed, &mapped), got,
                        3 * (size_t)tyto_vocabulary_width(exact) * sizeof(*got));
    tyto_vocabulary_destroy(mapped);
    close_model(&packed);
    tyto_vocabulary_destroy(exact);
    tyto_vocabulary_destroy(rounded);
    tyto_calibration_destroy(notes);
    close_model(&plain);
    close_model(&whole);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* Writes one choice into a copy of the model and opens that. */
static void assert_refused(const char *made, const tyto_tensor *choice, tyto_status wanted,
                           const char *message)
{
    char file[96];
    opened it;
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(file, sizeof(file), "%s/int8.safetensors", made);
    assert_int_equal(tyto_tensor_file_save(file, choice, 1, NULL), TYTO_OK);
    assert_int_equal(open_model(&it, made, TYTO_PRECISION_INT8, &err), wanted);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("got %s", tyto_error_message(&err));
    }
    tyto_error_clear(&err);
    close_model(&it);
    /* Other precisions have no use for it. */
    assert_int_equal(open_model(&it, made, TYTO_PRECISION_BF16, NULL), TYTO_OK);
    close_model(&it);
}

static void bad_choices_are_refused(void **state)
{
    (void)state;
    char path[1024], folder[] = "/tmp/tyto-calibration-XXXXXX", made[64], command[128];
    static float factors[512];
    assert_non_null(mkdtemp(folder));
    snprintf(made, sizeof(made), "%s/model", folder);
    source_path(path);
    assert_int_equal(tyto_model_convert(path, made, NULL, NULL), TYTO_OK);
    tyto_tensor choice = {.name = "nobody.smooth", .dtype = TYTO_F32, .rank = 1, .shape = {3}};
    choice.data = factors;
    assert_refused(made, &choice, TYTO_E_FORMAT, "'nobody.smooth': of no product of this model");
    choice.name = "class_head.dense0.smooth";
    assert_refused(made, &choice, TYTO_E_FORMAT, "'class_head.dense0.smooth': required F32 [");
    /* A product that stays in floats takes none. */
    choice.name = "class_head.logit_scale.smooth";
    assert_refused(made, &choice, TYTO_E_FORMAT, "of no product of this model");
    choice.name = "class_head.dense0.smooth";
    tyto_tensor_file *weights = NULL;
    char file[96];
    snprintf(file, sizeof(file), "%s/model.safetensors", made);
    assert_int_equal(tyto_tensor_file_open(file, &weights, NULL), TYTO_OK);
    choice.shape[0] = tyto_tensor_file_find(weights, "class_head.dense0.weight")->shape[1];
    tyto_tensor_file_destroy(weights);
    assert_true(choice.shape[0] <= 512);
    assert_refused(made, &choice, TYTO_E_RANGE, "element 0: got 0, required a number above 0");
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* Stops at the photo called so; notes which stages there were. */
typedef struct follower {
    const char *stop_at;
    int photos, layers;
} follower;

static bool follow(void *user, const tyto_progress *progress)
{
    follower *of = user;
    const bool photo = strcmp(progress->stage, "calibration") == 0;
    of->photos += photo;
    of->layers += !photo;
    return !photo || !of->stop_at || !strstr(progress->subject, of->stop_at);
}

/* One call runs what the model is for, on files; a stop leaves the session as it was. */
static void photos_and_texts_are_run(void **state)
{
    (void)state;
    char path[1024], first[1024], second[1024];
    const char *const photos[] = {first, second};
    static const char *const texts[] = {"a cat", "a cup"};
    opened plain, other;
    tyto_calibration *notes = NULL;
    tyto_calibration_options options;
    follower of = {.stop_at = "coffee"};
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(first, sizeof(first), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    snprintf(second, sizeof(second), "%s/../assets/photos/coffee.jpg", getenv("TYTO_TEST_DATA"));
    source_path(path);
    assert_int_equal(open_model(&plain, path, TYTO_PRECISION_FP32, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_create(plain.model, &notes, NULL), TYTO_OK);
    tyto_calibration_options_init(&options, sizeof(options));
    options.progress = follow;
    options.progress_user = &of;
    assert_int_equal(
        tyto_calibration_run(notes, plain.session, photos, 2, texts, 2, &options, &err),
        TYTO_E_CANCELLED);
    assert_int_equal(of.photos, 2);
    assert_true(of.layers > 0);
    of = (follower){.stop_at = NULL};
    assert_int_equal(tyto_calibration_run(notes, plain.session, photos, 2, NULL, 0, &options, &err),
                     TYTO_OK);
    assert_int_equal(of.photos, 2);
    /* Products of both towers and of the heads were given something. */
    size_t given = 0;
    for (size_t i = 0; i < notes->count; i++) {
        given += notes->sites[i].seen > 0;
    }
    assert_true(given > notes->count / 2);
    const char *const absent[] = {"absent.jpg"};
    assert_int_equal(tyto_calibration_run(notes, plain.session, absent, 1, NULL, 0, NULL, &err),
                     TYTO_E_NOT_FOUND);
    assert_non_null(strstr(tyto_error_message(&err), "absent.jpg"));
    assert_int_equal(tyto_calibration_run(notes, NULL, photos, 2, NULL, 0, NULL, &err),
                     TYTO_E_ARGUMENT);
    tyto_calibration_destroy(notes);
    close_model(&plain);
    /* A tower alone has no task. */
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/vision_tower/model",
             getenv("TYTO_TEST_DATA"));
    assert_int_equal(open_model(&other, path, TYTO_PRECISION_FP32, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_create(other.model, &notes, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_run(notes, other.session, photos, 2, NULL, 0, NULL, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "has no use for photos or texts"));
    tyto_error_clear(&err);
    tyto_calibration_destroy(notes);
    close_model(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_magnitudes_are_noted),
        cmocka_unit_test(smoothing_takes_the_error_of_a_loud_channel),
        cmocka_unit_test(a_model_in_whole_numbers_is_no_source),
        cmocka_unit_test(choices_are_written_and_read),
        cmocka_unit_test(bad_choices_are_refused),
        cmocka_unit_test(photos_and_texts_are_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
