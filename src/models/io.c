#include "models/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "tensor/convert.h"

void tyto_io_restart(tyto_io *io)
{
    io->n_entries = 0;
    memset(io->used, 0, sizeof(io->used));
}

void tyto_io_clear(tyto_io *io)
{
    free(io->entries);
    *io = (tyto_io){0};
}

static const tyto_tensor *find_input(const tyto_io *io, const char *name)
{
    for (size_t i = 0; i < io->n_inputs; i++) {
        if (strcmp(io->inputs[i].name, name) == 0) {
            return &io->inputs[i];
        }
    }
    return NULL;
}

bool tyto_io_has(const tyto_io *io, const char *name)
{
    return find_input(io, name) != NULL;
}

int tyto_io_rank(const tyto_io *io, const char *name)
{
    const tyto_tensor *tensor = find_input(io, name);
    return tensor ? tensor->rank : -1;
}

bool tyto_io_is_integer(const tyto_io *io, const char *name)
{
    const tyto_tensor *tensor = find_input(io, name);
    return tensor && tyto_convert_possible(tensor->dtype, TYTO_I64);
}

/* "[2,*,16]" for messages. */
static void shape_text(char *text, size_t bytes, int rank, const int64_t *shape)
{
    size_t at = (size_t)snprintf(text, bytes, "[");
    for (int i = 0; i < rank && at < bytes; i++) {
        const char *comma = i ? "," : "";
        at += (size_t)(shape[i] < 0
                           ? snprintf(text + at, bytes - at, "%s*", comma)
                           : snprintf(text + at, bytes - at, "%s%lld", comma, (long long)shape[i]));
    }
    if (at < bytes) {
        snprintf(text + at, bytes - at, "]");
    }
}

static bool shape_fits(const tyto_tensor *tensor, int rank, const int64_t *shape)
{
    bool fits = tensor->rank == rank;
    for (int i = 0; fits && i < rank; i++) {
        int64_t least = shape[i] == TYTO_IO_ANY_OR_NONE ? 0 : 1;
        fits = shape[i] < 0 ? tensor->shape[i] >= least : tensor->shape[i] == shape[i];
    }
    return fits;
}

tyto_status tyto_io_input(tyto_io *io, const char *name, tyto_dtype dtype, int rank, int64_t *shape,
                          const void **out)
{
    const tyto_tensor *tensor = find_input(io, name);
    if (!tensor) {
        return tyto_fail(io->err, TYTO_E_ARGUMENT, "input '%s': missing", name);
    }
    if (!shape_fits(tensor, rank, shape)) {
        char got[200], required[200];
        shape_text(got, sizeof(got), tensor->rank, tensor->shape);
        shape_text(required, sizeof(required), rank, shape);
        return tyto_fail(io->err, TYTO_E_SHAPE, "input '%s': got %s, required %s%s", name, got,
                         required, tyto_tensor_elements(tensor) == 0 ? ", * at least 1" : "");
    }
    for (int i = 0; i < rank; i++) {
        shape[i] = tensor->shape[i];
    }
    io->used[tensor - io->inputs] = true;
    size_t align = tyto_dtype_bytes(dtype);
    if (tensor->dtype == dtype && (uintptr_t)tensor->data % align == 0) {
        *out = tensor->data;
        return TYTO_OK;
    }
    if (!tyto_convert_possible(tensor->dtype, dtype)) {
        return tyto_fail(io->err, TYTO_E_ARGUMENT, "input '%s': got %s, required %s", name,
                         tyto_dtype_name(tensor->dtype), tyto_dtype_name(dtype));
    }
    int64_t count = tyto_tensor_elements(tensor);
    void *converted = tyto_arena_take(io->scratch, (size_t)count, tyto_dtype_bytes(dtype));
    if (!converted) {
        return tyto_fail_memory(io->err, name);
    }
    tyto_convert(converted, dtype, tensor->data, tensor->dtype, count);
    *out = converted;
    return TYTO_OK;
}

void tyto_io_name(char name[TYTO_IO_NAME_BYTES], const char *prefix, const char *rest)
{
    snprintf(name, TYTO_IO_NAME_BYTES, "%s%s%s", prefix, *prefix ? "." : "", rest);
}

void tyto_io_name_at(char name[TYTO_IO_NAME_BYTES], const char *prefix, const char *list,
                     int64_t index)
{
    snprintf(name, TYTO_IO_NAME_BYTES, "%s%s%s.%lld", prefix, *prefix ? "." : "", list,
             (long long)index);
}

/* A request matches a name that it spells out, or all below "name.*" and "name". */
static bool request_matches(const char *request, const char *name)
{
    size_t length = strlen(request);
    if (length >= 2 && strcmp(request + length - 2, ".*") == 0) {
        length -= 2;
    } else if (strcmp(request, name) == 0) {
        return true;
    }
    return strncmp(request, name, length) == 0 && name[length] == '.';
}

/* Index of the first request for the name; n_wanted when there is none. */
static size_t find_request(const tyto_io *io, const char *name)
{
    size_t i = 0;
    while (i < io->n_wanted && !request_matches(io->wanted[i], name)) {
        i++;
    }
    return i;
}

bool tyto_io_wants(const tyto_io *io, tyto_output_kind kind, const char *name)
{
    if (io->n_wanted == 0) {
        return kind == TYTO_OUTPUT_DEFAULT;
    }
    return find_request(io, name) < io->n_wanted;
}

static bool grow(tyto_io *io)
{
    if (io->n_entries < io->capacity) {
        return true;
    }
    size_t capacity = io->capacity ? 2 * io->capacity : 32;
    tyto_io_output_entry *entries = tyto_realloc(io->entries, capacity, sizeof(*entries));
    if (!entries) {
        return false;
    }
    io->entries = entries;
    io->capacity = capacity;
    return true;
}

static tyto_status declare(tyto_io *io, tyto_output_kind kind, const char *name, tyto_dtype dtype,
                           int rank, const int64_t *shape, void **out)
{
    *out = NULL;
    if (!tyto_io_wants(io, kind, name)) {
        return TYTO_OK;
    }
    int64_t count = 1;
    bool fits = grow(io);
    for (int i = 0; i < rank; i++) {
        fits = fits && tyto_mul_i64(count, shape[i], &count);
    }
    void *data = fits ? tyto_arena_take(io->memory, (size_t)count, tyto_dtype_bytes(dtype)) : NULL;
    if (!data) {
        return tyto_fail_memory(io->err, name);
    }
    tyto_io_output_entry *entry = &io->entries[io->n_entries++];
    *entry = (tyto_io_output_entry){
        .tensor = {.dtype = dtype, .rank = rank, .data = data},
        .wanted = find_request(io, name),
    };
    for (int i = 0; i < rank; i++) {
        entry->tensor.shape[i] = shape[i];
    }
    snprintf(entry->name, sizeof(entry->name), "%s", name);
    *out = data;
    return TYTO_OK;
}

tyto_status tyto_io_output(tyto_io *io, tyto_output_kind kind, const char *name, int rank,
                           const int64_t *shape, float **out)
{
    void *data;
    tyto_status status = declare(io, kind, name, TYTO_F32, rank, shape, &data);
    *out = data;
    return status;
}

tyto_status tyto_io_output_integers(tyto_io *io, tyto_output_kind kind, const char *name, int rank,
                                    const int64_t *shape, int64_t **out)
{
    void *data;
    tyto_status status = declare(io, kind, name, TYTO_I64, rank, shape, &data);
    *out = data;
    return status;
}

float *tyto_io_find(const tyto_io *io, const char *name)
{
    for (size_t i = 0; i < io->n_entries; i++) {
        if (strcmp(io->entries[i].name, name) == 0) {
            return io->entries[i].tensor.data;
        }
    }
    return NULL;
}

tyto_status tyto_io_check_complete(const tyto_io *io, const char *head)
{
    for (size_t i = 0; i < io->n_inputs; i++) {
        if (!io->used[i]) {
            return tyto_fail(io->err, TYTO_E_ARGUMENT, "input '%s': %s does not take it here",
                             io->inputs[i].name, head);
        }
    }
    for (size_t i = 0; i < io->n_wanted; i++) {
        bool given = false;
        for (size_t j = 0; !given && j < io->n_entries; j++) {
            given = request_matches(io->wanted[i], io->entries[j].name);
        }
        if (!given) {
            return tyto_fail(io->err, TYTO_E_ARGUMENT, "output '%s': %s does not give it",
                             io->wanted[i], head);
        }
    }
    return TYTO_OK;
}

void tyto_io_sort(tyto_io *io)
{
    /* Insertion sort: stable, and there are few outputs. */
    for (size_t i = 1; i < io->n_entries; i++) {
        tyto_io_output_entry entry = io->entries[i];
        size_t j = i;
        for (; j > 0 && io->entries[j - 1].wanted > entry.wanted; j--) {
            io->entries[j] = io->entries[j - 1];
        }
        io->entries[j] = entry;
    }
}
