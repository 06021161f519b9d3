/* Checkpoints written anew, with each allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/engines.h"
#include "out_of_memory.h"

static char folder[] = "/tmp/tyto-memory-convert-XXXXXX";
static char written[64];

static tyto_status convert(tyto_error *err)
{
    char path[512];
    const tyto_convert_options options = {.struct_bytes = sizeof(options),
                                          .to_dtype = true,
                                          .dtype = TYTO_F16,
                                          .max_shard_bytes = 15000,
                                          .force = true};
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/vision_tower/model",
             getenv("TYTO_TEST_DATA"));
    return tyto_model_convert(path, written, &options, err);
}

/* What a calibration starts from: made before, so that each of its own failures costs a run only.
 */
static tyto_model *plain_model;
static char plain_path[512];

/* What a run of the text tower shows, kept beside the weights. */
static tyto_status calibrate(tyto_error *err)
{
    static int64_t ids[] = {1, 2, 3};
    static const tyto_tensor input = {
        .name = "input_ids", .dtype = TYTO_I64, .rank = 2, .shape = {1, 3}, .data = ids};
    const tyto_tensor *outputs;
    int64_t count;
    tyto_session *session = NULL;
    tyto_calibration *notes = NULL;
    tyto_status status = tyto_session_create(plain_model, NULL, &session, err);
    status = status ? status : tyto_calibration_create(plain_model, &notes, err);
    if (!status) {
        status = tyto_session_calibrate(session, notes, err);
        status = status ? status
                        : tyto_forward(session, NULL, &input, 1, NULL, 0, &outputs, &count, err);
    }
    const tyto_convert_options options = {
        .struct_bytes = sizeof(options), .force = true, .calibration = notes};
    status = status ? status : tyto_model_convert(plain_path, written, &options, err);
    tyto_session_destroy(session);
    tyto_calibration_destroy(notes);
    return status;
}

/* What packing starts from. */
static tyto_engine *packing;
static tyto_model *packed;

static tyto_status pack(tyto_error *err)
{
    const tyto_convert_options options = {.struct_bytes = sizeof(options), .force = true};
    return tyto_model_pack(packed, written, &options, err);
}

static tyto_status open_written(tyto_error *err)
{
    tyto_model *model = NULL;
    const tyto_status status = tyto_model_open(packing, written, NULL, &model, err);
    tyto_model_destroy(model);
    return status;
}

/* As the file lies, and, when `isa` has other tiles, packed anew. */
static void pack_and_open(const char *isa)
{
    char path[512];
    const tyto_engine_options one = engine_options(1);
    tyto_engine_options other = engine_options(1);
    other.isa = isa;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/text_tower/model", getenv("TYTO_TEST_DATA"));
    assert_int_equal(tyto_engine_create(&one, &packing, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(packing, path, NULL, &packed, NULL), TYTO_OK);
    fail_each_once_and_forever(pack);
    tyto_model_destroy(packed);
    fail_each_once_and_forever(open_written);
    tyto_engine_destroy(packing);
    assert_int_equal(tyto_engine_create(&other, &packing, NULL), TYTO_OK);
    fail_each_once_and_forever(open_written);
    tyto_engine_destroy(packing);
}

/* Parameters are made, written, saved and opened, and models made of them. */
static tyto_status make_parameters(tyto_error *err)
{
    char path[512];
    float values[256] = {0};
    tyto_parameters *parameters = NULL;
    tyto_model *model = NULL;
    tyto_parameters_save_options saving;
    tyto_parameters_save_options_init(&saving, sizeof(saving));
    saving.replace = true;
    saving.max_shard_bytes = 15000;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/text_tower/model", getenv("TYTO_TEST_DATA"));
    tyto_status status = tyto_parameters_create_file(path, NULL, &parameters, err);
    if (!status) {
        const char *name = "text_model.final_layer_norm.bias";
        const tyto_tensor bias = {.name = name,
                                  .dtype = TYTO_F32,
                                  .rank = 1,
                                  .shape = {tyto_parameters_find(parameters, name)->shape[0]},
                                  .data = values};
        status = tyto_parameters_write(parameters, &bias, err);
    }
    status = status ? status : tyto_parameters_save(parameters, written, &saving, err);
    status = status ? status : tyto_model_create(packing, parameters, NULL, &model, err);
    tyto_model_destroy(model);
    tyto_parameters_destroy(parameters);
    return status;
}

static tyto_status open_partly(tyto_error *err)
{
    tyto_model *model = NULL;
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.missing = TYTO_MISSING_INITIALISE;
    const tyto_status status = tyto_model_open(packing, written, &options, &model, err);
    tyto_model_destroy(model);
    return status;
}

static void parameters_are_made(void)
{
    const tyto_engine_options one = engine_options(1);
    assert_int_equal(tyto_engine_create(&one, &packing, NULL), TYTO_OK);
    fail_each_once_and_forever(make_parameters);
    fail_each_once_and_forever(open_partly);
    tyto_engine_destroy(packing);
}

static tyto_calibration *taken;

static tyto_status open_chosen(tyto_error *err)
{
    char path[512];
    tyto_model *model = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/text_tower/model", getenv("TYTO_TEST_DATA"));
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.calibration = taken;
    const tyto_status status = tyto_model_open(packing, path, &options, &model, err);
    tyto_model_destroy(model);
    return status;
}

/* By the choices of a calibration that saw nothing. */
static void open_calibrated(void)
{
    char path[512];
    const tyto_engine_options plain = engine_options(1);
    tyto_engine_options whole = engine_options(1);
    whole.precision = TYTO_PRECISION_INT8;

    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/text_tower/model", getenv("TYTO_TEST_DATA"));
    assert_int_equal(tyto_engine_create(&plain, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_engine_create(&whole, &packing, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_calibration_create(model, &taken, NULL), TYTO_OK);
    fail_each_once_and_forever(open_chosen);
    tyto_calibration_destroy(taken);
    tyto_model_destroy(model);
    tyto_engine_destroy(packing);
    tyto_engine_destroy(engine);
}

/* Choices are made, and weights opened by them. */
static void calibrate_and_open(void)
{
    const tyto_engine_options plain = engine_options(1);
    tyto_engine_options whole = engine_options(1);
    whole.precision = TYTO_PRECISION_INT8;

    tyto_engine *engine = NULL;
    snprintf(plain_path, sizeof(plain_path), "%s/golden/data/owlv2/text_tower/model",
             getenv("TYTO_TEST_DATA"));
    assert_int_equal(tyto_engine_create(&plain, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, plain_path, NULL, &plain_model, NULL), TYTO_OK);
    fail_each_once_and_forever(calibrate);
    tyto_model_destroy(plain_model);
    tyto_engine_destroy(engine);
    assert_int_equal(tyto_engine_create(&whole, &packing, NULL), TYTO_OK);
    fail_each_once_and_forever(open_written);
    tyto_engine_destroy(packing);
}

void checkpoints_are_converted(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(written, sizeof(written), "%s/x", folder);
    fail_each_once_and_forever(convert);
    calibrate_and_open();
    pack_and_open("scalar");
    open_calibrated();
    parameters_are_made();
    /* Only what is whole is there. */
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s && rmdir %s", written, folder);
    assert_int_equal(system(command), 0);
}
