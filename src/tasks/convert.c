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

static void add_problem(tyto_buffer *problems, const tyto_checkpoint_tensor *parameter,
                        const char *what)
{
    tyto_buffer_format(problems, "%s'%s': %s", problems->length ? "; " : "", parameter->name, what);
}

static void visit(void *user, const tyto_checkpoint_tensor *parameter)
{
    conversion *c = user;
    switch (parameter->fit) {
    case TYTO_FIT_GOOD:
        break;
    case TYTO_FIT_MISSING:
        add_problem(&c->problems, parameter, "missing");
        break;
    case TYTO_FIT_SHAPE:
        add_problem(&c->problems, parameter, "of another shape");
        break;
    case TYTO_FIT_TYPE:
        add_problem(&c->problems, parameter, "of a type that is no float");
        break;
    case TYTO_FIT_IGNORED:
        if (is_old_buffer(parameter->name)) {
            tyto_buffer_add(&c->dropped, parameter->name, strlen(parameter->name) + 1);
        }
        break;
    case TYTO_FIT_UNEXPECTED:
        tyto_buffer_format(&c->unused, "%s%s", c->unused.length ? ", " : "", parameter->name);
        break;
    }
}

/* Compares the source with its config: all that the network needs must be there. */
static tyto_status check(conversion *c, tyto_error *err)
{
    tyto_buffer text;
    TYTO_TRY(tyto_model_inspect(c->path, visit, c, err));
    if (c->problems.failed || c->unused.failed || c->dropped.failed) {
        return tyto_fail_memory(err, c->path);
    }
    if (c->problems.length) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: tensors that do not fit config.json: %s", c->path,
                         c->problems.data);
    }
    if (c->unused.length && c->options->log) {
        tyto_buffer_init(&text, 2 * NAMES_BYTES_MAX);
        if (!tyto_buffer_format(&text, "%s: kept, though the network has no use for them: %s",
                                c->path, c->unused.data)) {
            tyto_buffer_clear(&text);
            return tyto_fail_memory(err, c->path);
        }
        c->options->log(c->options->log_user, TYTO_LOG_LEVEL_WARNING, text.data);
        tyto_buffer_clear(&text);
    }
    return TYTO_OK;
}

static bool is_dropped(const conversion *c, const char *name)
{
    for (size_t at = 0; at < c->dropped.length; at += strlen(c->dropped.data + at) + 1) {
        if (strcmp(c->dropped.data + at, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What will be written, and where. */
static tyto_status plan(conversion *c, tyto_error *err)
{
    const int64_t count = tyto_tensor_file_count(c->file);
    c->tensors = tyto_alloc((size_t)count, sizeof(*c->tensors));
    c->chunk = tyto_alloc((size_t)CHUNK, sizeof(*c->chunk));
    if (!c->tensors || !c->chunk) {
        return tyto_fail_memory(err, c->path);
    }
    for (int64_t i = 0; i < count; i++) {
        tyto_tensor tensor = *tyto_tensor_file_at(c->file, i);
        if (is_dropped(c, tensor.name)) {
            continue;
        }
        if (c->options->to_dtype && tyto_narrow_possible(tensor.dtype, c->options->dtype)) {
            tensor.dtype = c->options->dtype;
        }
        c->tensors[c->count++] = tensor;
    }
    return tyto_shards_cut(c->tensors, c->count, c->options->max_shard_bytes, &c->shards, err);
}

static tyto_status fail_range(const conversion *c, const tyto_tensor *source, tyto_dtype wanted,
                              int64_t element, tyto_error *err)
{
    double value = 0.0;
    const size_t width = tyto_dtype_bytes(source->dtype);
    tyto_convert(&value, TYTO_F64, (const char *)source->data + (size_t)element * width,
                 source->dtype, 1);
    return tyto_fail(err, TYTO_E_RANGE,
                     "%s: '%s': element %" PRId64 ": got %g, required a number that %s can hold",
                     c->weights, source->name, element, value, tyto_dtype_name(wanted));
}

/* Writes elements at … at+count−1 as the type of `tensor`. */
static tyto_status put_chunk(conversion *c, const tyto_tensor *tensor, const tyto_tensor *source,
                             int64_t at, int64_t count, FILE *stream, tyto_error *err)
{
    const size_t width = tyto_dtype_bytes(source->dtype);
    const char *data = (const char *)source->data + (size_t)at * width;
    const void *bytes = data;
    if (tensor->dtype != source->dtype) {
        const int64_t lost = tyto_narrow(c->chunk, tensor->dtype, data, source->dtype, count);
        if (lost >= 0) {
            return fail_range(c, source, tensor->dtype, at + lost, err);
        }
        bytes = c->chunk;
    }
    const size_t length = (size_t)count * tyto_dtype_bytes(tensor->dtype);
    fwrite(bytes, 1, length, stream);
    tyto_tensor_file_release_bytes(c->file, data, (size_t)count * width);
    c->done += length;
    if (!tyto_convert_progress(c->options, c->shards.name, c->done, c->shards.total)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", c->folder.path);
    }
    return TYTO_OK;
}

static tyto_status put(void *user, const tyto_tensor *tensor, FILE *stream, tyto_error *err)
{
    conversion *c = user;
    const tyto_tensor *source = tyto_tensor_file_find(c->file, tensor->name);
    const int64_t elements = tyto_tensor_elements(tensor);
    for (int64_t at = 0; at < elements && !ferror(stream); at += CHUNK) {
        TYTO_TRY(put_chunk(c, tensor, source, at, tyto_min_i64(CHUNK, elements - at), stream, err));
    }
    return TYTO_OK;
}

/* What the calibration chooses, beside the weights. */
static tyto_status write_choices(const conversion *c, tyto_error *err)
{
    tyto_calibration_options options;
    tyto_calibration_options_init(&options, sizeof(options));
    options.report = c->options->report;
    options.report_user = c->options->report_user;
    options.progress = c->options->progress;
    options.progress_user = c->options->progress_user;
    char *path = tyto_path_join(c->folder.temporary, TYTO_CHOICES_FILE);
    const tyto_status status =
        path ? tyto_calibration_save(c->options->calibration, path, &options, err)
             : tyto_fail_memory(err, c->path);
    free(path);
    return status;
}

static tyto_status write_others(const conversion *c, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const char *target = c->folder.temporary;
    const char *dtype = !c->options->to_dtype            ? NULL
                        : c->options->dtype == TYTO_F16  ? "float16"
                        : c->options->dtype == TYTO_BF16 ? "bfloat16"
                                                         : "float32";
    tyto_status status = tyto_copy_config(c->path, target, dtype, &own);
    if (status == TYTO_OK) {
        status = tyto_copy_processors(c->path, target, &own);
    }
    if (status == TYTO_OK && c->options->calibration) {
        status = write_choices(c, &own);
    }
    return tyto_fail_in_place(&c->folder, status, &own, err);
}

static tyto_status convert(conversion *c, const char *out, tyto_error *err)
{
    tyto_packed_layout layout;
    TYTO_TRY(tyto_folder_writer_open(out, c->options->force ? tyto_checkpoint_has_file : NULL,
                                     &c->folder, err));
    TYTO_TRY(check(c, err));
    TYTO_TRY(tyto_weights_open(c->path, &c->file, &c->weights, err));
    TYTO_TRY(tyto_packed_layout_read(c->file, c->weights, &layout, err));
    if (layout.columns) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got packed weights, required the checkpoint that they were made of",
                         c->weights);
    }
    TYTO_TRY(plan(c, err));
    TYTO_TRY(write_others(c, err));
    TYTO_TRY(tyto_shards_write(&c->shards, &c->folder, put, c, err));
    return tyto_folder_writer_commit(&c->folder, err);
}

tyto_status tyto_model_convert(const char *path, const char *out,
                               const tyto_convert_options *options, tyto_error *err)
{
    tyto_convert_options own;
    conversion c = {.options = &own, .path = path};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_convert_options_take(options, &own, err));
    if (c.options->to_dtype && !tyto_narrow_possible(TYTO_F64, c.options->dtype)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "dtype: got %s, required F32, F16 or BF16",
                         tyto_dtype_name(c.options->dtype));
    }
    tyto_buffer_init(&c.dropped, NAMES_BYTES_MAX);
    tyto_buffer_init(&c.unused, NAMES_BYTES_MAX);
    tyto_buffer_init(&c.problems, NAMES_BYTES_MAX);
    const tyto_status status = convert(&c, out, err);
    tyto_folder_writer_abandon(&c.folder);
    tyto_buffer_clear(&c.dropped);
    tyto_buffer_clear(&c.unused);
    tyto_buffer_clear(&c.problems);
    tyto_tensor_file_destroy(c.file);
    free(c.weights);
    free(c.tensors);
    tyto_shards_clear(&c.shards);
    free(c.chunk);
    return status;
}
