#include "results.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "messages.h"

/* Whether -o names a folder: it does for many photos, and for one unless it names a .txt file. */
static bool in_folder(const result_writer *to)
{
    return tyto_format_has_files(to->options.format) && to->path &&
           (to->options.n_photos > 1 || path_is_folder(to->path) ||
            strcmp(path_ending(to->path), ".txt") != 0);
}

bool results_open(result_writer *to)
{
    if (!in_folder(to)) {
        return output_open(&to->out, to->path);
    }
    to->options.files = true;
    return output_open(&to->out, NULL) && output_make_folder(to->path);
}

/* What a step of the document gave: a file of its own, or what comes next. */
static bool put(result_writer *to, tyto_bytes *bytes)
{
    const char *name = tyto_document_file(to->document);
    bool good = true;
    if (name) {
        char *path = path_join(to->path, name);
        good = output_file(path, bytes);
        free(path);
    } else {
        good = output_bytes(&to->out, bytes);
    }
    tyto_bytes_clear(bytes);
    return good;
}

static bool begin(result_writer *to)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    if (to->document) {
        return true;
    }
    if (tyto_detection_document_create(&to->options, &to->document, &bytes, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return put(to, &bytes);
}

bool results_photo(result_writer *to, const tyto_photo_detections *photo)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    if (!begin(to)) {
        return false;
    }
    if (tyto_document_add_detections(to->document, photo, &bytes, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    to->written++;
    return put(to, &bytes) && output_flush(&to->out);
}

bool results_end(result_writer *to, bool keep)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes;
    bool good = begin(to);
    if (good && tyto_document_end(to->document, &bytes, &err) != TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    good = good && put(to, &bytes);
    if (good && (keep || !to->out.path)) {
        good = output_commit(&to->out);
    }
    results_drop(to);
    return good;
}

void results_drop(result_writer *to)
{
    tyto_document_destroy(to->document);
    to->document = NULL;
    output_abandon(&to->out);
}

char *yolo_name(const char *photo)
{
    char *name = tyto_format_photo_file(TYTO_FORMAT_YOLO, photo);
    if (!name) {
        out_of_memory();
    }
    return name;
}
