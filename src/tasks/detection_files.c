/* Files of detections in a folder: what they must not replace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/destination.h>
#include <tyto/detection_document.h>
#include <tyto/files.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "results/documents/detections.h"

/* Lines that are there already mean what they say by the names that are there. */
static tyto_status check_names(const tyto_detection_document_options *options, const char *path,
                               tyto_error *err)
{
    tyto_file_list lines;
    if (!tyto_file_exists(path)) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_file_lines_read(path, false, &lines, err));
    int64_t same = 0;
    while (same < lines.count && same < options->n_labels &&
           strcmp(lines.items[same], options->labels[same]) == 0) {
        same++;
    }
    tyto_status status = TYTO_OK;
    if (same < lines.count || same < options->n_labels) {
        const bool there = same < lines.count, more = same < options->n_labels;
        const char *quote = there ? "'" : "", *other = more ? "'" : "";
        status = tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s: line %lld is %s%s%s, required %s%s%s: labels that are there are "
                           "numbered by it",
                           path, (long long)same + 1, quote, there ? lines.items[same] : "missing",
                           quote, other, more ? options->labels[same] : "no more", other);
    }
    tyto_file_list_clear(&lines);
    return status;
}

static tyto_status check_file(const char *folder, const char *name, const char *const *inputs,
                              int64_t n_inputs, tyto_error *err)
{
    char *path = name ? tyto_path_join(folder, name) : NULL;
    const tyto_status status =
        path ? tyto_inputs_spare("-o", path, inputs, n_inputs, err) : tyto_fail_memory(err, folder);
    free(path);
    return status;
}

static bool is_output(const char *path)
{
    return !path || strcmp(path, "-") == 0;
}

/* Whether two names end alike, as "a.txt" and "b.txt". */
static bool end_alike(const char *one, const char *other)
{
    const char *a = strrchr(tyto_path_base(one), '.'), *b = strrchr(other, '.');
    return a && b && a != tyto_path_base(one) && strcmp(a, b) == 0;
}

bool tyto_detection_files_wanted(const tyto_detection_document_options *options, const char *path)
{
    char *file = options ? tyto_format_photo_file(options->format, "-") : NULL;
    const bool wanted =
        file && !is_output(path) &&
        (options->n_photos > 1 || tyto_folder_exists(path) || !end_alike(path, file));
    free(file);
    return wanted;
}

static tyto_status check_folder(const tyto_detection_document_options *options, const char *folder,
                                const char *const *inputs, int64_t n_inputs, tyto_error *err)
{
    TYTO_REQUIRE(err, folder);
    for (int64_t i = 0; options->photos && i < options->n_photos; i++) {
        char *name =
            tyto_document_photo_file(options->format, options->mirrored, options->photos[i]);
        const tyto_status status = check_file(folder, name, inputs, n_inputs, err);
        free(name);
        TYTO_TRY(status);
    }
    if (options->format != TYTO_FORMAT_YOLO) {
        return TYTO_OK;
    }
    if (options->data_yaml) {
        TYTO_TRY(check_file(folder, TYTO_YOLO_DATA, inputs, n_inputs, err));
    }
    char *path = tyto_path_join(folder, TYTO_YOLO_CLASSES);
    if (!path) {
        return tyto_fail_memory(err, folder);
    }
    const tyto_status status = check_names(options, path, err);
    free(path);
    return status;
}

tyto_status tyto_detection_files_check(const tyto_detection_document_options *options,
                                       const char *path, const char *const *inputs,
                                       int64_t n_inputs, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, options);
    TYTO_TRY(tyto_detection_document_check(options, err));
    TYTO_TRY(tyto_check_list(inputs, n_inputs, "inputs", err));
    if (tyto_format_has_files(options->format) && options->n_photos > 1 && is_output(path)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "format %s: required a folder (-o FOLDER) for more than one photo",
                         tyto_format_name(options->format));
    }
    return options->files ? check_folder(options, path, inputs, n_inputs, err) : TYTO_OK;
}
