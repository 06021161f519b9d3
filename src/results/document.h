/** A document and its steps: what documents of all tasks share.
 *
 *  A task has a file in results/documents/ with its records, its `tyto_document_kind`, a public
 *  call that creates a document with tyto_document_open, and one that adds a record between
 *  tyto_document_begin_step and tyto_document_end_step. */
#ifndef TYTO_RESULTS_DOCUMENT_H
#define TYTO_RESULTS_DOCUMENT_H

#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/document.h>

#include "results/writer.h"

/** A document that is taken up where an earlier run left it: src/results/resume.c. */
typedef struct tyto_label_index tyto_label_index;
typedef struct tyto_resume {
    tyto_document *document;
    tyto_writer *writer;
    const char *bytes; /**< of the earlier document */
    size_t length;
    const char *const *names; /**< [n_names] of the records that this run is about */
    int64_t n_names;
    const bool *wanted; /**< [n_names] whether its record is kept; NULL: all are */
    bool *done;         /**< [n_names] whether its record is kept */
    tyto_error *err;
    tyto_label_index *labels; /**< of tyto_resume_find_label; NULL until that is asked */
} tyto_resume;

/** E_FORMAT: what is there isn't such a document. */
TYTO_NODISCARD tyto_status tyto_resume_refuse(const tyto_resume *resume, const char *what);
/** E_ARGUMENT unless the text is that of the label. */
TYTO_NODISCARD tyto_status tyto_resume_check_label(const tyto_resume *resume, int64_t index,
                                                   const char *text);
/** E_ARGUMENT unless the record's threshold is that. */
TYTO_NODISCARD tyto_status tyto_resume_check_threshold(const json_t *record, float threshold,
                                                       tyto_error *err);

/** How the records of a format say what they are about; NULL: as those of JSON and CSV do. */
typedef struct tyto_record_reader {
    /** What records call a name of the run, newly allocated; NULL when memory is out. */
    char *(*spell)(const tyto_document *document, const char *name);
    /** Whose record it is; NULL: of nobody. */
    const char *(*name)(const json_t *record);
    /** Whether its labels are those of this document. */
    tyto_status (*check)(const tyto_resume *resume, const json_t *record);
    /** Writes a record that is kept, and releases it. */
    void (*write)(tyto_document *document, tyto_writer *writer, json_t *record);
    const char *label; /**< in a table without indices: the label's column */
} tyto_record_reader;

/** Takes back records of JSON, a line each, or the rows of a table whose first line is
 *  document->header and whose first column the names. */
TYTO_NODISCARD tyto_status tyto_resume_lines(tyto_resume *resume, const tyto_record_reader *reader);
TYTO_NODISCARD tyto_status tyto_resume_rows(tyto_resume *resume, const tyto_record_reader *reader);
/** E_ARGUMENT unless the text is that of any label. */
TYTO_NODISCARD tyto_status tyto_resume_find_label(const tyto_resume *resume, const char *text);

/** What a document is about. */
typedef struct tyto_document_kind {
    /** For messages, such as "a document of detections". */
    const char *name;
    /** Writes what comes after the last record; NULL: tyto_records_end. */
    void (*end)(tyto_document *document, tyto_writer *writer);
    /** Releases the state; NULL: there is none to release. */
    void (*destroy)(void *state);
    /** The member of a record that is its list of labelled things, and the text of a label's index,
     *  or NULL for one that there isn't. NULL: labels of records that are taken back aren't
     *  checked. */
    const char *list;
    const char *(*label)(const tyto_document *document, int64_t index);
    /** Whether a record that is taken back was made as this document's are; NULL: it was. */
    tyto_status (*check)(const tyto_document *document, const json_t *record, tyto_error *err);
    /** Takes back what isn't records of JSON, JSON lines or CSV; NULL: there is no such format. */
    tyto_status (*resume)(tyto_resume *resume);
    /** Records of one name follow each other, such as the frames of a video: the last name's may not
     *  be all, and aren't taken back. */
    bool grouped;
    /** Writes a part of what comes after `end`, and returns whether there is more; NULL: nothing. */
    bool (*rest)(tyto_document *document, tyto_writer *writer);
    /** Bytes that `end` and `rest` would write now, or some more; NULL: few. */
    size_t (*end_bytes)(const tyto_document *document);
    /** Drops what the document keeps of its last record, after which only its end is written; NULL:
     *  nothing. */
    void (*forget)(tyto_document *document);
} tyto_document_kind;

struct tyto_document {
    const tyto_document_kind *kind;
    tyto_format format;
    /** In JSON, the one record stands by itself, indented, instead of in an array. */
    bool alone;
    int64_t records;    /**< so far */
    const char *header; /**< the first line of CSV; NULL: there is none */
    void *state;        /**< the kind's own */
    char *file;         /**< name of the file that the last step gave */
    bool ended;         /**< it takes no more records */
    bool has_rest;      /**< of what comes after the last one */
    tyto_status status; /**< of the first step that failed */
};

/** *out = a new document, which takes the state over, on failure too. */
TYTO_NODISCARD tyto_status tyto_document_open(const tyto_document_kind *kind, tyto_format format,
                                              void *state, tyto_document **out, tyto_error *err);

/** First and last line of a step. A document of another kind, one that was ended, and one that a
 *  step failed in take no further step; kind NULL: any. */
TYTO_NODISCARD tyto_status tyto_document_begin_step(tyto_document *document,
                                                    const tyto_document_kind *kind,
                                                    tyto_writer *writer, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_document_end_step(tyto_document *document, tyto_writer *writer,
                                                  tyto_bytes *out, tyto_error *err);

/** Bytes that the end would take, at most. */
size_t tyto_document_end_bytes(const tyto_document *document);
/** The last record couldn't be written. Whether others were, whose document can be ended. */
bool tyto_document_forget(tyto_document *document);

/* Records in text, JSON, JSON lines and CSV. */

/** E_ARGUMENT for a format that isn't one of these four. */
TYTO_NODISCARD tyto_status tyto_records_check(tyto_format format, tyto_error *err);
/** What comes before the first record. header: the first line of CSV, without its end. */
void tyto_records_begin(tyto_document *document, tyto_writer *writer, const char *header);
/** Before a record of text or CSV is written: an empty line between two of text. */
void tyto_records_next(tyto_document *document, tyto_writer *writer);
/** A record of JSON or JSON lines; releases the value. */
void tyto_records_json(tyto_document *document, tyto_writer *writer, json_t *value);
/** What comes after the last record. */
void tyto_records_end(tyto_document *document, tyto_writer *writer);

/** tyto_format_photo_file in folders as the photo's are below `mirrored`; NULL: in none. */
char *tyto_document_photo_file(tyto_format format, const char *mirrored, const char *photo);
/** Length of a base name without its ending; all of it when it has none, as ".profile". */
size_t tyto_path_stem_bytes(const char *base);

/** {"xmin": …, "ymin": …, "xmax": …, "ymax": …} */
json_t *tyto_json_box(tyto_writer *writer, const tyto_box *box);

#endif
