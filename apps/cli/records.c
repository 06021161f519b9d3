#include "records.h"

#include <string.h>

#include "messages.h"
#include "options.h"
#include "signals.h"

tyto_results_options records_options(const char *path, int format)
{
    static const tyto_format formats[] = {TYTO_FORMAT_TEXT, TYTO_FORMAT_JSON, TYTO_FORMAT_JSONL,
                                          TYTO_FORMAT_CSV};
    tyto_results_options options;
    tyto_results_options_init(&options, sizeof(options));
    options.path = path;
    options.by_ending = format == OPTION_UNSET;
    options.format = options.by_ending ? TYTO_FORMAT_TEXT : (tyto_format)format;
    options.formats = formats;
    options.n_formats = sizeof(formats) / sizeof(formats[0]);
    return options;
}

int records_open(records *opened, const tyto_results_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    *opened = (records){0};
    const tyto_status status = tyto_results_open(options, &opened->results, &err);
    opened->shown = !options || !options->path || strcmp(options->path, "-") == 0;
    went_well_for(status == TYTO_E_ARGUMENT ? "-o" : "", status, &err);
    return status == TYTO_OK ? EXIT_DONE : status == TYTO_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

bool records_begin(records *opened, tyto_status status, tyto_bytes *bytes, tyto_error *err)
{
    const bool any = bytes->length_bytes > 0;
    if (status == TYTO_OK) {
        status = tyto_results_begin(opened->results, opened->document, bytes, err);
    }
    if (status == TYTO_OK && opened->shown &&
        !tyto_format_grows(tyto_results_format(opened->results))) {
        messages_beside(opened->results, any);
    }
    return went_well(status, err);
}

bool records_put(records *opened, tyto_status status, tyto_bytes *bytes, tyto_error *err)
{
    if (status == TYTO_OK) {
        status = tyto_results_add(opened->results, bytes, err);
    }
    return went_well(status, err);
}

bool records_end(records *opened, bool keep)
{
    tyto_error err = TYTO_ERROR_INIT;
    keep = keep && (!interrupted() || tyto_results_count(opened->results) > 0);
    const bool good = went_well(tyto_results_end(opened->results, keep, &err), &err);
    records_drop(opened);
    return good;
}

void records_drop(records *opened)
{
    messages_beside(NULL, false);
    tyto_results_destroy(opened->results);
    *opened = (records){0};
}
