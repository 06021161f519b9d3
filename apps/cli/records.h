/** A document of results on its way to standard output, a file, or a folder of files. */
#ifndef TYTO_CLI_RECORDS_H
#define TYTO_CLI_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <tyto/document.h>

#include "output.h"

/** The words of --format, in the order of tyto_format. */
#define RECORD_FORMATS "text|json|jsonl|csv"

typedef struct records {
    tyto_document *document; /**< created by the command, owned; NULL: nothing was begun */
    const char *folder;      /**< for the files that the document names; NULL: it names none */
    output out;
} records;

/* Each complains in one line and returns false when it fails. */

/** path NULL: standard output. */
bool records_open(records *results, const char *path);
/** The folder, made if need be, gets a file for each record that has one. */
bool records_open_folder(records *results, const char *folder);
/** Writes what a step of the document gave, and hands it on to its reader; releases bytes and
 *  error. */
bool records_put(records *results, tyto_status status, tyto_bytes *bytes, tyto_error *err);
/** What comes after the last one. keep: a file is put in its place; else it never was. */
bool records_end(records *results, bool keep);
void records_drop(records *results);

#endif
