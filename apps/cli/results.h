/** Detections to where the options say: standard output, a file, or a folder of files. */
#ifndef TYTO_CLI_RESULTS_H
#define TYTO_CLI_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <tyto/detection_document.h>

#include "output.h"

/** The words of --format, in the order of tyto_format. */
#define RESULT_FORMATS "text|json|jsonl|csv|coco|coco-results|yolo"

typedef struct result_writer {
    /** By tyto_detection_document_options_init; what it says when the first photo comes counts. */
    tyto_detection_document_options options;
    const char *path; /**< of -o, or NULL */
    size_t written;   /**< photos so far */
    /* its own */
    tyto_document *document;
    output out;
} result_writer;

/* Each complains in one line and returns false when writing fails. */

/** Finds out whether what -o names can be written; nothing is written yet. */
bool results_open(result_writer *to);
bool results_photo(result_writer *to, const tyto_photo_detections *photo);
/** What comes after the last photo. keep: the file is put in its place; else it never was. */
bool results_end(result_writer *to, bool keep);
/** Releases what results_open took. Fine after results_end, or without either. */
void results_drop(result_writer *to);

/** The file that a photo's lines go to: its base name with .txt; newly allocated. */
char *yolo_name(const char *photo);

#endif
