/* Models of parameters in memory, and of folders that lack some. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/safetensors.h"
#include "runtime/model.h"
#include "runtime/parameters.h"
#include "tensor/tensor.h"

static const tyto_model_open_options defaults = {.struct_bytes = sizeof(defaults)};

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
                        drawing *to, tyto_tensor *tensor, tyto_error *err)
{
    size_t bytes = 0;
    void *block = tyto_tensor_bytes(tensor, &bytes) ? tyto_alloc(bytes, 1) : NULL;
    if (!block) {
        return tyto_fail_memory(err, value->info.name);
    }
    to->blocks[to->count++] = block;
    tyto_parameter_elements(parameters, value, 0, tyto_tensor_elements(tensor), block);
    tensor->data = block;
    return TYTO_OK;
}

/* *out = all tensors that the network uses, as a file of them. */
static tyto_status view(const tyto_parameters *parameters, drawing *drawn, tyto_tensor_file **out,
                        tyto_error *err)
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
                          tyto_model **out, tyto_error *err)
{
    drawing drawn = {0};
    tyto_tensor_file *tensors = NULL;
    tyto_status status = view(parameters, &drawn, &tensors, err);
    if (status == TYTO_OK) {
        const tyto_model_memory source = {.folder = parameters->folder,
                                          .config = parameters->config,
                                          .config_name = parameters->name,
                                          .parts = parameters->parts,
                                          .parts_name = parameters->parts_name,
                                          .tensors = tensors};
        status = tyto_model_open_memory(engine, &source, out, err);
    }
    tyto_tensor_file_close(tensors);
    for (size_t i = 0; i < drawn.count; i++) {
        free(drawn.blocks[i]);
    }
    free(drawn.blocks);
    return status;
}

tyto_status tyto_model_create(const tyto_engine *engine, const tyto_parameters *parameters,
                              tyto_model **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, parameters);
    TYTO_REQUIRE(err, out);
    return create(engine, parameters, out, err);
}

static bool is_packed(const char *folder)
{
    char *path = tyto_path_join(folder, TYTO_PACKED_FILE);
    const bool packed = path && tyto_file_exists(path);
    free(path);
    return packed;
}

tyto_status tyto_model_open_with(const tyto_engine *engine, const char *path,
                                 const tyto_model_open_options *options, tyto_model **out,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    tyto_model_open_options own = defaults;
    tyto_parameters_options how;
    tyto_parameters *parameters = NULL;
    tyto_model *model = NULL;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_model_open_options", err));
    if (is_packed(path)) {
        return tyto_model_open(engine, path, out, err); /* nothing can be missing there */
    }
    tyto_parameters_options_init(&how, sizeof(how));
    how.missing = own.missing;
    how.misshapen = own.misshapen;
    how.seed = own.seed;
    tyto_status status;
    TYTO_CHECK(tyto_parameters_open(path, &how, &parameters, err));
    /* Where nothing is missing tables stay mapped. */
    if (parameters->mismatches[TYTO_MISMATCH_MISSING].count == 0 &&
        parameters->mismatches[TYTO_MISMATCH_SHAPE].count == 0) {
        TYTO_CHECK(tyto_model_open(engine, path, &model, err));
    } else {
        TYTO_CHECK(create(engine, parameters, &model, err));
    }
    memcpy(model->mismatches, parameters->mismatches, sizeof(model->mismatches));
    memset(parameters->mismatches, 0, sizeof(parameters->mismatches));
    *out = model;
cleanup:
    tyto_parameters_destroy(parameters);
    return status;
}

int64_t tyto_model_mismatches(const tyto_model *model, tyto_mismatch kind)
{
    return model && (unsigned)kind < TYTO_MISMATCHES ? model->mismatches[kind].count : 0;
}

const char *tyto_model_mismatch(const tyto_model *model, tyto_mismatch kind, int64_t i)
{
    return model && (unsigned)kind < TYTO_MISMATCHES ? tyto_names_at(&model->mismatches[kind], i)
                                                     : NULL;
}
