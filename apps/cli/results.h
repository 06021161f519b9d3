/** Detections as people and programs want them written. */
#ifndef TYTO_CLI_RESULTS_H
#define TYTO_CLI_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <tyto/match.h>

#include "output.h"

/** The words of --format, in the order of result_formats. */
#define RESULT_FORMATS "text|json|jsonl|csv|coco|coco-results|yolo"

/** What was found in one photo. */
typedef struct photo_result {
    const char *photo;
    size_t index; /**< of the photo among all that were asked for */
    int64_t width_px, height_px;
    float threshold;
    const tyto_detections *found;
} photo_result;

/** The box that stands for an example, for the formats that tell. */
typedef struct query_note {
    const char *photo;
    size_t label;
    const tyto_query_box *chosen;
} query_note;

typedef struct result_writer result_writer;

/** A format. Each step returns false after a complaint; NULL: nothing to do. */
typedef struct result_format {
    bool (*check)(result_writer *to); /**< before any work: can it be written? */
    bool (*begin)(result_writer *to); /**< before the first photo, or the end if there is none */
    bool (*photo)(result_writer *to, const photo_result *result);
    bool (*end)(result_writer *to);
    bool folder; /**< a file for each photo, in the folder that -o names */
} result_format;

extern const result_format result_formats[];

struct result_writer {
    const result_format *format;
    const char *const *labels;
    size_t n_labels;
    const char *path;          /**< of -o, or NULL */
    bool many;                 /**< there is more than one photo */
    bool scores;               /**< YOLO: a sixth column */
    bool numbered;             /**< every photo's name is a number, as COCO's are */
    const query_note *queries; /**< from pictures */
    size_t n_queries;
    output out;
    bool begun;
    size_t written; /**< photos so far */
    void *state;    /**< the format's own */
};

/* Each complains in one line and returns false when writing fails. */

/** Finds out whether what -o names can be written; nothing is written yet. */
bool results_open(result_writer *to);
bool results_photo(result_writer *to, const photo_result *result);
/** What comes after the last photo. keep: the file is put in its place; else it never was. */
bool results_end(result_writer *to, bool keep);
/** Releases what results_open took. Fine after results_end, or without either. */
void results_drop(result_writer *to);

/** The file that a photo's lines go to: its base name with .txt; newly allocated. */
char *yolo_name(const char *photo);

/** A field of CSV, by RFC 4180: quotes around what holds a comma, a quote or a line end; quotes
 *  inside doubled. */
void csv_text(FILE *out, const char *text);

bool text_begin(result_writer *to);
bool text_photo(result_writer *to, const photo_result *result);
bool csv_begin(result_writer *to);
bool csv_photo(result_writer *to, const photo_result *result);
bool json_begin(result_writer *to);
bool json_photo(result_writer *to, const photo_result *result);
bool json_end(result_writer *to);
bool jsonl_photo(result_writer *to, const photo_result *result);
bool coco_begin(result_writer *to);
bool coco_photo(result_writer *to, const photo_result *result);
bool coco_end(result_writer *to);
bool coco_results_end(result_writer *to);
bool yolo_check(result_writer *to);
bool yolo_begin(result_writer *to);
bool yolo_photo(result_writer *to, const photo_result *result);

#endif
