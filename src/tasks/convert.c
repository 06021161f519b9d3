#include <tyto/convert.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/inspect.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "runtime/conversion.h"
#include "runtime/model.h"
#include "runtime/shards.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"
#include "weights/choices.h"

/* Elements that are converted and written at once. */
#define CHUNK ((int64_t)1 << 18)
/* Longest list of tensors that don't fit, or aren't used. */
#define NAMES_BYTES_MAX ((size_t)1 << 20)

typedef struct conversion {
    const tyto_convert_options *options;
    const char *path; /* of the source */
    tyto_folder_writer folder;
    tyto_tensor_file *file;
    char *weights;        /* name of the source's weights */
    tyto_tensor *tensors; /* as they will be written, in the source's order */
    size_t count;
    tyto_shards shards;
    uint64_t done; /* bytes of data */
    uint32_t *chunk;
    /* Names of tensors, one after another with their NULs, or with what is wrong. */
    tyto_buffer dropped, unused, problems;
} conversion;

/* Buffers that the reference computes and, since 4.31, doesn't save. */
static bool is_old_buffer(const char *name)
{
    const char *last = strrchr(name, '.');
    return strcmp(last ? last + 1 : name, "position_ids") == 0 || strcmp(name, "box_bias") == 0;
}

static void add_problem(tyto_buffer *problems, const tyto_parameter *parameter, const char *what)
{
    tyto_buffer_format(problems, "%s'%s': %s", problems->length ? "; " : "", parameter->name, what);
}

static void visit(void *user, const tyto_parameter *parameter)
{
    conversion *to = user;
    switch (parameter->fit) {
    case TYTO_FIT_GOOD:
        break;
    case TYTO_FIT_MISSING:
        add_problem(&to->problems, parameter, "missing");
        break;
    case TYTO_FIT_SHAPE:
        add_problem(&to->problems, parameter, "of another shape");
        break;
    case TYTO_FIT_TYPE:
        add_problem(&to->problems, parameter, "of a type that is no float");
        break;
    case TYTO_FIT_IGNORED:
        if (is_old_buffer(parameter->name)) {
            tyto_buffer_add(&to->dropped, parameter->name, strlen(parameter->name) + 1);
        }
        break;
    case TYTO_FIT_UNEXPECTED:
        tyto_buffer_format(&to->unused, "%s%s", to->unused.length ? ", " : "", parameter->name);
        break;
    }
}

/* Compares the source with its config: all that the network needs must be there. */
static tyto_status check(conversion *to, tyto_error *err)
{
    tyto_buffer text;
    TYTO_TRY(tyto_model_inspect(to->path, visit, to, err));
    if (to->problems.failed || to->unused.failed || to->dropped.failed) {
        return tyto_fail_memory(err, to->path);
    }
    if (to->problems.length) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: tensors that do not fit config.json: %s",
                         to->path, to->problems.data);
    }
    if (to->unused.length && to->options->log) {
        tyto_buffer_init(&text, 2 * NAMES_BYTES_MAX);
        if (!tyto_buffer_format(&text, "%s: kept, though the network has no use for them: %s",
                                to->path, to->unused.data)) {
            tyto_buffer_clear(&text);
            return tyto_fail_memory(err, to->path);
        }
        to->options->log(to->options->log_user, TYTO_LOG_WARNING, text.data);
        tyto_buffer_clear(&text);
    }
    return TYTO_OK;
}

static bool is_dropped(const conversion *of, const char *name)
{
    for (size_t at = 0; at < of->dropped.length; at += strlen(of->dropped.data + at) + 1) {
        if (strcmp(of->dropped.data + at, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What will be written, and where. */
static tyto_status plan(conversion *to, tyto_error *err)
{
    const int64_t count = tyto_tensor_file_count(to->file);
    to->tensors = tyto_alloc((size_t)count, sizeof(*to->tensors));
    to->chunk = tyto_alloc((size_t)CHUNK, sizeof(*to->chunk));
    if (!to->tensors || !to->chunk) {
        return tyto_fail_memory(err, to->path);
    }
    for (int64_t i = 0; i < count; i++) {
        tyto_tensor tensor = *tyto_tensor_file_at(to->file, i);
        if (is_dropped(to, tensor.name)) {
            continue;
        }
        if (to->options->to_dtype && tyto_narrow_possible(tensor.dtype, to->options->dtype)) {
            tensor.dtype = to->options->dtype;
        }
        to->tensors[to->count++] = tensor;
    }
    return tyto_shards_cut(to->tensors, to->count, to->options->max_shard_bytes, &to->shards, err);
}

static tyto_status fail_range(const conversion *of, const tyto_tensor *source, tyto_dtype to,
                              int64_t element, tyto_error *err)
{
    double value = 0.0;
    const size_t width = tyto_dtype_bytes(source->dtype);
    tyto_convert(&value, TYTO_F64, (const char *)source->data + (size_t)element * width,
                 source->dtype, 1);
    return tyto_fail(err, TYTO_E_RANGE,
                     "%s: '%s': element %" PRId64 ": got %g, required a number that %s can hold",
                     of->weights, source->name, element, value, tyto_dtype_name(to));
}

/* Writes elements at … at+count−1 as the type of `tensor`. */
static tyto_status put_chunk(conversion *of, const tyto_tensor *tensor, const tyto_tensor *source,
                             int64_t at, int64_t count, FILE *stream, tyto_error *err)
{
    const size_t width = tyto_dtype_bytes(source->dtype);
    const char *data = (const char *)source->data + (size_t)at * width;
    const void *bytes = data;
    if (tensor->dtype != source->dtype) {
        const int64_t lost = tyto_narrow(of->chunk, tensor->dtype, data, source->dtype, count);
        if (lost >= 0) {
            return fail_range(of, source, tensor->dtype, at + lost, err);
        }
        bytes = of->chunk;
    }
    const size_t length = (size_t)count * tyto_dtype_bytes(tensor->dtype);
    fwrite(bytes, 1, length, stream);
    tyto_tensor_file_release_bytes(of->file, data, (size_t)count * width);
    of->done += length;
    if (!tyto_convert_progress(of->options, of->shards.name, of->done, of->shards.total)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", of->folder.path);
    }
    return TYTO_OK;
}

static tyto_status put(void *user, const tyto_tensor *tensor, FILE *stream, tyto_error *err)
{
    conversion *of = user;
    const tyto_tensor *source = tyto_tensor_file_find(of->file, tensor->name);
    const int64_t elements = tyto_tensor_elements(tensor);
    for (int64_t at = 0; at < elements && !ferror(stream); at += CHUNK) {
        TYTO_TRY(
            put_chunk(of, tensor, source, at, tyto_min_i64(CHUNK, elements - at), stream, err));
    }
    return TYTO_OK;
}

/* What the calibration chooses, beside the weights. */
static tyto_status write_choices(const conversion *of, tyto_error *err)
{
    tyto_calibration_options options;
    tyto_calibration_options_init(&options, sizeof(options));
    options.report = of->options->report;
    options.report_user = of->options->report_user;
    options.progress = of->options->progress;
    options.progress_user = of->options->progress_user;
    char *path = tyto_path_join(of->folder.temporary, TYTO_CHOICES_FILE);
    const tyto_status status =
        path ? tyto_calibration_save(of->options->calibration, path, &options, err)
             : tyto_fail_memory(err, of->path);
    free(path);
    return status;
}

static tyto_status write_others(const conversion *of, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const char *target = of->folder.temporary;
    const char *dtype = !of->options->to_dtype            ? NULL
                        : of->options->dtype == TYTO_F16  ? "float16"
                        : of->options->dtype == TYTO_BF16 ? "bfloat16"
                                                          : "float32";
    tyto_status status = tyto_copy_config(of->path, target, dtype, &own);
    if (status == TYTO_OK) {
        status = tyto_copy_processors(of->path, target, &own);
    }
    if (status == TYTO_OK && of->options->calibration) {
        status = write_choices(of, &own);
    }
    return tyto_told_in_place(&of->folder, status, &own, err);
}

static tyto_status convert(conversion *to, const char *out, tyto_error *err)
{
    tyto_packed_layout layout;
    TYTO_TRY(tyto_folder_writer_open(out, to->options->force ? tyto_checkpoint_has_file : NULL,
                                     &to->folder, err));
    TYTO_TRY(check(to, err));
    TYTO_TRY(tyto_weights_open(to->path, &to->file, &to->weights, err));
    TYTO_TRY(tyto_packed_layout_read(to->file, to->weights, &layout, err));
    if (layout.columns) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got packed weights, required the checkpoint that they were made of",
                         to->weights);
    }
    TYTO_TRY(plan(to, err));
    TYTO_TRY(write_others(to, err));
    TYTO_TRY(tyto_shards_write(&to->shards, &to->folder, put, to, err));
    return tyto_folder_writer_commit(&to->folder, err);
}

tyto_status tyto_model_convert(const char *path, const char *out,
                               const tyto_convert_options *options, tyto_error *err)
{
    tyto_convert_options own;
    conversion to = {.options = &own, .path = path};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_convert_options_take(options, &own, err));
    if (to.options->to_dtype && !tyto_narrow_possible(TYTO_F64, to.options->dtype)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "dtype: got %s, required F32, F16 or BF16",
                         tyto_dtype_name(to.options->dtype));
    }
    tyto_buffer_init(&to.dropped, NAMES_BYTES_MAX);
    tyto_buffer_init(&to.unused, NAMES_BYTES_MAX);
    tyto_buffer_init(&to.problems, NAMES_BYTES_MAX);
    const tyto_status status = convert(&to, out, err);
    tyto_folder_writer_abandon(&to.folder);
    tyto_buffer_clear(&to.dropped);
    tyto_buffer_clear(&to.unused);
    tyto_buffer_clear(&to.problems);
    tyto_tensor_file_close(to.file);
    free(to.weights);
    free(to.tensors);
    tyto_shards_clear(&to.shards);
    free(to.chunk);
    return status;
}
