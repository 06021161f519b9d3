#include "weights/packed_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/safetensors.h"

#define FORMAT "tyto-packed"
#define VERSION "1"
/* The data of a file begins at a multiple of it: a page of any system in use. */
#define PAGE_BYTES ((size_t)65536)
/* Widest tile that can be. */
#define COLUMNS_MAX 1024
/* Longest name of a field: a type, a word, and a parameter's name. */
#define NAME_BYTES 600
/* Bytes that are written at once. */
#define CHUNK_BYTES ((size_t)1 << 20)

/* What a field can be of. */
static const tyto_dtype dtypes[] = {TYTO_F32, TYTO_BF16, TYTO_F16, TYTO_F64, TYTO_I8};
#define DTYPES (sizeof(dtypes) / sizeof(dtypes[0]))

static bool is_text(const tyto_tensor_file *file, const char *key, const char *text)
{
    const char *value = tyto_tensor_file_metadata(file, key);
    return value && strcmp(value, text) == 0;
}

static bool read_precision(const char *text, tyto_precision *out)
{
    for (int i = 0; text && i < TYTO_PRECISION_AUTO; i++) {
        if (strcmp(text, tyto_precision_name((tyto_precision)i)) == 0) {
            *out = (tyto_precision)i;
            return true;
        }
    }
    return false;
}

tyto_status tyto_packed_layout_read(const tyto_tensor_file *file, const char *file_name,
                                    tyto_packed_layout *out, tyto_error *err)
{
    *out = (tyto_packed_layout){0};
    if (!is_text(file, "format", FORMAT)) {
        return TYTO_OK;
    }
    if (!is_text(file, "version", VERSION) ||
        !read_precision(tyto_tensor_file_metadata(file, "precision"), &out->precision)) {
        const char *version = tyto_tensor_file_metadata(file, "version");
        const char *precision = tyto_tensor_file_metadata(file, "precision");
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got packed weights of version '%.20s' and precision '%.20s', "
                         "required version " VERSION " and a precision of this build; convert the "
                         "checkpoint again",
                         file_name, version ? version : "", precision ? precision : "");
    }
    const char *columns = tyto_tensor_file_metadata(file, "columns");
    const long width = columns ? strtol(columns, NULL, 10) : 0;
    if (width < 1 || width > COLUMNS_MAX) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: columns: got '%.20s', required 1 to %d",
                         file_name, columns ? columns : "", COLUMNS_MAX);
    }
    out->columns = width;
    const char *digits = tyto_tensor_file_metadata(file, "digits");
    out->digits = digits != NULL;
    if (digits && strcmp(digits, "4") != 0) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got packed weights of '%.20s' digits, required 4; convert the "
                         "checkpoint again",
                         file_name, digits);
    }
    if (out->digits && width % TYTO_DIGITS_COLUMNS != 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: columns: got %ld, required a multiple of %d",
                         file_name, width, TYTO_DIGITS_COLUMNS);
    }
    return TYTO_OK;
}

static void name_field(char out[NAME_BYTES], bool matrix, tyto_dtype dtype, const char *name)
{
    snprintf(out, NAME_BYTES, "%s%s:%s", matrix ? "packed " : "", tyto_dtype_name(dtype), name);
}

tyto_packed_field tyto_packed_find(const tyto_tensor_file *file, bool matrix, const char *name)
{
    for (size_t i = 0; i < DTYPES; i++) {
        char full[NAME_BYTES];
        name_field(full, matrix, dtypes[i], name);
        const tyto_tensor *tensor = tyto_tensor_file_find(file, full);
        if (tensor) {
            return (tyto_packed_field){tensor, dtypes[i]};
        }
    }
    return (tyto_packed_field){0};
}

bool tyto_weights_have(const tyto_tensor_file *file, const char *name)
{
    return tyto_tensor_file_find(file, name) || tyto_packed_find(file, false, name).tensor;
}

static size_t padded(size_t bytes)
{
    return (bytes + TYTO_ALIGN - 1) / TYTO_ALIGN * TYTO_ALIGN;
}

bool tyto_packed_fits(const tyto_packed_field *field, size_t bytes)
{
    const tyto_tensor *tensor = field->tensor;
    return tensor->dtype == TYTO_U8 && tensor->rank == 1 && bytes <= SIZE_MAX - TYTO_ALIGN &&
           (size_t)tensor->shape[0] == padded(bytes) && (uintptr_t)tensor->data % TYTO_ALIGN == 0;
}

bool tyto_packed_fields_add(tyto_packed_fields *fields, bool matrix, tyto_dtype dtype,
                            const char *name, const void *data, size_t bytes)
{
    char full[NAME_BYTES];
    name_field(full, matrix, dtype, name);
    if (fields->count == fields->capacity) {
        const size_t capacity = fields->capacity ? 2 * fields->capacity : 256;
        void *entries = tyto_realloc(fields->entries, capacity, sizeof(*fields->entries));
        if (!entries) {
            return false;
        }
        fields->entries = entries;
        fields->capacity = capacity;
    }
    char *copy = tyto_copy_text(full, strlen(full));
    if (!copy) {
        return false;
    }
    fields->entries[fields->count++] = (struct tyto_packed_entry){copy, data, bytes};
    return true;
}

void tyto_packed_fields_clear(tyto_packed_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        free(fields->entries[i].name);
    }
    free(fields->entries);
    *fields = (tyto_packed_fields){0};
}

typedef struct writing {
    const struct tyto_packed_entry **entries; /* each once */
    size_t count;
    const char *path;
    tyto_packed_progress_fn progress;
    void *user;
    size_t next; /* field to write: all have one type, so they come as they are given */
    uint64_t done, total;
} writing;

static tyto_status put(void *user, const tyto_tensor *tensor, FILE *stream, tyto_error *err)
{
    (void)tensor;
    static const uint8_t zeros[TYTO_ALIGN];
    writing *job = user;
    const struct tyto_packed_entry *entry = job->entries[job->next++];
    for (size_t at = 0; at < entry->bytes && !ferror(stream); at += CHUNK_BYTES) {
        const size_t count = entry->bytes - at < CHUNK_BYTES ? entry->bytes - at : CHUNK_BYTES;
        fwrite((const char *)entry->data + at, 1, count, stream);
        job->done += count;
        if (job->progress && !job->progress(job->user, job->done, job->total)) {
            return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", job->path);
        }
    }
    fwrite(zeros, 1, padded(entry->bytes) - entry->bytes, stream);
    return TYTO_OK;
}

/* A tensor that several fields were bound to is written once. */
static void keep_each_once(writing *job, const tyto_packed_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct tyto_packed_entry *entry = &fields->entries[i];
        bool known = false;
        for (size_t k = 0; k < job->count && !known; k++) {
            known = strcmp(job->entries[k]->name, entry->name) == 0;
        }
        if (!known) {
            job->entries[job->count++] = entry;
            job->total += entry->bytes;
        }
    }
}

tyto_status tyto_packed_file_write(const char *path, const tyto_packed_fields *fields,
                                   const tyto_packed_layout *layout, const char *isa,
                                   tyto_packed_progress_fn progress, void *user, tyto_error *err)
{
    char metadata[256];
    writing job = {.path = path, .progress = progress, .user = user};
    tyto_status status;
    tyto_tensor *tensors = tyto_alloc(fields->count, sizeof(*tensors));
    job.entries = tyto_alloc(fields->count, sizeof(*job.entries));
    if (!tensors || !job.entries) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    keep_each_once(&job, fields);
    for (size_t i = 0; i < job.count; i++) {
        tensors[i] = (tyto_tensor){.name = job.entries[i]->name,
                                   .dtype = TYTO_U8,
                                   .rank = 1,
                                   .shape = {(int64_t)padded(job.entries[i]->bytes)}};
    }
    snprintf(metadata, sizeof(metadata),
             "{\"format\":\"" FORMAT "\",\"version\":\"" VERSION "\",\"precision\":\"%s\","
             "\"columns\":\"%" PRId64 "\",%s\"isa\":\"%s\"}",
             tyto_precision_name(layout->precision), layout->columns,
             layout->digits ? "\"digits\":\"4\"," : "", isa);
    const tyto_tensor_writing how = {
        .metadata = metadata, .align = PAGE_BYTES, .put = put, .user = &job};
    status = tyto_tensor_file_write(path, tensors, job.count, &how, err);
cleanup:
    free(job.entries);
    free(tensors);
    return status;
}
