/** Documents of what was found in photos. */
#ifndef TYTO_DETECTION_DOCUMENT_H
#define TYTO_DETECTION_DOCUMENT_H

#include <tyto/detections.h>
#include <tyto/document.h>

TYTO_BEGIN_DECLS

/** The box that stands for an example of what was looked for. */
typedef struct tyto_example_note {
    const char *photo; /**< name of the example's photo */
    int64_t label_index;
    tyto_box box; /**< in pixels of that photo */
    float objectness;
    float overlap; /**< of this box with the one that was given, as intersection over union */
    uint64_t reserved[4]; /**< 0 */
} tyto_example_note;

typedef struct tyto_detection_document_options {
    size_t struct_bytes;       /**< set by tyto_detection_document_options_init */
    tyto_format format;        /**< any of them */
    const char *const *labels; /**< one UTF-8 text for each label index */
    int64_t n_labels;
    const tyto_example_note *examples; /**< for text and JSON, which list them; NULL: none */
    int64_t n_examples;
    /** Names of all photos that the run will be given, or NULL. In COCO, ids are the photos' names
     *  when all of them are whole numbers, as 000000397133.jpg is 397133. */
    const char *const *photos;
    /** How many photos those are. In JSON, one photo is an object, and several are an array. */
    int64_t n_photos;
    float threshold; /**< the one of the run, which JSON mentions */
    bool scores;     /**< YOLO: the score as a sixth column */
    /** YOLO: each photo is a file of its own, beside classes.txt, which names the labels; false:
     *  lines of all photos, one after the other. */
    bool files;
} tyto_detection_document_options;

/** Text, no labels, one photo without a name, threshold 0.1, no scores, no files. */
TYTO_API void tyto_detection_document_options_init(tyto_detection_document_options *options,
                                                   size_t struct_bytes);

/** What was found in one photo. */
typedef struct tyto_photo_detections {
    const char *photo;                 /**< its name, such as its path */
    int64_t index;                     /**< of the photo among all of the run: COCO's id, less 1 */
    int64_t width_px, height_px;       /**< of the photo */
    const tyto_detections *detections; /**< in its pixels */
    uint64_t reserved[4];              /**< 0 */
} tyto_photo_detections;

/** Begins a document; *out = what comes before the first photo.
 *  options  what they point to is copied
 *  memory   release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors   E_ARGUMENT (an unknown format, an example without a label, files of a format that has
 *           none), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_document_create(const tyto_detection_document_options *options,
                               tyto_document **document, tyto_bytes *out, tyto_error *err);
/** Adds a photo; *out = the bytes that come next, or the file that tyto_document_file names.
 *  errors  E_ARGUMENT (a detection without a label, a document of something else or that was
 *          ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_detections(tyto_document *document,
                                                                 const tyto_photo_detections *photo,
                                                                 tyto_bytes *out, tyto_error *err);
/** The whole document of one photo, as it would be appended in three steps.
 *  errors  as those of the steps */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_document_write(const tyto_detection_document_options *options,
                              const tyto_photo_detections *photo, tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
