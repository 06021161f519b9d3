/* Vocabularies in files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/npy.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "processors/text/unicode.h"
#include "tasks/vocabulary.h"
#include "tensor/convert.h"

typedef enum kind { SAFETENSORS, NPY, KINDS } kind;

/* By the name's ending; KINDS: it has none of these. */
static kind find_kind(const char *path)
{
    static const char *const endings[] = {".safetensors", ".npy"};
    for (int i = 0; i < KINDS; i++) {
        const size_t length = strlen(path), end = strlen(endings[i]);
        if (length > end && strcmp(path + length - end, endings[i]) == 0) {
            return (kind)i;
        }
    }
    return KINDS;
}

/* Queries of one label come together, at the place of the first: gathered[count,width] in the order
 * of tensors. Returns how many these are; 0 when memory is out. */
static size_t gather(const tyto_vocabulary *vocabulary, float *gathered, tyto_tensor *tensors)
{
    const int64_t width = vocabulary->width, count = vocabulary->count;
    size_t n = 0;
    int64_t at = 0, *first = tyto_alloc((size_t)count, sizeof(*first)),
            *next = tyto_alloc_zeroed((size_t)count, sizeof(*next));
    const bool found =
        first && next && tyto_labels_firsts((const char *const *)vocabulary->labels, count, first);
    for (int64_t i = 0; found && i < count; i++) {
        next[first[i]]++;
    }
    for (int64_t i = 0; found && i < count; i++) {
        if (first[i] == i) {
            const int64_t same = next[i];
            tyto_tensor *tensor = &tensors[n++];
            *tensor = (tyto_tensor){.name = vocabulary->labels[i],
                                    .dtype = TYTO_F32,
                                    .rank = same > 1 ? 2 : 1,
                                    .shape = {same > 1 ? same : width, width},
                                    .data = gathered + at * width};
            next[i] = at;
            at += same;
        }
        memcpy(gathered + next[first[i]]++ * width, vocabulary->features + i * width,
               (size_t)width * sizeof(float));
    }
    free(first);
    free(next);
    return n;
}

static tyto_status save_tensors(const tyto_vocabulary *vocabulary, const char *path,
                                tyto_error *err)
{
    tyto_tensor *tensors = tyto_alloc((size_t)vocabulary->count, sizeof(*tensors));
    float *gathered =
        tyto_alloc((size_t)vocabulary->count, (size_t)vocabulary->width * sizeof(*gathered));
    tyto_status status;
    const size_t n = tensors && gathered ? gather(vocabulary, gathered, tensors) : 0;
    status =
        n > 0 ? tyto_tensor_file_save(path, tensors, (int64_t)n, err) : tyto_fail_memory(err, path);
    free(tensors);
    free(gathered);
    return status;
}

tyto_status tyto_vocabulary_save(const tyto_vocabulary *vocabulary, const char *path,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, vocabulary);
    TYTO_REQUIRE(err, path);
    const kind as = find_kind(path);
    if (as == KINDS) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: required a name that ends in .safetensors or .npy", path);
    }
    if (as == SAFETENSORS) {
        return save_tensors(vocabulary, path, err);
    }
    const tyto_tensor matrix = {.dtype = TYTO_F32,
                                .rank = 2,
                                .shape = {vocabulary->count, vocabulary->width},
                                .data = vocabulary->features};
    return tyto_npy_save(path, &matrix, err);
}

/* Rows of a tensor: 1 of a vector, n of a matrix; 0 when it is neither, or not of floats. */
static int64_t rows_of(const tyto_tensor *tensor, int64_t *width)
{
    const bool floats = tensor->dtype == TYTO_F32 || tensor->dtype == TYTO_F64 ||
                        tensor->dtype == TYTO_F16 || tensor->dtype == TYTO_BF16;
    if (!floats || tensor->rank < 1 || tensor->rank > 2) {
        return 0;
    }
    *width = tensor->shape[tensor->rank - 1];
    return *width < 1 ? 0 : tensor->rank == 1 ? 1 : tensor->shape[0];
}

static tyto_status count_rows(const tyto_tensor *tensors, size_t n, const char *path,
                              int64_t *width, int64_t *total, tyto_error *err)
{
    *total = 0;
    *width = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t this_width = 0;
        const int64_t rows = rows_of(&tensors[i], &this_width);
        const char *name = tensors[i].name ? tensors[i].name : "the matrix";
        if (rows < 1 || (*width && this_width != *width)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: '%.60s': required an embedding, or rows of them, of floats and "
                             "all of one width",
                             path, name);
        }
        *width = this_width;
        *total += rows;
        if (*total > TYTO_VOCABULARY_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT, "%s: required at most %lld embeddings", path,
                             (long long)TYTO_VOCABULARY_MAX);
        }
    }
    return *total ? TYTO_OK
                  : tyto_fail(err, TYTO_E_FORMAT, "%s: no tensor in it, required embeddings", path);
}

/* The label of a row without a name: its number. */
#define NUMBER_BYTES 24

static tyto_status make(const tyto_tensor *tensors, size_t n, const char *path,
                        tyto_vocabulary **out, tyto_error *err)
{
    int64_t width, total, at = 0;
    TYTO_TRY(count_rows(tensors, n, path, &width, &total, err));
    tyto_status status = TYTO_OK;
    float *embeds = NULL;
    const char **labels = tyto_alloc((size_t)total, sizeof(*labels));
    char(*numbers)[NUMBER_BYTES] = tyto_alloc((size_t)total, sizeof(*numbers));
    size_t bytes;
    if (tyto_mul_size((size_t)width, sizeof(float), &bytes)) {
        embeds = tyto_alloc((size_t)total, bytes);
    }
    if (!labels || !numbers || !embeds) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    for (size_t i = 0; i < n; i++) {
        const int64_t elements = tyto_tensor_elements(&tensors[i]);
        tyto_convert(embeds + at * width, TYTO_F32, tensors[i].data, tensors[i].dtype, elements);
        for (int64_t k = 0; k < elements / width; k++, at++) {
            snprintf(numbers[at], NUMBER_BYTES, "%lld", (long long)at);
            labels[at] = tensors[i].name ? tensors[i].name : numbers[at];
        }
    }
    status = tyto_vocabulary_make(embeds, labels, total, width, TYTO_QUERY_KIND_CLASS, out, err);
    if (status != TYTO_OK) {
        tyto_error_prefix(err, path);
    }
cleanup:
    free(labels);
    free(numbers);
    free(embeds);
    return status;
}

/* Takes the file over. */
static tyto_status make_of_file(tyto_tensor_file *file, const char *path, tyto_vocabulary **out,
                                tyto_error *err)
{
    const int64_t n = tyto_tensor_file_count(file);
    tyto_tensor *tensors = tyto_alloc((size_t)n, sizeof(*tensors));
    for (int64_t i = 0; tensors && i < n; i++) {
        tensors[i] = *tyto_tensor_file_at(file, i);
    }
    tyto_status status =
        tensors ? make(tensors, (size_t)n, path, out, err) : tyto_fail_memory(err, path);
    free(tensors);
    tyto_tensor_file_destroy(file);
    return status;
}

static tyto_status make_of_npy(tyto_npy *npy, const char *path, tyto_vocabulary **out,
                               tyto_error *err)
{
    const tyto_status status = make(&npy->tensor, 1, path, out, err);
    tyto_npy_clear(npy);
    return status;
}

/* What a file holds whose name doesn't say it, such as a pipe. */
static tyto_status parse(const char *path, const char *bytes, size_t length, tyto_vocabulary **out,
                         tyto_error *err)
{
    static const char magic[] = "\x93NUMPY";
    size_t at;
    if (length >= sizeof(magic) - 1 && memcmp(bytes, magic, sizeof(magic) - 1) == 0) {
        tyto_npy npy;
        TYTO_TRY(tyto_npy_parse(bytes, length, path, &npy, err));
        return make_of_npy(&npy, path, out, err);
    }
    if (!memchr(bytes, '\0', length) && tyto_utf8_check(bytes, length, &at)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: got a text, required embeddings in .safetensors or .npy (a list of "
                         "names is for --labels)",
                         path);
    }
    tyto_tensor_file *file = NULL;
    TYTO_TRY(tyto_tensor_file_parse(bytes, length, path, &file, err));
    return make_of_file(file, path, out, err);
}

tyto_status tyto_vocabulary_load(const char *path, tyto_vocabulary **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    const kind as = find_kind(path);
    if (as == SAFETENSORS) {
        tyto_tensor_file *file = NULL;
        TYTO_TRY(tyto_tensor_file_open(path, &file, err));
        return make_of_file(file, path, out, err);
    }
    if (as == NPY) {
        tyto_npy npy;
        TYTO_TRY(tyto_npy_load(path, &npy, err));
        return make_of_npy(&npy, path, out, err);
    }
    char *bytes = NULL;
    size_t length = 0;
    const char *name = tyto_file_or_input(path);
    TYTO_TRY(tyto_file_read(name, TYTO_FILE_STREAM_BYTES_MAX, &bytes, &length, err));
    const tyto_status status = parse(name, bytes, length, out, err);
    free(bytes);
    return status;
}
