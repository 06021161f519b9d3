/* Models opened by their folders, and made of parameters in memory. */
#include <tyto/model.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/safetensors.h"
#include "runtime/calibration.h"
#include "runtime/model.h"
#include "runtime/parameters.h"
#include "tensor/tensor.h"

static const tyto_model_open_options defaults = {
    .struct_bytes = sizeof(defaults), .precision = TYTO_PRECISION_DEFAULT, .parts_name = "parts"};

void tyto_model_open_options_init(tyto_model_open_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* Initial values, drawn as long as a model is made of them. */
typedef struct drawing {
    void **blocks;
    size_t count;
} drawing;

static tyto_status draw(const tyto_parameters *parameters, const tyto_parameter_value *value,
                        drawing *drawn, tyto_tensor *tensor, tyto_error *err)
{
    size_t bytes = 0;
    void *block = tyto_tensor_bytes(tensor, &bytes) ? tyto_alloc(bytes, 1) : NULL;
    if (!block) {
        return tyto_fail_memory(err, value->info.name);
    }
    drawn->blocks[drawn->count++] = block;
    tyto_parameter_elements(parameters, value, 0, tyto_tensor_elements(tensor), block);
    tensor->data = block;
    return TYTO_OK;
}

/* Before the parameter's initial values are drawn. */
static tyto_status step(const tyto_parameters *parameters, size_t i, const tyto_model_opening *how,
                        tyto_error *err)
{
    const tyto_progress progress = {.stage = "initial values",
                                    .subject = parameters->values[i].info.name,
                                    .done = (int64_t)i,
                                    .total = (int64_t)parameters->count};
    return how->progress && !how->progress(how->progress_user, &progress)
               ? tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped before '%s'", parameters->name,
                           progress.subject)
               : TYTO_OK;
}

/* *out = all tensors that the network uses, as a file of them. */
static tyto_status view(const tyto_parameters *parameters, const tyto_model_opening *how,
                        drawing *drawn, tyto_tensor_file **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    size_t count = 0;
    tyto_tensor *tensors = tyto_alloc(parameters->count, sizeof(*tensors));
    drawn->blocks = tyto_alloc(parameters->count, sizeof(*drawn->blocks));
    if (!tensors || !drawn->blocks) {
        status = tyto_fail_memory(err, parameters->name);
        goto cleanup;
    }
    for (size_t i = 0; i < parameters->count; i++) {
        const tyto_parameter_value *value = &parameters->values[i];
        if (value->info.unused) {
            continue;
        }
        tyto_tensor tensor = tyto_parameter_shape(value);
        if (value->data) {
            tensor.data = (void *)(uintptr_t)value->data; /* only read */
        } else {
            TYTO_CHECK(step(parameters, i, how, err));
            TYTO_CHECK(draw(parameters, value, drawn, &tensor, err));
        }
        tensors[count++] = tensor;
    }
    TYTO_CHECK(tyto_tensor_file_of(tensors, count, parameters->name, out, err));
cleanup:
    free(tensors);
    return status;
}

static tyto_status create(const tyto_engine *engine, const tyto_parameters *parameters,
                          tyto_model_opening how, tyto_model **out, tyto_error *err)
{
    drawing drawn = {0};
    tyto_tensor_file *tensors = NULL;
    tyto_status status = view(parameters, &how, &drawn, &tensors, err);
    if (status == TYTO_OK) {
        how.parts = parameters->parts;
        how.parts_name = parameters->parts_name;
        how.tensors = tensors;
        status = tyto_model_open_config(engine, parameters->folder, parameters->config,
                                        parameters->name, &how, out, err);
    }
    tyto_tensor_file_destroy(tensors);
    for (size_t i = 0; i < drawn.count; i++) {
        free(drawn.blocks[i]);
    }
    free(drawn.blocks);
    return status;
}

/* The caller's options, and what opening needs of them. */
typedef struct request {
    tyto_model_open_options options;
    tyto_model_opening how;
    json_t *parts;
    tyto_choices made;
    tyto_tensor_file *choices;
} request;

/* Reads the options and the parts that they name. */
static tyto_status read_request(const tyto_model_open_options *given, request *opening,
                                tyto_error *err)
{
    const tyto_model_open_options *options = &opening->options;
    *opening = (request){.options = defaults};
    TYTO_TRY(tyto_options_read(&opening->options, sizeof(opening->options), given,
                               "tyto_model_open_options", err));
    TYTO_TRY(tyto_precision_check(options->precision, err));
    TYTO_TRY(tyto_check_enum((int)options->missing, TYTO_MISSING_INITIALISE, "missing", err));
    TYTO_TRY(tyto_check_enum((int)options->misshapen, TYTO_MISSING_INITIALISE, "misshapen", err));
    opening->how.precision = options->precision;
    opening->how.progress = options->progress;
    opening->how.progress_user = options->progress_user;
    TYTO_TRY(tyto_parts_read(options->parts, options->parts_length_bytes, options->parts_name,
                             options->parts_file, &opening->parts, &opening->how.parts_name, err));
    opening->how.parts = opening->parts;
    return TYTO_OK;
}

/* Lets the calibration choose, if there is one. */
static tyto_status choose(request *opening, const char *name, tyto_error *err)
{
    const tyto_model_open_options *options = &opening->options;
    if (!options->calibration) {
        return TYTO_OK;
    }
    tyto_calibration_options how;
    tyto_calibration_options_init(&how, sizeof(how));
    how.report = options->report;
    how.report_user = options->report_user;
    how.progress = options->progress;
    how.progress_user = options->progress_user;
    TYTO_TRY(tyto_calibration_choose(options->calibration, &how, &opening->made, err));
    TYTO_TRY(tyto_tensor_file_of(opening->made.tensors, opening->made.count, name,
                                 &opening->choices, err));
    opening->how.choices = opening->choices;
    return TYTO_OK;
}

static void clear_request(request *opening)
{
    tyto_tensor_file_destroy(opening->choices);
    tyto_choices_clear(&opening->made);
    json_decref(opening->parts);
}

tyto_status tyto_model_create(const tyto_engine *engine, const tyto_parameters *parameters,
                              const tyto_model_open_options *options, tyto_model **out,
                              tyto_error *err)
{
    request opening;
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, parameters);
    TYTO_REQUIRE(err, out);
    TYTO_CHECK(read_request(options, &opening, err));
    TYTO_CHECK(choose(&opening, parameters->name, err));
    TYTO_CHECK(create(engine, parameters, opening.how, out, err));
cleanup:
    clear_request(&opening);
    return status;
}

static bool is_packed(const char *folder)
{
    char *path = tyto_path_join(folder, TYTO_PACKED_FILE);
    const bool packed = path && tyto_file_exists(path);
    free(path);
    return packed;
}

/* Opens the folder's parameters first, and keeps what did not fit. */
static tyto_status open_listed(const tyto_engine *engine, const char *path, const request *by,
                               tyto_model **out, tyto_error *err)
{
    const tyto_model_open_options *options = &by->options;
    tyto_parameters_options how;
    tyto_parameters *parameters = NULL;
    tyto_model *model = NULL;
    tyto_status status;
    tyto_parameters_options_init(&how, sizeof(how));
    how.missing = options->missing;
    how.misshapen = options->misshapen;
    how.seed = options->seed;
    how.parts = options->parts;
    how.parts_length_bytes = options->parts_length_bytes;
    how.parts_name = options->parts_name;
    how.parts_file = options->parts_file;
    TYTO_CHECK(tyto_parameters_open(path, &how, &parameters, err));
    /* Where nothing is missing tables stay mapped. */
    if (parameters->mismatches[TYTO_FIT_MISSING].count == 0 &&
        parameters->mismatches[TYTO_FIT_SHAPE].count == 0) {
        TYTO_CHECK(tyto_model_open_folder(engine, path, &by->how, &model, err));
    } else {
        TYTO_CHECK(create(engine, parameters, by->how, &model, err));
    }
    memcpy(model->mismatches, parameters->mismatches, sizeof(model->mismatches));
    memset(parameters->mismatches, 0, sizeof(parameters->mismatches));
    *out = model;
cleanup:
    tyto_parameters_destroy(parameters);
    return status;
}

tyto_status tyto_model_open(const tyto_engine *engine, const char *path,
                            const tyto_model_open_options *options, tyto_model **out,
                            tyto_error *err)
{
    request opening;
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    TYTO_CHECK(read_request(options, &opening, err));
    TYTO_CHECK(choose(&opening, path, err));
    const bool lists = opening.options.list_mismatches ||
                       opening.options.missing != TYTO_MISSING_REFUSE ||
                       opening.options.misshapen != TYTO_MISSING_REFUSE;
    /* Nothing can be missing where weights are packed. */
    if (lists && !is_packed(path)) {
        TYTO_CHECK(open_listed(engine, path, &opening, out, err));
    } else {
        TYTO_CHECK(tyto_model_open_folder(engine, path, &opening.how, out, err));
    }
cleanup:
    clear_request(&opening);
    return status;
}

int64_t tyto_model_mismatch_count(const tyto_model *model, tyto_fit kind)
{
    return model && (unsigned)kind < TYTO_FITS ? model->mismatches[kind].count : 0;
}

const char *tyto_model_mismatch(const tyto_model *model, tyto_fit kind, int64_t i)
{
    return model && (unsigned)kind < TYTO_FITS ? tyto_names_at(&model->mismatches[kind], i) : NULL;
}
