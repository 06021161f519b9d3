/* Writing of safetensors files. The same tensors always give the same bytes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "tensor/tensor.h"

/* The header's length, before it. */
#define LENGTH_BYTES 8

/* A tensor to write, and its place. */
typedef struct item {
    const tyto_tensor *tensor;
    size_t bytes;
    size_t position; /* as given */
} item;

static bool is_utf8(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    while (*at) {
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &codepoint);
        if (used <= 0) {
            return false;
        }
        at += used;
    }
    return true;
}

static tyto_status check_item(const tyto_tensor *tensor, size_t position, bool has_data,
                              const char *path, item *out, tyto_error *err)
{
    const char *name = tensor->name;
    if (!name || strcmp(name, "__metadata__") == 0 || strlen(name) > TYTO_TENSOR_NAME_BYTES_MAX ||
        !is_utf8(name)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: tensor %zu: got a reserved name, none, or one that is not UTF-8 of "
                         "at most %zu bytes",
                         path, position, TYTO_TENSOR_NAME_BYTES_MAX);
    }
    *out = (item){.tensor = tensor, .position = position};
    if (!tyto_tensor_bytes(tensor, &out->bytes) || (has_data && out->bytes && !tensor->data)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: '%s': required a known type, a shape of at most %d dimensions, and "
                         "data",
                         path, name, TYTO_RANK_MAX);
    }
    return TYTO_OK;
}

static int by_item_name(const void *left, const void *right)
{
    const item *a = left, *b = right;
    return strcmp(a->tensor->name, b->tensor->name);
}

/* Wide types first: so each tensor lies at a multiple of its element's size, which readers that
 * map the file rely on. */
static int by_width(const void *left, const void *right)
{
    const item *a = left, *b = right;
    size_t a_width = tyto_dtype_bytes(a->tensor->dtype);
    size_t b_width = tyto_dtype_bytes(b->tensor->dtype);
    if (a_width != b_width) {
        return a_width > b_width ? -1 : 1;
    }
    return a->position < b->position ? -1 : 1;
}

static void add_text(tyto_buffer *out, const char *text)
{
    tyto_buffer_text(out, "\"");
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\') {
            tyto_buffer_format(out, "\\%c", *at);
        } else if ((unsigned char)*at < 0x20) {
            tyto_buffer_format(out, "\\u%04x", (unsigned)*at);
        } else {
            tyto_buffer_add(out, at, 1);
        }
    }
    tyto_buffer_text(out, "\"");
}

static tyto_status write_header(const item *items, size_t count, const tyto_tensor_writing *how,
                                const char *path, tyto_buffer *out, tyto_error *err)
{
    const size_t align = how->align ? how->align : 8;
    size_t at = 0;
    tyto_buffer_text(out, "{");
    if (how->metadata) {
        tyto_buffer_format(out, "\"__metadata__\":%s%s", how->metadata, count ? "," : "");
    }
    for (size_t i = 0; i < count; i++) {
        const tyto_tensor *tensor = items[i].tensor;
        char shape[TYTO_SHAPE_TEXT_BYTES];
        size_t end;
        if (!tyto_add_size(at, items[i].bytes, &end) || end > INT64_MAX) {
            return tyto_fail(err, TYTO_E_ARGUMENT, "%s: the tensors are larger than any file",
                             path);
        }
        tyto_buffer_text(out, i ? "," : "");
        add_text(out, tensor->name);
        tyto_buffer_format(out, ":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                           tyto_dtype_name(tensor->dtype),
                           tyto_tensor_shape_text(tensor->shape, tensor->rank, shape), at, end);
        at = end;
    }
    tyto_buffer_text(out, "}");
    while ((LENGTH_BYTES + out->length) % align && tyto_buffer_text(out, " ")) {
    }
    if (out->failed) {
        return tyto_fail_memory(err, path);
    }
    return TYTO_OK;
}

static tyto_status put_data(const item *entry, const tyto_tensor_writing *how, FILE *stream,
                            tyto_error *err)
{
    if (how->put) {
        return how->put(how->user, entry->tensor, stream, err);
    }
    if (entry->bytes) {
        fwrite(entry->tensor->data, 1, entry->bytes, stream);
    }
    return TYTO_OK;
}

static tyto_status write_file(const char *path, const tyto_buffer *header, const item *items,
                              size_t count, const tyto_tensor_writing *how, tyto_error *err)
{
    tyto_file_writer writer;
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    tyto_file_writer_in_huge_pages(&writer);
    uint8_t length[LENGTH_BYTES];
    for (size_t i = 0; i < sizeof(length); i++) {
        length[i] = (uint8_t)(header->length >> (8 * i));
    }
    fwrite(length, 1, sizeof(length), writer.stream);
    fwrite(header->data, 1, header->length, writer.stream);
    for (size_t i = 0; i < count && !ferror(writer.stream); i++) {
        const tyto_status status = put_data(&items[i], how, writer.stream, err);
        if (status != TYTO_OK) {
            tyto_file_writer_abandon(&writer);
            return status;
        }
    }
    return tyto_file_writer_commit(&writer, err);
}

tyto_status tyto_tensor_file_save(const char *path, const tyto_tensor *tensors, int64_t count,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    if (count < 0 || (count > 0 && !tensors)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: got %lld tensors, required as many as there are", path,
                         (long long)count);
    }
    return tyto_tensor_file_write(path, tensors, (size_t)count, &(tyto_tensor_writing){0}, err);
}

tyto_status tyto_tensor_file_write(const char *path, const tyto_tensor *tensors, size_t count,
                                   const tyto_tensor_writing *how, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_buffer header;
    tyto_buffer_init(&header, TYTO_TENSOR_HEADER_BYTES_MAX);
    if (count > TYTO_TENSORS_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %zu tensors, required at most %zu", path,
                         count, TYTO_TENSORS_MAX);
    }
    item *items = tyto_alloc(count, sizeof(*items));
    if (!items) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    for (size_t i = 0; i < count; i++) {
        TYTO_CHECK(check_item(&tensors[i], i, !how->put, path, &items[i], err));
    }
    qsort(items, count, sizeof(*items), by_item_name);
    for (size_t i = 1; i < count; i++) {
        if (by_item_name(&items[i - 1], &items[i]) == 0) {
            status = tyto_fail(err, TYTO_E_ARGUMENT, "%s: '%s': named twice, required once", path,
                               items[i].tensor->name);
            goto cleanup;
        }
    }
    qsort(items, count, sizeof(*items), by_width);
    TYTO_CHECK(write_header(items, count, how, path, &header, err));
    TYTO_CHECK(write_file(path, &header, items, count, how, err));
cleanup:
    tyto_buffer_clear(&header);
    free(items);
    return status;
}
