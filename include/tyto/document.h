/** Documents: results as people and programs want them written.
 *
 *  A document is created for a run, is given one record after the other, and is ended; each of
 *  these steps gives the bytes that come next. Where bytes go is the caller's affair: appended to a
 *  file, sent to a client, or held. What a record is, and which formats there are for it, say the
 *  headers of the tasks; that of objects found in photos is <tyto/detection_document.h>. */
#ifndef TYTO_DOCUMENT_H
#define TYTO_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** How a document is written. Text is UTF-8, and bytes that aren't are U+FFFD in JSON. Numbers are
 *  spelled the same in every locale: with the fewest digits that are read back as the same float,
 *  except in tables for people and in YOLO's lines. */
typedef enum tyto_format {
    TYTO_FORMAT_TEXT = 0,         /**< "text": tables for people; control characters as \xNN */
    TYTO_FORMAT_JSON = 1,         /**< "json": an object, or an array with one on each line */
    TYTO_FORMAT_JSONL = 2,        /**< "jsonl": an object on each line */
    TYTO_FORMAT_CSV = 3,          /**< "csv": with a header, quoted by RFC 4180 */
    TYTO_FORMAT_COCO = 4,         /**< "coco": images, categories and annotations */
    TYTO_FORMAT_COCO_RESULTS = 5, /**< "coco-results": the array that COCO's evaluation reads */
    TYTO_FORMAT_YOLO = 6,         /**< "yolo": lines of label, centre and size in parts of 1 */
    TYTO_FORMAT_VOC = 7,          /**< "voc": PASCAL VOC's XML; pixels count from 1 */
    TYTO_FORMAT_ODVG = 8,         /**< "odvg": lines of JSON as Grounding DINO is trained on */
    TYTO_FORMAT_OPENIMAGES = 9,   /**< "openimages": the table of its boxes, in parts of 1 */
    TYTO_FORMAT_LABELSTUDIO = 10  /**< "labelstudio": tasks with predictions, in percent */
} tyto_format;

/** The format's name, such as "coco-results"; NULL for a number that is none. */
TYTO_API const char *tyto_format_name(tyto_format format);
/** *out = the format of that name. Returns false, and leaves *out alone, when there is none. */
TYTO_API bool tyto_format_by_name(const char *name, tyto_format *out);
/** *out = the format that a file's name ends in, as in "found.csv". Returns false, and leaves *out
 *  alone, when it ends in none. */
TYTO_API bool tyto_format_by_path(const char *path, tyto_format *out);
/** *out = the format that is meant by a place without saying more: the one that its ending says;
 *  text for .txt, for no ending, and for what is no file, such as a device or standard output
 *  (NULL, "-").
 *  allowed  [n_allowed] that there are, or NULL: any
 *  errors   E_ARGUMENT (an ending of none of them) */
TYTO_API TYTO_NODISCARD tyto_status tyto_format_choose(const char *path, const tyto_format *allowed,
                                                       int64_t n_allowed, tyto_format *out,
                                                       tyto_error *err);
/** Whether what there is of a document of this format is one, up to a record's end: not of those
 *  that are a single value of JSON. */
TYTO_API bool tyto_format_grows(tyto_format format);
/** Whether documents of this format may be a file for each photo. */
TYTO_API bool tyto_format_has_files(tyto_format format);
/** Name of the file for a photo in such a document: "shots/a.jpg" goes to "a.txt" in YOLO and
 *  "a.xml" in VOC, and "-", which is standard input, to "stdin.txt".
 *  memory  release with tyto_free; NULL for a format without such files, or when memory is out */
TYTO_API char *tyto_format_photo_file(tyto_format format, const char *photo);

/** A document that is being written.
 *  threads  one thread at a time */
typedef struct tyto_document tyto_document;

/** Takes back what an earlier document of the same kind and format held, whole or cut: a document
 *  that was begun and has no record yet holds these records then, and goes on with the others. Half
 *  a record at the end is left out. In CSV and OpenImages' table the last name's rows are, since they
 *  may not be all, and a name without rows isn't known to be done. Whether the records were made with the same options
 *  is checked as far as they show: labels in all formats (in COCO's result files, how many), and
 *  the threshold in JSON of detections. COCO's photos must be the same in the same order, unless
 *  their names are numbers.
 *  bytes    [length_bytes] of the earlier document
 *  names    [n_names] of the records that this run is about, such as photos
 *  wanted   [n_names] whether a record of that name is kept, or NULL: all are
 *  done     [n_names]; becomes whether a record of that name is kept
 *  *out     the bytes of the records that are kept, which come next
 *  errors   E_ARGUMENT (other labels, threshold or photos), E_FORMAT (not such a document; text,
 *           and what has a file for each photo, which aren't read back), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_resume(tyto_document *document, const void *bytes,
                                                         size_t length_bytes,
                                                         const char *const *names, int64_t n_names,
                                                         const bool *wanted, bool *done,
                                                         tyto_bytes *out, tyto_error *err);
/** *out = what comes after the last record. No further record is taken.
 *  errors  E_ARGUMENT (ended already), E_MEMORY, E_LIMIT and E_IO, also those of an earlier step */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_end(tyto_document *document, tyto_bytes *out,
                                                      tyto_error *err);
/** The same in parts, of a megabyte or less where there is much: *more = whether to call again. A
 *  document of any size needs little memory so.
 *  errors  as tyto_document_end; E_IO (a temporary file, where COCO's annotations wait for the end)
 */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_end_part(tyto_document *document, tyto_bytes *out,
                                                           bool *more, tyto_error *err);
/** Name of the file, below the folder of all (tyto_detection_document_options.mirrored), that the last step's bytes are, whole; NULL: they are what
 *  comes next in the one document.
 *  memory  borrowed until the next step */
TYTO_API const char *tyto_document_file(const tyto_document *document);
/** NULL is fine. */
TYTO_API void tyto_document_destroy(tyto_document *document);

TYTO_END_DECLS

#endif
