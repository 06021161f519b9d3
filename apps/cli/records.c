#include "records.h"

#include <stdlib.h>

#include "messages.h"

bool records_open(records *to, const char *path)
{
    *to = (records){0};
    return output_open(&to->out, path);
}

bool records_open_folder(records *to, const char *folder)
{
    return records_open(to, NULL) && output_make_folder(to->folder = folder);
}

/* A file of its own, or what comes next. */
static bool put(records *to, const tyto_bytes *bytes)
{
    const char *name = tyto_document_file(to->document);
    if (!name) {
        return output_bytes(&to->out, bytes) && output_flush(&to->out);
    }
    char *path = path_join(to->folder, name);
    const bool good = output_file(path, bytes);
    free(path);
    return good;
}

bool records_put(records *to, tyto_status status, tyto_bytes *bytes, tyto_error *err)
{
    const bool good = went_well(status, err) && put(to, bytes);
    tyto_bytes_clear(bytes);
    return good;
}

bool records_end(records *to, bool keep)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status status =
        to->document ? tyto_document_end(to->document, &bytes, &err) : TYTO_OK;
    bool good = records_put(to, status, &bytes, &err);
    if ((good && keep) || !to->out.to_file) {
        good = output_commit(&to->out) && good;
    }
    records_drop(to);
    return good;
}

void records_drop(records *to)
{
    tyto_document_destroy(to->document);
    to->document = NULL;
    output_abandon(&to->out);
}
