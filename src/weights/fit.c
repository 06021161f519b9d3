#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "tensor/convert.h"
#include "weights/request.h"

/* Longest message about tensors: a checkpoint of another model can lack thousands. */
#define REPORT_BYTES_MAX ((size_t)1 << 20)

static void add_shape(tyto_buffer *report, int rank, const int64_t *shape)
{
    tyto_buffer_text(report, "[");
    for (int i = 0; i < rank; i++) {
        tyto_buffer_format(report, "%s%lld", i ? "," : "", (long long)shape[i]);
    }
    tyto_buffer_text(report, "]");
}

size_t tyto_request_bytes(const tyto_request *want, const tyto_kernels *kernels, tyto_dtype dtype)
{
    size_t count = (size_t)want->rows, bytes;
    if (want->kind == TYTO_REQUEST_ROWS) {
        return tyto_packed_bytes(kernels, dtype, want->rows, want->columns);
    }
    if (want->kind == TYTO_REQUEST_TABLE && !tyto_mul_size(count, (size_t)want->shape[1], &count)) {
        return 0;
    }
    return tyto_mul_size(count, tyto_dtype_bytes(dtype), &bytes) ? bytes : 0;
}

static const tyto_digits_kernels digits_of_a_file;

tyto_kernels tyto_binder_file_kernels(const tyto_binder *binder)
{
    tyto_kernels kernels = *binder->kernels;
    kernels.gemm_columns = (int)binder->layout.columns;
    kernels.digits = binder->layout.digits ? &digits_of_a_file : NULL;
    return kernels;
}

static bool is_not_used(const tyto_request *want)
{
    return want->kind == TYTO_REQUEST_IGNORED || want->kind == TYTO_REQUEST_UNUSED;
}

/* The same of a packed file. Parts of a slot come with its first one. */
static tyto_request_fit find_field(tyto_request *want, const tyto_binder *binder)
{
    const tyto_kernels kernels = tyto_binder_file_kernels(binder);
    want->tensor = NULL;
    if (is_not_used(want)) {
        return TYTO_REQUEST_NOT_USED;
    }
    if (want->row > 0) {
        const tyto_request *first = want - 1;
        while (first->slot != want->slot || first->row > 0) {
            first--;
        }
        want->dtype = first->dtype;
        return TYTO_REQUEST_GOOD;
    }
    const tyto_packed_field field =
        tyto_packed_find(binder->file, want->kind == TYTO_REQUEST_ROWS, want->name);
    if (!field.tensor) {
        return TYTO_REQUEST_MISSING;
    }
    want->tensor = field.tensor;
    want->dtype = field.dtype;
    if (want->kind == TYTO_REQUEST_FLOATS && field.dtype != TYTO_F32) {
        return TYTO_REQUEST_NO_FLOAT;
    }
    const size_t bytes = tyto_request_bytes(want, &kernels, field.dtype);
    return bytes && tyto_packed_fits(&field, bytes) ? TYTO_REQUEST_GOOD : TYTO_REQUEST_MISSHAPEN;
}

/* Finds the request's tensor, and whether it can be used. */
static tyto_request_fit find_tensor(tyto_request *want, const tyto_binder *binder)
{
    if (binder->layout.columns) {
        return find_field(want, binder);
    }
    const tyto_tensor *tensor = tyto_tensor_file_find(binder->file, want->name);
    want->tensor = tensor;
    if (is_not_used(want)) {
        return TYTO_REQUEST_NOT_USED;
    }
    if (!tensor) {
        return TYTO_REQUEST_MISSING;
    }
    if (tensor->rank != want->rank ||
        memcmp(tensor->shape, want->shape, (size_t)want->rank * sizeof(int64_t)) != 0) {
        return TYTO_REQUEST_MISSHAPEN;
    }
    return tyto_convert_possible(tensor->dtype, TYTO_F32) ? TYTO_REQUEST_GOOD
                                                          : TYTO_REQUEST_NO_FLOAT;
}

/* Adds to the report when the tensor is missing, misshapen or of a type that can't be used. */
static void check_request(tyto_request *want, const tyto_binder *binder, tyto_buffer *report)
{
    const tyto_request_fit fit = find_tensor(want, binder);
    const char *separator = report->length ? "; " : "";
    if (fit == TYTO_REQUEST_GOOD || fit == TYTO_REQUEST_NOT_USED) {
        return;
    }
    if (fit == TYTO_REQUEST_NO_FLOAT) {
        tyto_buffer_format(report, "%s'%s': type %s, required a float type", separator, want->name,
                           tyto_dtype_name(want->tensor->dtype));
        return;
    }
    if (binder->layout.columns && fit == TYTO_REQUEST_MISSHAPEN) {
        const tyto_kernels kernels = tyto_binder_file_kernels(binder);
        tyto_buffer_format(
            report, "%s'%s': %lld bytes of %s, required %zu, filled up to a line of the cache",
            separator, want->name, (long long)want->tensor->shape[0], tyto_dtype_name(want->dtype),
            tyto_request_bytes(want, &kernels, want->dtype));
        return;
    }
    if (fit == TYTO_REQUEST_MISSING) {
        tyto_buffer_format(report, "%s'%s': missing, required shape ", separator, want->name);
    } else {
        tyto_buffer_format(report, "%s'%s': shape ", separator, want->name);
        add_shape(report, want->tensor->rank, want->tensor->shape);
        tyto_buffer_text(report, ", required ");
    }
    add_shape(report, want->rank, want->shape);
    tyto_buffer_format(report, " (%s)", want->why);
}

tyto_status tyto_binder_find(tyto_binder *binder, tyto_error *err)
{
    tyto_buffer report;
    tyto_buffer_init(&report, REPORT_BYTES_MAX);
    for (size_t i = 0; i < binder->count; i++) {
        check_request(&binder->requests[i], binder, &report);
    }
    tyto_status status = TYTO_OK;
    if (report.failed) {
        status = tyto_fail_memory(err, binder->file_name);
    } else if (report.length) {
        status = tyto_fail(err, TYTO_E_FORMAT, "%s: tensors that do not fit config.json: %s",
                           binder->file_name, report.data);
    }
    tyto_buffer_clear(&report);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const tyto_request *)a)->name, ((const tyto_request *)b)->name);
}

/* With nothing asked for there is no array, which neither call may be given. */
static void sort_requests(tyto_binder *binder)
{
    if (binder->count > 0) {
        qsort(binder->requests, binder->count, sizeof(tyto_request), by_name);
    }
}

/* Whether a request has that name; the requests are sorted. */
static bool is_requested(const tyto_binder *binder, const char *name)
{
    const tyto_request key = {.name = (char *)(uintptr_t)name};
    return binder->count > 0 &&
           bsearch(&key, binder->requests, binder->count, sizeof(tyto_request), by_name) != NULL;
}

bool tyto_binder_list_unexpected(tyto_binder *binder, char **out)
{
    *out = NULL;
    tyto_buffer names;
    tyto_buffer_init(&names, REPORT_BYTES_MAX);
    sort_requests(binder);
    for (int64_t i = 0; !binder->layout.columns && i < tyto_tensor_file_count(binder->file); i++) {
        const char *name = tyto_tensor_file_at(binder->file, i)->name;
        if (!is_requested(binder, name)) {
            tyto_buffer_format(&names, "%s%s", names.length ? ", " : "", name);
        }
    }
    if (names.length == 0 && !names.failed) {
        return true;
    }
    *out = tyto_buffer_take(&names);
    return *out != NULL;
}

/* What a request of a packed file gets, as a tensor of its own. */
static tyto_tensor field_of(const tyto_request *want)
{
    tyto_tensor field = {.name = want->name, .dtype = want->dtype, .rank = want->rank};
    memcpy(field.shape, want->shape, sizeof(want->shape));
    return field;
}

void tyto_binder_list(tyto_binder *binder)
{
    const tyto_weight_store *store = binder->store;
    for (size_t i = 0; i < binder->count; i++) {
        tyto_request *want = &binder->requests[i];
        const tyto_request_fit fit = find_tensor(want, binder);
        const tyto_tensor field = field_of(want);
        const bool whole = binder->layout.columns && fit == TYTO_REQUEST_GOOD;
        tyto_parameter_entry entry = {.name = want->name,
                                      .fit = fit,
                                      .tensor = whole ? &field : want->tensor,
                                      .rank = want->kind == TYTO_REQUEST_IGNORED ? -1 : want->rank,
                                      .buffer = want->buffer,
                                      .counter = want->counter,
                                      .initial = want->initial};
        memcpy(entry.shape, want->shape, sizeof(want->shape));
        store->list(store->list_user, &entry);
    }
    sort_requests(binder);
    for (int64_t i = 0; !binder->layout.columns && i < tyto_tensor_file_count(binder->file); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(binder->file, i);
        if (!is_requested(binder, tensor->name)) {
            const tyto_parameter_entry entry = {
                .name = tensor->name, .fit = TYTO_REQUEST_UNEXPECTED, .tensor = tensor, .rank = -1};
            store->list(store->list_user, &entry);
        }
    }
}
