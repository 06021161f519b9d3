/** Results of one input after the other on their way to a file, a folder of files, or standard
 *  output; and what an earlier run left there. */
#ifndef TYTO_RESULTS_H
#define TYTO_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/destination.h>
#include <tyto/document.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** A document and where its bytes go. A file of JSON lines, CSV, text or YOLO is in its place from
 *  its first record on, and grows there; one of JSON or COCO once it is ended.
 *  threads  one at a time */
typedef struct tyto_results tyto_results;

typedef struct tyto_results_options {
    size_t struct_bytes; /**< set by tyto_results_options_init */
    const char *path;    /**< NULL and "-": standard output */
    tyto_format format;  /**< of the document that will be written, unless its ending says it */
    bool by_ending;      /**< the path's ending says the format: tyto_format_choose */
    bool resume;         /**< what an earlier run left there is gone on with */
    /** [n_formats] that an ending may say; NULL: any. */
    const tyto_format *formats;
    int64_t n_formats;
    /** [n_inputs] whose results these are, such as photos; borrowed. */
    const char *const *inputs;
    int64_t n_inputs;
    /** [n_spared] files that must not be replaced. */
    const char *const *spared;
    int64_t n_spared;
    /** To resume: inputs without a file there aren't done. Borrowed; NULL: there are no such
     *  files. */
    const tyto_destination *drawn;
    /** As tyto_detection_document_options.mirrored; NULL: files lie in one folder. Borrowed. */
    const char *mirrored;
} tyto_results_options;

/** Text on standard output, of no inputs. */
TYTO_API void tyto_results_options_init(tyto_results_options *options, size_t struct_bytes);

/** Checks the place before any work. What is there stays until the first record. In a format that
 *  has a file for each input, the path is a folder, which is made if need be, unless there is one
 *  input and it ends like such a file.
 *  memory  release *out with tyto_results_destroy
 *  errors  as tyto_output_open and tyto_output_make_folder; E_ARGUMENT (an ending of no format,
 *          two inputs of one file, a file to spare, nothing that could be gone on with: standard
 *          output and tables aren't read back) */
TYTO_API TYTO_NODISCARD tyto_status tyto_results_open(const tyto_results_options *options,
                                                      tyto_results **out, tyto_error *err);

/** The format, and whether the files of the document go to a folder: it is created with both. */
TYTO_API tyto_format tyto_results_format(const tyto_results *results);
TYTO_API bool tyto_results_in_folder(const tyto_results *results);
/** Takes a document over that was just created, with its first bytes. To resume, records of the
 *  file that is there are taken back (tyto_document_resume says what is checked); in a folder,
 *  inputs that have a file there are done, and the first file, such as YOLO's classes.txt, must be
 *  the same.
 *  document  released with the results, on failure too
 *  bytes     released in any case
 *  errors    as tyto_document_resume and tyto_output_write; E_ARGUMENT (begun already) */
TYTO_API TYTO_NODISCARD tyto_status tyto_results_begin(tyto_results *results,
                                                       tyto_document *document, tyto_bytes *bytes,
                                                       tyto_error *err);
/** Which inputs an earlier run has done, once it was begun: [n_inputs], borrowed; NULL: none. */
TYTO_API const bool *tyto_results_done(const tyto_results *results);
/** The document, to add records to; NULL until it was begun. */
TYTO_API tyto_document *tyto_results_document(const tyto_results *results);
/** Writes what a step of the document gave, and hands it on to its reader.
 *  bytes   released in any case
 *  errors  as tyto_output_write */
TYTO_API TYTO_NODISCARD tyto_status tyto_results_add(tyto_results *results, tyto_bytes *bytes,
                                                     tyto_error *err);
/** Records so far, with those that were taken back. */
TYTO_API int64_t tyto_results_count(const tyto_results *results);
/** Ends the document and puts its file in its place. After a failed write, as on a full disk, the
 *  file has the whole records before, and is kept: one of lines is in its place already, and for
 *  another's end there was room made. Where that can't be done it is given up.
 *  keep    false: a file that isn't there yet is given up
 *  errors  as tyto_document_end and tyto_output_commit */
TYTO_API TYTO_NODISCARD tyto_status tyto_results_end(tyto_results *results, bool keep,
                                                     tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_results_destroy(tyto_results *results);

TYTO_END_DECLS

#endif
