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
static tyto_status put_chunk(saving *job, const tyto_tensor *tensor,
                             const tyto_parameter_value *value, int64_t at, int64_t count,
                             FILE *stream, tyto_error *err)
{
    const void *data = tyto_parameter_elements(job->parameters, value, at, count, job->room);
    if (tensor->dtype != value->info.dtype) {
        const int64_t lost =
            tyto_narrow(job->narrow, tensor->dtype, data, value->info.dtype, count);
        if (lost >= 0) {
            return fail_range(value, tensor->dtype, data, lost, at + lost, err);
        }
        data = job->narrow;
    }
    const size_t bytes = (size_t)count * tyto_dtype_bytes(tensor->dtype);
    fwrite(data, 1, bytes, stream);
    job->done += bytes;
    const tyto_progress progress = {.stage = "weights",
                                    .subject = job->shards.name,
                                    .done = (int64_t)job->done,
                                    .total = (int64_t)job->shards.total};
    return job->options->progress && !job->options->progress(job->options->progress_user, &progress)
               ? tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", job->folder.path)
               : TYTO_OK;
}

static tyto_status put(void *user, const tyto_tensor *tensor, FILE *stream, tyto_error *err)
{
    saving *job = user;
    const tyto_parameter_value *value = tyto_parameters_value(job->parameters, tensor->name);
    const int64_t elements = tyto_tensor_elements(tensor);
    for (int64_t at = 0; at < elements && !ferror(stream); at += TYTO_PARAMETERS_CHUNK) {
        TYTO_TRY(put_chunk(job, tensor, value, at,
                           tyto_min_i64(TYTO_PARAMETERS_CHUNK, elements - at), stream, err));
    }
    return TYTO_OK;
}

/* What will be written, and where. */
static tyto_status plan(saving *job, tyto_error *err)
{
    const tyto_parameters *parameters = job->parameters;
    const tyto_parameters_save_options *options = job->options;
    job->tensors = tyto_alloc(parameters->count, sizeof(*job->tensors));
    job->room = tyto_alloc((size_t)TYTO_PARAMETERS_CHUNK, sizeof(*job->room));
    job->narrow = tyto_alloc((size_t)TYTO_PARAMETERS_CHUNK, sizeof(*job->narrow));
    if (!job->tensors || !job->room || !job->narrow) {
        return tyto_fail_memory(err, parameters->name);
    }
    for (size_t i = 0; i < parameters->count; i++) {
        job->tensors[i] = tyto_parameter_shape(&parameters->values[i]);
        if (options->to_dtype && tyto_narrow_possible(job->tensors[i].dtype, options->dtype)) {
            job->tensors[i].dtype = options->dtype;
        }
    }
    return tyto_shards_cut(job->tensors, parameters->count, options->max_shard_bytes, &job->shards,
                           err);
}

static tyto_status write_config(const saving *job, tyto_error *err)
{
    const tyto_dtype dtype = job->options->dtype;
    json_t *config = json_copy(job->parameters->config); /* which leaves out what it can't add */
    char *path = tyto_path_join(job->folder.temporary, TYTO_CONFIG_FILE);
    const char *word = dtype == TYTO_F16 ? "float16" : dtype == TYTO_BF16 ? "bfloat16" : "float32";
    const bool good = config && path && json_equal(config, job->parameters->config) &&
                      (!job->options->to_dtype ||
                       json_object_set_new(config, "torch_dtype", json_string(word)) == 0);
    const tyto_status status =
        good ? tyto_write_json(config, path, err) : tyto_fail_memory(err, TYTO_CONFIG_FILE);
    free(path);
    json_decref(config);
    return status;
}

static tyto_status save(saving *job, const char *path, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const char *companions =
        job->options->companions ? job->options->companions : job->parameters->folder;
    TYTO_TRY(tyto_folder_writer_open(path, job->options->replace ? tyto_checkpoint_has_file : NULL,
                                     &job->folder, err));
    TYTO_TRY(plan(job, err));
    tyto_status status = write_config(job, &own);
    if (status == TYTO_OK && companions) {
        status = tyto_copy_processors(companions, job->folder.temporary, &own);
    }
    TYTO_TRY(tyto_fail_in_place(&job->folder, status, &own, err));
    TYTO_TRY(tyto_shards_write(&job->shards, &job->folder, put, job, err));
    return tyto_folder_writer_commit(&job->folder, err);
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
    saving job = {.parameters = parameters, .options = &own};
    const tyto_status status = save(&job, path, err);
    tyto_folder_writer_abandon(&job.folder);
    tyto_shards_clear(&job.shards);
    free(job.tensors);
    free(job.room);
    free(job.narrow);
    return status;
}
