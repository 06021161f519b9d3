#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tyto/memory.h>
#include <tyto/npy.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tensor/tensor.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
/* Data begins at a multiple of this. */
#define HEADER_ALIGN 64
#define HEADER_BYTES_MAX 65536

/* NumPy's spelling of each type; '<' and '|' are interchangeable where a number has one byte. */
static const struct {
    const char *descr;
    tyto_dtype dtype;
} types[] = {
    {"<f4", TYTO_F32}, {"<f8", TYTO_F64}, {"<f2", TYTO_F16}, {"<i8", TYTO_I64},
    {"<i4", TYTO_I32}, {"<i2", TYTO_I16}, {"|i1", TYTO_I8},  {"<u8", TYTO_U64},
    {"<u4", TYTO_U32}, {"<u2", TYTO_U16}, {"|u1", TYTO_U8},  {"|b1", TYTO_BOOL},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* The header is a dict as Python writes it: read by hand, since only three fields can be in it. */
typedef struct text_reader {
    const char *at, *end;
} text_reader;

static void skip_spaces(text_reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\n", *reader->at) && *reader->at) {
        reader->at++;
    }
}

static bool take(text_reader *reader, const char *word)
{
    const size_t length = strlen(word);
    skip_spaces(reader);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

/* 'text' or "text", of at most bytes−1 letters. */
static bool take_quoted(text_reader *reader, char *out, size_t bytes)
{
    skip_spaces(reader);
    const char quote = reader->at < reader->end ? *reader->at : '\0';
    if (quote != '\'' && quote != '"') {
        return false;
    }
    const char *start = ++reader->at, *close = memchr(start, quote, (size_t)(reader->end - start));
    if (!close || (size_t)(close - start) >= bytes) {
        return false;
    }
    memcpy(out, start, (size_t)(close - start));
    out[close - start] = '\0';
    reader->at = close + 1;
    return true;
}

static bool take_size(text_reader *reader, int64_t *out)
{
    skip_spaces(reader);
    const char *start = reader->at;
    int64_t value = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        if (!tyto_mul_i64(value, 10, &value) ||
            __builtin_add_overflow(value, *reader->at - '0', &value)) {
            return false;
        }
    }
    *out = value;
    return reader->at > start;
}

/* (), (3,), (3, 4) */
static bool take_shape(text_reader *reader, tyto_tensor *tensor)
{
    tensor->rank = 0;
    if (!take(reader, "(")) {
        return false;
    }
    while (!take(reader, ")")) {
        if (tensor->rank == TYTO_RANK_MAX || !take_size(reader, &tensor->shape[tensor->rank++])) {
            return false;
        }
        if (!take(reader, ",")) {
            return take(reader, ")");
        }
    }
    return true;
}

typedef struct header {
    char descr[16];
    bool columns_first, has_descr, has_order, has_shape;
    tyto_tensor tensor;
} header;

static bool read_field(text_reader *reader, header *out)
{
    char key[16];
    if (!take_quoted(reader, key, sizeof(key)) || !take(reader, ":")) {
        return false;
    }
    if (strcmp(key, "descr") == 0) {
        out->has_descr = true;
        return take_quoted(reader, out->descr, sizeof(out->descr));
    }
    if (strcmp(key, "fortran_order") == 0) {
        out->has_order = true;
        out->columns_first = take(reader, "True");
        return out->columns_first || take(reader, "False");
    }
    out->has_shape = true;
    return strcmp(key, "shape") == 0 && take_shape(reader, &out->tensor);
}

static bool read_header(text_reader reader, header *out)
{
    if (!take(&reader, "{")) {
        return false;
    }
    while (!take(&reader, "}")) {
        if (!read_field(&reader, out)) {
            return false;
        }
        if (!take(&reader, ",")) {
            if (!take(&reader, "}")) {
                return false;
            }
            break;
        }
    }
    return out->has_descr && out->has_order && out->has_shape;
}

static bool find_type(const char *descr, tyto_dtype *out)
{
    for (size_t i = 0; i < TYPES; i++) {
        const bool same_end = strcmp(descr + (*descr != '\0'), types[i].descr + 1) == 0;
        const bool one_byte = types[i].descr[0] == '|';
        if (same_end && (*descr == types[i].descr[0] || (one_byte && *descr == '<'))) {
            *out = types[i].dtype;
            return true;
        }
    }
    return false;
}

static tyto_status check_header(header *head, size_t data_bytes, const char *name, tyto_error *err)
{
    size_t bytes;
    if (!find_type(head->descr, &head->tensor.dtype)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: descr: got '%s', required little-endian numbers such as '<f4'", name,
                         head->descr);
    }
    if (head->columns_first && head->tensor.rank > 1) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: fortran_order: got True, required False",
                         name);
    }
    if (!tyto_tensor_bytes(&head->tensor, &bytes) || bytes != data_bytes) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: got %zu bytes of data, required as many as the shape has", name,
                         data_bytes);
    }
    return TYTO_OK;
}

tyto_status tyto_npy_parse(const void *bytes, size_t length_bytes, const char *name, tyto_npy *out,
                           tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    tyto_cursor cursor = tyto_cursor_over(bytes, length_bytes);
    const uint8_t *magic = tyto_cursor_take(&cursor, MAGIC_BYTES);
    header found = {.has_descr = false};
    *out = (tyto_npy){0};
    if (!magic || memcmp(magic, MAGIC, MAGIC_BYTES) != 0) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: required a .npy file, which begins with \\x93NUMPY", name);
    }
    const uint64_t major = tyto_cursor_little(&cursor, 1), minor = tyto_cursor_little(&cursor, 1);
    if (major < 1 || major > 3 || minor != 0) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got format %" PRIu64 ".%" PRIu64 ", required 1.0, 2.0 or 3.0", name,
                         major, minor);
    }
    const uint64_t size = tyto_cursor_little(&cursor, major == 1 ? 2 : 4);
    const char *text =
        size <= HEADER_BYTES_MAX ? (const char *)tyto_cursor_take(&cursor, (size_t)size) : NULL;
    if (!text || !read_header((text_reader){text, text + size}, &found)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: header: required descr, fortran_order and shape",
                         name);
    }
    TYTO_TRY(check_header(&found, length_bytes - cursor.at, name, err));
    out->memory = tyto_alloc(length_bytes - cursor.at, 1);
    if (!out->memory) {
        return tyto_fail_memory(err, name);
    }
    memcpy(out->memory, cursor.data + cursor.at, length_bytes - cursor.at);
    out->tensor = found.tensor;
    out->tensor.data = out->memory;
    return TYTO_OK;
}

tyto_status tyto_npy_load(const char *path, tyto_npy *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    char *bytes = NULL;
    size_t length;
    *out = (tyto_npy){0};
    TYTO_TRY(tyto_file_read(path, TYTO_NPY_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_npy_parse(bytes, length, path, out, err);
    tyto_free(bytes);
    return status;
}

void tyto_npy_clear(tyto_npy *npy)
{
    if (npy) {
        tyto_free(npy->memory);
        *npy = (tyto_npy){0};
    }
}

/* The dict of a tensor; false when its type has no spelling. */
static bool write_dict(const tyto_tensor *tensor, char *out, size_t bytes)
{
    const char *descr = NULL;
    char shape[32 * TYTO_RANK_MAX];
    size_t at = 0;
    for (size_t i = 0; i < TYPES; i++) {
        descr = types[i].dtype == tensor->dtype ? types[i].descr : descr;
    }
    shape[0] = '\0';
    for (int i = 0; i < tensor->rank; i++) {
        at += (size_t)snprintf(shape + at, sizeof(shape) - at, "%s%" PRId64, i ? ", " : "",
                               tensor->shape[i]);
    }
    snprintf(out, bytes, "{'descr': '%s', 'fortran_order': False, 'shape': (%s%s), }",
             descr ? descr : "", shape, tensor->rank == 1 ? "," : "");
    return descr != NULL;
}

tyto_status tyto_npy_save(const char *path, const tyto_tensor *tensor, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, tensor);
    char dict[HEADER_ALIGN * 8];
    int64_t count = 1;
    bool valid = tensor->rank >= 0 && tensor->rank <= TYTO_RANK_MAX;
    for (int i = 0; valid && i < tensor->rank; i++) {
        valid = tensor->shape[i] >= 0 && tyto_mul_i64(count, tensor->shape[i], &count);
    }
    if (!valid || (count > 0 && !tensor->data)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: required a tensor with a shape and data", path);
    }
    if (!write_dict(tensor, dict, sizeof(dict))) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: got %s, required a type that NumPy has",
                         path, tyto_dtype_name(tensor->dtype));
    }
    const size_t before = MAGIC_BYTES + 4, length = strlen(dict) + 1,
                 padded = (before + length + HEADER_ALIGN - 1) / HEADER_ALIGN * HEADER_ALIGN,
                 size = padded - before;
    tyto_file_writer writer;
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    fwrite(MAGIC "\x01\x00", 1, MAGIC_BYTES + 2, writer.stream);
    fputc((int)(size & 0xff), writer.stream);
    fputc((int)(size >> 8), writer.stream);
    fprintf(writer.stream, "%s%*s\n", dict, (int)(size - length), "");
    if (count > 0) {
        fwrite(tensor->data, tyto_dtype_bytes(tensor->dtype), (size_t)count, writer.stream);
    }
    return tyto_file_writer_commit(&writer, err);
}
