/* Parameters written as a checkpoint. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "runtime/conversion.h"
#include "runtime/parameters.h"
#include "runtime/shards.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"

static const tyto_parameters_save_options defaults = {.struct_bytes = sizeof(defaults),
                                                      .dtype = TYTO_F32};

void tyto_parameters_save_options_init(tyto_parameters_save_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

typedef struct saving {
    const tyto_parameters *parameters;
    const tyto_parameters_save_options *options;
    tyto_folder_writer folder;
    tyto_tensor *tensors; /* as they are written */
    tyto_shards shards;
    uint64_t done;    /* bytes */
    double *room;     /* for what is drawn */
    uint32_t *narrow; /* for what is converted */
} saving;

static tyto_status fail_range(const tyto_parameter_value *value, tyto_dtype dtype, const void *data,
                              int64_t lost, int64_t element, tyto_error *err)
{
    double number = 0.0;
    const size_t width = tyto_dtype_bytes(value->info.dtype);
    tyto_convert(&number, TYTO_F64, (const char *)data + (size_t)lost * width, value->info.dtype,
                 1);
    return tyto_fail(err, TYTO_E_RANGE,
                     "'%s': element %lld: got %g, required a number that %s can hold",
                     value->info.name, (long long)element, number, tyto_dtype_name(dtype));
}

/* Writes elements at … at+count−1 as the type of `tensor`. */
static tyto_status put_chunk(saving *of, const tyto_tensor *tensor,
                             const tyto_parameter_value *value, int64_t at, int64_t count,
                             FILE *stream, tyto_error *err)
{
    const void *data = tyto_parameter_elements(of->parameters, value, at, count, of->room);
    if (tensor->dtype != value->info.dtype) {
        const int64_t lost = tyto_narrow(of->narrow, tensor->dtype, data, value->info.dtype, count);
        if (lost >= 0) {
            return fail_range(value, tensor->dtype, data, lost, at + lost, err);
        }
        data = of->narrow;
    }
    const size_t bytes = (size_t)count * tyto_dtype_bytes(tensor->dtype);
    fwrite(data, 1, bytes, stream);
    of->done += bytes;
    const tyto_progress progress = {.stage = "weights",
                                    .subject = of->shards.name,
                                    .done = (int64_t)of->done,
                                    .total = (int64_t)of->shards.total};
    return of->options->progress && !of->options->progress(of->options->progress_user, &progress)
               ? tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", of->folder.path)
               : TYTO_OK;
}

static tyto_status put(void *user, const tyto_tensor *tensor, FILE *stream, tyto_error *err)
{
    saving *of = user;
    const tyto_parameter_value *value = tyto_parameters_value(of->parameters, tensor->name);
    const int64_t elements = tyto_tensor_elements(tensor);
    for (int64_t at = 0; at < elements && !ferror(stream); at += TYTO_PARAMETERS_CHUNK) {
        TYTO_TRY(put_chunk(of, tensor, value, at,
                           tyto_min_i64(TYTO_PARAMETERS_CHUNK, elements - at), stream, err));
    }
    return TYTO_OK;
}

/* What will be written, and where. */
static tyto_status plan(saving *of, tyto_error *err)
{
    const tyto_parameters *parameters = of->parameters;
    const tyto_parameters_save_options *options = of->options;
    of->tensors = tyto_alloc(parameters->count, sizeof(*of->tensors));
    of->room = tyto_alloc((size_t)TYTO_PARAMETERS_CHUNK, sizeof(*of->room));
    of->narrow = tyto_alloc((size_t)TYTO_PARAMETERS_CHUNK, sizeof(*of->narrow));
    if (!of->tensors || !of->room || !of->narrow) {
        return tyto_fail_memory(err, parameters->name);
    }
    for (size_t i = 0; i < parameters->count; i++) {
        of->tensors[i] = tyto_parameter_shape(&parameters->values[i]);
        if (options->to_dtype && tyto_narrow_possible(of->tensors[i].dtype, options->dtype)) {
            of->tensors[i].dtype = options->dtype;
        }
    }
    return tyto_shards_cut(of->tensors, parameters->count, options->max_shard_bytes, &of->shards,
                           err);
}

static tyto_status write_config(const saving *of, tyto_error *err)
{
    const tyto_dtype dtype = of->options->dtype;
    json_t *config = json_copy(of->parameters->config); /* which leaves out what it can't add */
    char *path = tyto_path_join(of->folder.temporary, TYTO_CONFIG_FILE);
    const char *word = dtype == TYTO_F16 ? "float16" : dtype == TYTO_BF16 ? "bfloat16" : "float32";
    const bool good = config && path && json_equal(config, of->parameters->config) &&
                      (!of->options->to_dtype ||
                       json_object_set_new(config, "torch_dtype", json_string(word)) == 0);
    const tyto_status status =
        good ? tyto_write_json(config, path, err) : tyto_fail_memory(err, TYTO_CONFIG_FILE);
    free(path);
    json_decref(config);
    return status;
}

static tyto_status save(saving *of, const char *path, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const char *companions =
        of->options->companions ? of->options->companions : of->parameters->folder;
    TYTO_TRY(tyto_folder_writer_open(path, of->options->replace ? tyto_checkpoint_has_file : NULL,
                                     &of->folder, err));
    TYTO_TRY(plan(of, err));
    tyto_status status = write_config(of, &own);
    if (status == TYTO_OK && companions) {
        status = tyto_copy_processors(companions, of->folder.temporary, &own);
    }
    TYTO_TRY(tyto_fail_in_place(&of->folder, status, &own, err));
    TYTO_TRY(tyto_shards_write(&of->shards, &of->folder, put, of, err));
    return tyto_folder_writer_commit(&of->folder, err);
}

tyto_status tyto_parameters_save(const tyto_parameters *parameters, const char *path,
                                 const tyto_parameters_save_options *options, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, parameters);
    TYTO_REQUIRE(err, path);
    tyto_parameters_save_options own = defaults;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_parameters_save_options", err));
    if (own.to_dtype && !tyto_narrow_possible(TYTO_F64, own.dtype)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "dtype: got %s, required F32, F16 or BF16",
                         tyto_dtype_name(own.dtype));
    }
    saving of = {.parameters = parameters, .options = &own};
    const tyto_status status = save(&of, path, err);
    tyto_folder_writer_abandon(&of.folder);
    tyto_shards_clear(&of.shards);
    free(of.tensors);
    free(of.room);
    free(of.narrow);
    return status;
}
