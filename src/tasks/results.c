/* Documents on their way to a place. */
#include <tyto/results.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/files.h>
#include <tyto/output.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/output.h"
#include "results/document.h"

/* Most bytes of an earlier run's file. */
#define HELD_BYTES_MAX TYTO_DOCUMENT_BYTES_MAX

struct tyto_results {
    tyto_results_options options;
    tyto_output *output; /* NULL: the document's files go to a folder */
    char *path;          /* NULL: standard output */
    bool folder;
    bool placed, failed; /* failed: a write did, and no further record is written */
    bool cut;            /* failed, but what came before can be closed */
    bool *done;          /* per input; NULL: none is */
    tyto_document *document;
    int64_t count;
};

static const tyto_results_options defaults = {.struct_bytes = sizeof(defaults)};

void tyto_results_options_init(tyto_results_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* No two inputs may have one file in the folder. */
static tyto_status check_files(const tyto_results_options *options, tyto_error *err)
{
    const int64_t count = options->n_inputs;
    int64_t first = -1, second = -1;
    char **names = tyto_alloc_zeroed((size_t)count, sizeof(*names));
    bool good = names != NULL;
    for (int64_t i = 0; good && i < count; i++) {
        names[i] = tyto_document_photo_file(options->format, options->mirrored, options->inputs[i]);
        good = names[i] != NULL;
    }
    tyto_status status =
        good ? tyto_names_find_same((const char *const *)names, count, &first, &second, err)
             : tyto_fail_memory(err, "results");
    if (first >= 0) {
        status = tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s and %s: both would be written to '%s', required different names",
                           options->inputs[first], options->inputs[second], names[first]);
    }
    for (int64_t i = 0; names && i < count; i++) {
        free(names[i]);
    }
    free(names);
    return status;
}

static bool is_folder(const tyto_results_options *options)
{
    const char *path = options->path;
    const size_t length = path ? strlen(path) : 0;
    return path && tyto_format_has_files(options->format) &&
           (options->n_inputs > 1 || tyto_folder_exists(path) || length < 4 ||
            strcmp(path + length - 4, options->format == TYTO_FORMAT_VOC ? ".xml" : ".txt") != 0);
}

static tyto_status check(const tyto_results_options *options, tyto_error *err)
{
    const char *path = options->path;
    struct stat here, there;
    TYTO_TRY(tyto_check_list(options->inputs, options->n_inputs, "inputs", err));
    TYTO_TRY(tyto_check_list(options->spared, options->n_spared, "spared", err));
    if (options->resume && (!path || options->format == TYTO_FORMAT_TEXT)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "got %s, which can't be gone on with; required a %s",
                         path ? "tables" : "standard output",
                         path ? "format for programs" : "file or a folder");
    }
    const size_t length = path ? strlen(path) : 0;
    if (length > 0 && !tyto_format_has_files(options->format) &&
        (path[length - 1] == '/' || tyto_folder_exists(path))) {
        return tyto_fail(
            err, TYTO_E_ARGUMENT,
            "got the folder %s for results in one file, required a file, such as "
            "%s%sfound.%s%s",
            path, path, path[length - 1] == '/' ? "" : "/",
            options->format == TYTO_FORMAT_TEXT ? "txt" : tyto_format_name(options->format),
            options->formats ? "" : ", or a format with a file for each photo: yolo or voc");
    }
    for (int64_t i = 0; i < options->n_spared && path && stat(path, &here) == 0; i++) {
        if (stat(options->spared[i], &there) == 0 && here.st_dev == there.st_dev &&
            here.st_ino == there.st_ino) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s is one of the photos, required another place", path);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_results_open(const tyto_results_options *options, tyto_results **out,
                              tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_results_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_results_options", err));
    const char *path = own.path = own.path && strcmp(own.path, "-") != 0 ? own.path : NULL;
    if (own.by_ending) {
        own.format = TYTO_FORMAT_JSON; /* any that is read back, until it is known */
    }
    TYTO_TRY(check(&own, err));
    if (own.by_ending) {
        TYTO_TRY(tyto_format_choose(path, own.formats, own.n_formats, &own.format, err));
        TYTO_TRY(check(&own, err));
    }
    tyto_results *results = tyto_alloc_zeroed(1, sizeof(*results));
    if (!results) {
        return tyto_fail_memory(err, "results");
    }
    results->options = own;
    results->folder = is_folder(&own);
    results->path = path ? tyto_copy_text(path, strlen(path)) : NULL;
    if (path && !results->path) {
        status = tyto_fail_memory(err, path);
        goto cleanup;
    }
    if (results->folder) {
        TYTO_CHECK(check_files(&own, err));
        TYTO_CHECK(tyto_output_make_folder(path, err));
    } else {
        TYTO_CHECK(tyto_output_open(path ? path : "-", &results->output, err));
    }
    *out = results;
cleanup:
    if (status != TYTO_OK) {
        tyto_results_destroy(results);
    }
    return status;
}

void tyto_results_destroy(tyto_results *results)
{
    if (results) {
        tyto_document_destroy(results->document);
        tyto_output_destroy(results->output);
        free(results->path);
        free(results->done);
        free(results);
    }
}

tyto_format tyto_results_format(const tyto_results *results)
{
    return results ? results->options.format : TYTO_FORMAT_TEXT;
}

bool tyto_results_in_folder(const tyto_results *results)
{
    return results && results->folder;
}

tyto_document *tyto_results_document(const tyto_results *results)
{
    return results ? results->document : NULL;
}

int64_t tyto_results_count(const tyto_results *results)
{
    return results ? results->count : 0;
}

const bool *tyto_results_done(const tyto_results *results)
{
    return results ? results->done : NULL;
}

/* A file of its own, or what comes next. */
static tyto_status put(const tyto_results *results, const tyto_bytes *bytes, tyto_error *err)
{
    const char *name = tyto_document_file(results->document);
    if (!name && results->folder) {
        return TYTO_OK; /* after the last record there is nothing to write */
    }
    if (!name) {
        TYTO_TRY(tyto_output_write(results->output, bytes->data, bytes->length_bytes, err));
        return tyto_output_flush(results->output, err);
    }
    char *path = tyto_path_join(results->path, name);
    tyto_status status = tyto_folder_make_within(results->path, name, err);
    if (status != TYTO_OK) {
        free(path);
        return status;
    }
    status = path ? tyto_bytes_save(path, bytes, err) : tyto_fail_memory(err, results->path);
    free(path);
    return status;
}

/* Whether what there is of a document is one, so that its file may grow in its place. */
static bool grows(const tyto_results *results)
{
    return tyto_format_grows(results->document->format);
}

/* The first file of a folder, if it is there already, is the same. */
static tyto_status check_first(const tyto_results *results, const tyto_bytes *bytes,
                               tyto_error *err)
{
    const char *name = tyto_document_file(results->document);
    char *path = name ? tyto_path_join(results->path, name) : NULL, *held = NULL;
    size_t length = 0;
    tyto_status status = TYTO_OK;
    if (name && !path) {
        return tyto_fail_memory(err, results->path);
    }
    if (path && tyto_file_exists(path)) {
        status = tyto_file_read(path, HELD_BYTES_MAX, &held, &length, err);
        if (status == TYTO_OK && (length != bytes->length_bytes ||
                                  (length > 0 && memcmp(held, bytes->data, length) != 0))) {
            status = tyto_fail(err, TYTO_E_ARGUMENT,
                               "%s: got results of other labels, required those of this run", path);
        }
    }
    free(held);
    free(path);
    return status;
}

static bool is_wanted(const tyto_results *results, int64_t input)
{
    const tyto_results_options *options = &results->options;
    return !options->drawn || tyto_destination_has(options->drawn, options->inputs[input]);
}

/* Inputs that have a file in the folder are done. */
static tyto_status find_files(const tyto_results *results, tyto_error *err)
{
    const tyto_results_options *options = &results->options;
    for (int64_t i = 0; i < options->n_inputs; i++) {
        char *name =
            tyto_document_photo_file(options->format, options->mirrored, options->inputs[i]);
        char *path = name ? tyto_path_join(results->path, name) : NULL;
        results->done[i] = path && tyto_file_exists(path) && is_wanted(results, i);
        free(name);
        if (!path) {
            return tyto_fail_memory(err, results->path);
        }
        free(path);
    }
    return TYTO_OK;
}

/* The one photo's own file is there: it stays as it is. */
static void keep_file(const tyto_results *results, char *bytes, size_t length, tyto_bytes *out)
{
    results->done[0] = is_wanted(results, 0);
    if (results->done[0]) {
        *out = (tyto_bytes){.data = bytes, .length_bytes = length};
    } else {
        free(bytes);
    }
}

/* Takes the records of the file back that is there; none is there to begin with. */
static tyto_status take_back(const tyto_results *results, tyto_bytes *out, tyto_error *err)
{
    const tyto_results_options *options = &results->options;
    char *bytes = NULL;
    size_t length = 0;
    if (tyto_file_exists(results->path)) {
        TYTO_TRY(tyto_file_read(results->path, HELD_BYTES_MAX, &bytes, &length, err));
    }
    if (bytes && tyto_format_has_files(options->format) && options->n_inputs == 1) {
        keep_file(results, bytes, length, out);
        return TYTO_OK;
    }
    bool *wanted = tyto_alloc((size_t)options->n_inputs, sizeof(*wanted));
    for (int64_t i = 0; wanted && i < options->n_inputs; i++) {
        wanted[i] = is_wanted(results, i);
    }
    const tyto_status status =
        wanted ? tyto_document_resume(results->document, bytes, length, options->inputs,
                                      options->n_inputs, wanted, results->done, out, err)
               : tyto_fail_memory(err, results->path);
    free(wanted);
    free(bytes);
    if (status != TYTO_OK && status != TYTO_E_MEMORY) {
        tyto_error_prefix(err, results->path);
    }
    return status;
}

/* What an earlier run left, and the first bytes. */
static tyto_status begin_again(tyto_results *results, const tyto_bytes *bytes, tyto_error *err)
{
    tyto_bytes kept = {0};
    results->done = tyto_alloc_zeroed((size_t)results->options.n_inputs, sizeof(*results->done));
    if (!results->done) {
        return tyto_fail_memory(err, "results");
    }
    if (results->folder) {
        TYTO_TRY(check_first(results, bytes, err));
        TYTO_TRY(find_files(results, err));
        TYTO_TRY(put(results, bytes, err));
    } else {
        TYTO_TRY(put(results, bytes, err));
        TYTO_TRY(take_back(results, &kept, err));
        const tyto_status status = put(results, &kept, err);
        tyto_bytes_clear(&kept);
        TYTO_TRY(status);
    }
    for (int64_t i = 0; i < results->options.n_inputs; i++) {
        results->count += results->done[i];
    }
    return TYTO_OK;
}

tyto_status tyto_results_begin(tyto_results *results, tyto_document *document, tyto_bytes *bytes,
                               tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, results);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, bytes);
    tyto_status status;
    if (results->document) {
        tyto_document_destroy(document);
        status = tyto_fail(err, TYTO_E_ARGUMENT, "results: they were begun already, required once");
    } else {
        results->document = document;
        status =
            results->options.resume ? begin_again(results, bytes, err) : put(results, bytes, err);
    }
    tyto_bytes_clear(bytes);
    return status;
}

/* Before a record is written, there is room for the end as well. */
static tyto_status put_record(const tyto_results *results, const tyto_bytes *bytes, tyto_error *err)
{
    if (results->output && !grows(results) && results->document->records > 0) {
        const size_t end = tyto_document_end_bytes(results->document);
        TYTO_TRY(tyto_output_reserve(results->output, bytes->length_bytes + end, err));
    }
    return put(results, bytes, err);
}

/* When a disk is full, what was finished stays: whole lines, or a document that is closed, of which
 * the message says how much it holds. */
static void cut(tyto_results *results, tyto_status status, tyto_error *err)
{
    if (!results->output || status != TYTO_E_IO || results->failed) {
        return;
    }
    results->cut = tyto_output_take_back(results->output) && !grows(results) &&
                   tyto_document_forget(results->document);
    const char *message = results->cut && err ? tyto_error_message(err) : "";
    char *why = tyto_copy_text(message, strlen(message));
    if (why && *why) {
        tyto_error_clear(err);
        tyto_fail(err, status, "%s; it holds the %lld before", why, (long long)results->count);
    }
    free(why);
}

tyto_status tyto_results_add(tyto_results *results, tyto_bytes *bytes, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, results);
    TYTO_REQUIRE(err, bytes);
    tyto_status status =
        results->document
            ? put_record(results, bytes, err)
            : tyto_fail(err, TYTO_E_ARGUMENT, "results: they weren't begun, required that first");
    tyto_bytes_clear(bytes);
    if (status == TYTO_OK && !results->folder && !results->placed && grows(results)) {
        status = tyto_output_place(results->output, err);
        results->placed = status == TYTO_OK;
    }
    if (results->document && status != TYTO_OK) {
        cut(results, status, err);
    }
    results->failed = results->failed || status != TYTO_OK;
    results->count += status == TYTO_OK;
    return status;
}

/* What comes after the last record, part by part. */
static tyto_status put_end(const tyto_results *results, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    for (bool more = true; more && status == TYTO_OK;) {
        tyto_bytes bytes;
        status = tyto_document_end_part(results->document, &bytes, &more, err);
        if (status == TYTO_OK) {
            status = put(results, &bytes, err);
        }
        tyto_bytes_clear(&bytes);
    }
    return status;
}

tyto_status tyto_results_end(tyto_results *results, bool keep, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, results);
    const bool closes = !results->failed || results->cut;
    keep = keep || results->cut;
    if (results->document && closes) {
        status = put_end(results, err);
    }
    if (results->output && closes && ((status == TYTO_OK && keep) || !results->path)) {
        const tyto_status committed = tyto_output_commit(results->output, status ? NULL : err);
        status = status == TYTO_OK ? committed : status;
    }
    tyto_output_destroy(results->output);
    results->output = NULL;
    tyto_document_destroy(results->document);
    results->document = NULL;
    return status;
}
