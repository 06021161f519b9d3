#include "records.h"

#include <stdlib.h>

#include "messages.h"

bool records_open(records *results, const char *path)
{
    *results = (records){0};
    return output_open(&results->out, path);
}

bool records_open_folder(records *results, const char *folder)
{
    return records_open(results, NULL) && output_make_folder(results->folder = folder);
}

/* A file of its own, or what comes next. */
static bool put(records *results, const tyto_bytes *bytes)
{
    const char *name = tyto_document_file(results->document);
    if (!name) {
        return output_bytes(&results->out, bytes) && output_flush(&results->out);
    }
    char *path = path_join(results->folder, name);
    const bool good = output_file(path, bytes);
    free(path);
    return good;
}

bool records_put(records *results, tyto_status status, tyto_bytes *bytes, tyto_error *err)
{
    const bool good = went_well(status, err) && put(results, bytes);
    tyto_bytes_clear(bytes);
    return good;
}

bool records_end(records *results, bool keep)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status =
        results->document ? tyto_document_end(results->document, &bytes, &err) : TYTO_OK;
    bool good = records_put(results, status, &bytes, &err);
    if ((good && keep) || !results->out.to_file) {
        good = output_commit(&results->out) && good;
    }
    records_drop(results);
    return good;
}

void records_drop(records *results)
{
    tyto_document_destroy(results->document);
    results->document = NULL;
    output_abandon(&results->out);
}
