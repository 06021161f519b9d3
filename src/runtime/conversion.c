#include "runtime/conversion.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"

#define COPY_BYTES ((size_t)64 << 10)
/* Digits that represent any double exactly when it is read back. */
#define DIGITS_MAX 17

/* Files that are copied with a checkpoint, besides those of the processor and the tokenizer. */
static const char *const documents[] = {"README.md", "LICENSE", NULL};
static const char *const *const copied[] = {tyto_companion_files, documents};
#define COPIED (sizeof(copied) / sizeof(copied[0]))

static bool ends_with(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static bool begins_with(const char *name, const char *beginning)
{
    return strncmp(name, beginning, strlen(beginning)) == 0;
}

bool tyto_checkpoint_has_file(const char *name)
{
    for (size_t i = 0; i < COPIED; i++) {
        for (size_t k = 0; copied[i][k]; k++) {
            if (strcmp(name, copied[i][k]) == 0) {
                return true;
            }
        }
    }
    const bool safetensors =
        begins_with(name, "model") &&
        (ends_with(name, ".safetensors") || ends_with(name, ".safetensors.index.json"));
    const bool torch = begins_with(name, "pytorch_model") &&
                       (ends_with(name, ".bin") || ends_with(name, ".bin.index.json"));
    return safetensors || torch || strcmp(name, TYTO_CONFIG_FILE) == 0;
}

static tyto_status fail_errno(tyto_error *err, const char *path)
{
    return tyto_fail(err, errno == ENOMEM ? TYTO_E_MEMORY : TYTO_E_IO, "%s: %s", path,
                     strerror(errno));
}

/* Copies bytes from one open file to another, a small buffer at a time. */
static tyto_status copy_bytes(int origin, const char *origin_name, const char *place,
                              tyto_error *err)
{
    tyto_file_writer writer = {0};
    tyto_status status = TYTO_OK;
    char *bytes = tyto_alloc(COPY_BYTES, 1);
    if (!bytes) {
        return tyto_fail_memory(err, place);
    }
    TYTO_CHECK(tyto_file_writer_open(place, &writer, err));
    ssize_t got;
    do {
        got = read(origin, bytes, COPY_BYTES);
        if (got > 0) {
            fwrite(bytes, 1, (size_t)got, writer.stream);
        }
    } while ((got > 0 && !ferror(writer.stream)) || (got < 0 && errno == EINTR));
    if (got < 0) {
        status = fail_errno(err, origin_name);
        goto cleanup;
    }
    TYTO_CHECK(tyto_file_writer_commit(&writer, err));
cleanup:
    tyto_file_writer_abandon(&writer);
    free(bytes);
    return status;
}

/* Copies the file `name` when it is there. */
static tyto_status copy_file(const char *origin, const char *place, const char *name,
                             tyto_error *err)
{
    tyto_status status = TYTO_OK;
    char *source = tyto_path_join(origin, name), *target = tyto_path_join(place, name);
    if (!source || !target) {
        status = tyto_fail_memory(err, name);
    } else if (tyto_file_exists(source)) {
        const int file = open(source, O_RDONLY | O_CLOEXEC);
        status = file < 0 ? fail_errno(err, source) : copy_bytes(file, source, target, err);
        if (file >= 0) {
            close(file);
        }
    }
    free(target);
    free(source);
    return status;
}

tyto_status tyto_copy_processors(const char *origin, const char *place, tyto_error *err)
{
    for (size_t i = 0; i < COPIED; i++) {
        for (size_t k = 0; copied[i][k]; k++) {
            TYTO_TRY(copy_file(origin, place, copied[i][k], err));
        }
    }
    return TYTO_OK;
}

/* The object as the reference writes it, numbers with no more digits than they need; NULL when
 * memory is out. */
static char *dump(const json_t *object)
{
    for (size_t digits = 1; digits <= DIGITS_MAX; digits++) {
        char *text = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII |
                                            JSON_REAL_PRECISION(digits));
        json_t *back = NULL;
        /* jansson's own parser reads past a text when memory is out, so ours parses it. */
        const bool same =
            text && tyto_json_parse(text, strlen(text), TYTO_CONFIG_FILE, &back, NULL) == TYTO_OK &&
            json_equal(back, object);
        json_decref(back);
        if (same) {
            return text;
        }
        free(text);
    }
    return NULL;
}

tyto_status tyto_write_json(const json_t *object, const char *path, tyto_error *err)
{
    char *text = dump(object);
    if (!text) {
        return tyto_fail_memory(err, path);
    }
    tyto_file_writer writer;
    tyto_status status = tyto_file_writer_open(path, &writer, err);
    if (status == TYTO_OK) {
        fputs(text, writer.stream);
        fputc('\n', writer.stream);
        status = tyto_file_writer_commit(&writer, err);
    }
    free(text);
    return status;
}

tyto_status tyto_copy_config(const char *origin, const char *place, const char *torch_dtype,
                             tyto_error *err)
{
    json_t *config = NULL;
    tyto_status status = TYTO_OK;
    if (!torch_dtype) {
        return copy_file(origin, place, TYTO_CONFIG_FILE, err);
    }
    char *source = tyto_path_join(origin, TYTO_CONFIG_FILE),
         *target = tyto_path_join(place, TYTO_CONFIG_FILE);
    if (!source || !target) {
        status = tyto_fail_memory(err, TYTO_CONFIG_FILE);
        goto cleanup;
    }
    TYTO_CHECK(tyto_json_load(source, &config, err));
    if (json_object_set_new(config, "torch_dtype", json_string(torch_dtype)) != 0) {
        status = tyto_fail_memory(err, TYTO_CONFIG_FILE);
        goto cleanup;
    }
    TYTO_CHECK(tyto_write_json(config, target, err));
cleanup:
    json_decref(config);
    free(target);
    free(source);
    return status;
}

tyto_status tyto_fail_in_place(const tyto_folder_writer *folder, tyto_status status,
                               tyto_error *own, tyto_error *err)
{
    if (status != TYTO_OK) {
        const char *text = tyto_error_message(own);
        const size_t length = strlen(folder->temporary);
        const bool ours = strncmp(text, folder->temporary, length) == 0;
        status =
            tyto_fail(err, status, "%s%s", ours ? folder->path : "", ours ? text + length : text);
    }
    tyto_error_clear(own);
    return status;
}

void tyto_convert_options_init(tyto_convert_options *options, size_t struct_bytes)
{
    static const tyto_convert_options defaults = {.struct_bytes = sizeof(defaults),
                                                  .precision = TYTO_PRECISION_DEFAULT};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_convert_options_take(const tyto_convert_options *given, tyto_convert_options *own,
                                      tyto_error *err)
{
    tyto_convert_options_init(own, sizeof(*own));
    return tyto_options_read(own, sizeof(*own), given, "tyto_convert_options", err);
}

bool tyto_convert_progress(const tyto_convert_options *options, const char *file, uint64_t done,
                           uint64_t total)
{
    const tyto_progress progress = {
        .stage = "weights", .subject = file, .done = (int64_t)done, .total = (int64_t)total};
    return !options->progress || options->progress(options->progress_user, &progress);
}
