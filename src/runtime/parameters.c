#include "runtime/parameters.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "runtime/model.h"
#include "tensor/convert.h"
#include "tensor/narrow.h"
#include "tensor/tensor.h"

/* Longest list of tensors that don't fit. */
#define REPORT_BYTES_MAX ((size_t)1 << 20)

static const tyto_parameters_options defaults = {.struct_bytes = sizeof(defaults),
                                                 .parts_name = "parts"};

void tyto_parameters_options_init(tyto_parameters_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_tensor tyto_parameter_shape(const tyto_parameter_value *value)
{
    tyto_tensor tensor = {
        .name = value->info.name, .dtype = value->info.dtype, .rank = value->info.rank};
    memcpy(tensor.shape, value->info.shape, sizeof(tensor.shape));
    return tensor;
}

/* What the listing of a network's tensors fills. */
typedef struct listing {
    tyto_parameters *parameters;
    const tyto_parameters_options *options;
    bool memory_out;
} listing;

/* Whether the tensor has the shape that is required. */
static bool has_shape(const tyto_tensor *tensor, const int64_t *shape, int rank)
{
    return tensor->rank == rank &&
           memcmp(tensor->shape, shape, (size_t)rank * sizeof(int64_t)) == 0;
}

/* Whether the file has the tensor, as it can be used. */
static bool is_taken(const tyto_parameter_entry *entry)
{
    const tyto_tensor *tensor = entry->tensor;
    return tensor && has_shape(tensor, entry->shape, entry->rank) &&
           (entry->counter ? tensor->dtype == TYTO_I64
                           : tyto_convert_possible(tensor->dtype, TYTO_F32));
}

static bool add_value(tyto_parameters *parameters, tyto_parameter_value value)
{
    if (parameters->count == parameters->capacity) {
        const size_t capacity = parameters->capacity ? 2 * parameters->capacity : 256;
        tyto_parameter_value *values = tyto_realloc(parameters->values, capacity, sizeof(*values));
        if (!values) {
            return false;
        }
        parameters->values = values;
        parameters->capacity = capacity;
    }
    const char *name = tyto_copy_text(value.info.name, strlen(value.info.name));
    if (!name) {
        return false;
    }
    value.info.name = name;
    value.place = parameters->count;
    parameters->values[parameters->count++] = value;
    return true;
}

static void list_entry(void *user, const tyto_parameter_entry *entry)
{
    listing *list = user;
    if (entry->fit == TYTO_REQUEST_UNEXPECTED) {
        tyto_names *names = &list->parameters->mismatches[TYTO_FIT_UNEXPECTED];
        list->memory_out = !tyto_names_add(names, entry->name) || list->memory_out;
        return;
    }
    if (entry->rank < 0) {
        return; /* a buffer that older versions saved */
    }
    const bool taken = is_taken(entry);
    tyto_parameter_value value = {.info = {.name = entry->name,
                                           .dtype = taken            ? entry->tensor->dtype
                                                    : entry->counter ? TYTO_I64
                                                                     : TYTO_F32,
                                           .rank = entry->rank,
                                           .buffer = entry->buffer,
                                           .unused = entry->fit == TYTO_REQUEST_NOT_USED,
                                           .initial = !taken},
                                  .initial = entry->initial,
                                  .data = taken ? entry->tensor->data : NULL,
                                  .fit = entry->fit,
                                  .tensor = entry->tensor};
    memcpy(value.info.shape, entry->shape, sizeof(value.info.shape));
    list->memory_out = !add_value(list->parameters, value) || list->memory_out;
}

static int by_name(const void *left, const void *right)
{
    const tyto_parameter_value *const *a = left, *const *b = right;
    const int order = strcmp((*a)->info.name, (*b)->info.name);
    return order ? order : (*a)->place < (*b)->place ? -1 : 1;
}

/* Makes the index by name. A tensor that is asked for twice is one: the first. */
static bool join_and_index(tyto_parameters *parameters)
{
    tyto_parameter_value **sorted = tyto_alloc(parameters->count, sizeof(*sorted));
    if (!sorted) {
        return false;
    }
    for (size_t i = 0; i < parameters->count; i++) {
        sorted[i] = &parameters->values[i];
    }
    qsort(sorted, parameters->count, sizeof(*sorted), by_name);
    for (size_t i = 1, first = 0; i < parameters->count; i++) {
        if (strcmp(sorted[first]->info.name, sorted[i]->info.name) == 0) {
            free((void *)(uintptr_t)sorted[i]->info.name);
            sorted[i]->info.name = NULL;
        } else {
            first = i;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < parameters->count; i++) {
        if (parameters->values[i].info.name) {
            parameters->values[kept++] = parameters->values[i];
        }
    }
    parameters->count = kept;
    for (size_t i = 0; i < kept; i++) {
        sorted[i] = &parameters->values[i];
    }
    qsort(sorted, kept, sizeof(*sorted), by_name);
    parameters->by_name = sorted;
    return true;
}

static void add_problem(tyto_buffer *report, const tyto_parameter_value *value)
{
    char required[TYTO_SHAPE_TEXT_BYTES], got[TYTO_SHAPE_TEXT_BYTES];
    const tyto_tensor *tensor = value->tensor;
    tyto_tensor_shape_text(value->info.shape, value->info.rank, required);
    tyto_buffer_format(report, "%s'%s': ", report->length ? "; " : "", value->info.name);
    if (!tensor) {
        tyto_buffer_format(report, "missing, required shape %s", required);
    } else if (value->fit == TYTO_REQUEST_NO_FLOAT) {
        tyto_buffer_format(report, "type %s, required a float type",
                           tyto_dtype_name(tensor->dtype));
    } else {
        tyto_buffer_format(report, "shape %s, required %s",
                           tyto_tensor_shape_text(tensor->shape, tensor->rank, got), required);
    }
}

/* Notes a value that the file doesn't have, and adds to the report when that is refused; false when
 * memory is out. */
static bool note_mismatch(const listing *list, const tyto_parameter_value *value,
                          tyto_buffer *report)
{
    const bool misshapen =
        value->tensor && !has_shape(value->tensor, value->info.shape, value->info.rank);
    const tyto_fit kind = misshapen ? TYTO_FIT_SHAPE : TYTO_FIT_MISSING;
    const tyto_missing choice = misshapen ? list->options->misshapen : list->options->missing;
    const bool no_float = value->fit == TYTO_REQUEST_NO_FLOAT;
    if (!value->info.unused && (choice == TYTO_MISSING_REFUSE || no_float)) {
        add_problem(report, value);
    }
    return tyto_names_add(&list->parameters->mismatches[kind], value->info.name) && !report->failed;
}

static tyto_status check_fit(const listing *list, const char *file_name, tyto_error *err)
{
    const tyto_parameters *parameters = list->parameters;
    tyto_buffer report;
    tyto_status status = TYTO_OK;
    tyto_buffer_init(&report, REPORT_BYTES_MAX);
    for (size_t i = 0; parameters->file && i < parameters->count && status == TYTO_OK; i++) {
        const tyto_parameter_value *value = &parameters->values[i];
        if (!value->data && !note_mismatch(list, value, &report)) {
            status = tyto_fail_memory(err, file_name);
        }
    }
    if (status == TYTO_OK && report.length) {
        status = tyto_fail(err, TYTO_E_FORMAT, "%s: tensors that do not fit config.json: %s",
                           file_name, report.data);
    }
    tyto_buffer_clear(&report);
    return status;
}

/* A rule must be one that can be drawn by, and a size one that memory could hold. */
static tyto_status check_values(const tyto_parameters *parameters, tyto_error *err)
{
    for (size_t i = 0; i < parameters->count; i++) {
        const tyto_parameter_value *value = &parameters->values[i];
        const tyto_tensor shape = tyto_parameter_shape(value);
        size_t bytes;
        if (!tyto_tensor_bytes(&shape, &bytes)) {
            return tyto_fail(err, TYTO_E_LIMIT, "%s: '%s': got more elements than memory can have",
                             parameters->name, value->info.name);
        }
        if (!value->data && value->initial.kind == TYTO_INITIAL_NORMAL &&
            !(isfinite(value->initial.value) && value->initial.value >= 0.0)) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "%s: '%s': got %g as the standard deviation of initial values, "
                             "required at least 0",
                             parameters->name, value->info.name, value->initial.value);
        }
    }
    return TYTO_OK;
}

/* Lists what the network asks for, with what the file has of it. */
static tyto_status list_network(listing *list, tyto_error *err)
{
    tyto_parameters *parameters = list->parameters;
    tyto_weight_store store = {.list = list_entry, .list_user = list};
    tyto_tensor_file *none = NULL;
    void *network = NULL;
    char *unexpected = NULL;
    tyto_status status = TYTO_OK;
    if (!parameters->file) {
        TYTO_TRY(tyto_tensor_file_of(NULL, 0, parameters->name, &none, err));
    }
    const tyto_model_source source = {.config = parameters->config,
                                      .config_name = parameters->name,
                                      .parts = parameters->parts,
                                      .parts_name = parameters->parts_name,
                                      .tensors = none ? none : parameters->file,
                                      .tensors_name =
                                          none ? parameters->name : parameters->file_name,
                                      .store = &store,
                                      .kernels = &tyto_kernels_scalar};
    TYTO_CHECK(parameters->architecture->open(&source, &network, &unexpected, err));
    if (list->memory_out || !join_and_index(parameters)) {
        status = tyto_fail_memory(err, parameters->name);
        goto cleanup;
    }
    TYTO_CHECK(check_fit(list, source.tensors_name, err));
    TYTO_CHECK(check_values(parameters, err));
cleanup:
    if (network) {
        parameters->architecture->close(network);
    }
    free(unexpected);
    tyto_weight_store_clear(&store);
    tyto_tensor_file_destroy(none);
    return status;
}

/* The class that was asked for, in the config. */
static tyto_status set_architecture(json_t *config, const char *architecture, const char *name,
                                    tyto_error *err)
{
    if (!json_is_object(config)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got %s, required an object", name,
                         tyto_json_type(config));
    }
    return json_object_set_new(config, "architectures", json_pack("[s]", architecture)) == 0
               ? TYTO_OK
               : tyto_fail_memory(err, name);
}

/* Fills what create and open share; parameters->config and ->name are there. */
static tyto_status read_network(tyto_parameters *parameters, const tyto_parameters_options *options,
                                tyto_error *err)
{
    listing list = {.parameters = parameters, .options = options};
    const char *parts_name = NULL;
    parameters->seed = options->seed;
    TYTO_TRY(tyto_parts_read(options->parts, options->parts_length_bytes, options->parts_name,
                             options->parts_file, &parameters->parts, &parts_name, err));
    parameters->parts_name = tyto_copy_text(parts_name, strlen(parts_name));
    if (!parameters->parts_name) {
        return tyto_fail_memory(err, parts_name);
    }
    if (options->architecture) {
        TYTO_TRY(
            set_architecture(parameters->config, options->architecture, parameters->name, err));
    }
    TYTO_TRY(tyto_architecture_read(parameters->config, parameters->name, parameters->parts != NULL,
                                    &parameters->architecture, err));
    return list_network(&list, err);
}

/* The class by its name, and floats as they are drawn: what the reference saves of a new model. */
static tyto_status complete_config(tyto_parameters *parameters, tyto_error *err)
{
    TYTO_TRY(set_architecture(parameters->config, parameters->architecture->default_head,
                              parameters->name, err));
    return json_object_set_new(parameters->config, "torch_dtype", json_string("float32")) == 0
               ? TYTO_OK
               : tyto_fail_memory(err, parameters->name);
}

/* Takes config and name over; either is NULL when memory is out. */
static tyto_status create(json_t *config, char *name, const tyto_parameters_options *options,
                          tyto_parameters **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_parameters *parameters = name ? tyto_alloc_zeroed(1, sizeof(*parameters)) : NULL;
    if (!parameters) {
        json_decref(config);
        free(name);
        return tyto_fail_memory(err, "parameters");
    }
    parameters->config = config;
    parameters->name = name;
    TYTO_CHECK(read_network(parameters, options, err));
    TYTO_CHECK(complete_config(parameters, err));
    *out = parameters;
    parameters = NULL;
cleanup:
    tyto_parameters_destroy(parameters);
    return status;
}

/* `own` holds the defaults. */
static tyto_status read_options(tyto_parameters_options *own, const tyto_parameters_options *given,
                                tyto_error *err)
{
    TYTO_TRY(tyto_options_read(own, sizeof(*own), given, "tyto_parameters_options", err));
    TYTO_TRY(tyto_check_enum((int)own->missing, TYTO_MISSING_INITIALISE, "missing", err));
    return tyto_check_enum((int)own->misshapen, TYTO_MISSING_INITIALISE, "misshapen", err);
}

tyto_status tyto_parameters_create(const char *config, size_t length_bytes, const char *name,
                                   const tyto_parameters_options *options, tyto_parameters **out,
                                   tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, config);
    TYTO_REQUIRE(err, out);
    tyto_parameters_options own = defaults;
    const char *called = name ? name : "config";
    json_t *object = NULL;
    TYTO_TRY(read_options(&own, options, err));
    TYTO_TRY(tyto_json_parse(config, length_bytes, called, &object, err));
    return create(object, tyto_copy_text(called, strlen(called)), &own, out, err);
}

tyto_status tyto_parameters_create_file(const char *path, const tyto_parameters_options *options,
                                        tyto_parameters **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    tyto_parameters_options own = defaults;
    json_t *object = NULL;
    TYTO_TRY(read_options(&own, options, err));
    char *file = tyto_folder_exists(path) ? tyto_path_join(path, TYTO_CONFIG_FILE)
                                          : tyto_copy_text(path, strlen(path));
    if (!file) {
        return tyto_fail_memory(err, path);
    }
    const tyto_status status = tyto_json_load(file, &object, err);
    if (status != TYTO_OK) {
        free(file);
        return status;
    }
    return create(object, file, &own, out, err);
}

static tyto_status open_folder(tyto_parameters *parameters, const char *path, tyto_error *err)
{
    tyto_packed_layout layout;
    parameters->folder = tyto_copy_text(path, strlen(path));
    parameters->name = tyto_path_join(path, TYTO_CONFIG_FILE);
    if (!parameters->folder || !parameters->name) {
        return tyto_fail_memory(err, path);
    }
    TYTO_TRY(tyto_json_load(parameters->name, &parameters->config, err));
    TYTO_TRY(tyto_weights_open(path, &parameters->file, &parameters->file_name, err));
    TYTO_TRY(tyto_packed_layout_read(parameters->file, parameters->file_name, &layout, err));
    return layout.columns ? tyto_fail(err, TYTO_E_UNSUPPORTED,
                                      "%s: got packed weights, required the checkpoint that they "
                                      "were made of",
                                      parameters->file_name)
                          : TYTO_OK;
}

tyto_status tyto_parameters_open(const char *path, const tyto_parameters_options *options,
                                 tyto_parameters **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    tyto_parameters_options own = defaults;
    tyto_status status;
    TYTO_TRY(read_options(&own, options, err));
    if (!tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_NOT_FOUND, "%s: no such folder, required a checkpoint's",
                         path);
    }
    tyto_parameters *parameters = tyto_alloc_zeroed(1, sizeof(*parameters));
    if (!parameters) {
        return tyto_fail_memory(err, path);
    }
    TYTO_CHECK(open_folder(parameters, path, err));
    TYTO_CHECK(read_network(parameters, &own, err));
    *out = parameters;
    parameters = NULL;
cleanup:
    tyto_parameters_destroy(parameters);
    return status;
}

void tyto_parameters_destroy(tyto_parameters *parameters)
{
    if (!parameters) {
        return;
    }
    for (size_t i = 0; i < parameters->count; i++) {
        free((void *)(uintptr_t)parameters->values[i].info.name);
        free(parameters->values[i].owned);
    }
    for (int i = 0; i < TYTO_FITS; i++) {
        tyto_names_clear(&parameters->mismatches[i]);
    }
    free(parameters->by_name);
    free(parameters->values);
    tyto_tensor_file_destroy(parameters->file);
    free(parameters->file_name);
    json_decref(parameters->parts);
    free(parameters->parts_name);
    json_decref(parameters->config);
    free(parameters->name);
    free(parameters->folder);
    free(parameters);
}

const char *tyto_parameters_architecture(const tyto_parameters *parameters)
{
    return parameters ? parameters->architecture->default_head : NULL;
}

int64_t tyto_parameters_count(const tyto_parameters *parameters)
{
    return parameters ? (int64_t)parameters->count : 0;
}

const tyto_parameter *tyto_parameters_at(const tyto_parameters *parameters, int64_t i)
{
    return i >= 0 && i < tyto_parameters_count(parameters) ? &parameters->values[i].info : NULL;
}

tyto_parameter_value *tyto_parameters_value(const tyto_parameters *parameters, const char *name)
{
    size_t low = 0, high = parameters->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(parameters->by_name[middle]->info.name, name);
        if (order == 0) {
            return parameters->by_name[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

const tyto_parameter *tyto_parameters_find(const tyto_parameters *parameters, const char *name)
{
    const tyto_parameter_value *value =
        parameters && name ? tyto_parameters_value(parameters, name) : NULL;
    return value ? &value->info : NULL;
}

int64_t tyto_parameters_mismatch_count(const tyto_parameters *parameters, tyto_fit kind)
{
    return parameters && (unsigned)kind < TYTO_FITS ? parameters->mismatches[kind].count : 0;
}

const char *tyto_parameters_mismatch(const tyto_parameters *parameters, tyto_fit kind, int64_t i)
{
    return parameters && (unsigned)kind < TYTO_FITS
               ? tyto_names_at(&parameters->mismatches[kind], i)
               : NULL;
}

const void *tyto_parameter_elements(const tyto_parameters *parameters,
                                    const tyto_parameter_value *value, int64_t first, int64_t count,
                                    void *room)
{
    if (value->data) {
        return (const char *)value->data + (size_t)first * tyto_dtype_bytes(value->info.dtype);
    }
    if (value->info.dtype == TYTO_I64) {
        memset(room, 0, (size_t)count * sizeof(int64_t));
    } else {
        tyto_initial_fill(value->initial, parameters->seed, value->info.name, first, count, room);
    }
    return room;
}

static tyto_status find_value(const tyto_parameters *parameters, const char *name,
                              tyto_parameter_value **out, tyto_error *err)
{
    *out = tyto_parameters_value(parameters, name);
    return *out ? TYTO_OK
                : tyto_fail(err, TYTO_E_NOT_FOUND, "'%s': %s has no parameter of that name", name,
                            parameters->architecture->default_head);
}

/* The tensor that `values` is for, when its shape and type fit. */
static tyto_status find_fitting(const tyto_parameters *parameters, const tyto_tensor *values,
                                tyto_parameter_value **out, size_t *bytes, tyto_error *err)
{
    char required[TYTO_SHAPE_TEXT_BYTES], got[TYTO_SHAPE_TEXT_BYTES];
    if (!values->name) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "values: got no name, required a parameter's");
    }
    tyto_parameter_value *value;
    TYTO_TRY(find_value(parameters, values->name, &value, err));
    if (!tyto_tensor_bytes(values, bytes)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "'%s': got a tensor that can't be", values->name);
    }
    const tyto_tensor shape = tyto_parameter_shape(value);
    if (values->rank != shape.rank ||
        memcmp(values->shape, shape.shape, (size_t)shape.rank * sizeof(int64_t)) != 0) {
        return tyto_fail(err, TYTO_E_SHAPE, "'%s': got shape %s, required %s", values->name,
                         tyto_tensor_shape_text(values->shape, values->rank, got),
                         tyto_tensor_shape_text(shape.shape, shape.rank, required));
    }
    if (!values->data && *bytes > 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "'%s': got no data", values->name);
    }
    *out = value;
    return TYTO_OK;
}

static tyto_status refuse_type(const char *name, tyto_dtype dtype, const char *required,
                               tyto_error *err)
{
    return tyto_fail(err, TYTO_E_ARGUMENT, "'%s': got type %s, required %s", name,
                     tyto_dtype_name(dtype), required);
}

tyto_status tyto_parameters_read(const tyto_parameters *parameters, const char *name,
                                 tyto_dtype dtype, void *values, size_t bytes, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, parameters);
    TYTO_REQUIRE(err, name);
    tyto_parameter_value *value;
    TYTO_TRY(find_value(parameters, name, &value, err));
    const bool same = dtype == value->info.dtype;
    if (!same && ((dtype != TYTO_F32 && dtype != TYTO_F64) ||
                  !tyto_convert_possible(value->info.dtype, dtype))) {
        return refuse_type(name, dtype, tyto_dtype_name(value->info.dtype), err);
    }
    const tyto_tensor shape = tyto_parameter_shape(value);
    const int64_t elements = tyto_tensor_elements(&shape);
    const size_t width = tyto_dtype_bytes(dtype);
    if (bytes != (size_t)elements * width) {
        char required[TYTO_SHAPE_TEXT_BYTES];
        return tyto_fail(err, TYTO_E_SHAPE,
                         "'%s': got room for %zu bytes, required %zu for %s of %s", name, bytes,
                         (size_t)elements * width, tyto_dtype_name(dtype),
                         tyto_tensor_shape_text(shape.shape, shape.rank, required));
    }
    if (elements > 0) {
        TYTO_REQUIRE(err, values);
    }
    double *room = tyto_alloc((size_t)TYTO_PARAMETERS_CHUNK, sizeof(*room));
    if (!room) {
        return tyto_fail_memory(err, name);
    }
    for (int64_t at = 0; at < elements; at += TYTO_PARAMETERS_CHUNK) {
        const int64_t count = tyto_min_i64(TYTO_PARAMETERS_CHUNK, elements - at);
        const void *source = tyto_parameter_elements(parameters, value, at, count, room);
        char *target = (char *)values + (size_t)at * width;
        if (same) {
            memcpy(target, source, (size_t)count * width);
        } else {
            tyto_convert(target, dtype, source, value->info.dtype, count);
        }
    }
    free(room);
    return TYTO_OK;
}

tyto_status tyto_parameters_write(tyto_parameters *parameters, const tyto_tensor *values,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, parameters);
    TYTO_REQUIRE(err, values);
    tyto_parameter_value *value;
    size_t bytes;
    TYTO_TRY(find_fitting(parameters, values, &value, &bytes, err));
    if (value->info.dtype == TYTO_I64 ? values->dtype != TYTO_I64
                                      : !tyto_convert_possible(values->dtype, TYTO_F32)) {
        return refuse_type(values->name, values->dtype,
                           value->info.dtype == TYTO_I64 ? "I64" : "F32, F64, F16 or BF16", err);
    }
    void *copy = tyto_alloc(bytes, 1);
    if (!copy) {
        return tyto_fail_memory(err, values->name);
    }
    if (bytes > 0) {
        memcpy(copy, values->data, bytes);
    }
    free(value->owned);
    value->owned = copy;
    value->data = copy;
    value->info.dtype = values->dtype;
    value->info.initial = false;
    return TYTO_OK;
}
