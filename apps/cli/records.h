/** Results of one input after the other, as people and programs want them written. */
#ifndef TYTO_CLI_RECORDS_H
#define TYTO_CLI_RECORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "output.h"

/** The words of --format. */
#define RECORD_FORMATS "text|json|jsonl|csv"
typedef enum record_format { RECORDS_TEXT, RECORDS_JSON, RECORDS_JSONL, RECORDS_CSV } record_format;

typedef struct records {
    record_format format;
    output out;
    size_t written;
} records;

/* Each complains in one line and returns false when writing fails. */

/** path NULL: standard output. header: the first line of CSV. */
bool records_open(records *to, const char *path, int format, const char *header);
/** Where the next record goes, for text and CSV: text begins with an empty line between two. */
FILE *records_next(records *to);
/** The next record of JSON or JSON lines; takes the value over. */
void records_put(records *to, json_t *value);
/** Hands the record on to its reader. */
bool records_flush(records *to);
/** What comes after the last one. Nothing is kept of a run that was interrupted. */
bool records_end(records *to);
void records_drop(records *to);

#endif
