/** A document of results on its way to standard output, a file, or a folder of files. */
#ifndef TYTO_CLI_RECORDS_H
#define TYTO_CLI_RECORDS_H

#include <tyto/results.h>

#include "output.h"

/** The words of --format, in the order of tyto_format. */
#define RECORD_FORMATS "text|json|jsonl|csv"

typedef struct records {
    tyto_results *results;
    tyto_document *document; /**< created by the command; the results' own once it is begun */
    bool shown;              /**< on standard output */
} records;

/* Each complains in one line and returns false when it fails. */

/** Where such results go; format OPTION_UNSET: the path's ending says it. */
tyto_results_options records_options(const char *path, int format);
/** options  NULL: text on standard output. Returns the exit code so far. */
int records_open(records *opened, const tyto_results_options *options);
/** The document, whose creation ended so, with its first bytes. Releases bytes and error. */
bool records_begin(records *opened, tyto_status status, tyto_bytes *bytes, tyto_error *err);
/** Writes what a step of the document gave, and hands it on to its reader; releases bytes and
 *  error. */
bool records_put(records *opened, tyto_status status, tyto_bytes *bytes, tyto_error *err);
/** What comes after the last one. A file that is still without a record after an interruption never
 *  was, nor is one that isn't to be kept. */
bool records_end(records *opened, bool keep);
void records_drop(records *opened);

#endif
